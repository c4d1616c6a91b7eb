#include "tests/lib/manynodes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/bus_frame.h"
#include "common/bytes.h"
#include "common/clock.h"
#include "common/envelope.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/rng.h"
#include "common/text.h"
#include "proto/catalog.h"
#include "proto/msg.h"
#include "proto/nodemsg.h"
#include "tests/lib/bench.h"

#define SP_HEAD     12 /* a length and a request's number */
#define CALL_MS     60000
#define HELD_MS     600000
#define NATTRIBUTES 40
#define READ_BYTES  65536
#define MAX_REFUSED 1000 /* of all, before something is wrong */

/* The calls of a node, each with at most one on its way. */
enum call { LEASE, PULL, FOLLOW, PUSH, NCALLS };

struct mnode {
	struct manynodes *all;
	char id[RNG_UUID_SIZE];
	char name[32];
	int fd;
	struct loop_fd *watch;
	struct loop_timer *timer;
	struct buf in;
	bool registered, registering, silent, busy[NCALLS];
	uint64_t index, services_index, asked_ns, npushed;
	struct alloc *dirty; /* to be told: id and client_status */
	size_t ndirty;
};

struct manynodes {
	struct loop *loop;
	int port;
	struct mnode *nodes;
	size_t n;
	struct rng rng;
	bool flood, parted;
	size_t nregistered, nrunning;
	uint64_t nrenewed, nrefused, slowest_us, longest_ttl_ms;
};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* --- asking --- */

/* A bench's messages fit into the socket: nothing is sent before the last
 * one was answered. */
static void
send_all(struct mnode *n, const struct buf *b)
{
	size_t at = 0;

	while (at < b->len) {
		ssize_t sent =
		    send(n->fd, b->data + at, b->len - at, MSG_NOSIGNAL);

		if (sent == -1 && errno == EAGAIN)
			usleep(100);
		else if (sent <= 0)
			die("node %s: send: %s", n->name, strerror(errno));
		else
			at += (size_t)sent;
	}
}

static void
ask(struct mnode *n, enum call call, uint16_t number, const void *body,
    uint32_t wait_ms)
{
	static struct buf b;
	static uint64_t last_id;
	uint8_t head[SP_HEAD] = { 0 };
	uint32_t place = BUS_FRAME_HEAD_END | (uint32_t)call;
	struct envelope e = {
		.number = number, .id = ++last_id, .deadline_ms = wait_ms
	};

	buf_reset(&b);
	buf_add(&b, head, sizeof head);
	envelope_pack(&e, &b);
	rec_pack(bus_def(number)->body, body, &b);
	bus_frame_lead((uint8_t *)b.data, false, &place, b.len - SP_HEAD);
	n->busy[call] = true;
	send_all(n, &b);
}

/* --- what a node says --- */

static void
say_register(struct mnode *n)
{
	static char names[NATTRIBUTES][32];
	static struct rec_kv attributes[NATTRIBUTES];
	struct node_resources res = { .cpu = { .cpu_shares = 16000 },
		.memory = { .memory_mb = 65536 },
		.disk = { .disk_mb = 1000000 },
		.min_dynamic_port = 20000,
		.max_dynamic_port = 32000 };
	struct driver_info driver = { .key = text_borrow("mock_driver"),
		.attributes = NULL,
		.detected = true,
		.healthy = true };
	struct node_register reg = { .node = { .id = n->id,
					 .name = n->name,
					 .secret_id = text_borrow("secret"),
					 .datacenter = text_borrow("dc1"),
					 .node_pool = text_borrow("default"),
					 .http_addr =
					     text_borrow("127.0.0.1:4656"),
					 .status = text_borrow("ready"),
					 .attributes = attributes,
					 .nattributes = NATTRIBUTES,
					 .drivers = &driver,
					 .ndrivers = 1,
					 .node_resources = &res } };

	for (size_t i = 0; i < NATTRIBUTES; i++) {
		snprintf(names[i], sizeof names[i], "group%zu.attribute%02zu",
		    i / 8, i);
		attributes[i] =
		    (struct rec_kv){ names[i], text_borrow("some value") };
	}
	attributes[0] = (struct rec_kv){ text_borrow("driver.mock_driver"),
		text_borrow("1") };
	rec_sort_maps(&node_type, &reg.node);
	n->registering = true;
	ask(n, LEASE, MSG_NODE_REGISTER, &reg, CALL_MS);
}

