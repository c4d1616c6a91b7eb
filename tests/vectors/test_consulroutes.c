/*
 * What real Fabio made of a catalog with one field missing or changed, and
 * what lbd makes of it: the documents, the rule for checks, and the table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/lbd/consuldoc.h"
#include "cmd/lbd/sources.h"
#include "common/mem.h"
#include "proto/route.h"
#include "tests/lib/vectors.h"

#define CHECK(id, status, tags)                                    \
	"{\"Node\":\"n1\",\"CheckID\":\"" id                       \
	"\",\"Name\":\"c\",\"Status\":\"" status                   \
	"\",\"Notes\":\"\",\"Output\":\"\",\"ServiceID\":\"s-1\"," \
	"\"ServiceName\":\"s\",\"ServiceTags\":" tags              \
	",\"Type\":\"ttl\",\"Namespace\":\"\",\"CreateIndex\":1,"  \
	"\"ModifyIndex\":1}"
#define TAGS "[\"urlprefix-/s\",\"blue\"]"
#define GOOD CHECK("c1", "passing", TAGS)
#define OF_NODE(node, id, status)                                            \
	"{\"Node\":\"" node "\",\"CheckID\":\"" id "\",\"Status\":\"" status \
	"\",\"ServiceID\":\"\",\"ServiceName\":\"\"}"
#define OUT_OF_SERVICE(status)                                       \
	"{\"Node\":\"n1\",\"CheckID\":\"_service_maintenance:s-1\"," \
	"\"Status\":\"" status "\",\"ServiceID\":\"s-1\","           \
	"\"ServiceName\":\"s\",\"ServiceTags\":" TAGS "}"

/* A case: the checks, and members that the instance has instead. */
static const struct {
	const char *name;
	const char *checks; /* NULL: one that passes */
	const char *member, *value;
	const char *statuses;
	bool all;
	const char *prefix;
} cases[] = {
	{ .name = "service check warning",
	    .checks = CHECK("c1", "warning", TAGS) },
	{ .name = "service check critical",
	    .checks = CHECK("c1", "critical", TAGS) },
	{ .name = "service check 'unknown'",
	    .checks = CHECK("c1", "unknown", TAGS) },
	{ .name = "warning, registry.consul.service.status=passing,warning",
	    .checks = CHECK("c1", "warning", TAGS),
	    .statuses = "passing,warning" },
	{ .name = "no check at all for the service", .checks = "" },
	{ .name = "only serfHealth passing for the node, no service check",
	    .checks = OF_NODE("n1", "serfHealth", "passing") },
	{ .name = "service check passing + serfHealth passing",
	    .checks = GOOD "," OF_NODE("n1", "serfHealth", "passing") },
	{ .name = "service check passing + serfHealth critical",
	    .checks = GOOD "," OF_NODE("n1", "serfHealth", "critical") },
	{ .name = "service check passing + serfHealth critical on another node",
	    .checks = GOOD "," OF_NODE("n2", "serfHealth", "critical") },
	{ .name = "service check passing + serfHealth warning",
	    .checks = GOOD "," OF_NODE("n1", "serfHealth", "warning") },
	{ .name = "service check passing + another node check critical",
	    .checks = GOOD "," OF_NODE("n1", "disk", "critical") },
	{ .name = "_node_maintenance critical",
	    .checks = GOOD "," OF_NODE("n1", "_node_maintenance", "critical") },
	{ .name = "_node_maintenance passing",
	    .checks = GOOD "," OF_NODE("n1", "_node_maintenance", "passing") },
	{ .name = "_service_maintenance:s-1 critical",
	    .checks = GOOD "," OUT_OF_SERVICE("critical") },
	{ .name = "_service_maintenance:s-1 passing",
	    .checks = GOOD "," OUT_OF_SERVICE("passing") },
	{ .name = "two checks, one critical, checksRequired=one (default)",
	    .checks = GOOD "," CHECK("c2", "critical", TAGS) },
	{ .name = "two checks, one critical, checksRequired=all",
	    .checks = GOOD "," CHECK("c2", "critical", TAGS),
	    .all = true },
	{ .name = "two checks, both passing, checksRequired=all",
	    .checks = GOOD "," CHECK("c2", "passing", TAGS),
	    .all = true },
	{ .name = "check without the tag, instance with it",
	    .checks = CHECK("c1", "passing", "[\"blue\"]") },
	{ .name = "check with ServiceTags null",
	    .checks = CHECK("c1", "passing", "null") },
	{ .name = "ServicePort 0", .member = "ServicePort", .value = "0" },
	{ .name = "ServiceAddress empty (node address used)",
	    .member = "ServiceAddress",
	    .value = "\"\"" },
	{ .name = "ServiceAddress IPv6",
	    .member = "ServiceAddress",
	    .value = "\"fd00::1\"" },
	{ .name = "tags null", .member = "ServiceTags", .value = "null" },
	{ .name = "tag without slash",
	    .member = "ServiceTags",
	    .value = "[\"urlprefix-s\"]" },
	{ .name = "tag with host",
	    .member = "ServiceTags",
	    .value = "[\"urlprefix-a.com/\"]" },
	{ .name = "tag with port proto=tcp",
	    .member = "ServiceTags",
	    .value = "[\"urlprefix-:1234 proto=tcp\"]" },
	{ .name = "two urlprefix tags",
	    .member = "ServiceTags",
	    .value = "[\"urlprefix-/a\",\"urlprefix-/b\"]" },
	{ .name = "tag with spaces before",
	    .member = "ServiceTags",
	    .value = "[\"  urlprefix-/s\"]" },
	{ .name = "upper case prefix",
	    .member = "ServiceTags",
	    .value = "[\"URLPREFIX-/s\"]" },
	{ .name = "bad option",
	    .member = "ServiceTags",
	    .value = "[\"urlprefix-/s foo\"]" },
	{ .name = "empty prefix",
	    .member = "ServiceTags",
	    .value = "[\"urlprefix-\"]" },
	{ .name = "registry.consul.tagprefix=p-",
	    .checks = CHECK("c1", "passing", "[\"p-/x\"]"),
	    .member = "ServiceTags",
	    .value = "[\"p-/x\"]",
	    .prefix = "p-" },
	{ .name = "state is null", .checks = "null" },
	{ .name = "base" },
};

