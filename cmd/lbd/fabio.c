#include "cmd/lbd/fabio.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cmd/lbd/fabio_impl.h"
#include "common/file.h"
#include "common/http/http.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/text.h"
#include "proto/version.h"

/* Values by property, each owned; later ones win. */
struct values {
	struct map of;
};

static void
set_value(struct values *v, const char *name, const char *value)
{
	free(map_put(&v->of, name, xstrdup(value)));
}

/* From the environment or a file, where "version" is somebody else's. */
static void
set_property(struct values *v, const struct fabio_row *row, const char *value)
{
	if (row != NULL && row->effect != FABIO_FLAG)
		set_value(v, row->name, value);
}

static void
values_release(struct values *v)
{
	MAP_FOREACH (e, &v->of)
		free(map_value(e));
	map_release(&v->of);
}

/* --- the file --- */

/* Up to the first blank, '=' or ':'; a backslash keeps what follows it. */
static char *
take_key(char **at)
{
	char *p = *at, *key, *end;

	key = p;
	p += strcspn(p, "=: \t");
	end = p;
	p += strspn(p, " \t");
	if (*p == '=' || *p == ':')
		p++;
	p += strspn(p, " \t");
	*end = '\0';
	*at = p;
	return key;
}

/* A line that ends in a backslash goes on in the next. */
static bool
next_line(const char **text, struct buf *line)
{
	const char *p = *text;

	buf_reset(line);
	if (*p == '\0')
		return false;
	for (;;) {
		size_t n = strcspn(p, "\r\n");
		bool more = n > 0 && p[n - 1] == '\\';

		buf_add(line, p, more ? n - 1 : n);
		p += n;
		p += *p == '\r';
		p += *p == '\n';
		if (!more || *p == '\0')
			break;
		p += strspn(p, " \t");
	}
	*text = p;
	return true;
}

/* Properties that nobody knows are passed over, as Fabio does. */
static void
read_properties(struct values *v, const char *text)
{
	struct buf line = { 0 };

	while (next_line(&text, &line)) {
		char *p, *key, *end;

		buf_add(&line, "", 0);
		p = line.data + strspn(line.data, " \t");
		if (*p == '\0' || *p == '#' || *p == '!')
			continue;
		key = take_key(&p);
		end = p + strlen(p);
		while (end > p && isspace((unsigned char)end[-1]))
			*--end = '\0';
		set_property(v, fabio_row_find(key), p);
	}
	buf_release(&line);
}

static int
fetch(const char *url, struct buf *text, struct err *err)
{
	const char *host = url + strlen("http://");
	size_t n = strcspn(host, "/");
	bool has_port = memchr(host, ':', n) != NULL;
	char *addr = xasprintf("%.*s%s", (int)n, host, has_port ? "" : ":80");
	int status = 0;
	int rc = http_ask(addr, "GET", host[n] == '\0' ? "/" : host + n, NULL,
	    0, NULL, 0, FABIO_FETCH_MS, &status, NULL, text, err);

	free(addr);
	if (rc == 0 && status != 200)
		rc = err_set(err, ERR_BAD, "%s: status %d", url, status);
	return rc;
}

static int
read_cfg(struct values *v, const char *path, struct err *err)
{
	struct buf text = { 0 };
	int rc;

	if (strncmp(path, "http://", strlen("http://")) == 0)
		rc = fetch(path, &text, err);
	else if (strncmp(path, "https://", strlen("https://")) == 0)
		rc = err_set(
		    err, ERR_BAD, "-cfg: %s: only http:// is fetched", path);
	else
		rc = file_read(path, FABIO_MAX_FILE, &text, err);
	if (rc == 0)
		read_properties(v, buf_str(&text));
	buf_release(&text);
	return rc;
}

/* -cfg PATH, -cfg=PATH, -cfg='PATH', wherever it stands. */
static int
find_cfg(int argc, char *const *argv, char **path, struct err *err)
{
	*path = NULL;
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i], *value;
		size_t n;

		if (strncmp(a, "-cfg", 4) != 0 && strncmp(a, "--cfg", 5) != 0)
			continue;
		a += a[1] == '-' ? 5 : 4;
		if (*a != '\0' && *a != '=')
			continue;
		value = *a == '=' ? a + 1 : i + 1 < argc ? argv[i + 1] : "";
		n = strlen(value);
		if (n >= 2 && (*value == '\'' || *value == '"') &&
		    value[n - 1] == *value) {
			value++;
			n -= 2;
		}
		if (n == 0)
			return err_set(err, ERR_BAD,
			    "invalid or missing path to config file");
		free(*path);
		*path = xstrndup(value, n);
	}
	return 0;
}

/* --- the environment --- */

/* "proxy_addr=..." against "proxy.addr". */
static const char *
env_value(const char *entry, const char *prefix, const char *name)
{
	size_t n = strlen(prefix);

	if (strncasecmp(entry, prefix, n) != 0)
		return NULL;
	for (entry += n; *name != '\0'; name++, entry++) {
		char c = *name == '.' ? '_' : *name;

		if (tolower((unsigned char)*entry) != tolower((unsigned char)c))
			return NULL;
	}
	return *entry == '=' ? entry + 1 : NULL;
}

static void
read_environment(struct values *v, char *const *environment)
{
	static const char *const prefixes[] = { "", "FABIO_" };

	for (size_t i = 0; i < fabio_nrows; i++)
		for (size_t p = 0; p < 2; p++)
			for (char *const *e = environment; *e != NULL; e++) {
				const char *value = env_value(
				    *e, prefixes[p], fabio_rows[i].name);

				if (value != NULL)
					set_property(v, &fabio_rows[i], value);
			}
}

