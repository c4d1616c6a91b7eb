/* What an operator writes into peers.json, and what is wrong with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/schedd/peersfile.h"
#include "cmd/schedd/schedd.h"
#include "tests/lib/unit.h"

#define A  "0a0a0a0a-1111-2222-3333-444444444444"
#define B  "0b0b0b0b-1111-2222-3333-444444444444"
#define ME "{\"id\": \"" A "\", \"address\": \"10.0.0.1:4645\"}"

static const struct peersfile_self self = { A, "10.0.0.1:4645" };
static struct raft_config config;
static struct err err;

static int
parse(const char *text)
{
	return peersfile_parse(
	    &config, "/d/peers.json", text, strlen(text), &self, &err);
}

static void
expect_refused(const char *text, const char *why)
{
	ck_assert_int_eq(parse(text), -1);
	ck_assert_str_eq(err.text, why);
}

START_TEST(servers_are_named_by_id_and_address)
{
	ck_assert_int_eq(parse("[" ME "]"), 0);
	ck_assert_uint_eq(config.n, 1);
	ck_assert_uint_eq(config.servers[0].id, schedd_raft_id(A));
	ck_assert_str_eq(config.servers[0].addr, "tcp://10.0.0.1:4645");
	ck_assert_int_eq(config.servers[0].voice, RAFT_VOTER);
	ck_assert_int_eq(
	    parse(
		"[\n  {\n    \"address\": \"[fd00::2]:4645\",\n    \"id\": \"" B
		"\",\n    \"non_voter\": true\n  },\n  " ME "\n]\n"),
	    0);
	ck_assert_uint_eq(config.n, 2);
	ck_assert_int_eq(config.servers[0].voice, RAFT_LEARNER);
	ck_assert_str_eq(config.servers[0].addr, "tcp://[fd00::2]:4645");
	ck_assert_int_eq(config.servers[1].voice, RAFT_VOTER);
}
END_TEST

START_TEST(a_file_without_this_server_is_refused)
{
	expect_refused(
	    "[]", "/d/peers.json: this server is not in it: its id is " A);
	expect_refused("[{\"id\":\"" B "\",\"address\":\"10.0.0.2:4645\"}]",
	    "/d/peers.json: this server is not in it: its id is " A);
	expect_refused("[{\"id\": \"" A "\", \"address\": \"10.0.0.1:4645\", "
		       "\"non_voter\": true}]",
	    "/d/peers.json: none of the servers votes");
}
END_TEST

START_TEST(ids_and_addresses_must_be_some)
{
	expect_refused("[\n" ME ",\n" ME "\n]",
	    "/d/peers.json:3: the id " A " is there twice");
	expect_refused("[{\"id\":\"" A "\",\n\"id\":\"" B "\"}]",
	    "/d/peers.json:2: \"id\" is there twice");
	expect_refused(
	    "[{\"id\":\"7f6d1b1a-0000-4000-8000-00000000000\\u0000\"}]",
	    "/d/peers.json:1: \"7f6d1b1a-0000-4000-8000-00000000000\" is no "
	    "id of a server");
	expect_refused("[\n{\"id\":\"s2.global\"}]",
	    "/d/peers.json:2: \"s2.global\" is no id of a server");
	expect_refused("[{\"id\":\"" B "\",\n\"address\":\"10.0.0.2\"}]",
	    "/d/peers.json:2: \"10.0.0.2\" is no address like 10.0.0.1:4645");
	expect_refused("[{\"address\":\"unix:/x\"}]",
	    "/d/peers.json:1: \"unix:/x\" is no address like 10.0.0.1:4645");
	expect_refused("[{\"address\":\":4645\"}]",
	    "/d/peers.json:1: \":4645\" is no address like 10.0.0.1:4645");
	expect_refused("[{\"address\":\"10.0.0.2:0\"}]",
	    "/d/peers.json:1: \"10.0.0.2:0\" is no address like "
	    "10.0.0.1:4645");
	expect_refused("[{\"address\":\"a\\u0000:4645\"}]",
	    "/d/peers.json:1: \"a\" is no address like 10.0.0.1:4645");
	expect_refused("[{\"id\":\"" B "\"}]",
	    "/d/peers.json:1: a server without an address");
	expect_refused("[{\"address\":\"10.0.0.2:4645\"}]",
	    "/d/peers.json:1: a server without an id");
}
END_TEST

START_TEST(the_port_of_another_service_is_found_out)
{
	expect_refused("[{\"id\":\"" A "\",\"address\":\"10.0.0.1:4647\"}]",
	    "/d/peers.json:1: this server is reached at 10.0.0.1:4645, by its "
	    "Raft address, and not at 10.0.0.1:4647");
}
END_TEST

START_TEST(what_is_malformed_is_refused_with_its_line)
{
	expect_refused("[\n" ME ",\n]",
	    "/d/peers.json:3: parse error: unallowed token at this point in "
	    "JSON text");
	ck_assert_int_eq(parse("[\n" ME "\n"), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "/d/peers.json:3: "));
	ck_assert_int_eq(parse(""), -1);
	ck_assert_int_eq(parse("[" ME "] x"), -1);
	expect_refused("[\"10.0.0.1:4645\"]",
	    "/d/peers.json:1: a server is { \"id\": .., \"address\": .. } and "
	    "no text");
	expect_refused(ME, "/d/peers.json:1: a group where none is expected: "
			   "the file is a list of servers");
	expect_refused("[[", "/d/peers.json:1: a list where none is expected");
	expect_refused("[{\"id\": {",
	    "/d/peers.json:1: a group where none is expected: the file is a "
	    "list of servers");
	expect_refused("[\n{\"nonvoter\": true}]",
	    "/d/peers.json:2: \"nonvoter\" is none of id, address and "
	    "non_voter");
	expect_refused("[{\"non_voter\": \"true\"}]",
	    "/d/peers.json:1: text where none is expected");
	expect_refused("[{\"id\": true}]",
	    "/d/peers.json:1: true or false where none is expected");
	expect_refused("[{\"id\": 12}]",
	    "/d/peers.json:1: the number 12 where none is expected");
	expect_refused(
	    "[null]", "/d/peers.json:1: null where none is expected");
}
END_TEST

START_TEST(no_more_servers_than_there_can_be)
{
	char text[4096] = "[";

	for (int i = 0; i <= RAFT_SERVERS_MAX; i++) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof text - n,
		    "%s{\"id\":\"0b0b0b0b-1111-2222-3333-44444444440%d\","
		    "\"address\":\"10.0.0.2:4645\"}",
		    i > 0 ? "," : "", i);
	}
	expect_refused(text, "/d/peers.json:1: more than 9 servers");
}
END_TEST

START_TEST(no_file_is_no_recovery_and_a_bad_one_is_not_taken)
{
	char dir[64], path[96];
	FILE *f;

	snprintf(dir, sizeof dir, "/tmp/peersfile.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(peersfile_recover(dir, &self, &err), 0);
	snprintf(path, sizeof path, "%s/" PEERSFILE_NAME, dir);
	ck_assert_ptr_nonnull(f = fopen(path, "w"));
	fputs("[" ME "]", f);
	fclose(f);
	ck_assert_int_eq(peersfile_recover(dir, &self, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "there is no log"));
	ck_assert_int_eq(access(path, F_OK), 0);
	unlink(path);
	rmdir(dir);
}
END_TEST

UNIT_MAIN("peersfile", servers_are_named_by_id_and_address,
    a_file_without_this_server_is_refused, ids_and_addresses_must_be_some,
    the_port_of_another_service_is_found_out,
    what_is_malformed_is_refused_with_its_line,
    no_more_servers_than_there_can_be,
    no_file_is_no_recovery_and_a_bad_one_is_not_taken)
