#include "cmd/lbd/worker.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/lbd/proxy.h"
#include "cmd/lbd/tunnel.h"
#include "common/mem.h"

static struct options *
options_ref(struct options *o)
{
	atomic_fetch_add(&o->refs, 1);
	return o;
}

static void
free_text(const char *s)
{
	free((void *)(uintptr_t)s);
}

void
options_unref(struct options *o)
{
	if (o == NULL || atomic_fetch_sub(&o->refs, 1) > 1)
		return;
	free(o->no_route_page);
	free_text(o->forward.local_ip);
	free_text(o->forward.client_ip);
	free_text(o->forward.request_id);
	free_text(o->forward.tls);
	free_text(o->forward.tls_value);
	free(o);
}

/* --- upstreams --- */

static void
upstream_free(struct worker *w, struct upstream *u)
{
	map_remove(&w->upstreams, u->name);
	http_client_free(u->client);
	free(u->name);
	free(u);
}

void
upstream_drop(struct worker *w, struct upstream *u)
{
	if (--u->users == 0 && !u->listed)
		upstream_free(w, u);
}

static struct upstream *
upstream_new(struct worker *w, const char *name, const struct options *o)
{
	struct upstream *u = xcalloc(1, sizeof *u);
	struct http_client_opts opts;

	http_client_opts_init(&opts);
	opts.connect_ms = o->dial_ms;
	opts.idle_ms = o->idle_ms;
	opts.max_conns = o->max_upstream_conns;
	opts.max_idle = o->max_upstream_conns;
	u->name = xstrdup(name);
	u->client = http_client_new(w->loop, name);
	http_client_set(u->client, &opts);
	map_put(&w->upstreams, name, u);
	return u;
}

/* The target's upstream, held until upstream_drop(). Only the newest view
 * remembers its upstreams: those of older ones may go at any time. */
struct upstream *
worker_upstream(struct worker *w, struct view *v, const struct target *t)
{
	struct upstream *u = NULL;

	if (v == w->view)
		u = v->upstreams[t->upstream];
	if (u == NULL) {
		const char *name = v->table->upstreams[t->upstream].name;

		u = map_find(&w->upstreams, name);
		if (u == NULL)
			u = upstream_new(w, name, v->options);
	}
	if (v == w->view) {
		v->upstreams[t->upstream] = u;
		u->listed = true;
	}
	u->users++;
	return u;
}

/* --- views --- */

static void
view_free(struct view *v)
{
	rtable_unref(v->table);
	options_unref(v->options);
	free(v->upstreams);
	free(v->turns);
	free(v);
}

struct view *
view_hold(struct worker *w)
{
	if (w->view != NULL)
		w->view->users++;
	return w->view;
}

void
view_drop(struct worker *w, struct view *v)
{
	if (--v->users == 0 && v != w->view)
		view_free(v);
}

/* Addresses that nobody names any more go when nobody uses them any more. A
 * request on an older view may use one yet: it then stays until that is
 * done. */
static void
list_upstreams(struct worker *w, struct view *v)
{
	struct map_entry *next;

	MAP_FOREACH (e, &w->upstreams)
		((struct upstream *)map_value(e))->listed = false;
	for (size_t i = 0; i < v->table->nupstreams; i++) {
		v->upstreams[i] =
		    map_find(&w->upstreams, v->table->upstreams[i].name);
		if (v->upstreams[i] != NULL)
			v->upstreams[i]->listed = true;
	}
	for (struct map_entry *e = map_first(&w->upstreams); e; e = next) {
		struct upstream *u = map_value(e);

		next = map_next(e);
		if (!u->listed && u->users == 0)
			upstream_free(w, u);
	}
}

static void
set_view(struct worker *w, struct view *v)
{
	struct view *old = w->view;

	v->upstreams = xcalloc(v->table->nupstreams + 1, sizeof *v->upstreams);
	v->turns = xcalloc(v->table->nroutes + 1, sizeof *v->turns);
	w->view = v;
	list_upstreams(w, v);
	if (old != NULL && old->users == 0)
		view_free(old);
}

