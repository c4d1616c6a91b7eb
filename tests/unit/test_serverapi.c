/* Which server's HTTP API a node asks, and which after that. */
#include "cmd/nodeagent/serverapi.h"

#include "common/text.h"
#include "tests/lib/unit.h"

static void
next_is(char *const *tried, size_t ntried, const char *wanted)
{
	char *const urls[] = { text_borrow("ipc:///run/schedd.sock"),
		text_borrow("tcp://10.0.0.1:4647"), text_borrow("tcp://odd"),
		text_borrow("tcp://[::1]:4647") };
	char *got = serverapi_next("10.0.0.1:4646", urls, 4, tried, ntried);

	if (wanted == NULL)
		ck_assert_ptr_null(got);
	else
		ck_assert_str_eq(got, wanted);
	free(got);
}

START_TEST(each_server_is_asked_once)
{
	char *tried[] = { text_borrow("10.0.0.1:4646"),
		text_borrow("[::1]:4646") };

	next_is(tried, 0, "10.0.0.1:4646");
	next_is(tried, 1, "[::1]:4646");
	next_is(tried, 2, NULL);
}
END_TEST

UNIT_MAIN("serverapi", each_server_is_asked_once)
