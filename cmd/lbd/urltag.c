#include "cmd/lbd/urltag.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/lbd/routecmd.h"
#include "common/mem.h"

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

static void
add_var(
    struct buf *out, const struct urltag_var *vars, const char *name, size_t n)
{
	for (; vars != NULL && vars->name != NULL; vars++) {
		if (strlen(vars->name) == n &&
		    memcmp(vars->name, name, n) == 0) {
			buf_adds(out, vars->value);
			return;
		}
	}
}

/* Copies n bytes of text with $name and ${name} replaced. */
static void
expand(struct buf *out, const char *p, size_t n, const struct urltag_var *vars)
{
	const char *end = p + n;

	while (p < end) {
		const char *name = p + 1, *stop;

		if (*p != '$' || name == end) {
			buf_addc(out, *p++);
			continue;
		}
		if (*name == '{') {
			name++;
			stop = memchr(name, '}', (size_t)(end - name));
			if (stop == NULL)
				return;
			add_var(out, vars, name, (size_t)(stop - name));
			p = stop + 1;
			continue;
		}
		stop = name;
		while (stop < end && is_name(*stop))
			stop++;
		add_var(out, vars, name, (size_t)(stop - name));
		p = stop;
	}
}

static void
lower(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
}

/* Hosts are compared in lower case; paths keep theirs. */
static void
add_src(struct buf *src, const char *p, size_t n, const struct urltag_var *vars)
{
	const char *slash = memchr(p, '/', n);
	size_t start = src->len, nhost;

	if (slash == NULL || *p == ':') {
		buf_add(src, p, n);
		return;
	}
	nhost = (size_t)(slash - p);
	expand(src, p, nhost, vars);
	if (src->len > start)
		lower(src->data + start, src->len - start);
	buf_addc(src, '/');
	expand(src, slash + 1, n - nhost - 1, vars);
}

bool
urltag_parse(const char *tag, const char *prefix, const struct urltag_var *vars,
    struct buf *src, struct buf *opts)
{
	size_t nprefix = strlen(prefix), n;

	while (is_blank(*tag))
		tag++;
	if (strncmp(tag, prefix, nprefix) != 0)
		return false;
	tag += nprefix;
	while (is_blank(*tag))
		tag++;
	n = strcspn(tag, " ");
	while (n > 0 && is_blank(tag[n - 1]))
		n--;
	if (n > 0)
		add_src(src, tag, n, vars);
	for (tag += n; *tag != '\0'; tag += n) {
		while (is_blank(*tag))
			tag++;
		for (n = 0; tag[n] != '\0' && !is_blank(tag[n]);)
			n++;
		if (n > 0 && opts->len > 0)
			buf_addc(opts, ' ');
		buf_add(opts, tag, n);
	}
	return true;
}

/* What a tag's options make of a route. */
struct parts {
	struct buf dst, weight, opts;
};

static void
parts_release(struct parts *p)
{
	buf_release(&p->dst);
	buf_release(&p->weight);
	buf_release(&p->opts);
}

static void
set_dst(struct parts *p, const struct urltag_service *svc, const char *scheme,
    const char *tail)
{
	bool v6 = strchr(svc->address, ':') != NULL;

	buf_reset(&p->dst);
	buf_addf(&p->dst, "%s://%s%s%s:%u%s", scheme, v6 ? "[" : "",
	    svc->address, v6 ? "]" : "", (unsigned)svc->port, tail);
}

/* redirect=<code>,<url>: the URL becomes the destination. */
static void
take_redirect(struct parts *p, const char *value, struct err *err)
{
	const char *comma = strchr(value, ',');

	if (comma == NULL || strchr(comma + 1, ',') != NULL) {
		err_set(err, ERR_BAD,
		    "redirect=%s should be redirect=<code>,<url>", value);
		return;
	}
	buf_reset(&p->dst);
	buf_adds(&p->dst, comma + 1);
	buf_addf(&p->opts, "%sredirect=%.*s", p->opts.len > 0 ? " " : "",
	    (int)(comma - value), value);
}

static void
take_opt(struct parts *p, const struct urltag_service *svc, const char *opt,
    struct err *err)
{
	static const char *const schemes[] = { "tcp", "https", "grpc",
		"grpcs" };

