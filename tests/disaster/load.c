/*
 * Load for a cluster that is being hurt: clients that read, write and replace
 * registers through several servers, all at the same time, and at last a
 * verdict on what they were told. The registers are those below `name`, which
 * nobody else writes and nobody has written before.
 *
 *	load [-c clients] [-k keys] [-n name] [-o file] [-p pause_ms] [-S seed]
 *	    [-s seconds] [-t timeout_ms] ADDR...
 *
 * Each client has a server of its own. Half of them now and then ask another
 * one, whoever answered them before; the others never wait for a server that
 * stands still, unless it is theirs: what a gap shows is the cluster's.
 * SIGUSR1 marks the moment at which the cluster is hurt; SIGTERM ends the load
 * before its time. What every register holds in the end is asked of each
 * server, for up to SETTLE_MS. Prints one line of figures, and what is wrong;
 * the history goes into the file. Exits 0 when nothing is wrong.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/rng.h"
#include "tests/lib/history.h"

#define CLIENTS_MAX 256
#define SERVERS_MAX 9
#define KEYS_MAX    1024
#define AWAY_ONE_IN 5    /* asks another server than its own */
#define AVOID_MS    1000 /* ... but not one that did not answer */
#define SETTLE_MS   30000
#define RETRY_MS    100
#define PREFIX_MAX  40
#define NAME_SIZE   80

enum job { JOB_READ, JOB_WRITE, JOB_REPLACE, JOB_ADD };

struct client {
	struct load *load;
	unsigned no;
	enum job job;
	struct event event; /* under way */
	struct loop_timer *pause;
};

struct load {
	struct loop *loop;
	struct http_client *servers[SERVERS_MAX];
	uint64_t avoid_until_ms[SERVERS_MAX];
	unsigned nservers, nclients, nkeys;
	uint64_t seconds, pause_ms, timeout_ms, seed;
	const char *out, *prefix;

	struct rng rng;
	struct client clients[CLIENTS_MAX];
	struct register_told seen[KEYS_MAX]; /* the newest, of each key */
	uint64_t *added;                     /* values, by number */
	size_t nadded, added_cap;
	uint64_t nvalues;
	struct history history;
	struct loop_timer *end;
	bool is_over;
	unsigned nbusy;

	/* At last: what is asked of which server. */
	unsigned key, server;
	uint64_t settle_until_ms;
	bool is_unsettled; /* somebody did not answer in time */
	bool *listed;
};

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void
name_of(const struct load *l, unsigned key, char name[NAME_SIZE])
{
	if (key < l->nkeys)
		snprintf(name, NAME_SIZE, "%s/key/%u", l->prefix, key);
	else
		snprintf(
		    name, NAME_SIZE, "%s/add/%u", l->prefix, key - l->nkeys);
}

/* --- one request after the other --- */

static void client_go(void *arg);

static void
note(struct client *c, enum outcome outcome, const struct register_told *t)
{
	struct load *l = c->load;
	struct event *e = &c->event;

	e->returned_ns = now_ns();
	e->outcome = outcome;
	e->told = *t;
	history_add(&l->history, e);
	if (e->key < l->nkeys && t->has_value &&
	    t->index >= l->seen[e->key].index)
		l->seen[e->key] = *t;
}

static void
on_answer(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct client *c = ctx;
	struct load *l = c->load;
	struct register_told t;
	enum outcome outcome = c->event.kind == LINEAR_READ
				   ? register_told_read(err, a, &t)
				   : register_told_write(err, a, &t);

	note(c, outcome, &t);
	l->nbusy--;
	if (err != NULL)
		l->avoid_until_ms[c->event.server] =
		    loop_now_ms(l->loop) + AVOID_MS;
	loop_timer_set(c->pause,
	    err != NULL ? RETRY_MS : rng_below(&l->rng, 2 * l->pause_ms + 1));
	if (l->is_over && l->nbusy == 0)
		loop_stop(l->loop);
}

static unsigned
choose_server(struct client *c)
{
	struct load *l = c->load;
	unsigned own = c->no % l->nservers, other;

	if (c->no % 2 == 0 || rng_below(&l->rng, AWAY_ONE_IN) != 0)
		return own;
	other = (unsigned)rng_below(&l->rng, l->nservers);
	return l->avoid_until_ms[other] > loop_now_ms(l->loop) ? own : other;
}

static enum job
choose_job(struct load *l)
{
	uint64_t of_100 = rng_below(&l->rng, 100);

	return of_100 < 40   ? JOB_READ
	       : of_100 < 60 ? JOB_WRITE
	       : of_100 < 90 ? JOB_REPLACE
			     : JOB_ADD;
}

static unsigned
add_key(struct load *l, uint64_t value)
{
	l->added = xgrow(l->added, l->nadded, &l->added_cap, sizeof *l->added);
	l->added[l->nadded] = value;
	return l->nkeys + (unsigned)l->nadded++;
}

