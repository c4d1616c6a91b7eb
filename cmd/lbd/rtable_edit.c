/* Carrying out route commands on a table that is being built. */
#include <string.h>

#include "cmd/lbd/rtable.h"
#include "cmd/lbd/rtable_impl.h"
#include "common/mem.h"

void *
rtable_as_value(size_t i)
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
	map_put(&b->hosts, h->name, rtable_as_value(b->nlist++));
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
	map_put(&b->routes, b->key.data, rtable_as_value(h->nroutes++));
	return r;
}

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

int
rtable_add(struct build *b, const struct routecmd *cmd, struct err *err)
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

void
rtable_del(struct build *b, const struct routecmd *cmd)
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
void
rtable_weight(struct build *b, const struct routecmd *cmd)
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
