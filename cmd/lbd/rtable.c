#include "cmd/lbd/rtable.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/lbd/rtable_impl.h"
#include "cmd/lbd/weight.h"
#include "common/mem.h"

static void
route_release(struct rtable_route *r)
{
	for (size_t i = 0; i < r->ntargets; i++)
		target_release(&r->targets[i]);
	free(r->targets);
	free(r->ring);
}

static void
drop_empty(struct build *b)
{
	size_t nhosts = 0;

	for (size_t i = 0; i < b->nlist; i++) {
		struct rtable_host *h = &b->list[i];
		size_t n = 0;

		for (size_t k = 0; k < h->nroutes; k++) {
			if (h->routes[k].ntargets == 0)
				route_release(&h->routes[k]);
			else
				h->routes[n++] = h->routes[k];
		}
		h->nroutes = n;
		if (n == 0)
			free(h->routes);
		else
			b->list[nhosts++] = *h;
	}
	b->nlist = nhosts;
}

static int
by_path_down(const void *a, const void *b)
{
	const struct rtable_route *x = a, *y = b;

	return strcmp(y->path, x->path);
}

/* Compares names from their end, their ports left aside at first. */
static int
compare_reversed(const char *a, const char *b)
{
	size_t na = strcspn(a, ":"), nb = strcspn(b, ":");
	const char *pa = a + na, *pb = b + nb;

	while (na > 0 && nb > 0) {
		unsigned char ca = (unsigned char)a[--na];
		unsigned char cb = (unsigned char)b[--nb];

		if (ca != cb)
			return ca < cb ? -1 : 1;
	}
	if (na != nb)
		return na < nb ? -1 : 1;
	return strcmp(pa, pb);
}

static int
by_name_down(const void *a, const void *b)
{
	const struct rtable_host *x = a, *y = b;

	return compare_reversed(y->name, x->name);
}

static void
weigh(struct rtable_route *r)
{
	double *fixed = xcalloc(r->ntargets, sizeof *fixed);
	double *share = xcalloc(r->ntargets, sizeof *share);

	for (size_t i = 0; i < r->ntargets; i++)
		fixed[i] = r->targets[i].fixed_weight;
	if (weight_share(fixed, r->ntargets, share) > 0)
		r->ring = weight_ring(share, r->ntargets, &r->nring);
	for (size_t i = 0; i < r->ntargets; i++)
		r->targets[i].weight = share[i];
	free(fixed);
	free(share);
}

/* Routes in reverse order: those that one starts with come after it. */
static void
link_shorter(struct rtable_host *h)
{
	for (size_t i = h->nroutes; i-- > 0;) {
		struct rtable_route *r = &h->routes[i];
		const struct rtable_route *s =
		    i + 1 < h->nroutes ? r + 1 : NULL;

		while (s != NULL && strncmp(r->path, s->path, strlen(s->path)))
			s = s->shorter;
		r->shorter = s;
	}
}

static void
name_upstream(struct build *b, struct map *seen, struct target *t, size_t *cap)
{
	struct rtable *table = b->t;
	struct rtable_upstream u = { .host = t->url.host, .port = t->url.port };
	uintptr_t at;

	buf_reset(&b->key);
	buf_addf(&b->key, "%s:%u", u.host, (unsigned)u.port);
	at = (uintptr_t)map_find(seen, b->key.data);
	if (at == 0) {
		u.name = arena_strndup(&table->arena, b->key.data, b->key.len);
		table->upstreams =
		    xgrow(table->upstreams, table->nupstreams, cap, sizeof u);
		table->upstreams[table->nupstreams] = u;
		at = (uintptr_t)rtable_as_value(table->nupstreams++);
		map_put(seen, u.name, (void *)at);
	}
	t->upstream = (uint32_t)(at - 1);
}

static void
finish_host(
    struct build *b, struct rtable_host *h, struct map *upstreams, size_t *cap)
{
	struct rtable *t = b->t;

	if (h->nroutes > 1)
		qsort(h->routes, h->nroutes, sizeof *h->routes, by_path_down);
	link_shorter(h);
	t->nglobs += h->glob;
	for (size_t i = 0; i < h->nroutes; i++) {
		struct rtable_route *r = &h->routes[i];

		r->id = t->nroutes++;
		t->ntargets += r->ntargets;
		weigh(r);
		for (size_t k = 0; k < r->ntargets; k++)
			name_upstream(b, upstreams, &r->targets[k], cap);
	}
}

/* From the last to the first, so that each chain ends up in looking order. */
static void
index_hosts(struct rtable *t)
{
	for (size_t i = t->nhosts; i-- > 0;) {
		struct rtable_host *h = &t->hosts[i];

		for (int tls = 0; tls < 2 && !h->glob; tls++) {
			char *name = xstrndup(h->name,
			    match_host_len(h->name, strlen(h->name), tls));

			h->alike[tls] = map_put(&t->exact[tls], name, h);
			free(name);
		}
	}
}

static void
finish(struct build *b)
{
	struct map upstreams = { 0 };
	size_t cap = 0;

	drop_empty(b);
	if (b->nlist > 1)
		qsort(b->list, b->nlist, sizeof *b->list, by_name_down);
	for (size_t i = 0; i < b->nlist; i++)
		finish_host(b, &b->list[i], &upstreams, &cap);
	b->t->hosts = b->list;
	b->t->nhosts = b->nlist;
	index_hosts(b->t);
	map_release(&upstreams);
}

static int
run(struct build *b, const struct routecmd *cmd, struct err *err)
{
	int rc = 0;

	switch (cmd->verb) {
	case ROUTECMD_ADD:
		rc = rtable_add(b, cmd, err);
		break;
	case ROUTECMD_DEL:
		rtable_del(b, cmd);
		break;
	case ROUTECMD_WEIGHT:
		rtable_weight(b, cmd);
		break;
	}
	return rc == -1 ? err_add(err, "line %zu", cmd->line) : 0;
}

struct rtable *
rtable_new(const char *text, size_t n, const struct rtable_options *options,
    struct err *err)
{
	struct rtable *t = xcalloc(1, sizeof *t);
	struct build b = { .t = t };
	struct routecmd_list list = { 0 };
	int rc = routecmd_parse(&list, text, n, err);

	atomic_init(&t->refs, 1);
	t->options = *options;
	for (size_t i = 0; i < list.ncmds && rc == 0; i++)
		rc = run(&b, &list.cmds[i], err);
	finish(&b);
	routecmd_release(&list);
	map_release(&b.hosts);
	map_release(&b.routes);
	map_release(&b.targets);
	buf_release(&b.host);
	buf_release(&b.key);
	if (rc == -1) {
		rtable_unref(t);
		return NULL;
	}
	return t;
}

struct rtable *
rtable_ref(struct rtable *t)
{
	atomic_fetch_add(&t->refs, 1);
	return t;
}

void
rtable_unref(struct rtable *t)
{
	if (t == NULL || atomic_fetch_sub(&t->refs, 1) > 1)
		return;
	for (size_t i = 0; i < t->nhosts; i++) {
		for (size_t k = 0; k < t->hosts[i].nroutes; k++)
			route_release(&t->hosts[i].routes[k]);
		free(t->hosts[i].routes);
	}
	free(t->hosts);
	free(t->upstreams);
	map_release(&t->exact[0]);
	map_release(&t->exact[1]);
	buf_release(&t->notes);
	arena_release(&t->arena);
	free(t);
}
