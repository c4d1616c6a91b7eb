/* Allocations: what the servers want of us, and what we tell of it. */
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/runner.h"
#include "cmd/nodeagent/serverlink.h"
#include "cmd/nodeagent/serverlink_impl.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/nodemsg.h"

static void
take_alloc(struct serverlink *l, const struct alloc *news)
{
	struct runner *r = runner_find(l->na, news->id);
	struct alloc *own;

	if (r == NULL && l->na->stop_timer != NULL)
		return; /* all that runs here is being ended */
	own = xcalloc(1, sizeof *own);
	rec_copy(&alloc_type, own, news);
	if (r != NULL)
		runner_update(r, own);
	else
		runner_add(l->na, own);
}

/* A full answer does not list what is gone. */
static void
forget_unlisted(struct serverlink *l)
{
	struct map_entry *next;

	for (struct map_entry *e = map_first(&l->na->runners); e != NULL;
	     e = next) {
		next = map_next(e);
		if (!link_cursor_lists(&l->allocs, map_key(e)))
			runner_forget(map_value(e));
	}
	link_cursor_forget(&l->allocs);
}

/* All that we run is known to be wanted, or told to end. */
static void
tell_heard(struct serverlink *l)
{
	struct map_entry *next;

	for (struct map_entry *e = map_first(&l->na->runners); e != NULL;
	     e = next) {
		struct runner *r = map_value(e);

		next = map_next(e);
		alloc_run_heard(r->run, runner_now(l->na));
		runner_step(r);
	}
}

static void
on_no_allocs(struct serverlink *l, const struct err *err)
{
	if (err->code == ERR_TIMEOUT) {
		link_note_success(l, &l->pull);
		loop_timer_set(l->pull_timer, 0);
		return;
	}
	link_note_failure(l, &l->pull, err);
	if (err->code == ERR_NOT_FOUND) {
		l->registered = false;
		loop_timer_set(l->lease_timer, 0);
	}
	loop_timer_set(l->pull_timer, link_retry_ms(l, &l->pull));
}

static void
on_allocs(void *ctx, const struct err *err, const void *reply)
{
	struct serverlink *l = ctx;
	const struct node_allocs_news *news = reply;

	l->pulling = false;
	if (err != NULL) {
		on_no_allocs(l, err);
		return;
	}
	if (!link_accept(l, &l->pull, &l->allocs, news->index, news->full)) {
		loop_timer_set(l->pull_timer, link_retry_ms(l, &l->pull));
		return;
	}
	link_note_success(l, &l->pull);
	link_cursor_move(
	    &l->allocs, news->index, news->full, news->at, news->after);
	for (size_t i = 0; i < news->nallocs; i++) {
		link_cursor_list(&l->allocs, news->allocs[i].id);
		take_alloc(l, &news->allocs[i]);
	}
	for (size_t i = 0; i < news->ngone; i++) {
		struct runner *r = runner_find(l->na, news->gone[i]);

		if (r != NULL)
			runner_forget(r);
	}
	if (link_cursor_is_whole(&l->allocs)) {
		forget_unlisted(l);
		tell_heard(l);
	}
	link_pull(l);
}

void
link_pull(void *arg)
{
	struct serverlink *l = arg;
	struct node_allocs ask = { .node_id = l->na->node.id,
		.secret_id = l->na->node.secret_id,
		.index = l->allocs.index,
		.at = l->allocs.at,
		.after = l->allocs.after };

	if (l->pulling || !l->registered)
		return;
	l->pulling = true;
	bus_call(
	    l->peer, MSG_NODE_ALLOCS, &ask, SERVERLINK_HELD_MS, on_allocs, l);
}

static void
free_report(struct alloc *a)
{
	if (a == NULL)
		return;
	rec_clear(&alloc_type, a);
	free(a);
}

void
link_forget_unrun(struct serverlink *l)
{
	MAP_FOREACH (e, &l->unrun)
		free_report(map_value(e));
	map_release(&l->unrun);
}

