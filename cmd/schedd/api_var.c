/*
 * Variables. They are told and kept as they are, to whoever can reach the
 * API: see schedd(8). Nomad lets the pages of any site read them, for it asks
 * for a token; we do not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "common/http/route.h"
#include "common/mem.h"
#include "common/text.h"
#include "proto/variable.h"

/* --- reading --- */

static void
read_var(struct query *q)
{
	const char *path = query_arg(q, "path");
	const struct sched_var *v;
	struct buf key = { 0 };
	bool waits =
	    query_waits(q, SCHED_VARIABLE, sched_key(&key, q->ns, path));

	buf_release(&key);
	if (waits)
		return;
	v = sched_var_find(q->st, q->ns, path);
	if (v == NULL)
		query_fail(q, 404, "variable not found");
	else
		query_reply_rec(q, &variable_type, &v->rec);
}

void
api_var(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_var);
}

static struct query_key
var_key(const void *item)
{
	const struct variable *v = item;

	return (struct query_key){
		.index = v->create_index, .ns = v->ns, .id = v->path
	};
}

static void
read_vars(struct query *q)
{
	const void **items = NULL;
	struct variable_metadata *list;
	size_t n = 0, cap = 0;

	if (query_waits(q, SCHED_VARIABLES, ""))
		return;
	for (const struct sched_var *v = q->st->vars; v != NULL;
	     v = v->hh.next) {
		if (!query_wants_ns(q, v->rec.ns) ||
		    !query_wants_id(q, v->rec.path))
			continue;
		items = xgrow(items, n, &cap, sizeof *items);
		items[n++] = &v->rec;
	}
	n = query_page(q, items, n, var_key, QUERY_BY_NS);
	list = xcalloc(n, sizeof *list);
	for (size_t i = 0; i < n; i++) {
		const struct variable *v = items[i];

		list[i] = (struct variable_metadata){ .ns = v->ns,
			.path = v->path,
			.create_index = v->create_index,
			.modify_index = v->modify_index,
			.create_time = v->create_time,
			.modify_time = v->modify_time };
	}
	free(items);
	rec_list_to_json(
	    &variable_metadata_type, list, n, &q->out, api_json_flags(q->req));
	free(list);
	query_reply(q);
}

void
api_vars(void *ctx, struct http_req *r)
{
	query_start(ctx, r, read_vars);
}

/* --- writing --- */

/* The index that the writer has seen, or NULL when it does not say. Answers,
 * and returns false, when it is no number. */
static bool
read_cas(struct http_req *r, uint64_t *index, const uint64_t **cas)
{
	char text[2];
	int got;

	*cas = NULL;
	if (http_param(r, "cas", text, sizeof text) && *text == '\0')
		return true;
	got = api_cas(r, "can not parse cas", index);
	if (got == 1)
		*cas = index;
	return got != -1;
}

static bool
wants_lock(struct http_req *r)
{
	static const char *const params[] = { "lock-acquire", "lock-renew",
		"lock-release" };

	for (size_t i = 0; i < sizeof params / sizeof params[0]; i++) {
		if (!http_has_param(r, params[i]))
			continue;
		http_fail(r, 501,
		    "%s: locks of variables are not supported by this version",
		    params[i]);
		return true;
	}
	return false;
}

/* From the body, with the path of the request and its namespace, if the body
 * names none. Answers, and returns false, when it is none. */
static bool
read_body(struct http_req *r, struct variable *v)
{
	char ns[128];

	if (api_body(r, &variable_type, v) == -1)
		return false;
	api_ns(r, ns, sizeof ns);
	if (!text_is_set(v->ns)) {
		free(v->ns);
		v->ns = xstrdup(ns);
	}
	free(v->path);
	v->path = xstrdup(http_route_param(r, "path"));
	if (v->nitems > 0)
		return true;
	rec_clear(&variable_type, v);
	http_fail(r, 400, "variable missing required Items object");
	return false;
}

void
api_var_put(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct variable v;
	const uint64_t *cas;
	uint64_t index;

	if (wants_lock(r) || !read_cas(r, &index, &cas) || !read_body(r, &v))
		return;
	schedd_enter(sd);
	sched_core_variable_put(
	    sd->core, schedd_ask_http(sd, r, NULL), &v, cas);
	schedd_leave(sd);
	rec_clear(&variable_type, &v);
}

static struct tree *
shape_nothing(const struct sched_act *act)
{
	(void)act;
	return NULL;
}

void
api_var_delete(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	const uint64_t *cas;
	uint64_t index;
	char ns[128];

	if (!read_cas(r, &index, &cas))
		return;
	api_ns(r, ns, sizeof ns);
	schedd_enter(sd);
	sched_core_variable_delete(sd->core,
	    schedd_ask_http(sd, r, shape_nothing), ns,
	    http_route_param(r, "path"), cas);
	schedd_leave(sd);
}

void
api_var_none(void *ctx, struct http_req *r)
{
	(void)ctx;
	http_fail(r, 400, "missing variable path");
}
