#include "cmd/nodeagent/docker_pull.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "cmd/nodeagent/docker_answer.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/map.h"
#include "common/mem.h"

struct docker_waiter {
	TAILQ_ENTRY(docker_waiter) entry;
	struct docker_pull *pull;
	struct docker_pull_ops ops;
	void *ctx;
};

struct docker_pull {
	struct docker_pulls *all;
	char *key, *image;
	TAILQ_HEAD(docker_waiters, docker_waiter) waiters;
	struct docker_call *call;
	struct docker_progress progress;
	struct loop_timer *timer;
	uint64_t began_ms, told_ms, moved_ms;
	uint64_t timeout_ms, activity_ms;
	bool over; /* its waiters are being told */
	bool bad;  /* the stream was none of a pull, or told a failure */
	struct err err;
};

struct docker_pulls {
	struct loop *loop;
	struct docker_engine *engine;
	struct map by_key; /* owned docker_pull */
};

struct docker_pulls *
docker_pulls_new(struct loop *l, struct docker_engine *e)
{
	struct docker_pulls *p = xcalloc(1, sizeof *p);

	p->loop = l;
	p->engine = e;
	return p;
}

void
docker_pulls_free(struct docker_pulls *p)
{
	if (p == NULL)
		return;
	map_release(&p->by_key);
	free(p);
}

static void
pull_free(struct docker_pull *pull)
{
	docker_call_cancel(pull->call);
	loop_timer_free(pull->timer);
	docker_progress_release(&pull->progress);
	free(pull->key);
	free(pull->image);
	free(pull);
}

/* Tells each waiter, which may join or leave meanwhile; from an event. */
static void
finish(struct docker_pull *pull, const char *why, bool gone)
{
	struct docker_waiter *w;
	char text[1200];

	snprintf(text, sizeof text, "Failed to pull `%s`: %s", pull->image,
	    why != NULL ? why : "");
	if (why != NULL)
		log_warn("docker: pull failed image=%s: %s", pull->image, why);
	map_remove(&pull->all->by_key, pull->key);
	pull->over = true;
	while ((w = TAILQ_FIRST(&pull->waiters)) != NULL) {
		TAILQ_REMOVE(&pull->waiters, w, entry);
		w->ops.on_done(w->ctx, why != NULL ? text : NULL, gone);
		free(w);
	}
	pull_free(pull);
}

/* --- the stream --- */

static void
on_piece(void *ctx, const char *p, size_t n)
{
	struct docker_pull *pull = ctx;

	pull->moved_ms = loop_now_ms(pull->all->loop);
	if (!pull->bad)
		pull->bad = docker_progress_add(
				&pull->progress, p, n, &pull->err) == -1;
}

static void
on_reply(void *ctx, const struct docker_reply *r)
{
	struct docker_pull *pull = ctx;

	pull->call = NULL;
	if (pull->bad)
		finish(pull, pull->err.text, false);
	else
		finish(pull, r->why, r->code == ERR_GONE);
}

static void
report(struct docker_pull *pull, uint64_t now_ms)
{
	struct docker_waiter *w;
	char text[256];
	int n = snprintf(text, sizeof text, "Docker image pull progress: ");

	docker_progress_text(&pull->progress, now_ms - pull->began_ms, text + n,
	    sizeof text - (size_t)n);
	pull->told_ms = now_ms;
	TAILQ_FOREACH (w, &pull->waiters, entry)
		w->ops.on_progress(w->ctx, text);
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void
set_timer(struct docker_pull *pull, uint64_t now_ms)
{
	uint64_t at = earlier(pull->began_ms + pull->timeout_ms,
	    earlier(pull->moved_ms + pull->activity_ms,
		pull->told_ms + DOCKER_PROGRESS_MS));

	loop_timer_set(pull->timer, at > now_ms ? at - now_ms : 0);
}

static void
give_up(struct docker_pull *pull, const char *what, uint64_t limit_ms)
{
	char dur[CLOCK_DUR_SIZE], why[160];

	clock_format_dur((int64_t)limit_ms * CLOCK_NS_PER_MS, dur);
	snprintf(why, sizeof why, "%s %s", what, dur);
	finish(pull, why, false);
}

static void
on_timer(void *arg)
{
	struct docker_pull *pull = arg;
	uint64_t now_ms = loop_now_ms(pull->all->loop);

	if (now_ms >= pull->began_ms + pull->timeout_ms) {
		give_up(pull, "not done within image_pull_timeout of",
		    pull->timeout_ms);
		return;
	}
	if (now_ms >= pull->moved_ms + pull->activity_ms) {
		give_up(pull, "no progress within pull_activity_timeout of",
		    pull->activity_ms);
		return;
	}
	if (now_ms >= pull->told_ms + DOCKER_PROGRESS_MS)
		report(pull, now_ms);
	set_timer(pull, now_ms);
}

/* --- from outside --- */

static struct docker_pull *
pull_new(struct docker_pulls *p, const char *key,
    const struct docker_pull_wish *wish)
{
	struct docker_pull *pull = xcalloc(1, sizeof *pull);
	struct docker_ask ask = { .method = "POST",
		.path = wish->target,
		.auth = wish->auth,
		.on_piece = on_piece,
		.on_reply = on_reply,
		.ctx = pull };

	pull->all = p;
	pull->key = xstrdup(key);
	pull->image = xstrdup(wish->image);
	pull->began_ms = pull->told_ms = pull->moved_ms = loop_now_ms(p->loop);
	pull->timeout_ms = wish->timeout_ms;
	pull->activity_ms = wish->activity_ms;
	TAILQ_INIT(&pull->waiters);
	pull->timer = loop_timer_new(p->loop, on_timer, pull);
	map_put(&p->by_key, key, pull);
	pull->call = docker_engine_ask(p->engine, &ask);
	set_timer(pull, pull->began_ms);
	log_info("docker: pull begins image=%s", wish->image);
	return pull;
}

struct docker_waiter *
docker_pull_join(struct docker_pulls *p, const struct docker_pull_wish *wish,
    const struct docker_pull_ops *ops, void *ctx)
{
	struct docker_waiter *w = xcalloc(1, sizeof *w);
	/* Who may pull with one secret may not with another. */
	char *key = xasprintf(
	    "%s %s", wish->target, wish->auth != NULL ? wish->auth : "");

	w->ops = *ops;
	w->ctx = ctx;
	w->pull = map_find(&p->by_key, key);
	if (w->pull == NULL)
		w->pull = pull_new(p, key, wish);
	TAILQ_INSERT_TAIL(&w->pull->waiters, w, entry);
	free(key);
	return w;
}

void
docker_pull_leave(struct docker_waiter *w)
{
	struct docker_pull *pull;

	if (w == NULL)
		return;
	pull = w->pull;
	TAILQ_REMOVE(&pull->waiters, w, entry);
	free(w);
	if (pull->over || !TAILQ_EMPTY(&pull->waiters))
		return;
	map_remove(&pull->all->by_key, pull->key);
	pull_free(pull);
}

bool
docker_pull_is_recoverable(const char *why)
{
	const char *image = strstr(why, "Error: image ");

	return image == NULL || strstr(image, " not found") == NULL;
}
