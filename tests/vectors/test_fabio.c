/*
 * Recorded cases of Fabio's behaviour, one JSON object a line, each set with
 * its adapter here. Every set prints "fabio.<set>: N of M"; all must pass.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cmd/lbd/access.h"
#include "cmd/lbd/fabio.h"
#include "cmd/lbd/forward.h"
#include "cmd/lbd/kvslice.h"
#include "cmd/lbd/match.h"
#include "cmd/lbd/passing.h"
#include "cmd/lbd/routecmd.h"
#include "cmd/lbd/rtable.h"
#include "cmd/lbd/urltag.h"
#include "common/mem.h"
#include "common/tree.h"
#include "tests/lib/unit.h"
#include "tests/lib/vectors.h"

#define MAX_ITEMS 4096

static double
number_of(const struct tree *v)
{
	if (v == NULL)
		return 0;
	return v->kind == TREE_FLOAT ? v->f : (double)v->i;
}

/* The list's items, one a line. */
static void
join(const struct tree *v, struct buf *out)
{
	for (size_t i = 0; i < vector_count(v); i++)
		buf_addf(out, "%s\n", v->items[i]->str);
}

/* --- the language and tags --- */

static bool
same_tags(const struct routecmd *c, const struct tree *want)
{
	if (vector_count(want) != c->ntags)
		return false;
	for (size_t i = 0; i < c->ntags; i++)
		if (strcmp(want->items[i]->str, c->tags[i]) != 0)
			return false;
	return true;
}

/* Options are compared where the case tells them. */
static bool
same_opts(const struct routecmd *c, const struct tree *want)
{
	if (want == NULL)
		return true;
	if (want->nmembers != c->nopts)
		return false;
	for (size_t i = 0; i < c->nopts; i++)
		if (strcmp(want->members[i].key, c->opts[i].key) != 0 ||
		    strcmp(want->members[i].value->str, c->opts[i].value) != 0)
			return false;
	return true;
}

static bool
same_cmd(const struct routecmd *c, const struct tree *want)
{
	return strcmp(vector_str(want, "cmd"), routecmd_verb_name(c->verb)) ==
		   0 &&
	       strcmp(vector_str(want, "service"), c->service) == 0 &&
	       strcmp(vector_str(want, "src"), c->src) == 0 &&
	       strcmp(vector_str(want, "dst"), c->dst) == 0 &&
	       memcmp(&(double){ number_of(tree_get(want, "weight")) },
		   &c->weight, sizeof c->weight) == 0 &&
	       same_tags(c, tree_get(want, "tags")) &&
	       same_opts(c, tree_get(want, "opts"));
}

static bool
run_parse(const struct tree *t, struct buf *why)
{
	const struct tree *want = tree_get(t, "out");
	const char *in = vector_str(t, "in");
	struct routecmd_list list = { 0 };
	int rc = routecmd_parse(&list, in, strlen(in), NULL);
	bool ok = (rc == -1) == vector_bool(t, "fail");

	(void)why;
	if (rc == 0)
		ok = ok && list.ncmds == vector_count(want);
	for (size_t i = 0; ok && rc == 0 && i < list.ncmds; i++)
		ok = same_cmd(&list.cmds[i], want->items[i]);
	routecmd_release(&list);
	return ok;
}

static bool
run_parse_aliases(const struct tree *t, struct buf *why)
{
	const struct tree *want = tree_get(t, "out");
	const char *in = vector_str(t, "in");
	struct routecmd_list list = { 0 };
	int rc = routecmd_parse(&list, in, strlen(in), NULL);
	bool ok = (rc == -1) == vector_bool(t, "fail");
	size_t n = 0;

	(void)why;
	for (size_t i = 0; rc == 0 && i < list.ncmds; i++) {
		const char *alias = routecmd_opt(&list.cmds[i], "register");

		if (alias == NULL)
			continue;
		ok = ok && n < vector_count(want) &&
		     strcmp(want->items[n]->str, alias) == 0;
		n++;
	}
	routecmd_release(&list);
	return ok && n == vector_count(want);
}

static bool
run_tag_parse(const struct tree *t, struct buf *why)
{
	const struct tree *env = tree_get(t, "env");
	struct urltag_var vars[8] = { { NULL, NULL } };
	struct buf src = { 0 }, opts = { 0 };
	bool ok;

	(void)why;
	for (size_t i = 0; i < env->nmembers && i < 7; i++)
		vars[i] = (struct urltag_var){ env->members[i].key,
			env->members[i].value->str };
	ok = urltag_parse(vector_str(t, "tag"), vector_str(t, "prefix"), vars,
		 &src, &opts) == vector_bool(t, "ok") &&
	     strcmp(buf_str(&src), vector_str(t, "route")) == 0 &&
	     strcmp(buf_str(&opts), vector_str(t, "opts")) == 0;
	buf_release(&src);
	buf_release(&opts);
	return ok;
}

