#include "cmd/nodeagent/docker_sweep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/docker_answer.h"
#include "cmd/nodeagent/docker_create.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"

struct docker_sweep {
	struct loop *loop;
	struct docker_engine *engine;
	const struct docker_dangling_options *options;
	const char *node_id;
	bool (*is_ours)(void *ctx, const char *id, const char *name);
	void *ctx;
	struct loop_timer *timer;
	struct docker_call *call;
};

/* Asked of the engine too, but what is destroyed is not left to a filter. */
static bool
is_of_this_node(const struct docker_sweep *s, const struct docker_listed *c)
{
	const char *node_id =
	    rec_kv_get(c->labels, c->nlabels, DOCKER_LABEL_NODE);

	return node_id != NULL && strcmp(node_id, s->node_id) == 0;
}

static bool
is_task(const struct docker_sweep *s, const struct docker_listed *c)
{
	const char *name =
	    c->nnames > 0 && c->names[0] != NULL ? c->names[0] : "";

	return s->is_ours(s->ctx, c->id, *name == '/' ? name + 1 : name);
}

static void
look_at(struct docker_sweep *s, const struct docker_listed *c)
{
	/* Compared in seconds: an engine may say anything. */
	int64_t young_s = (loop_wall_ns(s->loop) - s->options->creation_grace) /
			  CLOCK_NS_PER_S;
	const char *alloc_id =
	    rec_kv_get(c->labels, c->nlabels, DOCKER_LABEL_ALLOC_ID);
	char *path;

	if (alloc_id == NULL || c->id == NULL || *c->id == '\0' ||
	    !is_of_this_node(s, c) || c->created > young_s || is_task(s, c))
		return;
	log_info("docker: container of no task id=%s alloc=%s removed=%s",
	    c->id, alloc_id, s->options->dry_run ? "no, dry_run" : "yes");
	if (s->options->dry_run)
		return;
	path = xasprintf("/containers/%s?force=1&v=1", c->id);
	docker_engine_tell(s->engine, "DELETE", path);
	free(path);
}

static void
on_listed(void *ctx, const struct docker_reply *r)
{
	struct docker_sweep *s = ctx;
	struct docker_listed *list;
	struct err err;
	size_t n;

	s->call = NULL;
	loop_timer_set(
	    s->timer, (uint64_t)(s->options->period / CLOCK_NS_PER_MS));
	if (r->why != NULL)
		return; /* the engine is away, which others tell */
	if (docker_list_read(r->body, r->len, &list, &n, &err) == -1) {
		log_warn("docker: containers not listed: %s", err.text);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		look_at(s, &list[i]);
		rec_clear(&docker_listed_type, &list[i]);
	}
	free(list);
}

static void
on_timer(void *arg)
{
	struct docker_sweep *s = arg;
	struct docker_ask ask = { .method = "GET",
		.path = "/containers/"
			"json?all=1&filters=%7B%22label%22%3A%5B%"
			"22" DOCKER_LABEL_NODE "%22%5D%7D",
		.timeout_ms = DOCKER_ASK_MS,
		.on_reply = on_listed,
		.ctx = s };

	if (s->call == NULL)
		s->call = docker_engine_ask(s->engine, &ask);
}

struct docker_sweep *
docker_sweep_new(struct loop *l, struct docker_engine *e,
    const struct docker_dangling_options *options, const char *node_id,
    bool (*is_ours)(void *ctx, const char *id, const char *name), void *ctx)
{
	struct docker_sweep *s = xcalloc(1, sizeof *s);

	*s = (struct docker_sweep){ .loop = l,
		.engine = e,
		.options = options,
		.node_id = node_id,
		.is_ours = is_ours,
		.ctx = ctx,
		.timer = loop_timer_new(l, on_timer, s) };
	return s;
}

void
docker_sweep_free(struct docker_sweep *s)
{
	if (s == NULL)
		return;
	docker_call_cancel(s->call);
	loop_timer_free(s->timer);
	free(s);
}

void
docker_sweep_now(struct docker_sweep *s)
{
	if (s != NULL && !loop_timer_is_set(s->timer))
		loop_timer_set(s->timer, 0);
}
