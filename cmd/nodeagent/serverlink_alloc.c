/* Allocations: what the servers want of us, and what we tell of it. */
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/runner.h"
#include "cmd/nodeagent/serverlink.h"
#include "cmd/nodeagent/serverlink_impl.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/nodemsg.h"

static int here; /* its address is a value for maps that are sets */

static void
take_alloc(struct serverlink *l, const struct alloc *news)
{
	struct runner *r = runner_find(l->na, news->id);
	struct alloc *own = xcalloc(1, sizeof *own);

	rec_copy(&alloc_type, own, news);
	if (r != NULL)
		runner_update(r, own);
	else
		runner_add(l->na, own);
}

static bool
is_listed(const struct node_allocs_news *news, const char *id)
{
	for (size_t i = 0; i < news->nallocs; i++)
		if (strcmp(news->allocs[i].id, id) == 0)
			return true;
	return false;
}

/* A full answer does not list what is gone. */
static void
forget_unlisted(struct serverlink *l, const struct node_allocs_news *news)
{
	struct map_entry *next;

	for (struct map_entry *e = map_first(&l->na->runners); e != NULL;
	     e = next) {
		next = map_next(e);
		if (!is_listed(news, map_key(e)))
			runner_forget(map_value(e));
	}
}

static void
on_allocs(void *ctx, const struct err *err, const void *reply)
{
	struct serverlink *l = ctx;
	const struct node_allocs_news *news = reply;

	l->pulling = false;
	if (err != NULL) {
		if (err->code != ERR_TIMEOUT)
			link_note_failure(l, err);
		if (err->code == ERR_NOT_FOUND) {
			l->registered = false;
			loop_timer_set(l->lease_timer, 0);
		}
		loop_timer_set(l->pull_timer,
		    err->code == ERR_TIMEOUT ? 0 : link_retry_ms(l));
		return;
	}
	l->index = news->index;
	for (size_t i = 0; i < news->nallocs; i++)
		take_alloc(l, &news->allocs[i]);
	for (size_t i = 0; i < news->ngone; i++) {
		struct runner *r = runner_find(l->na, news->gone[i]);

		if (r != NULL)
			runner_forget(r);
	}
	if (news->full)
		forget_unlisted(l, news);
	link_pull(l);
}

void
link_pull(void *arg)
{
	struct serverlink *l = arg;
	struct node_allocs ask = { .node_id = l->na->node.id,
		.secret_id = l->na->node.secret_id,
		.index = l->index };

	if (l->pulling || !l->registered)
		return;
	l->pulling = true;
	bus_call(
	    l->peer, MSG_NODE_ALLOCS, &ask, SERVERLINK_HELD_MS, on_allocs, l);
}

static void
on_pushed(void *ctx, const struct err *err, const void *reply)
{
	struct serverlink *l = ctx;

	(void)reply;
	l->pushing = false;
	if (err == NULL) {
		MAP_FOREACH (e, &l->sent)
			map_remove(&l->stopped, map_key(e));
		map_release(&l->sent);
		loop_timer_set(l->push_timer, 0);
		return;
	}
	link_note_failure(l, err);
	link_move_all(&l->sent, &l->dirty);
	loop_timer_set(l->push_timer, link_retry_ms(l));
}

static void
report_of(struct serverlink *l, const char *id, struct alloc *out)
{
	struct runner *r = runner_find(l->na, id);

	if (r != NULL) {
		alloc_run_report(r->run, out);
		return;
	}
	*out = (struct alloc){ .id = xstrdup(id),
		.client_status = xstrdup("complete"),
		.client_description = xstrdup("Never ran on this node") };
}

void
link_push_allocs(struct serverlink *l)
{
	struct node_update update = { .node_id = l->na->node.id,
		.secret_id = l->na->node.secret_id };
	struct map_entry *e, *next;

	update.allocs = xcalloc(SERVERLINK_MAX_BATCH, sizeof *update.allocs);
	for (e = map_first(&l->dirty);
	     e != NULL && update.nallocs < SERVERLINK_MAX_BATCH; e = next) {
		next = map_next(e);
		if (runner_find(l->na, map_key(e)) != NULL ||
		    map_find(&l->stopped, map_key(e)) != NULL) {
			report_of(
			    l, map_key(e), &update.allocs[update.nallocs++]);
			map_put(&l->sent, map_key(e), &here);
		}
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
}

void
serverlink_mark_dirty(struct serverlink *l, const char *alloc_id)
{
	map_put(&l->dirty, alloc_id, &here);
	if (!l->pushing)
		loop_timer_set(l->push_timer, 0);
}

bool
serverlink_is_dirty(const struct serverlink *l, const char *alloc_id)
{
	return map_find(&l->dirty, alloc_id) != NULL ||
	       map_find(&l->sent, alloc_id) != NULL;
}

void
serverlink_report_stopped(struct serverlink *l, const char *alloc_id)
{
	map_put(&l->stopped, alloc_id, &here);
	serverlink_mark_dirty(l, alloc_id);
}
