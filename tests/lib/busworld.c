#include "tests/lib/busworld.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/bus.h"
#include "common/log.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

static const struct rec_field note_fields[] = {
	REC_U64(struct bus_note, 1, n, "N"),
	REC_STR(struct bus_note, 2, text, "Text"),
};
const struct rec_type bus_note_type = REC_TYPE(bus_note, note_fields);

static const struct msg_def defs[] = {
	{ ECHO, "echo", &bus_note_type, &bus_note_type },
	{ HOLD, "hold", &bus_note_type, &bus_note_type },
	{ NOTHING, "nothing", NULL, NULL },
	{ STRANGE, "strange", NULL, NULL },
	{ NEWS, "news", &bus_note_type, NULL },
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
	struct bus_world *w = ctx;

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

const struct bus_route bus_world_routes[3] = {
	{ ECHO, on_echo },
	{ HOLD, on_hold },
	{ NOTHING, on_nothing },
};

void
bus_world_serve(struct bus_world *w)
{
	struct err err;

	w->server = bus_serve(w->loop, w->url, bus_world_routes, 3, w, &err);
	ck_assert_msg(w->server != NULL, "%s", err.text);
}

struct bus_world *
bus_world_new(bool tcp)
{
	struct bus_world *w = xcalloc(1, sizeof *w);

	bus_use(defs, sizeof defs / sizeof defs[0]);
	log_set_level(LOG_ERROR);
	strcpy(w->dir, "/tmp/rove-bus-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(w->dir));
	w->url = tcp ? xstrdup("tcp://127.0.0.1:0")
		     : xasprintf("ipc://%s/s", w->dir);
	w->loop = loop_new();
	bus_world_serve(w);
	if (tcp) {
		free(w->url);
		w->url =
		    xasprintf("tcp://127.0.0.1:%d", bus_server_port(w->server));
	}
	return w;
}

void
bus_world_free(struct bus_world *w)
{
	bus_server_free(w->server);
	loop_free(w->loop);
	ck_assert_int_eq(rmdir(w->dir), 0); /* the socket's path is gone */
	free(w->url);
	free(w);
}

void
bus_world_on_outcome(void *ctx, const struct err *err, const void *reply)
{
	struct bus_outcome *o = ctx;
	const struct bus_note *note = reply;

	o->done = true;
	o->times++;
	if (err != NULL) {
		o->code = err->code;
		snprintf(o->text, sizeof o->text, "%s", err->text);
	} else if (note != NULL) {
		o->n = note->n;
	}
}

struct bus_peer *
bus_world_dial(struct bus_world *w)
{
	struct err err;
	struct bus_peer *p = bus_dial(w->loop, w->url, &err);

	ck_assert_msg(p != NULL, "%s", err.text);
	return p;
}

void
bus_world_call(struct bus_peer *p, uint16_t number, uint64_t n,
    uint64_t timeout_ms, struct bus_outcome *o)
{
	struct bus_note note = { .n = n };

	memset(o, 0, sizeof *o);
	bus_call(p, number, &note, timeout_ms, bus_world_on_outcome, o);
	ck_assert(!o->done); /* never before bus_call() returns */
}

void
bus_world_echoes(struct bus_world *w, struct bus_peer *p)
{
	struct bus_outcome o;

	bus_world_call(p, ECHO, 7, 5000, &o);
	ck_assert(loop_wait(w->loop, &o.done, 5000));
	ck_assert_msg(o.code == ERR_NONE, "%s", o.text);
	ck_assert_uint_eq(o.n, 7);
}

void
bus_world_pass(struct bus_world *w, uint64_t ms)
{
	bool never = false;

	loop_wait(w->loop, &never, ms);
}
