/* What is wrong with the servers of a region: named, each once. */
#include <string.h>

#include "cmd/schedd/misfits.h"
#include "tests/lib/unit.h"

enum { OURS = 0x77 };

static struct cluster_server list[12];
static struct cluster_view view = { .servers = list };
static struct misfits found;

static struct cluster_server *
add(const char *name, const char *raft, uint64_t cluster)
{
	struct cluster_server *s = &list[view.n++];

	*s = (struct cluster_server){
		.name = name, .raft = raft, .expect = 3, .cluster = cluster
	};
	return s;
}

static void
self(const char *raft, uint64_t cluster)
{
	view.n = 0;
	add("self", raft, cluster);
}

static void
says(const char *text)
{
	misfits_find(&view, &found);
	ck_assert_uint_eq(found.n, 1);
	ck_assert_str_eq(found.text[0], text);
}

START_TEST(who_fits_is_not_named)
{
	self("tcp://a", OURS);
	add("b", "tcp://b", OURS);
	add("c", "tcp://c", 0);
	add("d", "tcp://d", OURS + 1)->status = CLUSTER_FAILED;
	add("e", "tcp://e", OURS)->expect = 0;
	misfits_find(&view, &found);
	ck_assert_uint_eq(found.n, 0);
}
END_TEST

START_TEST(another_cluster_of_the_region_is_named)
{
	self("tcp://a", OURS);
	add("b", "tcp://b", OURS + 1);
	says("server b of this region is in cluster 0000000000000078 and this "
	     "one in 0000000000000077: it is not added");
}
END_TEST

START_TEST(a_cluster_by_itself_is_named)
{
	self("tcp://a", OURS);
	add("b", "", 0);
	says("server b of this region is a cluster by itself: it does not "
	     "join");
	self("", 0);
	add("b", "", 0);
	says("server b of this region is a cluster by itself, as this one is: "
	     "neither joins the other");
	self("", 0);
	add("b", "tcp://b", OURS);
	says("server b of this region is in cluster 0000000000000077, which "
	     "this one, a cluster by itself, does not join");
}
END_TEST

START_TEST(another_number_is_named)
{
	self("tcp://a", OURS);
	add("b", "tcp://b", OURS)->expect = 5;
	says("server b expects 5 servers and this one 3: no new cluster could "
	     "be formed by them");
}
END_TEST

START_TEST(a_copy_is_named)
{
	struct cluster_server *c;

	self("tcp://a", OURS);
	add("b", "tcp://b", OURS)->id = 5;
	c = add("c", "tcp://c", OURS);
	c->id = 5;
	c->uuid = "5-5";
	says("servers b and c have one id, 5-5: one of them has a copy of the "
	     "other's data_dir, and must begin without it");
	c->status = CLUSTER_FAILED;
	misfits_find(&view, &found);
	ck_assert_uint_eq(found.n, 0);
	c->status = CLUSTER_ALIVE;
	c->raft = "tcp://b"; /* renamed */
	misfits_find(&view, &found);
	ck_assert_uint_eq(found.n, 0);
}
END_TEST

START_TEST(each_is_told_once_while_it_lasts)
{
	struct misfits was, news;

	self("tcp://a", OURS);
	add("b", "", 0);
	misfits_find(&view, &was);
	add("c", "", 0);
	misfits_find(&view, &found);
	misfits_new(&found, &was, &news);
	ck_assert_uint_eq(news.n, 1);
	ck_assert_ptr_nonnull(strstr(news.text[0], "server c "));
	misfits_new(&found, &found, &news);
	ck_assert_uint_eq(news.n, 0);
	while (view.n < 12)
		add("d", "", 0);
	misfits_find(&view, &found);
	ck_assert_uint_eq(found.n, MISFITS_MAX);
}
END_TEST

UNIT_MAIN("misfits", who_fits_is_not_named,
    another_cluster_of_the_region_is_named, a_cluster_by_itself_is_named,
    another_number_is_named, a_copy_is_named, each_is_told_once_while_it_lasts)