/* --- the command line --- */

static bool
is_word(const char *arg, const char *word)
{
	return arg[0] == '-' && strcmp(arg + 1 + (arg[1] == '-'), word) == 0;
}

/* One flag; *i moves past its value. */
static int
read_flag(
    struct values *v, int argc, char *const *argv, int *i, struct err *err)
{
	const char *arg = argv[*i] + 1 + (argv[*i][1] == '-');
	const char *eq = strchr(arg, '=');
	char *name =
	    xstrndup(arg, eq == NULL ? strlen(arg) : (size_t)(eq - arg));
	const struct fabio_row *row = fabio_row_find(name);
	int rc = 0;

	if (row == NULL)
		rc = err_set(
		    err, ERR_BAD, "flag provided but not defined: -%s", name);
	else if (eq != NULL)
		set_value(v, name, eq + 1);
	else if (row->value == FABIO_BOOL)
		set_value(v, name, "true");
	else if (*i + 1 < argc)
		set_value(v, name, argv[++*i]);
	else
		rc = err_set(err, ERR_BAD, "flag needs an argument: -%s", name);
	free(name);
	return rc;
}

/* What is no flag ends them. */
static int
read_flags(struct values *v, int argc, char *const *argv, struct err *err)
{
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-' || argv[i][1] == '\0' ||
		    strcmp(argv[i], "--") == 0)
			return 0;
		if (read_flag(v, argc, argv, &i, err) == -1)
			return -1;
	}
	return 0;
}

/* --- the whole --- */

bool
fabio_is_meant(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return strcmp(slash == NULL ? argv0 : slash + 1, FABIO_NAME) == 0;
}

static int
translate(struct fabio *f, struct values *v, struct err *err)
{
	f->cert_sources = map_find(&v->of, "proxy.cs");
	if (f->cert_sources == NULL)
		f->cert_sources = "";
	for (size_t i = 0; i < fabio_nrows; i++) {
		const struct fabio_row *row = &fabio_rows[i];
		const char *value = map_find(&v->of, row->name);

		if (value == NULL)
			value = row->usual;
		else if (row->effect == FABIO_NOT_YET &&
			 strcmp(value, row->usual) != 0)
			buf_addf(&f->notes,
			    "%s is not supported: it is ignored\n", row->name);
		if (fabio_translate(f, row, value, err) == -1)
			return -1;
	}
	f->cert_sources = NULL;
	return 0;
}

int
fabio_parse(struct fabio *f, int argc, char *const *argv,
    char *const *environment, struct err *err)
{
	struct values v = { 0 };
	char *path = NULL;
	int rc;

	for (int i = 1; i < argc; i++) {
		f->version |=
		    is_word(argv[i], "v") || is_word(argv[i], "version");
		f->help |= is_word(argv[i], "h") || is_word(argv[i], "help");
	}
	if (f->version || f->help)
		return 0;
	rc = find_cfg(argc, argv, &path, err);
	if (rc == 0 && path != NULL)
		rc = read_cfg(&v, path, err);
	if (rc == 0) {
		read_environment(&v, environment);
		rc = read_flags(&v, argc, argv, err);
	}
	if (rc == 0)
		rc = translate(f, &v, err);
	free(path);
	values_release(&v);
	return rc;
}

void
fabio_release(struct fabio *f)
{
	for (size_t i = 0; i < f->nsets; i++)
		free(f->sets[i]);
	buf_release(&f->notes);
	*f = (struct fabio){ 0 };
}

/* A line for each property. */
static void
put_usage(struct buf *out)
{
	for (size_t i = 0; i < fabio_nrows; i++) {
		enum fabio_effect effect = fabio_rows[i].effect;

		buf_addf(out, "  -%s%s\n", fabio_rows[i].name,
		    effect == FABIO_NOTHING   ? " (no effect)"
		    : effect == FABIO_NOT_YET ? " (not supported)"
					      : "");
	}
}

/* lbd's own command line: no file, no run_dir, and a -o for each member. */
static int
run(char *name, const struct fabio *f, const struct daemon_def *def)
{
	char *args[2 * FABIO_MAX_SETS + 8];
	int n = 0;

	args[n++] = name;
	args[n++] = text_borrow("-f");
	args[n++] = text_borrow("/dev/null");
	args[n++] = text_borrow("-r");
	args[n++] = text_borrow("");
	for (size_t i = 0; i < f->nsets; i++) {
		args[n++] = text_borrow("-o");
		args[n++] = f->sets[i];
	}
	args[n] = NULL;
	return daemon_main(n, args, def);
}

int
fabio_main(int argc, char **argv, const struct daemon_def *def)
{
	struct fabio f = { 0 };
	struct buf usage = { 0 };
	struct err err;
	int status = 0;

	if (fabio_parse(&f, argc, argv, environ, &err) == -1) {
		fprintf(stderr, "[FATAL] %s. %s\n", ROVE_VERSION, err.text);
		status = 1;
	} else if (f.version) {
		printf("%s\n", ROVE_VERSION);
	} else if (f.help) {
		put_usage(&usage);
		printf("Usage of %s:\n%s", argv[0], buf_str(&usage));
	} else {
		fputs(buf_str(&f.notes), stderr);
		status = run(argv[0], &f, def);
	}
	buf_release(&usage);
	fabio_release(&f);
	return status;
}
