/* The catalog's contents: what expires, what wakes, what is refused. */
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

/* Whoever owns a check's id last decides what it is of. */
START_TEST(a_check_that_outlives_its_service_ends_by_itself)
{
	struct entry_check stray = { .check_id = text_borrow("fabio-1-ttl"),
		.status = text_borrow("critical"),
		.service_id = text_borrow("nobody") };

	begin();
	ask("PUT", REGISTER, "", FABIO, true, 1000);
	ck_assert_int_eq(
	    registry_put_check(&reg, "n1", &stray, false, NULL), 0);
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
    too_many_local_services_are_refused, what_is_no_registration_is_refused)
