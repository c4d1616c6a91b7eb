/*
 * Turning a job file into a job for who cannot read HCL.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/jobcanon.h"
#include "common/mem.h"
#include "proto/jobspec.h"

/* What places in the job file are told by. */
#define FILE_NAME "input.hcl"

struct jobs_parse_request {
	char *job_hcl;
	char *variables;
	bool canonicalize;
};

static const struct rec_field jobs_parse_request_fields[] = {
	REC_STR(struct jobs_parse_request, 1, job_hcl, "JobHCL"),
	REC_STR(struct jobs_parse_request, 2, variables, "Variables"),
	REC_BOOL(struct jobs_parse_request, 3, canonicalize, "Canonicalize"),
};
static const struct rec_type jobs_parse_request_type =
    REC_TYPE(jobs_parse_request, jobs_parse_request_fields);

static void
reply_job(struct schedd *sd, struct http_req *r,
    const struct jobs_parse_request *req, struct job *job)
{
	if (req->canonicalize)
		job_canonicalize(job, sd->config->region);
	api_reply_rec(r, &job_type, job);
}

/* Files of this machine are nothing that a job file may read from here. */
void
api_jobs_parse(void *ctx, struct http_req *r)
{
	struct jobspec_options o = { .no_files = true };
	struct jobs_parse_request req;
	struct job job;
	struct err err;

	if (api_body(r, &jobs_parse_request_type, &req) == -1)
		return;
	o.var_text = req.variables;
	if (req.job_hcl == NULL || *req.job_hcl == '\0')
		http_fail(r, 400, "Job spec is empty");
	else if (jobspec_parse(FILE_NAME, req.job_hcl, strlen(req.job_hcl), &o,
		     &job, &err) == -1)
		http_fail(r, 400, "Failed to parse job: %s", err.text);
	else {
		reply_job(ctx, r, &req, &job);
		rec_clear(&job_type, &job);
	}
	rec_clear(&jobs_parse_request_type, &req);
}
