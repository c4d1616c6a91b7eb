/* Functions of files and of their paths. */
#include "common/hcl/func.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/hcl/glob.h"
#include "common/mem.h"

typedef const struct hcl_value *value;

#define FILE_MAX (1u << 20) /* bytes that file() reads */

static value
text_value(struct hcl_call *c, char *owned)
{
	value v = hcl_value_string(c->ev->arena, owned, strlen(owned));

	free(owned);
	return v;
}

/* Where files are not to be seen, their names are not told either. */
static bool
is_refused(struct hcl_call *c)
{
	if (c->ev->no_files)
		hcl_func_fail(c, "filesystem function disabled");
	return c->ev->no_files;
}

/* --- paths --- */

/* With ~ for the home of who asks; NULL and c->why when it is another's. */
static char *
expand_home(struct hcl_call *c, const char *path, const char *doing)
{
	const char *home = getenv("HOME");

	if (is_refused(c))
		return NULL;
	if (path[0] != '~')
		return xstrdup(path);
	if (path[1] != '\0' && path[1] != '/') {
		hcl_func_fail(
		    c, "%scannot expand user-specific home dir", doing);
		return NULL;
	}
	if (home == NULL || home[0] == '\0') {
		hcl_func_fail(c, "%sHOME is not set", doing);
		return NULL;
	}
	return hcl_path_join(home, path + 1);
}

static value
fn_pathexpand(struct hcl_call *c)
{
	char *path = expand_home(c, c->args[0]->str, "");

	return path != NULL ? text_value(c, path) : NULL;
}

static value
fn_abspath(struct hcl_call *c)
{
	char here[4096];

	if (is_refused(c))
		return NULL;
	if (c->args[0]->str[0] == '/')
		return text_value(c, hcl_path_join("/", c->args[0]->str));
	if (getcwd(here, sizeof here) == NULL)
		return hcl_func_fail(c, "getwd: %s", strerror(errno));
	return text_value(c, hcl_path_join(here, c->args[0]->str));
}

