#include "cmd/nodeagent/checkrun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/http/http.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

#define WAIT_MS 8000

/* A service that is asked, and what comes of it. */
struct world {
	struct loop *loop;
	struct http_server *server;
	struct checkrun *run;
	char seen[512]; /* "METHOD target Host X-Test body" of the last one */
	size_t nasked, nran, most;
	bool ran;
	bool end_at_once;
	struct checkjob *job;
};

static void
on_request(void *ctx, struct http_req *r)
{
	struct world *w = ctx;
	const char *test = http_field(r, "X-Test");
	size_t n;
	const char *body = http_body(r, &n);

	w->nasked++;
	snprintf(w->seen, sizeof w->seen, "%s %s %s %s %.*s", http_method(r),
	    http_target(r), http_host(r), test != NULL ? test : "-", (int)n,
	    body != NULL ? body : "");
	if (strcmp(http_path(r), "/held") == 0)
		return;
	if (strcmp(http_path(r), "/long") == 0) {
		char *much = xcalloc(1, CHECKRUN_MAX_BODY + 100);

		memset(much, 'x', CHECKRUN_MAX_BODY + 100);
		http_reply(r, 200, NULL, much, CHECKRUN_MAX_BODY + 100);
		free(much);
		return;
	}
	http_reply(r, atoi(http_path(r) + 1), "text/plain", "it says", 7);
}

static const struct http_ops ops = { .on_request = on_request };

static void
open_world(struct world *w)
{
	struct err err;

	*w = (struct world){ .loop = loop_new() };
	w->server =
	    http_server_new(w->loop, "127.0.0.1:0", NULL, &ops, w, &err);
	ck_assert_msg(w->server != NULL, "%s", err.text);
	w->run = checkrun_new(w->loop, 1);
}

static void
close_world(struct world *w)
{
	ck_assert_uint_eq(checkrun_njobs(w->run), 0);
	ck_assert_uint_eq(checkrun_nasking(w->run), 0);
	checkrun_free(w->run);
	http_server_free(w->server);
	loop_free(w->loop);
}

static int64_t
port_of(const struct world *w)
{
	return atoi(strrchr(http_server_addr(w->server), ':') + 1);
}

static struct check
make(const struct world *w, const char *type, const char *path)
{
	struct check c = {
		.instance_id = xstrdup("i"),
		.service = xstrdup("web"),
		.group = xstrdup("g"),
		.task = xstrdup(""),
		.restarts = xstrdup(""),
		.address = xstrdup("127.0.0.1"),
		.port = port_of(w),
		.spec = { .name = xstrdup("alive"),
		    .type = xstrdup(type),
		    .path = xstrdup(path),
		    .interval = CLOCK_NS_PER_S,
		    .timeout = CLOCK_NS_PER_S / 2 },
	};
	struct run_time now = { 1, 1 };

	check_init(&c, now);
	return c;
}

static void
on_ran(void *ctx, struct check *c, bool changed)
{
	struct world *w = ctx;

	(void)c;
	(void)changed;
	w->nran++;
	w->ran = true;
	if (w->end_at_once) {
		checkjob_end(w->job);
		w->job = NULL;
	}
}

/* Until the first answer. */
static void
run_once(struct world *w, struct check *c)
{
	w->ran = false;
	w->job = checkjob_begin(w->run, c, on_ran, w);
	ck_assert(loop_wait(w->loop, &w->ran, WAIT_MS));
	if (w->job != NULL)
		checkjob_end(w->job);
}

static void
expect(struct world *w, struct check *c, enum check_status status,
    const char *output)
{
	run_once(w, c);
	ck_assert_msg(strstr(c->output, output) != NULL, "%s", c->output);
	ck_assert_int_eq(c->status, status);
	check_release(c);
}

START_TEST(http_answers_are_told_in_consuls_words)
{
	struct world w;
	struct check c;

	open_world(&w);
	c = make(&w, "http", "/200?x=1");
	expect(&w, &c, CHECK_PASSING, "/200?x=1: 200 OK Output: it says");
	ck_assert_ptr_nonnull(strstr(w.seen, "GET /200?x=1 127.0.0.1:"));
	c = make(&w, "http", "429");
	expect(&w, &c, CHECK_WARNING, "429 Too Many Requests");
	c = make(&w, "http", "/503");
	expect(&w, &c, CHECK_CRITICAL, "503 Service Unavailable");
	close_world(&w);
}
END_TEST

START_TEST(http_asks_as_the_job_says)
{
	struct world w;
	struct check c;

	open_world(&w);
	c = make(&w, "http", "/200");
	c.nomad = true;
	c.spec.method = xstrdup("POST");
	c.spec.body = xstrdup("ping");
	c.spec.header = xcalloc(2, sizeof *c.spec.header);
	c.spec.nheader = 2;
	for (size_t i = 0; i < 2; i++) {
		c.spec.header[i].key = xstrdup(i == 0 ? "Host" : "X-Test");
		c.spec.header[i].values = xcalloc(1, sizeof(char *));
		c.spec.header[i].values[0] =
		    xstrdup(i == 0 ? "web.example" : "a\r\nEvil: b");
		c.spec.header[i].nvalues = 1;
	}
	expect(&w, &c, CHECK_PASSING, "nomad: http ok");
	ck_assert_str_eq(w.seen, "POST /200 web.example a  Evil: b ping");
	close_world(&w);
}
END_TEST

