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

static void
keep_source(struct jobfile *f, struct buf *text, const struct flag_texts *vars)
{
	f->source.format = xstrdup(is_json(text) ? "json" : "hcl2");
	f->source.source = buf_take(text);
	for (size_t i = 0; i < vars->n; i++) {
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

static int
parse(struct jobfile *f, const char *path, const struct buf *text,
    const struct jobfile_flags *flags, struct err *err)
{
	const char *name = strcmp(path, "-") == 0 ? "<stdin>" : path;
	char *dir = dir_of(path);
	struct jobspec_options o = { .env = (const char *const *)environ,
		.var_files = flags->var_files.items,
		.nvar_files = flags->var_files.n,
		.vars = flags->vars.items,
		.nvars = flags->vars.n,
		.loose = !flags->strict,
		.dir = dir };
	static const char nowhere[] = "<nil>: ";
	struct err why;
	const char *said;
	int rc;

	while (environ[o.nenv] != NULL)
		o.nenv++;
	rc = jobspec_parse(name, buf_str(text), text->len, &o, &f->job, &why);
	if (rc == -1) {
		/* What is wrong as a whole stands at no place in the file. */
		said = strncmp(why.text, nowhere, sizeof nowhere - 1) == 0
			   ? why.text + sizeof nowhere - 1
			   : why.text;
		err_set(err, ERR_BAD, "Error parsing job file from %s:\n%s",
		    name, said);
	}
	free(dir);
	return rc;
}

int
jobfile_read(struct jobfile *f, const char *path,
    const struct jobfile_flags *flags, struct err *err)
{
	struct buf text = { 0 };
	int rc;

	memset(f, 0, sizeof *f);
	rc = read_path(path, &text, err);
	if (rc == 0 && flags->json && !is_json(&text))
		rc = err_set(err, ERR_BAD, "%s is no JSON object", path);
	if (rc == 0)
		rc = parse(f, path, &text, flags, err);
	if (rc == 0)
		keep_source(f, &text, &flags->vars);
	buf_release(&text);
	return rc;
}

void
jobfile_release(struct jobfile *f)
{
	rec_clear(&job_type, &f->job);
	rec_clear(&job_submission_type, &f->source);
}
