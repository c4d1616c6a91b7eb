/*
 * Recorded answers of a real Consul, given the same state: what a request is
 * answered, and what wakes a request that is held.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/catalog/consul.h"
#include "common/file.h"
#include "common/mem.h"
#include "common/text.h"
#include "tests/lib/vectors.h"

#define STATE     "tests/vectors/consul/state.jsonl"
#define MAX_STATE (1u << 20)

static struct registry reg;

/* --- asking --- */

static void
ask(const char *method, const char *target, const char *body, bool now,
    struct consul_answer *a)
{
	size_t n = strcspn(target, "?");
	char *path = xasprintf("%.*s", (int)n, target);
	struct consul_ask q = { .method = method,
		.path = path,
		.query = target[n] == '?' ? target + n + 1 : "",
		.body = body == NULL ? "" : body,
		.nbody = body == NULL ? 0 : strlen(body),
		.trusted = true,
		.now = now,
		.now_ms = 1000 };

	consul_answer(&reg, &q, a);
	free(path);
}

static void
change(const char *method, const char *target, const char *body)
{
	struct consul_answer a;

	ask(method, target, body, false, &a);
	if (a.status != 200)
		printf("%s %s: %d %s\n", method, target, a.status,
		    buf_str(&a.body));
	consul_answer_release(&a);
}

/* --- the state --- */

/* What the recorded server knew of itself. */
static void
put_self(void)
{
	static const char node[] =
	    "{\"Node\":\"n1\",\"ID\":\"11111111-1111-1111-1111-111111111111\","
	    "\"Address\":\"127.0.0.1\",\"TaggedAddresses\":{\"lan\":"
	    "\"127.0.0.1\",\"lan_ipv4\":\"127.0.0.1\",\"wan\":\"127.0.0.1\","
	    "\"wan_ipv4\":\"127.0.0.1\"},\"NodeMeta\":{"
	    "\"consul-network-segment\":\"\",\"consul-version\":\"1.20.1\","
	    "\"rack\":\"r1\"},\"Service\":{\"ID\":\"consul\",\"Service\":"
	    "\"consul\",\"Port\":8300,\"Meta\":{\"non_voter\":\"false\","
	    "\"raft_version\":\"3\",\"read_replica\":\"false\","
	    "\"serf_protocol_current\":\"2\",\"serf_protocol_max\":\"5\","
	    "\"serf_protocol_min\":\"1\",\"version\":\"1.20.1\"}},"
	    "\"Check\":{\"CheckID\":\"serfHealth\",\"Name\":"
	    "\"Serf Health Status\",\"Status\":\"passing\",\"Output\":"
	    "\"Agent alive and reachable\"}}";
	struct entry_node n = { .node = text_borrow("n1"),
		.datacenter = text_borrow("dc1") };

	registry_init(&reg, "n1", 1);
	registry_put_node(&reg, &n, NULL);
	change("PUT", "/v1/catalog/register", node);
}

static void
put_line(const char *line, size_t n)
{
	struct tree *t = tree_from_json(line, n, NULL);
	const struct tree *body = tree_get(t, "body");
	struct buf text = { 0 };

	if (body != NULL && body->kind != TREE_NULL)
		tree_to_json(body, &text, 0);
	else
		buf_adds(&text, vector_str(t, "raw"));
	change("PUT", vector_str(t, "put"), buf_str(&text));
	buf_release(&text);
	tree_free(t);
}

static void
put_state(void)
{
	struct buf text = { 0 };
	struct err err;
	const char *p;

	put_self();
	if (file_read(STATE, MAX_STATE, &text, &err) == -1) {
		printf("%s\n", err.text);
		exit(1);
	}
	for (p = buf_str(&text); *p != '\0';) {
		size_t n = strcspn(p, "\n");

		if (n > 0)
			put_line(p, n);
		p += n + (p[n] == '\n');
	}
	buf_release(&text);
}

/* --- comparing --- */

static int
compare_text(const void *a, const void *b)
{
	const struct tree *x = *(struct tree *const *)a;
	const struct tree *y = *(struct tree *const *)b;

	return strcmp(x->str, y->str);
}

/* Without the server's own indexes; the tags of /v1/catalog/services, which
 * come in no order, sorted. */
