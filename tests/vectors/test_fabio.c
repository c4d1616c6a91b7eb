/*
 * Recorded cases of Fabio's behaviour, one JSON object a line, each set with
 * its adapter here. Every set prints "fabio.<set>: N of M"; all must pass.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cmd/lbd/access.h"
#include "cmd/lbd/forward.h"
#include "cmd/lbd/match.h"
#include "cmd/lbd/passing.h"
#include "cmd/lbd/routecmd.h"
#include "cmd/lbd/rtable.h"
#include "cmd/lbd/urltag.h"
#include "common/mem.h"
#include "common/tree.h"
#include "tests/lib/unit.h"

#define CASES     "tests/vectors/fabio/"
#define MAX_ITEMS 4096

static const char *
text_of(const struct tree *t, const char *key)
{
	const char *s = tree_get_str(t, key);

	return s == NULL ? "" : s;
}

static bool
flag_of(const struct tree *t, const char *key)
{
	const struct tree *v = tree_get(t, key);

	return v != NULL && v->kind == TREE_BOOL && v->b;
}

static double
number_of(const struct tree *v)
{
	if (v == NULL)
		return 0;
	return v->kind == TREE_FLOAT ? v->f : (double)v->i;
}

static size_t
count_of(const struct tree *v)
{
	return v != NULL && v->kind == TREE_LIST ? v->nitems : 0;
}

/* The list's items, one a line. */
static void
join(const struct tree *v, struct buf *out)
{
	for (size_t i = 0; i < count_of(v); i++)
		buf_addf(out, "%s\n", v->items[i]->str);
}

/* --- the language and tags --- */

static bool
same_tags(const struct routecmd *c, const struct tree *want)
{
	if (count_of(want) != c->ntags)
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
	return strcmp(text_of(want, "cmd"), routecmd_verb_name(c->verb)) == 0 &&
	       strcmp(text_of(want, "service"), c->service) == 0 &&
	       strcmp(text_of(want, "src"), c->src) == 0 &&
	       strcmp(text_of(want, "dst"), c->dst) == 0 &&
	       memcmp(&(double){ number_of(tree_get(want, "weight")) },
		   &c->weight, sizeof c->weight) == 0 &&
	       same_tags(c, tree_get(want, "tags")) &&
	       same_opts(c, tree_get(want, "opts"));
}

static bool
run_parse(const struct tree *t)
{
	const struct tree *want = tree_get(t, "out");
	const char *in = text_of(t, "in");
	struct routecmd_list list = { 0 };
	int rc = routecmd_parse(&list, in, strlen(in), NULL);
	bool ok = (rc == -1) == flag_of(t, "fail");

	if (rc == 0)
		ok = ok && list.ncmds == count_of(want);
	for (size_t i = 0; ok && rc == 0 && i < list.ncmds; i++)
		ok = same_cmd(&list.cmds[i], want->items[i]);
	routecmd_release(&list);
	return ok;
}

static bool
run_parse_aliases(const struct tree *t)
{
	const struct tree *want = tree_get(t, "out");
	const char *in = text_of(t, "in");
	struct routecmd_list list = { 0 };
	int rc = routecmd_parse(&list, in, strlen(in), NULL);
	bool ok = (rc == -1) == flag_of(t, "fail");
	size_t n = 0;

	for (size_t i = 0; rc == 0 && i < list.ncmds; i++) {
		const char *alias = routecmd_opt(&list.cmds[i], "register");

		if (alias == NULL)
			continue;
		ok = ok && n < count_of(want) &&
		     strcmp(want->items[n]->str, alias) == 0;
		n++;
	}
	routecmd_release(&list);
	return ok && n == count_of(want);
}

