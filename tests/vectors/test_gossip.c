/*
 * Recorded datagrams and streams of a real pool: each is taken apart down to
 * the last field, made anew from the fields, and must be the same bytes.
 * Where the recording has the plain text too, so must that be.
 *
 * Run as: test_gossip [-v]. -v names each file that fails.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/wire.h"
#include "common/file.h"
#include "common/mem.h"

#define DIR_PATH  "tests/vectors/gossip"
#define FILES_MIN 42 /* fewer, and recordings are missing */

/* Keys of the encrypted recordings: the bytes 0 to 15, and to 31. */
static struct wire_ring ring;

static struct wire_bytes
bytes_of(const struct buf *b)
{
	return wire_bytes(b->data, b->len);
}

/* --- the parts of a message, made anew in place --- */

/* The room that rebuilt parts live in until a file is done. */
static struct buf kept[64];
static size_t nkept;

static struct buf *
keep(void)
{
	if (nkept == sizeof kept / sizeof kept[0])
		abort();
	return &kept[nkept++];
}

static void
drop_kept(void)
{
	while (nkept > 0)
		buf_release(&kept[--nkept]);
}

static bool
remake(const struct wire_form *form, struct wire_bytes *bytes, size_t type)
{
	union {
		struct wire_member member;
		struct wire_key_request request;
		struct wire_key_response response;
	} msg;
	struct buf *out = keep();

	if (wire_get(form, wire_from(*bytes, type), &msg, NULL, NULL) == -1)
		return false;
	wire_put(out, form, &msg);
	*bytes = bytes_of(out);
	return true;
}

static bool
remake_meta(struct wire_bytes *meta)
{
	struct wire_bytes role, key, value;
	struct rec_kv *kv = NULL;
	struct wire_list tags;
	struct buf *out = keep();
	size_t n = 0;

	if (wire_tags_get(*meta, &tags, &role, NULL) == -1)
		return false;
	if (role.data != NULL)
		return true;
	kv = xcalloc(tags.count + 1, sizeof *kv);
	for (; wire_next_pair(&tags, &key, &value); n++) {
		kv[n].key = xstrndup((const char *)key.data, key.n);
		kv[n].value = xstrndup((const char *)value.data, value.n);
	}
	wire_tags_put(out, kv, n);
	for (size_t i = 0; i < n; i++) {
		free(kv[i].key);
		free(kv[i].value);
	}
	free(kv);
	*meta = bytes_of(out);
	return true;
}

static bool
remake_coord(struct wire_bytes *payload)
{
	struct wire_coord c;
	struct buf *out = keep();

	if (payload->data == NULL)
		return true;
	if (wire_coord_get(*payload, &c, NULL) == -1)
		return false;
	wire_coord_put(out, &c);
	*payload = bytes_of(out);
	return true;
}

static void
remake_events(struct wire_list *events)
{
	struct wire_list from = *events;
	struct wire_event event;
	struct buf *out = keep();

	if (from.data == NULL)
		return;
	while (wire_next_event(&from, &event))
		wire_put(out, &wire_event_form, &event);
	*events = wire_list(out, events->count);
}

static void
remake_slots(struct wire_list *slots)
{
	struct wire_list from = *slots;
	struct wire_slot slot;
	struct buf *out = keep();

	while (wire_next_slot(&from, &slot)) {
		if (slot.events.data == NULL) {
			wire_add_nil(out);
			continue;
		}
		remake_events(&slot.events);
		wire_put(out, &wire_slot_form, &slot);
	}
	*slots = wire_list(out, slots->count);
}

static void
remake_serf_lists(struct wire_serf_state *s)
{
	struct wire_list left = s->left_members, clocks = s->status_ltimes;
	struct buf *names = keep(), *times = keep();
	struct wire_bytes name;
	uint64_t ltime;

	while (wire_next_bytes(&left, &name))
		wire_add_str(names, name);
	while (wire_next_clock(&clocks, &name, &ltime)) {
		wire_add_str(times, name);
		wire_add_uint(times, ltime);
	}
	s->left_members = wire_list(names, s->left_members.count);
	s->status_ltimes = wire_list(times, s->status_ltimes.count);
	remake_slots(&s->events);
}

/* --- Serf's messages --- */

static bool
remake_payload(struct wire_bytes *payload)
{
	if (payload->n == 0)
		return true;
	switch (payload->data[0]) {
	case WIRE_SERF_CONFLICT_RESPONSE:
		return remake(&wire_member_form, payload, 1);
	case WIRE_SERF_KEY_REQUEST:
		return remake(&wire_key_request_form, payload, 1);
	case WIRE_SERF_KEY_RESPONSE:
		return remake(&wire_key_response_form, payload, 1);
	default:
		return true;
	}
}

