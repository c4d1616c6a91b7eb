/*
 * Changing how many there are of a group.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/find.h"
#include "cmd/rove/follow.h"
#include "cmd/rove/text.h"
#include "common/mem.h"
#include "common/text.h"
#include "proto/api.h"

struct scale_flags {
	bool detach, verbose;
	int64_t check_index;
};

/* The group that was named, or the only one. */
static int
pick_group(struct cli *c, const char *id, const char *named, char **group)
{
	struct job_scale_status_response all;
	struct buf names = { 0 };
	struct err err;
	char *path = client_path("/v1/job/", id, "/scale");
	int rc = client_get(&c->client, path, NULL,
	    &job_scale_status_response_type, &all, &err);

	free(path);
	*group = NULL;
	if (rc == -1)
		return cli_fail(&err, "Error querying job");
	for (size_t i = 0; i < all.ntask_groups; i++) {
		const char *name = all.task_groups[i].key;

		if (named != NULL ? strcmp(name, named) == 0
				  : all.ntask_groups == 1)
			*group = xstrdup(name);
		buf_addf(&names, "\n  * %s", name);
	}
	if (*group == NULL && named != NULL)
		cli_fail(NULL, "Job \"%s\" has no group \"%s\", but these:%s",
		    id, named, buf_str(&names));
	else if (*group == NULL)
		cli_fail(NULL, "Group name required; job \"%s\" has these:%s",
		    id, buf_str(&names));
	buf_release(&names);
	rec_clear(&job_scale_status_response_type, &all);
	return *group != NULL ? CLI_GO : 1;
}

static int
scale(struct cli *c, const struct scale_flags *f, const char *id,
    const char *group, int64_t count)
{
	struct scaling_request req = { .count = count,
		.has_count = true,
		.message = text_borrow("submitted using the rove CLI"),
		.job_modify_index = (uint64_t)f->check_index };
	struct job_register_response resp;
	struct err err;
	char *path = client_path("/v1/job/", id, "/scale");
	int rc, status = 0;

	rec_kv_set(&req.target, &req.ntarget, "Group", group);
	rec_kv_set(&req.target, &req.ntarget, "Job", id);
	rc = client_put(&c->client, path, NULL, &scaling_request_type, &req,
	    &job_register_response_type, &resp, &err);
	free(path);
	for (size_t i = 0; i < req.ntarget; i++) {
		free(req.target[i].key);
		free(req.target[i].value);
	}
	free(req.target);
	if (rc == -1)
		return cli_fail(&err, "Error submitting scaling request");
	if (resp.eval_id != NULL && *resp.eval_id != '\0') {
		if (f->detach)
			printf("Evaluation ID: %s\n", resp.eval_id);
		else
			status = follow_eval(c, resp.eval_id,
			    f->verbose ? TEXT_FULL_ID : TEXT_SHORT_ID);
	}
	rec_clear(&job_register_response_type, &resp);
	return status;
}

int
job_scale(const struct command *cmd, int argc, char **argv)
{
	struct scale_flags f = { 0 };
	const struct flag rows[] = {
		{ "detach", FLAG_BOOL, &f.detach, NULL,
		    "Return at once; the ID of the evaluation is printed." },
		{ "check-index", FLAG_COUNT, &f.check_index, "<n>",
		    "Scale only if the job's modify index is this one." },
		{ "verbose", FLAG_BOOL, &f.verbose, NULL,
		    "Whole identifiers." },
	};
	struct cli c;
	char *id, *group, *end;
	const char *text;
	int64_t count;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 2, 3);

	if (status != CLI_GO)
		return status;
	text = c.argv[c.argc - 1];
	errno = 0;
	count = strtoll(text, &end, 10);
	if (*text == '\0' || *end != '\0' || errno != 0 || count < 0)
		return cli_end(&c,
		    cli_fail(NULL, "\"%s\" is no count of allocations", text));
	status = find_job(&c, c.argv[0], &id);
	if (status != CLI_GO)
		return cli_end(&c, status);
	status = pick_group(&c, id, c.argc == 3 ? c.argv[1] : NULL, &group);
	if (status == CLI_GO) {
		status = scale(&c, &f, id, group, count);
		free(group);
	}
	free(id);
	return cli_end(&c, status);
}
