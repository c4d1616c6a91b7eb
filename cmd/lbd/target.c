#include "cmd/lbd/target.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

/* The port of [host]:port, host:port or host; -1 when it is no number. */
static int
split_authority(
    struct arena *arena, const char *auth, struct target_url *url, bool *found)
{
	const char *at = strrchr(auth, '@'), *host = at ? at + 1 : auth, *end;
	unsigned long port = 0;

	if (*host == '[') {
		end = strchr(++host, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return -1;
		url->host = arena_strndup(arena, host, (size_t)(end - host));
		end++;
	} else {
		end = host + strcspn(host, ":");
		url->host = arena_strndup(arena, host, (size_t)(end - host));
	}
	*found = *end == ':' && end[1] != '\0';
	if (!*found)
		return 0;
	for (end++; *end != '\0'; end++) {
		if (*end < '0' || *end > '9' || port > 65535)
			return -1;
		port = port * 10 + (unsigned long)(*end - '0');
	}
	if (port > 65535)
		return -1;
	url->port = (uint16_t)port;
	return 0;
}

static char *
lower_dup(struct arena *arena, const char *p, size_t n)
{
	char *s = arena_strndup(arena, p, n);

	for (size_t i = 0; i < n; i++)
		if (s[i] >= 'A' && s[i] <= 'Z')
			s[i] = (char)(s[i] - 'A' + 'a');
	return s;
}

/* The tail of a URL: path and query. */
static void
split_path(struct arena *arena, const char *p, struct target_url *url)
{
	const char *query = strchr(p, '?');

	p = arena_strndup(
	    arena, p, query == NULL ? strlen(p) : (size_t)(query - p));
	url->path = p;
	url->query = query == NULL
			 ? NULL
			 : arena_strndup(arena, query + 1, strlen(query + 1));
}

int
target_parse_url(struct arena *arena, const char *text, struct target_url *url,
    struct err *err)
{
	const char *sep = strstr(text, "://"), *p;
	bool has_port = false;
	size_t n;

	*url = (struct target_url){ "", "", "", "", NULL, 0 };
	for (p = text; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return err_set(err, ERR_BAD,
			    "invalid target '%s': a blank or control byte",
			    text);
	if (*text == '/') {
		split_path(arena, text, url);
		return 0;
	}
	if (sep == NULL || sep == text)
		return err_set(err, ERR_BAD,
		    "invalid target '%s': not of the form scheme://host:port/",
		    text);
	url->scheme = lower_dup(arena, text, (size_t)(sep - text));
	p = sep + 3;
	n = strcspn(p, "/?#");
	url->authority = arena_strndup(arena, p, n);
	if (split_authority(arena, url->authority, url, &has_port) == -1)
		return err_set(err, ERR_BAD,
		    "invalid target '%s': '%s' has no valid port", text,
		    url->authority);
	if (!has_port)
		url->port = strcmp(url->scheme, "https") == 0 ? 443 : 80;
	split_path(arena, p + n, url);
	return 0;
}

/* --- options --- */

static void
set_redirect(struct target *t, const char *value, struct buf *notes)
{
	char *end;
	long code = strtol(value, &end, 10);

	if (*value == '\0' || *end != '\0' || code < 300 || code > 399)
		buf_addf(notes,
		    "service %s: redirect=%s is ignored: its code is not 300 "
		    "to 399\n",
		    t->service, value);
	else
		t->redirect = (int)code;
}

static void
set_access(struct target *t, const struct routecmd *cmd, struct buf *notes)
{
	const char *allow = routecmd_opt(cmd, "allow");
	const char *deny = routecmd_opt(cmd, "deny");
	struct err why;

	if (allow == NULL && deny == NULL)
		return;
	if (allow != NULL && deny != NULL) {
		buf_addf(notes,
		    "service %s: allow= and deny= exclude each other: neither "
		    "is used\n",
		    t->service);
		return;
	}
	if (access_parse(
		&t->access, allow != NULL, allow ? allow : deny, &why) == -1)
		buf_addf(notes, "service %s: %s: no rule is used\n", t->service,
		    why.text);
}

static void
set_opts(struct target *t, const struct routecmd *cmd, struct buf *notes)
{
	const struct {
		const char *key;
		const char **to;
	} texts[] = {
		{ "strip", &t->strip },
		{ "prepend", &t->prepend },
		{ "host", &t->set_host },
		{ "auth", &t->auth },
	};
	const char *value;

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		value = routecmd_opt(cmd, texts[i].key);
		*texts[i].to = value == NULL ? "" : value;
	}
	value = routecmd_opt(cmd, "redirect");
	if (value != NULL)
		set_redirect(t, value, notes);
	set_access(t, cmd, notes);
}

static enum target_scheme
scheme_of(const struct target_url *url)
{
	if (strcmp(url->scheme, "http") == 0)
		return TARGET_HTTP;
	if (strcmp(url->scheme, "https") == 0)
		return TARGET_HTTPS;
	if (strcmp(url->scheme, "tcp") == 0)
		return TARGET_TCP;
	return TARGET_OTHER;
}

static const char *
dup(struct arena *arena, const char *s)
{
	return arena_strndup(arena, s, strlen(s));
}

int
target_init(struct target *t, struct arena *arena, const struct routecmd *cmd,
    struct buf *notes, struct err *err)
{
	struct routecmd own = *cmd;

