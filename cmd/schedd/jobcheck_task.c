#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobcheck_impl.h"
#include "common/mem.h"

#define MIN_CPU       1
#define MIN_MEMORY_MB 10
#define MAX_WORD      128

void
check_resources(const struct resources *r, struct problems *p)
{
	static const char *const numa[] = { "none", "prefer", "require", NULL };
	struct problems part = { 0 };

	if (r->cores > 0 && r->cpu > 0)
		problem(p, "Task can only ask for 'cpu' or 'cores' resource, "
			   "not both.");
	if (r->cores < 0)
		problem(p, "cores value (%" PRId64 ") cannot be negative",
		    r->cores);
	if (r->cores == 0 && r->cpu < MIN_CPU)
		problem(&part, "minimum CPU value is %d; got %" PRId64, MIN_CPU,
		    r->cpu);
	if (r->memory_mb < MIN_MEMORY_MB)
		problem(&part, "minimum MemoryMB value is %d; got %" PRId64,
		    MIN_MEMORY_MB, r->memory_mb);
	problem_part(p, &part, "%s", "");
	for (size_t i = 0; i < r->ndevices; i++) {
		const struct requested_device *d = &r->devices[i];

		if (check_is(d->name, ""))
			problem(&part,
			    "device name must be given as one of the "
			    "following: type, vendor/type, or "
			    "vendor/type/name");
		check_placement(d->constraints, d->nconstraints, d->affinities,
		    d->naffinities, false, &part);
		problem_part(p, &part, "device %zu failed validation: ", i + 1);
	}
	if (r->numa != NULL && !check_among(r->numa->affinity, numa))
		problem(p, "numa affinity must be one of none, prefer, or "
			   "require");
	if (r->memory_max_mb != 0 && r->memory_max_mb != -1 &&
	    r->memory_max_mb < r->memory_mb)
		problem(p,
		    "MemoryMaxMB value (%" PRId64
		    ") should be larger than MemoryMB value (%" PRId64 ")",
		    r->memory_max_mb, r->memory_mb);
}

static void
check_logs(const struct log_config *l, const struct ephemeral_disk *disk,
    struct problems *p)
{
	int64_t used = 0;

	if (l->disabled)
		return;
	if (l->max_files < 1)
		problem(p, "minimum number of files is 1; got %" PRId64,
		    l->max_files);
	if (l->max_file_size_mb < 1)
		problem(p, "minimum file size is 1MB; got %" PRId64,
		    l->max_file_size_mb);
	if (l->max_files > 0 && l->max_file_size_mb > 0)
		used = l->max_files > INT64_MAX / l->max_file_size_mb
			   ? INT64_MAX
			   : l->max_files * l->max_file_size_mb;
	if (disk != NULL && disk->size_mb <= used)
		problem(p,
		    "log storage (%" PRId64
		    " MB) must be less than requested disk capacity (%" PRId64
		    " MB)",
		    used, disk->size_mb);
}

/* Constraints that look at a whole group have no meaning for one task. */
static void
check_task_placement(
    const struct task *t, const struct job *job, struct problems *p)
{
	struct problems part = { 0 };

	for (size_t i = 0; i < t->nconstraints; i++) {
		const struct constraint *c = &t->constraints[i];

		check_constraint(c, &part);
		problem_part(
		    p, &part, "Constraint %zu validation failed: ", i + 1);
		if (check_is(c->operand, "distinct_hosts") ||
		    check_is(c->operand, "distinct_property"))
			problem(p,
			    "Constraint %zu has disallowed Operand at task "
			    "level: %s",
			    i + 1, c->operand);
	}
	check_placement(NULL, 0, t->affinities, t->naffinities,
	    check_is(job->type, "system"), p);
}

static void
check_names(const struct task *t, struct problems *p)
{
	if (check_is(t->name, ""))
		problem(p, "Missing task name");
	else if (strpbrk(t->name, "/\\") != NULL)
		problem(p, "Task name cannot include slashes");
	if (check_is(t->driver, ""))
		problem(p, "Missing task driver");
	if (t->kill_timeout < 0)
		problem(p, "KillTimeout must be a positive value");
	if (t->shutdown_delay < 0)
		problem(p, "ShutdownDelay must be a positive value");
}

