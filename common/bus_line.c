/*
 * One connection, and the messages on it: each is its length in 8 bytes, and
 * that much; on a machine's own sockets a byte that says "message" stands
 * before it. Both sides greet first. All of this is the wire of nng's sockets,
 * on nng's streams; everything here runs on the loop's thread.
 */
#include "common/bus_line.h"

#include <stdlib.h>
#include <string.h>

#include <nng/nng.h>

#include "common/mem.h"

#define GREET_MS  10000
#define ROOM_MORE 1024        /* the next room of a line that had too little */
#define ROOM_MAX  (64u << 10) /* that much before a message is known to come */
#define PAUSE     (1u << 20)  /* unsent, then a patient line reads no more */

/* What waits to be sent. nng has `now`, and `later` grows meanwhile. */
struct bus_out {
	struct bus_op op;
	struct buf now, later;
	size_t at;
};

/* --- the end --- */

static void
out_free(struct bus_line *l)
{
	struct bus_out *o = l->out;

	if (o == NULL)
		return;
	bus_op_release(&o->op);
	bus_op_free_aio(&o->op);
	buf_release(&o->now);
	buf_release(&o->later);
	free(o);
	l->out = NULL;
}

/* What is beyond a line's own small room counts. */
static void
count_room(struct bus_line *l, size_t room)
{
	l->rx.hub->nroom += room;
	l->rx.hub->nroom -= l->room;
	l->room = room;
}

static void
destroy(struct bus_line *l)
{
	if (l->in != l->small)
		free(l->in);
	free(l);
}

/*
 * No operation begins once the stream is closed, and none that has begun
 * outlasts nng_aio_stop(): nng's streams end it at once, and its callback
 * waits for nobody. So this waits for no one else either.
 */
void
bus_line_free(struct bus_line *l)
{
	if (l == NULL || l->dead)
		return;
	l->dead = true;
	nng_stream_close(l->stream);
	out_free(l);
	bus_op_release(&l->rx);
	bus_op_free_aio(&l->rx);
	nng_stream_free(l->stream);
	count_room(l, 0);
	if (l->busy == 0)
		destroy(l);
}

/* The last step of all that calls the owner: true if it has freed the line. */
static bool
leave(struct bus_line *l)
{
	l->busy--;
	if (!l->dead)
		return false;
	if (l->busy == 0)
		destroy(l);
	return true;
}

void
bus_line_cut(struct bus_line *l, const char *why)
{
	if (l->dead || l->is_cut)
		return;
	l->is_cut = true;
	l->why = why;
	nng_stream_close(l->stream);
	/* What is received ends now, and then the owner is told. */
	if (l->paused)
		bus_op_post(&l->rx);
}

/* --- receiving --- */

static void
receive(struct bus_line *l)
{
	nng_iov iov = { .iov_buf = l->in + l->in_len,
		.iov_len = l->in_cap - l->in_len };

	l->paused = l->type->is_patient && bus_line_unsent(l) > PAUSE;
	if (l->paused)
		return;
	nng_aio_set_iov(l->rx.aio, 1, &iov);
	nng_stream_recv(l->stream, l->rx.aio);
}

/* Room for what has come so far, cap bytes in all. */
static void
set_room(struct bus_line *l, size_t cap)
{
	uint8_t *to = l->small;

	if (cap > sizeof l->small) {
		to = xmalloc(cap);
		count_room(l, cap);
	} else {
		cap = sizeof l->small;
		count_room(l, 0);
	}
	memcpy(to, l->in, l->in_len);
	if (l->in != l->small)
		free(l->in);
	l->in = to;
	l->in_cap = cap;
}

/* More for who sends much, and for a message that is longer; but no more than
 * twice of what has come of it, and no more than there is for all. */
static void
make_room(struct bus_line *l, size_t came, bool was_full)
{
	size_t need, most = ROOM_MAX;
	struct bus_frame f;

	bus_frame_look(l->in, l->in_len, l->is_ipc, &f);
	need = f.lead + f.len;
	if (l->in_len * 2 > most)
		most = l->in_len * 2;
	need = need < most ? need : most;
	if (need > l->in_cap && l->rx.hub->nroom + need > BUS_HUB_ROOM_MAX)
		bus_line_cut(l, "too much is on its way");
	else if (need > l->in_cap)
		set_room(l, need);
	else if (was_full && l->in_cap < ROOM_MAX)
		set_room(l, l->in_cap < ROOM_MORE ? ROOM_MORE : l->in_cap * 4);
	else if (l->in != l->small && l->in_len == 0 &&
		 (came <= sizeof l->small || l->in_cap > ROOM_MAX))
		set_room(l, 0);
}

/* How many bytes it takes; 0: it is not whole yet, or none. */
static size_t
take_greeting(struct bus_line *l)
{
	if (l->in_len < BUS_GREETING)
		return 0;
	if (!bus_frame_is_greeting(l->in, l->type->peer)) {
		bus_line_cut(l, "no greeting");
		return 0;
	}
	l->is_up = true;
	nng_aio_set_timeout(l->rx.aio, NNG_DURATION_INFINITE);
	if (l->type->on_up != NULL)
		l->type->on_up(l);
	return BUS_GREETING;
}

static void
take_all(struct bus_line *l)
{
	size_t at = l->is_up ? 0 : take_greeting(l);
	struct bus_frame f;

	while (l->is_up && !l->dead && !l->is_cut) {
		const uint8_t *p = l->in + at;

		if (!bus_frame_look(p, l->in_len - at, l->is_ipc, &f)) {
			if (f.wrong != NULL)
				bus_line_cut(l, f.wrong);
			break;
		}
		l->type->on_message(l, p + f.lead, f.len);
		at += f.lead + f.len;
	}
	if (at > 0)
		memmove(l->in, l->in + at, l->in_len - at);
	l->in_len -= at;
}

