/*
 * A container's output, on its way into the task's log files: which of the
 * ways of docker_log.h is taken, and when it is asked for again.
 *
 * A container that we start is attached to before. After nodeagent or the
 * engine was away, the engine's files are read up to where ours end, and
 * followed from there.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cmd/nodeagent/driver_docker_impl.h"
#include "common/log.h"

static void open_output(struct docker_proc *p);

void
docker_on_save(void *arg)
{
	struct docker_proc *p = arg;
	struct docker_log_pos pos;
	struct err err;

	if (!p->has_log || !docker_log_changed(&p->log))
		return;
	docker_log_tell(&p->log, &pos);
	if (docker_log_save(p->pos_path, &pos, &err) == -1)
		log_warn("docker: position in output not kept: %s", err.text);
}

static void
step_drained(struct docker_proc *p)
{
	log_warn("docker: output not complete container=%s", p->name);
	docker_tell_end(p);
}

/* --- the stream --- */

static void
on_open(void *ctx)
{
	struct docker_proc *p = ctx;

	if (!p->attaching)
		return;
	p->attaching = false;
	docker_go(p, docker_step_start);
}

static void
on_output(void *ctx, const char *bytes, size_t n)
{
	struct docker_proc *p = ctx;
	struct err err;

	if (p->bad_output)
		return;
	if (docker_log_feed(&p->log, bytes, n, &err) == -1) {
		log_warn("docker: output of %s: %s", p->name, err.text);
		p->bad_output = true;
		loop_timer_set(p->reopen, DOCKER_REOPEN_MS);
	}
	if (p->ended)
		docker_go_later(p, step_drained, DOCKER_DRAIN_MS);
	if (p->way == DOCKER_LOG_KEPT && !loop_timer_is_set(p->save))
		loop_timer_set(p->save, DOCKER_SAVE_MS);
}

/* The engine refuses this way: what it cannot tell of the past may be heard
 * from now on, and the other way round. */
static void
take_other_way(struct docker_proc *p, const struct docker_reply *r)
{
	log_warn("docker: no output of %s: %s", p->name, r->why);
	if (++p->nrefused >= DOCKER_NWAYS)
		p->no_log = true;
	p->way = p->way == DOCKER_LOG_LIVE ? DOCKER_LOG_KEPT : DOCKER_LOG_LIVE;
}

/* The stream of the way is at its end. True when nothing else is to come of a
 * container that has ended. */
static bool
is_complete(struct docker_proc *p, const struct docker_reply *r)
{
	enum docker_log_way way = p->way;

	if (r->status >= 400) {
		take_other_way(p, r);
		return true;
	}
	if (way == DOCKER_LOG_LIVE)
		p->way = DOCKER_LOG_FIND;
	if (r->why != NULL || p->bad_output)
		return false;
	if (way == DOCKER_LOG_KEPT) /* it may end where a file of many does */
		return !docker_log_brought(&p->log);
	if (way == DOCKER_LOG_LIVE)
		return !p->was_away;
	if (!docker_log_found(&p->log))
		log_warn("docker: output lost container=%s: the engine has "
			 "dropped it",
		    p->name);
	docker_on_save(p);
	p->way = DOCKER_LOG_KEPT;
	return false;
}

/* A live stream that is at its end has told all, unless the engine went. */
static bool
wants_more(const struct docker_proc *p)
{
	return !p->complete || (p->was_away && p->way == DOCKER_LOG_FIND);
}

static void
go_on_draining(struct docker_proc *p, const struct docker_reply *r)
{
	loop_timer_cancel(p->timer);
	p->step = docker_step_look;
	if (docker_stalls(p, r))
		return; /* it has ended when it is looked at, too */
	if (r->status == 0)
		step_drained(p);
	else
		docker_drain_output(p);
}

static void
on_output_end(void *ctx, const struct docker_reply *r)
{
	struct docker_proc *p = ctx;
	bool found = p->way == DOCKER_LOG_FIND && r->status == 200;

	p->output = NULL;
	if (p->attaching) {
		p->attaching = false;
		if (docker_stalls(p, r))
			return;
		is_complete(p, r);
		docker_go(p, docker_step_start);
		return;
	}
	p->complete = is_complete(p, r);
	if (p->ended)
		go_on_draining(p, r);
	else if (found)
		open_output(p);
	else if (!p->no_log)
		loop_timer_set(p->reopen,
		    wants_more(p) ? DOCKER_REOPEN_MS : DOCKER_END_MS);
}

/* --- asking for it --- */

static void
begin_log(struct docker_proc *p)
{
	struct docker_log_pos pos;
	bool known = p->recovering && docker_log_load(p->pos_path, &pos);

	if (p->recovering)
		p->way = known && pos.live ? DOCKER_LOG_FIND : DOCKER_LOG_KEPT;
	docker_log_init(&p->log, p->log_dir, p->task, p->log_max_files,
	    p->log_max_bytes, p->config.tty, known ? &pos : NULL);
	p->has_log = true;
}

static void
open_output(struct docker_proc *p)
{
	struct buf target = { 0 };
	struct docker_ask ask = { .on_open = on_open,
		.on_piece = on_output,
		.on_reply = on_output_end,
		.ctx = p };

	if (!p->keep_logs || p->no_log || p->output != NULL)
		return;
	if (!p->has_log)
		begin_log(p);
	p->bad_output = p->complete = false;
	docker_log_begin(&p->log, p->way, p->id, &target);
	if (p->way != DOCKER_LOG_FIND)
		docker_on_save(p); /* where it begins must be known */
	ask.method = p->way == DOCKER_LOG_LIVE ? "POST" : "GET";
	ask.path = target.data;
	p->output = docker_engine_ask(p->docker->engine, &ask);
	buf_release(&target);
}

void
docker_step_attach(struct docker_proc *p)
{
	if (!p->keep_logs) {
		docker_go(p, docker_step_start);
		return;
	}
	p->attaching = true;
	open_output(p);
}

void
docker_follow_output(struct docker_proc *p)
{
	if (wants_more(p))
		open_output(p);
}

void
docker_drain_output(struct docker_proc *p)
{
	if (wants_more(p))
		open_output(p); /* it broke off, or was never there */
	if (p->output == NULL)
		docker_tell_end(p);
	else
		docker_go_later(p, step_drained, DOCKER_DRAIN_MS);
}

void
docker_on_reopen(void *arg)
{
	struct docker_proc *p = arg;

	if (p->ended || p->stalled || !p->running)
		return;
	if (p->bad_output) {
		docker_call_cancel(p->output);
		p->output = NULL;
		if (p->way == DOCKER_LOG_LIVE)
			p->way = DOCKER_LOG_FIND;
	}
	open_output(p);
}

void
docker_output_release(struct docker_proc *p)
{
	docker_call_cancel(p->output);
	if (!p->over)
		docker_on_save(p);
	else
		unlink(p->pos_path);
	if (p->has_log)
		docker_log_release(&p->log);
}