static bool
remake_filters(struct wire_list *filters)
{
	struct wire_list from = *filters, names;
	struct wire_tag_filter tag;
	struct wire_bytes f;
	struct buf *out = keep();

	if (from.data == NULL)
		return true;
	while (wire_next_bytes(&from, &f)) {
		if (f.data[0] == WIRE_FILTER_NODE &&
		    wire_names_get(wire_from(f, 1), &names, NULL) == -1)
			return false;
		if (f.data[0] == WIRE_FILTER_TAG &&
		    wire_get(&wire_tag_filter_form, wire_from(f, 1), &tag, NULL,
			NULL) == -1)
			return false;
		wire_add_raw(out, f);
	}
	*filters = wire_list(out, filters->count);
	return true;
}

static bool remake_serf(struct buf *out, struct wire_bytes m);

static bool
remake_relay(struct buf *out, struct wire_bytes body)
{
	struct wire_relay relay;
	struct wire_bytes inner;

	if (wire_get(&wire_relay_form, body, &relay, &inner, NULL) == -1)
		return false;
	wire_put(out, &wire_relay_form, &relay);
	return remake_serf(out, inner);
}

static bool
remake_serf(struct buf *out, struct wire_bytes m)
{
	static const struct wire_form *const forms[] = {
		[WIRE_SERF_LEAVE] = &wire_leave_form,
		[WIRE_SERF_JOIN] = &wire_join_form,
		[WIRE_SERF_PUSH_PULL] = &wire_serf_state_form,
		[WIRE_SERF_USER_EVENT] = &wire_user_event_form,
		[WIRE_SERF_QUERY] = &wire_query_form,
		[WIRE_SERF_QUERY_RESPONSE] = &wire_query_response_form,
	};
	union {
		struct wire_intent intent;
		struct wire_serf_state state;
		struct wire_user_event event;
		struct wire_query query;
		struct wire_query_response response;
	} msg;
	uint8_t type = m.n > 0 ? m.data[0] : UINT8_MAX;

	if (type == WIRE_SERF_RELAY)
		return remake_relay(out, wire_from(m, 1));
	if (type >= sizeof forms / sizeof forms[0] ||
	    wire_get(forms[type], wire_from(m, 1), &msg, NULL, NULL) == -1)
		return false;
	if (type == WIRE_SERF_PUSH_PULL)
		remake_serf_lists(&msg.state);
	if (type == WIRE_SERF_QUERY && (!remake_filters(&msg.query.filters) ||
					   !remake_payload(&msg.query.payload)))
		return false;
	if (type == WIRE_SERF_QUERY_RESPONSE &&
	    !remake_payload(&msg.response.payload))
		return false;
	wire_put(out, forms[type], &msg);
	return true;
}

/* --- memberlist's messages --- */

static bool
remake_push_pull(struct buf *out, struct wire_bytes body)
{
	struct buf *nodes = keep(), *user = keep();
	struct wire_push_pull pp;
	struct wire_node node;
	size_t n = 0;

	if (wire_push_pull_get(body, &pp, NULL) == -1)
		return false;
	for (; wire_next_node(&pp.nodes, &node); n++) {
		if (!remake_meta(&node.meta))
			return false;
		wire_put(nodes, &wire_node_form, &node);
	}
	if (!remake_serf(user, pp.user))
		return false;
	pp.nodes = wire_list(nodes, n);
	pp.user = bytes_of(user);
	wire_push_pull_put(out, &pp);
	return true;
}

static bool
remake_message(struct buf *out, struct wire_bytes m)
{
	static const struct wire_form *const forms[] = {
		[WIRE_PING] = &wire_ping_form,
		[WIRE_INDIRECT_PING] = &wire_indirect_ping_form,
		[WIRE_ACK] = &wire_ack_form,
		[WIRE_SUSPECT] = &wire_suspect_form,
		[WIRE_ALIVE] = &wire_alive_form,
		[WIRE_DEAD] = &wire_dead_form,
		[WIRE_NACK] = &wire_nack_form,
		[WIRE_ERR] = &wire_err_form,
	};
	union {
		struct wire_ping ping;
		struct wire_indirect_ping indirect;
		struct wire_ack ack;
		struct wire_alive alive;
		struct wire_accusation accusation;
		struct wire_nack nack;
		struct wire_err err;
	} msg;
	uint8_t type = m.data[0];

	if (type == WIRE_PUSH_PULL)
		return remake_push_pull(out, wire_from(m, 1));
	if (type == WIRE_USER) {
		buf_addc(out, WIRE_USER);
		return remake_serf(out, wire_from(m, 1));
	}
	if (type >= sizeof forms / sizeof forms[0] || forms[type] == NULL ||
	    wire_get(forms[type], wire_from(m, 1), &msg, NULL, NULL) == -1)
		return false;
	if (type == WIRE_ACK && !remake_coord(&msg.ack.payload))
		return false;
	if (type == WIRE_ALIVE && !remake_meta(&msg.alive.meta))
		return false;
	wire_put(out, forms[type], &msg);
	return true;
}

/* --- files --- */

struct remade {
	struct buf *parts[16];
	size_t nparts;
	bool good;
};

