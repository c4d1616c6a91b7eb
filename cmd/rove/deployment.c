/*
 * Deployments: shown, promoted, failed, paused and resumed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/rove/change.h"
#include "cmd/rove/commands.h"
#include "cmd/rove/deployfollow.h"
#include "cmd/rove/deploywords.h"
#include "cmd/rove/find.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"
#include "common/mem.h"

#define NROWS(rows) (sizeof(rows) / sizeof(rows)[0])

/* --- showing --- */

struct list_flags {
	bool verbose, json, latest;
};

/* of: as what there are none is said. */
static int
list(
    struct cli *c, const char *path, const struct list_flags *f, const char *of)
{
	struct deployment *all, *newest = NULL;
	struct buf rows = { 0 };
	struct err err;
	size_t n;

	if (client_list(
		&c->client, path, NULL, &deployment_type, &all, &n, &err) == -1)
		return cli_fail(&err, "Error retrieving deployments");
	for (size_t i = 0; i < n; i++)
		if (newest == NULL ||
		    all[i].create_index > newest->create_index)
			newest = &all[i];
	if (f->latest && newest != NULL)
		lists_deployments(newest, 1, f->verbose, &rows);
	else
		lists_deployments(all, n, f->verbose, &rows);
	if (n == 0)
		printf("No deployments found%s\n", of);
	else
		cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	client_free_list(&deployment_type, all, n);
	return 0;
}

static int
list_all(struct cli *c, const struct list_flags *f)
{
	const char *path = "/v1/deployments";

	return f->json ? cli_print_answer(c, path) : list(c, path, f, "");
}

int
deployment_list(const struct command *cmd, int argc, char **argv)
{
	struct list_flags f = { 0 };
	const struct flag rows[] = {
		{ "json", FLAG_BOOL, &f.json, NULL, "As JSON." },
		{ "verbose", FLAG_BOOL, &f.verbose, NULL,
		    "Whole identifiers." },
	};
	struct cli c;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 0, 0);

	return status == CLI_GO ? cli_end(&c, list_all(&c, &f)) : status;
}

int
job_deployments(const struct command *cmd, int argc, char **argv)
{
	struct list_flags f = { 0 };
	const struct flag rows[] = {
		{ "all", FLAG_BOOL, NULL, NULL, NULL }, /* always so */
		{ "json", FLAG_BOOL, &f.json, NULL, "As JSON." },
		{ "latest", FLAG_BOOL, &f.latest, NULL, "The newest alone." },
		{ "verbose", FLAG_BOOL, &f.verbose, NULL,
		    "Whole identifiers." },
	};
	struct cli c;
	char *id, *path, *of;
	int status =
	    find_begin_job(&c, cmd, rows, NROWS(rows), argc, argv, &id);

	if (status != CLI_GO)
		return status;
	path = client_path("/v1/job/", id,
	    f.json && f.latest ? "/deployment" : "/deployments");
	of = xasprintf(" for job \"%s\"", id);
	status = f.json ? cli_print_answer(&c, path) : list(&c, path, &f, of);
	free(of);
	free(path);
	free(id);
	return cli_end(&c, status);
}

static int
show(struct cli *c, const char *id, bool verbose)
{
	size_t len = verbose ? TEXT_FULL_ID : TEXT_SHORT_ID;
	struct deployment d;
	struct buf out = { 0 };
	struct err err;
	char *path = client_path("/v1/deployment/", id, "");
	int rc = client_get(&c->client, path, NULL, &deployment_type, &d, &err);

	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error retrieving deployment");
	deploywords_whole(&d, len, &out);
	fputs(buf_str(&out), stdout);
	buf_release(&out);
	rec_clear(&deployment_type, &d);
	return 0;
}

static int
follow(struct cli *c, const char *id, bool verbose)
{
	size_t len = verbose ? TEXT_FULL_ID : TEXT_SHORT_ID;

	printf("Monitoring deployment \"%s\"\n", text_id(id, len));
	deployfollow(c, id, len, "");
	return 0;
}

static int
show_json(struct cli *c, const char *id)
{
	char *path = client_path("/v1/deployment/", id, "");
	int status = cli_print_answer(c, path);

	free(path);
	return status;
}

int
deployment_status(const struct command *cmd, int argc, char **argv)
{
	struct list_flags f = { 0 };
	bool monitor = false;
	const struct flag rows[] = {
		{ "json", FLAG_BOOL, &f.json, NULL, "As JSON." },
		{ "monitor", FLAG_BOOL, &monitor, NULL,
		    "Follow it until it is over." },
		{ "verbose", FLAG_BOOL, &f.verbose, NULL,
		    "Whole identifiers." },
	};
	struct cli c;
	char *id;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 0, 1);

	if (status != CLI_GO)
		return status;
	if (monitor && f.json)
		return cli_end(&c, cli_fail(NULL, "The monitor flag cannot be "
						  "used with -json"));
	if (c.argc == 0)
		return cli_end(&c, list_all(&c, &f));
	status = find_deployment(&c, c.argv[0], &id);
	if (status == CLI_GO) {
		status = f.json    ? show_json(&c, id)
			 : monitor ? follow(&c, id, f.verbose)
				   : show(&c, id, f.verbose);
		free(id);
	}
	return cli_end(&c, status);
}