static bool
run_tag_parse(const struct tree *t)
{
	const struct tree *env = tree_get(t, "env");
	struct urltag_var vars[8] = { { NULL, NULL } };
	struct buf src = { 0 }, opts = { 0 };
	bool ok;

	for (size_t i = 0; i < env->nmembers && i < 7; i++)
		vars[i] = (struct urltag_var){ env->members[i].key,
			env->members[i].value->str };
	ok = urltag_parse(text_of(t, "tag"), text_of(t, "prefix"), vars, &src,
		 &opts) == flag_of(t, "ok") &&
	     strcmp(buf_str(&src), text_of(t, "route")) == 0 &&
	     strcmp(buf_str(&opts), text_of(t, "opts")) == 0;
	buf_release(&src);
	buf_release(&opts);
	return ok;
}

static bool
run_tag_build(const struct tree *t)
{
	const struct tree *svc = tree_get(t, "svc");
	const struct tree *tags = tree_get(svc, "ServiceTags");
	char *list[16];
	struct urltag_service s = { .name = text_of(svc, "ServiceName"),
		.address = text_of(svc, "ServiceAddress"),
		.port = (uint16_t)tree_get(svc, "ServicePort")->i,
		.tags = list,
		.ntags = count_of(tags) };
	struct buf got = { 0 }, want = { 0 };
	bool ok;

	for (size_t i = 0; i < s.ntags && i < 16; i++)
		list[i] = tags->items[i]->str;
	ok = urltag_commands(&s, text_of(t, "prefix"), NULL, &got, NULL) == 0;
	join(tree_get(t, "out"), &want);
	ok = ok && strcmp(buf_str(&got), buf_str(&want)) == 0;
	buf_release(&got);
	buf_release(&want);
	return ok;
}

static struct passing_check
check_of(const struct tree *t)
{
	return (struct passing_check){ text_of(t, "Node"),
		text_of(t, "CheckID"), text_of(t, "ServiceID"),
		text_of(t, "ServiceName"), text_of(t, "Status") };
}

