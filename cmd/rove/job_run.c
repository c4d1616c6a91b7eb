/*
 * Registering a job.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/follow.h"
#include "cmd/rove/jobfile.h"
#include "cmd/rove/jobwords.h"
#include "cmd/rove/text.h"
#include "common/text.h"

struct run_flags {
	bool detach, verbose, output, override, counts, resources;
	const char *check_index;
	int64_t eval_priority;
	struct jobfile_flags file;
};

static int
fill_request(const struct run_flags *f, struct jobfile *file,
    struct job_register_request *req, struct err *err)
{
	*req = (struct job_register_request){ .job = &file->job,
		.submission = &file->source,
		.policy_override = f->override,
		.preserve_counts = f->counts,
		.preserve_resources = f->resources,
		.eval_priority = f->eval_priority };
	if (f->check_index == NULL)
		return 0;
	req->enforce_index = true;
	if (text_parse_u64(f->check_index, &req->job_modify_index) == -1)
		return err_set(err, ERR_BAD,
		    "Error parsing check-index value \"%s\": not a number",
		    f->check_index);
	return 0;
}

/* The server's refusal of an index gets the words that people know. */
static int
say_refused(const struct err *err)
{
	const char *at = strstr(err->text, "Enforcing job modify index");
	size_t n = at != NULL ? strcspn(at, ")") : 0;

	if (at == NULL)
		return cli_fail(err, "Error submitting job");
	return cli_fail(NULL, "%.*s\nJob not updated", (int)n, at);
}

/* What comes after a registration that was taken. */
static int
after(struct cli *c, const struct run_flags *f, const struct job *job,
    const struct job_register_response *resp)
{
	size_t len = f->verbose ? TEXT_FULL_ID : TEXT_SHORT_ID;

	jobwords_warn(resp->warnings);
	if (resp->eval_id == NULL || *resp->eval_id == '\0') {
		puts("Job registration successful");
		if (job->periodic != NULL)
			puts("The job runs at the times of its periodic block");
		return 0;
	}
	if (f->detach) {
		printf("Job registration successful\nEvaluation ID: %s\n",
		    resp->eval_id);
		return 0;
	}
	return follow_eval(c, resp->eval_id, len);
}

static int
submit(struct cli *c, const struct run_flags *f, struct jobfile *file)
{
	struct job_register_request req;
	struct job_register_response resp;
	struct err err;
	int status;

	if (fill_request(f, file, &req, &err) == -1)
		return cli_fail(&err, "%s", "");
	if (f->output)
		return jobwords_print(&file->job);
	jobwords_address(c, &file->job);
	if (client_put(&c->client, "/v1/jobs", NULL, &job_register_request_type,
		&req, &job_register_response_type, &resp, &err) == -1)
		return say_refused(&err);
	status = after(c, f, &file->job, &resp);
	rec_clear(&job_register_response_type, &resp);
	return status;
}

int
job_run(const struct command *cmd, int argc, char **argv)
{
	struct run_flags f = { .file = JOBFILE_FLAGS_INIT };
	const struct flag rows[] = {
		{ "detach", FLAG_BOOL, &f.detach, NULL,
		    "Return at once instead of following the evaluation; its "
		    "ID is printed." },
		{ "check-index", FLAG_TEXT, &f.check_index, "<n>",
		    "Register only if the job's modify index on the server is "
		    "this one, as plan printed it; 0: only if there is no such "
		    "job." },
		{ "eval-priority", FLAG_COUNT, &f.eval_priority, "<n>",
		    "Priority of the evaluation, instead of the job's." },
		{ "output", FLAG_BOOL, &f.output, NULL,
		    "Print the JSON that would be sent and send nothing." },
		{ "preserve-counts", FLAG_BOOL, &f.counts, NULL,
		    "Keep the counts that the running job has." },
		{ "preserve-resources", FLAG_BOOL, &f.resources, NULL,
		    "Keep the resources that the running job has." },
		{ "policy-override", FLAG_BOOL, &f.override, NULL,
		    "Override soft mandatory policies." },
		{ "verbose", FLAG_BOOL, &f.verbose, NULL,
		    "Whole identifiers." },
		JOBFILE_FLAG_ROWS(&f.file),
	};
	struct cli c;
	struct jobfile file;
	struct err err;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	if (jobfile_read(&file, c.argv[0], &f.file, &err) == -1)
		return cli_end(&c, cli_fail(&err, "Error getting job struct"));
	status = submit(&c, &f, &file);
	jobfile_release(&file);
	return cli_end(&c, status);
}
