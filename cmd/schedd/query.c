#include "cmd/schedd/query.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/forward.h"
#include "cmd/schedd/servers.h"
#include "common/http/route.h"
#include "common/mem.h"
#include "common/raft/node.h"
#include "common/rng.h"
#include "proto/blocking.h"

/* What is told when this server is known to lead still. */
struct query_confirm {
	struct query *query; /* NULL when it is gone */
};

/* --- life --- */

static void
stop_waiting(struct query *q)
{
	if (!q->waiting)
		return;
	for (size_t i = 0; i < q->nwatches; i++)
		if (q->watches[i].watch != NULL)
			sched_unwatch(q->st, q->watches[i].watch);
	q->nwatches = 0;
	TAILQ_REMOVE(q->is_woken ? &q->sd->woken : &q->sd->queries, q, entry);
	q->waiting = q->is_woken = false;
}

static void
query_free(struct query *q)
{
	stop_waiting(q);
	if (q->confirming != NULL)
		q->confirming->query = NULL;
	loop_timer_free(q->timer);
	arena_release(&q->arena);
	buf_release(&q->out);
	free(q);
}

static void
on_query_gone(struct http_req *r)
{
	query_free(http_req_data(r));
}

/* --- parameters --- */

static bool
read_index(struct query *q)
{
	char text[32], *end;

	if (!http_param(q->req, "index", text, sizeof text) || *text == '\0')
		return true;
	errno = 0;
	q->min_index = strtoull(text, &end, 10);
	return *end == '\0' && errno == 0 && *text != '-';
}

static bool
read_stale(struct query *q)
{
	char text[16];

	if (!http_param(q->req, "stale", text, sizeof text))
		return true;
	q->stale = *text == '\0' || strcmp(text, "true") == 0 ||
		   strcmp(text, "1") == 0;
	return q->stale || strcmp(text, "false") == 0 || strcmp(text, "0") == 0;
}

static bool
read_page(struct query *q)
{
	char text[16], *end;
	long n;

	http_param(q->req, "next_token", q->from, sizeof q->from);
	q->reverse = http_param(q->req, "reverse", text, sizeof text) &&
		     strcmp(text, "true") == 0;
	if (!http_param(q->req, "per_page", text, sizeof text) || *text == '\0')
		return true;
	n = strtol(text, &end, 10);
	q->per_page = n > 0 ? (size_t)n : 0;
	return *end == '\0' && n >= 0;
}

/* Answers, and returns false, when a parameter is wrong. */
static bool
read_params(struct query *q, uint64_t *wait_ms)
{
	if (!read_index(q))
		query_fail(q, 400, "Invalid index");
	else if (blocking_wait(q->req, wait_ms) == -1)
		query_fail(q, 400, "Invalid wait time");
	else if (!read_stale(q))
		query_fail(q, 400, "Invalid value for \"stale\"");
	else if (!read_page(q))
		query_fail(q, 400, "Invalid value for \"per_page\"");
	else if (http_has_param(q->req, "filter"))
		query_fail(q, 400,
		    "failed to create result paginator: filter expressions "
		    "are not supported");
	else
		return true;
	return false;
}

static void
on_timeout(void *arg)
{
	struct query *q = arg;

	q->expired = true;
	if (q->confirming != NULL)
		return;
	stop_waiting(q);
	if (q->wants_leader && !q->sd->leading)
		query_fail(q, 500, "No cluster leader");
	else
		q->fn(q);
}

/* Some more than asked, so that many do not come back at once. */
static void
set_timer(struct query *q, uint64_t ms)
{
	struct rng rng;

	rng_init(&rng, q->sd->next_req ^ loop_now_ms(q->sd->loop));
	q->timer = loop_timer_new(q->sd->loop, on_timeout, q);
	loop_timer_set(
	    q->timer, ms + rng_below(&rng, ms / BLOCKING_JITTER_PARTS + 1));
}

static void
wait_for_leader(struct query *q)
{
	q->wants_leader = true;
	if (q->timer == NULL)
		set_timer(q, QUERY_LEADER_MS);
	TAILQ_INSERT_TAIL(&q->sd->queries, q, entry);
	q->waiting = true;
}

/* The client has another server answer, since this one does not lead. */
static void
hand_over(struct query *q)
{
	struct schedd *sd = q->sd;
	struct http_req *r = q->req;

	http_req_set_data(r, NULL);
	query_free(q);
	forward_http_lost(sd, r);
}

