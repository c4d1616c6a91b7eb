#include "cmd/nodeagent/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/nodeagent/runner.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"

#define BOOT_ID_SIZE 37

struct fence {
	struct nodeagent *na;
	struct fence_times times;
	struct loop_timer *timer;
	bool armed; /* something here has a time */
	int fd;     /* where heard_ms is kept, or -1 */
	char boot_id[BOOT_ID_SIZE];
};

static uint64_t
after_ms(const struct task_group *g)
{
	int64_t ns = 0;

	if (g->disconnect != NULL)
		ns = g->disconnect->stop_on_client_after;
	if (ns == 0)
		ns = g->stop_after_client_disconnect;
	return ns > 0 ? (uint64_t)(ns / CLOCK_NS_PER_MS) : 0;
}

/* From when on nobody has heard of us, as far as we know. */
static uint64_t
silent_since_ms(const struct fence_times *t)
{
	return t->heard_ms > 0 ? t->heard_ms : t->started_ms;
}

uint64_t
fence_due_ms(const struct task_group *group, const struct fence_times *t)
{
	uint64_t after = after_ms(group), due;

	if (after == 0)
		return 0;
	due = silent_since_ms(t) + (after > t->ttl_ms ? after : t->ttl_ms);
	if (due < t->started_ms + FENCE_START_MS)
		due = t->started_ms + FENCE_START_MS;
	if (t->answered_ms > 0 && due < t->answered_ms + FENCE_SETTLE_MS)
		due = t->answered_ms + FENCE_SETTLE_MS;
	return due;
}

/* --- what is kept --- */

static void
read_boot_id(struct fence *f)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return;
	if (read(fd, f->boot_id, BOOT_ID_SIZE - 1) != BOOT_ID_SIZE - 1)
		f->boot_id[0] = '\0';
	close(fd);
}

static void
recall(struct fence *f)
{
	char text[80] = "", boot_id[BOOT_ID_SIZE];
	uint64_t ms;

	if (f->fd == -1 || pread(f->fd, text, sizeof text - 1, 0) <= 0)
		return;
	if (sscanf(text, "%36s %20" SCNu64, boot_id, &ms) == 2 &&
	    strcmp(boot_id, f->boot_id) == 0 && ms <= f->times.started_ms)
		f->times.heard_ms = ms;
}

/* Not synced: what it is for does not outlive the machine either. */
static void
keep(const struct fence *f)
{
	char text[80];
	int n = snprintf(text, sizeof text, "%-36s %20" PRIu64 "\n", f->boot_id,
	    f->times.heard_ms);

	if (f->fd != -1 && pwrite(f->fd, text, (size_t)n, 0) != n)
		log_debug("lease time not kept: %s", strerror(errno));
}

/* --- looking --- */

/* Stops what is due; returns when the next is, or 0. */
static uint64_t
stop_due(struct fence *f, uint64_t now_ms)
{
	struct map_entry *next;
	uint64_t soonest = 0;

	for (struct map_entry *e = map_first(&f->na->runners); e != NULL;
	     e = next) {
		struct runner *r = map_value(e);
		uint64_t at = fence_due_ms(r->run->group, &f->times);

		next = map_next(e);
		if (at == 0 || r->run->stopping || runner_is_done(r))
			continue;
		if (at <= now_ms)
			runner_fence(r, now_ms - silent_since_ms(&f->times));
		else if (soonest == 0 || at < soonest)
			soonest = at;
	}
	return soonest;
}

static void
look(void *arg)
{
	struct fence *f = arg;
	uint64_t now_ms = loop_now_ms(f->na->loop);
	uint64_t at = stop_due(f, now_ms);
	bool was_armed = f->armed;

	f->armed = at != 0;
	/* The lease may be older than what it matters to. */
	if (f->armed && !was_armed && f->times.heard_ms != 0)
		keep(f);
	if (f->armed)
		loop_timer_set(f->timer, at - now_ms);
}

void
fence_changed(struct fence *f)
{
	if (f != NULL)
		loop_timer_set(f->timer, 0);
}

void
fence_heard(struct fence *f, uint64_t asked_ms, uint64_t ttl_ms)
{
	if (f == NULL)
		return;
	f->times.heard_ms = asked_ms;
	f->times.answered_ms = loop_now_ms(f->na->loop);
	f->times.ttl_ms = ttl_ms;
	if (f->armed)
		keep(f);
}

struct fence *
fence_new(struct nodeagent *na)
{
	struct fence *f = xcalloc(1, sizeof *f);
	char *path = xasprintf("%s/heard", na->config->common.data_dir);

	f->na = na;
	f->times.started_ms = loop_now_ms(na->loop);
	f->timer = loop_timer_new(na->loop, look, f);
	read_boot_id(f);
	f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (f->fd == -1)
		log_warn("%s: %s", path, strerror(errno));
	recall(f);
	free(path);
	return f;
}

void
fence_free(struct fence *f)
{
	if (f == NULL)
		return;
	loop_timer_free(f->timer);
	if (f->fd != -1)
		close(f->fd);
	free(f);
}
