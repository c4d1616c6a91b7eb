#include "cmd/nodeagent/checkrun.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/due.h"
#include "common/http/addr.h"
#include "common/http/http.h"
#include "common/mem.h"

struct checkjob {
	struct checkrun *run;
	struct check *check;
	checkrun_fn *fn;
	void *ctx;
	struct due due; /* the next run, or the end of this one's time */
	TAILQ_ENTRY(checkjob) entry; /* of those that wait in line */
	bool asking, waiting;

	struct http_client *client;
	struct http_call *call;
	struct buf body;
	size_t nbody; /* bytes of it so far, kept or not */

	int fd; /* of a TCP check; -1 */
	struct loop_fd *watch;
};
TAILQ_HEAD(checkjobs, checkjob);

struct checkrun {
	struct loop *loop;
	struct rng rng;
	struct loop_timer *timer;
	struct dues dues;
	struct checkjobs line;
	size_t njobs, nasking;
	bool serving; /* an answer that comes at once serves no one itself */
};

static void on_timer(void *arg);

struct checkrun *
checkrun_new(struct loop *loop, uint64_t seed)
{
	struct checkrun *r = xcalloc(1, sizeof *r);

	r->loop = loop;
	rng_init(&r->rng, seed);
	r->timer = loop_timer_new(loop, on_timer, r);
	TAILQ_INIT(&r->line);
	return r;
}

void
checkrun_free(struct checkrun *r)
{
	if (r == NULL)
		return;
	loop_timer_free(r->timer);
	dues_release(&r->dues);
	free(r);
}

size_t
checkrun_nasking(const struct checkrun *r)
{
	return r->nasking;
}

size_t
checkrun_njobs(const struct checkrun *r)
{
	return r->njobs;
}

static void
arm(struct checkrun *r)
{
	const struct due *first = due_first(&r->dues);
	uint64_t now_ms = loop_now_ms(r->loop);

	if (r->nasking < CHECKRUN_MAX_AT_ONCE && !TAILQ_EMPTY(&r->line))
		loop_timer_set(r->timer, 0); /* one was ended unanswered */
	else if (first == NULL)
		loop_timer_cancel(r->timer);
	else
		loop_timer_set(r->timer,
		    first->at_ms > now_ms ? first->at_ms - now_ms : 0);
}

static void
fall_due_in(struct checkjob *j, uint64_t ms)
{
	due_remove(&j->run->dues, &j->due);
	due_add(&j->run->dues, &j->due, loop_now_ms(j->run->loop) + ms);
}

/* Lets go of the connection, whatever became of it. */
static void
hang_up(struct checkjob *j)
{
	if (j->call != NULL)
		http_call_cancel(j->call);
	j->call = NULL;
	http_client_free(j->client);
	j->client = NULL;
	loop_fd_free(j->watch);
	j->watch = NULL;
	if (j->fd != -1)
		close(j->fd);
	j->fd = -1;
	buf_release(&j->body);
	j->nbody = 0;
}

static void serve_line(struct checkrun *r);

static void
answer(struct checkjob *j, enum check_status status, int64_t code,
    const char *output)
{
	struct checkrun *r = j->run;
	struct check_answer a = { status, code, output };
	struct run_time now = { .ms = loop_now_ms(r->loop),
		.ns = loop_wall_ns(r->loop) };
	bool changed = check_take(j->check, &a, now);

	hang_up(j);
	j->asking = false;
	r->nasking--;
	fall_due_in(j, check_interval_ms(j->check));
	j->fn(j->ctx, j->check, changed); /* may end j */
	serve_line(r);
	arm(r);
}

/* --- HTTP --- */

static char *
url_of(const struct check *c)
{
	bool v6 = strchr(c->address, ':') != NULL;
	const char *path = c->spec.path != NULL ? c->spec.path : "";

	return xasprintf("http://%s%s%s:%" PRId64 "%s%s", v6 ? "[" : "",
	    c->address, v6 ? "]" : "", c->port, *path == '/' ? "" : "/", path);
}

static const char *
method_of(const struct check *c)
{
	return c->spec.method != NULL && *c->spec.method != '\0'
		   ? c->spec.method
		   : "GET";
}