static void
on_received(void *arg)
{
	struct bus_line *l = arg;
	int rv = l->is_cut ? NNG_ECLOSED : nng_aio_result(l->rx.aio);
	size_t n = rv == 0 ? nng_aio_count(l->rx.aio) : 0;
	bool was_full;

	l->busy++;
	l->in_len += n;
	l->heard_ms = loop_now_ms(l->rx.hub->loop);
	was_full = l->in_len == l->in_cap;
	if (rv == 0)
		take_all(l);
	if (leave(l))
		return;
	if (rv == 0 && !l->is_cut)
		make_room(l, n, was_full);
	if (rv == 0 && !l->is_cut)
		receive(l);
	else
		l->type->on_gone(
		    l, rv == NNG_ETIMEDOUT ? "no greeting in time" : l->why);
}

/* --- sending --- */

static void
send_out(struct bus_line *l)
{
	struct bus_out *o = l->out;
	nng_iov iov;

	if (o->at == o->now.len) {
		struct buf sent = o->now;

		o->now = o->later;
		o->later = sent;
		buf_reset(&o->later);
		o->at = 0;
	}
	iov = (nng_iov){ .iov_buf = o->now.data + o->at,
		.iov_len = o->now.len - o->at };
	nng_aio_set_iov(o->op.aio, 1, &iov);
	nng_stream_send(l->stream, o->op.aio);
}

static void
on_sent(void *arg)
{
	struct bus_line *l = arg;
	struct bus_out *o = l->out;

	if (nng_aio_result(o->op.aio) != 0) {
		out_free(l);
		bus_line_cut(l, NULL);
		return;
	}
	o->at += nng_aio_count(o->op.aio);
	if (o->at < o->now.len || o->later.len > 0) {
		send_out(l);
		return;
	}
	out_free(l);
	if (l->is_cut)
		return;
	if (l->paused)
		receive(l);
	l->busy++;
	if (l->type->on_drained != NULL)
		l->type->on_drained(l);
	leave(l);
}

/* What is left of it is sent when there is room. */
static void
send_later(struct bus_line *l, const nng_iov *iov, size_t niov, size_t sent)
{
	bool is_new = l->out == NULL;

	if (is_new) {
		l->out = xcalloc(1, sizeof *l->out);
		bus_op_init(&l->out->op, l->rx.hub, on_sent, l);
	}
	for (size_t i = 0; i < niov; i++) {
		size_t skip = sent < iov[i].iov_len ? sent : iov[i].iov_len;

		buf_add(&l->out->later, (const char *)iov[i].iov_buf + skip,
		    iov[i].iov_len - skip);
		sent -= skip;
	}
	if (is_new)
		send_out(l);
	if (bus_line_unsent(l) > BUS_LINE_UNSENT_MAX)
		bus_line_cut(l, "does not read");
}

/*
 * As much as the socket takes at once, without a thread of nng's: without a
 * callback the operation has ended when the socket took any, and is called
 * off when it took none. -1: the connection is broken.
 */
static ssize_t
send_now(struct bus_line *l, const nng_iov *iov, size_t niov)
{
	nng_aio *now = l->rx.hub->now;
	int rv;

	nng_aio_set_iov(now, (unsigned)niov, iov);
	nng_stream_send(l->stream, now);
	nng_aio_cancel(now);
	nng_aio_wait(now);
	rv = nng_aio_result(now);
	if (rv == 0)
		return (ssize_t)nng_aio_count(now);
	return rv == NNG_ECANCELED ? 0 : -1;
}

static void
send_bytes(struct bus_line *l, nng_iov *iov, size_t niov)
{
	size_t n = 0;
	ssize_t sent;

	if (l->dead || l->is_cut)
		return;
	for (size_t i = 0; i < niov; i++)
		n += iov[i].iov_len;
	sent = l->out == NULL ? send_now(l, iov, niov) : 0;
	if (sent < 0)
		bus_line_cut(l, NULL);
	else if ((size_t)sent < n)
		send_later(l, iov, niov, (size_t)sent);
}

void
bus_line_send(
    struct bus_line *l, const uint32_t *head, const struct buf *message)
{
	uint8_t lead[BUS_FRAME_LEAD_MAX];
	nng_iov iov[2] = {
		{ .iov_buf = lead },
		{ .iov_buf = message->data, .iov_len = message->len },
	};

	iov[0].iov_len = bus_frame_lead(lead, l->is_ipc, head, message->len);
	send_bytes(l, iov, 2);
}

size_t
bus_line_unsent(const struct bus_line *l)
{
	const struct bus_out *o = l->out;

	return o == NULL ? 0 : o->now.len - o->at + o->later.len;
}

/* --- the beginning --- */

void
bus_line_start(struct bus_line *l, const struct bus_line_type *type,
    struct bus_hub *hub, const char *url, nng_stream *stream)
{
	uint8_t greeting[BUS_GREETING];
	nng_iov iov = { .iov_buf = greeting, .iov_len = sizeof greeting };

	l->type = type;
	l->stream = stream;
	l->is_ipc = strncmp(url, "ipc:", 4) == 0;
	l->in = l->small;
	l->in_cap = sizeof l->small;
	l->heard_ms = loop_now_ms(hub->loop);
	bus_op_init(&l->rx, hub, on_received, l);
	bus_frame_greet(greeting, type->self);
	send_bytes(l, &iov, 1);
	nng_aio_set_timeout(l->rx.aio, GREET_MS);
	if (l->is_cut)
		bus_op_post(&l->rx);
	else
		receive(l);
}
