#include <stdint.h>
#include <stdlib.h>

#include "cmd/schedd/jobcanon_impl.h"

/* A check's own limits over those of its service. */
static void
send_check_restart(struct service_check *c, const struct check_restart *base)
{
	if (base != NULL && c->check_restart == NULL)
		c->check_restart = xcalloc(1, sizeof *c->check_restart);
	if (base != NULL) {
		if (c->check_restart->limit <= 0)
			c->check_restart->limit = base->limit;
		if (!c->check_restart->has_grace && base->has_grace)
			CANON_SET(c->check_restart, grace, base->grace);
		if (base->ignore_warnings)
			c->check_restart->ignore_warnings = true;
	}
	if (c->check_restart != NULL)
		CANON_SET(c->check_restart, grace, CANON_S);
}

static void
send_check(struct service_check *c, const struct service *s)
{
	send_check_restart(c, s->check_restart);
	if (c->success_before_passing < 0)
		c->success_before_passing = 0;
	if (c->failures_before_critical < 0)
		c->failures_before_critical = 0;
	if (c->failures_before_warning < 0)
		c->failures_before_warning = 0;
	canon_word(&c->on_update, s->on_update);
}

static void
tree_default(struct tree *map, const char *key, struct tree *value)
{
	if (tree_get(map, key) == NULL)
		tree_set(map, key, value);
	else
		tree_free(value);
}

/* A member that is a map or list, for change; NULL when there is none. */
static struct tree *
tree_child(struct tree *map, const char *key, enum tree_kind kind)
{
	for (size_t i = 0;
	     map != NULL && map->kind == TREE_MAP && i < map->nmembers; i++)
		if (strcmp(map->members[i].key, key) == 0 &&
		    map->members[i].value->kind == kind)
			return map->members[i].value;
	return NULL;
}

/* Service meshes are carried, not served; their few defaults are here. */
static void
send_connect(struct tree *connect)
{
	struct tree *sidecar, *listeners;

	if (connect == NULL || connect->kind != TREE_MAP)
		return;
	tree_default(connect, "Native", tree_bool(false));
	sidecar = tree_child(connect, "SidecarService", TREE_MAP);
	if (sidecar != NULL) {
		tree_default(
		    sidecar, "DisableDefaultTCPCheck", tree_bool(false));
		tree_default(sidecar, "Port", tree_str(""));
	}
	listeners =
	    tree_child(tree_child(tree_child(connect, "Gateway", TREE_MAP),
			   "Ingress", TREE_MAP),
		"Listeners", TREE_LIST);
	for (size_t i = 0; listeners != NULL && i < listeners->nitems; i++)
		if (listeners->items[i]->kind == TREE_MAP)
			tree_default(
			    listeners->items[i], "Protocol", tree_str("tcp"));
}

void
canon_send_service(struct service *s, const struct task *task,
    const struct task_group *g, const struct job *job)
{
	if (canon_str(s->name)[0] == '\0') {
		free(s->name);
		s->name = task == NULL ? xasprintf("%s-%s", job->name, g->name)
				       : xasprintf("%s-%s-%s", job->name,
					     g->name, canon_str(task->name));
	}
	canon_word(&s->address_mode, "auto");
	canon_word(&s->on_update, "require_healthy");
	canon_word(&s->provider, "consul");
	canon_word(&s->cluster, "default");
	canon_absent(&s->meta, s->nmeta);
	canon_absent(&s->canary_meta, s->ncanary_meta);
	canon_absent(&s->tagged_addresses, s->ntagged_addresses);
	send_connect(s->connect);
	if (s->weights != NULL && s->weights->passing == 0)
		s->weights->passing = 1;
	if (s->weights != NULL && s->weights->warning == 0)
		s->weights->warning = 1;
	for (size_t i = 0; i < s->nchecks; i++)
		send_check(&s->checks[i], s);
}

/* --- what a server makes of it --- */

struct name_vars {
	const char *names[4];
	const char *values[4];
};

/* ${JOB} and its siblings; other variables are the client's to fill. */
static char *
fill_name(const char *name, const struct name_vars *v)
{
	struct buf out = { 0 };

	while (*name != '\0') {
		size_t i = 4, n = 0;

		for (i = 0; i < 4; i++) {
			n = strlen(v->names[i]);
			if (strncmp(name, "${", 2) == 0 &&
			    strncmp(name + 2, v->names[i], n) == 0 &&
			    name[2 + n] == '}')
				break;
		}
		if (i < 4) {
			buf_adds(&out, v->values[i]);
			name += n + 3;
		} else {
			buf_addc(&out, *name++);
		}
	}
	return buf_take(&out);
}

static void
keep_name(struct service *s, const char *task, const struct task_group *g,
    const struct job *job)
{
	const char *of = task == NULL ? "group" : task;
	char *base = xasprintf("%s-%s-%s", job->name, g->name, of), *name;
	struct name_vars vars = { { "JOB", "TASKGROUP", "TASK", "BASE" },
		{ job->name, g->name, of, base } };

	name = fill_name(s->name, &vars);
	free(s->name);
	s->name = name;
	free(base);
}

static void
keep_check(struct service_check *c, const struct service *s)
{
	canon_absent(&c->args, c->nargs);
	canon_absent(&c->header, c->nheader);
	if (canon_str(c->name)[0] == '\0') {
		free(c->name);
		c->name = xasprintf("service: \"%s\" check", s->name);
	}
	if (canon_str(s->task_name)[0] != '\0')
		canon_word(&c->task_name, s->task_name);
}

void
canon_keep_service(struct service *s, const char *task,
    const struct task_group *g, const struct job *job)
{
	canon_absent(&s->tags, s->ntags);
	canon_absent(&s->canary_tags, s->ncanary_tags);
	if (task != NULL && task[0] != '\0')
		canon_word(&s->task_name, task);
	keep_name(s, task, g, job);
	for (size_t i = 0; i < s->nchecks; i++)
		keep_check(&s->checks[i], s);
	if (strcmp(s->provider, "nomad") == 0) {
		free(s->namespace);
		s->namespace = xstrdup(job->namespace);
	} else if (strcmp(s->provider, "consul") == 0) {
		canon_word(&s->namespace, "default");
	}
	if (s->check_restart != NULL)
		rec_clear(&check_restart_type, s->check_restart);
	free(s->check_restart);
	s->check_restart = NULL;
}
