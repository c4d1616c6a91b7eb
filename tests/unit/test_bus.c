#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/bus.h"
#include "common/envelope.h"
#include "common/log.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

/* One small message, asked, answered and published. */
struct note {
	uint64_t n;
	char *text;
};
static const struct rec_field note_fields[] = {
	REC_U64(struct note, 1, n, "N"),
	REC_STR(struct note, 2, text, "Text"),
};
static const struct rec_type note_type = REC_TYPE(note, note_fields);

enum { ECHO = 1, HOLD = 2, NOTHING = 3, STRANGE = 4, NEWS = 5 };
static const struct msg_def defs[] = {
	{ ECHO, "echo", &note_type, &note_type },
	{ HOLD, "hold", &note_type, &note_type },
	{ NOTHING, "nothing", NULL, NULL },
	{ STRANGE, "strange", NULL, NULL },
	{ NEWS, "news", &note_type, NULL },
};

#define MAX_HELD 600

/* A world of one loop, one server and what its handlers saw. */
struct world {
	char dir[64];
	char *url;
	struct loop *loop;
	struct bus_server *server;
	struct bus_req *held[MAX_HELD];
	size_t nheld;
	size_t nrepeats;
	uint64_t first_id, last_id;
	bool woken; /* something that a test waits for */
};

/* What one call came to. */
struct outcome {
	struct world *w;
	bool done;
	size_t times;
	enum err_code code;
	char text[ERR_TEXT_MAX];
	uint64_t n;
};

static void
on_echo(void *ctx, struct bus_req *req, const void *body)
{
	(void)ctx;
	bus_reply(req, body);
}

static void
on_hold(void *ctx, struct bus_req *req, const void *body)
{
	struct world *w = ctx;

	(void)body;
	if (w->first_id == 0)
		w->first_id = bus_id(req);
	w->last_id = bus_id(req);
	w->nrepeats += bus_is_repeat(req);
	w->held[w->nheld++] = req;
	w->woken = true;
}

static void
on_nothing(void *ctx, struct bus_req *req, const void *body)
{
	(void)ctx;
	ck_assert_ptr_null(body);
	ck_assert_str_eq(bus_token(req), "secret");
	ck_assert_str_eq(bus_region(req), "global");
	bus_reply(req, NULL);
}

static const struct bus_route routes[] = {
	{ ECHO, on_echo },
	{ HOLD, on_hold },
	{ NOTHING, on_nothing },
};

static void
serve(struct world *w)
{
	struct err err;

	w->server = bus_serve(w->loop, w->url, routes, 3, w, &err);
	ck_assert_msg(w->server != NULL, "%s", err.text);
}

