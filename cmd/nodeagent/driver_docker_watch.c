/*
 * A container that runs: its end, signals to it; and taking up
 * one that an earlier nodeagent, or an earlier engine, had.
 *
 * That it ended is heard from a wait that has no end of its own. How, is read
 * off the container, whoever said so: a wait, a look after the engine was
 * away, or a look for what an earlier nodeagent had started.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/docker_create.h"
#include "cmd/nodeagent/driver_docker_impl.h"
#include "common/log.h"
#include "common/mem.h"

static void send_owed(struct docker_proc *p);
static void owe_stop(struct docker_proc *p);

/* --- the end --- */

void
docker_tell_end(struct docker_proc *p)
{
	struct proc_event e = { .kind = PROC_ENDED, .end = p->end };

	docker_tell(p, &e);
}

/* It has ended: told when its output is here too, which is soon. */
static void
end_with(struct docker_proc *p, const struct task_end *end)
{
	p->ended = true;
	p->end = *end;
	if (end->oom)
		snprintf(p->end.message, sizeof p->end.message, "OOM Killed");
	else if (end->exit_code != 0)
		snprintf(p->end.message, sizeof p->end.message,
		    "Docker container exited with non-zero exit code: %lld",
		    (long long)end->exit_code);
	loop_timer_cancel(p->kill);
	docker_drain_output(p);
}

static void
vanish(struct docker_proc *p)
{
	struct proc_event e = { .kind = PROC_VANISHED };
	struct task_end end = { .exit_code = p->wait_code };

	if (p->waited)
		end_with(p, &end); /* who removed it let it end first */
	else
		docker_tell(p, &e);
}

static void
on_waited(void *ctx, const struct docker_reply *r)
{
	struct docker_proc *p = ctx;
	struct docker_waited w = { 0 };

	p->wait = NULL;
	if (r->why == NULL && rec_from_json(&docker_waited_type, &w, r->body,
				  r->len, NULL) == 0) {
		p->waited = true;
		p->wait_code = w.status_code;
	}
	if (p->call != NULL || p->ended)
		return; /* a look is under way, and will wait anew */
	if (r->why == NULL || r->status == 404 || r->status == 0)
		docker_go(p, docker_step_look);
	else
		docker_go_later(p, docker_step_look, DOCKER_REOPEN_MS);
}

static void
begin_wait(struct docker_proc *p)
{
	char *path;

	if (p->wait != NULL)
		return;
	path = xasprintf("/containers/%s/wait", p->id);
	p->wait = docker_proc_ask(p, "POST", path, NULL, 0, on_waited);
	free(path);
}

/* --- looking --- */

static void
take_facts(struct docker_proc *p, const struct docker_container *c)
{
	if (p->id == NULL && c->id != NULL)
		p->id = xstrdup(c->id);
	if (p->image_id == NULL && c->image != NULL && *c->image != '\0') {
		p->image_id = xstrdup(c->image);
		docker_images_use(p->docker->images, p->image_id);
		docker_hold_images(p, false);
	}
	if (c->state.pid > 0 && p->pid != (pid_t)c->state.pid)
		log_info("docker: container runs container=%s id=%.12s pid=%d",
		    p->name, p->id != NULL ? p->id : "", (int)c->state.pid);
	p->pid = (pid_t)c->state.pid;
	if (c->config.stop_signal != NULL)
		p->stop_signal = signal_parse(c->config.stop_signal);
}

/* Of another start of the task, or one that was made and not started. */
static bool
is_leftover(const struct docker_proc *p, const struct docker_container *c)
{
	const char *life =
	    rec_kv_get(c->config.labels, c->config.nlabels, DOCKER_LABEL_LIFE);

	if (life != NULL && strcmp(life, p->life) != 0)
		return true;
	return c->state.status != NULL &&
	       strcmp(c->state.status, "created") == 0;
}

static void
go_on(struct docker_proc *p)
{
	struct proc_event found = { .kind = PROC_FOUND };
	bool is_new = !p->running;

	p->running = true;
	p->waited = false;
	begin_wait(p);
	docker_follow_output(p);
	if (p->was_away && p->kill_signal != 0)
		docker_on_kill(p); /* it may not have heard */
	p->was_away = false;
	if (p->owes_stop)
		owe_stop(p);
	send_owed(p);
	if (is_new)
		docker_tell(p, &found);
}