static void
on_pushed(void *ctx, const struct err *err, const void *reply)
{
	struct serverlink *l = ctx;

	(void)reply;
	l->pushing = false;
	if (err == NULL) {
		link_note_success(l, &l->push);
		MAP_FOREACH (e, &l->sent)
			free_report(map_remove(&l->unrun, map_key(e)));
		map_release(&l->sent);
		loop_timer_set(l->push_timer, 0);
		return;
	}
	link_note_failure(l, &l->push, err);
	link_move_all(&l->sent, &l->dirty);
	loop_timer_set(l->push_timer, link_retry_ms(l, &l->push));
}

/* False when nothing is known of it any more. */
static bool
report_of(struct serverlink *l, const char *id, struct alloc *out)
{
	struct runner *r = runner_find(l->na, id);
	const struct alloc *unrun = map_find(&l->unrun, id);

	if (r != NULL)
		alloc_run_report(r->run, out);
	else if (unrun != NULL)
		rec_copy(&alloc_type, out, unrun);
	return r != NULL || unrun != NULL;
}

/* Adds what is to be told of one; false when there is no more room. */
static bool
add_report(struct serverlink *l, const char *id, struct node_update *update,
    struct buf *packed)
{
	struct alloc *report = &update->allocs[update->nallocs];

	if (!report_of(l, id, report))
		return true; /* it has been forgotten meanwhile */
	rec_pack(&alloc_type, report, packed);
	if (packed->len > SERVERLINK_BATCH_BYTES && update->nallocs > 0) {
		rec_clear(&alloc_type, report);
		return false;
	}
	update->nallocs++;
	map_add(&l->sent, id);
	return true;
}

void
link_push_allocs(struct serverlink *l)
{
	struct node_update update = { .node_id = l->na->node.id,
		.secret_id = l->na->node.secret_id,
		.index = l->past.heard_index };
	struct map_entry *e, *next;
	struct buf packed = { 0 };

	update.allocs = xcalloc(SERVERLINK_MAX_BATCH, sizeof *update.allocs);
	for (e = map_first(&l->dirty);
	     e != NULL && update.nallocs < SERVERLINK_MAX_BATCH; e = next) {
		next = map_next(e);
		if (!add_report(l, map_key(e), &update, &packed))
			break;
		map_remove(&l->dirty, map_key(e));
	}
	if (update.nallocs > 0) {
		l->pushing = true;
		update.seq = link_next_seq(l);
		bus_call(l->peer, MSG_NODE_UPDATE, &update,
		    SERVERLINK_LEASE_TIMEOUT_MS, on_pushed, l);
	}
	for (size_t i = 0; i < update.nallocs; i++)
		rec_clear(&alloc_type, &update.allocs[i]);
	free(update.allocs);
	buf_release(&packed);
}

void
serverlink_mark_dirty(struct serverlink *l, const char *alloc_id)
{
	map_add(&l->dirty, alloc_id);
	if (!l->pushing)
		loop_timer_set(l->push_timer, 0);
}

bool
serverlink_is_dirty(const struct serverlink *l, const char *alloc_id)
{
	return map_has(&l->dirty, alloc_id) || map_has(&l->sent, alloc_id);
}

static void
report_unrun(struct serverlink *l, const char *alloc_id, const char *status,
    const char *why)
{
	struct alloc *a = xcalloc(1, sizeof *a);

	a->id = xstrdup(alloc_id);
	a->client_status = xstrdup(status);
	a->client_description = xstrdup(why);
	free_report(map_put(&l->unrun, alloc_id, a));
	serverlink_mark_dirty(l, alloc_id);
}

void
serverlink_report_stopped(struct serverlink *l, const char *alloc_id)
{
	report_unrun(l, alloc_id, "complete", "Never ran on this node");
}

void
serverlink_report_refused(
    struct serverlink *l, const char *alloc_id, const char *why)
{
	report_unrun(l, alloc_id, "failed", why);
}
