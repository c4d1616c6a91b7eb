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
#include "common/mem.h"
#include "tests/lib/gossip.h"

#define DIR_PATH  "tests/vectors/gossip"
#define FILES_MIN 42 /* fewer, and recordings are missing */

/* Keys of the encrypted recordings: the bytes 0 to 15, and to 31. */
static struct wire_ring ring;

static struct wire_bytes
bytes_of(const struct buf *b)
{
	return wire_bytes(b->data, b->len);
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
	struct buf *out = gossip_keep();

	if (r->nparts == sizeof r->parts / sizeof r->parts[0])
		abort();
	r->parts[r->nparts++] = out;
	r->good = gossip_remake(out, m) && r->good;
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
	struct buf *message = gossip_keep(), *out = gossip_keep();

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
	struct buf *room = gossip_keep(), *message = gossip_keep(),
		   *out = gossip_keep();
	struct wire_bytes m;

	if (!scans(stream) || wire_peel_stream(sealed ? &ring : NULL, stream,
				  room, &m, NULL) == -1)
		return false;
	if (plain.data != NULL && !wire_is(m, plain))
		return false;
	if (!gossip_remake(message, m) || !wire_is(m, bytes_of(message)))
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
	struct buf *b = gossip_keep();
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

	gossip_drop();
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

		/* The RPC's are test_ipc's. */
		if (len > 4 && strcmp(name + len - 4, ".bin") == 0 &&
		    strncmp(name, "ipc-", 4) != 0) {
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
