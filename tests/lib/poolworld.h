/*
 * Real pools in a world that is played: a clock, a network that loses,
 * delays, doubles, reorders and cuts, and machines that stop, die and come
 * back. One seed gives one history.
 */
#ifndef TESTS_LIB_POOLWORLD_H
#define TESTS_LIB_POOLWORLD_H

#include "cmd/gossipd/pool.h"
#include "common/rng.h"

#define POOLWORLD_NODES   128
#define POOLWORLD_BACKLOG 4096 /* datagrams waiting for a stopped one */

enum poolworld_state { POOLWORLD_DOWN, POOLWORLD_UP, POOLWORLD_STOPPED };

struct poolworld_item {
	uint64_t at, order;
	int kind;
	size_t from, to;
	unsigned life; /* of the receiver, or of who dialled */
	uint64_t token;
	char *bytes;
	size_t n;
};

struct poolworld_node {
	struct pool *pool; /* NULL while it is down */
	struct pool_addr addr;
	char name[32];
	enum poolworld_state state;
	bool unplugged;   /* its host is gone, too: nothing is refused */
	unsigned life;    /* how often it was started */
	unsigned part;    /* those of one part hear each other */
	uint64_t well_ms; /* up, and not stopped or cut off, since then */
	bool leaving, left;
	struct poolworld_item *backlog;
	size_t nbacklog;
};

struct poolworld {
	uint64_t seed, now_ms, order;
	struct rng rng;
	struct poolworld_node nodes[POOLWORLD_NODES];
	size_t n;
	struct poolworld_item *heap;
	size_t nheap, heap_cap;

	/* The network. */
	unsigned loss_pct, twice_pct;
	uint64_t delay_min_ms, delay_max_ms;
	bool icmp; /* refused datagrams are told */

	/* What is seen; i: whose pool tells it. */
	void (*on_event)(
	    struct poolworld *w, size_t i, const struct pool_event *ev);
	void (*on_udp)(struct poolworld *w, size_t from, size_t to,
	    const char *bytes, size_t n);
	void *ctx;

	struct pool_config config; /* of each, but for name and addr */
	uint64_t packets, bytes;   /* sent by all */
};

void poolworld_init(struct poolworld *w, uint64_t seed, size_t n);
void poolworld_release(struct poolworld *w);

void poolworld_start(struct poolworld *w, size_t i);
/* Joins by another one. */
void poolworld_join(struct poolworld *w, size_t i, size_t by);
void poolworld_kill(struct poolworld *w, size_t i);
void poolworld_stop(struct poolworld *w, size_t i);
void poolworld_continue(struct poolworld *w, size_t i);
void poolworld_leave(struct poolworld *w, size_t i);
/* All hear each other again. */
void poolworld_heal(struct poolworld *w);

/* Lets so much time pass. */
void poolworld_run(struct poolworld *w, uint64_t ms);

/* How i sees j; POOL_NONE: not at all, or i is not there. */
enum pool_status poolworld_sees(const struct poolworld *w, size_t i, size_t j);
/* Whose address it is; w->n: nobody's. */
size_t poolworld_who(const struct poolworld *w, const struct pool_addr *addr);

#endif
