/*
 * Recorded conversations of the serf command with its agent, on the RPC: what
 * the command said is understood, request by request, whatever pieces it comes
 * in; what the agent answered is what we answer to the same, byte for byte.
 *
 * Run as: test_ipc [-v]. -v names each file that fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/ipc.h"
#include "common/mem.h"

#define DIR_PATH "tests/vectors/gossip"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool
load(const char *name, struct buf *out)
{
	char *path = xasprintf("%s/ipc-%s.bin", DIR_PATH, name);
	FILE *f = fopen(path, "rb");
	char chunk[4096];
	size_t n;

	free(path);
	if (f == NULL)
		return false;
	while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
		buf_add(out, chunk, n);
	fclose(f);
	return true;
}

/* --- what the command says --- */

static void
tell_bytes(struct buf *out, const char *name, struct wire_bytes b)
{
	if (b.n > 0)
		buf_addf(out, " %s=%.*s", name, (int)b.n, (const char *)b.data);
}

static void
tell_list(struct buf *out, const char *name, struct wire_list l)
{
	struct wire_bytes b;

	while (wire_next_bytes(&l, &b))
		tell_bytes(out, name, b);
}

static void
tell_pairs(struct buf *out, const char *name, struct wire_list l)
{
	struct wire_bytes key, value;

	while (wire_next_pair(&l, &key, &value)) {
		tell_bytes(out, name, key);
		tell_bytes(out, "is", value);
	}
}

static void
tell_body(struct buf *out, const struct ipc_body *b)
{
	if (b->version > 0)
		buf_addf(out, " version=%u", (unsigned)b->version);
	tell_bytes(out, "name", b->name);
	tell_bytes(out, "payload", b->payload);
	tell_bytes(out, "node", b->node);
	tell_bytes(out, "status", b->status);
	tell_list(out, "existing", b->existing);
	tell_list(out, "deleted", b->deleted);
	tell_pairs(out, "tag", b->tags);
	if (b->coalesce)
		buf_adds(out, " coalesce");
}

/* The next value, which must not seem whole before it is; n 0: there is none.
 */
static size_t
next_value(struct wire_bytes in)
{
	struct wire_scan s = { 0 };
	size_t n = 0;

	for (size_t i = 0; i <= in.n; i++)
		if (ipc_scan(&s, wire_bytes(in.data, i), &n) == WIRE_WHOLE)
			return n == i ? n : 0;
	return 0;
}

static bool
tell_request(struct wire_bytes *in, struct buf *out)
{
	size_t n = next_value(*in);
	struct ipc_head head;
	struct ipc_body body = { 0 };
	struct err err;

	if (n == 0 || ipc_head_get(wire_bytes(in->data, n), &head, &err) == -1)
		return false;
	*in = wire_from(*in, n);
	buf_addf(out, "%s%u %s", out->len > 0 ? "; " : "", (unsigned)head.seq,
	    ipc_verb_name(head.verb));
	if (!ipc_has_body(head.verb))
		return true;
	n = next_value(*in);
	if (n == 0 ||
	    ipc_body_get(head.verb, wire_bytes(in->data, n), &body, &err) == -1)
		return false;
	*in = wire_from(*in, n);
	tell_body(out, &body);
	return true;
}

static bool
says(const char *name, const char *what)
{
	struct buf bin = { 0 }, told = { 0 };
	struct wire_bytes in;
	bool good = load(name, &bin);

	in = wire_bytes(bin.data, bin.len);
	while (good && in.n > 0)
		good = tell_request(&in, &told);
	good = good && strcmp(buf_str(&told), what) == 0;
	buf_release(&bin);
	buf_release(&told);
	return good;
}

/* --- what the agent answers --- */

static void
put_ok(struct buf *out)
{
	(void)out;
}

static void
put_joined(struct buf *out)
{
	ipc_put_joined(out, 1);
}

static void
put_members(struct buf *out)
{
	static const uint8_t vsn[] = { 1, 5, 2, 2, 5, 5 };
	const struct rec_kv tag = { (char *)"role", (char *)"web" };
	struct ipc_member m = { .name = "ipcn",
		.status = "alive",
		.addr = wire_bytes("\x7f\x00\x09\x3d", 4),
		.port = 7946,
		.vsn = vsn,
		.tags = &tag,
		.ntags = 1 };

	ipc_put_members(out, 1);
	ipc_put_member(out, &m);
}

#define KV(k, v)                         \
	{                                \
		(char *)(k), (char *)(v) \
	}

static const struct rec_kv agent[] = { KV("name", "ipcn") };