/* --- changing --- */

static struct tree *
body_of(const char *id)
{
	struct tree *t = tree_map();

	tree_set(t, "DeploymentID", tree_str(id));
	return t;
}

static int
promote(struct cli *c, const struct change_flags *f,
    const struct flag_texts *groups, const char *id)
{
	struct tree *body = body_of(id), *names = tree_list(), *answer;
	char *path = client_path("/v1/deployment/promote/", id, "");
	int status;

	for (size_t i = 0; i < groups->n; i++)
		tree_push(names, tree_str(groups->items[i]));
	tree_set(body, "Groups", names);
	tree_set(body, "All", tree_bool(groups->n == 0));
	status =
	    change_put(c, path, body, "Error promoting deployment", &answer);
	free(path);
	if (status == 0)
		status = change_follow(c, f, answer);
	tree_free(answer);
	return status;
}

#define GROUP_ROW(groups)                                         \
	{                                                         \
		"group", FLAG_TEXTS, groups, "<group>",           \
		    "Promote only this group's canaries; may be " \
		    "given several times."                        \
	}

int
deployment_promote(const struct command *cmd, int argc, char **argv)
{
	struct change_flags f = { 0 };
	struct flag_texts groups = { 0 };
	const struct flag rows[] = { GROUP_ROW(&groups), CHANGE_FLAG_ROWS(&f) };
	struct cli c;
	char *id;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	status = find_deployment(&c, c.argv[0], &id);
	if (status == CLI_GO) {
		status = promote(&c, &f, &groups, id);
		free(id);
	}
	return cli_end(&c, status);
}

/* The job's newest deployment. CLI_GO, or the exit status. */
static int
latest_of(struct cli *c, const char *job, char **id)
{
	struct deployment d;
	struct err err;
	char *path = client_path("/v1/job/", job, "/deployment");
	int rc = client_get(&c->client, path, NULL, &deployment_type, &d, &err);

	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error retrieving deployments for job");
	if (d.id == NULL)
		return cli_fail(
		    NULL, "Job \"%s\" has no deployment to promote", job);
	*id = xstrdup(d.id);
	rec_clear(&deployment_type, &d);
	return CLI_GO;
}

int
job_promote(const struct command *cmd, int argc, char **argv)
{
	struct change_flags f = { 0 };
	struct flag_texts groups = { 0 };
	const struct flag rows[] = { GROUP_ROW(&groups), CHANGE_FLAG_ROWS(&f) };
	struct cli c;
	char *job = NULL, *id = NULL;
	int status =
	    find_begin_job(&c, cmd, rows, NROWS(rows), argc, argv, &job);

	if (status != CLI_GO)
		return status;
	status = latest_of(&c, job, &id);
	if (status == CLI_GO) {
		status = promote(&c, &f, &groups, id);
		free(id);
	}
	free(job);
	return cli_end(&c, status);
}

/* What fail, pause and resume have in common. */
struct verb {
	const char *path, *failed, *done;
	enum { NO_PAUSE, PAUSE, RESUME } pause;
};

static void
say_done(const struct verb *v, const char *id, const struct tree *answer)
{
	const struct tree *back = tree_get(answer, "RevertedJobVersion");

	printf("Deployment \"%s\" %s", id, v->done);
	if (back != NULL && back->kind == TREE_INT)
		printf(". Auto-reverted to job version %" PRId64 ".", back->i);
	puts("");
}

static int
change(struct cli *c, const struct change_flags *f, const struct verb *v,
    const char *id)
{
	struct tree *body = body_of(id), *answer;
	char *path = client_path(v->path, id, "");
	int status;

	if (v->pause != NO_PAUSE)
		tree_set(body, "Pause", tree_bool(v->pause == PAUSE));
	status = change_put(c, path, body, v->failed, &answer);
	free(path);
	if (status == 0) {
		say_done(v, id, answer);
		status = change_follow(c, f, answer);
	}
	tree_free(answer);
	return status;
}

static int
run_verb(const struct command *cmd, int argc, char **argv, struct verb v)
{
	/* A deployment that is given up is not waited for. */
	struct change_flags f = { .no_deployment = v.pause == NO_PAUSE };
	const struct flag rows[] = { CHANGE_FLAG_ROWS(&f) };
	struct cli c;
	char *id;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	status = find_deployment(&c, c.argv[0], &id);
	if (status == CLI_GO) {
		status = change(&c, &f, &v, id);
		free(id);
	}
	return cli_end(&c, status);
}

int
deployment_fail(const struct command *cmd, int argc, char **argv)
{
	return run_verb(cmd, argc, argv,
	    (struct verb){ "/v1/deployment/fail/", "Error failing deployment",
		"failed", NO_PAUSE });
}

int
deployment_pause(const struct command *cmd, int argc, char **argv)
{
	return run_verb(cmd, argc, argv,
	    (struct verb){ "/v1/deployment/pause/", "Error pausing deployment",
		"paused", PAUSE });
}

int
deployment_resume(const struct command *cmd, int argc, char **argv)
{
	return run_verb(cmd, argc, argv,
	    (struct verb){ "/v1/deployment/pause/", "Error resuming deployment",
		"resumed", RESUME });
}
