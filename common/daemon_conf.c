#include "common/daemon_impl.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/version.h"

static void
usage(const struct daemon_def *def, FILE *to)
{
	fprintf(to,
	    "usage: %s [-nv] [-f FILE] [-l LEVEL] [-o NAME=VALUE]\n"
	    "       [-P PID] [-R FD] [-r DIR]\n"
	    "  -f FILE        read this config%s\n"
	    "  -n             check the config and exit; with -v print it\n"
	    "  -l LEVEL       log level: trace, debug, info, warn, error\n"
	    "  -o NAME=VALUE  set one member of the config\n"
	    "  -r DIR         keep sockets below this directory\n"
	    "  -R FD          write a newline there when serving\n"
	    "  -P PID         stop when this, the parent, does\n"
	    "  -h, -V         print this, or the version\n",
	    def->name,
	    def->config_from_agent == NULL ? ""
					   : " (.hcl, .json: an agent file)");
}

static int
parse_number(const char *text, int *number)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < 0 || n > INT_MAX)
		return -1;
	*number = (int)n;
	return 0;
}

static int
wrong(const struct daemon_def *def, const char *what)
{
	fprintf(stderr, "%s: %s\n", def->name, what);
	usage(def, stderr);
	return -1;
}

static int
parse_one(struct daemon_opts *o, int c, const struct daemon_def *def)
{
	switch (c) {
	case 'f':
		o->path = optarg;
		return 0;
	case 'n':
		o->check_only = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case 'l':
		o->level = optarg;
		return 0;
	case 'r':
		o->run_dir = optarg;
		return 0;
	case 'P':
		if (parse_number(optarg, &o->parent) == 0 && o->parent > 0)
			return 0;
		return wrong(def, "-P: expected a process's number");
	case 'R':
		if (parse_number(optarg, &o->ready_fd) == 0)
			return 0;
		return wrong(def, "-R: expected a descriptor's number");
	case 'o':
		if (strchr(optarg, '=') == NULL)
			return wrong(def, "-o: expected NAME=VALUE");
		if (o->nsets == DAEMON_MAX_OPTIONS)
			return wrong(def, "-o: too many");
		o->sets[o->nsets++] = optarg;
		return 0;
	case 'h':
		usage(def, stdout);
		o->done = true;
		return 0;
	case 'V':
		printf("%s %s\n", def->name, ROVE_VERSION);
		o->done = true;
		return 0;
	default:
		usage(def, stderr);
		return -1;
	}
}

int
daemon_opts_parse(
    struct daemon_opts *o, int argc, char **argv, const struct daemon_def *def)
{
	static char usual[PATH_MAX];
	static const struct option words[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c;

	memset(o, 0, sizeof *o);
	o->ready_fd = -1;
	optind = 1;
	while ((c = getopt_long(argc, argv, "f:nvl:r:o:R:P:hV", words, NULL)) !=
	       -1)
		if (parse_one(o, c, def) == -1)
			return -1;
	if (optind < argc)
		return wrong(def, "no arguments expected");
	snprintf(usual, sizeof usual, "%s/%s.conf", DAEMON_CONF_DIR, def->name);
	if (o->path == NULL && access(usual, F_OK) == 0)
		o->path = usual;
	return 0;
}

/* --- config --- */

static bool
has_suffix(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);

	return n > m && strcmp(path + n - m, suffix) == 0;
}

static int
read_file(const struct daemon_def *def, void *config, const char *path,
    struct err *err)
{
	if (!has_suffix(path, ".hcl") && !has_suffix(path, ".json"))
		return rec_from_conf(def->config_type, config, path, err);
	if (def->config_from_agent == NULL)
		return err_set(err, ERR_BAD, "%s: %s does not read agent files",
		    path, def->name);
	return def->config_from_agent(def, config, path, err);
}

/* The row that a name leads to; *name moves to its last part. */
static const struct rec_field *
row_find(const struct rec_type *t, const char *name, size_t n)
{
	for (size_t i = 0; i < t->nfields; i++) {
		const struct rec_field *f = &t->fields[i];
		const char *is = f->hcl != NULL ? f->hcl : f->name;

		if (strlen(is) == n && strncmp(is, name, n) == 0)
			return f;
	}
	return NULL;
}

static bool
wants_quotes(const struct rec_field *f, const char *value)
{
	return f->shape == REC_ONE && *value != '"' &&
	       (f->kind == REC_K_STR || f->kind == REC_K_DUR ||
		   f->kind == REC_K_TIME);
}

static void
add_value(struct buf *b, const struct rec_field *f, const char *value)
{
	if (!wants_quotes(f, value)) {
		buf_adds(b, value);
		return;
	}
	buf_addc(b, '"');
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buf_addc(b, '\\');
		if (*value == '\n')
			buf_adds(b, "\\n");
		else
			buf_addc(b, *value);
	}
	buf_addc(b, '"');
}

