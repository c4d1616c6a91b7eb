#include "common/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/loop_impl.h"
#include "common/mem.h"

/* Something another thread wants run here. */
struct post {
	struct post *next;
	void (*fn)(void *arg);
	void *arg;
};

struct loop {
	struct event_base *base;
	uint64_t now_ms;
	int64_t wall_ns;
	bool in_turn;    /* this turn's clocks have been read */
	int64_t turn_ns; /* when it began */
	int64_t longest_ns;
	bool stopped;

	int wake_fd; /* eventfd, written when posts go from none to some */
	struct event *wake;
	pthread_mutex_t lock; /* of posts */
	struct post *posts, **posts_end;
	struct post *running; /* of this turn, not run yet; the loop's own */
	struct post *ends, **ends_end; /* for the end of the turn; the same */

	struct loop_children *children;
};

struct loop_timer {
	struct loop *loop;
	struct event *ev;
	void (*fn)(void *arg);
	void *arg;
};

struct loop_fd {
	struct loop *loop;
	struct event *read, *write;
	int fd;
	bool reading, writing;
	loop_fd_fn *fn;
	void *arg;
};

struct loop_signal {
	struct event *ev;
	struct loop *loop;
	void (*fn)(void *arg);
	void *arg;
};

static void
read_clocks(struct loop *l)
{
	l->now_ms = clock_mono_ms();
	l->wall_ns = clock_wall_ns();
}

/*
 * libevent 2.1 has no hook between its wait and its callbacks, so every
 * callback passes here first, and the first of a turn reads the clocks.
 */
static void
turn_begins(struct loop *l)
{
	if (!l->in_turn) {
		l->turn_ns = clock_mono_ns();
		read_clocks(l);
	}
	l->in_turn = true;
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	struct post *p;
	uint64_t n;

	(void)what;
	turn_begins(l);
	if (read(fd, &n, sizeof n) == -1)
		(void)0; /* woken for nothing */
	pthread_mutex_lock(&l->lock);
	l->running = l->posts;
	l->posts = NULL;
	l->posts_end = &l->posts;
	pthread_mutex_unlock(&l->lock);
	while ((p = l->running) != NULL) {
		l->running = p->next;
		p->fn(p->arg);
		free(p);
	}
}

struct loop *
loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof *l);
	struct event_config *cfg = event_config_new();

	if (cfg == NULL)
		log_fatal("libevent: no memory");
	/* Each loop is used by its own thread only: no locks needed. */
	event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK |
				       EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST |
				       EVENT_BASE_FLAG_PRECISE_TIMER);
	l->base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	if (l->base == NULL)
		log_fatal("libevent: no event base");
	pthread_mutex_init(&l->lock, NULL);
	l->posts_end = &l->posts;
	l->ends_end = &l->ends;
	l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (l->wake_fd == -1)
		log_fatal("eventfd failed");
	l->wake =
	    event_new(l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
	event_add(l->wake, NULL);
	l->children = loop_children_new();
	read_clocks(l);
	return l;
}

static void
free_posts(struct post *p)
{
	for (struct post *next; p != NULL; p = next) {
		next = p->next;
		free(p);
	}
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	free_posts(l->posts);
	free_posts(l->running);
	free_posts(l->ends);
	loop_children_free(l->children);
	event_free(l->wake);
	close(l->wake_fd);
	event_base_free(l->base);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static void
run_ends(struct loop *l)
{
	struct post *p;

	while ((p = l->ends) != NULL) {
		l->ends = p->next;
		if (l->ends == NULL)
			l->ends_end = &l->ends;
		p->fn(p->arg);
		free(p);
	}
}

/* Waits once and runs what has come. */
static void
one_turn(struct loop *l)
{
	int64_t ns;

	l->in_turn = false;
	event_base_loop(l->base, EVLOOP_ONCE);
	if (!l->in_turn)
		return;
	run_ends(l);
	l->in_turn = false;
	ns = clock_mono_ns() - l->turn_ns;
	if (ns > l->longest_ns)
		l->longest_ns = ns;
}

void
loop_run(struct loop *l)
{
	l->stopped = false;
	while (!l->stopped)
		one_turn(l);
}

void
loop_stop(struct loop *l)
{
	l->stopped = true;
	event_base_loopbreak(l->base);
}

static void
on_give_up(void *arg)
{
	bool *expired = arg;

	*expired = true;
}

bool
loop_wait(struct loop *l, const bool *done, uint64_t timeout_ms)
{
	bool expired = false;
	struct loop_timer *t = loop_timer_new(l, on_give_up, &expired);

	loop_timer_set(t, timeout_ms);
	while (!*done && !expired)
		one_turn(l);
	read_clocks(l);
	loop_timer_free(t);
	return *done;
}

uint64_t
loop_longest_turn_us(struct loop *l)
{
	int64_t ns = l->longest_ns;

	l->longest_ns = 0;
	return (uint64_t)ns / 1000;
}

bool
loop_is_late(const struct loop *l)
{
	return l->in_turn &&
	       clock_mono_ns() - l->turn_ns >= LOOP_TURN_MS * CLOCK_NS_PER_MS;
}

uint64_t
loop_now_ms(const struct loop *l)
{
	return l->now_ms;
}

int64_t
loop_wall_ns(const struct loop *l)
{
	return l->wall_ns;
}

void
loop_post(struct loop *l, void (*fn)(void *arg), void *arg)
{
	struct post *p = xcalloc(1, sizeof *p);
	uint64_t one = 1;
	bool first;

	p->fn = fn;
	p->arg = arg;
	pthread_mutex_lock(&l->lock);
	first = l->posts == NULL;
	*l->posts_end = p;
	l->posts_end = &p->next;
	pthread_mutex_unlock(&l->lock);
	if (first && write(l->wake_fd, &one, sizeof one) == -1)
		(void)0; /* the counter is full: it wakes anyway */
}

void
loop_at_end(struct loop *l, void (*fn)(void *arg), void *arg)
{
	struct post *p;

	if (!l->in_turn) {
		loop_post(l, fn, arg);
		return;
	}
	p = xcalloc(1, sizeof *p);
	p->fn = fn;
	p->arg = arg;
	*l->ends_end = p;
	l->ends_end = &p->next;
}

/* Takes the matching ones off a list; the end of what is left. */
static struct post **
drop(struct post **at, void (*fn)(void *arg), const void *arg)
{
	while (*at != NULL) {
		struct post *p = *at;

		if (p->fn != fn || p->arg != arg) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		free(p);
	}
	return at;
}

void
loop_unpost(struct loop *l, void (*fn)(void *arg), const void *arg)
{
	drop(&l->running, fn, arg);
	l->ends_end = drop(&l->ends, fn, arg);
	pthread_mutex_lock(&l->lock);
	l->posts_end = drop(&l->posts, fn, arg);
	pthread_mutex_unlock(&l->lock);
}

/* --- timers --- */

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;

	(void)fd;
	(void)what;
	turn_begins(t->loop);
	t->fn(t->arg);
}

