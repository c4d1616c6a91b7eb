#include "cmd/lbd/rtable.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/lbd/weight.h"
#include "common/mem.h"

/* What is needed only while a table is made. Routes stay where they are
 * until the end, empty ones too, so that indexes hold. */
struct build {
	struct rtable *t;
	struct rtable_host *list;
	size_t nlist, cap;
	struct map hosts;   /* name: index + 1 into list */
	struct map routes;  /* "host path": index + 1 into its host's routes */
	struct map targets; /* every target by all that tells it from others */
	bool stale;         /* targets does not hold any more */
	struct buf host, key;
};

static void *
as_value(size_t i)
{
	return (void *)(uintptr_t)(i + 1);
}

/* "host/path" into b->host and path; ":port" is a host without a path. */
static const char *
split_src(struct build *b, const char *src)
{
	size_t n = *src == ':' ? strlen(src) : strcspn(src, "/");

	buf_reset(&b->host);
	buf_add(&b->host, src, n);
	if (*src == ':')
		return "";
	return src[n] == '\0' ? "/" : src + n;
}

static struct rtable_host *
find_host(struct build *b)
{
	uintptr_t at = (uintptr_t)map_find(&b->hosts, buf_str(&b->host));

	return at == 0 ? NULL : &b->list[at - 1];
}

static struct rtable_route *
find_route(struct build *b, struct rtable_host *h, const char *path)
{
	uintptr_t at;

	buf_reset(&b->key);
	buf_addf(&b->key, "%s %s", h->name, path);
	at = (uintptr_t)map_find(&b->routes, b->key.data);
	return at == 0 ? NULL : &h->routes[at - 1];
}

static struct rtable_host *
make_host(struct build *b)
{
	struct rtable_host *h = find_host(b);

	if (h != NULL)
		return h;
	b->list = xgrow(b->list, b->nlist, &b->cap, sizeof *b->list);
	h = &b->list[b->nlist];
	*h = (struct rtable_host){ 0 };
	h->name = arena_strndup(&b->t->arena, buf_str(&b->host), b->host.len);
	h->glob = !b->t->options.no_globs && match_is_glob(h->name);
	map_put(&b->hosts, h->name, as_value(b->nlist++));
	return h;
}

static struct rtable_route *
make_route(struct build *b, struct rtable_host *h, const char *path)
{
	struct rtable_route *r = find_route(b, h, path);

	if (r != NULL)
		return r;
	h->routes = xgrow(h->routes, h->nroutes, &h->cap, sizeof *h->routes);
	r = &h->routes[h->nroutes];
	*r = (struct rtable_route){ 0 };
	r->path = arena_strndup(&b->t->arena, path, strlen(path));
	map_put(&b->routes, b->key.data, as_value(h->nroutes++));
	return r;
}

/* --- the commands --- */

/* Two targets are the same when their keys are: options do not count. */
static void
target_key(struct build *b, const struct rtable_host *h,
    const struct rtable_route *r, const struct target *t)
{
	buf_reset(&b->key);
	buf_addf(&b->key, "%s %s %s %s %a", h->name, r->path, t->service,
	    t->dst, t->fixed_weight);
	for (size_t i = 0; i < t->ntags; i++)
		buf_addf(&b->key, "\n%s", t->tags[i]);
}

static void
index_targets(struct build *b)
{
	map_release(&b->targets);
	for (size_t i = 0; i < b->nlist; i++) {
		struct rtable_host *h = &b->list[i];

		for (size_t k = 0; k < h->nroutes; k++) {
			struct rtable_route *r = &h->routes[k];

			for (size_t m = 0; m < r->ntargets; m++) {
				target_key(b, h, r, &r->targets[m]);
				map_put(&b->targets, b->key.data, h);
			}
		}
	}
	b->stale = false;
}

static int
check_globs(const struct build *b, const char *path, struct err *err)
{
	const struct rtable_options *o = &b->t->options;

	if (!o->no_globs && match_glob_check(buf_str(&b->host), err) == -1)
		return -1;
	return o->matcher == MATCH_GLOB ? match_glob_check(path, err) : 0;
}

