/* The catalog's contents: what expires, what wakes, what is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/catalog/consul.h"
#include "common/mem.h"
#include "common/text.h"
#include "tests/lib/unit.h"

#define REGISTER "/v1/agent/service/register"
#define FABIO                                                                \
	"{\"ID\":\"fabio-1\",\"Name\":\"fabio\",\"Port\":9998,\"Checks\":[{" \
	"\"CheckID\":\"fabio-1-ttl\",\"TTL\":\"15s\","                       \
	"\"DeregisterCriticalServiceAfter\":\"1m0s\"},{\"HTTP\":"            \
	"\"http://127.0.0.1:9998/health\",\"Interval\":\"1s\"}]}"

static struct registry reg;

static void
begin(void)
{
	struct entry_node n = { .node = text_borrow("n1"),
		.address = text_borrow("127.0.0.1"),
		.datacenter = text_borrow("dc1") };

	registry_init(&reg, "n1", 1000);
	ck_assert_int_eq(registry_put_node(&reg, &n, NULL), 0);
}

static void
end(void)
{
	registry_release(&reg);
}

static int
ask(const char *method, const char *path, const char *query, const char *body,
    bool trusted, uint64_t now_ms)
{
	struct consul_ask q = { .method = method,
		.path = path,
		.query = query,
		.body = body,
		.nbody = strlen(body),
		.trusted = trusted,
		.now = true,
		.now_ms = now_ms };
	struct consul_answer a;
	int status;

	consul_answer(&reg, &q, &a);
	status = a.status;
	consul_answer_release(&a);
	return status;
}

static const char *
status_of(const char *check)
{
	const struct registry_node *n = registry_find_node(&reg, "n1");
	const struct registry_check *c = map_find(&n->checks, check);

	return c == NULL ? "none" : c->c.status;
}

START_TEST(a_check_that_is_not_kept_up_expires_and_its_service_goes)
{
	begin();
	ck_assert_int_eq(ask("PUT", REGISTER, "", FABIO, true, 1000), 200);
	ck_assert_str_eq(status_of("fabio-1-ttl"), "critical");
	ck_assert_int_eq(ask("PUT", "/v1/agent/check/update/fabio-1-ttl", "",
			     "{\"Status\":\"passing\"}", true, 2000),
	    200);
	ck_assert_str_eq(status_of("fabio-1-ttl"), "passing");
	ck_assert_uint_eq(registry_tick(&reg, 16999), 17000);
	ck_assert_str_eq(status_of("fabio-1-ttl"), "passing");
	ck_assert_uint_eq(registry_tick(&reg, 17000), 77000);
	ck_assert_str_eq(status_of("fabio-1-ttl"), "critical");
	ck_assert_uint_eq(registry_tick(&reg, 77000), 0);
	ck_assert_str_eq(status_of("fabio-1-ttl"), "none");
	ck_assert_ptr_null(registry_find_name(&reg, "fabio"));
	end();
}
END_TEST

/* The registration that came last decides what a check is of. */
START_TEST(a_check_that_outlives_its_service_ends_by_itself)
{
	struct entry_check stray = { .check_id = text_borrow("fabio-1-ttl"),
		.status = text_borrow("critical"),
		.service_id = text_borrow("nobody") };

	begin();
	ask("PUT", REGISTER, "", FABIO, true, 1000);
	ck_assert_int_eq(
	    registry_put_check(&reg, "n1", &stray, REGISTRY_LOCAL, NULL), 0);
	ck_assert_uint_eq(registry_tick(&reg, 60999), 61000);
	ck_assert_uint_eq(registry_tick(&reg, 61000), 0);
	ck_assert_str_eq(status_of("fabio-1-ttl"), "none");
	ck_assert_ptr_nonnull(registry_find_name(&reg, "fabio"));
	end();
}
END_TEST

START_TEST(an_output_that_changes_wakes_nobody)
{
	uint64_t mark;

	begin();
	ask("PUT", REGISTER, "", FABIO, true, 1000);
	ask("PUT", "/v1/agent/check/pass/fabio-1-ttl", "note=a", "", true, 1);
	mark = registry_mark(&reg, MARK_CHECKS, "");
	ask("PUT", "/v1/agent/check/pass/fabio-1-ttl", "note=b", "", true, 2);
	ck_assert_uint_eq(registry_mark(&reg, MARK_CHECKS, ""), mark);
	ask("PUT", "/v1/agent/check/fail/fabio-1-ttl", "note=b", "", true, 3);
	ck_assert_uint_gt(registry_mark(&reg, MARK_CHECKS, ""), mark);
	end();
}
END_TEST

