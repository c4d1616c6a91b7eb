#include <string.h>

#include "cmd/gossipd/pool_impl.h"
#include "common/log.h"

/* --- all that we know, as one message --- */

static void
node_put(const struct pool_member *m, struct buf *out)
{
	struct wire_node n = { .name = wire_text(m->name),
		.addr = pool_member_raw_addr(m),
		.port = m->port,
		.meta = wire_bytes(m->meta, m->nmeta),
		.incarnation = m->incarnation,
		.state = (uint8_t)m->state,
		.vsn = wire_bytes(m->vsn, sizeof m->vsn) };

	wire_put(out, &wire_node_form, &n);
}

void
pool_sync_put(struct pool *p, bool join, struct buf *out)
{
	struct wire_push_pull pp = { .join = join };
	struct buf nodes = { 0 }, user = { 0 };

	for (size_t i = 0; i < p->ntable; i++)
		node_put(p->table[i], &nodes);
	pool_serf_state_put(p, &user);
	pp.nodes = wire_list(&nodes, p->ntable);
	pp.user = wire_bytes(user.data, user.len);
	wire_push_pull_put(out, &pp);
	buf_release(&nodes);
	buf_release(&user);
}

/* --- can we all talk to each other? --- */

/* Of both protocols: the highest minimum and the lowest maximum. */
struct versions {
	uint8_t min[2], max[2];
};

static void
narrow(struct versions *v, const uint8_t *vsn)
{
	for (size_t i = 0; i < 2; i++) {
		if (vsn[3 * i] > v->min[i])
			v->min[i] = vsn[3 * i];
		if (vsn[3 * i + 1] < v->max[i])
			v->max[i] = vsn[3 * i + 1];
	}
}

static int
version_check(const struct versions *v, const uint8_t *vsn,
    struct wire_bytes name, struct err *err)
{
	static const char *const what[] = { "protocol", "delegate protocol" };

	for (size_t i = 0; i < 2; i++)
		if (vsn[3 * i + 2] < v->min[i] || vsn[3 * i + 2] > v->max[i])
			return err_set(err, ERR_CONFLICT,
			    "%.*s: %s version %u is not within %u to %u",
			    (int)name.n, (const char *)name.data, what[i],
			    vsn[3 * i + 2], v->min[i], v->max[i]);
	return 0;
}

/* All of theirs with all of ours, or none of theirs. */
static int
versions_check(const struct pool *p, struct wire_list nodes, struct err *err)
{
	struct versions v = { .max = { UINT8_MAX, UINT8_MAX } };
	struct wire_list again = nodes;
	struct wire_node n;

	while (wire_next_node(&nodes, &n))
		if (n.state == WIRE_STATE_ALIVE && n.vsn.n == WIRE_VSN_SIZE)
			narrow(&v, n.vsn.data);
	for (size_t i = 0; i < p->ntable; i++)
		if (p->table[i]->state == WIRE_STATE_ALIVE)
			narrow(&v, p->table[i]->vsn);
	while (wire_next_node(&again, &n))
		if (n.state == WIRE_STATE_ALIVE &&
		    (n.vsn.n != WIRE_VSN_SIZE ||
			version_check(&v, n.vsn.data, n.name, err) == -1))
			return -1;
	for (size_t i = 0; i < p->ntable; i++)
		if (p->table[i]->state == WIRE_STATE_ALIVE &&
		    version_check(&v, p->table[i]->vsn,
			wire_text(p->table[i]->name), err) == -1)
			return -1;
	return 0;
}

/* --- all that they know --- */

/* Death by hearsay is suspicion, and our own; leaving is not. */
static void
merge_node(struct pool *p, const struct wire_node *n)
{
	struct wire_accusation gone = { n->incarnation, n->name, n->name };
	struct wire_alive alive = { n->incarnation, n->name, n->addr,
		n->port != 0 ? n->port : p->addr.port, n->meta, n->vsn };

	switch ((enum wire_state)n->state) {
	case WIRE_STATE_ALIVE:
		pool_on_alive(p, &alive);
		break;
	case WIRE_STATE_LEFT:
		pool_on_dead(p, &gone);
		break;
	case WIRE_STATE_DEAD:
	case WIRE_STATE_SUSPECT:
		gone.from = wire_text(p->self->name);
		pool_on_suspect(p, &gone, false);
		break;
	}
}