	if (strncmp(opt, "weight=", 7) == 0) {
		buf_reset(&p->weight);
		buf_adds(&p->weight, opt + 7);
		return;
	}
	if (strncmp(opt, "redirect=", 9) == 0) {
		take_redirect(p, opt + 9, err);
		return;
	}
	if (strcmp(opt, "proto=http") == 0)
		return;
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		if (strncmp(opt, "proto=", 6) == 0 &&
		    strcmp(opt + 6, schemes[i]) == 0) {
			set_dst(p, svc, schemes[i], "");
			return;
		}
	}
	if (p->opts.len > 0)
		buf_addc(&p->opts, ' ');
	buf_adds(&p->opts, opt);
}

static bool
is_routed(const char *tag, const char *prefix)
{
	while (is_blank(*tag))
		tag++;
	return strncmp(tag, prefix, strlen(prefix)) == 0;
}

/* The tags that are no routes, which `route del` and `route weight` use. */
static void
add_tags(struct buf *line, const struct urltag_service *svc, const char *prefix)
{
	const char *sep = " tags \"";

	for (size_t i = 0; i < svc->ntags; i++) {
		if (is_routed(svc->tags[i], prefix) ||
		    strpbrk(svc->tags[i], "\"\n\r") != NULL)
			continue;
		buf_adds(line, sep);
		buf_adds(line, svc->tags[i]);
		sep = ",";
	}
	if (*sep == ',')
		buf_addc(line, '"');
}

/* Whether the line says one `route add` and nothing else. */
static int
check_line(const struct buf *line, const char *tag, struct err *err)
{
	struct routecmd_list list = { 0 };
	struct err why;
	int rc = routecmd_parse(&list, buf_str(line), line->len, &why);

	if (rc == 0 && list.ncmds != 1)
		rc = err_set(&why, ERR_BAD, "it has a line break");
	routecmd_release(&list);
	if (rc == -1)
		return err_set(err, ERR_BAD, "tag '%s': %s", tag, why.text);
	return 0;
}

static int
add_command(const struct urltag_service *svc, const char *tag,
    const char *prefix, const struct urltag_var *vars, struct buf *out,
    struct err *err)
{
	struct buf src = { 0 }, opts = { 0 }, line = { 0 };
	struct parts parts = { 0 };
	char *save = NULL;
	int rc = -1;

	urltag_parse(tag, prefix, vars, &src, &opts);
	if (src.len == 0) {
		err_set(err, ERR_BAD, "tag '%s': the route is empty", tag);
		goto out;
	}
	set_dst(&parts, svc, "http", "/");
	for (char *opt = opts.len > 0 ? strtok_r(opts.data, " ", &save) : NULL;
	     opt != NULL; opt = strtok_r(NULL, " ", &save))
		take_opt(&parts, svc, opt, err);
	buf_addf(&line, "route add %s %s %s", svc->name, src.data,
	    buf_str(&parts.dst));
	if (parts.weight.len > 0)
		buf_addf(&line, " weight %s", parts.weight.data);
	add_tags(&line, svc, prefix);
	if (parts.opts.len > 0)
		buf_addf(&line, " opts \"%s\"", parts.opts.data);
	rc = check_line(&line, tag, err);
	if (rc == 0)
		buf_addf(out, "%s\n", line.data);
out:
	parts_release(&parts);
	buf_release(&src);
	buf_release(&opts);
	buf_release(&line);
	return rc;
}

size_t
urltag_commands(const struct urltag_service *svc, const char *prefix,
    const struct urltag_var *vars, struct buf *out, struct err *err)
{
	size_t nbad = 0;

	for (size_t i = 0; i < svc->ntags; i++)
		if (is_routed(svc->tags[i], prefix) &&
		    add_command(svc, svc->tags[i], prefix, vars, out, err) ==
			-1)
			nbad++;
	return nbad;
}

static int
by_text_down(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

void
urltag_sort_lines(struct buf *text)
{
	struct buf out = { 0 };
	char **lines = NULL, *save = NULL;
	size_t n = 0, cap = 0;

	if (text->len == 0)
		return;
	for (char *line = strtok_r(text->data, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		lines = xgrow(lines, n, &cap, sizeof *lines);
		lines[n++] = line;
	}
	if (n > 0)
		qsort(lines, n, sizeof *lines, by_text_down);
	for (size_t i = 0; i < n; i++)
		buf_addf(&out, "%s\n", lines[i]);
	free(lines);
	buf_release(text);
	*text = out;
}
