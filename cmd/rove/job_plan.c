/*
 * What would happen if a job were registered.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/difftext.h"
#include "cmd/rove/jobfile.h"
#include "cmd/rove/jobwords.h"
#include "cmd/rove/placement.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"

/* The exit status says what a change would do; 1 is no failure here. */
enum { PLAN_NO_CHANGE = 0, PLAN_CHANGES = 1, PLAN_ERROR = 255 };

struct plan_flags {
	bool diff, verbose, override;
	struct jobfile_flags file;
};

static void
say_dry_run(const struct cli *c, const struct job_plan_response *resp)
{
	struct buf why = { 0 }, out = { 0 };

	puts("Scheduler dry-run:");
	if (resp->nfailed_tg_allocs == 0) {
		puts("- All tasks successfully allocated.");
	} else {
		placement_failures(
		    resp->failed_tg_allocs, resp->nfailed_tg_allocs, &why);
		why.data[--why.len] = '\0';
		table_indent(buf_str(&why), 2, &out);
		printf("- WARNING: Failed to place all allocations.\n  %s\n",
		    buf_str(&out));
	}
	if (resp->next_periodic_launch > 0) {
		buf_reset(&why);
		buf_reset(&out);
		text_time(resp->next_periodic_launch, &why);
		text_ago(resp->next_periodic_launch, c->now_ns, &out);
		printf(
		    "- If submitted now, next periodic launch would be at %s "
		    "(%s).\n",
		    buf_str(&why), buf_str(&out));
	}
	putchar('\n');
	buf_release(&why);
	buf_release(&out);
}

static void
say_index(uint64_t index, const char *path)
{
	printf("Job Modify Index: %" PRIu64 "\n"
	       "To submit the job with version verification run:\n\n"
	       "rove job run -check-index %" PRIu64 " %s\n\n"
	       "When running the job with the check-index flag, the job will "
	       "only be run if the\n"
	       "job modify index given matches the server-side version. If "
	       "the index has\n"
	       "changed, another user has modified the job and the plan's "
	       "results are\n"
	       "potentially invalid.\n",
	    index, index, path);
}

static int
exit_status(const struct plan_annotations *a)
{
	for (size_t i = 0; a != NULL && i < a->ndesired_tg_updates; i++) {
		const struct desired_updates *u = &a->desired_tg_updates[i];

		if (u->stop + u->place + u->migrate + u->destructive_update +
			u->canary >
		    0)
			return PLAN_CHANGES;
	}
	return PLAN_NO_CHANGE;
}

static int
say_plan(const struct cli *c, const struct plan_flags *f,
    const struct job_plan_response *resp)
{
	struct buf out = { 0 };

	if (f->diff && resp->diff != NULL) {
		difftext_format(resp->diff, f->verbose, &out);
		printf("%s\n\n", buf_str(&out));
		buf_release(&out);
	}
	say_dry_run(c, resp);
	jobwords_warn(resp->warnings);
	say_index(resp->job_modify_index, c->argv[0]);
	return exit_status(resp->annotations);
}

static int
plan(struct cli *c, const struct plan_flags *f, struct job *job)
{
	struct job_plan_request req = {
		.job = job, .diff = f->diff, .policy_override = f->override
	};
	struct job_plan_response resp;
	struct err err;
	char *path;
	int status;

	if (job->id == NULL) {
		cli_fail(NULL, "Error during plan: the job has no ID");
		return PLAN_ERROR;
	}
	jobwords_address(c, job);
	path = client_path("/v1/job/", job->id, "/plan");
	status = client_put(&c->client, path, NULL, &job_plan_request_type,
	    &req, &job_plan_response_type, &resp, &err);
	free(path);
	if (status == -1) {
		cli_fail(&err, "Error during plan");
		return PLAN_ERROR;
	}
	status = say_plan(c, f, &resp);
	rec_clear(&job_plan_response_type, &resp);
	return status;
}

int
job_plan(const struct command *cmd, int argc, char **argv)
{
	struct plan_flags f = { .diff = true, .file = JOBFILE_FLAGS_INIT };
	const struct flag rows[] = {
		{ "diff", FLAG_BOOL, &f.diff, NULL,
		    "Show how the job differs from the one that runs. Default "
		    "= true" },
		{ "policy-override", FLAG_BOOL, &f.override, NULL,
		    "Override soft mandatory policies." },
		{ "verbose", FLAG_BOOL, &f.verbose, NULL,
		    "All that the difference consists of." },
		JOBFILE_FLAG_ROWS(&f.file),
	};
	struct cli c;
	struct jobfile file;
	struct err err;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 1, 1);

	if (status != CLI_GO)
		return status == 0 ? 0 : PLAN_ERROR;
	if (jobfile_read(&file, c.argv[0], &f.file, &err) == -1) {
		cli_fail(&err, "Error getting job struct");
		return cli_end(&c, PLAN_ERROR);
	}
	status = plan(&c, &f, &file.job);
	jobfile_release(&file);
	return cli_end(&c, status);
}
