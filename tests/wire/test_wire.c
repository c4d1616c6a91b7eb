/*
 * Do today's bytes equal yesterday's?
 *
 * For each message there are golden files of its body and of its reply, with
 * something in every row: the msgpack (.mp) and, for people, the JSON. With
 * GOLDEN=rewrite in the environment they are written anew. Run from the root
 * of the tree.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/envelope.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "tests/lib/fill.h"
#include "tests/lib/unit.h"

#define GOLDEN "tests/wire/golden"

static bool
is_rewriting(void)
{
	const char *how = getenv("GOLDEN");

	return how != NULL && strcmp(how, "rewrite") == 0;
}

static void
read_golden(const char *path, struct buf *out)
{
	char piece[4096];
	FILE *f = fopen(path, "rb");
	size_t n;

	ck_assert_msg(
	    f != NULL, "%s: %s (make golden writes it)", path, strerror(errno));
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		buf_add(out, piece, n);
	fclose(f);
}

static void
write_golden(const char *path, const struct buf *b)
{
	FILE *f = fopen(path, "wb");

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	ck_assert_uint_eq(fwrite(b->data, 1, b->len, f), b->len);
	ck_assert_int_eq(fclose(f), 0);
}

/* The bytes are those of the golden file NAME.EXT. */
static void
compare(const char *name, const char *ext, const struct buf *today)
{
	char *path = xasprintf("%s/%s.%s", GOLDEN, name, ext);
	struct buf golden = { 0 };

	if (is_rewriting())
		write_golden(path, today);
	read_golden(path, &golden);
	ck_assert_msg(golden.len == today->len &&
			  memcmp(golden.data, today->data, today->len) == 0,
	    "%s: %zu bytes there, %zu today, and they differ", path, golden.len,
	    today->len);
	buf_release(&golden);
	free(path);
}

/* What was written then is understood now. */
static void
reads_back(const char *name, const struct rec_type *t, const void *rec)
{
	char *path = xasprintf("%s/%s.mp", GOLDEN, name);
	struct buf golden = { 0 };
	void *back = xcalloc(1, t->size);
	struct err err;

	read_golden(path, &golden);
	ck_assert_msg(
	    rec_unpack(t, back, golden.data, golden.len, NULL, &err) == 0,
	    "%s: %s", path, err.text);
	ck_assert_msg(rec_equal(t, rec, back), "%s: not the same record", path);
	rec_clear(t, back);
	free(back);
	buf_release(&golden);
	free(path);
}

static void
check_record(const char *name, const struct rec_type *t)
{
	void *rec = xcalloc(1, t->size);
	struct buf b = { 0 };

	fill_rec(t, rec);
	rec_pack(t, rec, &b);
	compare(name, "mp", &b);
	buf_reset(&b);
	rec_to_json(t, rec, &b, REC_JSON_PRETTY);
	compare(name, "json", &b);
	reads_back(name, t, rec);
	buf_release(&b);
	rec_clear(t, rec);
	free(rec);
}

START_TEST(every_message_has_the_bytes_it_always_had)
{
	for (size_t i = 0; i < msg_ndefs; i++) {
		const struct msg_def *def = &msg_defs[i];
		char *name = xasprintf("%03d-%s", def->number, def->name);
		char *reply = xasprintf("%s.reply", name);

		if (def->body != NULL)
			check_record(name, def->body);
		if (def->reply != NULL)
			check_record(reply, def->reply);
		free(name);
		free(reply);
	}
}
END_TEST

START_TEST(the_envelope_has_the_bytes_it_always_had)
{
	const struct envelope e = {
		.flags = ENVELOPE_REPLY | ENVELOPE_REPEAT,
		.number = MSG_NODE_LEASE,
		.id = UINT64_C(0x0102030405060708),
		.deadline_ms = 60000,
		.region = "global",
		.nregion = 6,
		.token = "secret",
		.ntoken = 6,
	};
	struct buf b = { 0 };

	envelope_pack(&e, &b);
	compare("envelope", "bin", &b);
	buf_release(&b);
}
END_TEST

UNIT_MAIN("wire", every_message_has_the_bytes_it_always_had,
    the_envelope_has_the_bytes_it_always_had)
