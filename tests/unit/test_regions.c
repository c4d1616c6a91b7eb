/*
 * Which server of another region is asked: decisions on what the pool tells.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/schedd/regions.h"
#include "common/mem.h"
#include "common/text.h"
#include "tests/lib/unit.h"

enum { MAX = 8 };

static struct regions regions;
static struct rng rng;
static struct member list[MAX];
static char names[MAX][32];
static size_t n;

static void
set_up(void)
{
	rng_init(&rng, 1);
	n = 0;
}

static void
tear_down(void)
{
	regions_release(&regions);
	for (size_t i = 0; i < n; i++) {
		list[i].name = list[i].status = NULL;
		rec_clear(&member_type, &list[i]);
	}
}

/* A server NAME.REGION, which tells where it is reached. */
static struct member *
add(const char *name, const char *region, const char *http)
{
	struct member *m = &list[n];

	snprintf(names[n], sizeof names[n], "%s.%s", name, region);
	*m = (struct member){ .name = names[n],
		.status = text_borrow(MEMBER_ALIVE) };
	rec_kv_set(&m->tags, &m->ntags, "role", "nomad");
	rec_kv_set(&m->tags, &m->ntags, "build", "2.0.6");
	rec_kv_set(&m->tags, &m->ntags, "port", "4647");
	rec_kv_set(&m->tags, &m->ntags, "region", region);
	rec_kv_set(&m->tags, &m->ntags, "rpc_addr", "10.0.0.1");
	if (*http != '\0')
		rec_kv_set(&m->tags, &m->ntags, "http_addr", http);
	n++;
	return m;
}

static void
learn(void)
{
	regions_learn(&regions,
	    &(struct member_rows){ .members = list, .nmembers = n }, "eu");
}

static struct region_server *
pick(const char *region, const struct region_tried *tried, uint64_t now_ms)
{
	return regions_pick(&regions, region, REGION_HTTP, tried, now_ms, &rng);
}

static const struct region_tried none;

START_TEST(only_alive_servers_of_the_region_are_asked)
{
	struct member *m;

	set_up();
	add("a", "eu", "a:1");
	add("b", "us", "b:1")->status = text_borrow(MEMBER_FAILED);
	add("c", "us", "c:1");
	add("d", "us", "d:1")->status = text_borrow(MEMBER_LEFT);
	m = add("e", "us", "e:1");
	rec_kv_set(&m->tags, &m->ntags, "role", "gossip");
	add("f", "asia", "f:1");
	learn();
	for (int i = 0; i < 20; i++)
		ck_assert_str_eq(pick("us", &none, 0)->name, "c.us");
	ck_assert_ptr_null(pick("eu", &none, 0));
	ck_assert_ptr_null(pick("mars", &none, 0));
	ck_assert_uint_eq(regions_count(&regions), 2);
	ck_assert(regions_has(&regions, "asia"));
	ck_assert(!regions_has(&regions, "eu"));
	ck_assert(regions_has_addr(&regions, REGION_HTTP, "c:1"));
	ck_assert(!regions_has_addr(&regions, REGION_HTTP, "b:1"));
	ck_assert(regions_has_addr(&regions, REGION_RPC, "10.0.0.1:4647"));
	tear_down();
}
END_TEST

START_TEST(all_are_as_likely)
{
	size_t counts[3] = { 0 };

	set_up();
	add("a", "us", "a:1");
	add("b", "us", "b:1");
	add("c", "us", "c:1");
	learn();
	for (int i = 0; i < 3000; i++)
		counts[*pick("us", &none, 0)->name - 'a']++;
	for (size_t i = 0; i < 3; i++)
		ck_assert(counts[i] > 800 && counts[i] < 1200);
	tear_down();
}
END_TEST

