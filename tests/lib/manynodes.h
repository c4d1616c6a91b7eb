/*
 * Thousands of nodes for a bench, none of which runs anything: each has a
 * connection of its own to one server, registers, keeps its lease, holds the
 * two requests that a nodeagent holds, and says of each allocation that it
 * runs, or has ended when it should.
 *
 * They speak the bus's bytes over plain sockets (wire(7)): as many sockets of
 * nng would measure the bench. A broken connection ends the program, unless
 * it was told that the server goes.
 */
#ifndef TESTS_LIB_MANYNODES_H
#define TESTS_LIB_MANYNODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/loop.h"

struct manynodes;

/* Connects n nodes to 127.0.0.1:port; each then goes on by itself while the
 * loop runs. */
struct manynodes *manynodes_new(struct loop *l, int port, size_t n);
void manynodes_free(struct manynodes *m);

/* The server is about to end, or is there again: connects anew. */
void manynodes_part(struct manynodes *m);
void manynodes_meet(struct manynodes *m);

/* Leases are renewed as soon as the last renewal was answered. */
void manynodes_flood(struct manynodes *m, bool on);
/* The node says nothing from now on, though it stays connected. */
void manynodes_silence(struct manynodes *m, size_t i);
const char *manynodes_id(const struct manynodes *m, size_t i);

size_t manynodes_registered(const struct manynodes *m);
size_t manynodes_running(const struct manynodes *m); /* that is acknowledged */
uint64_t manynodes_renewed(const struct manynodes *m);
/* The slowest answer to a renewal since the last call, us. */
uint64_t manynodes_slowest_us(struct manynodes *m);
/* The longest term that a node was told, ms. */
uint64_t manynodes_longest_ttl_ms(const struct manynodes *m);

#endif