static struct world *
world_new(bool tcp)
{
	struct world *w = xcalloc(1, sizeof *w);

	bus_use(defs, sizeof defs / sizeof defs[0]);
	log_set_level(LOG_ERROR);
	strcpy(w->dir, "/tmp/rove-bus-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(w->dir));
	w->url = tcp ? xstrdup("tcp://127.0.0.1:0")
		     : xasprintf("ipc://%s/s", w->dir);
	w->loop = loop_new();
	serve(w);
	if (tcp) {
		free(w->url);
		w->url =
		    xasprintf("tcp://127.0.0.1:%d", bus_server_port(w->server));
	}
	return w;
}

static void
world_free(struct world *w)
{
	bus_server_free(w->server);
	loop_free(w->loop);
	ck_assert_int_eq(rmdir(w->dir), 0); /* the socket's path is gone */
	free(w->url);
	free(w);
}

static void
on_outcome(void *ctx, const struct err *err, const void *reply)
{
	struct outcome *o = ctx;
	const struct note *note = reply;

	o->done = true;
	o->times++;
	if (err != NULL) {
		o->code = err->code;
		snprintf(o->text, sizeof o->text, "%s", err->text);
	} else if (note != NULL) {
		o->n = note->n;
	}
}

static struct bus_peer *
dial(struct world *w)
{
	struct err err;
	struct bus_peer *p = bus_dial(w->loop, w->url, &err);

	ck_assert_msg(p != NULL, "%s", err.text);
	return p;
}

static void
call(struct bus_peer *p, uint16_t number, uint64_t n, uint64_t timeout_ms,
    struct outcome *o)
{
	struct note note = { .n = n };

	memset(o, 0, sizeof *o);
	bus_call(p, number, &note, timeout_ms, on_outcome, o);
	ck_assert(!o->done); /* never before bus_call() returns */
}

static void
echo_works(struct world *w, struct bus_peer *p)
{
	struct outcome o;

	call(p, ECHO, 7, 5000, &o);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_msg(o.code == ERR_NONE, "%s", o.text);
	ck_assert_uint_eq(o.n, 7);
}

static void
pass_time(struct world *w, uint64_t ms)
{
	bool never = false;

	loop_wait(w->loop, &never, ms);
}

START_TEST(a_request_is_answered_over_ipc)
{
	struct world *w = world_new(false);
	struct bus_peer *p = dial(w);
	struct stat st;

	echo_works(w, p);
	ck_assert_int_eq(stat(w->url + 6, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0660);
	bus_peer_free(p);
	world_free(w);
}
END_TEST

START_TEST(a_request_is_answered_over_tcp)
{
	struct world *w = world_new(true);
	struct bus_peer *p = dial(w);
	struct outcome o = { 0 };

	echo_works(w, p);
	bus_peer_set_token(p, "secret");
	bus_peer_set_region(p, "global");
	bus_call(p, NOTHING, NULL, 5000, on_outcome, &o);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_NONE);
	bus_peer_free(p);
	world_free(w);
}
END_TEST

START_TEST(replies_are_held_and_given_in_any_order)
{
	struct world *w = world_new(false);
	struct bus_peer *p = dial(w);
	static struct outcome o[200];
	struct note note = { 0 };

	for (size_t i = 0; i < 200; i++)
		call(p, HOLD, i, 20000, &o[i]);
	while (w->nheld < 200) {
		w->woken = false;
		ck_assert(loop_wait(w->loop, &w->woken, 5000));
	}
	echo_works(w, p); /* what is held keeps nobody from the rest */
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
	world_free(w);
}
END_TEST

static void
on_no_news(void *ctx, struct bus_req *req)
{
	struct note note = { .n = 304 };

	(void)ctx;
	bus_reply(req, &note);
}

START_TEST(a_held_request_ends_at_its_deadline)
{
	struct world *w = world_new(false);
	struct bus_peer *p = dial(w);
	struct outcome o;

	call(p, HOLD, 1, 300, &o);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_TIMEOUT);

	w->woken = false;
	call(p, HOLD, 1, 300, &o);
	ck_assert(loop_wait(w->loop, &w->woken, 5000));
	bus_on_expire(w->held[1], on_no_news, w);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_NONE);
	ck_assert_uint_eq(o.n, 304);
	bus_peer_free(p);
	world_free(w);
}
END_TEST

START_TEST(what_is_refused_says_why)
{
	struct world *w = world_new(false);
	struct bus_peer *p = dial(w);
	struct outcome o;
	struct err err;

	call(p, HOLD, 1, 5000, &o);
	ck_assert(loop_wait(w->loop, &w->woken, 5000));
	bus_refusef(w->held[0], ERR_CONFLICT, "job %s is there", "web");
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_CONFLICT);
	ck_assert_str_eq(o.text, "job web is there");

	call(p, STRANGE, 1, 5000, &o);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_BAD);

	ck_assert_ptr_null(bus_dial(w->loop, "tls+tcp://a:1", &err));
	ck_assert_ptr_nonnull(strstr(err.text, "TLS"));
	ck_assert_ptr_null(bus_serve(w->loop, w->url, routes, 3, w, &err));
	ck_assert_int_eq(err.code, ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(err.text, w->url));
	bus_peer_free(p);
	world_free(w);
}
END_TEST