START_TEST(each_is_tried_once_and_the_bad_last)
{
	struct region_tried tried = { 0 };

	set_up();
	add("a", "us", "a:1");
	add("b", "us", "b:1");
	add("c", "us", "c:1");
	learn();
	regions_note(&regions, "a.us", false, 1000);
	regions_note(&regions, "b.us", false, 1000);
	regions_note(&regions, "gone.us", false, 1000);
	for (int i = 0; i < 20; i++)
		ck_assert_str_eq(pick("us", &none, 2000)->name, "c.us");
	region_tried_add(&tried, "c.us");
	regions_note(&regions, "b.us", true, 2000);
	for (int i = 0; i < 20; i++)
		ck_assert_str_eq(pick("us", &tried, 2000)->name, "b.us");
	region_tried_add(&tried, "b.us");
	ck_assert_str_eq(pick("us", &tried, 2000)->name, "a.us");
	region_tried_add(&tried, "a.us");
	ck_assert_ptr_null(pick("us", &tried, 2000));
	region_tried_release(&tried);
	tear_down();
}
END_TEST

START_TEST(what_is_noted_lasts_while_it_is_the_same_server)
{
	set_up();
	add("a", "us", "a:1");
	add("b", "us", "b:1");
	learn();
	regions_note(&regions, "a.us", false, 1000);
	learn();
	for (int i = 0; i < 20; i++)
		ck_assert_str_eq(pick("us", &none, 2000)->name, "b.us");
	/* It came back. */
	list[0].status = text_borrow(MEMBER_FAILED);
	learn();
	list[0].status = text_borrow(MEMBER_ALIVE);
	learn();
	for (int i = 0; i < 40 && *pick("us", &none, 2000)->name != 'a'; i++)
		ck_assert_int_lt(i, 39);
	/* After a while it is as good as any. */
	regions_note(&regions, "b.us", false, 1000);
	for (int i = 0; i < 40 && *pick("us", &none, 6000)->name != 'b'; i++)
		ck_assert_int_lt(i, 39);
	tear_down();
}
END_TEST

static const char *
refusal(const char *region)
{
	static struct err err;

	ck_assert_int_eq(
	    regions_refuse(&regions, region, REGION_HTTP, &err), -1);
	return err.text;
}

START_TEST(it_is_said_why_there_is_no_way)
{
	set_up();
	add("a", "us", "a:1")->status = text_borrow(MEMBER_FAILED);
	add("b", "us", "b:1")->status = text_borrow(MEMBER_FAILED);
	add("c", "asia", "");
	learn();
	ck_assert_str_eq(refusal("mars"), "No path to region");
	ck_assert_str_eq(refusal("us"),
	    "No path to region \"us\": its servers (2) are down");
	ck_assert_str_eq(refusal("asia"),
	    "No path to region \"asia\": its servers (1) do not tell others "
	    "where their HTTP API is");
	tear_down();
}
END_TEST

START_TEST(what_members_tell_is_bounded)
{
	static struct member many[REGIONS_MAX + 10];
	char *much = xcalloc(1, 600);

	set_up();
	memset(much, 'x', 599);
	add("a", "us", much);
	add("b", much, "b:1");
	add("c", "us", "c:1");
	learn();
	ck_assert_uint_eq(regions.n, 2);
	ck_assert_str_eq(pick("us", &none, 0)->name, "c.us");
	for (size_t i = 0; i < REGIONS_MAX + 10; i++)
		many[i] = list[2];
	regions_learn(&regions,
	    &(struct member_rows){
		.members = many, .nmembers = REGIONS_MAX + 10 },
	    "eu");
	ck_assert_uint_eq(regions.n, REGIONS_MAX);
	free(much);
	tear_down();
}
END_TEST

UNIT_MAIN("regions", only_alive_servers_of_the_region_are_asked,
    all_are_as_likely, each_is_tried_once_and_the_bad_last,
    what_is_noted_lasts_while_it_is_the_same_server,
    it_is_said_why_there_is_no_way, what_members_tell_is_bounded)
