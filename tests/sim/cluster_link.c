/*
 * A node's side of the conversation, which does what serverlink*.c does: it
 * registers, keeps its lease, pulls what it shall run and pushes what became
 * of that, and asks the next server when one fails.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "tests/sim/cluster.h"
#include "tests/sim/cluster_node.h"

#define CALL_MS 2000  /* how long a node waits for an answer */
#define HELD_MS 12000 /* ... to a request that may be held */

size_t
node_server(const struct vnode *n)
{
	const char *url = serverset_current(&n->set);

	return (size_t)atoi(strrchr(url, ':') + 1) - 1;
}

/* --- calls --- */

static void
call(struct cluster *c, struct vnode *n, uint64_t *slot, uint32_t msg,
    const struct rec_type *type, const void *body, uint64_t timeout_ms)
{
	struct event ev = { .kind = EV_REQUEST,
		.who = node_place(c, n),
		.server = node_server(n),
		.msg = msg };
	struct event *t;

	*slot = ev.call = ++c->next_call;
	rec_pack(type, body, &ev.bytes);
	cluster_send(c, &ev);
	t = node_later(c, n, timeout_ms, EV_TIMEOUT);
	t->call = *slot;
	t->msg = msg;
}

/* Instead of the time that was set before. */
static void
renew_later(struct cluster *c, struct vnode *n, uint64_t ms)
{
	struct event *ev = node_later(c, n, ms, EV_LEASE);

	n->lease_timer = ev->call = ++c->next_call;
}

static uint64_t
retry_ms(struct cluster *c)
{
	return cluster_between(c, 100, 700);
}

static void
register_node(struct cluster *c, struct vnode *n)
{
	char name[24];
	struct node_resources res = { .cpu = { .cpu_shares = CLUSTER_CPU },
		.memory = { .memory_mb = CLUSTER_MEMORY_MB },
		.disk = { .disk_mb = 100000 },
		.min_dynamic_port = 20000,
		.max_dynamic_port = 32000 };
	struct rec_kv attributes[] = { { "driver.mock_driver", "1" },
		{ "kernel.name", "linux" } };
	struct driver_info driver = { .key = text_borrow("mock_driver"),
		.detected = true,
		.healthy = true };
	struct node_register reg = { .node = { .id = n->id,
					 .name = name,
					 .secret_id = text_borrow("secret"),
					 .datacenter = text_borrow("dc1"),
					 .node_pool = text_borrow("default"),
					 .status = text_borrow("ready"),
					 .attributes = attributes,
					 .nattributes = 2,
					 .drivers = &driver,
					 .ndrivers = 1,
					 .node_resources = &res } };

	snprintf(name, sizeof name, "node-%zu", node_place(c, n));
	call(c, n, &n->lease, MSG_NODE_REGISTER, &node_register_type, &reg,
	    CALL_MS);
}

/* A server that hangs is left in time to renew the lease elsewhere. */
static uint64_t
lease_timeout_ms(const struct vnode *n)
{
	uint64_t ms = n->ttl_ms / 4;

	return ms > SERVERLINK_CONNECT_MS ? ms : SERVERLINK_CONNECT_MS;
}

static void
renew(struct cluster *c, struct vnode *n)
{
	struct node_lease lease = { .node_id = n->id,
		.secret_id = text_borrow("secret"),
		.status = text_borrow("ready") };

	if (n->lease != 0 || n->moving)
		return;
	sim_note(&c->w, "node %zu asks server %zu for a lease",
	    node_place(c, n), node_server(n) + 1);
	if (!n->registered)
		register_node(c, n);
	else
		call(c, n, &n->lease, MSG_NODE_LEASE, &node_lease_type, &lease,
		    lease_timeout_ms(n));
}

static void
pull(struct cluster *c, struct vnode *n)
{
	struct node_allocs m = { .node_id = n->id,
		.secret_id = text_borrow("secret"),
		.index = n->cursor.index,
		.at = n->cursor.at,
		.after = n->cursor.after };

	if (n->pull == 0 && n->registered && !n->moving)
		call(c, n, &n->pull, MSG_NODE_ALLOCS, &node_allocs_type, &m,
		    HELD_MS);
}

