#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/bus.h"
#include "common/mem.h"
#include "tests/lib/busworld.h"
#include "tests/lib/unit.h"

START_TEST(a_request_is_answered_over_ipc)
{
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p = bus_world_dial(w);
	struct stat st;

	bus_world_echoes(w, p);
	ck_assert_int_eq(stat(w->url + 6, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0660);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

START_TEST(a_request_is_answered_over_tcp)
{
	struct bus_world *w = bus_world_new(true);
	struct bus_peer *p = bus_world_dial(w);
	struct bus_outcome o = { 0 };

	bus_world_echoes(w, p);
	bus_peer_set_token(p, "secret");
	bus_peer_set_region(p, "global");
	bus_call(p, NOTHING, NULL, 5000, bus_world_on_outcome, &o);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_NONE);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

START_TEST(replies_are_held_and_given_in_any_order)
{
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p = bus_world_dial(w);
	static struct bus_outcome o[200];
	struct bus_note note = { 0 };

	for (size_t i = 0; i < 200; i++)
		bus_world_call(p, HOLD, i, 20000, &o[i]);
	while (w->nheld < 200) {
		w->woken = false;
		ck_assert(loop_wait(w->loop, &w->woken, 5000));
	}
	bus_world_echoes(w, p); /* what is held keeps nobody from the rest */
	while (w->nheld > 0) {
		note.n = w->nheld;
		bus_reply(w->held[--w->nheld], &note);
	}
	for (size_t i = 0; i < 200; i++) {
		ck_assert(loop_wait(w->loop, &o[i].done, 5000));
		ck_assert_msg(o[i].code == ERR_NONE, "%s", o[i].text);
	}
	ck_assert_uint_eq(bus_server_stats(w->server)->replies, 201);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

static void
on_no_news(void *ctx, struct bus_req *req)
{
	struct bus_note note = { .n = 304 };

	(void)ctx;
	bus_reply(req, &note);
}

START_TEST(a_held_request_ends_at_its_deadline)
{
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p = bus_world_dial(w);
	struct bus_outcome o;

	bus_world_call(p, HOLD, 1, 300, &o);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_TIMEOUT);

	w->woken = false;
	bus_world_call(p, HOLD, 1, 1500, &o);
	ck_assert(loop_wait(w->loop, &w->woken, 5000));
	bus_on_expire(w->held[1], on_no_news, w);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_NONE);
	ck_assert_uint_eq(o.n, 304);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

START_TEST(what_is_refused_says_why)
{
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p = bus_world_dial(w);
	struct bus_outcome o;
	struct err err;

	bus_world_call(p, HOLD, 1, 5000, &o);
	ck_assert(loop_wait(w->loop, &w->woken, 5000));
	bus_refusef(w->held[0], ERR_CONFLICT, "job %s is there", "web");
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_CONFLICT);
	ck_assert_str_eq(o.text, "job web is there");

	bus_world_call(p, STRANGE, 1, 5000, &o);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_BAD);

	ck_assert_ptr_null(bus_dial(w->loop, "tls+tcp://a:1", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "certificate"));
	ck_assert_ptr_null(
	    bus_serve(w->loop, w->url, bus_world_routes, 3, w, &err));
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(err.text, w->url));
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

START_TEST(nobody_there_is_told_at_the_deadline)
{
	struct bus_world *w = bus_world_new(false);
	struct bus_outcome o;
	struct bus_peer *p;

	bus_server_free(w->server);
	w->server = NULL;
	p = bus_world_dial(w);
	bus_world_call(p, ECHO, 1, 100, &o);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_GONE);

	/* A call that waits is sent when somebody comes. */
	bus_world_call(p, ECHO, 2, 10000, &o);
	bus_world_pass(w, 50);
	bus_world_serve(w);
	ck_assert(loop_wait(w->loop, &o.done, 10000));
	ck_assert_int_eq(o.code, ERR_NONE);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

