#include <string.h>

#include "cmd/gossipd/ipc.h"
#include "cmd/gossipd/wire_impl.h"

/* --- the new forms of text and bytes --- */

static void
add_sized(struct buf *out, uint8_t first, size_t n)
{
	size_t width = n <= UINT8_MAX ? 1 : n <= UINT16_MAX ? 2 : 4;

	buf_addc(out, (char)(first + (width == 4 ? 2 : width - 1)));
	for (size_t i = width; i > 0; i--)
		buf_addc(out, (char)(n >> (8 * (i - 1))));
}

static void
add_text(struct buf *out, const char *s)
{
	size_t n = strlen(s);

	if (n < 32) {
		wire_add_str(out, wire_bytes(s, n));
		return;
	}
	add_sized(out, 0xd9, n);
	buf_add(out, s, n);
}

static void
add_bin(struct buf *out, struct wire_bytes b)
{
	if (b.data == NULL) {
		wire_add_nil(out);
		return;
	}
	add_sized(out, 0xc4, b.n);
	buf_add(out, b.data, b.n);
}

static void
add_bool(struct buf *out, bool yes)
{
	buf_addc(out, (char)(yes ? 0xc3 : 0xc2));
}

static void
add_map(struct buf *out, const struct rec_kv *kv, size_t n)
{
	wire_add_map(out, n);
	for (size_t i = 0; i < n; i++) {
		add_text(out, kv[i].key);
		add_text(out, kv[i].value);
	}
}

static void
add_text_member(struct buf *out, const char *name, const char *value)
{
	add_text(out, name);
	add_text(out, value);
}

static void
add_uint_member(struct buf *out, const char *name, uint64_t value)
{
	add_text(out, name);
	wire_add_uint(out, value);
}

/* --- answers --- */

void
ipc_put_head(struct buf *out, uint64_t seq, const char *error)
{
	wire_add_map(out, 2);
	add_text_member(out, "Error", error);
	add_uint_member(out, "Seq", seq);
}

void
ipc_put_joined(struct buf *out, size_t n)
{
	wire_add_map(out, 1);
	add_uint_member(out, "Num", n);
}

void
ipc_put_members(struct buf *out, size_t n)
{
	wire_add_map(out, 1);
	add_text(out, "Members");
	wire_add_array(out, n);
}

void
ipc_put_member(struct buf *out, const struct ipc_member *m)
{
	wire_add_map(out, 11);
	add_text(out, "Addr");
	add_bin(out, m->addr);
	add_uint_member(out, "DelegateCur", m->vsn[5]);
	add_uint_member(out, "DelegateMax", m->vsn[4]);
	add_uint_member(out, "DelegateMin", m->vsn[3]);
	add_text_member(out, "Name", m->name);
	add_uint_member(out, "Port", m->port);
	add_uint_member(out, "ProtocolCur", m->vsn[2]);
	add_uint_member(out, "ProtocolMax", m->vsn[1]);
	add_uint_member(out, "ProtocolMin", m->vsn[0]);
	add_text_member(out, "Status", m->status);
	add_text(out, "Tags");
	add_map(out, m->tags, m->ntags);
}

/* Of nobody known it is a coordinate without a place. */
static void
put_nowhere(struct buf *out)
{
	static const char *const numbers[] = { "Adjustment", "Error",
		"Height" };

	wire_add_map(out, 4);
	for (size_t i = 0; i < 3; i++) {
		add_text(out, numbers[i]);
		wire_add_f64(out, 0);
	}
	add_text(out, "Vec");
	wire_add_nil(out);
}

void
ipc_put_coord(struct buf *out, const struct wire_coord *c)
{
	wire_add_map(out, 2);
	add_text(out, "Coord");
	if (c != NULL)
		wire_coord_put_map(out, c);
	else
		put_nowhere(out);
	add_text(out, "Ok");
	add_bool(out, c != NULL);
}

void
ipc_put_keys(struct buf *out, const struct ipc_keys *k)
{
	wire_add_map(out, 5);
	add_text(out, "Keys");
	wire_add_map(out, k->nkeys);
	for (size_t i = 0; i < k->nkeys; i++)
		add_uint_member(out, k->keys[i].key, k->keys[i].n);
	add_text(out, "Messages");
	add_map(out, k->messages, k->nmessages);
	add_uint_member(out, "NumErr", k->nerrors);
	add_uint_member(out, "NumNodes", k->nmembers);
	add_uint_member(out, "NumResp", k->nresponses);
}

void
ipc_put_stats(struct buf *out, const struct ipc_section *s, size_t n)
{
	wire_add_map(out, n);
	for (size_t i = 0; i < n; i++) {
		add_text(out, s[i].name);
		add_map(out, s[i].values, s[i].nvalues);
	}
}

/* --- records of a stream --- */

void
ipc_put_log(struct buf *out, const char *line)
{
	wire_add_map(out, 1);
	add_text_member(out, "Log", line);
}

void
ipc_put_member_event(
    struct buf *out, const char *what, const struct ipc_member *m)
{
	wire_add_map(out, 2);
	add_text_member(out, "Event", what);
	add_text(out, "Members");
	wire_add_array(out, 1);
	ipc_put_member(out, m);
}

void
ipc_put_user_event(struct buf *out, const struct ipc_event *e)
{
	wire_add_map(out, 5);
	add_text(out, "Coalesce");
	add_bool(out, e->coalesce);
	add_text_member(out, "Event", "user");
	add_uint_member(out, "LTime", e->ltime);
	add_text_member(out, "Name", e->name);
	add_text(out, "Payload");
	add_bin(out, e->payload);
}

void
ipc_put_query_event(struct buf *out, const struct ipc_event *e)
{
	wire_add_map(out, 5);
	add_text_member(out, "Event", "query");
	add_uint_member(out, "ID", e->id);
	add_uint_member(out, "LTime", e->ltime);
	add_text_member(out, "Name", e->name);
	add_text(out, "Payload");
	add_bin(out, e->payload);
}

void
ipc_put_query_record(struct buf *out, const char *type, const char *from,
    struct wire_bytes payload)
{
	wire_add_map(out, 3);
	add_text_member(out, "From", from);
	add_text(out, "Payload");
	add_bin(out, payload);
	add_text_member(out, "Type", type);
}