static void
push(struct cluster *c, struct vnode *n)
{
	struct node_update m = { .node_id = n->id,
		.secret_id = text_borrow("secret"),
		.index = n->past.heard_index };
	uint64_t wall = (uint64_t)node_now(c, n).ns;

	if (n->push != 0 || !n->registered || n->moving ||
	    map_count(&n->dirty) == 0)
		return;
	m.allocs = xcalloc(map_count(&n->dirty), sizeof *m.allocs);
	MAP_FOREACH (e, &n->dirty) {
		const struct alloc_run *run = map_find(&n->runs, map_key(e));

		if (run != NULL)
			alloc_run_report(run, &m.allocs[m.nallocs++]);
		else if (map_has(&n->stopped, map_key(e)))
			m.allocs[m.nallocs++] =
			    (struct alloc){ .id = xstrdup(map_key(e)),
				    .client_status = xstrdup("complete") };
		map_add(&n->sent, map_key(e));
	}
	map_release(&n->dirty);
	n->seq = wall > n->seq ? wall : n->seq + 1;
	m.seq = n->seq;
	call(c, n, &n->push, MSG_NODE_UPDATE, &node_update_type, &m, CALL_MS);
	for (size_t i = 0; i < m.nallocs; i++)
		rec_clear(&alloc_type, &m.allocs[i]);
	free(m.allocs);
}

void
node_tell(struct cluster *c, struct vnode *n, const char *alloc_id)
{
	map_add(&n->dirty, alloc_id);
	push(c, n);
}

/* --- which server --- */

void
node_move_on(struct cluster *c, struct vnode *n)
{
	unsigned nrounds = n->nmoves / (unsigned)n->set.n;

	if (n->moving)
		return;
	n->moving = true;
	n->nmoves++;
	node_later(c, n, nrounds == 0 ? 1 : link_backoff_ms(&c->rng, nrounds),
	    EV_MOVE);
}

static void
give_up_push(struct vnode *n)
{
	n->push = 0;
	link_move_all(&n->sent, &n->dirty);
}

/* What was under way fails, and is asked of the next server. */
static void
move(struct cluster *c, struct vnode *n)
{
	serverset_next(&n->set);
	n->moving = false;
	n->lease = n->pull = 0;
	if (n->push != 0)
		give_up_push(n);
	renew(c, n);
	pull(c, n);
	push(c, n);
}

void
node_server_gone(struct cluster *c, size_t server)
{
	for (size_t i = 0; i < c->o.nnodes; i++) {
		struct vnode *n = &c->nodes[i];

		if (n->up && node_server(n) == server &&
		    node_reaches(c, n, server) && cluster_chance(c, 800))
			node_move_on(c, n);
	}
}

/* --- answers --- */

static bool
has_failed(struct cluster *c, struct vnode *n, const struct event *ev)
{
	if (ev->kind != EV_TIMEOUT && !ev->refused) {
		n->nmoves = 0;
		return false;
	}
	sim_note(&c->w, "node %zu server %zu call %" PRIu32 ": %s",
	    node_place(c, n), node_server(n) + 1, ev->msg,
	    ev->refused ? err_name(ev->code) : "no answer");
	if (ev->kind == EV_TIMEOUT || ev->code == ERR_GONE ||
	    ev->code == ERR_NOT_LEADER)
		node_move_on(c, n);
	return true;
}

static void
unpack(struct cluster *c, const struct event *ev, const struct rec_type *type,
    void *body, struct arena *arena)
{
	struct err err;

	if (rec_unpack(
		type, body, ev->bytes.data, ev->bytes.len, arena, &err) == -1)
		sim_fail(&c->w, "an answer was garbled: %s", err.text);
}

static void
take_lease(struct cluster *c, struct vnode *n, const struct node_leased *m)
{
	bool is_new = !n->registered;

	if (!m->known) {
		n->registered = false;
		renew_later(c, n, 1);
		return;
	}
	sim_note(&c->w, "node %zu has a lease of %" PRIu64 " ms",
	    node_place(c, n), m->ttl_ms);
	n->registered = true;
	n->ttl_ms = m->ttl_ms;
	if (link_past_hear(&n->past, m->index, is_new))
		link_cursor_release(&n->cursor);
	serverset_learn(&n->set, m->servers, m->nservers, &c->rng);
	if (n->seq < m->seq)
		n->seq = m->seq;
	pull(c, n);
	push(c, n);
	renew_later(c, n, m->ttl_ms / 2 + cluster_between(c, 0, m->ttl_ms / 6));
}

