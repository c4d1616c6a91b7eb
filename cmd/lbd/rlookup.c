#include <string.h>

#include "cmd/lbd/rtable.h"

/* The next host to look in: the better of the next exact one and of the next
 * pattern that fits. */
struct walk {
	const struct rtable *t;
	const struct rtable_host *exact, *glob, *end;
	const char *host;
	size_t n;
	bool tls;
};

static bool
glob_fits(const struct walk *w, const struct rtable_host *h)
{
	size_t n = strlen(h->name), keep = match_host_len(h->name, n, w->tls);
	char name[MATCH_MAX_GLOB + 1];

	if (keep == n)
		return match_glob(h->name, w->host, w->n);
	memcpy(name, h->name, keep);
	name[keep] = '\0';
	return match_glob(name, w->host, w->n);
}

static void
find_glob(struct walk *w)
{
	while (w->glob < w->end && !(w->glob->glob && glob_fits(w, w->glob)))
		w->glob++;
}

static const struct rtable_host *
next_host(struct walk *w)
{
	const struct rtable_host *h = w->exact;

	if (w->glob < w->end && (h == NULL || w->glob < h)) {
		h = w->glob++;
		find_glob(w);
	} else if (h != NULL) {
		w->exact = h->alike[w->tls];
	}
	return h;
}

/* The last route, in ascending order, that is not above the path; the
 * longest prefix of the path is that one or one that it starts with. */
static const struct rtable_route *
longest_prefix(const struct rtable_host *h, const char *path, size_t n)
{
	const struct rtable_route *r;
	size_t lo = 0, hi = h->nroutes;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		size_t nroute = strlen(h->routes[mid].path);
		int c =
		    memcmp(h->routes[mid].path, path, nroute < n ? nroute : n);

		if (c > 0 || (c == 0 && nroute > n))
			lo = mid + 1;
		else
			hi = mid;
	}
	r = lo < h->nroutes ? &h->routes[lo] : NULL;
	while (r != NULL && !match_path(MATCH_PREFIX, r->path, path, n))
		r = r->shorter;
	return r;
}

static const struct rtable_route *
find_route(const struct rtable *t, const struct rtable_host *h,
    const struct rtable_query *q)
{
	if (t->options.matcher == MATCH_PREFIX)
		return longest_prefix(h, q->path, q->npath);
	for (size_t i = 0; i < h->nroutes; i++)
		if (match_path(t->options.matcher, h->routes[i].path, q->path,
			q->npath))
			return &h->routes[i];
	return NULL;
}

static const struct target *
pick(const struct rtable_route *r, struct rtable_reader *reader)
{
	size_t n = r->ring == NULL ? r->ntargets : r->nring, at;

	if (r->ntargets == 1 || n == 0)
		return &r->targets[0];
	if (reader->strategy == RTABLE_ROUND_ROBIN)
		at = reader->turns[r->id]++ % n;
	else
		at = rng_below(reader->rng, n);
	return &r->targets[r->ring == NULL ? at : r->ring[at]];
}

/* Whether a redirect leads to where the request already is. */
static bool
leads_back(
    const struct rtable_query *q, const struct target *t, struct buf *location)
{
	const char *proto = q->forwarded_proto, *url, *host;
	size_t path_at, nscheme = strlen(t->url.scheme), npath;

	buf_reset(location);
	target_redirect(t, q->host, q->nhost, q->sent_path, q->nsent_path,
	    q->query, location, &path_at);
	if (proto == NULL || strcmp(proto, t->url.scheme) != 0 || nscheme == 0)
		return false;
	url = location->data;
	host = url + nscheme + strlen("://");
	npath = strcspn(url + path_at, "?");
	return (size_t)(url + path_at - host) == q->nhost &&
	       memcmp(host, q->host, q->nhost) == 0 && npath == q->nsent_path &&
	       memcmp(url + path_at, q->sent_path, npath) == 0;
}

static bool
look_in(const struct rtable *t, const struct rtable_host *h,
    struct rtable_reader *reader, const struct rtable_query *q,
    struct rtable_hit *hit, struct buf *location)
{
	hit->host = h;
	hit->route = find_route(t, h, q);
	if (hit->route == NULL)
		return false;
	hit->target = pick(hit->route, reader);
	return hit->target->redirect == 0 ||
	       !leads_back(q, hit->target, location);
}

bool
rtable_lookup(const struct rtable *t, struct rtable_reader *reader,
    const struct rtable_query *q, struct rtable_hit *hit, struct buf *location)
{
	char host[RTABLE_MAX_HOST + 1];
	struct walk w = { .t = t, .tls = q->tls, .host = host };
	const struct rtable_host *h, *any;

	if (t->nhosts == 0)
		return false;
	w.n = match_host_len(q->host, q->nhost, q->tls);
	if (w.n > RTABLE_MAX_HOST || memchr(q->host, '\0', w.n) != NULL)
		w.n = 0;
	w.glob = t->hosts;
	w.end = t->hosts + t->nhosts;
	for (size_t i = 0; i < w.n; i++) {
		char c = q->host[i];

		host[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	host[w.n] = '\0';
	if (w.n > 0) {
		w.exact = map_find(&t->exact[q->tls], host);
		if (t->nglobs == 0)
			w.glob = w.end;
		find_glob(&w);
		while ((h = next_host(&w)) != NULL)
			if (look_in(t, h, reader, q, hit, location))
				return true;
	}
	/* Names sort before the empty one. */
	any = &t->hosts[t->nhosts - 1];
	return any->name[0] == '\0' &&
	       look_in(t, any, reader, q, hit, location);
}
