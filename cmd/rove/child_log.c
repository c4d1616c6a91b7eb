/* Log lines, the children's and our own: printed, never waited for. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/rove/children.h"
#include "cmd/rove/children_impl.h"
#include "common/buf.h"
#include "common/mem.h"

/* A pipe that polls writable takes PIPE_BUF bytes without blocking. */
static bool
can_write(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

static void
print_line(struct children *cs, const char *indent, const char *s, size_t n)
{
	char out[CHILD_LINE_MAX + 128];
	int len = 0;

	if (!can_write()) {
		cs->ndropped++;
		return;
	}
	if (cs->ndropped > 0)
		len = snprintf(out, sizeof out,
		    "    [WARN] agent: log lines dropped n=%" PRIu64 "\n",
		    cs->ndropped);
	cs->ndropped = 0;
	len += snprintf(
	    out + len, sizeof out - (size_t)len, "%s%.*s\n", indent, (int)n, s);
	if (write(STDOUT_FILENO, out, (size_t)len) == -1)
		cs->ndropped++;
}

static void
note_line(struct child *c, size_t n)
{
	if (n > 0)
		snprintf(c->said, sizeof c->said, "%.*s", (int)n, c->line.data);
}

static void
print_lines(struct child *c, bool all)
{
	char *nl;

	while ((nl = memchr(buf_str(&c->line), '\n', c->line.len)) != NULL) {
		size_t n = (size_t)(nl - c->line.data);

		print_line(c->all, "    ", c->line.data, n);
		note_line(c, n);
		buf_drop(&c->line, n + 1);
	}
	if (c->line.len > 0 && (all || c->line.len >= CHILD_LINE_MAX)) {
		print_line(c->all, "    ", c->line.data, c->line.len);
		note_line(c, c->line.len);
		buf_reset(&c->line);
	}
}

void
child_close_log(struct child *c)
{
	if (c->log_fd == -1)
		return;
	print_lines(c, true);
	loop_fd_free(c->log_watch);
	c->log_watch = NULL;
	close(c->log_fd);
	c->log_fd = -1;
}

/* True while there may be more. */
bool
child_read_log(struct child *c)
{
	ssize_t n = read(
	    c->log_fd, buf_reserve(&c->line, CHILD_LINE_MAX), CHILD_LINE_MAX);

	if (n > 0) {
		c->line.len += (size_t)n;
		c->line.data[c->line.len] = '\0';
		print_lines(c, false);
		return true;
	}
	if (n == 0 || errno != EAGAIN)
		child_close_log(c);
	return false;
}

void
child_on_log(void *arg, bool readable, bool writable)
{
	(void)readable;
	(void)writable;
	child_read_log(arg);
}

/* A pipe to ourselves that is drained as a child's is. */
void
children_own_stderr(struct children *cs)
{
	struct child *c = xcalloc(1, sizeof *c);
	int fds[2];

	children_make_pipe(fds);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	cs->old_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	c->all = cs;
	c->log_fd = fds[0];
	c->ready_fd = -1;
	c->log_watch = loop_fd_new(cs->loop, c->log_fd, child_on_log, c);
	loop_fd_want(c->log_watch, true, false);
	cs->own = c;
}

void
children_return_stderr(struct children *cs)
{
	struct child *c = cs->own;

	if (c == NULL)
		return;
	while (c->log_fd != -1 && child_read_log(c))
		;
	dup2(cs->old_stderr, STDERR_FILENO);
	close(cs->old_stderr);
	child_close_log(c);
	buf_release(&c->line);
	free(c);
	cs->own = NULL;
}

void
children_say(struct children *cs, const char *line)
{
	while (
	    cs->own != NULL && cs->own->log_fd != -1 && child_read_log(cs->own))
		;
	print_line(cs, "", line, strlen(line));
}