START_TEST(nobody_there_is_told_at_the_deadline)
{
	struct world *w = world_new(false);
	struct outcome o;
	struct bus_peer *p;

	bus_server_free(w->server);
	w->server = NULL;
	p = dial(w);
	call(p, ECHO, 1, 100, &o);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_int_eq(o.code, ERR_GONE);

	/* A call that waits is sent when somebody comes. */
	call(p, ECHO, 2, 10000, &o);
	pass_time(w, 50);
	serve(w);
	ck_assert(loop_wait(w->loop, &o.done, 10000));
	ck_assert_int_eq(o.code, ERR_NONE);
	bus_peer_free(p);
	world_free(w);
}
END_TEST

START_TEST(a_lost_request_is_repeated_once_with_its_id)
{
	struct world *w = world_new(false);
	struct bus_peer *p = dial(w);
	struct outcome o;

	call(p, HOLD, 1, 20000, &o);
	for (int round = 0; round < 2; round++) {
		w->woken = false;
		if (round > 0 || w->nheld == 0)
			ck_assert(loop_wait(w->loop, &w->woken, 10000));
		bus_server_free(w->server);
		serve(w);
	}
	ck_assert(loop_wait(w->loop, &o.done, 10000));
	ck_assert_int_eq(o.code, ERR_GONE);
	ck_assert_uint_eq(w->nheld, 2);
	ck_assert_uint_eq(w->nrepeats, 1);
	ck_assert_uint_eq(w->first_id, w->last_id);
	echo_works(w, p);
	bus_peer_free(p);
	world_free(w);
}
END_TEST

START_TEST(too_many_calls_to_a_peer_are_busy)
{
	struct world *w = world_new(false);
	struct bus_peer *p = dial(w);
	static struct outcome o[BUS_MAX_INFLIGHT + 1];

	for (size_t i = 0; i <= BUS_MAX_INFLIGHT; i++)
		call(p, HOLD, i, 60000, &o[i]);
	ck_assert(loop_wait(w->loop, &o[BUS_MAX_INFLIGHT].done, 5000));
	ck_assert_int_eq(o[BUS_MAX_INFLIGHT].code, ERR_BUSY);
	bus_peer_free(p);
	for (size_t i = 0; i < BUS_MAX_INFLIGHT; i++) {
		ck_assert_uint_eq(o[i].times, 1);
		ck_assert_int_eq(o[i].code, ERR_GONE);
	}
	world_free(w);
}
END_TEST

/* --- bytes from strangers --- */

static int
raw_connect(struct world *w)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(sa.sun_path, w->url + 6);
	ck_assert_int_eq(
	    connect(fd, (const struct sockaddr *)&sa, sizeof sa), 0);
	return fd;
}

/* nng's greeting of a REQ peer, then one message with the given length. */
static int
raw_send(struct world *w, uint64_t claimed, const void *bytes, size_t n)
{
	static const uint8_t hello[8] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0 };
	uint8_t head[9] = { 1 };
	struct buf b = { 0 };
	int fd = raw_connect(w);

	for (int i = 0; i < 8; i++)
		head[1 + i] = (uint8_t)(claimed >> (56 - 8 * i));
	/* Whole, for it may be closed after any part of it. */
	buf_add(&b, hello, sizeof hello);
	buf_add(&b, head, sizeof head);
	buf_add(&b, bytes, n);
	ck_assert_int_eq(send(fd, b.data, b.len, 0), (ssize_t)b.len);
	buf_release(&b);
	return fd;
}

static void
expect_closed(struct world *w, int fd)
{
	char c[64];
	ssize_t n = 0;

	pass_time(w, 100);
	for (int i = 0; i < 50; i++) {
		n = recv(fd, c, sizeof c, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && i > 40))
			break;
		pass_time(w, 20);
	}
	ck_assert_int_eq(n, 0);
	close(fd);
}

/* nng closes first and counts then; a stranger that it hangs up on while it
 * greets another it may not count. */