static void
http_failed(struct checkjob *j, const char *why)
{
	char *url = url_of(j->check);
	char *text = xasprintf("%s%s \"%s\": %s",
	    j->check->nomad ? "nomad: " : "", method_of(j->check), url, why);

	answer(j, CHECK_CRITICAL, 0, text);
	free(text);
	free(url);
}

/* The words of who would have asked: Nomad says little of what is well. */
static void
http_answered(struct checkjob *j, int64_t code)
{
	const struct check *c = j->check;
	enum check_status status = check_status_of_http(code);
	char *url = url_of(c), *text;

	if (c->nomad)
		text = xstrdup(status == CHECK_PASSING ? "nomad: http ok"
						       : buf_str(&j->body));
	else
		text = xasprintf("HTTP %s %s: %" PRId64 " %s Output: %s",
		    method_of(c), url, code, http_reason((int)code),
		    buf_str(&j->body));
	answer(j, status, code, text);
	free(text);
	free(url);
}

static void
on_answer(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct checkjob *j = ctx;

	j->call = NULL;
	if (err != NULL)
		http_failed(j, err->text);
	else
		http_answered(j, a->status);
}

static void
on_piece(void *ctx, const char *p, size_t n)
{
	struct checkjob *j = ctx;
	size_t room = CHECK_MAX_OUTPUT - j->body.len;

	buf_add(&j->body, p, n < room ? n : room);
	j->nbody += n;
	if (j->nbody > CHECKRUN_MAX_BODY)
		http_failed(j, "the answer's body is too long");
}

/* "Name: value" lines, on the heap. */
static char **
header_lines(const struct service_check *spec, size_t *n)
{
	char **lines = NULL;
	size_t cap = 0;
	bool accept = false, agent = false;

	*n = 0;
	for (size_t i = 0; i < spec->nheader; i++)
		for (size_t k = 0; k < spec->header[i].nvalues; k++) {
			const char *name = spec->header[i].key;

			accept |= strcasecmp(name, "Accept") == 0;
			agent |= strcasecmp(name, "User-Agent") == 0;
			lines = xgrow(lines, *n, &cap, sizeof *lines);
			lines[(*n)++] = xasprintf(
			    "%s: %s", name, spec->header[i].values[k]);
		}
	lines = xreallocarray(lines, *n + 2, sizeof *lines);
	if (!accept)
		lines[(*n)++] = xstrdup("Accept: text/plain, text/*, */*");
	if (!agent)
		lines[(*n)++] = xstrdup("User-Agent: rove health check");
	return lines;
}

static void
ask_http(struct checkjob *j)
{
	const struct check *c = j->check;
	const char *body = c->spec.body != NULL ? c->spec.body : "";
	char *url = url_of(c), *addr = xstrdup(url + strlen("http://"));
	char *path = strchr(url + strlen("http://"), '/');
	size_t n;
	char **lines = header_lines(&c->spec, &n);

	*strchr(addr, '/') = '\0';
	j->client = http_client_new(j->run->loop, addr);
	j->call =
	    http_call(j->client, method_of(c), path, (const char *const *)lines,
		n, body, strlen(body), 0, on_answer, on_piece, j);
	for (size_t i = 0; i < n; i++)
		free(lines[i]);
	free(lines);
	free(addr);
	free(url);
}

/* --- TCP --- */

static void
tcp_ended(struct checkjob *j, int error)
{
	const struct check *c = j->check;
	char text[256], why[128];

	snprintf(why, sizeof why, "%s", strerror(error));
	why[0] = (char)tolower((unsigned char)why[0]);
	if (error != 0)
		snprintf(text, sizeof text,
		    "dial tcp %s:%" PRId64 ": connect: %s", c->address, c->port,
		    why);
	else if (c->nomad)
		snprintf(text, sizeof text, "nomad: tcp ok");
	else
		snprintf(text, sizeof text,
		    "TCP connect %s:%" PRId64 ": Success", c->address, c->port);
	answer(j, error == 0 ? CHECK_PASSING : CHECK_CRITICAL, 0, text);
}

