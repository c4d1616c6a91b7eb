#include <stdint.h>
#include <stdlib.h>

#include "cmd/schedd/jobcanon_impl.h"

/* With whole cores asked for, cpu is derived from them. */
static void
send_resources(struct task *t)
{
	struct resources *r;

	if (t->resources == NULL)
		t->resources = xcalloc(1, sizeof *t->resources);
	r = t->resources;
	CANON_SET(r, cpu, r->has_cores ? 0 : 100);
	CANON_SET(r, cores, 0);
	CANON_SET(r, memory_mb, 300);
	for (size_t i = 0; i < r->ndevices; i++) {
		CANON_SET(&r->devices[i], count, 1);
		canon_affinities(
		    r->devices[i].affinities, r->devices[i].naffinities);
	}
	if (r->numa != NULL)
		canon_word(&r->numa->affinity, "none");
}

static void
send_logs(struct task *t)
{
	if (t->log_config == NULL)
		t->log_config = xcalloc(1, sizeof *t->log_config);
	CANON_SET(t->log_config, max_files, 10);
	CANON_SET(t->log_config, max_file_size_mb, 10);
	CANON_SET(t->log_config, disabled, false);
}

/* The last part of a path, with Go's path.Base() for odd ones. */
static char *
base_name(const char *path)
{
	size_t end = strlen(path), start;

	if (end == 0)
		return xstrdup(".");
	while (end > 1 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/';)
		start--;
	return xstrndup(path + start, end - start);
}

/* A file goes into local/ under its own name. */
static void
send_artifact(struct task_artifact *a)
{
	canon_text(&a->getter_source, "");
	canon_text(&a->getter_mode, "any");
	CANON_SET(a, getter_insecure, false);
	canon_absent(&a->getter_options, a->ngetter_options);
	canon_absent(&a->getter_headers, a->ngetter_headers);
	if (a->relative_dest == NULL && strcmp(a->getter_mode, "file") == 0) {
		char *base = base_name(a->getter_source);

		a->relative_dest = strcmp(base, ".") == 0
				       ? xstrdup("local")
				       : xasprintf("local/%s", base);
		free(base);
	}
	canon_text(&a->relative_dest, "local/");
}

static void
send_template(struct template *m)
{
	canon_text(&m->source_path, "");
	canon_text(&m->dest_path, "");
	canon_text(&m->embedded_tmpl, "");
	canon_text(&m->change_mode, "restart");
	canon_text(&m->change_signal,
	    strcmp(m->change_mode, "signal") == 0 ? "SIGHUP" : "");
	canon_upper(m->change_signal);
	if (m->change_script != NULL) {
		canon_text(&m->change_script->command, "");
		canon_present(&m->change_script->args);
		CANON_SET(m->change_script, timeout, 5 * CANON_S);
		CANON_SET(m->change_script, fail_on_error, false);
		CANON_SET(m->change_script, run_on_first_render, false);
	}
	CANON_SET(m, once, false);
	CANON_SET(m, splay, 5 * CANON_S);
	canon_text(&m->perms, "0644");
	canon_text(&m->left_delim, "{{");
	canon_text(&m->right_delim, "}}");
	CANON_SET(m, envvars, false);
	CANON_SET(m, err_missing_key, false);
	CANON_SET(m, vault_grace, 0);
}

static void
send_vault(struct vault *v)
{
	CANON_SET(v, env, true);
	CANON_SET(v, disable_file, false);
	CANON_SET(v, allow_token_expiration, false);
	canon_text(&v->namespace, "");
	canon_word(&v->cluster, "default");
	canon_text(&v->change_mode, "restart");
	canon_text(&v->change_signal, "SIGHUP");
}

static void
send_mounts(struct task *t)
{
	for (size_t i = 0; i < t->nvolume_mounts; i++) {
		CANON_SET(&t->volume_mounts[i], read_only, false);
		canon_text(&t->volume_mounts[i].propagation_mode, "private");
		canon_text(&t->volume_mounts[i].selinux_label, "");
	}
	if (t->csi_plugin_config != NULL) {
		canon_word(&t->csi_plugin_config->mount_dir, "/csi");
		canon_word(&t->csi_plugin_config->stage_publish_base_dir,
		    "/local/csi");
		if (t->csi_plugin_config->health_timeout == 0)
			t->csi_plugin_config->health_timeout = 30 * CANON_S;
	}
}

void
canon_send_task(
    struct task *t, const struct task_group *g, const struct job *job)
{
	send_resources(t);
	CANON_SET(t, kill_timeout, 5 * CANON_S);
	send_logs(t);
	send_mounts(t);
	for (size_t i = 0; i < t->nartifacts; i++)
		send_artifact(&t->artifacts[i]);
	for (size_t i = 0; i < t->ntemplates; i++)
		send_template(&t->templates[i]);
	if (t->vault != NULL)
		send_vault(t->vault);
	if (t->consul != NULL)
		canon_word(&t->consul->cluster, "default");
	canon_affinities(t->affinities, t->naffinities);
	if (t->restart_policy == NULL)
		t->restart_policy = xcalloc(1, sizeof *t->restart_policy);
	canon_fill(&restart_policy_type, t->restart_policy, g->restart_policy);
	for (size_t i = 0; i < t->nservices; i++)
		canon_send_service(&t->services[i], t, g, job);
}

/* --- what a server makes of it --- */

static void
keep_resources(struct resources *r)
{
	CANON_SET(r, memory_max_mb, 0);
	r->disk_mb = 0; /* the group's to ask for */
	r->has_disk_mb = true;
	CANON_SET(r, secrets_mb, 0);
	CANON_SET(r, iops, 0);
	canon_keep_networks(r->networks, r->nnetworks);
}

/* The default identity speaks to this cluster and to nobody else. */
static void
keep_identity(struct workload_identity *w)
{
	canon_word(&w->name, "default");
	canon_upper(w->change_signal);
	if (strcmp(w->name, "default") != 0)
		return;
	for (size_t i = 0; i < w->naudience; i++)
		free(w->audience[i]);
	free(w->audience);
	w->audience = xcalloc(1, sizeof *w->audience);
	w->audience[0] = xstrdup("nomadproject.io");
	w->naudience = 1;
}

/* Every task has a default identity, which stands apart from the others; the
 * last of that name among them is the one. */
static void
keep_identities(struct task *t)
{
	size_t found = SIZE_MAX;

	for (size_t i = 0; i < t->nidentities; i++) {
		keep_identity(&t->identities[i]);
		if (strcmp(t->identities[i].name, "default") == 0)
			found = i;
	}
	if (t->identity == NULL)
		t->identity = xcalloc(1, sizeof *t->identity);
	if (found != SIZE_MAX) {
		rec_clear(&workload_identity_type, t->identity);
		*t->identity = t->identities[found];
		t->nidentities--;
		memmove(&t->identities[found], &t->identities[found + 1],
		    (t->nidentities - found) * sizeof *t->identities);
	}
	keep_identity(t->identity);
}

/* Policies are a thing of the past: roles say what a task may read. */
static void
keep_vault(struct vault *v)
{
	canon_upper(v->change_signal);
	for (size_t i = 0; i < v->npolicies; i++)
		free(v->policies[i]);
	v->npolicies = 0;
	canon_absent(&v->policies, 0);
}

static void
keep_config(struct tree **config)
{
	if (*config != NULL && (*config)->kind == TREE_MAP &&
	    (*config)->nmembers == 0) {
		tree_free(*config);
		*config = NULL;
	}
}

void
canon_keep_task(
    struct task *t, const struct task_group *g, const struct job *job)
{
	canon_absent(&t->meta, t->nmeta);
	canon_absent(&t->env, t->nenv);
	keep_config(&t->config);
	keep_resources(t->resources);
	CANON_DROP(t->log_config, enabled);
	if (t->kill_timeout == 0)
		t->kill_timeout = 5 * CANON_S;
	if (t->vault != NULL)
		keep_vault(t->vault);
	keep_identities(t);
	for (size_t i = 0; i < t->nscaling_policies; i++)
		canon_keep_scaling(&t->scaling_policies[i], 0, job, g, t);
	for (size_t i = 0; i < t->nservices; i++)
		canon_keep_service(&t->services[i], canon_str(t->name), g, job);
}