static void
expect_refused(struct world *w, uint64_t n)
{
	for (int i = 0; i < 200; i++)
		if (bus_server_stats(w->server)->refused < n)
			pass_time(w, 20);
	ck_assert_uint_ge(bus_server_stats(w->server)->refused, n);
}

START_TEST(garbage_is_closed_and_counted)
{
	struct world *w = world_new(false);
	struct bus_peer *p = dial(w);
	static const char cut[] = "\x80\0\0\1rv\1\0";
	char wrong[4 + ENVELOPE_HEAD] = "\x80\0\0\1xx";
	int fd;

	fd = raw_connect(w);
	ck_assert_int_eq(write(fd, "GET / HTTP/1.0\r\n\r\n", 18), 18);
	expect_closed(w, fd);
	expect_closed(w, raw_send(w, UINT64_C(1) << 40, cut, 8));
	expect_closed(w, raw_send(w, BUS_MAX_MSG + 1, cut, 8));
	expect_refused(w, 2);
	expect_closed(w, raw_send(w, 8, cut, 8));
	expect_closed(w, raw_send(w, sizeof wrong, wrong, sizeof wrong));
	expect_refused(w, 4);
	echo_works(w, p);
	bus_peer_free(p);
	world_free(w);
}
END_TEST

/* Who has asked and goes is no stranger; and what one socket refuses is not
 * laid to another's charge. */
START_TEST(askers_who_leave_are_not_counted_as_garbage)
{
	struct world *w = world_new(false), *other = world_new(false);
	int fd;

	for (int i = 0; i < 5; i++) {
		struct bus_peer *p = dial(w);

		echo_works(w, p);
		bus_peer_free(p);
	}
	pass_time(w, 200);
	ck_assert_uint_eq(bus_server_stats(w->server)->refused, 0);
	fd = raw_connect(w);
	ck_assert_int_eq(write(fd, "GET / HTTP/1.0\r\n\r\n", 18), 18);
	expect_closed(w, fd);
	expect_refused(w, 1);
	ck_assert_uint_eq(bus_server_stats(other->server)->refused, 0);
	world_free(other);
	world_free(w);
}
END_TEST

START_TEST(who_connects_and_leaves_at_once_keeps_nobody_out)
{
	struct world *w = world_new(false);
	struct bus_peer *p;

	for (int i = 0; i < 20; i++)
		close(raw_connect(w));
	p = dial(w);
	echo_works(w, p);
	bus_peer_free(p);
	world_free(w);
}
END_TEST

START_TEST(a_bad_body_is_refused)
{
	struct world *w = world_new(false);
	struct envelope e = { .number = ECHO, .id = 1 };
	struct bus_peer *p = dial(w);
	struct buf b = { 0 };
	int fd;

	buf_add(&b, "\x80\0\0\1", 4);
	envelope_pack(&e, &b);
	buf_add(&b, "\xc1", 1);
	fd = raw_send(w, b.len, b.data, b.len);
	expect_refused(w, 1);
	echo_works(w, p);
	close(fd);
	buf_release(&b);
	bus_peer_free(p);
	world_free(w);
}
END_TEST

/* --- topics --- */

struct listener {
	size_t n, ngaps, nups, ndowns, nmarks;
	uint64_t last;
	bool heard, linked;
};

static void
on_news(void *ctx, const char *topic, uint16_t number, uint64_t seq, bool gap,
    const void *body)
{
	struct listener *l = ctx;

	(void)seq;
	ck_assert_int_eq(strncmp(topic, "a.", 2), 0);
	l->heard = true;
	if (strcmp(topic, "a.join") == 0)
		return;
	l->ngaps += gap;
	if (number == 0) {
		l->nmarks++;
		return;
	}
	l->n++;
	l->last = ((const struct note *)body)->n;
}

static void
on_link(void *ctx, bool up)
{
	struct listener *l = ctx;

	l->linked = up;
	l->nups += up;
	l->ndowns += !up;
}

