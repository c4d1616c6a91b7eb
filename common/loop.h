/*
 * A loop: timers, signals, children and descriptors of one thread.
 *
 * A process may have several loops, one a thread. All but loop_post() must
 * be called on the loop's own thread (or before it runs). Callbacks may free
 * whatever they like, themselves included. Both clocks are read once a turn,
 * when the turn begins; everything in it sees the same time.
 *
 * Only this file, bus.c, common/http/ and lbd's data path include libevent.
 */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct loop;
struct loop_timer;
struct loop_fd;
struct loop_signal;
struct event_base;

struct loop *loop_new(void);
void loop_free(struct loop *l); /* everything on it must be freed before */

/* Runs until loop_stop(). */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* Runs turns until *done is true, or until timeout_ms have passed (then
 * false). For programs that wait for one thing, such as ctl. */
bool loop_wait(struct loop *l, const bool *done, uint64_t timeout_ms);

uint64_t loop_now_ms(const struct loop *l); /* monotonic */
int64_t loop_wall_ns(const struct loop *l); /* since 1970 */

/* How long the longest turn took that has ended since this was last asked:
 * so long nothing else was heard. */
uint64_t loop_longest_turn_us(struct loop *l);

/* Whether this turn has lasted so long, LOOP_TURN_MS, that what may wait until
 * the next one does: who goes through a list has done one of it at least, and
 * asks before each further one. */
#define LOOP_TURN_MS 3
bool loop_is_late(const struct loop *l);

/* Runs fn(arg) on the loop's thread soon; may be called on any thread. What
 * one thread posts runs in the order of posting. */
void loop_post(struct loop *l, void (*fn)(void *arg), void *arg);

/*
 * Runs fn(arg) once this turn's callbacks have run, or soon when no turn is
 * under way: many events then have one consequence, such as one write for all.
 * For the loop's own thread.
 */
void loop_at_end(struct loop *l, void (*fn)(void *arg), void *arg);

/* Forgets all such posts, and what is to run at the end, that have not run. For
 * who frees arg, once no other thread can post it any more. */
void loop_unpost(struct loop *l, void (*fn)(void *arg), const void *arg);

/* One shot; set it again in the callback to repeat. Not armed at first. */
struct loop_timer *loop_timer_new(
    struct loop *l, void (*fn)(void *arg), void *arg);
void loop_timer_set(struct loop_timer *t, uint64_t after_ms); /* re-arms */
void loop_timer_cancel(struct loop_timer *t);
bool loop_timer_is_set(const struct loop_timer *t); /* not in its own call */
void loop_timer_free(struct loop_timer *t);         /* NULL is fine */

/*
 * Watches a descriptor (level triggered), which stays the caller's: free the
 * watch before closing it. Nothing is wanted at first.
 */
typedef void loop_fd_fn(void *arg, bool readable, bool writable);
struct loop_fd *loop_fd_new(struct loop *l, int fd, loop_fd_fn *fn, void *arg);
void loop_fd_want(struct loop_fd *f, bool read, bool write);
void loop_fd_free(struct loop_fd *f); /* NULL is fine */

struct loop_signal *loop_signal_new(
    struct loop *l, int signo, void (*fn)(void *arg), void *arg);
void loop_signal_free(struct loop_signal *s);

/*
 * Reaps one child: fn is called once with waitpid()'s status, after which
 * the watch is gone. Watch before the child can end, or right after fork.
 * Until then the pid is that child's; the process's other children are left
 * to whoever waits for them.
 */
void loop_child_watch(struct loop *l, pid_t pid,
    void (*fn)(void *arg, pid_t pid, int status), void *arg);
void loop_child_forget(struct loop *l, pid_t pid);

/* The libevent base, for the few files that may include libevent. */
struct event_base *loop_base(struct loop *l);

#endif
