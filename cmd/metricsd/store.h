/*
 * The numbers that have come, by source, name and labels. Pure: time comes
 * in as an argument, and nothing is read or sent.
 *
 * Sources send absolute values. What is new since their last message is
 * added up for each interval, as Nomad's sink in memory does; what is idle
 * for the retention period is forgotten.
 */
#ifndef CMD_METRICSD_STORE_H
#define CMD_METRICSD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/map.h"
#include "proto/metric.h"

#define STORE_MAX_SERIES 65536 /* further ones are dropped and counted */

struct store_opts {
	uint64_t interval_ms, retention_ms;
	const char *host;          /* the host label; NULL: none. Borrowed. */
	const char *const *filter; /* "+prefix", "-prefix"; borrowed */
	size_t nfilter;
	bool filter_default; /* what no prefix decides is kept */
};

/* What happened within one interval. */
struct store_sum {
	uint64_t count;
	double sum, sum_sq, min, max;
};

struct series {
	struct metric metric; /* as last heard, with the host label */
	char *family;         /* its name for Prometheus, ... */
	char *labels;         /* ... and what stands between { and } */
	uint64_t start;       /* of its source */
	uint64_t seen_ms;
	struct store_sum now, last; /* this interval and the one before */
};

struct store {
	struct store_opts opts;
	struct map series;      /* key to struct series */
	struct series **sorted; /* the same by family and labels */
	size_t nsorted;
	bool is_sorted;
	uint64_t forgot_ms; /* when it was last looked for idle ones */
	uint64_t interval;  /* number of the current one */
	int64_t began_ns; /* wall clock at its beginning, and the last one's */
	int64_t last_began_ns;
	bool has_last; /* an interval has been completed */
	uint64_t dropped;
	struct buf key; /* kept, for speed */
};

void store_init(struct store *s, const struct store_opts *opts);
void store_release(struct store *s);
/* Filters apply to what comes from now on. */
void store_set(struct store *s, const struct store_opts *opts);

/*
 * Takes a source's numbers in. on_news, if not NULL, is called for each with
 * what is new since its last message (a counter's or summary's sum and
 * count; a gauge's value).
 */
typedef void store_on_news(
    void *ctx, const struct metric *m, double news, uint64_t nnews);
void store_put(struct store *s, const struct metrics *m, uint64_t now_ms,
    int64_t wall_ns, store_on_news *on_news, void *ctx);

/* Begins a new interval when it is time, and forgets what is idle. Call it
 * before asking. */
void store_tick(struct store *s, uint64_t now_ms, int64_t wall_ns);

/*
 * All series sorted by family and labels; series of several sources that have
 * both in common are added up into one:
 *
 *	for (struct store_walk w = store_walk(s); store_next(&w, &x);)
 *
 * x borrows its texts from the store, until something is put there.
 */
struct store_walk {
	const struct store *store;
	size_t at;
};
struct store_walk store_walk(struct store *s);
bool store_next(struct store_walk *w, struct series *out);

/* The completed interval's sums, or the current one's while there is none. */
const struct store_sum *store_sum(
    const struct store *s, const struct series *x);

#endif
