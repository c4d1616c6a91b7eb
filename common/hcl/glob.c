#include "common/hcl/glob.h"

#include <dirent.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/mem.h"

/* --- paths --- */

static void
add_name(struct hcl_names *l, const char *s, size_t n)
{
	if (l->n == l->cap)
		l->v = xgrow(l->v, l->n, &l->cap, sizeof *l->v);
	l->v[l->n++] = xstrndup(s, n);
}

void
hcl_names_release(struct hcl_names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct hcl_names){ 0 };
}

/* Adds the parts of a path; ".." takes the one before it away. */
static void
add_parts(struct hcl_names *l, const char *path, bool rooted)
{
	while (*path != '\0') {
		size_t n = strcspn(path, "/");
		bool up = n == 2 && memcmp(path, "..", 2) == 0;

		if (up && l->n > 0 && strcmp(l->v[l->n - 1], "..") != 0)
			free(l->v[--l->n]);
		else if (n > 0 && !(n == 1 && *path == '.') && !(up && rooted))
			add_name(l, path, n);
		path += n + (path[n] == '/');
	}
}

char *
hcl_path_join(const char *dir, const char *path)
{
	bool rooted = *dir == '/' || (*dir == '\0' && *path == '/');
	struct hcl_names parts = { 0 };
	struct buf out = { 0 };

	add_parts(&parts, dir, rooted);
	add_parts(&parts, path, rooted);
	if (rooted)
		buf_addc(&out, '/');
	for (size_t i = 0; i < parts.n; i++)
		buf_addf(&out, "%s%s", i > 0 ? "/" : "", parts.v[i]);
	if (out.len == 0)
		buf_addc(&out, '.');
	hcl_names_release(&parts);
	return buf_take(&out);
}

/* --- {a,b} --- */

/* The comma or brace that ends an alternative; NULL when none does. */
static const char *
alternative_end(const char *s)
{
	size_t depth = 0;

	for (; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0')
			s++;
		else if (*s == '{')
			depth++;
		else if (depth == 0 && (*s == ',' || *s == '}'))
			return s;
		else if (*s == '}')
			depth--;
	}
	return NULL;
}

/* The first brace that is not escaped, or NULL. */
static const char *
first_brace(const char *s)
{
	for (; *s != '\0' && *s != '{'; s++)
		if (*s == '\\' && s[1] != '\0')
			s++;
	return *s == '{' ? s : NULL;
}

static const char *
closing_brace(const char *s)
{
	while ((s = alternative_end(s)) != NULL && *s == ',')
		s++;
	return s;
}

/* Adds what the pattern is without braces. */
static int
expand(const char *pattern, struct hcl_names *out, struct err *err)
{
	struct hcl_names left = { 0 };
	int rc = 0;

	add_name(&left, pattern, strlen(pattern));
	while (rc == 0 && left.n > 0) {
		char *one = left.v[--left.n];
		const char *open = first_brace(one), *close, *s, *end;

		close = open != NULL ? closing_brace(open + 1) : NULL;
		if (open == NULL)
			add_name(out, one, strlen(one));
		else if (close == NULL)
			rc = err_set(err, ERR_BAD, "syntax error in pattern");
		for (s = open; close != NULL && s < close; s = end) {
			char *next;

			end = alternative_end(s + 1);
			next = xasprintf("%.*s%.*s%s", (int)(open - one), one,
			    (int)(end - s - 1), s + 1, close + 1);
			add_name(&left, next, strlen(next));
			free(next);
		}
		free(one);
		if (left.n + out->n > HCL_GLOB_MAX_PATTERNS)
			rc = err_set(err, ERR_BAD, "too many alternatives");
	}
	hcl_names_release(&left);
	return rc;
}

/* --- the walk --- */

struct walk {
	const char *base; /* names are told from here */
	struct hcl_names parts;
	struct buf path; /* where we are; "" is here */
	struct hcl_names *out;
	size_t nentries;
	struct err *err;
};

static int walk(struct walk *w, size_t i);

