/*
 * Allocations stopped, restarted and signalled.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/rove/change.h"
#include "cmd/rove/commands.h"
#include "cmd/rove/find.h"

#define NROWS(rows) (sizeof(rows) / sizeof(rows)[0])

int
alloc_stop(const struct command *cmd, int argc, char **argv)
{
	struct change_flags f = { 0 };
	bool no_delay = false;
	const struct flag rows[] = {
		{ "no-shutdown-delay", FLAG_BOOL, &no_delay, NULL,
		    "Do not wait for the group's shutdown delay." },
		CHANGE_FLAG_ROWS(&f),
	};
	struct cli c;
	struct tree *answer;
	char *id, *path;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	status = find_alloc(&c, c.argv[0], &id);
	if (status != CLI_GO)
		return cli_end(&c, status);
	path = client_path("/v1/allocation/", id,
	    no_delay ? "/stop?no_shutdown_delay=true" : "/stop");
	status = change_put(
	    &c, path, tree_map(), "Error stopping allocation", &answer);
	if (status == 0)
		status = change_follow(&c, &f, answer);
	tree_free(answer);
	free(path);
	free(id);
	return cli_end(&c, status);
}

/* The task that a flag names, or the second argument; NULL: all of them. */
static const char *
task_of(const struct cli *c, const char *flag)
{
	const char *task = flag != NULL ? flag : c->argc > 1 ? c->argv[1] : "";

	return *task != '\0' ? task : NULL;
}

/* Asks the node of the allocation that was typed, about the task; body, of
 * which member names the task, is taken over. */
static int
ask_node(struct cli *c, const char *task, const char *what, struct tree *body,
    const char *member, const char *failed)
{
	struct tree *answer = NULL;
	char *id, *path, *found = NULL;
	int status = find_alloc(c, c->argv[0], &id);

	if (status == CLI_GO && task != NULL &&
	    (status = find_task(c, id, task, &found)) != CLI_GO)
		free(id);
	if (status != CLI_GO) {
		tree_free(body);
		return status;
	}
	tree_set(body, member, tree_str(task != NULL ? task : ""));
	path = client_path("/v1/client/allocation/", id, what);
	status = change_put(c, path, body, failed, &answer);
	tree_free(answer);
	free(path);
	free(found);
	free(id);
	return status;
}

int
alloc_restart(const struct command *cmd, int argc, char **argv)
{
	const char *task = NULL;
	const struct flag rows[] = {
		{ "task", FLAG_TEXT, &task, "<task>", "Only this task." },
	};
	struct cli c;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 1, 2);

	if (status != CLI_GO)
		return status;
	return cli_end(
	    &c, ask_node(&c, task_of(&c, task), "/restart", tree_map(),
		    "TaskName", "Failed to restart allocation"));
}

int
alloc_signal(const struct command *cmd, int argc, char **argv)
{
	const char *task = NULL, *name = "SIGKILL";
	const struct flag rows[] = {
		{ "s", FLAG_TEXT, &name, "<signal>",
		    "The signal to send. Default = SIGKILL" },
		{ "task", FLAG_TEXT, &task, "<task>", "Only to this task." },
	};
	struct cli c;
	struct tree *body;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 1, 2);

	if (status != CLI_GO)
		return status;
	body = tree_map();
	tree_set(body, "Signal", tree_str(name));
	return cli_end(&c, ask_node(&c, task_of(&c, task), "/signal", body,
			       "Task", "Error signalling allocation"));
}