START_TEST(tags_that_change_wake_who_follows_checks)
{
	static const char other[] =
	    "{\"ID\":\"fabio-1\",\"Name\":\"fabio\",\"Tags\":[\"new\"]}";
	uint64_t mark;

	begin();
	ask("PUT", REGISTER, "", FABIO, true, 1000);
	mark = registry_mark(&reg, MARK_CHECKS, "");
	ask("PUT", REGISTER, "", "{\"Name\":\"plain\"}", true, 1000);
	ck_assert_uint_eq(registry_mark(&reg, MARK_CHECKS, ""), mark);
	ask("PUT", REGISTER, "", other, true, 1000);
	ck_assert_uint_gt(registry_mark(&reg, MARK_CHECKS, ""), mark);
	end();
}
END_TEST

START_TEST(strangers_read_but_do_not_write)
{
	begin();
	ck_assert_int_eq(ask("PUT", REGISTER, "", FABIO, false, 1000), 403);
	ck_assert_int_eq(ask("PUT", "/v1/kv/a", "", "x", false, 1), 403);
	ck_assert_int_eq(ask("GET", "/v1/agent/self", "", "", false, 1), 200);
	ck_assert_uint_eq(reg.nservices, 0);
	end();
}
END_TEST

START_TEST(a_key_is_written_only_at_the_index_that_was_read)
{
	const struct registry_key *k;
	char *cas;

	begin();
	ask("PUT", "/v1/kv/fabio/config", "cas=0", "one", true, 1);
	k = registry_find_key(&reg, "fabio/config");
	ck_assert_str_eq(k->value, "one");
	ask("PUT", "/v1/kv/fabio/config", "cas=0", "two", true, 1);
	ck_assert_str_eq(registry_find_key(&reg, "fabio/config")->value, "one");
	cas = xasprintf("cas=%lu", (unsigned long)k->modify_index);
	ask("PUT", "/v1/kv/fabio/config", cas, "three", true, 1);
	ck_assert_str_eq(
	    registry_find_key(&reg, "fabio/config")->value, "three");
	free(cas);
	end();
}
END_TEST

START_TEST(all_keys_below_one_go_at_once)
{
	begin();
	ask("PUT", "/v1/kv/a/one", "", "1", true, 1);
	ask("PUT", "/v1/kv/a/two", "", "2", true, 1);
	ask("PUT", "/v1/kv/b", "", "3", true, 1);
	ck_assert_int_eq(
	    ask("DELETE", "/v1/kv/a/", "recurse", "", true, 2), 200);
	ck_assert_int_eq(ask("GET", "/v1/kv/a/one", "", "", true, 3), 404);
	ck_assert_int_eq(ask("GET", "/v1/kv/a/two", "", "", true, 3), 404);
	ck_assert_int_eq(ask("GET", "/v1/kv/b", "", "", true, 3), 200);
	end();
}
END_TEST

START_TEST(too_many_local_services_are_refused)
{
	int status = 200;
	size_t n = 0;

	begin();
	for (; status == 200 && n < 2 * REGISTRY_MAX_LOCAL; n++) {
		char *body = xasprintf("{\"Name\":\"s%zu\"}", n);

		status = ask("PUT", REGISTER, "", body, true, 1);
		free(body);
	}
	ck_assert_int_eq(status, 400);
	ck_assert_uint_eq(reg.nlocal_services, REGISTRY_MAX_LOCAL);
	end();
}
END_TEST

START_TEST(what_the_cluster_keeps_no_program_takes_over)
{
	static const char *const puts[][2] = {
		{ "/v1/agent/check/register",
		    "{\"ID\":\"serfHealth\",\"Name\":\"x\",\"TTL\":\"1h\","
		    "\"Status\":\"critical\"}" },
		{ REGISTER, "{\"ID\":\"web-1\",\"Name\":\"evil\"}" },
		{ REGISTER, "{\"Name\":\"evil\",\"Check\":{\"CheckID\":"
			    "\"serfHealth\",\"TTL\":\"1s\"}}" },
		{ "/v1/catalog/register",
		    "{\"Node\":\"n1\",\"Address\":\"127.0.0.1\",\"Check\":"
		    "{\"CheckID\":\"serfHealth\",\"Status\":\"critical\"}}" },
		{ "/v1/catalog/deregister",
		    "{\"Node\":\"n1\",\"CheckID\":\"serfHealth\"}" },
		{ "/v1/catalog/deregister",
		    "{\"Node\":\"n1\",\"ServiceID\":\"web-1\"}" },
	};
	const struct entry_check serf = { .check_id =
					      text_borrow(REGISTRY_SERF),
		.status = text_borrow("passing") };
	const struct entry_service web = { .id = text_borrow("web-1"),
		.service = text_borrow("web") };

	begin();
	registry_put_check(&reg, "n1", &serf, REGISTRY_CLUSTER, NULL);
	registry_put_service(&reg, "n1", &web, REGISTRY_CLUSTER, NULL);
	for (size_t i = 0; i < sizeof puts / sizeof puts[0]; i++)
		ck_assert_msg(
		    ask("PUT", puts[i][0], "", puts[i][1], true, 1) == 400,
		    "accepted: %s", puts[i][1]);
	ck_assert_str_eq(status_of("serfHealth"), "passing");
	ck_assert_ptr_nonnull(registry_find_name(&reg, "web"));
	ck_assert_ptr_null(registry_find_name(&reg, "evil"));
	end();
}
END_TEST