static const char instance[] =
    "{\"ID\":\"i\",\"Node\":\"n1\",\"Address\":\"10.0.0.1\","
    "\"Datacenter\":\"dc1\",\"TaggedAddresses\":{},\"NodeMeta\":{},"
    "\"ServiceID\":\"s-1\",\"ServiceName\":\"s\",\"ServiceTags\":" TAGS
    ",\"ServiceAddress\":\"10.0.9.1\",\"ServicePort\":81,\"ServiceMeta\":{},"
    "\"ServiceWeights\":{},\"ServiceEnableTagOverride\":false,"
    "\"CreateIndex\":1,\"ModifyIndex\":1}";

/* --- documents --- */

static void
print_list(struct tree *one, struct buf *out)
{
	buf_addc(out, '[');
	tree_to_json(one, out, 0);
	buf_addc(out, ']');
	tree_free(one);
}

/* The object without the member that the case names, if it names one. */
static struct tree *
without(const char *json, const char *name, const char *document)
{
	struct tree *t = tree_from_json(json, strlen(json), NULL);
	size_t n = strlen(document);

	if (strncmp(name, document, n) == 0 &&
	    strncmp(name + n, " without ", strlen(" without ")) == 0)
		tree_set(t, name + n + strlen(" without "), tree_null());
	return t;
}

