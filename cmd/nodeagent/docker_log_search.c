#include "cmd/nodeagent/docker_log_search.h"

#include <stdlib.h>

#include "common/mem.h"

/* For each length of a match: how long the longest other is that ends there,
 * as Knuth, Morris and Pratt have it. */
static void
fill_shorter(struct docker_log_search *f)
{
	size_t k = 0;

	for (size_t i = 1; i < f->length; i++) {
		while (k > 0 && f->tail[i] != f->tail[k])
			k = f->shorter[k - 1];
		k += f->tail[i] == f->tail[k];
		f->shorter[i] = (uint16_t)k;
	}
}

/* What comes after the last line's end: the engine keeps it only when the line
 * has its end, or is as long as a piece. */
static uint64_t
pending_bytes(const struct docker_log_search *f)
{
	size_t n = 0;

	while (n < f->length && n < DOCKER_LOG_PIECE &&
	       f->tail[f->length - 1 - n] != '\n')
		n++;
	return n;
}

struct docker_log_search *
docker_log_search_new(const struct docker_log_stream *s)
{
	struct docker_log_search *f = xcalloc(1, sizeof *f);
	uint64_t n = logfile_bytes_after(&s->file, s->mark.file, s->mark.size);

	f->written_bytes = n;
	if (n > DOCKER_LOG_TAIL)
		n = DOCKER_LOG_TAIL;
	f->length = logfile_tail(&s->file, f->tail, (size_t)n, &f->written_ns);
	f->pending = pending_bytes(f);
	f->length -= (size_t)f->pending;
	f->written_bytes -= f->pending;
	f->after = s->mark;
	fill_shorter(f);
	return f;
}

/* All of the tail stands before this byte of a record. */
static void
note_match(struct docker_log_stream *s, int64_t time, uint64_t offset)
{
	struct docker_log_search *f = s->search;
	bool exact = f->passed == f->written_bytes;
	bool nearer = !f->has_found || llabs(time - f->written_ns) <=
					   llabs(f->found_time - f->written_ns);

	if (f->is_exact || (!exact && !nearer))
		return;
	f->has_found = true;
	f->is_exact = exact;
	f->found_time = time;
	f->found = f->after;
	logfile_place(
	    &s->file, offset + f->pending, &f->found.file, &f->found.size);
}

void
docker_log_search_text(struct docker_log_stream *s, int64_t time,
    uint64_t before, const char *p, size_t n)
{
	struct docker_log_search *f = s->search;
	size_t k = f->matched;

	for (size_t i = 0; i < n && f->length > 0; i++) {
		while (k > 0 && p[i] != f->tail[k])
			k = f->shorter[k - 1];
		k += p[i] == f->tail[k];
		f->passed++;
		if (k < f->length)
			continue;
		note_match(s, time, before + i + 1);
		k = f->shorter[k - 1];
	}
	f->matched = k;
}

bool
docker_log_found(struct docker_log *l)
{
	bool all = true;

	for (size_t i = 0; i < DOCKER_LOG_NSTREAMS; i++) {
		struct docker_log_stream *s = &l->streams[i];
		const struct docker_log_search *f = s->search;

		if (f->has_found)
			s->mark = f->found;
		else if (f->length > 0)
			logfile_place(
			    &s->file, 0, &s->mark.file, &s->mark.size);
		all = all && (f->has_found || f->length == 0);
	}
	l->changed = true;
	return all;
}
