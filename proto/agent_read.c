#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/hcl1/hcl1.h"
#include "common/mem.h"
#include "proto/agent.h"

/* Where a name that nobody knows is a mistake; elsewhere it is ignored. */
static const struct rec_type *const strict[] = { &agent_config_type,
	&agent_client_type, &agent_server_type, &agent_server_join_type,
	&agent_reserved_type, &agent_ports_type, &agent_addrs_type,
	&agent_telemetry_type, &agent_tls_type, &agent_acl_type,
	&agent_autopilot_type, &agent_plan_rejection_type, &agent_audit_type,
	&agent_lb_type };

/* Blocks that are no lists by label. */
static const char *const skip[] = { "consul", "vault", "keyring" };

/* --- what a file keeps as text and as a duration --- */

/* The first text that is no duration. */
struct texts {
	char *bad;
};

static void
to_duration(
    struct texts *t, const char *path, const char *text, int64_t *ns, bool *has)
{
	if (text == NULL || text[0] == '\0' || t->bad != NULL)
		return;
	if (clock_parse_dur(text, ns) == -1)
		t->bad =
		    xasprintf("%s can't parse time duration %s", path, text);
	else if (has != NULL)
		*has = true;
}

#define TO_DURATION(t, path, rec, m) \
	to_duration(t, path "." #m, (rec)->m##_text, &(rec)->m, NULL)
#define TO_OPT_DURATION(t, path, rec, m) \
	to_duration(t, path "." #m, (rec)->m##_text, &(rec)->m, &(rec)->has_##m)

static void
template_durations(struct texts *t, struct agent_template *c)
{
	TO_OPT_DURATION(t, "client.template", c, block_query_wait);
	TO_OPT_DURATION(t, "client.template", c, max_stale);
	TO_OPT_DURATION(t, "client.template.wait", &c->wait, min);
	TO_OPT_DURATION(t, "client.template.wait", &c->wait, max);
	if (c->wait_bounds != NULL) {
		TO_OPT_DURATION(
		    t, "client.template.wait_bounds", c->wait_bounds, min);
		TO_OPT_DURATION(
		    t, "client.template.wait_bounds", c->wait_bounds, max);
	}
	TO_OPT_DURATION(
	    t, "client.template.consul_retry", &c->consul_retry, backoff);
	TO_OPT_DURATION(
	    t, "client.template.consul_retry", &c->consul_retry, max_backoff);
	TO_OPT_DURATION(
	    t, "client.template.vault_retry", &c->vault_retry, backoff);
	TO_OPT_DURATION(
	    t, "client.template.vault_retry", &c->vault_retry, max_backoff);
	TO_OPT_DURATION(
	    t, "client.template.nomad_retry", &c->nomad_retry, backoff);
	TO_OPT_DURATION(
	    t, "client.template.nomad_retry", &c->nomad_retry, max_backoff);
}

static void
other_durations(struct texts *t, struct agent_config *c)
{
	struct agent_telemetry *m = &c->telemetry;
	int64_t ns;

	to_duration(t, "telemetry.in_memory_collection_interval",
	    m->in_memory_collection_interval, &ns, NULL);
	to_duration(t, "telemetry.in_memory_retention_period",
	    m->in_memory_retention_period, &ns, NULL);
	to_duration(t, "telemetry.collection_interval", m->collection_interval,
	    &ns, NULL);
	template_durations(t, &c->client.template);
	TO_DURATION(t, "rpc", &c->rpc, keep_alive_interval);
	TO_DURATION(t, "rpc", &c->rpc, connection_write_timeout);
	TO_DURATION(t, "rpc", &c->rpc, dial_timeout);
	TO_DURATION(t, "rpc", &c->rpc, stream_open_timeout);
	TO_DURATION(t, "rpc", &c->rpc, stream_close_timeout);
	TO_DURATION(t, "reporting", &c->reporting, snapshot_retention_time);
	for (size_t i = 0; i < c->audit.nsinks; i++)
		TO_DURATION(
		    t, "audit.sink", &c->audit.sinks[i], rotate_duration);
	for (size_t i = 0; i < c->client.nfingerprints; i++)
		TO_DURATION(t, "client.fingerprint", &c->client.fingerprints[i],
		    retry_interval);
}

/* --- blocks that have no label of their own --- */

/* The members of a block; what is no block is a mistake. */
static int
block_items(const struct hcl1_item *item, const char *name,
    struct hcl1_items *out, struct err *err)
{
	if (item->value->kind != HCL1_OBJECT)
		return err_set(err, ERR_BAD, "%s: should be an object", name);
	*out = item->value->items;
	return 0;
}

static int
read_consul(struct hcl1_fill *f, struct agent_config *c,
    const struct hcl1_item *item, struct err *err)
{
	struct hcl1_items items;
	struct agent_consul *consul;

	if (block_items(item, "consul", &items, err) == -1)
		return -1;
	c->consuls =
	    xreallocarray(c->consuls, c->nconsuls + 1, sizeof *c->consuls);
	consul = &c->consuls[c->nconsuls++];
	memset(consul, 0, sizeof *consul);
	if (hcl1_fill(f, &agent_consul_type, consul, items, err) == -1)
		return -1;
	if (consul->name == NULL)
		consul->name = xstrdup("default");
	return 0;
}

static int
read_vault(struct hcl1_fill *f, struct agent_config *c,
    const struct hcl1_item *item, struct err *err)
{
	struct hcl1_items items;
	struct agent_vault *vault;

	if (block_items(item, "vault", &items, err) == -1)
		return -1;
	c->vaults = xreallocarray(c->vaults, c->nvaults + 1, sizeof *c->vaults);
	vault = &c->vaults[c->nvaults++];
	memset(vault, 0, sizeof *vault);
	if (hcl1_fill(f, &agent_vault_type, vault, items, err) == -1)
		return -1;
	if (vault->name == NULL)
		vault->name = xstrdup("default");
	return 0;
}

/* keyring "provider" { name, active, and what the provider wants }. */
static int
read_keyring(struct hcl1_fill *f, struct agent_config *c,
    const struct hcl1_item *item, struct err *err)
{
	struct hcl1_items items;
	struct agent_keyring *k;

	if (item->nkeys == 0)
		return err_set(
		    err, ERR_BAD, "keyring: a label must name the provider");
	if (block_items(item, "keyring", &items, err) == -1)
		return -1;
	c->keyrings =
	    xreallocarray(c->keyrings, c->nkeyrings + 1, sizeof *c->keyrings);
	k = &c->keyrings[c->nkeyrings++];
	memset(k, 0, sizeof *k);
	k->provider = xstrdup(item->keys[0].text);
	if (hcl1_fill(f, &agent_keyring_type, k, items, err) == -1)
		return -1;
	for (size_t i = 0; i < items.n; i++) {
		const struct hcl1_item *m = items.v[i];

		if (m->value->kind == HCL1_LITERAL &&
		    strcasecmp(m->keys[0].text, "name") != 0 &&
		    strcasecmp(m->keys[0].text, "active") != 0)
			rec_kv_set(&k->config, &k->nconfig, m->keys[0].text,
			    m->value->text);
	}
	return 0;
}

static int
read_blocks(struct hcl1_fill *f, struct agent_config *c,
    struct hcl1_items items, struct err *err)
{
	static const struct {
		const char *name;
		int (*read)(struct hcl1_fill *f, struct agent_config *c,
		    const struct hcl1_item *item, struct err *err);
	} blocks[] = { { "consul", read_consul }, { "vault", read_vault },
		{ "keyring", read_keyring } };
	struct hcl1_fill inner = { .arena = f->arena };
	int rv = 0;

	for (size_t b = 0; b < sizeof blocks / sizeof blocks[0]; b++) {
		struct hcl1_items named =
		    hcl1_filter(f->arena, items, blocks[b].name);

		for (size_t i = 0; i < named.n && rv == 0; i++)
			rv = blocks[b].read(&inner, c, named.v[i], err);
	}
	if (rv == 0 && inner.bad_duration != NULL)
		rv = err_set(err, ERR_BAD, "%s", inner.bad_duration);
	free(inner.bad_duration);
	free(inner.unknown);
	return rv;
}

/* --- a text --- */

/* The path as messages about the text have it. */
static char *
absolute(const char *path)
{
	char dir[PATH_MAX];

	if (path[0] == '/' || getcwd(dir, sizeof dir) == NULL)
		return xstrdup(path);
	return xasprintf("%s/%s", dir, path);
}

static int
decode(struct agent_config *c, const char *path, struct hcl1_fill *f,
    const char *text, size_t n, struct err *err)
{
	struct hcl1_items items;
	struct texts texts = { 0 };
	char *full;
	int rv;

	if (hcl1_parse(f->arena, text, n, &items, err) == -1 ||
	    hcl1_fill(f, &agent_config_type, c, items, err) == -1) {
		full = absolute(path);
		err_add(err, "failed to decode HCL file %s", full);
		free(full);
		return -1;
	}
	if (read_blocks(f, c, items, err) == -1)
		return -1;
	other_durations(&texts, c);
	if (f->bad_duration != NULL &&
	    strncmp(f->bad_duration, "client.gc_interval ", 19) == 0)
		rv = err_set(err, ERR_BAD, "%s", f->bad_duration + 7);
	else if (f->bad_duration != NULL)
		rv = err_set(err, ERR_BAD, "%s", f->bad_duration);
	else if (texts.bad != NULL)
		rv = err_set(err, ERR_BAD, "%s", texts.bad);
	else if (f->unknown != NULL)
		rv = err_set(err, ERR_BAD, "%s", f->unknown);
	else
		rv = 0;
	free(texts.bad);
	return rv;
}

int
agent_config_parse(struct agent_config *c, const char *path, const char *text,
    size_t n, struct err *err)
{
	struct arena arena = { 0 };
	struct hcl1_fill f = { .arena = &arena,
		.strict = strict,
		.nstrict = sizeof strict / sizeof strict[0],
		.skip = skip,
		.nskip = sizeof skip / sizeof skip[0] };
	int rv = decode(c, path, &f, text, n, err);

	free(f.bad_duration);
	free(f.unknown);
	arena_release(&arena);
	if (rv == -1)
		return -1;
	c->files = xcalloc(1, sizeof *c->files);
	c->files[c->nfiles++] = xstrdup(path);
	return 0;
}

/* --- files --- */

/* "stat x: no such file or directory", as Go has it. */
static int
no_file(const char *what, const char *path, struct err *err)
{
	char why[128];

	snprintf(why, sizeof why, "%s", strerror(errno));
	if (why[0] >= 'A' && why[0] <= 'Z')
		why[0] = (char)(why[0] + 'a' - 'A');
	return err_set(err, ERR_SYSTEM, "%s %s: %s", what, path, why);
}

static int
read_text(const char *path, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return no_file("open", path, err);
	do {
		n = read(fd, buf_reserve(out, 65536), 65536);
		if (n > 0) {
			out->len += (size_t)n;
			out->data[out->len] = '\0';
		}
	} while (n > 0 && out->len <= AGENT_MAX_FILE);
	if (n == -1)
		no_file("read", path, err);
	else if (n > 0)
		n = err_set(
		    err, ERR_BAD, "larger than %u bytes", AGENT_MAX_FILE);
	close(fd);
	return n == 0 ? 0 : -1;
}

static int
load_file(struct agent_config *c, const char *path, struct err *err)
{
	struct buf text = { 0 };
	int rv = read_text(path, &text, err);

	if (rv == 0)
		rv = agent_config_parse(c, path, buf_str(&text), text.len, err);
	buf_release(&text);
	if (rv == -1) {
		rec_clear(&agent_config_type, c);
		return err_add(err, "Error loading %s", path);
	}
	return 0;
}

static bool
ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

/* Config files, but for what editors leave behind. */
static int
is_config(const struct dirent *e)
{
	const char *n = e->d_name;

	return (ends_with(n, ".hcl") || ends_with(n, ".json")) &&
	       strncmp(n, ".#", 2) != 0 && !(n[0] == '#' && ends_with(n, "#"));
}

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
load_one_of(
    struct agent_config *c, const char *path, bool *first, struct err *err)
{
	struct agent_config one = { 0 };
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	if (load_file(&one, path, err) == -1)
		return -1;
	if (*first) {
		*c = one;
		*first = false;
		return 0;
	}
	agent_config_merge(c, &one);
	rec_clear(&agent_config_type, &one);
	return 0;
}

static int
load_dir(struct agent_config *c, const char *dir, struct err *err)
{
	struct dirent **names;
	int n = scandir(dir, &names, is_config, by_bytes), rv = 0;
	bool first = true;

	if (n == -1)
		return no_file("open", dir, err);
	if (n > AGENT_MAX_FILES)
		rv = err_set(err, ERR_BAD, "%s: more than %d config files", dir,
		    AGENT_MAX_FILES);
	for (int i = 0; i < n; i++) {
		char *path = xasprintf("%s/%s", dir, names[i]->d_name);

		if (rv == 0)
			rv = load_one_of(c, path, &first, err);
		free(path);
		free(names[i]);
	}
	free(names);
	if (rv == -1)
		rec_clear(&agent_config_type, c);
	return rv;
}

int
agent_config_load(struct agent_config *c, const char *path, struct err *err)
{
	struct stat st;
	char *clean;
	size_t n;
	int rv;

	if (stat(path, &st) == -1)
		return no_file("stat", path, err);
	while (strncmp(path, "./", 2) == 0 && path[2] != '\0')
		path += 2;
	clean = xstrdup(path);
	for (n = strlen(clean); n > 1 && clean[n - 1] == '/';)
		clean[--n] = '\0';
	rv = S_ISDIR(st.st_mode) ? load_dir(c, clean, err)
				 : load_file(c, clean, err);
	free(clean);
	return rv;
}
