/*
 * The servers of other regions, and which of them is asked: plain data, no
 * I/O. cross.h carries requests to them.
 *
 * What is known comes from the tags of the pool's members, so none of it is
 * trusted: there are as many as REGIONS_MAX, and texts too long are as those
 * that are not told.
 */
#ifndef SCHEDD_REGIONS_H
#define SCHEDD_REGIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/rng.h"
#include "proto/member.h"

#define REGIONS_MAX     1024 /* servers of other regions; more are ignored */
#define REGION_NAME_MAX 127
#define REGION_BAD_MS   5000 /* so long the others are asked first */
#define REGION_TRIES    8    /* servers that one request is handed to */

/* Its text lives until the next regions_learn(). */
struct region_server {
	const char *name, *region;
	const char *http, *rpc; /* "host:port"; "": not told */
	bool is_alive;
	uint64_t bad_until_ms; /* it did not answer */
};

/* A zeroed one knows nobody. */
struct regions {
	struct arena arena;
	struct region_server *servers;
	size_t n;
};
void regions_release(struct regions *rs);

/* All that the pool knows in other regions than our own; what was noted of a
 * server that is still the same stays. Who has left is none. */
void regions_learn(
    struct regions *rs, const struct member_rows *rows, const char *own);

enum region_via { REGION_HTTP, REGION_RPC };

/* Who was asked already, by name; copies. */
struct region_tried {
	char *names[REGION_TRIES];
	size_t n;
};
void region_tried_add(struct region_tried *t, const char *name);
void region_tried_release(struct region_tried *t);

/*
 * An alive server of the region that was not tried, any of those that are well
 * before those that did not answer a while ago. NULL: there is none (more).
 */
struct region_server *regions_pick(struct regions *rs, const char *region,
    enum region_via via, const struct region_tried *tried, uint64_t now_ms,
    struct rng *rng);

bool regions_has(const struct regions *rs, const char *region);
/* Different ones, our own not among them. */
size_t regions_count(const struct regions *rs);
/* Why nobody in the region can be asked, as Nomad begins to say it; -1. */
int regions_refuse(const struct regions *rs, const char *region,
    enum region_via via, struct err *err);
/* An alive server listens there. */
bool regions_has_addr(
    const struct regions *rs, enum region_via via, const char *addr);

/* It did not answer, or did; one that is not there any more is passed over. */
void regions_note(
    struct regions *rs, const char *name, bool answered, uint64_t now_ms);

#endif
