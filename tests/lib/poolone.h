/*
 * One pool, and a hand that speaks to it in bytes: what it sends is taken
 * apart and counted, what it tells is kept.
 */
#ifndef TESTS_LIB_POOLONE_H
#define TESTS_LIB_POOLONE_H

#include "cmd/gossipd/pool_impl.h"

#define POOLONE_SENT 512

struct poolone_sent {
	struct pool_addr to;
	struct buf message; /* its type byte first */
};

struct poolone {
	struct pool *pool;
	struct wire_ring ring;
	uint64_t now_ms;
	struct poolone_sent sent[POOLONE_SENT];
	size_t nsent, nlost; /* messages; lost: more than fit */
	struct buf raw;      /* the last datagram, as it was sent */
	unsigned events[POOL_EV_CONFLICT + 1];
	struct pool_event last; /* without what it points to */
	char last_text[256];    /* its payload, or why */
	unsigned ndials;
	uint64_t token; /* of the last dial */
	struct buf dialled;
};

/* A member "us" at 10.0.0.1:7946, with one tag. */
void poolone_init(struct poolone *o, bool sealed);
void poolone_release(struct poolone *o);

void poolone_packet(struct poolone *o, const void *bytes, size_t n);
void poolone_say(
    struct poolone *o, const struct wire_form *form, const void *msg);
/* The same as a user message. */
void poolone_say_serf(
    struct poolone *o, const struct wire_form *form, const void *msg);
/* NULL from: of itself. Members live at 10.0.0.<number of the name>. */
void poolone_alive(struct poolone *o, const char *name, uint32_t incarnation);
void poolone_suspect(struct poolone *o, const char *name, uint32_t incarnation,
    const char *from);
void poolone_dead(struct poolone *o, const char *name, uint32_t incarnation,
    const char *from);

void poolone_pass(struct poolone *o, uint64_t ms);
/* Forgets what was sent. */
void poolone_hush(struct poolone *o);
/* How many messages of the type were sent since; the last is *m. */
size_t poolone_count(
    const struct poolone *o, enum wire_type type, struct wire_bytes *m);
/* Lets a gossip interval pass: were messages of the type gossiped? */
bool poolone_gossips(struct poolone *o, enum wire_type type);
struct pool_member *poolone_member(struct poolone *o, const char *name);

#endif