/* a.b=1 becomes a = { b = 1; }; as a config file says it. */
static int
option_text(
    const struct rec_type *t, const char *set, struct buf *b, struct err *err)
{
	const struct rec_field *f;
	size_t n, depth = 0;

	for (;; depth++) {
		n = strcspn(set, ".=");
		f = t == NULL ? NULL : row_find(t, set, n);
		if (f == NULL)
			return err_set(err, ERR_BAD, "no member is called %.*s",
			    (int)n, set);
		buf_add(b, set, n);
		buf_adds(b, " = ");
		if (set[n] == '=')
			break;
		buf_adds(b, "{ ");
		t = f->type;
		set += n + 1;
	}
	add_value(b, f, set + n + 1);
	buf_adds(b, ";");
	while (depth-- > 0)
		buf_adds(b, " };");
	buf_adds(b, "\n");
	return 0;
}

/* Read as if it were a file, so that it is understood in the same way. */
static int
read_text(const struct rec_type *t, void *config, const struct buf *b,
    struct err *err)
{
	int fd = memfd_create("option", MFD_CLOEXEC);
	char path[64];
	size_t n;
	int rv;

	if (fd == -1 || write(fd, b->data, b->len) != (ssize_t)b->len)
		log_fatal("no memory for an option");
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	rv = rec_from_conf(t, config, path, err);
	n = strlen(path);
	if (rv == -1 && strncmp(err->text, path, n) == 0) {
		n += strspn(err->text + n, ":0123456789 ");
		memmove(err->text, err->text + n, strlen(err->text + n) + 1);
	}
	close(fd);
	return rv;
}

static int
read_option(const struct daemon_def *def, void *config, const char *set,
    struct err *err)
{
	struct buf b = { 0 };
	int rv = option_text(def->config_type, set, &b, err);

	if (rv == 0)
		rv = read_text(def->config_type, config, &b, err);
	buf_release(&b);
	return rv == 0 ? 0 : err_add(err, "-o %s", set);
}

static void
set_text(char **at, const char *text)
{
	free(*at);
	*at = xstrdup(text);
}

static void
fill_defaults(struct daemon_config *c)
{
	if (c->run_dir == NULL)
		c->run_dir = xstrdup(DAEMON_RUN_DIR);
	if (c->data_dir == NULL)
		c->data_dir = xstrdup("");
	if (c->log_level == NULL)
		c->log_level = xstrdup("INFO");
	if (c->user == NULL)
		c->user = xstrdup("");
	if (c->group == NULL)
		c->group = xstrdup("");
	if (c->collection_interval == 0)
		c->collection_interval = CLOCK_NS_PER_S;
}

static int
check_common(const struct daemon_def *def, const struct daemon_config *c,
    struct err *err)
{
	const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
	enum log_level level;
	size_t n = strlen(c->run_dir) + strlen("/") + strlen(def->name) +
		   strlen("/ctl.sock");

	if (c->run_dir[0] == '\0' && def->may_be_alone)
		n = 0;
	else if (c->run_dir[0] != '/')
		return err_set(
		    err, ERR_BAD, "run_dir: %s must begin with /", c->run_dir);
	if (n > room)
		return err_set(err, ERR_BAD,
		    "run_dir: a socket's path has at most %zu bytes, and "
		    "%s/%s/ctl.sock has %zu",
		    room, c->run_dir, def->name, n);
	if (c->data_dir[0] != '\0' && c->data_dir[0] != '/')
		return err_set(err, ERR_BAD, "data_dir: %s must begin with /",
		    c->data_dir);
	if (log_level_parse(c->log_level, &level) == -1)
		return err_set(err, ERR_BAD,
		    "log_level: %s is none of trace, debug, info, warn, error",
		    c->log_level);
	if (c->collection_interval < DAEMON_MIN_COLLECTION)
		return err_set(
		    err, ERR_BAD, "collection_interval: at least 100ms");
	return 0;
}

static int
fill(const struct daemon_def *def, const struct daemon_opts *opts, void *config,
    struct err *err)
{
	struct daemon_config *common = config;

	if (opts->path != NULL && read_file(def, config, opts->path, err) == -1)
		return -1;
	for (size_t i = 0; i < opts->nsets; i++)
		if (read_option(def, config, opts->sets[i], err) == -1)
			return -1;
	if (opts->level != NULL)
		set_text(&common->log_level, opts->level);
	if (opts->run_dir != NULL)
		set_text(&common->run_dir, opts->run_dir);
	fill_defaults(common);
	if (check_common(def, common, err) == -1 ||
	    (def->config_check != NULL && def->config_check(config, err) == -1))
		return opts->path == NULL ? -1 : err_add(err, "%s", opts->path);
	return 0;
}

void *
daemon_config_load(const struct daemon_def *def, const struct daemon_opts *opts,
    struct err *err)
{
	void *config = xcalloc(1, def->config_type->size);

	if (def->config_init != NULL)
		def->config_init(config);
	fill_defaults(config);
	if (fill(def, opts, config, err) == 0)
		return config;
	daemon_config_free(def, config);
	return NULL;
}

void
daemon_config_free(const struct daemon_def *def, void *config)
{
	if (config == NULL)
		return;
	rec_clear(def->config_type, config);
	free(config);
}