	*t = (struct target){ .service = dup(arena, cmd->service),
		.dst = dup(arena, cmd->dst),
		.fixed_weight = cmd->weight > 0 ? cmd->weight : 0,
		.ntags = cmd->ntags,
		.nopts = cmd->nopts };
	if (target_parse_url(arena, cmd->dst, &t->url, err) == -1)
		return -1;
	t->scheme = scheme_of(&t->url);
	t->tags = arena_alloc(arena, (t->ntags + 1) * sizeof *t->tags);
	for (size_t i = 0; i < t->ntags; i++)
		t->tags[i] = dup(arena, cmd->tags[i]);
	t->opts = arena_alloc(arena, (t->nopts + 1) * sizeof *t->opts);
	for (size_t i = 0; i < t->nopts; i++) {
		t->opts[i].key = dup(arena, cmd->opts[i].key);
		t->opts[i].value = dup(arena, cmd->opts[i].value);
	}
	own.opts = t->opts;
	set_opts(t, &own, notes);
	if (t->url.authority[0] == '\0' && t->redirect == 0) {
		target_release(t);
		return err_set(
		    err, ERR_BAD, "invalid target '%s': no host", cmd->dst);
	}
	return 0;
}

void
target_release(struct target *t)
{
	access_release(&t->access);
}

bool
target_has_tags(const struct target *t, const char *const *tags, size_t ntags)
{
	for (size_t i = 0; i < ntags; i++) {
		size_t k = 0;

		while (k < t->ntags && strcmp(t->tags[k], tags[i]) != 0)
			k++;
		if (k == t->ntags)
			return false;
	}
	return true;
}

/* --- redirects --- */

#define HOST_VAR "$host"
#define PATH_VAR "$path"

/* Appends text with the first `var` in it replaced. */
static void
add_filled(struct buf *out, const char *text, size_t n, const char *var,
    const char *value, size_t nvalue)
{
	const char *at = memmem(text, n, var, strlen(var));

	if (at == NULL) {
		buf_add(out, text, n);
		return;
	}
	buf_add(out, text, (size_t)(at - text));
	buf_add(out, value, nvalue);
	at += strlen(var);
	buf_add(out, at, (size_t)(text + n - at));
}

/* The request's path as $path gives it: stripped and prepended. */
static void
add_own_path(
    struct buf *out, const struct target *t, const char *path, size_t npath)
{
	size_t nstrip = strlen(t->strip);

	if (t->prepend[0] != '\0') {
		if (t->prepend[0] != '/')
			buf_addc(out, '/');
		buf_adds(out, t->prepend);
	}
	if (nstrip > 0 && npath >= nstrip &&
	    memcmp(path, t->strip, nstrip) == 0) {
		path += nstrip;
		npath -= nstrip;
	}
	buf_add(out, path, npath);
}

void
target_redirect(const struct target *t, const char *host, size_t nhost,
    const char *path, size_t npath, const char *query, struct buf *out,
    size_t *path_at)
{
	const char *auth = t->url.authority, *form = t->url.path, *at;
	size_t nauth = strlen(auth), nvar = strlen(PATH_VAR);
	struct buf own = { 0 };

	if (nauth >= nvar && strcmp(auth + nauth - nvar, PATH_VAR) == 0) {
		nauth -= nvar;
		form = PATH_VAR;
	}
	if (t->url.scheme[0] != '\0')
		buf_addf(out, "%s://", t->url.scheme);
	add_filled(out, auth, nauth, HOST_VAR, host, nhost);
	*path_at = out->len;
	at = strstr(form, PATH_VAR);
	if (at != NULL) {
		size_t before = (size_t)(at - form);

		add_own_path(&own, t, path, npath);
		/* The path brings its own slash. */
		if (before > 0 && at[-1] == '/')
			before--;
		buf_add(out, form, before);
		buf_add(out, buf_str(&own), own.len);
		buf_adds(out, at + nvar);
		buf_release(&own);
	} else {
		buf_adds(out, form);
	}
	if (out->len == *path_at)
		buf_addc(out, '/');
	if (t->url.query != NULL && t->url.query[0] != '\0')
		buf_addf(out, "?%s", t->url.query);
	else if (at != NULL && query != NULL && query[0] != '\0')
		buf_addf(out, "?%s", query);
}
