/* The node's events, for the servers' record of it. */
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/serverlink_impl.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/nodemsg.h"

void
link_forget_events(struct serverlink *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rec_clear(&node_event_type, &l->events[i]);
	l->nevents -= n;
	if (l->nevents > 0)
		memmove(
		    l->events, l->events + n, l->nevents * sizeof *l->events);
	else {
		free(l->events);
		l->events = NULL;
	}
}

static void
on_events_pushed(void *ctx, const struct err *err, const void *reply)
{
	struct serverlink *l = ctx;

	(void)reply;
	l->pushing_events = false;
	if (err != NULL) {
		link_note_failure(l, &l->push_events, err);
		loop_timer_set(
		    l->push_timer, link_retry_ms(l, &l->push_events));
		return;
	}
	link_note_success(l, &l->push_events);
	link_forget_events(l, l->nevents_sent);
	if (l->nevents > 0)
		loop_timer_set(l->push_timer, 0);
}

void
link_push_events(struct serverlink *l)
{
	struct node_event_put put = { .node_id = l->na->node.id,
		.secret_id = l->na->node.secret_id,
		.events = l->events,
		.nevents = l->nevents };

	if (l->nevents == 0)
		return;
	l->pushing_events = true;
	l->nevents_sent = l->nevents;
	bus_call(l->peer, MSG_NODE_EVENTS, &put, SERVERLINK_LEASE_TIMEOUT_MS,
	    on_events_pushed, l);
}

void
serverlink_put_event(struct serverlink *l, const char *subsystem,
    const char *message, const char *driver)
{
	struct node_event *e;

	if (l->nevents >= SERVERLINK_MAX_EVENTS && !l->pushing_events)
		link_forget_events(l, 1);
	if (l->nevents >= SERVERLINK_MAX_EVENTS)
		return;
	l->events = xreallocarray(l->events, l->nevents + 1, sizeof *l->events);
	e = &l->events[l->nevents++];
	*e = (struct node_event){ .subsystem = xstrdup(subsystem),
		.message = xstrdup(message),
		.timestamp = loop_wall_ns(l->na->loop) };
	rec_kv_set(&e->details, &e->ndetails, "driver", driver);
	loop_timer_set(l->push_timer, 0);
}