static void
say_lease(void *arg)
{
	struct mnode *n = arg;
	struct node_lease m = { .node_id = n->id,
		.secret_id = text_borrow("secret"),
		.status = text_borrow("ready") };

	if (n->silent || n->busy[LEASE] || n->all->parted)
		return;
	n->asked_ns = bench_now_ns();
	if (!n->registered) {
		say_register(n);
		return;
	}
	n->registering = false;
	ask(n, LEASE, MSG_NODE_LEASE, &m, CALL_MS);
}

static void
say_pull(struct mnode *n)
{
	struct node_allocs m = { .node_id = n->id,
		.secret_id = text_borrow("secret"),
		.index = n->index };

	if (!n->silent && !n->busy[PULL])
		ask(n, PULL, MSG_NODE_ALLOCS, &m, HELD_MS);
}

static void
say_follow(struct mnode *n)
{
	struct services_ask m = { .node_id = n->id,
		.secret_id = text_borrow("secret"),
		.index = n->services_index };

	if (!n->silent && !n->busy[FOLLOW])
		ask(n, FOLLOW, MSG_SERVICES_FOLLOW, &m, HELD_MS);
}

static void
say_push(struct mnode *n)
{
	struct node_update m = { .node_id = n->id,
		.secret_id = text_borrow("secret"),
		.allocs = n->dirty,
		.nallocs = n->ndirty };

	if (n->silent || n->busy[PUSH] || n->ndirty == 0)
		return;
	m.seq = (uint64_t)clock_wall_ns();
	ask(n, PUSH, MSG_NODE_UPDATE, &m, CALL_MS);
	n->npushed = 0;
	for (size_t i = 0; i < n->ndirty; i++) {
		n->npushed += n->dirty[i].ntask_states > 0;
		rec_clear(&alloc_type, &n->dirty[i]);
	}
	free(n->dirty);
	n->dirty = NULL;
	n->ndirty = 0;
}

/* --- what it hears --- */

/* As a nodeagent tells of a task that runs. */
static void
add_task(struct alloc *a, const char *task, int64_t now)
{
	static const struct {
		const char *type, *text;
	} events[] = {
		{ "Received", "Task received by client" },
		{ "Task Setup", "Building Task Directory" },
		{ "Started", "Task started by client" },
	};
	struct task_state *s = xcalloc(1, sizeof *s);

	a->task_states = s;
	a->ntask_states = 1;
	s->key = xstrdup(task);
	s->state = xstrdup("running");
	s->started_at = now;
	s->nevents = sizeof events / sizeof events[0];
	s->events = xcalloc(s->nevents, sizeof *s->events);
	for (size_t i = 0; i < s->nevents; i++) {
		s->events[i].type = xstrdup(events[i].type);
		s->events[i].display_message = xstrdup(events[i].text);
		s->events[i].time = now;
	}
}

static void
note_alloc(struct mnode *n, const struct alloc *news)
{
	bool runs = strcmp(news->desired_status, "run") == 0;
	struct alloc *a;

	if (strcmp(news->client_status, runs ? "pending" : "running") != 0 &&
	    (runs || strcmp(news->client_status, "pending") != 0))
		return;
	n->dirty = xreallocarray(n->dirty, n->ndirty + 1, sizeof *n->dirty);
	a = &n->dirty[n->ndirty++];
	*a = (struct alloc){ .id = xstrdup(news->id),
		.client_status = xstrdup(runs ? "running" : "complete") };
	if (runs)
		add_task(a, "t", clock_wall_ns());
}