static void
publish(struct bus_pub *pub, const char *topic, uint64_t n)
{
	struct note note = { .n = n };

	bus_publish(pub, topic, NEWS, &note);
}

static void
hear_one(struct world *w, struct listener *l)
{
	l->heard = false;
	ck_assert(loop_wait(w->loop, &l->heard, 5000));
}

/* The publisher's end of a link is up a moment after the subscriber's. */
static void
join(struct world *w, struct bus_pub *pub, struct listener *l)
{
	ck_assert(loop_wait(w->loop, &l->linked, 5000));
	l->heard = false;
	while (!l->heard) {
		publish(pub, "a.join", 0);
		loop_wait(w->loop, &l->heard, 20);
	}
}

START_TEST(topics_are_numbered_and_a_gap_is_told)
{
	struct world *w = world_new(false);
	char *url = xasprintf("ipc://%s/p", w->dir);
	struct err err;
	struct bus_pub *pub = bus_publish_at(w->loop, url, &err);
	struct listener l = { 0 };
	struct bus_sub *sub;

	publish(pub, "a.x", 1); /* nobody hears it */
	sub = bus_subscribe(w->loop, url, "a.", on_news, &l, &err);
	bus_sub_on_link(sub, on_link);
	join(w, pub, &l);
	publish(pub, "b.x", 9); /* not ours */
	publish(pub, "a.x", 2);
	publish(pub, "a.y", 3);
	publish(pub, "a.x", 4);
	while (l.n < 3)
		hear_one(w, &l);
	ck_assert_uint_eq(l.ngaps, 1); /* before 2 */
	ck_assert_uint_eq(l.last, 4);
	ck_assert_uint_eq(bus_pub_seq(pub, "a.x"), 3);

	/* A restart is told, although its numbers begin anew. */
	bus_pub_free(pub);
	pub = bus_publish_at(w->loop, url, &err);
	while (l.nups < 2)
		pass_time(w, 10);
	ck_assert_uint_eq(l.ndowns, 1);
	join(w, pub, &l);
	publish(pub, "a.y", 5);
	while (l.last != 5)
		hear_one(w, &l);
	ck_assert_uint_eq(l.ngaps, 2);
	bus_sub_free(sub);
	bus_pub_free(pub);
	free(url);
	world_free(w);
}
END_TEST

START_TEST(a_flood_loses_nothing_silently)
{
	struct world *w = world_new(false);
	char *url = xasprintf("ipc://%s/p", w->dir);
	struct err err;
	struct bus_pub *pub = bus_publish_at(w->loop, url, &err);
	struct listener l = { 0 };
	struct bus_sub *sub =
	    bus_subscribe(w->loop, url, "a.", on_news, &l, &err);

	bus_sub_on_link(sub, on_link);
	join(w, pub, &l);
	for (uint64_t i = 1; i <= 20000; i++)
		publish(pub, "a.x", i);
	pass_time(w, BUS_MARK_MS + 500);
	/* Much was lost, the end of it probably too; we know it. */
	ck_assert(l.n == 20000 || l.ngaps > 0);
	ck_assert(l.last == 20000 || l.nmarks == 1);
	bus_sub_free(sub);
	bus_pub_free(pub);
	free(url);
	world_free(w);
}
END_TEST

UNIT_MAIN("bus", a_request_is_answered_over_ipc, a_request_is_answered_over_tcp,
    replies_are_held_and_given_in_any_order,
    a_held_request_ends_at_its_deadline, what_is_refused_says_why,
    nobody_there_is_told_at_the_deadline,
    a_lost_request_is_repeated_once_with_its_id,
    too_many_calls_to_a_peer_are_busy, garbage_is_closed_and_counted,
    askers_who_leave_are_not_counted_as_garbage,
    who_connects_and_leaves_at_once_keeps_nobody_out, a_bad_body_is_refused,
    topics_are_numbered_and_a_gap_is_told, a_flood_loses_nothing_silently)