/* What leads from the base, which has no ".." of its own, to the path. */
static char *
from_base(const char *base, const char *path)
{
	struct buf out = { 0 };
	size_t common = 0;

	if (strcmp(base, ".") == 0)
		base = "";
	for (size_t i = 0; base[i] == path[i] && path[i] != '\0'; i++)
		if (path[i] == '/')
			common = i + 1;
	if (base[0] != '\0' && strncmp(path, base, strlen(base)) == 0 &&
	    path[strlen(base)] == '/')
		return xstrdup(path + strlen(base) + 1);
	for (const char *s = base + common; *s != '\0';) {
		size_t n = strcspn(s, "/");

		buf_adds(&out, "../");
		s += n + (s[n] == '/');
	}
	buf_adds(&out, path + common);
	return buf_take(&out);
}

static int
found(struct walk *w)
{
	struct stat st;
	char *name;

	if (stat(buf_str(&w->path), &st) == -1 || !S_ISREG(st.st_mode))
		return 0;
	if (w->out->n == HCL_GLOB_MAX_FILES)
		return err_set(
		    w->err, ERR_BAD, "more than %d files", HCL_GLOB_MAX_FILES);
	name = from_base(w->base, buf_str(&w->path));
	add_name(w->out, name, strlen(name));
	free(name);
	return 0;
}

/* Goes on with part i at a name of the directory where we are. */
static int
walk_into(struct walk *w, const char *name, size_t i)
{
	size_t len = w->path.len;
	int rc = 0;

	if (len > 0 && w->path.data[len - 1] != '/')
		buf_addc(&w->path, '/');
	buf_adds(&w->path, name);
	if (w->path.len < PATH_MAX)
		rc = walk(w, i);
	w->path.len = len;
	w->path.data[len] = '\0';
	return rc;
}

/* A directory itself, not what a link leads to: so no walk goes in circles. */
static bool
is_directory(const struct walk *w, const char *name)
{
	char *path =
	    xasprintf("%s/%s", w->path.len > 0 ? w->path.data : ".", name);
	struct stat st;
	bool yes = lstat(path, &st) == 0 && S_ISDIR(st.st_mode);

	free(path);
	return yes;
}

static int
walk_entries(struct walk *w, size_t i)
{
	const char *part = w->parts.v[i];
	bool deep = strcmp(part, "**") == 0;
	DIR *dir = opendir(w->path.len > 0 ? w->path.data : ".");
	const struct dirent *e;
	int rc = 0;

	while (dir != NULL && rc == 0 && (e = readdir(dir)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (w->nentries++ == HCL_GLOB_MAX_ENTRIES)
			rc = err_set(
			    w->err, ERR_BAD, "too many files to look at");
		else if (deep && is_directory(w, e->d_name))
			rc = walk_into(w, e->d_name, i);
		else if (!deep && fnmatch(part, e->d_name, 0) == 0)
			rc = walk_into(w, e->d_name, i + 1);
	}
	if (dir != NULL)
		closedir(dir);
	return rc;
}

/* The parts from i on, below where we are. */
static int
walk(struct walk *w, size_t i)
{
	const char *part;

	if (i == w->parts.n)
		return found(w);
	part = w->parts.v[i];
	if (strpbrk(part, "*?[\\") == NULL)
		return walk_into(w, part, i + 1);
	if (strcmp(part, "**") == 0 && walk(w, i + 1) == -1)
		return -1;
	return walk_entries(w, i);
}

/* One pattern without braces. */
static int
walk_pattern(const char *dir, const char *pattern, struct hcl_names *out,
    struct err *err)
{
	struct walk w = { .base = dir, .out = out, .err = err };
	char *full = hcl_path_join(dir, pattern);
	int rc;

	add_parts(&w.parts, full, *full == '/');
	if (w.parts.n > 0 && strcmp(w.parts.v[w.parts.n - 1], "**") == 0)
		add_name(&w.parts, "*", 1);
	buf_adds(&w.path, *full == '/' ? "/" : "");
	rc = walk(&w, 0);
	hcl_names_release(&w.parts);
	buf_release(&w.path);
	free(full);
	return rc;
}

int
hcl_glob(const char *dir, const char *pattern, struct hcl_names *out,
    struct err *err)
{
	struct hcl_names all = { 0 };
	int rc = expand(pattern, &all, err);

	for (size_t i = 0; rc == 0 && i < all.n; i++)
		rc = walk_pattern(dir, all.v[i], out, err);
	hcl_names_release(&all);
	if (rc == -1) {
		char *full = hcl_path_join(dir, pattern);

		err_add(err, "failed to glob pattern (%s)", full);
		free(full);
	}
	return rc;
}
