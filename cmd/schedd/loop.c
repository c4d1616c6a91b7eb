/*
 * A turn of the core: who asked, the clock, and carrying out what the core
 * decides. The log is heard in raftlog.c, the sockets in handlers.c and api.c.
 */
#include <stdlib.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/follow.h"
#include "cmd/schedd/forward.h"
#include "cmd/schedd/schedd.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/raft/node.h"
#include "common/table.h"

/* Blocking queries that are answered in one turn. */
#define QUERIES_TURN 16

struct asker {
	void (*gone)(struct http_req *r); /* first: see api.c */
	struct schedd *sd;
	uint64_t id;
	struct http_req *http; /* NULL when it has left */
	struct bus_req *bus;
	const char *name; /* of the summary of its times, or NULL */
	int64_t began_ns;
	schedd_shape_fn *shape;
	int bad_status; /* of ERR_BAD, where it is not the usual one; or 0 */
	UT_hash_handle hh;
};

/* --- who asked --- */

static void
on_asker_gone(struct http_req *r)
{
	struct asker *a = http_req_data(r);

	a->http = NULL;
}

static struct asker *
add_asker(struct schedd *sd)
{
	struct asker *a = xcalloc(1, sizeof *a);

	a->gone = on_asker_gone;
	a->sd = sd;
	a->id = ++sd->next_req;
	HASH_ADD(hh, sd->askers, id, sizeof a->id, a);
	return a;
}

uint64_t
schedd_ask_http(struct schedd *sd, struct http_req *r, schedd_shape_fn *shape)
{
	struct asker *a = add_asker(sd);

	a->http = r;
	a->shape = shape;
	http_req_set_data(r, a);
	return a->id;
}

uint64_t
schedd_ask_http_bad(struct schedd *sd, struct http_req *r, int bad_status)
{
	struct asker *a = add_asker(sd);

	a->http = r;
	a->bad_status = bad_status;
	http_req_set_data(r, a);
	return a->id;
}

static struct asker *
take_asker(struct schedd *sd, uint64_t id)
{
	struct asker *a;

	HASH_FIND(hh, sd->askers, &id, sizeof id, a);
	if (a != NULL)
		HASH_DEL(sd->askers, a);
	if (a != NULL && a->http != NULL)
		http_req_set_data(a->http, NULL);
	return a;
}

/* What it asked for may yet happen; who asked is gone by then. */
static void
on_expire(void *ctx, struct bus_req *req)
{
	struct asker *a = ctx;

	HASH_DEL(a->sd->askers, a);
	free(a);
	bus_refusef(req, ERR_TIMEOUT, "not committed in time");
}

uint64_t
schedd_ask_bus(struct schedd *sd, struct bus_req *r, const char *name)
{
	struct asker *a = add_asker(sd);

	a->name = name;
	a->began_ns = clock_mono_ns();
	a->bus = r;
	bus_on_expire(r, on_expire, a);
	return a->id;
}

void
schedd_forget_askers(struct schedd *sd)
{
	struct asker *a, *tmp;

	HASH_ITER(hh, sd->askers, a, tmp)
	{
		HASH_DEL(sd->askers, a);
		free(a);
	}
}

/* --- carrying out --- */

static void
answer(struct asker *a, const struct sched_act *act)
{
	struct tree *t = NULL;
	struct buf out = { 0 };
	int status = 200;

	if (a->bus != NULL) {
		bus_reply(a->bus, act->body);
	} else if (a->http != NULL) {
		if (a->shape != NULL && (t = a->shape(act)) == NULL) {
			status = 204;
		} else if (a->shape != NULL) {
			tree_to_json(t, &out, api_json_flags(a->http));
			tree_free(t);
		} else if (act->body != NULL) {
			rec_to_json(act->type, act->body, &out,
			    api_json_flags(a->http));
		}
		api_headers(a->http, act->index, true);
		http_reply(a->http, status,
		    status == 200 ? "application/json" : NULL, out.data,
		    out.len);
		buf_release(&out);
	}
}

