#include "cmd/rove/jobfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/mem.h"
#include "proto/jobspec.h"

#define READ_SIZE 65536

static int
read_all(int fd, const char *name, struct buf *text, struct err *err)
{
	for (;;) {
		char *room = buf_reserve(text, READ_SIZE);
		ssize_t n = read(fd, room, READ_SIZE);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(err, "%s", name);
		if (n == 0)
			break;
		text->len += (size_t)n;
		if (text->len > JOBFILE_MAX_BYTES)
			return err_set(err, ERR_BAD,
			    "%s is larger than %d bytes", name,
			    JOBFILE_MAX_BYTES);
	}
	buf_add(text, "", 0);
	if (memchr(text->data, '\0', text->len) != NULL)
		return err_set(err, ERR_BAD, "%s is no text", name);
	return 0;
}

static int
read_path(const char *path, struct buf *text, struct err *err)
{
	int fd, rc;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, "standard input", text, err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return err_sys(err, "Error opening %s", path);
	rc = read_all(fd, path, text, err);
	close(fd);
	return rc;
}

static bool
is_json(const struct buf *text)
{
	const char *s = buf_str(text);

	return s[strspn(s, " \t\r\n")] == '{';
}

/* The directory of the file, in which functions look for others. */
static char *
dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return xstrdup(".");
	return xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* -var of the command, after NOMAD_VAR_ of the environment. */
static size_t
all_vars(const struct flag_texts *flags, const char **vars, size_t max)
{
	static const char prefix[] = "NOMAD_VAR_";
	size_t n = 0;

	for (char **e = environ; *e != NULL && n < max; e++)
		if (strncmp(*e, prefix, sizeof prefix - 1) == 0)
			vars[n++] = *e + sizeof prefix - 1;
	for (size_t i = 0; flags != NULL && i < flags->n && n < max; i++)
		vars[n++] = flags->items[i];
	return n;
}

static void
keep_source(struct jobfile *f, struct buf *text, const struct flag_texts *vars)
{
	f->source.format = xstrdup(is_json(text) ? "json" : "hcl2");
	f->source.source = buf_take(text);
	for (size_t i = 0; vars != NULL && i < vars->n; i++) {
		const char *eq = strchr(vars->items[i], '=');
		char *name;

		if (eq == NULL)
			continue;
		name = xstrndup(vars->items[i], (size_t)(eq - vars->items[i]));
		rec_kv_set(&f->source.variable_flags,
		    &f->source.nvariable_flags, name, eq + 1);
		free(name);
	}
}

int
jobfile_read(struct jobfile *f, const char *path, const struct flag_texts *vars,
    bool json, struct err *err)
{
	const char *all[2 * FLAG_MAX_TEXTS];
	struct jobspec_options options = { .vars = all };
	struct buf text = { 0 };
	char *dir = dir_of(path);
	int rc;

	memset(f, 0, sizeof *f);
	options.nvars = all_vars(vars, all, sizeof all / sizeof all[0]);
	options.dir = dir;
	rc = read_path(path, &text, err);
	if (rc == 0 && json && !is_json(&text))
		rc = err_set(err, ERR_BAD, "%s is no JSON object", path);
	if (rc == 0)
		rc = jobspec_parse(strcmp(path, "-") == 0 ? "<stdin>" : path,
		    buf_str(&text), text.len, &options, &f->job, err);
	if (rc == 0)
		keep_source(f, &text, vars);
	buf_release(&text);
	free(dir);
	return rc;
}

void
jobfile_release(struct jobfile *f)
{
	rec_clear(&job_type, &f->job);
	rec_clear(&job_submission_type, &f->source);
}
