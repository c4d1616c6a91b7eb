/* The API's client: what it leaves behind when nobody answers. */
#include "cmd/rove/client.h"

#include <string.h>

#include "proto/eval.h"
#include "tests/lib/unit.h"

static struct client client;

static void
setup(void)
{
	struct err err;

	ck_assert_int_eq(client_init(&client, "unix:///nobody/listens", NULL,
			     NULL, NULL, &err),
	    0);
}

/* A caller clears the record whatever came of it. */
static void
expect_zeroed(struct deployment *d)
{
	const struct deployment zero = { 0 };

	ck_assert_mem_eq(d, &zero, sizeof zero);
	rec_clear(&deployment_type, d);
	client_release(&client);
}

START_TEST(client_zeroes_what_it_could_not_get)
{
	struct deployment d;
	struct err err;

	setup();
	memset(&d, 'x', sizeof d);
	ck_assert_int_eq(client_get(&client, "/v1/job/a/deployment", NULL,
			     &deployment_type, &d, &err),
	    -1);
	expect_zeroed(&d);
}
END_TEST

START_TEST(client_zeroes_what_a_put_was_not_answered_with)
{
	struct deployment d;
	struct err err;

	setup();
	memset(&d, 'x', sizeof d);
	ck_assert_int_eq(client_put(&client, "/v1/x", NULL, NULL, NULL,
			     &deployment_type, &d, &err),
	    -1);
	expect_zeroed(&d);
}
END_TEST

START_TEST(client_gives_no_list_that_it_could_not_get)
{
	struct deployment *list = (struct deployment *)&client;
	struct err err;
	size_t n = 7;

	setup();
	ck_assert_int_eq(client_list(&client, "/v1/deployments", NULL,
			     &deployment_type, &list, &n, &err),
	    -1);
	ck_assert_ptr_null(list);
	ck_assert_uint_eq(n, 0);
	client_release(&client);
}
END_TEST

UNIT_MAIN("client", client_zeroes_what_it_could_not_get,
    client_zeroes_what_a_put_was_not_answered_with,
    client_gives_no_list_that_it_could_not_get)