/* What the client does next, as an event and as a request. */
static void
choose(struct client *c, struct register_ask *ask)
{
	struct load *l = c->load;
	struct event *e = &c->event;
	const struct register_told *seen;
	char name[NAME_SIZE];

	c->job = choose_job(l);
	*e = (struct event){ .client = c->no, .server = choose_server(c) };
	e->key = (unsigned)rng_below(&l->rng, l->nkeys);
	if (c->job != JOB_READ)
		e->value = ++l->nvalues;
	if (c->job == JOB_ADD)
		e->key = add_key(l, e->value);
	name_of(l, e->key, name);
	seen = &l->seen[e->key < l->nkeys ? e->key : 0];
	switch (c->job) {
	case JOB_READ:
		e->kind = LINEAR_READ;
		register_read(ask, name);
		break;
	case JOB_WRITE:
		e->kind = LINEAR_WRITE;
		register_write(ask, name, e->value);
		break;
	case JOB_REPLACE:
		e->kind = LINEAR_CAS;
		e->expected = seen->value;
		register_replace(ask, name, e->value, seen->index);
		break;
	case JOB_ADD:
	default:
		e->kind = LINEAR_CAS;
		register_replace(ask, name, e->value, 0);
		break;
	}
}

static void
client_go(void *arg)
{
	struct client *c = arg;
	struct load *l = c->load;
	struct register_ask ask = { 0 };

	if (l->is_over)
		return;
	choose(c, &ask);
	c->event.called_ns = now_ns();
	l->nbusy++;
	http_call(l->servers[c->event.server], ask.method, ask.target, NULL, 0,
	    ask.body.data, ask.body.len, l->timeout_ms, on_answer, NULL, c);
	buf_release(&ask.body);
}

static void
on_end(void *arg)
{
	struct load *l = arg;

	l->is_over = true;
	loop_timer_cancel(l->end);
	if (l->nbusy == 0)
		loop_stop(l->loop);
}

static void
on_mark(void *arg)
{
	struct load *l = arg;

	history_mark(&l->history, now_ns());
}

/* --- what is there in the end --- */

static void settle_next(void *arg);

static bool
is_late(const struct load *l)
{
	return loop_now_ms(l->loop) >= l->settle_until_ms;
}

static void
settle_on(struct load *l, bool is_told)
{
	struct client *c = &l->clients[0];

	if (!is_told && !is_late(l)) {
		loop_timer_set(c->pause, RETRY_MS);
		return;
	}
	if (!is_told) {
		fprintf(stderr, "no answer: server %u, key %u\n", l->server,
		    l->key);
		l->is_unsettled = true;
	}
	if (++l->server == l->nservers) {
		l->server = 0;
		l->key++;
	}
	settle_next(c);
}

static void
on_settled(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct client *c = ctx;
	struct register_told t;
	enum outcome outcome = register_told_read(err, a, &t);

	if (outcome == OUTCOME_OK)
		note(c, outcome, &t);
	settle_on(c->load, outcome == OUTCOME_OK);
}

static void
on_listed(void *ctx, const char *name, uint64_t index)
{
	struct client *c = ctx;
	struct load *l = c->load;
	unsigned long no = strtoul(strrchr(name, '/') + 1, NULL, 10);
	struct register_told t = { .has_value = true, .index = index };

	if (no >= l->nadded) {
		fprintf(stderr, "nobody has added %s\n", name);
		l->is_unsettled = true;
		return;
	}
	t.value = l->added[no];
	c->event.key = l->nkeys + (unsigned)no;
	note(c, OUTCOME_OK, &t);
	l->listed[no] = true;
}

/* All that was added, in one list. */
static void
on_list(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct client *c = ctx;
	struct load *l = c->load;
	struct register_told none = { .has_value = true };
	bool ok = err == NULL && a->status == 200;

	memset(l->listed, 0, l->nadded + 1);
	ok = ok && register_told_list(a, on_listed, c);
	for (size_t i = 0; ok && i < l->nadded; i++) {
		c->event.key = l->nkeys + (unsigned)i;
		if (!l->listed[i])
			note(c, OUTCOME_OK, &none);
	}
	settle_on(l, ok);
}

static void
settle_next(void *arg)
{
	struct client *c = arg;
	struct load *l = c->load;
	struct register_ask ask = { 0 };
	bool lists = l->key == l->nkeys;
	char name[NAME_SIZE];

	if (l->key > l->nkeys) {
		loop_stop(l->loop);
		return;
	}
	name_of(l, l->key, name);
	if (lists) {
		snprintf(name, sizeof name, "%s/add/", l->prefix);
		register_list(&ask, name);
	} else {
		register_read(&ask, name);
	}
	c->event = (struct event){ .kind = LINEAR_READ,
		.key = l->key,
		.server = l->server,
		.called_ns = now_ns() };
	http_call(l->servers[l->server], ask.method, ask.target, NULL, 0, NULL,
	    0, l->timeout_ms, lists ? on_list : on_settled, NULL, c);
}

static void
settle(struct load *l)
{
	struct client *c = &l->clients[0];

	l->listed = xcalloc(l->nadded + 1, sizeof *l->listed);
	l->settle_until_ms = loop_now_ms(l->loop) + SETTLE_MS;
	loop_timer_free(c->pause);
	c->pause = loop_timer_new(l->loop, settle_next, c);
	loop_timer_set(c->pause, 0);
	loop_run(l->loop);
	free(l->listed);
}

