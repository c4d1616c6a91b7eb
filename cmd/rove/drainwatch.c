#include "cmd/rove/drainwatch.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/lists.h"
#include "cmd/rove/text.h"
#include "common/clock.h"
#include "common/mem.h"
#include "proto/alloc.h"
#include "proto/job.h"
#include "proto/node.h"

/* What was seen of an allocation. */
struct seen {
	char *client, *desired;
	bool migrates;
};

static void
seen_free(struct seen *s)
{
	if (s == NULL)
		return;
	free(s->client);
	free(s->desired);
	free(s);
}

void
drainwatch_say(const char *fmt, ...)
{
	struct buf line = { 0 };
	va_list ap;

	text_time(clock_wall_ns(), &line);
	printf("%s: ", buf_str(&line));
	buf_release(&line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* --- allocations --- */

static bool
is_text(const char *a, const char *b)
{
	return strcmp(lists_text(a), lists_text(b)) == 0;
}

static void
tell_change(const struct seen *was, const struct alloc *a)
{
	bool migrates = a->desired_transition.migrate;

	if (!is_text(was->client, a->client_status))
		drainwatch_say("Alloc \"%s\" status %s -> %s", a->id,
		    lists_text(was->client), lists_text(a->client_status));
	else if (migrates && !was->migrates)
		drainwatch_say("Alloc \"%s\" marked for migration", a->id);
	else if (migrates && !is_text(was->desired, a->desired_status) &&
		 is_text(a->desired_status, "stop"))
		drainwatch_say("Alloc \"%s\" draining", a->id);
}

static void
see_alloc(struct drainwatch *w, const struct alloc *a)
{
	struct seen *was = map_find(&w->allocs, a->id);
	struct seen *now = xcalloc(1, sizeof *now);

	if (was != NULL)
		tell_change(was, a);
	now->client = xstrdup(lists_text(a->client_status));
	now->desired = xstrdup(lists_text(a->desired_status));
	now->migrates = a->desired_transition.migrate;
	seen_free(map_put(&w->allocs, a->id, now));
}

/* Whether the drain waits for it. */
static bool
is_awaited(const struct drainwatch *w, const struct alloc *a)
{
	if (w->ignore_system && a->job != NULL &&
	    is_text(a->job->type, "system"))
		return false;
	return is_text(a->client_status, "pending") ||
	       is_text(a->client_status, "running");
}

/* Waits a while for news, but the first time. */
static int
look_at_allocs(struct drainwatch *w, size_t *awaited)
{
	struct client *client = &w->cli->client;
	char *path = client_path("/v1/node/", w->id, "/allocations");
	struct alloc *allocs;
	struct err err;
	char params[64];
	size_t n;
	int rc;

	snprintf(params, sizeof params, "index=%" PRIu64 "&wait=%dms", w->index,
	    DRAINWATCH_WAIT_MS);
	rc = client_list(client, path, w->index != 0 ? params : NULL,
	    &alloc_type, &allocs, &n, &err);
	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error monitoring allocations");
	w->index = client->index;
	*awaited = 0;
	for (size_t i = 0; i < n; i++) {
		if (allocs[i].id == NULL)
			continue;
		see_alloc(w, &allocs[i]);
		*awaited += is_awaited(w, &allocs[i]);
	}
	client_free_list(&alloc_type, allocs, n);
	return 0;
}

/* --- the node --- */

/* Without a drain there is nothing to wait for, whatever still runs. */
static void
see_node(struct drainwatch *w, const struct node *n)
{
	if (n->drain_strategy != NULL) {
		w->was_draining = true;
		return;
	}
	w->node_over = true;
	if (!w->was_draining) {
		drainwatch_say("No drain strategy set for node %s", w->id);
		w->allocs_over = true;
	} else if (n->last_drain != NULL &&
		   is_text(n->last_drain->status, "canceled")) {
		drainwatch_say("Drain of node \"%s\" canceled", w->id);
		w->allocs_over = true;
	} else {
		drainwatch_say("Node \"%s\" has marked all allocations for "
			       "migration",
		    w->id);
	}
}

/* Waits for news when it is all that is left to look at. */
static int
look_at_node(struct drainwatch *w)
{
	struct client *client = &w->cli->client;
	char *path = client_path("/v1/node/", w->id, "");
	struct node node;
	struct err err;
	int rc = client_await(client, path, w->allocs_over ? w->node_index : 0,
	    DRAINWATCH_WAIT_MS, &node_type, &node, &err);

	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error monitoring node");
	w->node_index = client->index;
	see_node(w, &node);
	rec_clear(&node_type, &node);
	return 0;
}

/* --- the whole --- */

int
drainwatch_begin(
    struct drainwatch *w, struct cli *c, const char *id, bool ignore_system)
{
	size_t awaited;

	*w = (struct drainwatch){
		.cli = c, .id = id, .ignore_system = ignore_system
	};
	return look_at_allocs(w, &awaited);
}

int
drainwatch_follow(struct drainwatch *w, bool is_new)
{
	int status = 0;

	w->was_draining = is_new;
	while (status == 0 && !(w->node_over && w->allocs_over)) {
		size_t awaited = 0;

		if (!w->allocs_over) {
			status = look_at_allocs(w, &awaited);
			w->allocs_over = awaited == 0;
			if (status == 0 && w->allocs_over)
				drainwatch_say("All allocations on node \"%s\" "
					       "have stopped",
				    w->id);
		}
		if (status == 0 && !w->node_over)
			status = look_at_node(w);
	}
	return status;
}

void
drainwatch_end(struct drainwatch *w)
{
	MAP_FOREACH (e, &w->allocs)
		seen_free(map_value(e));
	map_release(&w->allocs);
}