/* --- messages --- */

struct message {
	struct worker *worker;
	struct view *view;
};

static void
on_table(void *arg)
{
	struct message *m = arg;

	set_view(m->worker, m->view);
	free(m);
}

void
worker_set_table(
    struct worker *w, struct rtable *table, struct options *options)
{
	struct message *m = xcalloc(1, sizeof *m);

	m->worker = w;
	m->view = xcalloc(1, sizeof *m->view);
	m->view->table = rtable_ref(table);
	m->view->options = options_ref(options);
	loop_post(w->loop, on_table, m);
}

static void
on_open(void *arg)
{
	struct worker *w = arg;
	const struct options *o = w->view->options;
	struct http_limits limits;

	if (w->server != NULL || w->fd == -1)
		return;
	http_limits_init(&limits);
	limits.max_per_client = 0;
	limits.max_conns = o->max_conns;
	limits.idle_ms = o->keepalive_ms;
	w->server = http_server_on(w->loop, w->fd, &limits, &proxy_ops, w);
	w->fd = -1;
}

void
worker_open(struct worker *w)
{
	loop_post(w->loop, on_open, w);
}

static void
on_look(void *arg)
{
	struct worker *w = arg;
	struct worker_counts *c = &w->counts;
	struct http_stats s;

	if (w->server == NULL)
		return;
	s = http_server_stats(w->server);
	c->http.conns = s.conns;
	c->http.accepted = s.accepted;
	c->http.requests = s.requests;
	c->http.refused = s.refused;
	c->http.truncated = s.truncated;
	c->http.crowded = s.crowded;
	c->http.timed_out = s.timed_out;
}

void
worker_look(struct worker *w)
{
	loop_post(w->loop, on_look, w);
}

static void
on_drained(void *ctx)
{
	struct worker *w = ctx;

	loop_stop(w->loop);
}

static void
on_stop(void *arg)
{
	struct worker *w = arg;

	if (w->fd != -1)
		close(w->fd);
	w->fd = -1;
	if (w->server == NULL)
		loop_stop(w->loop);
	else
		http_server_drain(
		    w->server, w->view->options->shutdown_ms, on_drained, w);
}

void
worker_stop(struct worker *w)
{
	loop_post(w->loop, on_stop, w);
}

/* --- the thread --- */

static void
release(struct worker *w)
{
	struct map_entry *next;

	http_server_free(w->server);
	while (w->ntunnels > 0)
		tunnel_free(w->tunnels[--w->ntunnels]);
	free(w->tunnels);
	for (struct map_entry *e = map_first(&w->upstreams); e; e = next) {
		next = map_next(e);
		upstream_free(w, map_value(e));
	}
	map_release(&w->upstreams);
	if (w->view != NULL)
		view_free(w->view);
	buf_release(&w->clean);
	buf_release(&w->line);
	buf_release(&w->fields);
	buf_release(&w->location);
}

static void *
run(void *arg)
{
	struct worker *w = arg;

	loop_run(w->loop);
	release(w);
	w->on_end(w->ctx, w);
	return NULL;
}

int
worker_start(struct worker *w, size_t number, int fd,
    void (*on_end)(void *ctx, struct worker *w), void *ctx, struct err *err)
{
	uint64_t seed;
	sigset_t all, old;
	int rc;

	memset(w, 0, sizeof *w);
	w->number = number;
	w->fd = fd;
	w->on_end = on_end;
	w->ctx = ctx;
	w->loop = loop_new();
	rng_secret(&seed, sizeof seed);
	rng_init(&w->rng, seed);
	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc != 0) {
		loop_free(w->loop);
		return err_set(
		    err, ERR_SYSTEM, "cannot start a thread: %s", strerror(rc));
	}
	return 0;
}

void
worker_join(struct worker *w)
{
	pthread_join(w->thread, NULL);
	loop_free(w->loop);
	w->loop = NULL;
}
