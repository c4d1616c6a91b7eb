#include "common/raft/peers.h"

#include <stdlib.h>
#include <string.h>

#include "common/bus.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/raft/mail.h"
#include "common/text.h"

#define COUNT_MS 1000 /* between two questions to the bus */

/* A message that waits, with references of its own. */
struct waiting {
	struct raft_message m;
	struct raft_entry *entries;
	struct raft_snapshot *snapshot;
	void *bytes;
	size_t cost;
};

struct peer {
	struct raft_peers *ps; /* NULL: it was let go, mails are still out */
	uint64_t id;
	char addr[RAFT_ADDR_MAX + 1];
	struct bus_peer *bus;
	struct waiting queue[RAFT_PEERS_QUEUE];
	size_t nqueue;
	unsigned ninflight;
	struct bus_req *held; /* its newest mail, if it is not answered yet */
	uint64_t held_until_ms;
	struct loop_timer *timer; /* for that */
};

struct raft_peers {
	struct raft_peers_opts opts;
	struct bus_server *server;
	struct bus_route route;
	struct peer *peers[RAFT_SERVERS_MAX];
	size_t npeers;
	struct raft_peers_stats stats;
	uint64_t count_ms; /* when refused is asked for again */
};

/* --- one that waits --- */

static void
waiting_release(struct waiting *w)
{
	for (size_t i = 0; i < w->m.nentries; i++)
		raft_bytes_unref(w->entries[i].data);
	free(w->entries);
	free(w->snapshot);
	free(w->bytes);
}

static void
waiting_init(struct waiting *w, const struct raft_message *m)
{
	*w = (struct waiting){ .m = *m, .cost = m->len };
	if (m->nentries > 0) {
		w->entries =
		    xmemdup(m->entries, m->nentries * sizeof *m->entries);
		w->m.entries = w->entries;
	}
	for (size_t i = 0; i < m->nentries; i++) {
		raft_bytes_ref(w->entries[i].data);
		w->cost +=
		    w->entries[i].data != NULL ? w->entries[i].data->len : 0;
	}
	if (m->bytes != NULL) {
		w->bytes = xmemdup(m->bytes, m->len);
		w->m.bytes = w->bytes;
	}
	if (m->snapshot != NULL) {
		w->snapshot = xmemdup(m->snapshot, sizeof *m->snapshot);
		w->m.snapshot = w->snapshot;
	}
}

static void
forget(struct peer *p)
{
	for (size_t i = 0; i < p->nqueue; i++)
		waiting_release(&p->queue[i]);
	p->ps->stats.dropped += p->nqueue;
	p->nqueue = 0;
}

/* --- a mail that is held --- */

static void
let_held_go(struct peer *p)
{
	static const struct raft_mail nothing;

	if (p->held != NULL)
		bus_reply(p->held, &nothing);
	p->held = NULL;
}

static void
on_held_long(void *ctx)
{
	struct peer *p = ctx;
	uint64_t now_ms = loop_now_ms(p->ps->opts.loop);

	if (p->held != NULL && now_ms < p->held_until_ms)
		loop_timer_set(p->timer, p->held_until_ms - now_ms);
	else
		let_held_go(p);
}

/* Only when this process stood still: the timer comes before. */
static void
on_expire(void *ctx, struct bus_req *req)
{
	struct peer *p = ctx;

	(void)req;
	let_held_go(p);
}

/* What comes of this mail, or is said next, goes back with its reply. */
static void
hold(struct peer *p, struct bus_req *req)
{
	let_held_go(p);
	p->held = req;
	p->held_until_ms = loop_now_ms(p->ps->opts.loop) + RAFT_PEERS_HOLD_MS;
	bus_on_expire(req, on_expire, p);
	if (!loop_timer_is_set(p->timer))
		loop_timer_set(p->timer, RAFT_PEERS_HOLD_MS);
}

/* --- out --- */

static void flush(struct peer *p);
static void take(struct raft_peers *ps, const struct raft_mail *mail);

/* Is it for us, and from whom we asked? */
static bool
is_answer(const struct peer *p, const struct raft_mail *mail)
{
	return mail->cluster == p->ps->opts.cluster &&
	       mail->to == p->ps->opts.id && mail->from == p->id;
}