static void
settle(struct tree *t, bool sort)
{
	if (t->kind == TREE_LIST) {
		for (size_t i = 0; i < t->nitems; i++)
			settle(t->items[i], sort);
		if (sort && t->nitems > 1)
			qsort(t->items, t->nitems, sizeof *t->items,
			    compare_text);
	}
	if (t->kind != TREE_MAP)
		return;
	if (tree_get(t, "CreateIndex") != NULL) {
		tree_set(t, "CreateIndex", tree_int(1));
		tree_set(t, "ModifyIndex", tree_int(1));
	}
	for (size_t i = 0; i < t->nmembers; i++)
		settle(t->members[i].value, sort);
}

static bool
same_json(const struct tree *t, const struct buf *body, struct buf *why)
{
	struct tree *want = tree_copy(tree_get(t, "json"));
	struct tree *got = tree_from_json(buf_str(body), body->len, NULL);
	bool sort = strncmp(vector_str(t, "path"), "/v1/catalog/services",
			strlen("/v1/catalog/services")) == 0;
	bool same = false;

	if (got == NULL)
		buf_addf(why, "no JSON: %.200s", buf_str(body));
	else {
		settle(want, sort);
		settle(got, sort);
		same = vector_same(want, got, why);
	}
	tree_free(want);
	tree_free(got);
	return same;
}

static const char *
header(const struct tree *t, const char *name)
{
	return vector_str(tree_get(t, "headers"), name);
}

static bool
same_header(
    const struct tree *t, const char *name, const char *got, struct buf *why)
{
	const char *want = header(t, name);

	if (got == NULL)
		got = "";
	if (strcmp(want, got) == 0)
		return true;
	buf_addf(why, "%s: want \"%s\", got \"%s\"", name, want, got);
	return false;
}

static bool
same_headers(
    const struct tree *t, const struct consul_answer *a, struct buf *why)
{
	struct buf allow = { 0 };
	bool same = true;

	if (a->allow != 0)
		consul_add_methods(&allow, a->allow);
	if (a->location == NULL && a->status != 404)
		same = same_header(t, "Content-Type", a->type, why);
	same = same && same_header(t, "Allow", buf_str(&allow), why) &&
	       same_header(t, "Location", a->location, why) &&
	       same_header(t, "X-Consul-Reason", a->reason, why) &&
	       same_header(t, "X-Consul-Effective-Consistency",
		   a->index == 0 ? NULL : a->consistency, why);
	if (same && (a->index == 0) != (header(t, "X-Consul-Index")[0] == 0)) {
		buf_addf(why, "X-Consul-Index is %s",
		    a->index == 0 ? "missing" : "too much");
		same = false;
	}
	if (same && a->is_known != (header(t, "Vary")[0] != '\0')) {
		buf_adds(why, "Vary");
		same = false;
	}
	buf_release(&allow);
	return same;
}

static bool
run_http(const struct tree *t, struct buf *why)
{
	const struct tree *json = tree_get(t, "json");
	struct consul_answer a;
	bool same;

	ask(vector_str(t, "method"), vector_str(t, "path"), NULL, true, &a);
	same = a.status == (int)tree_get(t, "status")->i;
	if (!same)
		buf_addf(why, "status %d %.100s", a.status, buf_str(&a.body));
	same = same && same_headers(t, &a, why);
	if (same && json != NULL)
		same = same_json(t, &a.body, why);
	else if (same && a.location == NULL) {
		same = strcmp(vector_str(t, "body"), buf_str(&a.body)) == 0;
		if (!same)
			buf_addf(why, "body \"%.100s\"", buf_str(&a.body));
	}
	consul_answer_release(&a);
	return same;
}

/* --- holding --- */

/* "PUT /path body", in the order that it was recorded. */
static void
make_change(const char *text)
{
	size_t nmethod = strcspn(text, " ");
	char *method = xasprintf("%.*s", (int)nmethod, text);
	const char *target = text + nmethod + 1;
	size_t ntarget = strcspn(target, " ");
	char *path = xasprintf("%.*s", (int)ntarget, target);

	change(
	    method, path, target[ntarget] == ' ' ? target + ntarget + 1 : "");
	free(path);
	free(method);
}

static uint64_t
current(const char *path)
{
	struct consul_answer a;
	uint64_t index;

	ask("GET", path, NULL, true, &a);
	index = a.index;
	consul_answer_release(&a);
	return index;
}