START_TEST(a_lost_request_is_repeated_once_with_its_id)
{
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p = bus_world_dial(w);
	struct bus_outcome o;

	bus_world_call(p, HOLD, 1, 20000, &o);
	for (int round = 0; round < 2; round++) {
		w->woken = false;
		if (round > 0 || w->nheld == 0)
			ck_assert(loop_wait(w->loop, &w->woken, 10000));
		bus_server_free(w->server);
		bus_world_serve(w);
	}
	ck_assert(loop_wait(w->loop, &o.done, 10000));
	ck_assert_int_eq(o.code, ERR_GONE);
	ck_assert_uint_eq(w->nheld, 2);
	ck_assert_uint_eq(w->nrepeats, 1);
	ck_assert_uint_eq(w->first_id, w->last_id);
	bus_world_echoes(w, p);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

START_TEST(too_many_calls_to_a_peer_are_busy)
{
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p = bus_world_dial(w);
	static struct bus_outcome o[BUS_MAX_INFLIGHT + 1];

	for (size_t i = 0; i <= BUS_MAX_INFLIGHT; i++)
		bus_world_call(p, HOLD, i, 60000, &o[i]);
	ck_assert(loop_wait(w->loop, &o[BUS_MAX_INFLIGHT].done, 5000));
	ck_assert_int_eq(o[BUS_MAX_INFLIGHT].code, ERR_BUSY);
	bus_peer_free(p);
	for (size_t i = 0; i < BUS_MAX_INFLIGHT; i++) {
		ck_assert_uint_eq(o[i].times, 1);
		ck_assert_int_eq(o[i].code, ERR_GONE);
	}
	bus_world_free(w);
}
END_TEST

/* How a process ends that answers r now. */
static int
signal_of_answer(struct bus_req *r)
{
	const struct rlimit none = { 0 };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &none);
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(2);
		signal(SIGABRT, SIG_DFL);
		bus_refusef(r, ERR_BAD, "too late");
		_exit(0);
	}
	ck_assert_int_ne(pid, -1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

START_TEST(an_answer_that_comes_late_is_caught)
{
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p = bus_world_dial(w);
	struct bus_outcome o;

	bus_world_call(p, HOLD, 1, 100, &o);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_TIMEOUT);
	while (bus_server_stats(w->server)->replies == 0)
		bus_world_pass(w, 10); /* the asker may be the first to know */
	ck_assert_int_eq(signal_of_answer(w->held[0]), SIGABRT);
	/* Neither is it somebody else's request, whatever came since. */
	for (size_t i = 1; i < 50; i++) {
		w->woken = false;
		bus_world_call(p, HOLD, i, 5000, &o);
		ck_assert(loop_wait(w->loop, &w->woken, 5000));
		ck_assert_ptr_ne(w->held[i], w->held[0]);
		ck_assert_int_eq(signal_of_answer(w->held[0]), SIGABRT);
		bus_refusef(w->held[i], ERR_CONFLICT, "no");
		ck_assert(loop_wait(w->loop, &o.done, 5000));
		ck_assert_int_eq(o.code, ERR_CONFLICT);
	}
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

static char *
text_of(size_t n)
{
	char *text = xmalloc(n + 1);

	memset(text, 'x', n);
	text[n] = '\0';
	return text;
}

START_TEST(no_message_over_the_limit_is_sent)
{
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p = bus_world_dial(w);
	struct bus_note note = { .text = text_of(BUS_MAX_MSG) };
	struct bus_outcome o = { 0 };
	size_t n;

	bus_call(p, ECHO, &note, 5000, bus_world_on_outcome, &o);
	ck_assert(!o.done);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_BAD);
	ck_assert_int_eq(
	    sscanf(o.text, "echo would be a message of %zu bytes", &n), 1);
	/* What is just as long as it may be arrives, both ways. */
	note.text[BUS_MAX_MSG - (n - BUS_MAX_MSG)] = '\0';
	o = (struct bus_outcome){ 0 };
	bus_call(p, ECHO, &note, 5000, bus_world_on_outcome, &o);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_msg(o.code == ERR_NONE, "%s", o.text);
	note.text[BUS_MAX_MSG - (n - BUS_MAX_MSG)] = 'x';

	bus_world_call(p, HOLD, 1, 5000, &o);
	ck_assert(loop_wait(w->loop, &w->woken, 5000));
	bus_reply(w->held[0], &note);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_INTERNAL);
	ck_assert_ptr_nonnull(strstr(o.text, "hold: the answer would be"));
	ck_assert(bus_peer_is_up(p));
	bus_world_echoes(w, p);
	free(note.text);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

START_TEST(what_is_held_is_bounded_in_bytes)
{
	enum { ONE = 4 << 20, MANY = BUS_MAX_HELD_BYTES / ONE };
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p = bus_world_dial(w);
	struct bus_note note = { .text = text_of(ONE) };
	static struct bus_outcome o[MANY];

	for (size_t i = 0; i < MANY; i++) {
		w->woken = o[i].done = false;
		bus_call(p, HOLD, &note, 60000, bus_world_on_outcome, &o[i]);
		ck_assert(loop_wait(
		    w->loop, i < MANY - 1 ? &w->woken : &o[i].done, 10000));
	}
	ck_assert_int_eq(o[MANY - 1].code, ERR_BUSY);
	ck_assert_uint_eq(w->nheld, MANY - 1);
	/* Room is made by an answer. */
	bus_refusef(w->held[0], ERR_CONFLICT, "no");
	w->woken = false;
	bus_call(p, HOLD, &note, 60000, bus_world_on_outcome, &o[0]);
	ck_assert(loop_wait(w->loop, &w->woken, 10000));
	free(note.text);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

START_TEST(a_body_that_is_forgotten_weighs_nothing)
{
	enum { ONE = 4 << 20, MANY = BUS_MAX_HELD_BYTES / ONE + 4 };
	struct bus_world *w = bus_world_new(false);
	struct bus_peer *p = bus_world_dial(w);
	struct bus_note note = { .text = text_of(ONE) };
	static struct bus_outcome o[MANY];

	for (size_t i = 0; i < MANY; i++) {
		w->woken = o[i].done = false;
		bus_call(p, HOLD, &note, 60000, bus_world_on_outcome, &o[i]);
		ck_assert(loop_wait(w->loop, &w->woken, 10000));
		bus_forget_body(w->held[i]);
		ck_assert_str_eq(bus_region(w->held[i]), "");
	}
	for (size_t i = 0; i < MANY; i++)
		bus_reply(w->held[i], &(struct bus_note){ .n = i });
	ck_assert(loop_wait(w->loop, &o[MANY - 1].done, 10000));
	ck_assert_int_eq(o[MANY - 1].code, ERR_NONE);
	ck_assert_uint_eq(o[MANY - 1].n, MANY - 1);
	free(note.text);
	bus_peer_free(p);
	bus_world_free(w);
}
END_TEST

UNIT_MAIN("bus", a_request_is_answered_over_ipc, a_request_is_answered_over_tcp,
    replies_are_held_and_given_in_any_order,
    a_held_request_ends_at_its_deadline, what_is_refused_says_why,
    nobody_there_is_told_at_the_deadline,
    a_lost_request_is_repeated_once_with_its_id,
    too_many_calls_to_a_peer_are_busy, an_answer_that_comes_late_is_caught,
    no_message_over_the_limit_is_sent, what_is_held_is_bounded_in_bytes,
    a_body_that_is_forgotten_weighs_nothing)