static void
put_info(struct buf *out)
{
	static const struct rec_kv runtime[] = { KV("max_procs", "2"),
		KV("goroutines", "23"), KV("cpu_count", "2"), KV("os", "linux"),
		KV("arch", "amd64"), KV("version", "go1.19.8") };
	static const struct rec_kv serf[] = { KV("left", "0"),
		KV("health_score", "0"), KV("member_time", "3"),
		KV("event_time", "2"), KV("query_queue", "0"),
		KV("coordinate_resets", "0"), KV("members", "1"),
		KV("failed", "0"), KV("query_time", "1"),
		KV("intent_queue", "1"), KV("event_queue", "1"),
		KV("encrypted", "false") };
	static const struct rec_kv tags[] = { KV("role", "web") };
	const struct ipc_section sections[] = { { "agent", agent, 1 },
		{ "runtime", runtime, COUNT(runtime) },
		{ "serf", serf, COUNT(serf) }, { "tags", tags, 1 },
		{ "event_handlers", NULL, 0 } };

	ipc_put_stats(out, sections, COUNT(sections));
}

static void
put_rtt(struct buf *out)
{
	static const struct rec_kv runtime[] = { KV("os", "linux"),
		KV("arch", "amd64"), KV("version", "go1.19.8"),
		KV("max_procs", "2"), KV("goroutines", "23"),
		KV("cpu_count", "2") };
	static const struct rec_kv serf[] = { KV("encrypted", "false"),
		KV("members", "1"), KV("health_score", "0"),
		KV("member_time", "3"), KV("event_time", "2"),
		KV("query_time", "2"), KV("intent_queue", "1"),
		KV("event_queue", "1"), KV("query_queue", "1"),
		KV("failed", "0"), KV("left", "0"),
		KV("coordinate_resets", "0") };
	static const struct rec_kv tags[] = { KV("a", "b") };
	const struct ipc_section sections[] = { { "agent", agent, 1 },
		{ "runtime", runtime, COUNT(runtime) },
		{ "serf", serf, COUNT(serf) }, { "tags", tags, 1 },
		{ "event_handlers", NULL, 0 } };
	const struct wire_coord origin = { .error = 1.5, .height = 1e-5 };

	ipc_put_stats(out, sections, COUNT(sections));
	for (uint64_t seq = 3; seq <= 4; seq++) {
		ipc_put_head(out, seq, "");
		ipc_put_coord(out, &origin);
	}
}

static bool
answers(const char *name, void (*put)(struct buf *out))
{
	struct buf bin = { 0 }, out = { 0 };
	bool good = load(name, &bin);

	ipc_put_head(&out, 1, "");
	ipc_put_head(&out, 2, "");
	put(&out);
	good = good && wire_is(wire_bytes(bin.data, bin.len),
			   wire_bytes(out.data, out.len));
	buf_release(&bin);
	buf_release(&out);
	return good;
}

static const struct {
	const char *name, *says;
	void (*put)(struct buf *out);
} files[] = {
	{ "event-client",
	    "1 handshake version=1; 2 event name=deploy payload=x coalesce",
	    NULL },
	{ "force-leave-client",
	    "1 handshake version=1; 2 force-leave node=nobody", NULL },
	{ "info-client", "1 handshake version=1; 2 stats", NULL },
	{ "join-client",
	    "1 handshake version=1; 2 join existing=127.0.9.61:7946", NULL },
	{ "leave-client", "1 handshake version=1; 2 leave", NULL },
	{ "members-client", "1 handshake version=1; 2 members-filtered", NULL },
	{ "members-filtered-client",
	    "1 handshake version=1; 2 members-filtered name=ipc.* "
	    "status=alive tag=role is=w.*",
	    NULL },
	{ "rtt-client",
	    "1 handshake version=1; 2 stats; 3 get-coordinate node=ipcn; "
	    "4 get-coordinate node=ipcn",
	    NULL },
	{ "tags-client",
	    "1 handshake version=1; 2 tags deleted=role tag=a is=b", NULL },
	{ "event-server", NULL, put_ok },
	{ "force-leave-server", NULL, put_ok },
	{ "info-server", NULL, put_info },
	{ "join-server", NULL, put_joined },
	{ "leave-server", NULL, put_ok },
	{ "members-server", NULL, put_members },
	{ "members-filtered-server", NULL, put_members },
	{ "rtt-server", NULL, put_rtt },
	{ "tags-server", NULL, put_ok },
};

int
main(int argc, char **argv)
{
	bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
	size_t ngood = 0;

	for (size_t i = 0; i < COUNT(files); i++) {
		bool good = files[i].put != NULL
				? answers(files[i].name, files[i].put)
				: says(files[i].name, files[i].says);

		ngood += good;
		if (!good && verbose)
			printf("ipc: %s differs\n", files[i].name);
	}
	printf("ipc: %zu of %zu\n", ngood, COUNT(files));
	return ngood == COUNT(files) ? 0 : 1;
}