static void
on_leased(struct mnode *n, const struct node_leased *leased)
{
	struct manynodes *all = n->all;
	uint64_t us = (bench_now_ns() - n->asked_ns) / 1000;
	uint64_t ms =
	    leased->ttl_ms / 2 + rng_below(&all->rng, leased->ttl_ms / 6 + 1);

	if (us > all->slowest_us)
		all->slowest_us = us;
	if (leased->ttl_ms > all->longest_ttl_ms)
		all->longest_ttl_ms = leased->ttl_ms;
	if (!leased->known) {
		n->registered = false;
		all->nregistered--;
	} else if (n->registering) {
		n->registered = true;
		all->nregistered++;
	} else {
		all->nrenewed++;
	}
	say_pull(n);
	say_follow(n);
	if (all->flood)
		say_lease(n);
	else
		loop_timer_set(n->timer, leased->known ? ms : 0);
}

static void
on_reply(struct mnode *n, enum call call, const void *body)
{
	const struct node_allocs_news *news = body;
	const struct services_news *services = body;

	n->busy[call] = false;
	if (call == LEASE) {
		on_leased(n, body);
	} else if (call == PULL) {
		n->index = news->index;
		for (size_t i = 0; i < news->nallocs; i++)
			note_alloc(n, &news->allocs[i]);
		say_push(n);
		say_pull(n);
	} else if (call == FOLLOW) {
		n->services_index = services->index;
		say_follow(n);
	} else {
		n->all->nrunning += n->npushed;
		say_push(n);
	}
}

/* Refused: it is asked again soon. */
static void
on_refusal(struct mnode *n, enum call call, const char *text)
{
	if (++n->all->nrefused > MAX_REFUSED)
		die("node %s: call %d refused: %.100s", n->name, (int)call,
		    text);
	n->busy[call] = false;
	loop_timer_set(n->timer, 200);
}

static void
hear(struct mnode *n, const uint8_t *p, size_t len)
{
	struct arena arena = { 0 };
	enum call call;
	struct envelope e;
	const struct rec_type *type;
	struct err err;
	void *body;

	if (len < 4)
		die("node %s: a reply of %zu bytes", n->name, len);
	call = (enum call)(bytes_get_be(p, 4) & ~BUS_FRAME_HEAD_END);
	if (call >= NCALLS || envelope_unpack(&e, p + 4, len - 4, &err) == -1)
		die("node %s: garbled reply", n->name);
	if ((e.flags & ENVELOPE_FAILURE) != 0) {
		on_refusal(n, call, (const char *)e.body);
		return;
	}
	type = bus_def(e.number)->reply;
	body = arena_alloc(&arena, type->size);
	if (rec_unpack(type, body, e.body, e.nbody, &arena, &err) == -1)
		die("node %s: %s", n->name, err.text);
	on_reply(n, call, body);
	arena_release(&arena);
}

static void
on_readable(void *arg, bool readable, bool writable)
{
	static uint8_t bytes[READ_BYTES];
	struct mnode *n = arg;
	ssize_t got = recv(n->fd, bytes, sizeof bytes, 0);
	size_t at = 0;

	(void)readable;
	(void)writable;
	if (got == -1 && errno == EAGAIN)
		return;
	if (got <= 0) {
		if (!n->all->parted)
			die("node %s: the server has gone", n->name);
		loop_fd_want(n->watch, false, false);
		return;
	}
	buf_add(&n->in, bytes, (size_t)got);
	while (n->in.len - at >= 8) {
		uint64_t len =
		    bytes_get_be((const uint8_t *)n->in.data + at, 8);

		if (n->in.len - at - 8 < len)
			break;
		hear(n, (const uint8_t *)n->in.data + at + 8, len);
		at += 8 + len;
	}
	memmove(n->in.data, n->in.data + at, n->in.len - at);
	n->in.len -= at;
	if (n->in.len == 0)
		buf_release(&n->in);
}

