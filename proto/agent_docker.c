#include "proto/agent_docker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "proto/conftext.h"

enum kind { TEXT, BOOL, INT, LIST, MAP, GROUP };

struct option {
	const char *name;
	enum kind kind;
	const struct option *group; /* of GROUP */
};

static const struct option auth_options[] = { { "config", TEXT, NULL },
	{ "helper", TEXT, NULL }, { 0 } };
static const struct option volume_options[] = { { "enabled", BOOL, NULL },
	{ "selinuxlabel", TEXT, NULL }, { 0 } };
static const struct option logging_options[] = { { "type", TEXT, NULL },
	{ "config", MAP, NULL }, { 0 } };
static const struct option dangling_options[] = { { "enabled", BOOL, NULL },
	{ "dry_run", BOOL, NULL }, { "period", TEXT, NULL },
	{ "creation_grace", TEXT, NULL }, { 0 } };
static const struct option gc_options[] = { { "image", BOOL, NULL },
	{ "image_delay", TEXT, NULL }, { "container", BOOL, NULL },
	{ "dangling_containers", GROUP, dangling_options }, { 0 } };
static const struct option docker_options[] = { { "endpoint", TEXT, NULL },
	{ "allow_privileged", BOOL, NULL }, { "allow_caps", LIST, NULL },
	{ "allow_runtimes", LIST, NULL }, { "volumes", GROUP, volume_options },
	{ "auth", GROUP, auth_options }, { "gc", GROUP, gc_options },
	{ "logging", GROUP, logging_options },
	{ "pull_activity_timeout", TEXT, NULL }, { "pids_limit", INT, NULL },
	{ "extra_labels", LIST, NULL }, { "infra_image", TEXT, NULL },
	{ "infra_image_pull_timeout", TEXT, NULL },
	{ "container_exists_attempts", INT, NULL },
	{ "disable_log_collection", BOOL, NULL }, { 0 } };

/* What is taken and has no effect. */
static const struct option tls_options[] = { { "cert", TEXT, NULL },
	{ "key", TEXT, NULL }, { "ca", TEXT, NULL }, { 0 } };
static const struct option passed_over[] = { { "tls", GROUP, tls_options },
	{ "nvidia_runtime", TEXT, NULL }, { "image_pull_timeout", TEXT, NULL },
	{ "oom_score_adj", INT, NULL },
	{ "windows_allow_insecure_container_admin", BOOL, NULL },
	{ "windows_default_isolation", TEXT, NULL }, { 0 } };

/* --- writing --- */

/* A block, which HCL may hold as a list of one. */
static const struct tree *
unwrap(const struct tree *t)
{
	if (t != NULL && t->kind == TREE_LIST && t->nitems > 0)
		return t->items[0];
	return t;
}

/* A scalar as text; "" for all else. Caller frees. */
static char *
text_of(const struct tree *t)
{
	struct buf b = { 0 };

	if (t->kind == TREE_STR)
		return xstrdup(t->str);
	if (t->kind == TREE_BOOL || t->kind == TREE_INT)
		tree_to_json(t, &b, 0);
	return buf_take(&b);
}

static void
put_list(struct buf *b, const char *name, const struct tree *t)
{
	if (t->kind != TREE_LIST)
		return;
	buf_addf(b, "%s = (", name);
	for (size_t i = 0; i < t->nitems; i++) {
		char *text = text_of(t->items[i]);

		buf_adds(b, i > 0 ? ", " : "");
		conftext_quote(b, text);
		free(text);
	}
	buf_adds(b, ");\n");
}

static void
put_map(struct buf *b, const char *name, const struct tree *t)
{
	struct rec_kv *kv = NULL;
	size_t n = 0;

	t = unwrap(t);
	for (size_t i = 0; t->kind == TREE_MAP && i < t->nmembers; i++) {
		char *text = text_of(t->members[i].value);

		rec_kv_set(&kv, &n, t->members[i].key, text);
		free(text);
	}
	conftext_put_map(b, name, kv, n);
	for (size_t i = 0; i < n; i++) {
		free(kv[i].key);
		free(kv[i].value);
	}
	free(kv);
}

static void
put_scalar(struct buf *b, const struct option *o, const struct tree *t)
{
	char *text = text_of(t);

	if (o->kind == TEXT)
		conftext_put(b, o->name, text);
	else if (o->kind == BOOL)
		conftext_put_bool(b, o->name,
		    strcmp(text, "true") == 0 || strcmp(text, "1") == 0);
	else
		conftext_put_int(b, o->name, strtoll(text, NULL, 10));
	free(text);
}

