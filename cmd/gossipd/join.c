#include "cmd/gossipd/join.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/port.h"
#include "common/lookup.h"
#include "common/mem.h"

/* One name of a list. */
struct target {
	struct task *task;
	char *name;
	struct lookup *lookup;
	struct pool_addr addrs[LOOKUP_MAX_ADDRS];
	size_t naddrs, at; /* addrs[at] is being tried */
	uint64_t token;    /* of the attempt; 0: none */
};

struct task {
	struct joins *joins;
	struct task *next;
	struct target targets[JOIN_MAX_ADDRS];
	size_t ntargets, nopen;
	size_t njoined;
	bool replay;
	struct buf errors;
	/* Attempts are made, and their ends told, on a turn of their own: the
	 * pool must not be called from within its own events. */
	struct loop_timer *soon;
	void (*done)(void *ctx, const struct join_result *r);
	void *ctx;
};

struct joins {
	struct loop *loop;
	struct pool *pool;
	uint16_t port;
	void (*moved)(void *ctx);
	void *ctx;
	struct task *tasks;
	size_t ntasks;
	uint64_t last_token;
};

static void
task_free(struct task *t)
{
	struct task **at = &t->joins->tasks;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->joins->ntasks--;
	for (size_t i = 0; i < t->ntargets; i++) {
		lookup_cancel(t->targets[i].lookup);
		free(t->targets[i].name);
	}
	loop_timer_free(t->soon);
	buf_release(&t->errors);
	free(t);
}

static void
target_close(struct target *g, const char *why)
{
	struct task *t = g->task;

	t->nopen--;
	g->token = 0;
	g->at = g->naddrs;
	if (why == NULL)
		t->njoined++;
	else
		buf_addf(&t->errors, "%s%s: %s", t->errors.len > 0 ? "\n" : "",
		    g->name, why);
	loop_timer_set(t->soon, 0);
}

/* On the loop, outside of the pool. */
static void
step(void *arg)
{
	struct task *t = arg;
	struct joins *j = t->joins;

	for (size_t i = 0; i < t->ntargets; i++) {
		struct target *g = &t->targets[i];

		if (g->token != 0 || g->at >= g->naddrs)
			continue;
		g->token = ++j->last_token;
		pool_join(j->pool, loop_now_ms(j->loop), g->token,
		    &g->addrs[g->at], t->replay);
		j->moved(j->ctx);
	}
	if (t->nopen == 0) {
		struct join_result r = { t->njoined, buf_str(&t->errors) };

		t->done(t->ctx, &r);
		task_free(t);
	}
}

static void
on_found(
    void *ctx, const struct sockaddr_storage *addrs, size_t n, const char *why)
{
	struct target *g = ctx;

	g->lookup = NULL;
	if (n == 0) {
		target_close(g, why);
		return;
	}
	for (size_t i = 0; i < n; i++)
		gossip_addr_from_sock(&addrs[i], &g->addrs[i]);
	g->naddrs = n;
	loop_timer_set(g->task->soon, 0);
}

static void
target_open(struct task *t, const char *name)
{
	struct target *g = &t->targets[t->ntargets++];
	char host[256];
	int64_t port;

	g->task = t;
	g->name = xstrdup(name);
	t->nopen++;
	if (gossip_addr_parse_default(
		name, host, sizeof host, &port, t->joins->port) == -1)
		target_close(g, "no host:port");
	else if (gossip_addr_numeric(host, port, &g->addrs[0]))
		g->naddrs = 1;
	else
		g->lookup = lookup_new(
		    t->joins->loop, host, (uint16_t)port, on_found, g);
}

bool
joins_start(struct joins *j, char *const *addrs, size_t n, bool replay,
    void (*done)(void *ctx, const struct join_result *r), void *ctx)
{
	struct task *t;

	if (n > JOIN_MAX_ADDRS || j->ntasks == JOIN_MAX_TASKS)
		return false;
	t = xcalloc(1, sizeof *t);
	t->joins = j;
	t->replay = replay;
	t->done = done;
	t->ctx = ctx;
	t->soon = loop_timer_new(j->loop, step, t);
	t->next = j->tasks;
	j->tasks = t;
	j->ntasks++;
	for (size_t i = 0; i < n; i++)
		target_open(t, addrs[i]);
	loop_timer_set(t->soon, 0);
	return true;
}

static struct target *
target_of(struct joins *j, uint64_t token)
{
	for (struct task *t = j->tasks; t != NULL; t = t->next)
		for (size_t i = 0; i < t->ntargets; i++)
			if (t->targets[i].token == token)
				return &t->targets[i];
	return NULL;
}

void
joins_on_joined(struct joins *j, uint64_t token, bool ok, const char *why)
{
	struct target *g = target_of(j, token);

	if (g == NULL)
		return;
	if (ok) {
		target_close(g, NULL);
	} else if (++g->at < g->naddrs) {
		g->token = 0;
		loop_timer_set(g->task->soon, 0);
	} else {
		target_close(g, why);
	}
}

struct joins *
joins_new(struct loop *l, struct pool *pool, uint16_t port,
    void (*moved)(void *ctx), void *ctx)
{
	struct joins *j = xcalloc(1, sizeof *j);

	j->loop = l;
	j->pool = pool;
	j->port = port;
	j->moved = moved;
	j->ctx = ctx;
	return j;
}

void
joins_free(struct joins *j)
{
	if (j == NULL)
		return;
	while (j->tasks != NULL)
		task_free(j->tasks);
	free(j);
}

uint64_t
join_wait_ms(int64_t n, uint64_t interval_ms, uint64_t chance)
{
	uint64_t wait = JOIN_FIRST_WAIT_MS;

	while (n-- > 1 && wait < interval_ms)
		wait *= 2;
	if (wait > interval_ms)
		wait = interval_ms;
	return wait - chance % (wait / 4 + 1);
}
