/*
 * A task's log, so far or as it grows.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/find.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/text.h"
#include "common/http/http.h"
#include "common/mem.h"

#define DEFAULT_LINES  10
#define BYTES_PER_LINE 120 /* a guess, to begin near the last lines */

struct logs_flags {
	bool follow, tail, out, err, is_job, verbose;
	int64_t lines, bytes; /* -1: not said */
	const char *task, *group;
};

/* --- which allocation, which task --- */

/* A running allocation of the job, else its newest. */
static int
alloc_of_job(struct cli *c, const char *typed, const char *group, char **id)
{
	struct alloc_stub *allocs;
	const struct alloc_stub *best = NULL;
	struct err err;
	char *job, *path;
	size_t n;
	int status = find_job(c, typed, &job), rc;

	if (status != CLI_GO)
		return status;
	path = client_path("/v1/job/", job, "/allocations");
	free(job);
	rc = client_list(
	    &c->client, path, NULL, &alloc_stub_type, &allocs, &n, &err);
	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error querying job allocations");
	for (size_t i = 0; i < n; i++) {
		const struct alloc_stub *a = &allocs[i];
		bool runs =
		    strcmp(lists_text(a->client_status), "running") == 0;

		if (group != NULL &&
		    strcmp(lists_text(a->task_group), group) != 0)
			continue;
		if (best == NULL || runs)
			best = a;
		if (runs)
			break;
	}
	if (best != NULL)
		*id = xstrdup(best->id);
	else
		status =
		    cli_fail(NULL, "No allocations of job \"%s\" found", typed);
	client_free_list(&alloc_stub_type, allocs, n);
	return status;
}

/* --- the stream --- */

static int64_t
lines_of(const struct logs_flags *f)
{
	return f->lines > 0 ? f->lines : DEFAULT_LINES;
}

static char *
params_of(const struct logs_flags *f, const char *task, const char *type)
{
	struct buf b = { 0 };
	int64_t back = -1;

	if (f->bytes >= 0)
		back = f->bytes;
	else if (f->lines >= 0 || f->tail)
		back =
		    (f->lines >= 0 ? f->lines : DEFAULT_LINES) * BYTES_PER_LINE;
	buf_adds(&b, "task=");
	http_escape(task, &b);
	buf_addf(&b, "&type=%s&plain=true&follow=%s", type,
	    f->follow ? "true" : "false");
	if (back >= 0)
		buf_addf(&b, "&origin=end&offset=%" PRId64, back);
	else
		buf_adds(&b, "&origin=start&offset=0");
	return buf_take(&b);
}

struct sink {
	int fd;
	bool broken;   /* nobody reads us any more */
	int64_t lines; /* only so many of the last; 0: all */
	bool follows;  /* then of what is there at first */
	struct buf held;
};

static bool
put(struct sink *s, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(s->fd, p, n);

		if (done == -1 && errno == EINTR)
			continue;
		if (done == -1) {
			s->broken = true;
			return false;
		}
		p += done;
		n -= (size_t)done;
	}
	return true;
}

/* Where the last n lines begin. */
static const char *
last_lines(const struct buf *b, int64_t lines)
{
	const char *start = buf_str(b), *p = start + b->len;

	if (p > start && p[-1] == '\n')
		p--;
	while (p > start && (p[-1] != '\n' || --lines > 0))
		p--;
	return p;
}

static bool
put_held(struct sink *s)
{
	const char *from = last_lines(&s->held, s->lines);
	size_t n = (size_t)(buf_str(&s->held) + s->held.len - from);
	bool ok = put(s, from, n);

	buf_release(&s->held);
	s->lines = 0;
	return ok;
}

static bool
on_piece(void *ctx, const char *p, size_t n)
{
	struct sink *s = ctx;

	if (s->lines == 0)
		return put(s, p, n);
	buf_add(&s->held, p, n);
	return s->follows ? put_held(s) : true;
}

static int
stream(struct cli *c, const struct logs_flags *f, const char *id,
    const char *task, bool is_err)
{
	char *path = client_path("/v1/client/fs/logs/", id, "");
	char *params = params_of(f, task, is_err ? "stderr" : "stdout");
	struct sink s = { .fd = is_err ? STDERR_FILENO : STDOUT_FILENO };
	struct err err;
	int rc;

	if (f->bytes < 0 && (f->tail || f->lines >= 0))
		s.lines = lines_of(f);
	s.follows = f->follow;
	rc = client_stream(&c->client, path, params, on_piece, &s, &err);
	if (rc == 0 && s.lines > 0)
		put_held(&s);
	buf_release(&s.held);
	free(params);
	free(path);
	return rc == 0 ? 0 : cli_fail(&err, "Error reading log");
}

/* Standard error is followed by a process of its own, which ends with us. */
static int
stream_both(
    struct cli *c, const struct logs_flags *f, const char *id, const char *task)
{
	pid_t pid = fork();
	int status, other = 0;

	if (pid == -1)
		return cli_fail(NULL, "fork: %s", strerror(errno));
	if (pid == 0)
		_exit(stream(c, f, id, task, true));
	status = stream(c, f, id, task, false);
	if (status != 0)
		kill(pid, SIGTERM);
	if (waitpid(pid, &other, 0) == pid && WIFEXITED(other) && status == 0)
		status = WEXITSTATUS(other);
	return status;
}

static int
logs(struct cli *c, const struct logs_flags *f)
{
	const char *named = f->task != NULL ? f->task
			    : c->argc > 1   ? c->argv[1]
					    : NULL;
	char *id, *task;
	int status = f->is_job ? alloc_of_job(c, c->argv[0], f->group, &id)
			       : find_alloc(c, c->argv[0], &id);

	if (status != CLI_GO)
		return status;
	status = find_task(c, id, named, &task);
	if (status == CLI_GO) {
		if (f->follow && !f->out && !f->err)
			status = stream_both(c, f, id, task);
		else
			status = stream(c, f, id, task, f->err);
		free(task);
	}
	free(id);
	return status;
}

int
alloc_logs(const struct command *cmd, int argc, char **argv)
{
	struct logs_flags f = { .lines = -1, .bytes = -1 };
	const struct flag rows[] = {
		{ "f", FLAG_BOOL, &f.follow, NULL,
		    "Follow the log: both of them, unless -stdout or -stderr "
		    "says which." },
		{ "stdout", FLAG_BOOL, &f.out, NULL,
		    "What the task writes to standard output (the default)." },
		{ "stderr", FLAG_BOOL, &f.err, NULL,
		    "What it writes to standard error." },
		{ "tail", FLAG_BOOL, &f.tail, NULL,
		    "Only the last lines; see -n." },
		{ "n", FLAG_COUNT, &f.lines, "<lines>",
		    "How many of the last lines. Default = 10" },
		{ "c", FLAG_COUNT, &f.bytes, "<bytes>",
		    "How many of the last bytes, instead." },
		{ "task", FLAG_TEXT, &f.task, "<task>",
		    "Which task, where the group has several." },
		{ "job", FLAG_BOOL, &f.is_job, NULL,
		    "The argument is a job: a running allocation of it is "
		    "taken." },
		{ "group", FLAG_TEXT, &f.group, "<group>",
		    "With -job: of this group." },
		{ "verbose", FLAG_BOOL, &f.verbose, NULL, NULL },
	};
	struct cli c;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 1, 2);

	if (status != CLI_GO)
		return status;
	if (f.out && f.err)
		return cli_end(&c,
		    cli_fail(NULL, "Unable to support both stdout and stderr"));
	return cli_end(&c, logs(&c, &f));
}