static bool
run_tag_build(const struct tree *t, struct buf *why)
{
	const struct tree *svc = tree_get(t, "svc");
	const struct tree *tags = tree_get(svc, "ServiceTags");
	char *list[16];
	struct urltag_service s = { .name = vector_str(svc, "ServiceName"),
		.address = vector_str(svc, "ServiceAddress"),
		.port = (uint16_t)tree_get(svc, "ServicePort")->i,
		.tags = list,
		.ntags = vector_count(tags) };
	struct buf got = { 0 }, want = { 0 };
	bool ok;

	(void)why;
	for (size_t i = 0; i < s.ntags && i < 16; i++)
		list[i] = tags->items[i]->str;
	ok =
	    urltag_commands(&s, vector_str(t, "prefix"), NULL, &got, NULL) == 0;
	join(tree_get(t, "out"), &want);
	ok = ok && strcmp(buf_str(&got), buf_str(&want)) == 0;
	buf_release(&got);
	buf_release(&want);
	return ok;
}

static struct passing_check
check_of(const struct tree *t)
{
	return (struct passing_check){ vector_str(t, "Node"),
		vector_str(t, "CheckID"), vector_str(t, "ServiceID"),
		vector_str(t, "ServiceName"), vector_str(t, "Status") };
}

static bool
run_passing(const struct tree *t, struct buf *why)
{
	const struct tree *in = tree_get(t, "in"), *want = tree_get(t, "out");
	const struct tree *statuses = tree_get(t, "status");
	struct passing_check checks[16];
	const char *allowed[8];
	bool keep[16];
	size_t n = vector_count(in), at = 0;

	(void)why;
	for (size_t i = 0; i < n; i++)
		checks[i] = check_of(in->items[i]);
	for (size_t i = 0; i < vector_count(statuses); i++)
		allowed[i] = statuses->items[i]->str;
	passing_filter(checks, n, allowed, vector_count(statuses),
	    vector_bool(t, "strict"), keep);
	for (size_t i = 0; i < n; i++) {
		if (!keep[i])
			continue;
		if (at == vector_count(want) ||
		    !tree_equal(in->items[i], want->items[at++]))
			return false;
	}
	return at == vector_count(want);
}

/* --- the table --- */

static struct rtable *
table_of(const struct tree *lines, const struct rtable_options *o)
{
	struct buf text = { 0 };
	struct rtable *table;

	join(lines, &text);
	table = rtable_new(buf_str(&text), text.len, o, NULL);
	buf_release(&text);
	return table;
}

/* Looks up and compares; expects a destination or a redirect. */
static bool
look_up(struct rtable *table, const struct rtable_query *q, const char *dst,
    int code, const char *location)
{
	struct rng rng;
	struct buf url = { 0 };
	struct rtable_reader reader = { .strategy = RTABLE_RANDOM,
		.rng = &rng };
	struct rtable_hit hit;
	bool ok;

	rng_init(&rng, 1);
	ok = rtable_lookup(table, &reader, q, &hit, &url);
	if (ok && dst != NULL)
		ok = strcmp(hit.target->dst, dst) == 0;
	if (ok && location != NULL)
		ok = hit.target->redirect == code &&
		     strcmp(buf_str(&url), location) == 0;
	buf_release(&url);
	return ok;
}

static bool
run_lookup(const struct tree *t, struct buf *why)
{
	const struct tree *req = tree_get(t, "req");
	const struct tree *redirect = tree_get(t, "redirect");
	const struct tree *proto =
	    tree_get(tree_get(req, "headers"), "X-Forwarded-Proto");
	struct rtable_options o = { .no_globs = !vector_bool(t, "glob") };
	struct rtable_query q = { .host = vector_str(req, "host"),
		.path = vector_str(req, "path"),
		.tls = vector_bool(req, "tls"),
		.forwarded_proto = tree_get_str(proto, "0") };
	struct rtable *table;
	bool ok;

	(void)why;
	match_kind_parse(vector_str(t, "matcher"), &o.matcher);
	q.nhost = strlen(q.host);
	q.npath = q.nsent_path = strlen(q.path);
	q.sent_path = q.path;
	table = table_of(tree_get(t, "table"), &o);
	if (table == NULL)
		return false;
	ok = look_up(table, &q, tree_get_str(t, "dst"),
	    redirect == NULL ? 0 : (int)redirect->items[0]->i,
	    redirect == NULL ? NULL : redirect->items[1]->str);
	rtable_unref(table);
	return ok;
}