static void
check_files(const struct task *t, struct problems *p)
{
	struct problems part = { 0 };
	struct map seen = { 0 };

	for (size_t i = 0; i < t->nartifacts; i++) {
		check_artifact(&t->artifacts[i], &part);
		problem_part(
		    p, &part, "Artifact %zu validation failed: ", i + 1);
	}
	for (size_t i = 0; i < t->ntemplates; i++) {
		size_t k = check_first(&seen, t->templates[i].dest_path, i);

		check_template(&t->templates[i], &part);
		problem_part(
		    p, &part, "Template %zu validation failed: ", i + 1);
		if (k < i)
			problem(p, "Template %zu has same destination as %zu",
			    i + 1, k + 1);
	}
	map_release(&seen);
	if (t->dispatch_payload != NULL &&
	    check_escapes("task/local", t->dispatch_payload->file))
		problem(p,
		    "Dispatch Payload validation failed: destination escapes "
		    "allocation directory");
}

static void
check_lifecycle(const struct task_lifecycle *l, struct problems *p)
{
	static const char *const hooks[] = { "prestart", "poststart",
		"poststop", NULL };

	if (check_is(l->hook, ""))
		problem(p,
		    "Lifecycle validation failed: no lifecycle hook provided");
	else if (!check_among(l->hook, hooks))
		problem(p, "Lifecycle validation failed: invalid hook: %s",
		    l->hook);
}

/* A proxy needs the service that it stands for. */
static void
check_proxy(
    const struct task *t, const struct task_group *g, struct problems *p)
{
	static const char prefix[] = "connect-proxy:";
	const char *kind = check_str(t->kind), *name;
	size_t nconnect = 0;
	bool found = false;

	if (strncmp(kind, prefix, sizeof prefix - 1) != 0)
		return;
	name = kind + sizeof prefix - 1;
	if (t->nservices > 0)
		problem(p, "Connect proxy task must not have a service block");
	if (t->leader)
		problem(p, "Connect proxy task must not have leader set");
	for (size_t i = 0; i < g->nservices; i++) {
		nconnect += g->services[i].connect != NULL ? 1 : 0;
		found = found || (g->services[i].connect != NULL &&
				     check_is(g->services[i].name, name));
	}
	if (nconnect == 0)
		problem(p,
		    "No Connect services in task group with Connect proxy "
		    "(\"%s\")",
		    name);
	else if (!found)
		problem(p,
		    "Connect proxy service name (\"%s\") not found in "
		    "Connect services from task group",
		    name);
}

/* A mount whose place is not told could only fail on the machine. */
static void
check_mount(const struct volume_mount *m, size_t i, const struct task_group *g,
    struct problems *p)
{
	static const char *const modes[] = { "", "private", "host-to-task",
		"bidirectional", NULL };
	static const char *const labels[] = { "", "z", "Z", NULL };
	struct problems part = { 0 }, whole = { 0 };

	if (rec_map_find(g->volumes, g->nvolumes, sizeof *g->volumes,
		check_str(m->volume)) == NULL)
		problem(p, "Volume Mount (%zu) references undefined volume %s",
		    i, check_str(m->volume));
	if (check_is(m->volume, ""))
		problem(&part, "volume mount references an empty volume");
	if (m->destination == NULL)
		problem(&part, "volume mount has no destination");
	if (!check_among(m->propagation_mode, modes))
		problem(&part, "volume mount has an invalid propagation mode");
	if (!check_among(m->selinux_label, labels))
		problem(&part, "volume mount has an invalid SELinux label");
	problem_part(&whole, &part, "%s", "");
	if (whole.n > 0)
		problem(p, "Volume Mount (%zu) is invalid: \"%s\"", i,
		    whole.list[0]);
	problems_release(&whole);
}

static void
check_plugin(const struct csi_plugin_config *c, struct problems *p)
{
	static const char *const types[] = { "node", "controller", "monolith",
		NULL };

	if (check_is(c->id, ""))
		problem(p, "CSIPluginConfig must have a non-empty PluginID");
	if (!check_among(c->type, types))
		problem(p,
		    "CSIPluginConfig PluginType must be one of 'node', "
		    "'controller', or 'monolith', got: \"%s\"",
		    check_str(c->type));
}

/* Letters, digits, _ and where allowed -, at most MAX_WORD of them. */
static bool
is_word(const char *s, const char *more)
{
	size_t n = strlen(s);

	return n > 0 && n <= MAX_WORD && strspn(s, more) == n;
}

#define ALNUM                        \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789"