static void
put_group(struct buf *b, const struct option *options, const struct tree *t)
{
	t = unwrap(t);
	for (const struct option *o = options; o->name != NULL; o++) {
		const struct tree *v = tree_get(t, o->name);

		if (v == NULL)
			continue;
		if (o->kind == LIST) {
			put_list(b, o->name, v);
		} else if (o->kind == MAP) {
			put_map(b, o->name, v);
		} else if (o->kind != GROUP) {
			put_scalar(b, o, v);
		} else {
			buf_addf(b, "%s = {\n", o->name);
			put_group(b, o->group, v);
			buf_adds(b, "};\n");
		}
	}
}

/* --- what there is no option for --- */

static const struct option *
find_option(const struct option *options, const char *name)
{
	for (; options->name != NULL; options++)
		if (strcmp(options->name, name) == 0)
			return options;
	return NULL;
}

/* in: the groups it is in, "gc." */
static bool
has_unknown(const struct option *options, const char *in, const struct tree *t,
    struct buf *name)
{
	t = unwrap(t);
	if (t == NULL || t->kind != TREE_MAP)
		return false;
	for (size_t i = 0; i < t->nmembers && name->len == 0; i++) {
		const struct tree_member *m = &t->members[i];
		const struct option *o = find_option(options, m->key);
		char *path = xasprintf("%s%s.", in, m->key);

		if (o == NULL && options == docker_options)
			o = find_option(passed_over, m->key);
		if (o == NULL)
			buf_add(name, path, strlen(path) - 1);
		else if (o->kind == GROUP)
			has_unknown(o->group, path, m->value, name);
		free(path);
	}
	return name->len > 0;
}

bool
agent_docker_has_unknown(const struct tree *config, struct buf *name)
{
	return has_unknown(docker_options, "", config, name);
}

/* --- the options of old --- */

static const struct {
	const char *option;
	const char *group; /* NULL: docker itself */
	const char *name;
} old_options[] = {
	{ "docker.endpoint", NULL, "endpoint" },
	{ "docker.auth.config", "auth", "config" },
	{ "docker.auth.helper", "auth", "helper" },
	{ "docker.cleanup.image", "gc", "image" },
	{ "docker.cleanup.image.delay", "gc", "image_delay" },
	{ "docker.cleanup.container", "gc", "container" },
	{ "docker.volumes.enabled", "volumes", "enabled" },
	{ "driver.docker.volumes", "volumes", "enabled" },
	{ "docker.volumes.selinuxlabel", "volumes", "selinuxlabel" },
	{ "docker.privileged.enabled", NULL, "allow_privileged" },
	{ "docker.caps.whitelist", NULL, "allow_caps" },
	{ "docker.caps.allowlist", NULL, "allow_caps" },
};

/* "chown,kill" */
static struct tree *
split(const char *text)
{
	struct tree *list = tree_list();
	char *copy = xstrdup(text), *save = NULL;

	for (char *p = strtok_r(copy, ", ", &save); p != NULL;
	     p = strtok_r(NULL, ", ", &save))
		tree_push(list, tree_str(p));
	free(copy);
	return list;
}

/* As the plugin block that says the same. */
static struct tree *
old_config(const struct agent_client *c)
{
	struct tree *config = tree_map();

	for (size_t i = 0; i < sizeof old_options / sizeof old_options[0];
	     i++) {
		const char *name = old_options[i].name;
		const char *group = old_options[i].group;
		const char *value =
		    rec_kv_get(c->options, c->noptions, old_options[i].option);
		struct tree *in = config;

		if (value == NULL)
			continue;
		if (group != NULL) {
			const struct tree *now = tree_get(config, group);

			in = now != NULL ? tree_copy(now) : tree_map();
			tree_set(config, group, in);
		}
		tree_set(in, name,
		    strcmp(name, "allow_caps") == 0 ? split(value)
						    : tree_str(value));
	}
	return config;
}

void
agent_docker_put(const struct agent_config *c, struct buf *b)
{
	struct tree *old = old_config(&c->client);
	const struct tree *config = old;
	struct buf group = { 0 };

	for (size_t i = 0; i < c->nplugins; i++)
		if (strcmp(c->plugins[i].name, "docker") == 0)
			config = c->plugins[i].config;
	put_group(&group, docker_options, config);
	if (group.len > 0)
		buf_addf(b, "docker = {\n%s};\n", group.data);
	buf_release(&group);
	tree_free(old);
}