static void
on_confirmed(void *ctx, const struct err *err, uint64_t index)
{
	struct query_confirm *c = ctx;
	struct query *q = c->query;

	(void)index;
	free(c);
	if (q == NULL)
		return;
	q->confirming = NULL;
	if (err == NULL)
		q->fn(q);
	else if (err->code == ERR_BUSY)
		query_fail(q, 429, "%s", err->text);
	else
		hand_over(q);
}

/*
 * Another server may have become the leader and have taken writes that this
 * one has not heard of: it asks for a majority's word, together with all reads
 * of this time. The answer is then of that moment or later.
 */
static void
confirm(struct query *q)
{
	struct query_confirm *c = xcalloc(1, sizeof *c);
	struct err err;

	c->query = q;
	if (raft_node_read(q->sd->raft, on_confirmed, c, &err) == -1) {
		free(c);
		hand_over(q);
		return;
	}
	q->confirming = c;
}

void
query_start(struct schedd *sd, struct http_req *r, query_fn *fn)
{
	struct query *q = xcalloc(1, sizeof *q);
	uint64_t wait_ms;

	sd->nqueries++;
	q->gone = on_query_gone;
	q->sd = sd;
	q->st = sched_core_state(sd->core);
	q->req = r;
	q->fn = fn;
	if (!http_param(r, "namespace", q->ns, sizeof q->ns) || *q->ns == '\0')
		snprintf(q->ns, sizeof q->ns, "default");
	http_param(r, "prefix", q->prefix, sizeof q->prefix);
	http_req_set_data(r, q);
	if (!read_params(q, &wait_ms))
		return;
	if (q->min_index > 0)
		set_timer(q, wait_ms);
	if (sd->leading && !q->stale && servers_may_disagree(sd))
		confirm(q);
	else if (sd->leading || q->stale)
		fn(q);
	else
		wait_for_leader(q);
}

const char *
query_arg(const struct query *q, const char *name)
{
	return http_route_param(q->req, name);
}

/* --- waiting --- */

/* Called while a command is applied: nothing may be read yet. The watch that
 * fired is gone by itself. */
static void
on_change(void *ctx)
{
	struct query_watch *w = ctx;
	struct query *q = w->query;

	w->watch = NULL;
	if (q->is_woken)
		return;
	TAILQ_REMOVE(&q->sd->queries, q, entry);
	TAILQ_INSERT_TAIL(&q->sd->woken, q, entry);
	q->is_woken = true;
}

bool
query_waits(struct query *q, enum sched_topic topic, const char *key)
{
	uint64_t index = sched_index(q->st, topic, key);
	struct query_watch *w;

	if (index > q->index)
		q->index = index;
	if (q->min_index == 0 || q->expired || q->index > q->min_index)
		return false;
	if (q->nwatches == QUERY_MAX_WATCHES)
		return true;
	w = &q->watches[q->nwatches++];
	w->query = q;
	w->watch = sched_watch(q->st, topic, key, on_change, w);
	if (!q->waiting)
		TAILQ_INSERT_TAIL(&q->sd->queries, q, entry);
	q->waiting = true;
	return true;
}

void
query_run_woken(struct schedd *sd, size_t most)
{
	struct query *q;

	for (; most > 0 && (q = TAILQ_FIRST(&sd->woken)) != NULL; most--) {
		stop_waiting(q);
		q->index = 0;
		q->fn(q);
	}
}

void
query_run_led(struct schedd *sd)
{
	struct query *q, *next;

	for (q = TAILQ_FIRST(&sd->queries); q != NULL; q = next) {
		next = TAILQ_NEXT(q, entry);
		if (!q->wants_leader)
			continue;
		q->wants_leader = false;
		TAILQ_REMOVE(&sd->queries, q, entry);
		TAILQ_INSERT_TAIL(&sd->woken, q, entry);
		q->is_woken = true;
	}
	query_run_woken(sd, SIZE_MAX);
}

void
query_run_lost(struct schedd *sd)
{
	struct query *q, *next;

	query_run_woken(sd, SIZE_MAX);
	for (q = TAILQ_FIRST(&sd->queries); q != NULL; q = next) {
		next = TAILQ_NEXT(q, entry);
		if (!q->stale)
			hand_over(q);
	}
}

void
query_end_all(struct schedd *sd)
{
	struct query *q;

	query_run_woken(sd, SIZE_MAX);
	while ((q = TAILQ_FIRST(&sd->queries)) != NULL)
		query_fail(q, 500, "server is stopping");
}