static bool
run_matcher(const struct tree *t, struct buf *why)
{
	const char *uri = vector_str(t, "uri");
	enum match_kind kind;

	(void)why;
	return match_kind_parse(vector_str(t, "matcher"), &kind) == 0 &&
	       match_path(kind, vector_str(t, "route"), uri, strlen(uri)) ==
		   vector_bool(t, "matches");
}

static bool
run_normalize_host(const struct tree *t, struct buf *why)
{
	const char *host = vector_str(t, "host"), *want = vector_str(t, "out");
	size_t n = match_host_len(host, strlen(host), vector_bool(t, "tls"));

	(void)why;
	return n == strlen(want) && memcmp(host, want, n) == 0;
}

static bool
run_path_normalize(const struct tree *t, struct buf *why)
{
	const char *path = vector_str(t, "requestPath");
	struct buf norm = { 0 };
	bool same, ok;

	(void)why;
	ok = match_clean_path(path, strlen(path), &norm, &same) == 0 &&
	     strcmp(norm.data, vector_str(t, "expectedPath")) == 0;
	buf_release(&norm);
	return ok;
}

static bool
run_path_redirect(const struct tree *t, struct buf *why)
{
	static const char text[] =
	    "route add mock / http://a.com/$path opts \"redirect=301\"\n"
	    "route add mock /foo http://a.com/abc opts \"redirect=301\"\n"
	    "route add mock /bar http://b.com/$path opts \"redirect=302 "
	    "strip=/bar\"\n";
	struct rtable_options o = { 0 };
	const char *path = vector_str(t, "req");
	struct rtable_query q = { .host = "",
		.path = path,
		.npath = strlen(path),
		.sent_path = path,
		.nsent_path = strlen(path) };
	struct rtable *table = rtable_new(text, strlen(text), &o, NULL);
	bool ok = look_up(table, &q, NULL, (int)tree_get(t, "wantCode")->i,
	    vector_str(t, "wantLoc"));

	(void)why;
	rtable_unref(table);
	return ok;
}

static bool
run_redirect(const struct tree *t, struct buf *why)
{
	const char *route = vector_str(t, "route"), *req = vector_str(t, "req");
	const char *host = strstr(req, "://") + 3;
	const char *path = host + strcspn(host, "/");
	const char *query = strchr(path, '?');
	struct rtable_options o = { 0 };
	struct rtable *table = rtable_new(route, strlen(route), &o, NULL);
	struct buf url = { 0 };
	size_t at;
	bool ok;

	(void)why;
	if (table == NULL || table->nroutes != 1)
		return false;
	target_redirect(&table->hosts[0].routes[0].targets[0], host,
	    (size_t)(path - host), path, strcspn(path, "?"),
	    query == NULL ? NULL : query + 1, &url, &at);
	ok = strcmp(url.data, vector_str(t, "want")) == 0;
	buf_release(&url);
	rtable_unref(table);
	return ok;
}

static bool
run_table_weights(const struct tree *t, struct buf *why)
{
	struct rtable_options o = { 0 };
	struct rtable *table = table_of(tree_get(t, "in"), &o);
	struct buf got = { 0 }, want = { 0 };
	bool ok;

	(void)why;
	if (table == NULL)
		return false;
	rtable_format(table, true, &got);
	join(tree_get(t, "out"), &want);
	ok = strcmp(buf_str(&got), buf_str(&want)) == 0;
	buf_release(&got);
	buf_release(&want);
	rtable_unref(table);
	return ok;
}

/* --- what is done to requests --- */

static size_t
fields_of(const struct tree *t, struct http_field *fields, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; t != NULL && i < t->nmembers; i++) {
		const struct tree *v = t->members[i].value;
		size_t nvalues = v->kind == TREE_MAP ? v->nmembers : v->nitems;

		for (size_t k = 0; k < nvalues && n < max; k++, n++) {
			fields[n].name = t->members[i].key;
			fields[n].name_len = strlen(fields[n].name);
			fields[n].value = v->kind == TREE_MAP
					      ? v->members[k].value->str
					      : v->items[k]->str;
			fields[n].value_len = strlen(fields[n].value);
		}
	}
	return n;
}

