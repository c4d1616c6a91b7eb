#include "cmd/nodeagent/raw_spec.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/nodeagent/driver.h"
#include "common/mem.h"
#include "proto/shim.h"

/* A scalar as text, or NULL. */
static char *
scalar_text(const struct tree *t)
{
	struct buf b = { 0 };

	if (t == NULL || t->kind == TREE_NULL || t->kind == TREE_LIST ||
	    t->kind == TREE_MAP)
		return NULL;
	if (t->kind == TREE_STR)
		return xstrdup(t->str);
	tree_to_json(t, &b, 0);
	return buf_take(&b);
}

static void
push_expanded(struct shim_spec *spec, const struct taskenv *env, char *text)
{
	spec->argv =
	    xreallocarray(spec->argv, spec->nargv + 1, sizeof *spec->argv);
	spec->argv[spec->nargv++] = taskenv_expand(env, text);
	free(text);
}

/* Takes out the variables that globs of the task's config cover, wherever
 * they come from. */
static void
drop_denied(struct shim_spec *spec, const struct tree *globs)
{
	size_t n = 0;

	for (size_t i = 0; i < spec->nenv; i++) {
		char *name = xstrndup(spec->env[i], strcspn(spec->env[i], "="));
		bool denied = false;

		for (size_t k = 0; globs != NULL && k < globs->nitems; k++)
			denied |= fnmatch(globs->items[k]->str, name, 0) == 0;
		free(name);
		if (denied)
			free(spec->env[i]);
		else
			spec->env[n++] = spec->env[i];
	}
	spec->nenv = n;
}

void
raw_spec_make(const struct driver_task *t, struct shim_spec *spec)
{
	const struct tree *config = t->task->config;
	const struct tree *args = tree_get(config, "args");
	const struct tree *score = tree_get(config, "oom_score_adj");
	const struct log_config *logs = t->task->log_config;
	const char *work_dir = tree_get_str(config, "work_dir");

	*spec = (struct shim_spec){ .alloc_id = xstrdup(t->alloc_id),
		.task = xstrdup(t->task->name),
		.cwd = work_dir != NULL ? taskenv_expand(t->env, work_dir)
					: xstrdup(t->task_dir),
		.user = xstrdup(t->task->user != NULL ? t->task->user : ""),
		.stdout_log =
		    xasprintf("%s/%s.stdout", t->log_dir, t->task->name),
		.stderr_log =
		    xasprintf("%s/%s.stderr", t->log_dir, t->task->name),
		.log_disabled = logs != NULL && logs->disabled };
	driver_log_limits(logs, &spec->log_max_files, &spec->log_max_bytes);
	if (score != NULL && score->kind == TREE_INT)
		spec->oom_score_adj = score->i;
	push_expanded(spec, t->env, scalar_text(tree_get(config, "command")));
	for (size_t i = 0;
	     args != NULL && args->kind == TREE_LIST && i < args->nitems; i++)
		push_expanded(spec, t->env, scalar_text(args->items[i]));
	spec->env = taskenv_list(t->env, &spec->nenv);
	drop_denied(spec, tree_get(config, "denied_envvars"));
}

int
raw_spec_write(const char *dir, const struct shim_spec *spec, struct err *err)
{
	char *path = xasprintf("%s/spec", dir);
	struct buf b = { 0 };
	int fd, rv = 0;

	rec_pack(&shim_spec_type, spec, &b);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (b.len > SHIM_MAX_SPEC)
		rv = err_set(err, ERR_BAD,
		    "command and environment are larger than %u bytes",
		    SHIM_MAX_SPEC);
	else if (fd == -1 || write(fd, b.data, b.len) != (ssize_t)b.len)
		rv = err_sys(err, "%s", path);
	if (fd != -1)
		close(fd);
	buf_release(&b);
	free(path);
	return rv;
}

static int
check_denied(const struct tree *globs, struct err *err)
{
	bool ok = globs == NULL || globs->kind == TREE_LIST;

	for (size_t i = 0; ok && globs != NULL && i < globs->nitems; i++)
		ok = globs->items[i]->kind == TREE_STR;
	if (ok)
		return 0;
	return err_set(err, ERR_BAD,
	    "raw_exec: config.denied_envvars must be a list of strings");
}

int
raw_spec_check(const struct tree *config, struct err *err)
{
	static const char *const known[] = { "command", "args", "work_dir",
		"cgroup_v2_override", "cgroup_v1_override", "oom_score_adj",
		"denied_envvars" };
	const struct tree *args;

	if (config == NULL || config->kind != TREE_MAP)
		return err_set(err, ERR_BAD, "raw_exec: config is missing");
	for (size_t i = 0; i < config->nmembers; i++) {
		bool found = false;

		for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
			found |= strcmp(known[k], config->members[i].key) == 0;
		if (!found)
			return err_set(err, ERR_BAD,
			    "raw_exec: config has no option \"%s\"",
			    config->members[i].key);
	}
	if (tree_get_str(config, "command") == NULL ||
	    *tree_get_str(config, "command") == '\0')
		return err_set(
		    err, ERR_BAD, "raw_exec: config.command is missing");
	args = tree_get(config, "args");
	for (size_t i = 0; args != NULL && i < args->nitems; i++)
		if (args->kind != TREE_LIST ||
		    args->items[i]->kind == TREE_LIST ||
		    args->items[i]->kind == TREE_MAP)
			return err_set(err, ERR_BAD,
			    "raw_exec: config.args must be a list of strings");
	return check_denied(tree_get(config, "denied_envvars"), err);
}