/* With what there is already. */
static void
refuse_with(struct http_req *r, const struct sched_act *act)
{
	struct buf out = { 0 };

	rec_to_json(act->type, act->body, &out, api_json_flags(r));
	api_headers(r, act->index, true);
	http_reply(r, 409, "application/json", out.data, out.len);
	buf_release(&out);
}

static void
refuse(struct asker *a, const struct sched_act *act)
{
	const struct err *err = &act->err;

	if (a->bus != NULL)
		bus_refuse(a->bus, err);
	else if (a->http != NULL && act->body != NULL)
		refuse_with(a->http, act);
	else if (a->http != NULL && act->is_untaken)
		forward_http_lost(a->sd, a->http);
	else if (a->http != NULL && a->bad_status != 0 && err->code == ERR_BAD)
		http_fail(a->http, a->bad_status, "%s", err->text);
	else if (a->http != NULL)
		api_refuse(a->http, err);
}

struct proposal {
	struct schedd *sd;
	uint64_t number;
};

/* Success was told by apply already. */
static void
on_proposed(void *ctx, const struct err *err, uint64_t index)
{
	struct proposal *p = ctx;

	(void)index;
	if (err != NULL) {
		schedd_enter(p->sd);
		sched_core_not_taken(p->sd->core, p->number, err);
		schedd_leave(p->sd);
	}
	free(p);
}

static void
propose(struct schedd *sd, const struct sched_act *act)
{
	struct proposal *p = xcalloc(1, sizeof *p);
	struct err err;

	p->sd = sd;
	p->number = act->proposal;
	sd->nproposed++;
	if (sched_core_check(act->bytes, act->n, &err) == 0 &&
	    raft_node_propose(sd->raft, act->bytes, act->n, !act->can_wait,
		on_proposed, p, &err) == 0)
		return;
	sched_core_not_taken(sd->core, act->proposal, &err);
	free(p);
}

static void
carry_out(struct schedd *sd, const struct sched_act *act)
{
	struct asker *a;

	if (act->kind == SCHED_ACT_PROPOSE) {
		propose(sd, act);
		return;
	}
	if ((a = take_asker(sd, act->req)) == NULL)
		return;
	if (a->name != NULL)
		schedd_metrics_took(sd, a->name, clock_mono_ns() - a->began_ns);
	if (act->kind == SCHED_ACT_REPLY)
		answer(a, act);
	else
		refuse(a, act);
	free(a);
}

static void run_woken(void *arg);

static void
post_run_woken(struct schedd *sd)
{
	if (sd->run_posted ||
	    (TAILQ_EMPTY(&sd->woken) && TAILQ_EMPTY(&sd->followers_woken)))
		return;
	sd->run_posted = true;
	loop_post(sd->loop, run_woken, sd);
}

/* Those for whom there is no time have another turn. */
static void
run_woken(void *arg)
{
	struct schedd *sd = arg;

	sd->run_posted = false;
	follow_run_woken(sd);
	query_run_woken(sd, QUERIES_TURN);
	post_run_woken(sd);
}

void
schedd_enter(struct schedd *sd)
{
	sched_core_clock(
	    sd->core, loop_now_ms(sd->loop), loop_wall_ns(sd->loop));
}

void
schedd_leave(struct schedd *sd)
{
	uint64_t due_ms, now_ms = loop_now_ms(sd->loop);
	struct sched_act act;

	while (sched_core_next(sd->core, &act))
		carry_out(sd, &act);
	due_ms = sched_core_due_ms(sd->core);
	if (due_ms == UINT64_MAX)
		loop_timer_cancel(sd->tick);
	else
		loop_timer_set(sd->tick, due_ms > now_ms ? due_ms - now_ms : 0);
	/* Many commands may be applied in a turn: one answer for all. */
	post_run_woken(sd);
}

void
schedd_on_tick(void *arg)
{
	struct schedd *sd = arg;

	schedd_enter(sd);
	sched_core_tick(sd->core);
	schedd_leave(sd);
}