/* --- all of it --- */

static void
run(struct load *l)
{
	struct loop_signal *term = loop_signal_new(l->loop, SIGTERM, on_end, l);
	struct loop_signal *intr = loop_signal_new(l->loop, SIGINT, on_end, l);
	struct loop_signal *mark =
	    loop_signal_new(l->loop, SIGUSR1, on_mark, l);

	l->end = loop_timer_new(l->loop, on_end, l);
	loop_timer_set(l->end, l->seconds * 1000);
	for (unsigned i = 0; i < l->nclients; i++) {
		struct client *c = &l->clients[i];

		c->load = l;
		c->no = i;
		c->pause = loop_timer_new(l->loop, client_go, c);
		loop_timer_set(c->pause, rng_below(&l->rng, 20));
	}
	loop_run(l->loop);
	settle(l);
	for (unsigned i = 0; i < l->nclients; i++)
		loop_timer_free(l->clients[i].pause);
	loop_timer_free(l->end);
	loop_signal_free(term);
	loop_signal_free(intr);
	loop_signal_free(mark);
}

static void
print(const struct verdict *v)
{
	printf("operations %zu, writes acknowledged %zu, refused %zu, failed "
	       "%zu, unknown %zu; lost %zu, duplicate %zu, ghosts %zu, "
	       "linearizable %s",
	    v->noperations, v->nacked, v->nrefused, v->nfailed, v->nunknown,
	    v->nlost, v->nduplicate, v->nghosts,
	    v->nwrong > 0       ? "NO"
	    : v->nundecided > 0 ? "undecided"
				: "yes");
	printf("; write gap p50 %" PRIu64 ", p99 %" PRIu64 ", max %" PRIu64
	       " ms of %zu\n",
	    v->gap_p50_ms, v->gap_p99_ms, v->gap_max_ms, v->ngaps);
}

static int
judge(struct load *l)
{
	struct verdict v;
	bool ok;

	history_judge(&l->history, &v, stderr);
	print(&v);
	ok = v.nlost == 0 && v.nduplicate == 0 && v.nghosts == 0 &&
	     v.nwrong == 0 && v.nundecided == 0 && v.nacked > 0 &&
	     !l->is_unsettled;
	if (l->out != NULL) {
		FILE *f = fopen(l->out, "we");

		if (f != NULL) {
			history_print(&l->history, f);
			fclose(f);
		}
	}
	return ok ? 0 : 1;
}

static int
usage(void)
{
	fprintf(stderr,
	    "usage: load [-c clients] [-k keys] [-n name] [-o file] "
	    "[-p pause_ms] [-S seed] [-s seconds] [-t timeout_ms] ADDR...\n");
	return 2;
}

static bool
read_number(const char *text, uint64_t max, uint64_t *n)
{
	char *end;

	*n = strtoull(text, &end, 10);
	return *text != '\0' && *end == '\0' && *n <= max;
}

static int
read_options(struct load *l, int argc, char **argv)
{
	uint64_t clients = 12, keys = 8;
	bool ok = true;
	int o;

	while ((o = getopt(argc, argv, "c:k:n:o:p:S:s:t:")) != -1)
		switch (o) {
		case 'c':
			ok = ok && read_number(optarg, CLIENTS_MAX, &clients);
			break;
		case 'k':
			ok = ok && read_number(optarg, KEYS_MAX, &keys);
			break;
		case 'n':
			ok = ok && strlen(optarg) <= PREFIX_MAX;
			l->prefix = optarg;
			break;
		case 'o':
			l->out = optarg;
			break;
		case 'p':
			ok = ok && read_number(optarg, 60000, &l->pause_ms);
			break;
		case 'S':
			ok = ok && read_number(optarg, UINT64_MAX, &l->seed);
			break;
		case 's':
			ok = ok && read_number(optarg, 86400, &l->seconds);
			break;
		case 't':
			ok = ok && read_number(optarg, 600000, &l->timeout_ms);
			break;
		default:
			return -1;
		}
	l->nclients = (unsigned)clients;
	l->nkeys = (unsigned)keys;
	if (!ok || clients == 0 || keys == 0 || optind == argc ||
	    argc - optind > SERVERS_MAX)
		return -1;
	return optind;
}

int
main(int argc, char **argv)
{
	struct load *l = xcalloc(1, sizeof *l);
	int first, rc;

	l->seconds = 10;
	l->pause_ms = 20;
	l->timeout_ms = 10000;
	l->seed = 1;
	l->prefix = "load";
	first = read_options(l, argc, argv);
	if (first == -1) {
		free(l);
		return usage();
	}
	rng_init(&l->rng, l->seed);
	l->loop = loop_new();
	for (int i = first; i < argc; i++)
		l->servers[l->nservers++] = http_client_new(l->loop, argv[i]);
	run(l);
	rc = judge(l);
	for (unsigned i = 0; i < l->nservers; i++)
		http_client_free(l->servers[i]);
	loop_free(l->loop);
	history_release(&l->history);
	free(l->added);
	free(l);
	return rc;
}