/* The value of a field among complete lines, or NULL; n is its length. */
static const char *
line_value(const char *lines, const char *name, size_t *n)
{
	size_t nname = strlen(name);

	for (; *lines != '\0'; lines = strstr(lines, "\r\n") + 2) {
		if (strncasecmp(lines, name, nname) != 0 ||
		    strncmp(lines + nname, ": ", 2) != 0)
			continue;
		lines += nname + 2;
		*n = strcspn(lines, "\r");
		return lines;
	}
	return NULL;
}

/* Connection is this hop's own and is never sent on. */
static bool
same_lines(const char *lines, const struct tree *want)
{
	for (size_t i = 0; i < want->nmembers; i++) {
		const char *text = want->members[i].value->items[0]->str, *got;
		size_t n;

		if (strcmp(want->members[i].key, "Connection") == 0)
			continue;
		got = line_value(lines, want->members[i].key, &n);
		if (got == NULL || n != strlen(text) ||
		    memcmp(got, text, n) != 0)
			return false;
	}
	return true;
}

static const char *
tls_text(const char *go)
{
	static const char *const known[][2] = {
		{ "$$tls.VersionTLS10", "tls10" },
		{ "$$tls.VersionTLS13", "tls13" },
		{ "$$tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "0xc023" },
		{ "$$tls.TLS_CHACHA20_POLY1305_SHA256", "0x1303" },
	};

	for (size_t i = 0; i < 4; i++)
		if (strcmp(go, known[i][0]) == 0)
			return known[i][1];
	return "";
}

static bool
run_headers(const struct tree *t, struct buf *why)
{
	const struct tree *cfg = tree_get(t, "cfg"), *r = tree_get(t, "r");
	const struct tree *tls = tree_get(r, "TLS");
	struct http_field fields[16];
	struct forward_options o = { vector_str(cfg, "LocalIP"),
		vector_str(cfg, "ClientIPHeader"), "",
		vector_str(cfg, "TLSHeader"),
		vector_str(cfg, "TLSHeaderValue") };
	struct forward_request req = { .fields = fields,
		.peer = vector_str(r, "RemoteAddr"),
		.host = vector_str(r, "Host"),
		.proto = vector_str(r, "Proto"),
		.tls = tls != NULL,
		.tls_version = tls_text(vector_str(tls, "Version")),
		.tls_cipher = tls_text(vector_str(tls, "CipherSuite")),
		.strip = vector_str(t, "strip"),
		.new_id = "" };
	struct buf out = { 0 };
	struct err err;
	size_t n;
	bool ok;

	(void)why;
	req.nfields = fields_of(tree_get(r, "Header"), fields, 16);
	for (size_t i = 0; i < req.nfields; i++)
		if (strcmp(fields[i].name, "Upgrade") == 0)
			req.websocket = true;
	if (forward_fields(&o, &req, &out, &err) == -1) {
		buf_release(&out);
		return strcmp(err.text, vector_str(t, "err")) == 0;
	}
	ok = vector_str(t, "err")[0] == '\0' &&
	     same_lines(out.data, tree_get(t, "hdrs"));
	/* "drop tls header for http": what is not expected must not be. */
	if (o.tls[0] != '\0' && !req.tls)
		ok = ok && line_value(out.data, o.tls, &n) == NULL;
	buf_release(&out);
	return ok;
}

static bool
run_access_parse(const struct tree *t, struct buf *why)
{
	struct access_rules rules;
	int rc = access_parse(&rules, true, vector_str(t, "rule"), NULL);

	(void)why;
	access_release(&rules);
	return (rc == -1) == vector_bool(t, "fail");
}

static bool
rules_of(const struct tree *t, struct access_rules *rules)
{
	const struct tree *opts = tree_get(t, "opts");
	const char *allow = tree_get_str(opts, "allow");

	return access_parse(rules, allow != NULL,
		   allow != NULL ? allow : vector_str(opts, "deny"), NULL) == 0;
}

static bool
run_access_ip(const struct tree *t, struct buf *why)
{
	struct access_rules rules;
	bool ok = rules_of(t, &rules) &&
		  access_denies(&rules, vector_str(t, "remote")) ==
		      vector_bool(t, "denied");

	(void)why;
	access_release(&rules);
	return ok;
}

static bool
run_access_http(const struct tree *t, struct buf *why)
{
	struct access_rules rules;
	const char *ip;
	char addr[64];
	size_t n;
	bool ok = rules_of(t, &rules);

	(void)why;
	if (forward_peer_ip(vector_str(t, "remote"), &ip, &n, NULL) == -1)
		return false;
	snprintf(addr, sizeof addr, "%.*s", (int)n, ip);
	ok = ok && (access_denies(&rules, addr) ||
		       access_denies_list(&rules, vector_str(t, "xff"))) ==
		       vector_bool(t, "denied");
	access_release(&rules);
	return ok;
}

/* --- the command line --- */

static bool
same_map(const struct kvslice_map *got, const struct tree *want)
{
	if (want->nmembers != got->nkv)
		return false;
	for (size_t i = 0; i < got->nkv; i++) {
		const char *value = kvslice_get(got, want->members[i].key);

		if (value == NULL ||
		    strcmp(value, want->members[i].value->str) != 0)
			return false;
	}
	return true;
}

static bool
run_kvslice(const struct tree *t, struct buf *why)
{
	const struct tree *want = tree_get(t, "m");
	struct kvslice s = { 0 };
	bool same;

	(void)why;
	kvslice_parse(&s, vector_str(t, "s"));
	same = s.nmaps == vector_count(want);
	for (size_t i = 0; same && i < s.nmaps; i++)
		same = same_map(&s.maps[i], want->items[i]);
	kvslice_release(&s);
	return same;
}

#define MAX_ARGS 16
#define CFG_PATH "/tmp/fabio-config-test" /* as the cases name it */

/* The case's file stands where the test may write. */
static char *
argument(const char *arg, const char *file)
{
	const char *at = strstr(arg, CFG_PATH);

	if (at == NULL)
		return xstrdup(arg);
	return xasprintf(
	    "%.*s%s%s", (int)(at - arg), arg, file, at + strlen(CFG_PATH));
}

static size_t
take_texts(const struct tree *list, const char *file, char **out, size_t n)
{
	for (size_t i = 0; i < vector_count(list) && n < MAX_ARGS - 1; i++)
		out[n++] = argument(list->items[i]->str, file);
	out[n] = NULL;
	return n;
}

/* The sentence of {"$call": "errors.New", "args": [...]}, or NULL. */
static const char *
sentence(const struct tree *err)
{
	const struct tree *args = tree_get(err, "args");

	if (err == NULL)
		return NULL;
	return args == NULL ? "invalid or missing path to config file"
			    : args->items[0]->str;
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
}

static void
free_texts(char **texts)
{
	for (; *texts != NULL; texts++)
		free(*texts);
}

static bool
run_load_config(const struct tree *t, struct buf *why)
{
	const char *data = vector_str(t, "data");
	const char *want = sentence(tree_get(t, "err"));
	char *file = xasprintf("%s/fabio-config", unit_tmp());
	char *args[MAX_ARGS] = { xstrdup("fabio") }, *env[MAX_ARGS];
	size_t n = take_texts(tree_get(t, "args"), file, args, 1);
	struct fabio f = { 0 };
	struct err err = { 0 };
	bool same;

	take_texts(tree_get(t, "environ"), file, env, 0);
	write_file(file, data);
	if (fabio_parse(&f, (int)n, args, env, &err) == -1)
		buf_adds(why, err.text);
	same = want == NULL ? why->len == 0 : strcmp(want, buf_str(why)) == 0;
	if (same)
		buf_reset(why);
	unlink(file);
	fabio_release(&f);
	free_texts(args);
	free_texts(env);
	free(file);
	return same;
}

static const struct vector_kind kinds[] = {
	{ "parse", run_parse, VECTOR_ALL },
	{ "parse_aliases", run_parse_aliases, VECTOR_ALL },
	{ "tag_parse", run_tag_parse, VECTOR_ALL },
	{ "tag_build", run_tag_build, VECTOR_ALL },
	{ "passing", run_passing, VECTOR_ALL },
	{ "lookup", run_lookup, VECTOR_ALL },
	{ "matcher", run_matcher, VECTOR_ALL },
	{ "normalize_host", run_normalize_host, VECTOR_ALL },
	{ "path_normalize", run_path_normalize, VECTOR_ALL },
	{ "path_redirect", run_path_redirect, VECTOR_ALL },
	{ "redirect", run_redirect, VECTOR_ALL },
	{ "table_weights", run_table_weights, VECTOR_ALL },
	{ "headers", run_headers, VECTOR_ALL },
	{ "access_parse", run_access_parse, VECTOR_ALL },
	{ "access_ip", run_access_ip, VECTOR_ALL },
	{ "access_http", run_access_http, VECTOR_ALL },
	{ "load_config", run_load_config, 121 },
	{ "kvslice", run_kvslice, VECTOR_ALL },
};

VECTORS_MAIN("fabio", "tests/vectors/fabio/%s.jsonl", kinds)