static void
on_connected(void *arg, bool readable, bool writable)
{
	struct checkjob *j = arg;
	int error = 0;
	socklen_t len = sizeof error;

	(void)readable;
	(void)writable;
	if (getsockopt(j->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	tcp_ended(j, error);
}

static void
ask_tcp(struct checkjob *j)
{
	const struct check *c = j->check;
	bool v6 = strchr(c->address, ':') != NULL;
	char *text = xasprintf("%s%s%s:%" PRId64, v6 ? "[" : "", c->address,
	    v6 ? "]" : "", c->port);
	struct http_addr to;
	struct err err;
	int rc = http_addr_parse(&to, text, &err);

	free(text);
	if (rc == 0 && to.is_name)
		rc = err_set(&err, ERR_BAD,
		    "\"%s\" is no address, and tcp checks look up no names",
		    c->address);
	if (rc == -1) {
		answer(j, CHECK_CRITICAL, 0, err.text);
		return;
	}
	j->fd = http_addr_connect(&to.sock, to.len);
	if (j->fd == -1) {
		tcp_ended(j, errno);
		return;
	}
	j->watch = loop_fd_new(j->run->loop, j->fd, on_connected, j);
	loop_fd_want(j->watch, false, true);
}

/* --- turns --- */

static void
ask(struct checkjob *j)
{
	j->asking = true;
	j->run->nasking++;
	fall_due_in(j, check_timeout_ms(j->check));
	if (j->check->port <= 0 || j->check->port > UINT16_MAX)
		answer(j, CHECK_CRITICAL, 0,
		    "the check has no port: neither it nor its service names "
		    "one");
	else if (strcmp(j->check->spec.type, "tcp") == 0)
		ask_tcp(j);
	else
		ask_http(j);
}

static void
serve_line(struct checkrun *r)
{
	struct checkjob *j;

	if (r->serving)
		return;
	r->serving = true;
	while (r->nasking < CHECKRUN_MAX_AT_ONCE &&
	       (j = TAILQ_FIRST(&r->line)) != NULL) {
		TAILQ_REMOVE(&r->line, j, entry);
		j->waiting = false;
		ask(j);
	}
	r->serving = false;
}

static void
on_time_up(struct checkjob *j)
{
	char within[CLOCK_DUR_SIZE], text[CLOCK_DUR_SIZE + 32];

	clock_format_dur(
	    (int64_t)check_timeout_ms(j->check) * CLOCK_NS_PER_MS, within);
	snprintf(text, sizeof text, "no answer within %s", within);
	if (j->fd != -1)
		tcp_ended(j, ETIMEDOUT);
	else
		http_failed(j, text);
}

static void
on_timer(void *arg)
{
	struct checkrun *r = arg;
	struct due *due;

	while ((due = due_first(&r->dues)) != NULL &&
	       due->at_ms <= loop_now_ms(r->loop)) {
		struct checkjob *j = DUE_OF(due, struct checkjob, due);

		due_remove(&r->dues, due);
		if (j->asking) {
			on_time_up(j);
		} else {
			j->waiting = true;
			TAILQ_INSERT_TAIL(&r->line, j, entry);
		}
	}
	serve_line(r);
	arm(r);
}

struct checkjob *
checkjob_begin(struct checkrun *r, struct check *c, checkrun_fn *fn, void *ctx)
{
	struct checkjob *j = xcalloc(1, sizeof *j);

	*j = (struct checkjob){
		.run = r, .check = c, .fn = fn, .ctx = ctx, .fd = -1
	};
	r->njobs++;
	if (check_cannot_run(&c->spec) == NULL)
		fall_due_in(j, check_first_ms(c, &r->rng));
	arm(r);
	return j;
}

void
checkjob_end(struct checkjob *j)
{
	struct checkrun *r = j->run;

	due_remove(&r->dues, &j->due);
	if (j->waiting)
		TAILQ_REMOVE(&r->line, j, entry);
	if (j->asking)
		r->nasking--;
	hang_up(j);
	free(j);
	r->njobs--;
	arm(r);
}