/* --- answering --- */

static void
add_headers(struct http_req *r, uint64_t index, bool has_leader,
    uint64_t last_contact_ms)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, index > 0 ? index : 1);
	http_add(r, "X-Nomad-Index", text);
	http_add(r, "X-Nomad-KnownLeader", has_leader ? "true" : "false");
	snprintf(text, sizeof text, "%" PRIu64, last_contact_ms);
	http_add(r, "X-Nomad-LastContact", text);
	http_add(r, "Vary", "Accept-Encoding");
}

void
api_headers(struct http_req *r, uint64_t index, bool has_leader)
{
	add_headers(r, index, has_leader, 0);
}

/* How old the answer may be is told with it. */
static void
query_headers(const struct query *q)
{
	add_headers(q->req, q->index, servers_leader(q->sd) != NULL,
	    servers_last_contact_ms(q->sd));
}

int
api_json_flags(const struct http_req *r)
{
	char text[8];

	static_assert((int)REC_JSON_PRETTY == (int)TREE_PRETTY, "one flag");
	if (!http_param(r, "pretty", text, sizeof text) ||
	    strcmp(text, "0") == 0)
		return 0;
	return REC_JSON_PRETTY;
}

void
query_reply(struct query *q)
{
	struct http_req *r = q->req;

	query_headers(q);
	if (q->next != NULL)
		http_add(r, "X-Nomad-NextToken", q->next);
	http_req_set_data(r, NULL);
	http_reply(r, 200, "application/json", q->out.data, q->out.len);
	query_free(q);
}

void
query_reply_rec(struct query *q, const struct rec_type *type, const void *rec)
{
	rec_to_json(type, rec, &q->out, api_json_flags(q->req));
	query_reply(q);
}

void
query_reply_list(
    struct query *q, const struct rec_type *type, const void *recs, size_t n)
{
	rec_list_to_json(type, recs, n, &q->out, api_json_flags(q->req));
	query_reply(q);
}

void
query_reply_tree(struct query *q, struct tree *t)
{
	tree_to_json(t, &q->out, api_json_flags(q->req));
	tree_free(t);
	query_reply(q);
}

void
query_fail(struct query *q, int status, const char *fmt, ...)
{
	struct http_req *r = q->req;
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	query_headers(q);
	http_req_set_data(r, NULL);
	http_fail(r, status, "%s", text);
	query_free(q);
}

/* --- choosing --- */

bool
query_wants_ns(const struct query *q, const char *ns)
{
	return strcmp(q->ns, "*") == 0 ||
	       strcmp(q->ns, ns != NULL && *ns != '\0' ? ns : "default") == 0;
}

bool
query_wants_id(const struct query *q, const char *id)
{
	return strncmp(id, q->prefix, strlen(q->prefix)) == 0;
}

/* What is wrong with the digits of a UUID, or of its beginning; or NULL. */
static const char *
uuid_fault(const char *id)
{
	size_t hyphens = 0, digits = 0;

	for (const char *p = id; *p != '\0'; p++)
		if (*p == '-')
			hyphens++;
		else if (isxdigit((unsigned char)*p))
			digits++;
		else
			return "not hexadecimal";
	if (hyphens > 4)
		return "UUID should have maximum of 4 \"-\"";
	return digits % 2 == 0 ? NULL
			       : "Input (without hyphens) must be even length";
}

bool
query_check_uuid_prefix(struct query *q, const char *what)
{
	const char *fault = uuid_fault(q->prefix);

	if (fault != NULL)
		query_fail(q, 500, "%s lookup failed: index error: %s: \"%s\"",
		    what, fault, q->prefix);
	return fault == NULL;
}

bool
query_check_uuid(struct query *q, const char *what, const char *id)
{
	const char *fault = strlen(id) != SCHED_ID_SIZE - 1
				? "UUID must be 36 characters"
				: uuid_fault(id);

	if (fault != NULL)
		query_fail(
		    q, 500, "%s lookup failed: index error: %s", what, fault);
	return fault == NULL;
}

bool
query_flag(const struct query *q, const char *name, bool dflt)
{
	char text[8];

	if (!http_param(q->req, name, text, sizeof text))
		return dflt;
	return *text == '\0' || strcmp(text, "true") == 0 ||
	       strcmp(text, "1") == 0;
}