/* The index as the case sends it: "cur", "cur-1", "cur+10", or a number. */
static uint64_t
sent_index(const struct tree *t, const char *path)
{
	const char *how = vector_str(t, "sent_index");

	if (strncmp(how, "cur", 3) == 0)
		return current(path) + (uint64_t)strtoll(how + 3, NULL, 10);
	return (uint64_t)tree_get(t, "index_sent")->i;
}

/* The state afresh, and what earlier cases of the recording, not all of which
 * are here, had left behind for this one. */
static void
prepare(const char *name, const char *text)
{
	static const char pass[] = "PUT /v1/agent/check/pass/";

	registry_release(&reg);
	put_state();
	if (strncmp(text, pass, strlen(pass)) == 0) {
		char *fail = xasprintf(
		    "PUT /v1/agent/check/fail/%s", text + strlen(pass));

		make_change(fail);
		free(fail);
	}
	if (strstr(name, "identical") != NULL)
		make_change(text);
	if (strstr(name, "node removed") != NULL)
		change("PUT", "/v1/catalog/register",
		    "{\"Node\":\"n8\",\"Address\":\"10.0.0.8\"}");
	if (strstr(name, "instance gone") != NULL)
		change("PUT", "/v1/catalog/register",
		    "{\"Node\":\"n5\",\"SkipNodeUpdate\":true,\"Service\":"
		    "{\"ID\":\"web-9\",\"Service\":\"web\",\"Port\":9}}");
	if (strstr(text, "DELETE /v1/kv/") != NULL)
		change("PUT", text + strlen("DELETE "), "x");
}

static bool
run_blocking(const struct tree *t, struct buf *why)
{
	const char *path = vector_str(t, "path"),
		   *text = vector_str(t, "change");
	bool wakes = vector_bool(t, "woken_by_change");
	const struct tree *elapsed = tree_get(t, "elapsed_s");
	bool holds = wakes || elapsed->kind != TREE_FLOAT || elapsed->f > 0.2;
	uint64_t before;
	struct consul_answer a;
	bool woken = false, same;
	char *full;

	if (tree_get(t, "sent_index") == NULL) {
		buf_adds(why, "held by a hash, not by an index");
		return false;
	}
	prepare(vector_str(t, "name"), text);
	before = current(path);
	full = xasprintf("%s%cindex=%lu&wait=%s", path,
	    strchr(path, '?') == NULL ? '?' : '&',
	    (unsigned long)sent_index(t, path), vector_str(t, "wait"));

	ask("GET", full, NULL, false, &a);
	same = a.held == holds;
	if (!same)
		buf_addf(why, "%s held", a.held ? "is" : "is not");
	if (text[0] != '\0')
		make_change(text);
	if (a.held)
		woken = consul_watch_is_due(&reg, &a.watch);
	if (same && woken != wakes) {
		buf_addf(why, "%s woken", woken ? "is" : "is not");
		same = false;
	}
	if (same && woken && current(path) <= before) {
		buf_adds(why, "the index has not risen");
		same = false;
	}
	consul_answer_release(&a);
	free(full);
	return same;
}

/* --- what real clients ask, in order --- */

/* Only the status: what the answers say is the other sets' matter. */
static bool
run_trace(const struct tree *t, struct buf *why)
{
	const struct tree *status = tree_get(t, "status"),
			  *index = tree_get(t, "index");
	struct consul_answer a;
	bool same = true;

	ask(vector_str(t, "method"), vector_str(t, "path"),
	    tree_get_str(t, "body"), true, &a);
	if (status != NULL && status->kind == TREE_INT)
		same = a.status == (int)status->i;
	if (same && index != NULL && index->kind != TREE_NULL)
		same = a.index > 0;
	if (!same)
		buf_addf(why, "%s %s: %d %.100s", vector_str(t, "method"),
		    vector_str(t, "path"), a.status, buf_str(&a.body));
	consul_answer_release(&a);
	return same;
}

static const struct vector_kind kinds[] = {
	{ "http", run_http, 150 },
	{ "blocking", run_blocking, 45 },
	{ "client-traces", run_trace, 410 },
};

int
main(int argc, char **argv)
{
	int rc;

	put_state();
	rc = vectors_run("consul", "tests/vectors/consul/%s.jsonl", kinds,
	    sizeof kinds / sizeof kinds[0], argc, argv);
	registry_release(&reg);
	return rc;
}