int
pool_sync_merge(
    struct pool *p, struct wire_bytes body, bool fresh, struct err *err)
{
	struct wire_push_pull pp;
	struct wire_node n;

	if (wire_push_pull_get(body, &pp, err) == -1)
		return -1;
	if (versions_check(p, pp.nodes, err) == -1) {
		p->stats.merges_refused++;
		log_warn("push/pull refused: %s", err->text);
		return -1;
	}
	p->stats.merges++;
	while (wire_next_node(&pp.nodes, &n))
		merge_node(p, &n);
	pool_serf_merge(p, pp.user, fresh);
	return 0;
}

/* --- when --- */

static struct pool_dial *
dial_sync(struct pool *p, enum dial_kind kind, const struct pool_addr *to,
    uint64_t user)
{
	struct buf b = { 0 };
	struct pool_dial *d;

	pool_sync_put(p, kind != DIAL_SYNC, &b);
	d = pool_dial(p, kind, to, wire_bytes(b.data, b.len), user,
	    p->now_ms + p->rules.tcp_ms);
	buf_release(&b);
	return d;
}

/* In a large pool less often: each exchange is as large as the pool. */
#define SYNC_FREE 32
/* After so many intervals without news only every so-manyth exchange is made:
 * whatever the news had left out has been told. */
#define SYNC_BUSY 3
#define SYNC_REST 3

static uint64_t
sync_every_ms(const struct pool *p)
{
	uint64_t times = 1;

	for (size_t n = SYNC_FREE; n < p->ntable; n *= 2)
		times++;
	return p->rules.push_pull_ms * times;
}

void
pool_sync_met(struct pool *p)
{
	if (p->yielded || p->syncing.due.place == 0)
		return;
	p->yielded = true;
	pool_arm(p, &p->syncing, p->now_ms + sync_every_ms(p));
}

static bool
may_rest(struct pool *p)
{
	if (p->now_ms - p->news_ms <= sync_every_ms(p) * SYNC_BUSY)
		return false;
	return ++p->nrests % SYNC_REST != 0;
}

void
pool_syncing_fire(struct pool *p, struct pool_timer *t)
{
	struct pool_member *m;
	struct pool_addr to;

	pool_arm(p, t, p->now_ms + sync_every_ms(p));
	p->yielded = false;
	if (p->life != POOL_RUNS || may_rest(p) ||
	    pool_pick(p, pool_is_alive, NULL, &m, 1) == 0)
		return;
	pool_member_addr(m, &to);
	dial_sync(p, DIAL_SYNC, &to, 0);
}

/*
 * The more have failed, the more likely one of them is tried again, so that
 * the parts of a pool find each other when a network heals.
 */
void
pool_reconnecting_fire(struct pool *p, struct pool_timer *t)
{
	struct pool_member *one = NULL;
	size_t nfailed = 0, nalive = 0;
	struct pool_addr to;

	for (size_t i = 0; i < p->nall; i++) {
		nalive += p->all[i]->status == POOL_ALIVE;
		if (p->all[i]->status == POOL_FAILED &&
		    rng_below(&p->rng, ++nfailed) == 0)
			one = p->all[i];
	}
	if (one == NULL || p->life != POOL_RUNS)
		return;
	pool_arm(p, t, p->now_ms + RECONNECT_MS);
	if (nalive > 0 && rng_below(&p->rng, nalive) >= nfailed)
		return;
	pool_member_addr(one, &to);
	log_debug("reconnecting name=%s", one->name);
	dial_sync(p, DIAL_RECONNECT, &to, 0);
}

/* --- joining --- */

static void
joined(struct pool *p, uint64_t token, const char *why)
{
	struct pool_event ev = { .type = POOL_EV_JOINED,
		.token = token,
		.ok = why == NULL,
		.why = why };

	pool_tell(p, &ev);
}