static bool
run_passing(const struct tree *t)
{
	const struct tree *in = tree_get(t, "in"), *want = tree_get(t, "out");
	const struct tree *statuses = tree_get(t, "status");
	struct passing_check checks[16];
	const char *allowed[8];
	bool keep[16];
	size_t n = count_of(in), at = 0;

	for (size_t i = 0; i < n; i++)
		checks[i] = check_of(in->items[i]);
	for (size_t i = 0; i < count_of(statuses); i++)
		allowed[i] = statuses->items[i]->str;
	passing_filter(
	    checks, n, allowed, count_of(statuses), flag_of(t, "strict"), keep);
	for (size_t i = 0; i < n; i++) {
		if (!keep[i])
			continue;
		if (at == count_of(want) ||
		    !tree_equal(in->items[i], want->items[at++]))
			return false;
	}
	return at == count_of(want);
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
run_lookup(const struct tree *t)
{
	const struct tree *req = tree_get(t, "req");
	const struct tree *redirect = tree_get(t, "redirect");
	const struct tree *proto =
	    tree_get(tree_get(req, "headers"), "X-Forwarded-Proto");
	struct rtable_options o = { .no_globs = !flag_of(t, "glob") };
	struct rtable_query q = { .host = text_of(req, "host"),
		.path = text_of(req, "path"),
		.tls = flag_of(req, "tls"),
		.forwarded_proto = tree_get_str(proto, "0") };
	struct rtable *table;
	bool ok;

	match_kind_parse(text_of(t, "matcher"), &o.matcher);
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
run_matcher(const struct tree *t)
{
	const char *uri = text_of(t, "uri");
	enum match_kind kind;

	return match_kind_parse(text_of(t, "matcher"), &kind) == 0 &&
	       match_path(kind, text_of(t, "route"), uri, strlen(uri)) ==
		   flag_of(t, "matches");
}

static bool
run_normalize_host(const struct tree *t)
{
	const char *host = text_of(t, "host"), *want = text_of(t, "out");
	size_t n = match_host_len(host, strlen(host), flag_of(t, "tls"));

	return n == strlen(want) && memcmp(host, want, n) == 0;
}

static bool
run_path_normalize(const struct tree *t)
{
	const char *path = text_of(t, "requestPath");
	struct buf norm = { 0 };
	bool same, ok;

	ok = match_clean_path(path, strlen(path), &norm, &same) == 0 &&
	     strcmp(norm.data, text_of(t, "expectedPath")) == 0;
	buf_release(&norm);
	return ok;
}

static bool
run_path_redirect(const struct tree *t)
{
	static const char text[] =
	    "route add mock / http://a.com/$path opts \"redirect=301\"\n"
	    "route add mock /foo http://a.com/abc opts \"redirect=301\"\n"
	    "route add mock /bar http://b.com/$path opts \"redirect=302 "
	    "strip=/bar\"\n";
	struct rtable_options o = { 0 };
	const char *path = text_of(t, "req");
	struct rtable_query q = { .host = "",
		.path = path,
		.npath = strlen(path),
		.sent_path = path,
		.nsent_path = strlen(path) };
	struct rtable *table = rtable_new(text, strlen(text), &o, NULL);
	bool ok = look_up(table, &q, NULL, (int)tree_get(t, "wantCode")->i,
	    text_of(t, "wantLoc"));

	rtable_unref(table);
	return ok;
}

static bool
run_redirect(const struct tree *t)
{
	const char *route = text_of(t, "route"), *req = text_of(t, "req");
	const char *host = strstr(req, "://") + 3;
	const char *path = host + strcspn(host, "/");
	const char *query = strchr(path, '?');
	struct rtable_options o = { 0 };
	struct rtable *table = rtable_new(route, strlen(route), &o, NULL);
	struct buf url = { 0 };
	size_t at;
	bool ok;

	if (table == NULL || table->nroutes != 1)
		return false;
	target_redirect(&table->hosts[0].routes[0].targets[0], host,
	    (size_t)(path - host), path, strcspn(path, "?"),
	    query == NULL ? NULL : query + 1, &url, &at);
	ok = strcmp(url.data, text_of(t, "want")) == 0;
	buf_release(&url);
	rtable_unref(table);
	return ok;
}

static bool
run_table_weights(const struct tree *t)
{
	struct rtable_options o = { 0 };
	struct rtable *table = table_of(tree_get(t, "in"), &o);
	struct buf got = { 0 }, want = { 0 };
	bool ok;

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
run_headers(const struct tree *t)
{
	const struct tree *cfg = tree_get(t, "cfg"), *r = tree_get(t, "r");
	const struct tree *tls = tree_get(r, "TLS");
	struct http_field fields[16];
	struct forward_options o = { text_of(cfg, "LocalIP"),
		text_of(cfg, "ClientIPHeader"), "", text_of(cfg, "TLSHeader"),
		text_of(cfg, "TLSHeaderValue") };
	struct forward_request req = { .fields = fields,
		.peer = text_of(r, "RemoteAddr"),
		.host = text_of(r, "Host"),
		.proto = text_of(r, "Proto"),
		.tls = tls != NULL,
		.tls_version = tls_text(text_of(tls, "Version")),
		.tls_cipher = tls_text(text_of(tls, "CipherSuite")),
		.strip = text_of(t, "strip"),
		.new_id = "" };
	struct buf out = { 0 };
	struct err err;
	size_t n;
	bool ok;

	req.nfields = fields_of(tree_get(r, "Header"), fields, 16);
	for (size_t i = 0; i < req.nfields; i++)
		if (strcmp(fields[i].name, "Upgrade") == 0)
			req.websocket = true;
	if (forward_fields(&o, &req, &out, &err) == -1) {
		buf_release(&out);
		return strcmp(err.text, text_of(t, "err")) == 0;
	}
	ok = text_of(t, "err")[0] == '\0' &&
	     same_lines(out.data, tree_get(t, "hdrs"));
	/* "drop tls header for http": what is not expected must not be. */
	if (o.tls[0] != '\0' && !req.tls)
		ok = ok && line_value(out.data, o.tls, &n) == NULL;
	buf_release(&out);
	return ok;
}

static bool
run_access_parse(const struct tree *t)
{
	struct access_rules rules;
	int rc = access_parse(&rules, true, text_of(t, "rule"), NULL);

	access_release(&rules);
	return (rc == -1) == flag_of(t, "fail");
}

static bool
rules_of(const struct tree *t, struct access_rules *rules)
{
	const struct tree *opts = tree_get(t, "opts");
	const char *allow = tree_get_str(opts, "allow");

	return access_parse(rules, allow != NULL,
		   allow != NULL ? allow : text_of(opts, "deny"), NULL) == 0;
}

static bool
run_access_ip(const struct tree *t)
{
	struct access_rules rules;
	bool ok =
	    rules_of(t, &rules) &&
	    access_denies(&rules, text_of(t, "remote")) == flag_of(t, "denied");

	access_release(&rules);
	return ok;
}

static bool
run_access_http(const struct tree *t)
{
	struct access_rules rules;
	const char *ip;
	char addr[64];
	size_t n;
	bool ok = rules_of(t, &rules);

	if (forward_peer_ip(text_of(t, "remote"), &ip, &n, NULL) == -1)
		return false;
	snprintf(addr, sizeof addr, "%.*s", (int)n, ip);
	ok = ok && (access_denies(&rules, addr) ||
		       access_denies_list(&rules, text_of(t, "xff"))) ==
		       flag_of(t, "denied");
	access_release(&rules);
	return ok;
}

/* --- running --- */

typedef bool run_case(const struct tree *t);

static void
run_set(const char *set, run_case *run)
{
	char *path = xasprintf(CASES "%s.jsonl", set), *line = NULL;
	FILE *f = fopen(path, "r");
	size_t cap = 0, ngood = 0, nall = 0;
	ssize_t n;

	ck_assert_msg(f != NULL, "cannot open %s", path);
	while ((n = getline(&line, &cap, f)) > 0) {
		struct err err = { 0 };
		struct tree *t = tree_from_json(line, (size_t)n, &err);

		ck_assert_msg(
		    t != NULL, "%s:%zu: %s", path, nall + 1, err.text);
		nall++;
		if (run(t))
			ngood++;
		else
			printf("fabio.%s: case %zu: %.200s\n", set, nall, line);
		tree_free(t);
	}
	free(line);
	fclose(f);
	free(path);
	printf("fabio.%s: %zu of %zu\n", set, ngood, nall);
	ck_assert_uint_eq(ngood, nall);
}

static const struct {
	const char *name;
	run_case *run;
} sets[] = {
	{ "parse", run_parse },
	{ "parse_aliases", run_parse_aliases },
	{ "tag_parse", run_tag_parse },
	{ "tag_build", run_tag_build },
	{ "passing", run_passing },
	{ "lookup", run_lookup },
	{ "matcher", run_matcher },
	{ "normalize_host", run_normalize_host },
	{ "path_normalize", run_path_normalize },
	{ "path_redirect", run_path_redirect },
	{ "redirect", run_redirect },
	{ "table_weights", run_table_weights },
	{ "headers", run_headers },
	{ "access_parse", run_access_parse },
	{ "access_ip", run_access_ip },
	{ "access_http", run_access_http },
};

START_TEST(fabio_cases_come_out_as_recorded)
{
	run_set(sets[_i].name, sets[_i].run);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fabio");
	TCase *tcase = tcase_create("fabio");
	SRunner *runner;
	int nfailed;

	tcase_add_loop_test(tcase, fabio_cases_come_out_as_recorded, 0,
	    sizeof sets / sizeof sets[0]);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	nfailed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return nfailed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
