/*
 * Bytes as the servers' log, or as a snapshot of their state.
 *
 * What begins with '{' is a command as JSON in each line (easy to read and
 * to change; packed before it is applied); what begins with 'S' is a
 * snapshot; else each command has two bytes of length before it. However the
 * state came about, its snapshot reads back, and writes the same again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/fsm.h"
#include "common/mem.h"
#include "tests/lib/snapbuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct stream {
	const char *p;
	size_t n;
};

static long
read_stream(void *ctx, void *p, size_t n)
{
	struct stream *s = ctx;

	if (n > s->n)
		n = s->n;
	memcpy(p, s->p, n);
	s->p += n;
	s->n -= n;
	return (long)n;
}

static int
load(struct sched_state *st, const void *p, size_t n, struct err *err)
{
	struct stream s = { p, n };

	sched_state_init(st);
	return sched_snapshot_read(st, read_stream, &s, err);
}

/* Where two snapshots part. */
static void
check_same(const struct buf *a, const struct buf *b)
{
	size_t i = 0;

	while (i < a->len && i < b->len && a->data[i] == b->data[i])
		i++;
	if (i == a->len && i == b->len)
		return;
	fprintf(stderr, "snapshots of %zu and %zu bytes part at %zu\n", a->len,
	    b->len, i);
	abort();
}

static void
check_state(const struct sched_state *st)
{
	struct buf once = { 0 }, twice = { 0 };
	struct sched_state back;
	struct arena arena = { 0 };
	const struct sched_alloc *a;
	struct alloc rec;
	struct err err;

	TAILQ_FOREACH (a, &st->allocs, by_age)
		sched_alloc_decode(a, &arena, true, &rec);
	arena_release(&arena);
	sched_snapshot_write(st, snapbuf_write, &once);
	if (load(&back, once.data, once.len, &err) == -1) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	sched_snapshot_write(&back, snapbuf_write, &twice);
	check_same(&once, &twice);
	sched_state_release(&back);
	buf_release(&once);
	buf_release(&twice);
}

static bool
apply(struct sched_state *st, const void *p, size_t n)
{
	struct fsm_reply reply;
	struct err err;

	return fsm_apply(st, st->index + 1, p, n, &reply, &err) == 0;
}

static bool
apply_line(struct sched_state *st, const char *line, size_t n)
{
	struct buf packed = { 0 };
	struct cmd cmd;
	struct err err;
	bool ok = false;

	if (rec_from_json(&cmd_type, &cmd, line, n, &err) == 0) {
		rec_pack(&cmd_type, &cmd, &packed);
		rec_clear(&cmd_type, &cmd);
		ok = apply(st, packed.data, packed.len);
	}
	buf_release(&packed);
	return ok;
}

static void
apply_lines(struct sched_state *st, const char *p, size_t n)
{
	const char *end = p + n;

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));

		if (lf == NULL)
			lf = end;
		apply_line(st, p, (size_t)(lf - p));
		p = lf + 1;
	}
}

static void
apply_packed(struct sched_state *st, const uint8_t *p, size_t n)
{
	while (n > 2) {
		size_t len = (size_t)p[0] << 8 | p[1];

		p += 2;
		n -= 2;
		if (len > n)
			len = n;
		apply(st, p, len);
		p += len;
		n -= len;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sched_state st;
	struct err err;

	if (n == 0)
		return 0;
	if (data[0] == 'S') {
		if (load(&st, data + 1, n - 1, &err) == 0)
			check_state(&st);
		sched_state_release(&st);
		return 0;
	}
	sched_state_init(&st);
	st.index = 1;
	if (data[0] == '{')
		apply_lines(&st, (const char *)data, n);
	else
		apply_packed(&st, data, n);
	check_state(&st);
	sched_state_release(&st);
	return 0;
}
