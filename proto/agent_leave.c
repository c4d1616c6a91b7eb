#include "proto/agent_leave.h"

#include "common/clock.h"
#include "proto/conftext.h"

#define DEADLINE_NS (3600 * CLOCK_NS_PER_S) /* of a drain */
#define MORE_MS     60000 /* for tasks to be killed, and to be told of */
#define FOR_EVER_MS (UINT64_C(365) * 24 * 3600 * 1000)

static int64_t
deadline_ns(const struct agent_drain_on_shutdown *d)
{
	int64_t ns = DEADLINE_NS;

	if (d->deadline != NULL && *d->deadline != '\0')
		clock_parse_dur(d->deadline, &ns);
	return ns > 0 ? ns : 0;
}

void
agent_leave_put(const struct agent_config *c, struct buf *b)
{
	const struct agent_drain_on_shutdown *d = c->client.drain_on_shutdown;
	char text[CLOCK_DUR_SIZE];

	conftext_put_bool(b, "leave_on_interrupt", c->leave_on_interrupt);
	conftext_put_bool(b, "leave_on_terminate", c->leave_on_terminate);
	if (d == NULL)
		return;
	clock_format_dur(deadline_ns(d), text);
	buf_addf(b,
	    "drain_on_shutdown = { enabled = true; deadline = \"%s\"; "
	    "force = %s; ignore_system_jobs = %s; };\n",
	    text, d->force ? "true" : "false",
	    d->ignore_system_jobs ? "true" : "false");
}

uint64_t
agent_leave_ms(const struct agent_config *c, uint64_t usual_ms)
{
	const struct agent_drain_on_shutdown *d = c->client.drain_on_shutdown;

	if (d == NULL || !(c->leave_on_interrupt || c->leave_on_terminate))
		return usual_ms;
	if (d->force)
		return MORE_MS;
	if (deadline_ns(d) == 0)
		return FOR_EVER_MS;
	return MORE_MS + (uint64_t)(deadline_ns(d) / CLOCK_NS_PER_MS);
}