void
pool_join(struct pool *p, uint64_t now_ms, uint64_t token,
    const struct pool_addr *addr, bool replay)
{
	struct pool_dial *d;

	pool_take_time(p, now_ms);
	d = dial_sync(p, DIAL_JOIN, addr, token);
	if (d != NULL)
		d->replay = replay;
	else
		joined(p, token, "no address, or too many streams at once");
}

/* --- answers to what we dialled --- */

static int
on_sync_answer(struct pool *p, const struct pool_dial *d,
    struct wire_bytes message, struct err *err)
{
	struct wire_bytes body = wire_from(message, 1);
	struct wire_err why;

	if (message.data[0] == WIRE_ERR &&
	    wire_get(&wire_err_form, body, &why, NULL, NULL) == 0)
		return err_set(err, ERR_DENIED, "refused: %.*s",
		    (int)why.error.n, (const char *)why.error.data);
	if (message.data[0] != WIRE_PUSH_PULL)
		return err_set(
		    err, ERR_BAD, "answered by message %u", message.data[0]);
	return pool_sync_merge(
	    p, body, d->kind == DIAL_JOIN && !d->replay, err);
}

static bool
is_ping(const struct pool_dial *d)
{
	return d->kind == DIAL_PING || d->kind == DIAL_ASK;
}

static int
on_answer(struct pool *p, const struct pool_dial *d, struct wire_bytes stream,
    struct err *err)
{
	struct wire_bytes message;
	struct wire_ack ack = { 0 };
	struct buf room = { 0 };
	int rv = wire_peel_stream(p->ring, stream, &room, &message, err);

	if (rv == 0 && !is_ping(d))
		rv = on_sync_answer(p, d, message, err);
	else if (rv == 0 && message.data[0] == WIRE_ACK)
		rv = wire_get(
		    &wire_ack_form, wire_from(message, 1), &ack, NULL, err);
	else if (rv == 0)
		rv = err_set(err, ERR_BAD, "not an ack");
	if (rv == 0 && is_ping(d) && ack.seq != d->user)
		rv = err_set(err, ERR_BAD, "an ack of another ping");
	buf_release(&room);
	return rv;
}

/* Takes the stream out of the table; false: there is none. */
static bool
dial_end(struct pool *p, uint64_t token, struct pool_dial *out)
{
	for (size_t i = 0; i < POOL_DIALS_MAX; i++) {
		if (p->dials[i].kind == DIAL_NONE || p->dials[i].token != token)
			continue;
		*out = p->dials[i];
		p->dials[i] = (struct pool_dial){ 0 };
		return true;
	}
	return false;
}

void
pool_stream_answer(struct pool *p, uint64_t now_ms, uint64_t token,
    const char *bytes, size_t n)
{
	struct pool_dial d;
	struct err err;
	bool ok;

	pool_take_time(p, now_ms);
	if (!dial_end(p, token, &d))
		return;
	ok = on_answer(p, &d, wire_bytes(bytes, n), &err) == 0;
	if (!ok)
		log_debug("stream answer refused: %s", err.text);
	if (d.kind == DIAL_PING)
		pool_probe_tcp(p, (uint32_t)d.user, ok, false);
	if (d.kind == DIAL_ASK && ok && d.member != NULL)
		pool_suspect_heard(p, d.member);
	if (d.kind == DIAL_JOIN && ok)
		pool_tell_join(p);
	if (d.kind == DIAL_JOIN)
		joined(p, d.user, ok ? NULL : err.text);
}

void
pool_stream_failed(
    struct pool *p, uint64_t now_ms, uint64_t token, enum pool_failure how)
{
	struct pool_dial d;

	pool_take_time(p, now_ms);
	if (!dial_end(p, token, &d))
		return;
	if (d.kind == DIAL_PING)
		pool_probe_tcp(p, (uint32_t)d.user, false, how == POOL_REFUSED);
	if (d.kind == DIAL_JOIN)
		joined(p, d.user,
		    how == POOL_REFUSED ? "connection refused" : "no answer");
}
