/* The steps of a docker task: taken, put off, stalled; and what is told. */
#include <stdio.h>

#include "cmd/nodeagent/driver_docker_impl.h"
#include "common/mem.h"

bool
docker_is_starting(const struct docker_proc *p)
{
	return !p->recovering && !p->running && !p->over;
}

void
docker_fail_without_engine(struct docker_proc *p)
{
	const struct docker_facts *f = docker_health_facts(p->docker->health);
	char why[320];

	snprintf(why, sizeof why, DOCKER_NO_ENGINE ": %s", f->why);
	docker_fail_later(p, why, false);
}

/* --- steps --- */

void
docker_go(struct docker_proc *p, docker_step *step)
{
	const struct docker_facts *f = docker_health_facts(p->docker->health);

	p->step = step;
	if (f->up) {
		step(p);
		return;
	}
	p->stalled = p->was_away = true;
	if (!docker_is_starting(p))
		return;
	if (f->asked && !f->detected)
		docker_fail_without_engine(p);
	else
		loop_timer_set(p->timer, DOCKER_AWAY_START_MS);
}

void
docker_go_later(struct docker_proc *p, docker_step *step, uint64_t after_ms)
{
	p->step = step;
	loop_timer_set(p->timer, after_ms);
}

bool
docker_stalls(struct docker_proc *p, const struct docker_reply *r)
{
	if (r->status != 0 || r->code != ERR_GONE) {
		p->nlost = 0;
		return false;
	}
	p->was_away = true;
	if (++p->nlost <= DOCKER_MAX_LOST)
		p->stalled = true;
	else if (docker_is_starting(p))
		return false;
	else /* the engine is there, and breaks off each time */
		docker_go_later(p, p->step, DOCKER_REOPEN_MS);
	if (docker_is_starting(p))
		loop_timer_set(p->timer, DOCKER_AWAY_START_MS);
	return true;
}

struct docker_call *
docker_proc_ask(struct docker_proc *p, const char *method, const char *path,
    const char *body, uint64_t timeout_ms, docker_on_reply *on_reply)
{
	struct docker_ask ask = { .method = method,
		.path = path,
		.body = body,
		.timeout_ms = timeout_ms,
		.on_reply = on_reply,
		.ctx = p };

	return docker_engine_ask(p->docker->engine, &ask);
}

void
docker_hold_images(struct docker_proc *p, bool hold)
{
	if (hold == p->holds_images)
		return;
	p->holds_images = hold;
	if (hold)
		docker_images_hold(p->docker->images);
	else
		docker_images_let_go(p->docker->images);
}

/* A step's time has come, or a start has waited for too long. */
void
docker_on_step(void *arg)
{
	struct docker_proc *p = arg;
	struct proc_event vanished = { .kind = PROC_VANISHED };

	if (p->abandoned)
		docker_tell(p, &vanished);
	else if (p->failed != NULL)
		docker_fail(p, p->failed, p->unrecoverable);
	else if (p->stalled)
		docker_fail_without_engine(p);
	else
		docker_go(p, p->step);
}

/* --- events --- */

void
docker_tell(struct docker_proc *p, const struct proc_event *e)
{
	if (p->over)
		return;
	p->over = e->kind != PROC_STARTED && e->kind != PROC_FOUND &&
		  e->kind != PROC_NOTE;
	if (p->over)
		docker_hold_images(p, false);
	p->proc.on_event(p->proc.ctx, &p->proc, e);
}

void
docker_fail(struct docker_proc *p, const char *why, bool unrecoverable)
{
	struct proc_event e = {
		.kind = PROC_FAILED, .why = why, .unrecoverable = unrecoverable
	};

	docker_tell(p, &e);
}

void
docker_fail_later(struct docker_proc *p, const char *why, bool unrecoverable)
{
	if (p->failed == NULL)
		p->failed = xstrdup(why);
	p->unrecoverable = unrecoverable;
	loop_timer_set(p->timer, 0);
}
