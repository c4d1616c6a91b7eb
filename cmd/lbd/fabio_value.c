/* What the value of a property comes to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/lbd/fabio_impl.h"
#include "cmd/lbd/kvslice.h"
#include "common/clock.h"
#include "common/mem.h"

static void
add_set(struct fabio *f, const struct fabio_row *row, const char *value)
{
	if (row->effect == FABIO_SETS && f->nsets < FABIO_MAX_SETS)
		f->sets[f->nsets++] = xasprintf("%s=%s", row->member, value);
}

static int
invalid(const struct fabio_row *row, const char *value, const char *why,
    struct err *err)
{
	return err_set(err, ERR_BAD, "invalid %svalue \"%s\" for %s%s: %s",
	    row->value == FABIO_BOOL ? "boolean " : "", value,
	    row->value == FABIO_BOOL ? "-" : "flag -", row->name, why);
}

/* The values that Go takes for a boolean. */
static const char *
bool_of(const char *value)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE",
		"True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE",
		"False" };

	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
		if (strcmp(value, yes[i]) == 0)
			return "true";
	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
		if (strcmp(value, no[i]) == 0)
			return "false";
	return NULL;
}

static int
number(struct fabio *f, const struct fabio_row *row, const char *value,
    struct err *err)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(value, &end, 0);
	if (end == value || *end != '\0' || errno != 0)
		return invalid(row, value, "parse error", err);
	if (row->value == FABIO_STATUS && (n < 100 || n > 999))
		return err_set(err, ERR_BAD,
		    "proxy.noroutestatus must be between 100 and 999");
	if (row->effect == FABIO_SETS && n < 1)
		return err_set(err, ERR_BAD, "%s must be at least 1, not %s",
		    row->name, value);
	add_set(f, row, value);
	return 0;
}

/* In Fabio's words. */
static int
one_of(struct fabio *f, const struct fabio_row *row, const char *const *words,
    const char *value, struct err *err)
{
	for (; *words != NULL; words++)
		if (strcmp(*words, value) == 0) {
			add_set(f, row, value);
			return 0;
		}
	return err_set(err, ERR_BAD, "invalid %s: %s", row->name, value);
}

static int
duration(struct fabio *f, const struct fabio_row *row, const char *value,
    struct err *err)
{
	int64_t ns;

	if (clock_parse_dur(value, &ns) == -1)
		return invalid(row, value, "parse error", err);
	if (row->effect == FABIO_SETS && ns < 0)
		return err_set(err, ERR_BAD, "%s must not be negative: %s",
		    row->name, value);
	add_set(f, row, value);
	return 0;
}

/* The machine itself needs no look-up, for which a container may have neither
 * a file of hosts nor a server. */
static int
url(struct fabio *f, const struct fabio_row *row, const char *value,
    struct err *err)
{
	size_t nhost, n;
	bool is_here;
	char *addr;

	if (strncasecmp(value, "https://", strlen("https://")) == 0)
		return err_set(err, ERR_BAD,
		    "%s: %s: lbd speaks no TLS to a catalog yet", row->name,
		    value);
	if (strncasecmp(value, "http://", strlen("http://")) == 0)
		value += strlen("http://");
	n = strcspn(value, "/");
	nhost = strcspn(value, ":/");
	is_here = nhost == strlen("localhost") &&
		  strncasecmp(value, "localhost", nhost) == 0;
	addr = xasprintf("%s%.*s%s", is_here ? "127.0.0.1" : "",
	    (int)(is_here ? n - nhost : n), is_here ? value + nhost : value,
	    memchr(value, ':', n) == NULL ? ":8500" : "");
	add_set(f, row, addr);
	free(addr);
	return 0;
}

static int
backend(struct fabio *f, const struct fabio_row *row, const char *value,
    struct err *err)
{
	if (strcmp(value, "consul") == 0)
		add_set(f, row, "consul");
	else if (strcmp(value, "static") == 0 || strcmp(value, "file") == 0)
		add_set(f, row, "none");
	else if (strcmp(value, "custom") == 0)
		return err_set(
		    err, ERR_BAD, "registry.backend custom is not supported");
	else
		return err_set(
		    err, ERR_BAD, "unknown registry backend '%s'", value);
	return 0;
}

static int
level(struct fabio *f, const struct fabio_row *row, const char *value,
    struct err *err)
{
	if (strcasecmp(value, "FATAL") == 0)
		value = "ERROR";
	else if (strcasecmp(value, "TRACE") != 0 &&
		 strcasecmp(value, "DEBUG") != 0 &&
		 strcasecmp(value, "INFO") != 0 &&
		 strcasecmp(value, "WARN") != 0 &&
		 strcasecmp(value, "ERROR") != 0)
		return err_set(err, ERR_BAD, "invalid log level '%s'", value);
	add_set(f, row, value);
	return 0;
}

/* --- listeners --- */

static const char *const protocols[] = { "http", "https", "grpc", "grpcs",
	"tcp", "tcp+sni", "tcp-dynamic", "https+tcp+sni", "prometheus" };