static void
on_arrived(void *ctx, const struct err *err, const void *reply)
{
	const struct raft_mail *mail = reply;
	struct peer *p = ctx;

	p->ninflight--;
	if (p->ps == NULL) {
		if (p->ninflight == 0)
			free(p);
		return;
	}
	if (err != NULL)
		log_debug("raft mail lost peer=%s: %s", p->addr, err->text);
	else if (mail->nmessages > 0 && !is_answer(p, mail))
		p->ps->stats.strangers++;
	else if (mail->nmessages > 0)
		take(p->ps, mail); /* and what comes of it is flushed then */
	else
		flush(p);
}

/* The messages that go into the next mail. */
static size_t
count_next(const struct peer *p)
{
	size_t n = 0, bytes = 0;

	while (n < p->nqueue && n < RAFT_MAIL_MESSAGES) {
		bytes += p->queue[n].cost;
		if (n > 0 && bytes > RAFT_PEERS_BYTES)
			break;
		n++;
	}
	return n;
}

/* With the reply to its own mail if that is held, else as a request. */
static void
post(struct peer *p, const struct raft_mail *mail)
{
	struct bus_req *req = p->held;

	p->held = NULL;
	if (req != NULL) {
		bus_reply(req, mail);
		return;
	}
	p->ninflight++;
	p->ps->stats.requests++;
	bus_call(p->bus, p->ps->opts.number, mail, RAFT_PEERS_WAIT_MS,
	    on_arrived, p);
}

static void
send_mail(struct peer *p, size_t n)
{
	const struct raft_peers_opts *o = &p->ps->opts;
	struct raft_mail mail = { .cluster = o->cluster,
		.from = o->id,
		.to = p->id,
		.incarnation = o->incarnation,
		.addr = text_borrow(o->addr),
		.takes_reply = true };
	struct raft_bytes *config = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct waiting *w = &p->queue[i];

		/* One snapshot at a time goes to a peer. */
		if (w->m.snapshot != NULL && config == NULL)
			config = raft_config_format(&w->snapshot->config);
		raft_mail_add(&mail, &w->m, config);
	}
	p->ps->stats.sent += n;
	post(p, &mail);
	raft_mail_drop(&mail);
	raft_bytes_unref(config);
	for (size_t i = 0; i < n; i++)
		waiting_release(&p->queue[i]);
	p->nqueue -= n;
	memmove(p->queue, p->queue + n, p->nqueue * sizeof *p->queue);
}

static bool
is_in_reach(const struct peer *p)
{
	return p->held != NULL || bus_peer_is_up(p->bus);
}

static void
flush(struct peer *p)
{
	while (p->nqueue > 0 && is_in_reach(p) &&
	       (p->held != NULL || p->ninflight < RAFT_PEERS_INFLIGHT))
		send_mail(p, count_next(p));
	if (!is_in_reach(p))
		forget(p);
}

void
raft_peers_flush(struct raft_peers *ps)
{
	for (size_t i = 0; i < ps->npeers; i++)
		if (ps->peers[i]->nqueue > 0)
			flush(ps->peers[i]);
}

static struct peer *
find(struct raft_peers *ps, uint64_t id)
{
	for (size_t i = 0; i < ps->npeers; i++)
		if (ps->peers[i]->id == id)
			return ps->peers[i];
	return NULL;
}

void
raft_peers_say(struct raft_peers *ps, const struct raft_message *m)
{
	struct peer *p = find(ps, m->to);

	if (p == NULL || !is_in_reach(p) || p->nqueue == RAFT_PEERS_QUEUE) {
		ps->stats.dropped++;
		return;
	}
	waiting_init(&p->queue[p->nqueue++], m);
}

/* --- who there is --- */

static void
on_link(void *ctx, bool up)
{
	struct peer *p = ctx;

	log_info("raft peer %s addr=%s", up ? "connected" : "lost", p->addr);
	if (!up)
		forget(p);
	p->ps->opts.on_link(p->ps->opts.ctx, p->id, up);
}

/* Its mails that are out come back once more. */
static void
let_go(struct peer *p)
{
	forget(p);
	let_held_go(p);
	loop_timer_free(p->timer);
	p->ninflight++;
	p->ps = NULL;
	bus_peer_free(p->bus);
	p->ninflight--;
	if (p->ninflight == 0)
		free(p);
}