static void
take_look(struct docker_proc *p, const struct docker_container *c)
{
	struct task_end end = { .exit_code = c->state.exit_code,
		.oom = c->state.oom_killed,
		.finished_at_ns = c->state.finished_at };

	take_facts(p, c);
	if (!p->running && is_leftover(p, c)) {
		vanish(p);
	} else if (c->state.running) {
		go_on(p);
	} else {
		end_with(p, &end);
	}
}

static void
on_look(void *ctx, const struct docker_reply *r)
{
	struct docker_proc *p = ctx;
	struct docker_container c;
	struct err err;

	p->call = NULL;
	if (docker_stalls(p, r))
		return;
	if (r->status == 404) {
		vanish(p);
		return;
	}
	if (r->why == NULL && rec_from_json(&docker_container_type, &c, r->body,
				  r->len, &err) == 0) {
		take_look(p, &c);
		/* p may be gone */
		rec_clear(&docker_container_type, &c);
		return;
	}
	log_warn("docker: container %s: %s", p->name,
	    r->why != NULL ? r->why : err.text);
	docker_go_later(p, docker_step_look, DOCKER_REOPEN_MS);
}

void
docker_step_look(struct docker_proc *p)
{
	char *path =
	    xasprintf("/containers/%s/json", p->id != NULL ? p->id : p->name);

	if (p->call == NULL)
		p->call = docker_proc_ask(
		    p, "GET", path, NULL, DOCKER_ASK_MS, on_look);
	free(path);
}

void
docker_watch(struct docker_proc *p)
{
	begin_wait(p);
	docker_follow_output(p);
	docker_go(p, docker_step_look); /* its pid and image */
}

/* --- signals --- */

static void
owe_signal(struct docker_proc *p, int signal)
{
	p->owed |= UINT64_C(1) << (signal - 1);
}

/* Its own, which is known when it has been looked at. */
static void
owe_stop(struct docker_proc *p)
{
	int signal = p->stop_signal > 0 ? p->stop_signal : SIGTERM;

	p->owes_stop = false;
	if (p->kill_signal == 0 && loop_timer_is_set(p->kill))
		p->kill_signal = signal;
	owe_signal(p, signal);
}

/* That it has ended, or is gone, is heard elsewhere. One that found nobody is
 * owed still, and sent when the container has been looked at. */
static void
on_signalled(void *ctx, const struct docker_reply *r)
{
	struct docker_proc *p = ctx;

	p->signalling = NULL;
	if (r->status == 0 && r->code == ERR_GONE) {
		owe_signal(p, p->sending);
		if (p->call == NULL && !p->stalled && !p->ended)
			docker_go_later(p, docker_step_look, DOCKER_REOPEN_MS);
		return;
	}
	if (r->why != NULL && r->status != 404 && r->status != 409)
		log_warn("docker: signal not sent: %s", r->why);
	send_owed(p);
}

/* One at a time. */
static void
send_owed(struct docker_proc *p)
{
	char *path;

	if (p->owed == 0 || p->signalling != NULL || p->stalled ||
	    !p->running || p->ended || p->over)
		return;
	p->sending = ffsll((long long)p->owed);
	p->owed &= p->owed - 1;
	path = xasprintf("/containers/%s/kill?signal=%d", p->id, p->sending);
	p->signalling =
	    docker_proc_ask(p, "POST", path, NULL, DOCKER_ASK_MS, on_signalled);
	free(path);
}

/* Its time to end by itself is over; again until it has. */
void
docker_on_kill(void *arg)
{
	struct docker_proc *p = arg;

	if (p->over || p->ended)
		return;
	if (!loop_timer_is_set(p->kill)) {
		p->kill_signal = SIGKILL;
		loop_timer_set(p->kill, DOCKER_KILL_AGAIN_MS);
	}
	owe_signal(p, p->kill_signal);
	send_owed(p);
}

void
docker_signal(struct taskproc *proc, int signal, uint64_t kill_after_ms)
{
	struct docker_proc *p = (struct docker_proc *)proc;

	if (p->over || p->ended)
		return;
	if (kill_after_ms > 0) {
		p->kill_signal = signal;
		loop_timer_set(p->kill, kill_after_ms);
	}
	if (signal != 0)
		owe_signal(p, signal);
	else if (p->running)
		owe_stop(p);
	else
		p->owes_stop = true;
	send_owed(p);
}

void
docker_watch_release(struct docker_proc *p)
{
	docker_call_cancel(p->wait);
	docker_call_cancel(p->signalling);
}