static value
fn_basename(struct hcl_call *c)
{
	value v = c->args[0];
	size_t end = v->len, start;

	if (is_refused(c))
		return NULL;
	while (end > 1 && v->str[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && v->str[start - 1] != '/')
		start--;
	if (end == 0)
		return hcl_value_string(c->ev->arena, ".", 1);
	if (start == end)
		start--;
	return hcl_value_string(c->ev->arena, v->str + start, end - start);
}

static value
fn_dirname(struct hcl_call *c)
{
	value v = c->args[0];
	size_t end = v->len;
	value dir;
	char *up;

	if (is_refused(c))
		return NULL;
	while (end > 0 && v->str[end - 1] != '/')
		end--;
	up = xstrndup(v->str, end);
	dir = text_value(c, hcl_path_join("", up));
	free(up);
	return dir;
}

/* --- files --- */

/* Where a file is that a job file names; NULL and c->why. */
static char *
full_path(struct hcl_call *c, const char *name)
{
	char *path = expand_home(c, name, "failed to expand ~: "), *full;

	if (path == NULL)
		return NULL;
	full = hcl_path_join(
	    path[0] != '/' && c->ev->dir != NULL ? c->ev->dir : "", path);
	free(path);
	return full;
}

/* The file's bytes; false and c->why when there are none to be had. */
static bool
read_named(struct hcl_call *c, struct buf *out)
{
	char *path = full_path(c, c->args[0]->str);
	int rc;

	if (path == NULL)
		return false;
	rc = file_read(path, FILE_MAX, out, NULL);
	if (rc == -1)
		hcl_func_fail(c,
		    errno == ENOENT ? "no file exists at %s"
				    : "failed to read %s",
		    path);
	free(path);
	return rc == 0;
}

static value
fn_file(struct hcl_call *c)
{
	struct buf text = { 0 };

	if (!read_named(c, &text)) {
		buf_release(&text);
		return NULL;
	}
	if (!hcl_func_is_utf8(text.data, text.len)) {
		buf_release(&text);
		return hcl_func_fail(
		    c, "contents of %s are not valid UTF-8", c->args[0]->str);
	}
	return hcl_func_text(c, &text);
}

static value
fn_filebase64(struct hcl_call *c)
{
	struct buf text = { 0 };
	value v = NULL;

	if (read_named(c, &text))
		v = hcl_func_base64(c, text.data, text.len);
	buf_release(&text);
	return v;
}

/* A mode as Go writes it: "drwxr-xr-x". */
static void
format_mode(mode_t mode, char out[16])
{
	static const char bits[] = "rwxrwxrwx";
	size_t n = 0;

	if (S_ISDIR(mode))
		out[n++] = 'd';
	if (S_ISBLK(mode) || S_ISCHR(mode))
		out[n++] = 'D';
	if (S_ISFIFO(mode))
		out[n++] = 'p';
	if (S_ISSOCK(mode))
		out[n++] = 'S';
	if ((mode & S_ISUID) != 0)
		out[n++] = 'u';
	if ((mode & S_ISGID) != 0)
		out[n++] = 'g';
	if (S_ISCHR(mode))
		out[n++] = 'c';
	if ((mode & S_ISVTX) != 0)
		out[n++] = 't';
	if (n == 0)
		out[n++] = '-';
	for (size_t i = 0; i < 9; i++)
		out[n++] = (char)((mode & (0400u >> i)) != 0 ? bits[i] : '-');
	out[n] = '\0';
}

static value
fn_fileexists(struct hcl_call *c)
{
	char *path = full_path(c, c->args[0]->str);
	value v = NULL;
	struct stat st;
	char mode[16];

	if (path == NULL)
		return NULL;
	if (stat(path, &st) == -1) {
		if (errno == ENOENT)
			v = hcl_value_bool(c->ev->arena, false);
		else
			hcl_func_fail(c, "failed to stat %s", path);
	} else if (S_ISREG(st.st_mode)) {
		v = hcl_value_bool(c->ev->arena, true);
	} else {
		format_mode(st.st_mode, mode);
		hcl_func_fail(
		    c, "%s is not a regular file, but \"%s\"", path, mode);
	}
	free(path);
	return v;
}

static value
fn_fileset(struct hcl_call *c)
{
	struct arena *a = c->ev->arena;
	const char *name = c->args[0]->str, *top = "";
	const struct hcl_value **items;
	struct hcl_names files = { 0 };
	struct err err;
	value v = NULL;
	char *dir;

	if (is_refused(c))
		return NULL;
	if (name[0] != '/' && c->ev->dir != NULL)
		top = c->ev->dir;
	dir = hcl_path_join(top, name);
	if (hcl_glob(dir, c->args[1]->str, &files, &err) == -1) {
		hcl_func_fail(c, "%s", err.text);
	} else {
		items = arena_alloc(a, (files.n + 1) * sizeof(*items));
		for (size_t i = 0; i < files.n; i++)
			items[i] =
			    hcl_value_string(a, files.v[i], strlen(files.v[i]));
		v = hcl_value_seq(a, HCL_V_SET, items, files.n);
	}
	hcl_names_release(&files);
	free(dir);
	return v;
}

#define PATH                                \
	{                                   \
		"path", HCL_P_STRING, false \
	}
#define NONE                           \
	{                              \
		NULL, HCL_P_ANY, false \
	}

const struct hcl_func hcl_path_funcs[] = {
	{ "abspath", fn_abspath, { PATH }, 1, NONE },
	{ "basename", fn_basename, { PATH }, 1, NONE },
	{ "dirname", fn_dirname, { PATH }, 1, NONE },
	{ "file", fn_file, { PATH }, 1, NONE },
	{ "filebase64", fn_filebase64, { PATH }, 1, NONE },
	{ "fileexists", fn_fileexists, { PATH }, 1, NONE },
	{ "fileset", fn_fileset, { PATH, { "pattern", HCL_P_STRING, false } },
	    2, NONE },
	{ "pathexpand", fn_pathexpand, { PATH }, 1, NONE },
};
const size_t hcl_npath_funcs = sizeof hcl_path_funcs / sizeof hcl_path_funcs[0];
