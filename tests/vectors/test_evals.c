/*
 * Recorded cases of the evaluation broker, of blocked evaluations and of
 * leases.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/blocked.h"
#include "cmd/schedd/broker.h"
#include "cmd/schedd/lease.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/map.h"
#include "tests/lib/vectors.h"

#define EPOCH_S INT64_C(946684800) /* 2000-01-01, when the cases begin */

static uint64_t
ms_of(const struct tree *t, const char *key)
{
	const struct tree *v = tree_get(t, key);

	return v != NULL && v->kind == TREE_INT
		   ? (uint64_t)(v->i / CLOCK_NS_PER_MS)
		   : 0;
}

static uint64_t
number_of(const struct tree *t, const char *key)
{
	const struct tree *v = tree_get(t, key);

	return v != NULL && v->kind == TREE_INT ? (uint64_t)v->i : 0;
}

static void
eval_of(const struct tree *step, struct eval *out)
{
	struct err err;

	if (rec_from_tree(
		&eval_type, out, tree_get(step, "Evaluation"), &err) == -1)
		log_fatal("%s", err.text);
}

/* --- the broker --- */

static unsigned
mask_of(const struct tree *names)
{
	static const char *const all[] = { "service", "batch", "system",
		"sysbatch", "_core", "_failed" };
	unsigned mask = 0;

	for (size_t i = 0; i < names->nitems; i++)
		for (size_t k = 0; k < BROKER_NQUEUES; k++)
			if (strcmp(names->items[i]->str, all[k]) == 0)
				mask |= 1u << k;
	return mask;
}

static bool
step_broker(struct broker *b, const struct tree *step)
{
	const char *op = vector_str(step, "Op"),
		   *id = vector_str(step, "EvalID");
	const char *error = vector_str(step, "Error"), *got;
	uint64_t now_ms = ms_of(step, "At");
	struct eval e;
	bool failed;

	broker_tick(b, now_ms);
	if (strcmp(op, "Enqueue") == 0) {
		int64_t wait_ms;

		eval_of(step, &e);
		wait_ms = e.wait_until == 0
			      ? 0
			      : (e.wait_until - EPOCH_S * CLOCK_NS_PER_S) /
					CLOCK_NS_PER_MS -
				    (int64_t)now_ms;
		broker_enqueue(
		    b, &e, wait_ms > 0 ? (uint64_t)wait_ms : 0, now_ms);
		rec_clear(&eval_type, &e);
	} else if (strcmp(op, "Dequeue") == 0) {
		got = broker_dequeue(
		    b, mask_of(tree_get(step, "Schedulers")), now_ms, &failed);
		return strcmp(got != NULL ? got : "", id) == 0;
	} else if (strstr(error, "Token") != NULL) {
		return true;
	} else if (strcmp(op, "Ack") == 0) {
		return (broker_ack(b, id) == -1) == (*error != '\0');
	} else if (strcmp(op, "Nack") == 0) {
		return (broker_nack(b, id, now_ms) == -1) == (*error != '\0');
	}
	return true;
}

static bool
run_broker(const struct tree *t, struct buf *why)
{
	const struct tree *steps = tree_get(t, "Steps");
	const struct tree *want = tree_get(t, "Expect");
	const struct broker_opts opts = {
		.delivery_limit = (unsigned)number_of(t, "DeliveryLimit"),
		.first_nack_ms = ms_of(t, "InitialNackDelay"),
		.next_nack_ms = ms_of(t, "SubsequentNackDelay"),
		.nack_timeout_ms = ms_of(t, "NackTimeout"),
	};
	struct broker b;
	bool ok = true;

	broker_init(&b, &opts);
	for (size_t i = 0; i < steps->nitems && ok; i++) {
		ok = step_broker(&b, steps->items[i]);
		if (!ok)
			buf_addf(why, "step %zu", i);
	}
	ok = ok && b.nready == number_of(want, "TotalReady") &&
	     b.nunacked == number_of(want, "TotalUnacked") &&
	     b.npending == number_of(want, "TotalPending") &&
	     b.nwaiting == number_of(want, "TotalWaiting") &&
	     b.ngiven_up == number_of(want, "TotalCancelable");
	broker_release(&b);
	return ok;
}

/* --- those that wait for room --- */

/* Whether these and no others were handed out, in any order. */
static bool
gives(struct blocked *b, char *take(struct blocked *), const struct tree *want)
{
	struct map left = { 0 };
	bool ok = true;
	char *id;

	for (size_t i = 0; i < want->nitems; i++)
		map_put(&left, want->items[i]->str, want->items[i]);
	while ((id = take(b)) != NULL) {
		ok = ok && map_remove(&left, id) != NULL;
		free(id);
	}
	ok = ok && map_count(&left) == 0;
	map_release(&left);
	return ok;
}

static bool
step_blocked(struct blocked *b, const struct tree *step)
{
	const char *op = vector_str(step, "Op");
	struct eval e;
	bool woken;

	if (strcmp(op, "Block") == 0) {
		eval_of(step, &e);
		blocked_add(b, &e);
		rec_clear(&eval_type, &e);
	} else if (strcmp(op, "Unblock") == 0) {
		blocked_gain(b, vector_str(step, "ComputedClass"),
		    number_of(step, "Index"));
	} else if (strcmp(op, "UnblockNode") == 0) {
		blocked_gain_at(b, vector_str(step, "NodeID"));
	} else if (strcmp(op, "UnblockFailed") == 0) {
		blocked_retry(b);
	} else if (strcmp(op, "Untrack") == 0) {
		blocked_forget_job(b, vector_str(step, "Namespace"),
		    vector_str(step, "JobID"));
	} else {
		return false;
	}
	woken = gives(b, blocked_take_woken, tree_get(step, "Enqueued"));
	return gives(b, blocked_take_duplicate, tree_get(step, "Duplicates")) &&
	       woken;
}

static bool
run_blocked(const struct tree *t, struct buf *why)
{
	const struct tree *steps = tree_get(t, "Steps");
	struct blocked b = { 0 };
	bool ok = true;

	for (size_t i = 0; i < steps->nitems && ok; i++) {
		ok = step_blocked(&b, steps->items[i]);
		if (!ok)
			buf_addf(why, "step %zu", i);
	}
	blocked_release(&b);
	return ok;
}

/* --- leases --- */

static bool
run_heartbeat(const struct tree *t, struct buf *why)
{
	const struct tree *want = tree_get(t, "Expect");
	const struct lease_rule rule = {
		.min_ms = ms_of(t, "MinHeartbeatTTL"),
		.grace_ms = ms_of(t, "HeartbeatGrace"),
		.rate = number_of(t, "MaxHeartbeatsPerSecond"),
	};
	uint64_t ms = lease_term_ms(&rule, number_of(t, "Nodes"));

	buf_addf(why, "got %" PRIu64 " ms", ms);
	return ms == ms_of(want, "Interval");
}

/* What comes out otherwise does so by choice: see DIFFERENCES.md. */
static const struct vector_kind kinds[] = {
	{ "broker", run_broker, 50 },
	{ "blocked", run_blocked, 48 },
	{ "heartbeat", run_heartbeat, VECTOR_ALL },
};

VECTORS_MAIN("evals", "tests/vectors/evals/%s.jsonl", kinds)
