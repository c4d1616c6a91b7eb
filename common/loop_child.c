/*
 * Reaping children: of a thousand that are watched the few that have ended
 * are found without asking for each.
 *
 * The process may have children that others wait for: another loop, or
 * whoever forked one. Those are looked at and left alone.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "common/loop.h"
#include "common/loop_impl.h"
#include "common/mem.h"
#include "common/table.h"

struct child {
	pid_t pid;
	void (*fn)(void *arg, pid_t pid, int status);
	void *arg;
	UT_hash_handle hh;
};

struct loop_children {
	struct loop_signal *sigchld;
	struct child *watched, *ended; /* by pid; ended ones are to be told */
	bool posted;                   /* look() will run */
};

static struct child *
find(struct child *all, pid_t pid)
{
	struct child *c;

	HASH_FIND(hh, all, &pid, sizeof pid, c);
	return c;
}

/* One that has ended and can be reaped: this one, or (0) any, ours or not.
 * 0: none. */
static pid_t
find_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	if (waitid(pid == 0 ? P_ALL : P_PID, (id_t)pid, &info,
		WEXITED | WNOHANG | WNOWAIT) == -1)
		return 0;
	return info.si_pid;
}

/* Reaped only now, so that until it is told its pid is no other's. */
static void
tell(struct child **all, struct child *c)
{
	int status;
	bool ended = waitpid(c->pid, &status, WNOHANG) == c->pid;

	HASH_DELETE(hh, *all, c);
	if (ended)
		c->fn(c->arg, c->pid, status);
	free(c);
}

/* Ours, though the kernel shows another first: asked for one by one. */
static void
tell_behind_others(struct loop_children *cs)
{
	struct child *c, *next;

	for (c = cs->watched; c != NULL; c = next) {
		next = c->hh.next;
		if (find_ended(c->pid) == 0)
			continue;
		HASH_DELETE(hh, cs->watched, c);
		HASH_ADD(hh, cs->ended, pid, sizeof c->pid, c);
	}
	while (cs->ended != NULL)
		tell(&cs->ended, cs->ended);
}

/* The kernel shows the same one until it is reaped. A callback may watch and
 * forget others, so each round starts afresh. */
static void
look(void *arg)
{
	struct loop_children *cs = arg;
	struct child *c;
	pid_t pid;

	cs->posted = false;
	while ((pid = find_ended(0)) != 0) {
		if ((c = find(cs->watched, pid)) == NULL) {
			tell_behind_others(cs);
			return;
		}
		tell(&cs->watched, c);
	}
}

static void
forget(struct child **all, pid_t pid)
{
	struct child *c = find(*all, pid);

	if (c == NULL)
		return;
	HASH_DELETE(hh, *all, c);
	free(c);
}

void
loop_child_watch(struct loop *l, pid_t pid,
    void (*fn)(void *arg, pid_t pid, int status), void *arg)
{
	struct loop_children *cs = loop_children(l);
	struct child *c = xcalloc(1, sizeof *c);

	c->pid = pid;
	c->fn = fn;
	c->arg = arg;
	loop_child_forget(
	    l, pid); /* reaped by others, and the pid given anew */
	HASH_ADD(hh, cs->watched, pid, sizeof c->pid, c);
	if (cs->sigchld == NULL)
		cs->sigchld = loop_signal_new(l, SIGCHLD, look, cs);
	/* It may have ended before we listened. */
	if (!cs->posted)
		loop_post(l, look, cs);
	cs->posted = true;
}

void
loop_child_forget(struct loop *l, pid_t pid)
{
	forget(&loop_children(l)->watched, pid);
	forget(&loop_children(l)->ended, pid);
}

struct loop_children *
loop_children_new(void)
{
	return xcalloc(1, sizeof(struct loop_children));
}

static void
forget_all(struct child **all)
{
	while (*all != NULL)
		forget(all, (*all)->pid);
}

void
loop_children_free(struct loop_children *cs)
{
	loop_signal_free(cs->sigchld);
	forget_all(&cs->watched);
	forget_all(&cs->ended);
	free(cs);
}