START_TEST(a_registration_that_is_refused_leaves_the_one_there_is)
{
	static const char *const bad[][2] = {
		{ REGISTER,
		    "{\"ID\":\"fabio-1\",\"Name\":\"other\",\"Checks\":["
		    "{\"TTL\":\"1s\"},{\"TTL\":\"1s\",\"Status\":\"?\"}]}" },
		{ "/v1/catalog/register",
		    "{\"Node\":\"n2\",\"Address\":\"::1\",\"Service\":"
		    "{\"Service\":\"other\"},\"Checks\":[{\"CheckID\":\"a\","
		    "\"Status\":\"passing\"},{\"CheckID\":\"b\"}]}" },
		{ "/v1/catalog/register", "{\"Service\":{\"Service\":\"x\"}}" },
	};

	begin();
	ask("PUT", REGISTER, "", FABIO, true, 1000);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(
		    ask("PUT", bad[i][0], "", bad[i][1], true, 1), 400);
	ck_assert_ptr_nonnull(registry_find_name(&reg, "fabio"));
	ck_assert_str_eq(status_of("fabio-1-ttl"), "critical");
	ck_assert_ptr_null(registry_find_name(&reg, "other"));
	ck_assert_ptr_null(registry_find_node(&reg, "n2"));
	ck_assert_uint_eq(reg.nchecks, 1);
	end();
}
END_TEST

START_TEST(nodes_and_entries_have_bounds)
{
	char *tag = xmalloc(REGISTRY_MAX_ENTRY + 1), name[32];
	struct entry_node n = { .node = name };
	struct entry_service s = { .id = text_borrow("s"),
		.service = text_borrow("s"),
		.tags = &tag,
		.ntags = 1 };
	struct err err;
	size_t i = 0;

	memset(tag, 'x', REGISTRY_MAX_ENTRY);
	tag[REGISTRY_MAX_ENTRY] = '\0';
	begin();
	ck_assert_int_eq(
	    registry_put_service(&reg, "n1", &s, REGISTRY_LOCAL, &err), -1);
	free(tag);
	do {
		snprintf(name, sizeof name, "node-%zu", i);
	} while (registry_put_node(&reg, &n, &err) == 0 && i++ < 1u << 20);
	ck_assert_uint_eq(map_count(&reg.nodes), REGISTRY_MAX_NODES);
	ck_assert_str_eq(err.text, "too many nodes");
	end();
}
END_TEST

START_TEST(what_is_no_registration_is_refused)
{
	static const char *const bodies[] = {
		"", "[]", "{", "{\"Name\":5}", "{\"Name\":\"\"}",
		"{\"Name\":\"a\\u0001\"}",
		"{\"Name\":\"a\",\"Check\":{\"TTL\":\"x\"}}",
		"{\"Name\":\"a\",\"Check\":{\"TTL\":\"1s\",\"Status\":\"?\"}}"
	};

	begin();
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
		ck_assert_int_eq(
		    ask("PUT", REGISTER, "", bodies[i], true, 1), 400);
	end();
}
END_TEST

UNIT_MAIN("registry", a_check_that_is_not_kept_up_expires_and_its_service_goes,
    a_check_that_outlives_its_service_ends_by_itself,
    an_output_that_changes_wakes_nobody,
    tags_that_change_wake_who_follows_checks, strangers_read_but_do_not_write,
    a_key_is_written_only_at_the_index_that_was_read,
    all_keys_below_one_go_at_once, too_many_local_services_are_refused,
    what_the_cluster_keeps_no_program_takes_over,
    a_registration_that_is_refused_leaves_the_one_there_is,
    nodes_and_entries_have_bounds, what_is_no_registration_is_refused)
