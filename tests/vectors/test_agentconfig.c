/*
 * Recorded agent files: what Nomad's own agent makes of them, or says.
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/rove/agent_conf.h"
#include "common/log.h"
#include "common/map.h"
#include "common/mem.h"
#include "tests/lib/vectors.h"

/* --- the working directory --- */

static char home[4096];
static char work[64];

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void
make_parents(const char *path)
{
	char *copy = xstrdup(path);

	for (char *p = strchr(copy, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(copy, 0755);
		*p = '/';
	}
	free(copy);
}

static void
enter_dir(const struct tree *t)
{
	const struct tree *files = tree_get(t, "files");
	const struct tree *dirs = tree_get(t, "dirs");

	snprintf(work, sizeof work, "/tmp/agentconfig.XXXXXX");
	if (getcwd(home, sizeof home) == NULL || mkdtemp(work) == NULL ||
	    chdir(work) == -1)
		log_fatal("%s: %s", work, strerror(errno));
	for (size_t i = 0; files != NULL && i < files->nmembers; i++) {
		const struct tree_member *m = &files->members[i];
		FILE *f;

		make_parents(m->key);
		f = fopen(m->key, "wb");
		if (f == NULL)
			log_fatal("%s: %s", m->key, strerror(errno));
		fwrite(m->value->str, 1, m->value->len, f);
		fclose(f);
	}
	for (size_t i = 0; i < vector_count(dirs); i++)
		mkdir(dirs->items[i]->str, 0755);
}

static void
leave_dir(void)
{
	if (chdir(home) == -1)
		log_fatal("%s: %s", home, strerror(errno));
	nftw(work, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The text with the directory's name taken for "<dir>". */
static char *
with_dir(const char *text)
{
	struct buf b = { 0 };
	const char *at;

	while ((at = strstr(text, work)) != NULL) {
		buf_add(&b, text, (size_t)(at - text));
		buf_adds(&b, "<dir>");
		text = at + strlen(work);
	}
	buf_adds(&b, text);
	return buf_take(&b);
}

static bool
same_text(const char *want, const char *text, struct buf *why)
{
	char *got = with_dir(text);
	bool same = strcmp(want, got) == 0;

	if (!same)
		buf_addf(why, "\n want %s\n got  %s", want, got);
	free(got);
	return same;
}

/* --- values --- */

static bool
is_nothing(const struct tree *t)
{
	switch (t->kind) {
	case TREE_NULL:
		return true;
	case TREE_BOOL:
		return !t->b;
	case TREE_INT:
		return t->i == 0;
	case TREE_FLOAT:
		return t->f == 0;
	case TREE_STR:
		return t->len == 0;
	case TREE_LIST:
		return t->nitems == 0;
	case TREE_MAP:
	default:
		return t->nmembers == 0;
	}
}

/* Without members that say nothing, at every depth. */
static struct tree *
without_nothing(const struct tree *t)
{
	struct tree *out;

	if (t->kind == TREE_LIST) {
		out = tree_list();
		for (size_t i = 0; i < t->nitems; i++)
			tree_push(out, without_nothing(t->items[i]));
		return out;
	}
	if (t->kind != TREE_MAP)
		return tree_copy(t);
	out = tree_map();
	for (size_t i = 0; i < t->nmembers; i++) {
		struct tree *v = without_nothing(t->members[i].value);

		if (is_nothing(v))
			tree_free(v);
		else
			tree_set(out, t->members[i].key, v);
	}
	return out;
}

/* Adds each value under its dotted path; empty lists and maps are none. */
static void
flatten(const struct tree *t, const char *path, struct tree *out)
{
	if (t->kind == TREE_NULL || (t->kind == TREE_LIST && t->nitems == 0))
		return;
	if (t->kind != TREE_MAP) {
		tree_set(out, path, vector_prune(t));
		return;
	}
	for (size_t i = 0; i < t->nmembers; i++) {
		char *inner = xasprintf("%s%s%s", path,
		    path[0] != '\0' ? "." : "", t->members[i].key);

		if (strcmp(inner, "Version") != 0 &&
		    strcmp(inner, "NodeName") != 0)
			flatten(t->members[i].value, inner, out);
		free(inner);
	}
}

/* What differs between two flat maps: path to the value in b, or null. */
static struct tree *
difference(const struct tree *a, const struct tree *b)
{
	struct tree *out = tree_map();

	for (size_t i = 0; i < b->nmembers; i++) {
		const struct tree *old = tree_get(a, b->members[i].key);

		if (old == NULL || !tree_equal(old, b->members[i].value))
			tree_set(out, b->members[i].key,
			    tree_copy(b->members[i].value));
	}
	for (size_t i = 0; i < a->nmembers; i++)
		if (tree_get(b, a->members[i].key) == NULL)
			tree_set(out, a->members[i].key, tree_null());
	return out;
}

/* --- loading --- */

static bool
check_loaded(
    const struct tree *want, const struct agent_config *c, struct buf *why)
{
	struct tree *all = rec_to_tree(&agent_config_type, c);
	struct tree *got = without_nothing(all);
	bool same;

	if (want == NULL) {
		buf_adds(why, "no error, but ");
		tree_to_json(got, why, 0);
		same = false;
	} else {
		same = vector_same(want, got, why);
	}
	tree_free(got);
	tree_free(all);
	return same;
}

/* Where Nomad's agent dies, any sentence is better. */
static bool
says(const char *want, const char *text, struct buf *why)
{
	return strncmp(want, "PANIC: ", 7) == 0 || same_text(want, text, why);
}

static bool
load_each(const struct tree *t, struct buf *why)
{
	const struct tree *paths = tree_get(t, "config");
	const struct tree *loaded = tree_get(t, "loaded");
	bool same = true;

	for (size_t i = 0; i < vector_count(paths) && same; i++) {
		struct agent_config c = { 0 };
		struct err err;

		if (agent_config_load(&c, paths->items[i]->str, &err) == -1)
			return says(vector_str(t, "error"), err.text, why);
		same = check_loaded(
		    i < vector_count(loaded) ? loaded->items[i] : NULL, &c,
		    why);
		rec_clear(&agent_config_type, &c);
	}
	return same;
}

/* --- the whole way --- */

static const struct tree *env;

static char *
get_env(const char *name)
{
	for (size_t i = 0; i < vector_count(env); i++) {
		char *s = env->items[i]->str;
		size_t n = strlen(name);

		if (strncmp(s, name, n) == 0 && s[n] == '=')
			return s + n + 1;
	}
	return NULL;
}

static struct tree *
defaults(void)
{
	char *path =
	    xasprintf("%s/tests/vectors/agentconfig/default.json", home);
	FILE *f = fopen(path, "rb");
	struct buf text = { 0 };
	struct tree *t;
	struct err err;
	size_t n;

	if (f == NULL)
		log_fatal("%s: %s", path, strerror(errno));
	do {
		n = fread(buf_reserve(&text, 4096), 1, 4096, f);
		text.len += n;
	} while (n > 0);
	fclose(f);
	t = tree_from_json(text.data, text.len, &err);
	if (t == NULL)
		log_fatal("%s: %s", path, err.text);
	buf_release(&text);
	free(path);
	return t;
}

static bool
check_changed(
    const struct tree *want, const struct agent_config *c, struct buf *why)
{
	struct tree *base = defaults(), *a = tree_map(), *b = tree_map();
	struct tree *now = rec_to_tree(&agent_config_type, c);
	struct tree *got, *pruned = tree_map();
	bool same;

	flatten(base, "", a);
	flatten(now, "", b);
	got = difference(a, b);
	/* Lists of records are compared without their nulls. */
	for (size_t i = 0; i < want->nmembers; i++)
		tree_set(pruned, want->members[i].key,
		    vector_prune(want->members[i].value));
	same = vector_same(pruned, got, why);
	tree_free(pruned);
	tree_free(got);
	tree_free(now);
	tree_free(base);
	tree_free(a);
	tree_free(b);
	return same;
}

static int
parse_args(const struct tree *t, struct agent_args *args, struct buf *ui)
{
	const struct tree *paths = tree_get(t, "config");
	const struct tree *more = tree_get(t, "args");
	char *argv[128], *owned[64];
	static char config[] = "-config";
	struct err err;
	int n = 0, rv;

	for (size_t i = 0; i < vector_count(paths) && i < 30; i++) {
		argv[n++] = config;
		argv[n++] = owned[i] = paths->items[i]->str;
	}
	for (size_t i = 0; i < vector_count(more) && n < 128; i++)
		argv[n++] = more->items[i]->str;
	rv = agent_args_parse(args, n, argv, &err);
	if (rv == -1)
		buf_addf(ui, "%s\n", err.text);
	(void)owned;
	return rv;
}

/* The one sentence in which the agent speaks of itself. */
static char *
ui_of(const struct tree *t)
{
	static const char recorded[] = "Nomad is not secure",
			  ours[] = "rove is not secure";
	const char *want = vector_str(t, "ui"), *at = strstr(want, recorded);

	if (at == NULL)
		return xstrdup(want);
	return xasprintf(
	    "%.*s%s%s", (int)(at - want), want, ours, at + strlen(recorded));
}

static bool
run_agent(const struct tree *t, struct buf *why)
{
	static char eth0[] = "eth0", ip[] = "10.1.2.3";
	struct agent_iface iface = { eth0, ip, true };
	struct agent_host host = { &iface, 1 };
	struct agent_args args = { 0 };
	struct agent_config c = { 0 };
	struct buf ui = { 0 };
	bool refused, same;
	char *want = ui_of(t);

	env = tree_get(t, "env");
	refused = parse_args(t, &args, &ui) == -1 ||
		  agent_conf_make(&c, &args, &host, get_env, &ui) == -1;
	same = same_text(want, buf_str(&ui), why);
	free(want);
	if (refused != vector_bool(t, "refused")) {
		buf_adds(why, refused ? " refused" : " not refused");
		same = false;
	}
	if (same && !refused)
		same = check_changed(tree_get(t, "changed"), &c, why);
	rec_clear(&agent_config_type, &c);
	agent_args_release(&args);
	buf_release(&ui);
	return same;
}

static bool
run_case(const struct tree *t, struct buf *why)
{
	bool good;

	enter_dir(t);
	good =
	    tree_get(t, "args") != NULL ? run_agent(t, why) : load_each(t, why);
	leave_dir();
	return good;
}

static const struct vector_kind kinds[] = {
	{ "block", run_case, VECTOR_ALL },
	{ "json", run_case, VECTOR_ALL },
	{ "error", run_case, VECTOR_ALL },
	{ "merge", run_case, VECTOR_ALL },
	{ "effective", run_case, VECTOR_ALL },
};

VECTORS_MAIN("agentconfig", "tests/vectors/agentconfig/cases.jsonl", kinds)