START_TEST(who_does_not_answer_or_says_too_much_is_critical)
{
	struct world w;
	struct check c;

	open_world(&w);
	c = make(&w, "http", "/held");
	expect(&w, &c, CHECK_CRITICAL, "no answer within 500ms");
	c = make(&w, "http", "/long");
	expect(&w, &c, CHECK_CRITICAL, "the answer's body is too long");
	c = make(&w, "http", "/200");
	c.port = 1;
	expect(&w, &c, CHECK_CRITICAL, "GET \"http://127.0.0.1:1/200\": ");
	c = make(&w, "http", "/200");
	c.port = 0;
	expect(&w, &c, CHECK_CRITICAL, "the check has no port");
	close_world(&w);
}
END_TEST

START_TEST(tcp_connects_and_no_more)
{
	struct world w;
	struct check c;

	open_world(&w);
	c = make(&w, "tcp", "");
	expect(&w, &c, CHECK_PASSING, "TCP connect 127.0.0.1:");
	c = make(&w, "tcp", "");
	c.nomad = true;
	expect(&w, &c, CHECK_PASSING, "nomad: tcp ok");
	c = make(&w, "tcp", "");
	c.port = 1;
	expect(&w, &c, CHECK_CRITICAL,
	    "dial tcp 127.0.0.1:1: connect: connection refused");
	c = make(&w, "tcp", "");
	free(c.address);
	c.address = xstrdup("web.example");
	expect(&w, &c, CHECK_CRITICAL, "tcp checks look up no names");
	ck_assert_uint_eq(w.nasked, 0);
	close_world(&w);
}
END_TEST

START_TEST(a_job_may_end_in_its_own_answer)
{
	struct world w;
	struct check c;

	open_world(&w);
	w.end_at_once = true;
	c = make(&w, "http", "/200");
	expect(&w, &c, CHECK_PASSING, "200 OK");
	c = make(&w, "http", "/long");
	expect(&w, &c, CHECK_CRITICAL, "too long");
	c = make(&w, "tcp", "");
	expect(&w, &c, CHECK_PASSING, "Success");
	close_world(&w);
}
END_TEST

START_TEST(what_cannot_run_is_never_asked)
{
	struct world w;
	struct check c;
	bool never = false;

	open_world(&w);
	c = make(&w, "grpc", "");
	w.job = checkjob_begin(w.run, &c, on_ran, &w);
	loop_wait(w.loop, &never, CHECK_FIRST_MS + 200);
	ck_assert_uint_eq(w.nran, 0);
	checkjob_end(w.job);
	check_release(&c);
	close_world(&w);
}
END_TEST

/* Twice as many as may be asked at a time, whom nobody answers. */
START_TEST(only_so_many_are_asked_at_a_time)
{
	enum { MANY = 2 * CHECKRUN_MAX_AT_ONCE };
	static struct check checks[MANY];
	static struct checkjob *jobs[MANY];
	struct world w;
	bool never = false;

	open_world(&w);
	for (size_t i = 0; i < MANY; i++) {
		checks[i] = make(&w, "http", "/held");
		checks[i].spec.timeout = 3 * CLOCK_NS_PER_S;
		jobs[i] = checkjob_begin(w.run, &checks[i], on_ran, &w);
	}
	loop_wait(w.loop, &never, CHECK_FIRST_MS + 200);
	ck_assert_uint_eq(checkrun_nasking(w.run), CHECKRUN_MAX_AT_ONCE);
	ck_assert_uint_eq(w.nasked, CHECKRUN_MAX_AT_ONCE);
	for (size_t i = 0; i < MANY; i++) {
		checkjob_end(jobs[i]);
		check_release(&checks[i]);
	}
	close_world(&w);
}
END_TEST

/* All who are asked end without an answer: the others get their turn. */
START_TEST(who_waits_in_line_is_asked_when_others_end)
{
	enum { MANY = CHECKRUN_MAX_AT_ONCE + 1 };
	static struct check checks[MANY];
	static struct checkjob *jobs[MANY];
	struct world w;
	bool never = false;

	open_world(&w);
	for (size_t i = 0; i < MANY; i++) {
		checks[i] = make(&w, "http", i + 1 < MANY ? "/held" : "/200");
		checks[i].spec.timeout = 60 * CLOCK_NS_PER_S;
		if (i + 1 < MANY)
			jobs[i] = checkjob_begin(w.run, &checks[i], on_ran, &w);
	}
	loop_wait(w.loop, &never, CHECK_FIRST_MS + 200);
	jobs[MANY - 1] = checkjob_begin(w.run, &checks[MANY - 1], on_ran, &w);
	loop_wait(w.loop, &never, CHECK_FIRST_MS + 200);
	ck_assert_uint_eq(w.nran, 0);
	checkjob_end(jobs[0]);
	ck_assert(loop_wait(w.loop, &w.ran, WAIT_MS));
	for (size_t i = 1; i < MANY; i++)
		checkjob_end(jobs[i]);
	for (size_t i = 0; i < MANY; i++)
		check_release(&checks[i]);
	close_world(&w);
}
END_TEST

UNIT_MAIN("checkrun", http_answers_are_told_in_consuls_words,
    http_asks_as_the_job_says, who_does_not_answer_or_says_too_much_is_critical,
    tcp_connects_and_no_more, a_job_may_end_in_its_own_answer,
    what_cannot_run_is_never_asked, only_so_many_are_asked_at_a_time,
    who_waits_in_line_is_asked_when_others_end)
