/* A state from outside, in the place of the one that there is. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/schedd/state.h"
#include "cmd/schedd/state_put.h"
#include "cmd/schedd/text.h"
#include "proto/cmd.h"

void
sched_staged_release(struct sched_staged *s)
{
	buf_release(&s->bytes);
	*s = (struct sched_staged){ 0 };
}

int
sched_stage(
    struct sched_staged *s, const struct cmd_restore *part, struct err *err)
{
	if (part->offset == 0) {
		sched_staged_release(s);
		snprintf(s->id, sizeof s->id, "%s", sched_str(part->id));
	}
	if (strcmp(s->id, sched_str(part->id)) != 0 ||
	    part->offset != s->bytes.len)
		return err_set(err, ERR_CONFLICT,
		    "restore: a part at %" PRIu64 " does not follow: another "
		    "one has begun meanwhile",
		    part->offset);
	if (part->bytes.len > CMD_RESTORE_MAX - s->bytes.len)
		return err_set(err, ERR_BAD, "restore: more than %u bytes",
		    CMD_RESTORE_MAX);
	buf_add(&s->bytes, part->bytes.data, part->bytes.len);
	return 0;
}

struct source {
	const char *at;
	size_t left;
};

static long
read_source(void *ctx, void *p, size_t n)
{
	struct source *s = ctx;

	if (n > s->left)
		n = s->left;
	memcpy(p, s->at, n);
	s->at += n;
	s->left -= n;
	return (long)n;
}

int
sched_snapshot_check(
    const void *bytes, size_t n, uint64_t level, struct err *err)
{
	struct source s = { bytes, n };
	struct sched_state st;
	int rc;

	sched_state_init(&st);
	rc = sched_snapshot_read(&st, read_source, &s, err);
	if (rc == 0 && st.level > level)
		rc = err_set(err, ERR_CONFLICT,
		    "snapshot: its feature level is %" PRIu64
		    ", and not all servers know more than %" PRIu64,
		    st.level, level);
	sched_state_release(&st);
	return rc;
}

int
sched_snapshot_adopt(struct sched_state *st, struct err *err)
{
	struct source s = { st->staged.bytes.data, st->staged.bytes.len };
	uint64_t index = st->index, base = st->index_base, level = st->level;

	if (sched_snapshot_read(st, read_source, &s, err) == -1)
		return -1;
	if (index <= st->index) {
		base += st->index + 1 - index;
		index = st->index + 1;
	}
	if (st->level < level)
		st->level = level; /* it never falls */
	st->index = index;
	st->index_base = base;
	for (size_t i = 0; i < SCHED_NTABLES; i++)
		st->tables[i] = index;
	sched_gones_begin(st, index);
	return 0;
}
