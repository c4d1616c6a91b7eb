/*
 * Services that tasks offer.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "common/http/route.h"
#include "common/mem.h"

static void
reply_services(struct query *q, struct service_instance *list, size_t n)
{
	rec_list_to_json(
	    &service_instance_type, list, n, &q->out, api_json_flags(q->req));
	free(list);
	query_reply(q);
}

static void
read_service(struct query *q)
{
	const char *name = query_arg(q, "name");
	struct sched_service_set *set;
	struct sched_service *s;
	struct service_instance *list = NULL;
	struct buf key = { 0 };
	size_t n = 0, cap = 0;
	bool waits =
	    query_waits(q, SCHED_SERVICE, sched_key(&key, q->ns, name));

	buf_release(&key);
	if (waits)
		return;
	set = sched_services_named(q->st, q->ns, name);
	if (set != NULL)
		TAILQ_FOREACH (s, &set->services, by_name) {
			list = xgrow(list, n, &cap, sizeof *list);
			list[n++] = s->rec;
		}
	reply_services(q, list, n);
}

void
api_service(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_service);
}

static void
read_alloc_services(struct query *q)
{
	struct sched_service_set *set =
	    sched_services_of_alloc(q->st, query_arg(q, "id"));
	struct sched_service *s;
	struct service_instance *list = NULL;
	size_t n = 0, cap = 0;

	if (!query_check_uuid(q, "alloc", query_arg(q, "id")) ||
	    query_waits(q, SCHED_SERVICES, ""))
		return;
	if (set != NULL)
		TAILQ_FOREACH (s, &set->services, by_alloc) {
			list = xgrow(list, n, &cap, sizeof *list);
			list[n++] = s->rec;
		}
	reply_services(q, list, n);
}

void
api_alloc_services(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_alloc_services);
}

static void
add_tags(struct tree *tags, const struct service_instance *s)
{
	for (size_t i = 0; i < s->ntags; i++) {
		bool known = false;

		for (size_t k = 0; k < tags->nitems && !known; k++)
			known = strcmp(tags->items[k]->str, s->tags[i]) == 0;
		if (!known)
			tree_push(tags, tree_str(s->tags[i]));
	}
}

/* One entry for each service: its name and the tags of all instances. */
static struct tree *
services_of_ns(const struct query *q, const char *ns)
{
	struct tree *list = tree_list();

	for (struct sched_service_set *set = q->st->services_by_name;
	     set != NULL; set = set->hh.next) {
		struct sched_service *s = TAILQ_FIRST(&set->services);
		struct tree *one, *tags;

		if (s == NULL || strcmp(s->rec.ns, ns) != 0)
			continue;
		one = tree_map();
		tags = tree_list();
		tree_set(one, "ServiceName", tree_str(s->rec.service_name));
		TAILQ_FOREACH (s, &set->services, by_name)
			add_tags(tags, &s->rec);
		tree_set(one, "Tags", tags);
		tree_push(list, one);
	}
	return list;
}

static void
read_services(struct query *q)
{
	struct map namespaces = { 0 };
	struct tree *all = tree_list();

	if (query_waits(q, SCHED_SERVICES, "")) {
		tree_free(all);
		return;
	}
	for (struct sched_service *s = q->st->services; s != NULL;
	     s = s->hh.next)
		if (query_wants_ns(q, s->rec.ns))
			map_put(&namespaces, s->rec.ns, s);
	MAP_FOREACH (e, &namespaces) {
		struct tree *one = tree_map();

		tree_set(one, "Namespace", tree_str(map_key(e)));
		tree_set(one, "Services", services_of_ns(q, map_key(e)));
		tree_push(all, one);
	}
	map_release(&namespaces);
	query_reply_tree(q, all);
}

void
api_services(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_services);
}

void
api_service_delete(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	char ns[128];

	api_ns(r, ns, sizeof ns);
	schedd_enter(sd);
	sched_core_service_delete(sd->core, schedd_ask_http(sd, r, NULL), ns,
	    http_route_param(r, "name"), http_route_param(r, "id"));
	schedd_leave(sd);
}