static void
make_documents(
    const char *name, size_t i, struct buf *checks, struct buf *services)
{
	struct tree *one = without(instance, name, "catalog/service");
	size_t n = sizeof cases / sizeof cases[0];

	if (i < n && cases[i].member != NULL)
		tree_set(one, cases[i].member,
		    tree_from_json(
			cases[i].value, strlen(cases[i].value), NULL));
	print_list(one, services);
	if (i < n && cases[i].checks != NULL)
		buf_addf(checks,
		    strcmp(cases[i].checks, "null") == 0 ? "%s" : "[%s]",
		    cases[i].checks);
	else
		print_list(without(GOOD, name, "health/state/any"), checks);
}

/* --- the table, as the recording prints it --- */

static void
print_table(struct sources *s, struct buf *out)
{
	struct route_rows rows = { 0 };
	struct buf text = { 0 };
	struct rtable *t;

	sources_text(s, &text);
	t = rtable_new(buf_str(&text), text.len, &s->options, NULL);
	rtable_rows(t, &rows);
	for (size_t i = 0; i < rows.nrows; i++) {
		const struct route_row *r = &rows.rows[i];

		buf_addf(out, "%s -> %s", r->src, r->dst);
		for (size_t k = 0; k < r->ntags; k++)
			buf_addf(
			    out, "%s%s", k == 0 ? " tags " : ",", r->tags[k]);
		buf_addc(out, '\n');
	}
	rec_clear(&route_rows_type, &rows);
	rtable_unref(t);
	buf_release(&text);
}

static void
make_table(const struct consuldoc_rule *rule, const struct buf *checks,
    const struct buf *services, struct buf *out)
{
	const struct rtable_options options = { 0 };
	struct consuldoc_checks wanted = { 0 };
	struct service_instance *list = NULL;
	struct sources s;
	size_t n = 0;

	sources_init(&s, &options, rule->tag_prefix, "dc1");
	if (consuldoc_checks_read(
		&wanted, buf_str(checks), checks->len, rule, NULL) == 0 &&
	    map_find(&wanted.services, "s") != NULL)
		consuldoc_instances_read(
		    &wanted, buf_str(services), services->len, &list, &n, NULL);
	sources_replace(&s, list, n, NULL);
	print_table(&s, out);
	sources_release(&s);
	for (size_t i = 0; i < n; i++)
		rec_clear(&service_instance_type, &list[i]);
	free(list);
	consuldoc_checks_release(&wanted);
}

static bool
run_accept(const struct tree *t, struct buf *why)
{
	const char *name = vector_str(t, "case");
	const struct tree *routes = tree_get(t, "routes");
	struct consuldoc_rule rule = { .tag_prefix = "urlprefix-",
		.statuses = "passing" };
	struct buf checks = { 0 }, services = { 0 }, want = { 0 }, got = { 0 };
	size_t i = 0, n = sizeof cases / sizeof cases[0];
	bool same;

	while (i < n && strcmp(cases[i].name, name) != 0)
		i++;
	if (i == n && strstr(name, "/") == NULL) {
		buf_adds(why, "is no matter of documents");
		return false;
	}
	if (i < n) {
		rule.strict = cases[i].all;
		if (cases[i].statuses != NULL)
			rule.statuses = cases[i].statuses;
		if (cases[i].prefix != NULL)
			rule.tag_prefix = cases[i].prefix;
	}
	make_documents(name, i, &checks, &services);
	make_table(&rule, &checks, &services, &got);
	for (size_t k = 0; k < vector_count(routes); k++)
		buf_addf(&want, "%s\n", routes->items[k]->str);
	same = strcmp(buf_str(&want), buf_str(&got)) == 0;
	if (!same)
		buf_addf(why, "got %s", buf_str(&got));
	buf_release(&checks);
	buf_release(&services);
	buf_release(&want);
	buf_release(&got);
	return same;
}

static const struct vector_kind kinds[] = {
	{ "fabio-accept", run_accept, 65 },
};

VECTORS_MAIN("consul", "tests/vectors/consul/%s.jsonl", kinds)
