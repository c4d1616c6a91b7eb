/*
 * Registering, changing and stopping jobs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/cross.h"
#include "common/http/route.h"
#include "common/mem.h"
#include "common/text.h"

static void
set_str(char **to, const char *s)
{
	free(*to);
	*to = xstrdup(s);
}

/* The namespace of the query parameter counts where the job names none. */
static void
fill_namespace(const struct http_req *r, struct job *job)
{
	char ns[128];

	if (job->namespace != NULL && *job->namespace != '\0')
		return;
	api_ns(r, ns, sizeof ns);
	set_str(&job->namespace, ns);
}

static int
read_register(struct http_req *r, struct job_register_request *req)
{
	const char *id = http_route_param(r, "id");

	if (api_body(r, &job_register_request_type, req) == -1)
		return -1;
	if (req->job == NULL) {
		http_fail(r, 400, "Job must be specified");
	} else if (req->job->id == NULL || *req->job->id == '\0') {
		http_fail(r, 400, "Job ID hasn't been provided");
	} else if (id != NULL && strcmp(id, req->job->id) != 0) {
		http_fail(r, 400, "Job ID does not match name");
	} else {
		fill_namespace(r, req->job);
		return 0;
	}
	rec_clear(&job_register_request_type, req);
	return -1;
}

void
api_job_register(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct job_register_request req;

	if (read_register(r, &req) == -1)
		return;
	if (!cross_job(sd, r, &req.job->region)) {
		schedd_enter(sd);
		sched_core_job_register(
		    sd->core, schedd_ask_http(sd, r, NULL), &req);
		schedd_leave(sd);
	}
	rec_clear(&job_register_request_type, &req);
}

static bool
flag(const struct http_req *r, const char *name)
{
	char text[8];

	return http_param(r, name, text, sizeof text) &&
	       strcmp(text, "true") == 0;
}

void
api_job_deregister(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	char ns[128], text[16];
	uint64_t priority = 0;

	api_ns(r, ns, sizeof ns);
	if (http_param(r, "eval_priority", text, sizeof text)) {
		if (text_parse_u64(text, &priority) == -1 || priority < 1 ||
		    priority > 100) {
			http_fail(r, 400,
			    "eval priority must be between 1 and 100 "
			    "inclusively");
			return;
		}
	}
	schedd_enter(sd);
	sched_core_job_deregister(sd->core, schedd_ask_http(sd, r, NULL), ns,
	    http_route_param(r, "id"), flag(r, "purge"), (int64_t)priority);
	schedd_leave(sd);
}

void
api_job_plan(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct job_plan_request req;
	struct job_plan_response out;
	struct err err;

	if (api_body(r, &job_plan_request_type, &req) == -1)
		return;
	if (req.job == NULL || req.job->id == NULL) {
		http_fail(r, 400, "Job must be specified");
	} else if (strcmp(req.job->id, http_route_param(r, "id")) != 0) {
		http_fail(r, 400, "Job ID does not match");
	} else if (!cross_job(sd, r, &req.job->region)) {
		fill_namespace(r, req.job);
		schedd_enter(sd);
		if (sched_core_job_plan(sd->core, &req, &out, &err) == -1) {
			api_refuse(r, &err);
		} else {
			api_reply_rec(r, &job_plan_response_type, &out);
			rec_clear(&job_plan_response_type, &out);
		}
		schedd_leave(sd);
	}
	rec_clear(&job_plan_request_type, &req);
}

void
api_job_validate(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct job_register_request req;
	struct job_validate_response out;

	if (api_body(r, &job_register_request_type, &req) == -1)
		return;
	if (req.job == NULL) {
		http_fail(r, 400, "Job must be specified");
	} else if (!cross_job(sd, r, &req.job->region)) {
		fill_namespace(r, req.job);
		schedd_enter(sd);
		sched_core_job_validate(sd->core, req.job, &out);
		schedd_leave(sd);
		api_reply_rec(r, &job_validate_response_type, &out);
		rec_clear(&job_validate_response_type, &out);
	}
	rec_clear(&job_register_request_type, &req);
}

void
api_job_evaluate(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct job_evaluate_request req = { 0 };
	char ns[128];
	size_t n;

	http_body(r, &n);
	if (n > 0 && api_body(r, &job_evaluate_request_type, &req) == -1)
		return;
	api_ns(r, ns, sizeof ns);
	schedd_enter(sd);
	sched_core_job_evaluate(sd->core, schedd_ask_http(sd, r, NULL), ns,
	    http_route_param(r, "id"), req.eval_options.force_reschedule);
	schedd_leave(sd);
	rec_clear(&job_evaluate_request_type, &req);
}

void
api_job_scale(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct scaling_request req;
	char ns[128];

	if (api_body(r, &scaling_request_type, &req) == -1)
		return;
	api_ns(r, ns, sizeof ns);
	schedd_enter(sd);
	sched_core_job_scale(sd->core, schedd_ask_http_bad(sd, r, 400), ns,
	    http_route_param(r, "id"), &req);
	schedd_leave(sd);
	rec_clear(&scaling_request_type, &req);
}

static const struct tree *
number(const struct tree *t, const char *name)
{
	const struct tree *v = tree_get(t, name);

	return v != NULL && v->kind == TREE_INT && v->i >= 0 ? v : NULL;
}

void
api_job_revert(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct tree *t = api_body_tree(r);
	const struct tree *version, *prior;
	char ns[128];

	if (t == NULL)
		return;
	version = number(t, "JobVersion");
	prior = number(t, "EnforcePriorVersion");
	api_ns(r, ns, sizeof ns);
	if (version == NULL) {
		http_fail(r, 400, "JobVersion must be a number");
	} else {
		schedd_enter(sd);
		sched_core_job_revert(sd->core, schedd_ask_http(sd, r, NULL),
		    ns, http_route_param(r, "id"), (uint64_t)version->i,
		    prior != NULL, prior != NULL ? (uint64_t)prior->i : 0);
		schedd_leave(sd);
	}
	tree_free(t);
}

void
api_job_stable(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct tree *t = api_body_tree(r);
	const struct tree *version, *stable;
	char ns[128];

	if (t == NULL)
		return;
	version = number(t, "JobVersion");
	stable = tree_get(t, "Stable");
	api_ns(r, ns, sizeof ns);
	if (version == NULL) {
		http_fail(r, 400, "JobVersion must be a number");
	} else {
		schedd_enter(sd);
		sched_core_job_stable(sd->core, schedd_ask_http(sd, r, NULL),
		    ns, http_route_param(r, "id"), (uint64_t)version->i,
		    stable != NULL && stable->kind == TREE_BOOL && stable->b);
		schedd_leave(sd);
	}
	tree_free(t);
}
