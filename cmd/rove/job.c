/*
 * Stopping, showing and checking jobs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/change.h"
#include "cmd/rove/commands.h"
#include "cmd/rove/find.h"
#include "cmd/rove/follow.h"
#include "cmd/rove/jobfile.h"
#include "cmd/rove/jobwords.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"
#include "common/mem.h"

/* --- stop --- */

struct stop_flags {
	bool detach, verbose, purge, global, no_delay, yes;
	int64_t eval_priority;
};

static int
deregister(struct cli *c, const struct stop_flags *f, const char *id)
{
	struct job_deregister_response resp = { 0 };
	struct buf params = { 0 }, out = { 0 };
	struct err err;
	char *path = client_path("/v1/job/", id, "");
	int status;

	buf_addf(&params, "purge=%s&global=%s&no_shutdown_delay=%s",
	    f->purge ? "true" : "false", f->global ? "true" : "false",
	    f->no_delay ? "true" : "false");
	if (f->eval_priority > 0)
		buf_addf(&params, "&eval_priority=%" PRId64, f->eval_priority);
	if (client_call(&c->client, "DELETE", path, buf_str(&params), NULL,
		&out, &err) == -1 ||
	    rec_from_json(&job_deregister_response_type, &resp, buf_str(&out),
		out.len, &err) == -1)
		status = cli_fail(&err, "Error deregistering job");
	else if (resp.eval_id == NULL || *resp.eval_id == '\0')
		status = 0;
	else if (f->detach)
		status = puts(resp.eval_id) == EOF;
	else
		status = follow_eval_alone(
		    c, resp.eval_id, f->verbose ? TEXT_FULL_ID : TEXT_SHORT_ID);
	rec_clear(&job_deregister_response_type, &resp);
	buf_release(&params);
	buf_release(&out);
	free(path);
	return status;
}

static int
stop_one(struct cli *c, const struct stop_flags *f, const char *typed)
{
	char *id;
	int status = find_job(c, typed, &id);

	if (status != CLI_GO)
		return status;
	if (!f->yes && strcmp(id, typed) != 0)
		status = change_confirm(
		    "Are you sure you want to stop job \"%s\"?", id);
	if (status == CLI_GO)
		status = deregister(c, f, id);
	free(id);
	return status;
}

int
job_stop(const struct command *cmd, int argc, char **argv)
{
	struct stop_flags f = { 0 };
	const struct flag rows[] = {
		{ "detach", FLAG_BOOL, &f.detach, NULL,
		    "Return at once; the ID of the evaluation is printed." },
		{ "purge", FLAG_BOOL, &f.purge, NULL,
		    "Forget the job at once, instead of with the next "
		    "collection of garbage." },
		{ "global", FLAG_BOOL, &f.global, NULL,
		    "Stop a job of several regions in all of them." },
		{ "no-shutdown-delay", FLAG_BOOL, &f.no_delay, NULL,
		    "Do not wait for the groups' shutdown delay." },
		{ "eval-priority", FLAG_COUNT, &f.eval_priority, "<n>",
		    "Priority of the evaluation, instead of the job's." },
		{ "verbose", FLAG_BOOL, &f.verbose, NULL,
		    "Whole identifiers." },
		{ "yes", FLAG_BOOL, &f.yes, NULL,
		    "Do not ask when only a prefix of the job's name is "
		    "given." },
	};
	struct cli c;
	char *namespace;
	int status = cli_begin(&c, cmd, rows, sizeof rows / sizeof rows[0],
	    argc, argv, 1, CLI_NO_MOST);
	int worst = 0;

	if (status != CLI_GO)
		return status;
	namespace =
	    c.client.namespace != NULL ? xstrdup(c.client.namespace) : NULL;
	for (int i = 0; i < c.argc; i++) {
		client_set(&c.client.namespace, namespace);
		status = stop_one(&c, &f, c.argv[i]);
		if (status > worst)
			worst = status;
	}
	free(namespace);
	return cli_end(&c, worst);
}

/* --- inspect --- */

/* Of the versions that the server keeps, the one. */
static int
inspect_version(
    struct cli *c, const char *id, uint64_t version, struct err *err)
{
	struct job_versions_response all;
	char *path = client_path("/v1/job/", id, "/versions");
	int rc = client_get(
	    &c->client, path, NULL, &job_versions_response_type, &all, err);

	free(path);
	if (rc == -1)
		return -1;
	rc = err_set(
	    err, ERR_NOT_FOUND, "job %s has no version %" PRIu64, id, version);
	for (size_t i = 0; rc == -1 && i < all.nversions; i++)
		if (all.versions[i].version == version)
			rc = jobwords_print(&all.versions[i]);
	rec_clear(&job_versions_response_type, &all);
	return rc;
}

static int
inspect(struct cli *c, const char *id, int64_t version)
{
	struct err err;
	struct job job;
	char *path;
	int rc;

	if (version >= 0) {
		rc = inspect_version(c, id, (uint64_t)version, &err);
	} else {
		path = client_path("/v1/job/", id, "");
		rc = client_get(&c->client, path, NULL, &job_type, &job, &err);
		free(path);
		if (rc == 0) {
			jobwords_print(&job);
			rec_clear(&job_type, &job);
		}
	}
	return rc == 0 ? 0 : cli_fail(&err, "Error inspecting job");
}

int
job_inspect(const struct command *cmd, int argc, char **argv)
{
	int64_t version = -1; /* the newest */
	const struct flag rows[] = {
		{ "version", FLAG_COUNT, &version, "<n>",
		    "A former version of the job." },
		{ "json", FLAG_BOOL, NULL, NULL, NULL },
	};
	struct cli c;
	char *id;
	int status = find_begin_job(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, &id);

	if (status != CLI_GO)
		return status;
	status = inspect(&c, id, version);
	free(id);
	return cli_end(&c, status);
}

/* --- validate --- */

static int
say_valid(const struct job_validate_response *resp)
{
	if (!resp->driver_config_validated)
		puts("Driver configuration not validated since connection to "
		     "the agent couldn't be established.\n");
	if (resp->error != NULL && *resp->error != '\0')
		return cli_fail(
		    NULL, "Job validation errors:\n%s", resp->error);
	if (resp->nvalidation_errors > 0) {
		cli_fail(NULL, "Job validation errors:");
		for (size_t i = 0; i < resp->nvalidation_errors; i++)
			fprintf(stderr, "  * %s\n", resp->validation_errors[i]);
		return 1;
	}
	jobwords_warn(resp->warnings);
	puts("Job validation successful");
	return 0;
}

static int
validate(struct cli *c, struct jobfile *file)
{
	struct job_register_request req = { .job = &file->job };
	struct job_validate_response resp;
	struct err err;
	int status;

	jobwords_address(c, &file->job);
	if (client_put(&c->client, "/v1/validate/job", NULL,
		&job_register_request_type, &req, &job_validate_response_type,
		&resp, &err) == -1)
		return cli_fail(&err, "Error validating job");
	status = say_valid(&resp);
	rec_clear(&job_validate_response_type, &resp);
	return status;
}

int
job_validate(const struct command *cmd, int argc, char **argv)
{
	struct jobfile_flags f = JOBFILE_FLAGS_INIT;
	const struct flag rows[] = { JOBFILE_FLAG_ROWS(&f) };
	struct cli c;
	struct jobfile file;
	struct err err;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	if (jobfile_read(&file, c.argv[0], &f, &err) == -1)
		return cli_end(&c, cli_fail(&err, "Error getting job struct"));
	status = validate(&c, &file);
	jobfile_release(&file);
	return cli_end(&c, status);
}