static void
on_leased(struct cluster *c, struct vnode *n, const struct event *ev)
{
	struct arena arena = { 0 };
	struct node_leased m;

	n->lease = 0;
	if (has_failed(c, n, ev)) {
		if (ev->kind != EV_TIMEOUT && ev->code == ERR_DENIED)
			sim_fail(&c->w, "node %s is refused its lease", n->id);
		renew_later(c, n, retry_ms(c));
		return;
	}
	unpack(c, ev, &node_leased_type, &m, &arena);
	take_lease(c, n, &m);
	arena_release(&arena);
}

static void
take_pulled(struct cluster *c, struct vnode *n, const struct event *ev)
{
	struct arena arena = { 0 };
	struct node_allocs_news news;
	enum link_verdict verdict;

	unpack(c, ev, &node_allocs_news_type, &news, &arena);
	verdict = link_past_judge(&n->past, &n->cursor, news.index, news.full);
	sim_note(&c->w,
	    "node %zu hears from server %zu of index %" PRIu64
	    "%s: %zu allocations, %zu gone%s",
	    node_place(c, n), node_server(n) + 1, news.index,
	    news.full ? ", all" : "", news.nallocs, news.ngone,
	    verdict == LINK_NEWS ? "" : ", not taken");
	if (verdict == LINK_NEWS)
		node_take_news(c, n, &news);
	arena_release(&arena);
	if (verdict == LINK_BEHIND && cluster_chance(c, 200))
		node_move_on(c, n);
	node_later(c, n, verdict == LINK_NEWS ? 0 : retry_ms(c), EV_PULL);
}

static void
on_pulled(struct cluster *c, struct vnode *n, const struct event *ev)
{
	n->pull = 0;
	if (!has_failed(c, n, ev)) {
		take_pulled(c, n, ev);
		return;
	}
	if (ev->refused && ev->code == ERR_NOT_FOUND) {
		n->registered = false;
		renew_later(c, n, 0);
	}
	node_later(c, n,
	    ev->refused && ev->code == ERR_TIMEOUT ? 0 : retry_ms(c), EV_PULL);
}

static void
on_pushed(struct cluster *c, struct vnode *n, const struct event *ev)
{
	if (!has_failed(c, n, ev)) {
		n->push = 0;
		map_release(&n->sent);
		push(c, n);
		return;
	}
	give_up_push(n);
	node_later(c, n, retry_ms(c), EV_PUSH);
}

/* Answers to what nobody waits for any more are dropped. */
static void
on_answer(struct cluster *c, struct vnode *n, const struct event *ev)
{
	if (ev->call == n->lease)
		on_leased(c, n, ev);
	else if (ev->call == n->pull)
		on_pulled(c, n, ev);
	else if (ev->call == n->push)
		on_pushed(c, n, ev);
}

void
node_link_event(struct cluster *c, struct vnode *n, struct event *ev)
{
	switch ((int)ev->kind) {
	case EV_LEASE:
		if (ev->call == n->lease_timer)
			renew(c, n);
		break;
	case EV_PULL:
		pull(c, n);
		break;
	case EV_PUSH:
		push(c, n);
		break;
	case EV_MOVE:
		move(c, n);
		break;
	default:
		on_answer(c, n, ev);
		break;
	}
}

/* --- beginning and end --- */

/* It knows two of the servers, and is told of the others; or all, where those
 * two might be removed. */
void
node_link_open(struct cluster *c, struct vnode *n)
{
	size_t first = (size_t)cluster_between(c, 0, c->w.o.nfirst - 1);
	size_t nhome = c->w.o.change > 0 ? c->w.o.nfirst : 2;
	char *home[CLUSTER_SERVERS];

	for (size_t i = 0; i < nhome; i++)
		home[i] = xasprintf(
		    "tcp://server:%zu", 1 + (first + i) % c->w.o.nfirst);
	serverset_init(&n->set, home, nhome, &c->rng);
	for (size_t i = 0; i < nhome; i++)
		free(home[i]);
	renew(c, n);
}

void
node_link_release(struct vnode *n)
{
	map_release(&n->dirty);
	map_release(&n->sent);
	link_cursor_release(&n->cursor);
	serverset_release(&n->set);
	n->past = (struct link_past){ 0 };
	n->registered = n->moving = false;
	n->nmoves = 0;
	n->seq = n->ttl_ms = n->lease = n->pull = n->push = 0;
}
