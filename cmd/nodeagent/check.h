/*
 * A service's check: what its answers mean, and what follows.
 *
 * Pure: an answer and the time go in, the status changes. The rules are
 * Consul's: a status is passing after success_before_passing good answers in a
 * row, warning after failures_before_warning and critical after
 * failures_before_critical bad ones; 0 and 1 are the same. A warning counts
 * as a good answer. Who asks is checkrun.h.
 */
#ifndef NODEAGENT_CHECK_H
#define NODEAGENT_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/nodeagent/allocrun.h"
#include "common/rng.h"
#include "proto/catalog.h"
#include "proto/service.h"

#define CHECK_MAX_OUTPUT      4096 /* bytes kept of what an answer says */
#define CHECK_MIN_INTERVAL_MS 1000
#define CHECK_MIN_TIMEOUT_MS  100
#define CHECK_FIRST_MS        1000 /* the first run comes within this time */

enum check_status {
	CHECK_PENDING,
	CHECK_PASSING,
	CHECK_WARNING,
	CHECK_CRITICAL
};

struct check {
	char *id;
	char *instance_id; /* of the service instance that it belongs to */
	char *service;
	char *group;    /* the allocation's name, as the API has it */
	char *task;     /* "": a service of the group */
	char *restarts; /* the task that check_restart restarts; "": all */
	bool nomad;     /* the service's provider is "nomad" */
	struct service_check spec; /* its variables filled in */
	char *address;             /* where to ask */
	int64_t port;

	enum check_status status;
	int64_t ngood, nbad; /* answers in a row */
	char *output;        /* of the newest answer */
	int64_t code;        /* its HTTP status; 0 */
	int64_t ran_at_ns;   /* 0: never */

	char *told; /* the output that came with the status, cut */
	int64_t changed_at_ns;

	uint64_t grace_until_ms; /* before this nothing is restarted */
	uint64_t ill_since_ms;   /* 0: it is not */
};

struct check_answer {
	enum check_status status; /* never pending */
	int64_t code;
	const char *output;
};

/* Fills in the id, and the status that it has before the first answer. The
 * identity, spec, address and port are the caller's to set before. */
void check_init(struct check *c, struct run_time now);
void check_release(struct check *c);

/* Takes up the status that an earlier nodeagent had told of it. */
void check_recall(struct check *c, const struct instance_check *was);

/* Why checks of this kind are not run here; NULL: they are. */
const char *check_cannot_run(const struct service_check *spec);

/* An answer has come. True when the status is another one now. */
bool check_take(
    struct check *c, const struct check_answer *a, struct run_time now);

/* What an HTTP status says: 2xx passes, 429 warns, others are critical. */
enum check_status check_status_of_http(int64_t code);

/* Whether a deployment may go on: it passes, or on_update looks away. */
bool check_is_well(const struct check *c);

/* Whether check_restart wants the task restarted now. Asked after each
 * answer; after a yes the time of grace begins anew. */
bool check_wants_restart(struct check *c, struct run_time now);

/* "pending", "passing", "warning", "critical". */
const char *check_status_name(enum check_status status);

uint64_t check_interval_ms(const struct check *c);
uint64_t check_timeout_ms(const struct check *c);
/* How long the first run waits: checks that begin together spread. */
uint64_t check_first_ms(const struct check *c, struct rng *rng);

/* The check as the cluster is told of it; rec_clear() it. */
void check_tell(const struct check *c, struct instance_check *out);

#endif