static int
do_add(struct build *b, const struct routecmd *cmd, struct err *err)
{
	const char *path = split_src(b, cmd->src);
	struct rtable_host *h;
	struct rtable_route *r;
	struct target t;

	for (size_t i = 0; i < b->host.len; i++) {
		char *c = &b->host.data[i];

		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
	if (check_globs(b, path, err) == -1 ||
	    target_init(&t, &b->t->arena, cmd, &b->t->notes, err) == -1)
		return -1;
	if (b->stale)
		index_targets(b);
	h = make_host(b);
	r = make_route(b, h, path);
	target_key(b, h, r, &t);
	if (map_find(&b->targets, b->key.data) != NULL) {
		target_release(&t);
		return 0;
	}
	map_put(&b->targets, b->key.data, h);
	r->targets = xgrow(r->targets, r->ntargets, &r->cap, sizeof t);
	r->targets[r->ntargets++] = t;
	return 0;
}

/* Whether `route del` means the target; the route is known to be meant. */
static bool
is_deleted(const struct routecmd *cmd, const struct target *t)
{
	if (cmd->service[0] != '\0' && strcmp(cmd->service, t->service) != 0)
		return false;
	if (cmd->ntags > 0)
		return target_has_tags(t, cmd->tags, cmd->ntags);
	return cmd->dst[0] == '\0' || strcmp(cmd->dst, t->dst) == 0;
}

static void
del_targets(struct rtable_route *r, const struct routecmd *cmd)
{
	size_t to = 0;

	for (size_t i = 0; i < r->ntargets; i++) {
		if (is_deleted(cmd, &r->targets[i]))
			target_release(&r->targets[i]);
		else
			r->targets[to++] = r->targets[i];
	}
	r->ntargets = to;
}

static void
do_del(struct build *b, const struct routecmd *cmd)
{
	const char *path;
	struct rtable_host *h;
	struct rtable_route *r;

	b->stale = true;
	if (cmd->ntags == 0 && cmd->src[0] != '\0') {
		path = split_src(b, cmd->src);
		h = find_host(b);
		r = h == NULL ? NULL : find_route(b, h, path);
		if (r != NULL)
			del_targets(r, cmd);
		return;
	}
	for (size_t i = 0; i < b->nlist; i++)
		for (size_t k = 0; k < b->list[i].nroutes; k++)
			del_targets(&b->list[i].routes[k], cmd);
}

static bool
is_weighed(const struct routecmd *cmd, const struct target *t)
{
	return (cmd->service[0] == '\0' ||
		   strcmp(cmd->service, t->service) == 0) &&
	       target_has_tags(t, cmd->tags, cmd->ntags);
}

/* The weight is shared by all targets that match. */
static void
do_weight(struct build *b, const struct routecmd *cmd)
{
	const char *path = split_src(b, cmd->src);
	struct rtable_host *h = find_host(b);
	struct rtable_route *r = h == NULL ? NULL : find_route(b, h, path);
	size_t n = 0;

	for (size_t i = 0; r != NULL && i < r->ntargets; i++)
		n += is_weighed(cmd, &r->targets[i]);
	if (n == 0) {
		buf_addf(
		    &b->t->notes, "line %zu: no target matches\n", cmd->line);
		return;
	}
	b->stale = true;
	for (size_t i = 0; i < r->ntargets; i++)
		if (is_weighed(cmd, &r->targets[i]))
			r->targets[i].fixed_weight =
			    cmd->weight > 0 ? cmd->weight / (double)n : 0;
}

/* --- finishing --- */

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
		at = (uintptr_t)as_value(table->nupstreams++);
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
		rc = do_add(b, cmd, err);
		break;
	case ROUTECMD_DEL:
		do_del(b, cmd);
		break;
	case ROUTECMD_WEIGHT:
		do_weight(b, cmd);
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