/* --- connecting --- */

static void
connect_node(struct mnode *n)
{
	static const uint8_t hello[8] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0 };
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)n->all->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	uint8_t peer[8];
	int one = 1;

	n->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (n->fd == -1 ||
	    connect(n->fd, (struct sockaddr *)&to, sizeof to) == -1)
		die("node %s: connect: %s", n->name, strerror(errno));
	setsockopt(n->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (send(n->fd, hello, sizeof hello, 0) != sizeof hello ||
	    recv(n->fd, peer, sizeof peer, MSG_WAITALL) != sizeof peer ||
	    memcmp(peer, "\0SP\0\0\x31\0\0", 8) != 0)
		die("node %s: no server answers", n->name);
	fcntl(n->fd, F_SETFL, O_NONBLOCK);
	n->watch = loop_fd_new(n->all->loop, n->fd, on_readable, n);
	loop_fd_want(n->watch, true, false);
}

static void
disconnect_node(struct mnode *n)
{
	loop_fd_free(n->watch);
	n->watch = NULL;
	if (n->fd != -1)
		close(n->fd);
	n->fd = -1;
	buf_release(&n->in);
	memset(n->busy, 0, sizeof n->busy);
}

struct manynodes *
manynodes_new(struct loop *l, int port, size_t n)
{
	struct manynodes *m = xcalloc(1, sizeof *m);

	m->loop = l;
	m->port = port;
	m->n = n;
	m->nodes = xcalloc(n, sizeof *m->nodes);
	rng_init(&m->rng, 7);
	for (size_t i = 0; i < n; i++) {
		struct mnode *node = &m->nodes[i];

		node->all = m;
		rng_uuid(&m->rng, node->id);
		snprintf(node->name, sizeof node->name, "node-%zu", i);
		node->timer = loop_timer_new(l, say_lease, node);
		connect_node(node);
		loop_timer_set(node->timer, i / 10);
	}
	return m;
}

void
manynodes_part(struct manynodes *m)
{
	m->parted = true;
}

void
manynodes_meet(struct manynodes *m)
{
	m->parted = false;
	for (size_t i = 0; i < m->n; i++) {
		disconnect_node(&m->nodes[i]);
		connect_node(&m->nodes[i]);
		loop_timer_set(m->nodes[i].timer, i / 10);
	}
}

void
manynodes_free(struct manynodes *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct mnode *n = &m->nodes[i];

		disconnect_node(n);
		loop_timer_free(n->timer);
		for (size_t k = 0; k < n->ndirty; k++)
			rec_clear(&alloc_type, &n->dirty[k]);
		free(n->dirty);
	}
	free(m->nodes);
	free(m);
}

/* --- asking --- */

void
manynodes_flood(struct manynodes *m, bool on)
{
	m->flood = on;
	for (size_t i = 0; i < m->n; i++)
		loop_timer_set(
		    m->nodes[i].timer, on ? 0 : rng_below(&m->rng, 500));
}

void
manynodes_silence(struct manynodes *m, size_t i)
{
	m->nodes[i].silent = true;
}

const char *
manynodes_id(const struct manynodes *m, size_t i)
{
	return m->nodes[i].id;
}

size_t
manynodes_registered(const struct manynodes *m)
{
	return m->nregistered;
}

size_t
manynodes_running(const struct manynodes *m)
{
	return m->nrunning;
}

uint64_t
manynodes_renewed(const struct manynodes *m)
{
	return m->nrenewed;
}

uint64_t
manynodes_slowest_us(struct manynodes *m)
{
	uint64_t us = m->slowest_us;

	m->slowest_us = 0;
	return us;
}

uint64_t
manynodes_longest_ttl_ms(const struct manynodes *m)
{
	return m->longest_ttl_ms;
}