static void
add(struct raft_peers *ps, const struct raft_server *s)
{
	struct err err = { 0 };
	struct peer *p;

	if (s->id == ps->opts.id || s->addr[0] == '\0')
		return;
	p = xcalloc(1, sizeof *p);
	p->ps = ps;
	p->id = s->id;
	memcpy(p->addr, s->addr, sizeof p->addr);
	p->bus = bus_dial_keen(ps->opts.loop, p->addr, &err);
	if (p->bus == NULL) {
		log_error("raft peer: %s", err.text);
		free(p);
		return;
	}
	p->timer = loop_timer_new(ps->opts.loop, on_held_long, p);
	bus_peer_on_link(p->bus, on_link, p);
	ps->peers[ps->npeers++] = p;
}

static bool
is_wanted(const struct peer *p, const struct raft_config *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->servers[i].id == p->id)
			return strcmp(c->servers[i].addr, p->addr) == 0;
	return false;
}

void
raft_peers_set(struct raft_peers *ps, const struct raft_config *c)
{
	size_t n = 0;

	for (size_t i = 0; i < ps->npeers; i++) {
		if (is_wanted(ps->peers[i], c))
			ps->peers[n++] = ps->peers[i];
		else
			let_go(ps->peers[i]);
	}
	ps->npeers = n;
	for (size_t i = 0; i < c->n; i++)
		if (find(ps, c->servers[i].id) == NULL)
			add(ps, &c->servers[i]);
}

/* --- in --- */

static void
take(struct raft_peers *ps, const struct raft_mail *mail)
{
	for (size_t i = 0; i < mail->nmessages; i++) {
		struct raft_mail_room room;
		struct raft_message m;

		if (raft_mail_message(mail, i, &m, &room) == -1) {
			ps->stats.strangers++;
			continue;
		}
		ps->stats.received++;
		ps->opts.on_message(ps->opts.ctx, &m);
		raft_mail_room_release(&room);
	}
}

static void
meet(struct raft_peers *ps, const struct raft_mail *mail)
{
	struct raft_server s = { .id = mail->from };

	if (mail->addr == NULL || strlen(mail->addr) > RAFT_ADDR_MAX ||
	    ps->npeers == RAFT_SERVERS_MAX)
		return;
	memcpy(s.addr, mail->addr, strlen(mail->addr) + 1);
	add(ps, &s);
}

static void
on_mail(void *ctx, struct bus_req *req, const void *body)
{
	struct raft_peers *ps = ctx;
	const struct raft_mail *mail = body;
	struct peer *p;

	if (mail->cluster != ps->opts.cluster || mail->to != ps->opts.id ||
	    mail->from == ps->opts.id) {
		ps->stats.strangers++;
		bus_refusef(req, ERR_BAD,
		    "this is not the server that the mail is for");
		return;
	}
	if (find(ps, mail->from) == NULL)
		meet(ps, mail);
	p = find(ps, mail->from);
	/* Its body lives until it is answered. */
	take(ps, mail);
	if (p != NULL && mail->takes_reply)
		hold(p, req);
	else
		bus_reply(req, &(struct raft_mail){ 0 });
}

/* --- the whole --- */

struct raft_peers *
raft_peers_new(const struct raft_peers_opts *opts, struct err *err)
{
	struct raft_peers *ps = xcalloc(1, sizeof *ps);

	ps->opts = *opts;
	ps->route = (struct bus_route){ opts->number, on_mail };
	ps->server = bus_serve_tls(
	    opts->loop, opts->listen, opts->tls, &ps->route, 1, ps, err);
	if (ps->server == NULL) {
		free(ps);
		return NULL;
	}
	ps->opts.listen = NULL;
	return ps;
}

void
raft_peers_free(struct raft_peers *ps)
{
	if (ps == NULL)
		return;
	bus_server_free(ps->server);
	for (size_t i = 0; i < ps->npeers; i++) {
		ps->peers[i]->held = NULL; /* dropped with the server */
		let_go(ps->peers[i]);
	}
	free(ps);
}

struct raft_peers_stats
raft_peers_stats(struct raft_peers *ps)
{
	uint64_t now_ms = loop_now_ms(ps->opts.loop);

	if (now_ms >= ps->count_ms) {
		ps->stats.refused = bus_server_stats(ps->server)->refused;
		ps->count_ms = now_ms + COUNT_MS;
	}
	return ps->stats;
}