struct loop_timer *
loop_timer_new(struct loop *l, void (*fn)(void *arg), void *arg)
{
	struct loop_timer *t = xcalloc(1, sizeof *t);

	t->loop = l;
	t->fn = fn;
	t->arg = arg;
	t->ev = evtimer_new(l->base, on_timer, t);
	return t;
}

void
loop_timer_set(struct loop_timer *t, uint64_t after_ms)
{
	struct timeval tv = { .tv_sec = (time_t)(after_ms / 1000),
		.tv_usec = (suseconds_t)(after_ms % 1000 * 1000) };

	evtimer_add(t->ev, &tv);
}

void
loop_timer_cancel(struct loop_timer *t)
{
	evtimer_del(t->ev);
}

bool
loop_timer_is_set(const struct loop_timer *t)
{
	return evtimer_pending(t->ev, NULL);
}

void
loop_timer_free(struct loop_timer *t)
{
	if (t == NULL)
		return;
	event_free(t->ev);
	free(t);
}

/* --- descriptors --- */

static void
on_fd(evutil_socket_t fd, short what, void *arg)
{
	struct loop_fd *f = arg;

	(void)fd;
	turn_begins(f->loop);
	f->fn(f->arg, (what & EV_READ) != 0, (what & EV_WRITE) != 0);
}

struct loop_fd *
loop_fd_new(struct loop *l, int fd, loop_fd_fn *fn, void *arg)
{
	struct loop_fd *f = xcalloc(1, sizeof *f);

	f->loop = l;
	f->fd = fd;
	f->fn = fn;
	f->arg = arg;
	f->read = event_new(l->base, fd, EV_READ | EV_PERSIST, on_fd, f);
	f->write = event_new(l->base, fd, EV_WRITE | EV_PERSIST, on_fd, f);
	return f;
}

static void
want(struct event *ev, bool *now, bool wanted)
{
	if (*now == wanted)
		return;
	*now = wanted;
	if (wanted)
		event_add(ev, NULL);
	else
		event_del(ev);
}

void
loop_fd_want(struct loop_fd *f, bool read, bool write)
{
	want(f->read, &f->reading, read);
	want(f->write, &f->writing, write);
}

void
loop_fd_free(struct loop_fd *f)
{
	if (f == NULL)
		return;
	event_free(f->read);
	event_free(f->write);
	free(f);
}

/* --- signals --- */

static void
on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct loop_signal *s = arg;

	(void)signo;
	(void)what;
	turn_begins(s->loop);
	s->fn(s->arg);
}

struct loop_signal *
loop_signal_new(struct loop *l, int signo, void (*fn)(void *arg), void *arg)
{
	struct loop_signal *s = xcalloc(1, sizeof *s);

	s->loop = l;
	s->fn = fn;
	s->arg = arg;
	s->ev = evsignal_new(l->base, signo, on_signal, s);
	event_add(s->ev, NULL);
	return s;
}

void
loop_signal_free(struct loop_signal *s)
{
	if (s == NULL)
		return;
	event_free(s->ev);
	free(s);
}

struct loop_children *
loop_children(const struct loop *l)
{
	return l->children;
}

struct event_base *
loop_base(struct loop *l)
{
	return l->base;
}
