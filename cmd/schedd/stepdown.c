#include "cmd/schedd/stepdown.h"

#include <stdlib.h>

#include "cmd/schedd/forward.h"
#include "cmd/schedd/schedd.h"
#include "cmd/schedd/servers.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/raft/node.h"

#define LOOK_MS 10

struct stepdown {
	struct schedd *sd;
	struct loop_timer *timer;
	void (*done)(struct schedd *sd); /* NULL: not begun */
	uint64_t end_ms; /* then it has been waited for long enough */
};

/* What came meanwhile has had its answer from who leads now. */
static bool
is_handed_over(struct schedd *sd)
{
	return !sd->leading && servers_leader(sd) != NULL &&
	       forward_is_over(sd);
}

static void
on_look(void *arg)
{
	struct stepdown *s = arg;
	void (*done)(struct schedd *) = s->done;

	if (done != NULL && loop_now_ms(s->sd->loop) < s->end_ms &&
	    !is_handed_over(s->sd)) {
		loop_timer_set(s->timer, LOOK_MS);
		return;
	}
	s->done = NULL;
	if (done != NULL)
		done(s->sd);
}

static void
on_transferred(void *ctx, const struct err *err, uint64_t index)
{
	struct stepdown *s = ctx;

	(void)index;
	if (err != NULL) {
		log_warn("nobody takes the lead over: %s", err->text);
		s->end_ms = 0;
	}
	if (s->done != NULL)
		loop_timer_set(s->timer, 0);
}

void
stepdown_begin(struct schedd *sd, void (*done)(struct schedd *sd))
{
	struct stepdown *s = sd->stepdown;
	struct err err;

	if (!sd->leading || !servers_may_disagree(sd)) {
		done(sd);
		return;
	}
	s->done = done;
	s->end_ms = loop_now_ms(sd->loop) + STEPDOWN_MS;
	loop_timer_set(s->timer, STEPDOWN_MS);
	if (raft_node_transfer(sd->raft, 0, on_transferred, s, &err) == -1)
		on_transferred(s, &err, 0);
}

bool
stepdown_began(const struct schedd *sd)
{
	return sd->stepdown->done != NULL;
}

void
stepdown_led(struct schedd *sd)
{
	if (stepdown_began(sd) && !sd->leading)
		loop_timer_set(sd->stepdown->timer, 0);
}

void
stepdown_open(struct schedd *sd)
{
	struct stepdown *s = xcalloc(1, sizeof *s);

	sd->stepdown = s;
	s->sd = sd;
	s->timer = loop_timer_new(sd->loop, on_look, s);
}

void
stepdown_close(struct schedd *sd)
{
	if (sd->stepdown == NULL)
		return;
	loop_timer_free(sd->stepdown->timer);
	free(sd->stepdown);
	sd->stepdown = NULL;
}