static int
check_protocol(const char *proto, bool has_cs, const struct fabio_row *row,
    struct err *err)
{
	bool known = false;

	for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
		known |= strcmp(proto, protocols[i]) == 0;
	if (!known)
		return err_set(err, ERR_BAD, "unknown protocol \"%s\"", proto);
	if (!has_cs &&
	    (strcmp(proto, "https") == 0 || strcmp(proto, "grpcs") == 0))
		return err_set(
		    err, ERR_BAD, "proto '%s' requires cert source", proto);
	if (has_cs &&
	    (strcmp(proto, "http") == 0 || strcmp(proto, "tcp+sni") == 0 ||
		strcmp(proto, "grpc") == 0))
		return err_set(err, ERR_BAD,
		    "cert source requires proto 'https', 'tcp', "
		    "'tcp-dynamic', 'https+tcp+sni', 'prometheus', or "
		    "'grpcs'");
	if (strcmp(proto, "http") != 0)
		return err_set(err, ERR_BAD,
		    "%s: lbd has no listener of proto '%s' yet", row->name,
		    proto);
	return 0;
}

static bool
has_source(const struct fabio *f, const char *name)
{
	struct kvslice s = { 0 };
	bool has = false;

	kvslice_parse(&s, f->cert_sources);
	for (size_t i = 0; i < s.nmaps; i++) {
		const char *cs = kvslice_get(&s.maps[i], "cs");

		has |= cs != NULL && strcmp(cs, name) == 0;
	}
	kvslice_release(&s);
	return has;
}

static int
one_listener(struct fabio *f, const struct fabio_row *row,
    const struct kvslice_map *m, struct err *err)
{
	const char *proto = kvslice_get(m, "proto");
	const char *cs = kvslice_get(m, "cs");
	const char *addr = kvslice_get(m, "");

	if (cs != NULL && !has_source(f, cs))
		return err_set(
		    err, ERR_BAD, "unknown certificate source \"%s\"", cs);
	if (proto == NULL)
		proto = cs != NULL ? "https" : "http";
	if (check_protocol(proto, cs != NULL, row, err) == -1)
		return -1;
	add_set(f, row, addr == NULL ? "" : addr);
	return 0;
}

/* "addr;k=v;k=v"; the options that http listeners have beside proto are
 * timeouts, which lbd has of its own. */
static int
listener(struct fabio *f, const struct fabio_row *row, const char *value,
    struct err *err)
{
	struct kvslice s = { 0 };
	int rc;

	kvslice_parse(&s, value);
	if (s.nmaps > 1)
		rc = err_set(err, ERR_BAD,
		    "%s: %s: lbd has one listener, not several", row->name,
		    value);
	else if (s.nmaps == 0)
		rc = err_set(err, ERR_BAD, "%s is empty", row->name);
	else
		rc = one_listener(f, row, &s.maps[0], err);
	kvslice_release(&s);
	return rc;
}

/* Schemes of credentials are checked, though there are none yet. */
static int
check_auth(const struct kvslice_map *m, struct err *err)
{
	const char *name = kvslice_get(m, "name");
	const char *type = kvslice_get(m, "type");

	if (name == NULL)
		return err_set(err, ERR_BAD, "missing 'name' in auth");
	if (type == NULL || strcmp(type, "basic") != 0)
		return err_set(err, ERR_BAD, "unknown auth type '%s'",
		    type == NULL ? "" : type);
	if (kvslice_get(m, "file") == NULL)
		return err_set(
		    err, ERR_BAD, "missing 'file' in auth '%s'", name);
	return 0;
}

static int
auth(const char *value, struct err *err)
{
	struct kvslice s = { 0 };
	int rc = 0;

	kvslice_parse(&s, value);
	for (size_t i = 0; i < s.nmaps && rc == 0; i++)
		rc = check_auth(&s.maps[i], err);
	kvslice_release(&s);
	return rc;
}

int
fabio_translate(struct fabio *f, const struct fabio_row *row, const char *value,
    struct err *err)
{
	static const char *const strategies[] = { "rnd", "rr", NULL };
	static const char *const matchers[] = { "prefix", "iprefix", "glob",
		NULL };

	switch (row->value) {
	case FABIO_TEXT:
		add_set(f, row, value);
		return 0;
	case FABIO_STRATEGY:
		return one_of(f, row, strategies, value, err);
	case FABIO_MATCHER:
		return one_of(f, row, matchers, value, err);
	case FABIO_BOOL:
		if (bool_of(value) == NULL)
			return invalid(row, value, "parse error", err);
		add_set(f, row, bool_of(value));
		return 0;
	case FABIO_NUMBER:
	case FABIO_STATUS:
		return number(f, row, value, err);
	case FABIO_DURATION:
		return duration(f, row, value, err);
	case FABIO_LISTENER:
		return listener(f, row, value, err);
	case FABIO_URL:
		return url(f, row, value, err);
	case FABIO_BACKEND:
		return backend(f, row, value, err);
	case FABIO_LEVEL:
		return level(f, row, value, err);
	case FABIO_AUTH:
		return auth(value, err);
	}
	return 0;
}
