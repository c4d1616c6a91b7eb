/*
 * Runs checks: asks at each one's interval, by HTTP or by opening a TCP
 * connection, and hands the answers to check.h.
 *
 * A node has one. No more than CHECKRUN_MAX_AT_ONCE run at a time; those
 * whose turn comes meanwhile wait in line. Without checks nothing is armed.
 * What a service may say to us is bounded: CHECKRUN_MAX_BODY bytes of an
 * answer are read, in the check's timeout, and CHECK_MAX_OUTPUT kept.
 */
#ifndef NODEAGENT_CHECKRUN_H
#define NODEAGENT_CHECKRUN_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/nodeagent/check.h"
#include "common/loop.h"

#define CHECKRUN_MAX_AT_ONCE 64
#define CHECKRUN_MAX_BODY    (1u << 20)

struct checkrun;
struct checkjob; /* one check that is run */

struct checkrun *checkrun_new(struct loop *loop, uint64_t seed);
void checkrun_free(struct checkrun *r); /* when all jobs are ended */

/* After each answer; changed: the check's status is another one. The job may
 * be ended here. */
typedef void checkrun_fn(void *ctx, struct check *c, bool changed);

/* Runs c, which is borrowed, until checkjob_end(). A check that cannot be
 * run here is never asked. */
struct checkjob *checkjob_begin(
    struct checkrun *r, struct check *c, checkrun_fn *fn, void *ctx);
void checkjob_end(struct checkjob *j);

/* How many are asked now, and how many there are. */
size_t checkrun_nasking(const struct checkrun *r);
size_t checkrun_njobs(const struct checkrun *r);

#endif