static void
on_message(void *ctx, struct wire_bytes m)
{
	struct remade *r = ctx;
	struct buf *out = keep();

	if (r->nparts == sizeof r->parts / sizeof r->parts[0])
		abort();
	r->parts[r->nparts++] = out;
	r->good = remake_message(out, m) && r->good;
}

static void
join_parts(const struct remade *r, struct buf *out)
{
	struct wire_bytes parts[16];

	for (size_t i = 0; i < r->nparts; i++)
		parts[i] = bytes_of(r->parts[i]);
	if (r->nparts == 1)
		buf_add(out, parts[0].data, parts[0].n);
	else
		wire_compound_put(out, parts, r->nparts);
}

/* Wrapped as the recording was: how tells, without the key. */
static bool
packet_comes_out(const struct wire_ring *keys, struct wire_bytes packet,
    const struct wire_wrap *how, struct wire_bytes plain)
{
	struct remade r = { .good = true };
	struct buf *message = keep(), *out = keep();

	if (wire_peel_packet(keys, packet, on_message, &r, NULL) == -1 ||
	    !r.good)
		return false;
	join_parts(&r, message);
	wire_wrap_packet(out, how, bytes_of(message));
	return wire_is(bytes_of(out), plain);
}

static bool
run_packet(const char *name, struct wire_bytes packet, struct wire_bytes plain)
{
	bool sealed = strncmp(name, "enc", 3) == 0;
	struct wire_wrap how = { .crc = strstr(name, "-crc-") != NULL,
		.compress = strstr(name, "compress") != NULL };

	/* Events and queries are gossiped, with a CRC. */
	if (sealed)
		how.crc = plain.data[0] == WIRE_CRC;
	return packet_comes_out(
	    sealed ? &ring : NULL, packet, &how, sealed ? plain : packet);
}

/* No shorter beginning of it counts as a whole stream. */
static bool
scans(struct wire_bytes stream)
{
	struct wire_scan once = { 0 }, steps = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < stream.n; i++)
		if (wire_scan(&steps, wire_bytes(stream.data, i), &n) !=
		    WIRE_MORE)
			return false;
	return wire_scan(&steps, stream, &n) == WIRE_WHOLE && n == stream.n &&
	       wire_scan(&once, stream, &n) == WIRE_WHOLE && n == stream.n;
}

static bool
run_stream(const char *name, struct wire_bytes stream, struct wire_bytes plain)
{
	bool sealed = strstr(name, "-enc") != NULL;
	struct wire_wrap how = { .compress = strstr(name, "compress") != NULL };
	struct buf *room = keep(), *message = keep(), *out = keep();
	struct wire_bytes m;

	if (!scans(stream) || wire_peel_stream(sealed ? &ring : NULL, stream,
				  room, &m, NULL) == -1)
		return false;
	if (plain.data != NULL && !wire_is(m, plain))
		return false;
	if (!remake_message(message, m) || !wire_is(m, bytes_of(message)))
		return false;
	if (sealed)
		return true; /* a nonce is never the same */
	wire_wrap_stream(out, &how, bytes_of(message));
	return wire_is(bytes_of(out), stream);
}

static struct wire_bytes
load(const char *name, const char *suffix)
{
	char *path = xasprintf(
	    "%s/%.*s%s", DIR_PATH, (int)(strlen(name) - 4), name, suffix);
	FILE *f = fopen(path, "rb");
	struct buf *b = keep();
	char chunk[4096];
	size_t n;

	free(path);
	if (f == NULL)
		return wire_bytes(NULL, 0);
	while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
		buf_add(b, chunk, n);
	fclose(f);
	return bytes_of(b);
}

static bool
run_file(const char *name)
{
	struct wire_bytes bin = load(name, ".bin");
	struct wire_bytes plain = load(name, ".plain");
	bool good = strncmp(name, "tcp", 3) == 0 ? run_stream(name, bin, plain)
						 : run_packet(name, bin, plain);

	drop_kept();
	return good;
}

int
main(int argc, char **argv)
{
	bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
	size_t nfiles = 0, ngood = 0;
	struct dirent **names;
	int n = scandir(DIR_PATH, &names, NULL, alphasort);

	ring.nkeys = 2;
	ring.keys[0].n = 32;
	ring.keys[1].n = 16;
	for (size_t i = 0; i < 32; i++)
		ring.keys[0].data[i] = ring.keys[1].data[i] = (uint8_t)i;
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		size_t len = strlen(name);

		if (len > 4 && strcmp(name + len - 4, ".bin") == 0) {
			bool good = run_file(name);

			nfiles++;
			ngood += good;
			if (!good && verbose)
				printf("gossip: %s differs\n", name);
		}
		free(names[i]);
	}
	free(n >= 0 ? names : NULL);
	printf("gossip: %zu of %zu\n", ngood, nfiles);
	return ngood == nfiles && nfiles >= FILES_MIN ? 0 : 1;
}