static void
check_secret(const struct secret *s, struct problems *p)
{
	if (check_is(s->name, ""))
		problem(p, "secret name cannot be empty");
	if (!is_word(check_str(s->name), ALNUM "_"))
		problem(
		    p, "secret name must match regex ^[a-zA-Z0-9_]{1,128}$");
	if (check_is(s->provider, ""))
		problem(p, "secret provider cannot be empty");
	if (check_is(s->path, ""))
		problem(p, "secret path cannot be empty");
}

void
check_identity(const struct workload_identity *w, struct problems *p)
{
	static const char *const modes[] = { "", "noop", "restart", "signal",
		NULL };
	bool signals = check_is(w->change_mode, "signal");

	if (!is_word(check_str(w->name), ALNUM "_-"))
		problem(p,
		    "invalid name \"%s\". Must match regex "
		    "^[a-zA-Z0-9-_]{1,128}$",
		    check_str(w->name));
	for (size_t i = 0; i < w->naudience; i++)
		if (check_is(w->audience[i], ""))
			problem(p,
			    "an empty string is an invalid audience (%zu)",
			    i + 1);
	if (signals && check_is(w->change_signal, ""))
		problem(p, "change_signal must be specified when using "
			   "change_mode=\"signal\"");
	if (!signals && !check_is(w->change_signal, ""))
		problem(p,
		    "can only use change_signal=\"%s\" with "
		    "change_mode=\"signal\"",
		    w->change_signal);
	if (!check_among(w->change_mode, modes))
		problem(p, "invalid change_mode: \"%s\"", w->change_mode);
	if (w->ttl > 0 && check_is(w->name, "default"))
		problem(p, "ttl for default identity not yet supported");
	if (w->ttl < 0)
		problem(p, "ttl must be >= 0");
}

static void
check_identities(const struct task *t, struct problems *p)
{
	struct problems part = { 0 };

	for (size_t i = 0; i < t->nidentities; i++) {
		/* The last of them has become the task's own. */
		if (check_is(t->identities[i].name, "default"))
			problem(p, "Duplicate default identities found");
		check_identity(&t->identities[i], &part);
		problem_part(p, &part, "Identity \"%s\" is invalid: ",
		    check_str(t->identities[i].name));
	}
	for (size_t i = 0; i < t->nactions; i++) {
		const char *name = check_str(t->actions[i].name);

		if (check_is(t->actions[i].command, ""))
			problem(&part, "command cannot be empty");
		if (!is_word(name, ALNUM "_-"))
			problem(&part, "invalid name '%s'", name);
		problem_part(p, &part, "Action %s validation failed: ", name);
	}
	for (size_t i = 0; i < t->nsecrets; i++) {
		check_secret(&t->secrets[i], &part);
		problem_part(p, &part, "Secret \"%s\" is invalid: ",
		    check_str(t->secrets[i].name));
	}
}

static void
check_vault(const struct vault *v, struct problems *p)
{
	static const char *const modes[] = { "", "noop", "restart", "signal",
		NULL };
	struct problems part = { 0 };

	if (!check_among(v->change_mode, modes))
		problem(&part, "Unknown change mode \"%s\"", v->change_mode);
	else if (check_is(v->change_mode, "signal") &&
		 check_is(v->change_signal, ""))
		problem(&part,
		    "Signal must be specified when using change mode "
		    "\"signal\"");
	problem_part(p, &part, "Vault validation failed: ");
}

void
check_task(const struct task *t, const struct task_group *g,
    const struct job *job, struct problems *p)
{
	struct problems part = { 0 };

	check_names(t, p);
	if (t->resources != NULL)
		check_resources(t->resources, &part);
	problem_part(p, &part, "%s", "");
	if (t->log_config != NULL)
		check_logs(t->log_config, g->ephemeral_disk, &part);
	problem_part(p, &part, "%s", "");
	check_task_placement(t, job, p);
	check_task_services(t, g, &part);
	problem_part(p, &part, "%s", "");
	if (t->vault != NULL)
		check_vault(t->vault, p);
	check_files(t, p);
	if (t->lifecycle != NULL)
		check_lifecycle(t->lifecycle, p);
	check_proxy(t, g, p);
	for (size_t i = 0; i < t->nvolume_mounts; i++)
		check_mount(&t->volume_mounts[i], i, g, p);
	if (t->csi_plugin_config != NULL)
		check_plugin(t->csi_plugin_config, p);
	check_identities(t, p);
}
