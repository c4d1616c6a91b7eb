/*
 * How servers come to be a cluster, and how its leader keeps it: decisions on
 * lists of what each sees.
 */
#include <string.h>

#include "cmd/schedd/cluster.h"
#include "cmd/schedd/steady.h"
#include "tests/lib/unit.h"

enum { MAX = 12, OURS = 77 };

static struct cluster_server list[MAX];
static struct cluster_view view = { .servers = list };

static const char *const names[MAX] = { "a", "b", "c", "d", "e", "f", "g", "h",
	"i", "j", "k", "l" };
static const char *const urls[MAX] = { "tcp://a", "tcp://b", "tcp://c",
	"tcp://d", "tcp://e", "tcp://f", "tcp://g", "tcp://h", "tcp://i",
	"tcp://j", "tcp://k", "tcp://l" };

static struct cluster_server *
add(uint64_t id, int64_t expect)
{
	struct cluster_server *s = &list[view.n++];

	*s = (struct cluster_server){ .id = id,
		.uuid = names[id - 1],
		.name = names[id - 1],
		.raft = urls[id - 1],
		.rpc = "",
		.http = "",
		.expect = expect,
		.version = "1.2.3",
		.level = 2,
		.in_force = 1 };
	return s;
}

/* n servers that expect as many; the first is this one. */
static void
founders(size_t n, int64_t expect)
{
	view.n = 0;
	for (size_t i = 0; i < n; i++)
		add(i + 1, expect);
}

static struct cluster_start
start(void)
{
	struct cluster_start how;

	cluster_start(&view, &how);
	return how;
}

/* --- forming --- */

START_TEST(too_few_servers_wait)
{
	founders(2, 3);
	ck_assert_int_eq(start().how, CLUSTER_WAIT);
	ck_assert_uint_eq(start().cluster, 0);
	ck_assert_str_eq(start().why, "servers: 2 of 3 are here");
	add(3, 3)->status = CLUSTER_FAILED;
	ck_assert_uint_eq(start().cluster, 0);
	list[2].status = CLUSTER_ALIVE;
	list[2].raft = "";
	ck_assert_uint_eq(start().cluster, 0);
}
END_TEST

START_TEST(all_see_the_same_before_one_begins)
{
	uint64_t ready;
	struct cluster_start how;

	founders(3, 3);
	how = start();
	ck_assert_int_eq(how.how, CLUSTER_WAIT);
	ck_assert(!how.is_wrong);
	ck_assert_uint_ne(ready = how.cluster, 0);
	list[1].ready = ready;
	ck_assert_int_eq(start().how, CLUSTER_WAIT);
	list[2].ready = ready + 1;
	ck_assert_int_eq(start().how, CLUSTER_WAIT);
	list[2].ready = ready;
	ck_assert_int_eq(start().how, CLUSTER_FORM);
}
END_TEST

START_TEST(each_founder_comes_to_the_same_config)
{
	struct cluster_start a, b;
	struct cluster_server self;

	founders(3, 3);
	a = start();
	self = list[2];
	list[2] = list[0];
	list[0] = self;
	b = start();
	ck_assert_uint_eq(a.cluster, b.cluster);
	ck_assert(raft_config_equal(&a.first, &b.first));
	ck_assert_uint_eq(a.first.n, 3);
	ck_assert_uint_eq(a.first.servers[0].id, 1);
	ck_assert_str_eq(a.first.servers[2].addr, "tcp://c");
	/* Elsewhere it is another one. */
	list[1].raft = "tcp://x";
	ck_assert_uint_ne(start().cluster, a.cluster);
}
END_TEST

START_TEST(more_than_expected_found_it_together)
{
	founders(5, 3);
	ck_assert_uint_eq(start().first.n, 5);
	founders(MAX - 1, 3);
	ck_assert_uint_eq(start().first.n, RAFT_SERVERS_MAX);
}
END_TEST

START_TEST(disagreement_is_named_and_forms_nothing)
{
	founders(3, 3);
	list[1].expect = 5;
	ck_assert_int_eq(start().how, CLUSTER_WAIT);
	ck_assert(start().is_wrong);
	ck_assert_uint_eq(start().cluster, 0);
	ck_assert_str_eq(start().why, "b expects 5 servers and this one 3");
	/* Who is no longer there may have thought what it liked. */
	list[1].status = CLUSTER_FAILED;
	ck_assert(!start().is_wrong);
	/* Who expects none is added later. */
	list[1].status = CLUSTER_ALIVE;
	list[1].expect = 0;
	ck_assert_str_eq(start().why, "servers: 2 of 3 are here");
}
END_TEST

/* --- joining --- */

START_TEST(a_region_without_servers_beside_another_is_named)
{
	founders(1, 0);
	view.elsewhere = "eu";
	ck_assert(start().is_wrong);
	ck_assert_str_eq(start().why,
	    "a cluster to join; the pool has none of this region, but of "
	    "region \"eu\": is the name right?");
	/* Others may yet come. */
	list[0].expect = 3;
	ck_assert(!start().is_wrong);
	ck_assert_ptr_nonnull(strstr(start().why, "1 of 3 are here; the pool"));
	add(2, 3);
	ck_assert_str_eq(start().why, "servers: 2 of 3 are here");
	view.elsewhere = NULL;
}
END_TEST

START_TEST(an_existing_cluster_is_joined)
{
	founders(3, 3);
	list[1].cluster = OURS;
	ck_assert_int_eq(start().how, CLUSTER_JOIN);
	ck_assert_uint_eq(start().cluster, OURS);
	list[0].expect = 0;
	ck_assert_int_eq(start().how, CLUSTER_JOIN);
	list[1].cluster = 0;
	ck_assert_str_eq(start().why, "a cluster to join");
}
END_TEST

START_TEST(those_of_a_cluster_that_was_lost_do_not_count)
{
	founders(3, 3);
	list[1].cluster = OURS;
	list[2].cluster = OURS + 1;
	list[2].status = CLUSTER_FAILED;
	ck_assert_int_eq(start().how, CLUSTER_JOIN);
	ck_assert_uint_eq(start().cluster, OURS);
}
END_TEST

START_TEST(a_cluster_that_is_down_is_not_formed_anew)
{
	founders(4, 3);
	list[1].cluster = OURS;
	list[1].status = CLUSTER_FAILED;
	ck_assert_int_eq(start().how, CLUSTER_WAIT);
	ck_assert_str_eq(start().why, "b, of the cluster, is down");
	list[1].status = CLUSTER_LEFT;
	ck_assert_uint_ne(start().cluster, 0);
}
END_TEST

START_TEST(between_two_clusters_nobody_chooses)
{
	founders(3, 3);
	list[1].cluster = OURS;
	list[2].cluster = OURS + 1;
	ck_assert_int_eq(start().how, CLUSTER_WAIT);
	ck_assert(start().is_wrong);
	ck_assert_str_eq(start().why, "b and c are in different clusters");
}
END_TEST

START_TEST(who_was_ready_founds_what_another_has_begun)
{
	founders(3, 3);
	list[0].ready = list[1].cluster = start().cluster;
	ck_assert_int_eq(start().how, CLUSTER_FORM);
	/* It sees less by now: then it is added like others. */
	list[2].status = CLUSTER_FAILED;
	ck_assert_int_eq(start().how, CLUSTER_JOIN);
}
END_TEST

/* --- the leader --- */

static struct raft_config config;
static struct raft_peer_status peers[RAFT_SERVERS_MAX];
static struct autopilot_configuration pilot;
static struct steady steady;
static uint64_t now_ms;

static void
cluster_of(size_t n)
{
	founders(n, 3);
	config = (struct raft_config){ .n = n };
	autopilot_init(&pilot);
	steady = (struct steady){ .n = 0 };
	now_ms = 1000;
	for (size_t i = 0; i < n; i++) {
		list[i].cluster = OURS;
		config.servers[i] =
		    (struct raft_server){ .id = i + 1, .voice = RAFT_VOTER };
		strcpy(config.servers[i].addr, list[i].raft);
		peers[i] = (struct raft_peer_status){
			.id = i + 1, .voice = RAFT_VOTER, .caught_up = true
		};
	}
}

static bool
next(struct cluster_change *out)
{
	const struct cluster_raft raft = { .cluster = OURS,
		.config = &config,
		.peers = peers,
		.npeers = config.n,
		.pilot = &pilot,
		.steady = &steady,
		.now_ms = now_ms };

	steady_note(&steady, peers, config.n, now_ms, 0);
	return cluster_next(&view, &raft, out);
}

START_TEST(a_server_that_waits_is_added_and_promoted)
{
	struct cluster_change c;

	cluster_of(3);
	ck_assert(!next(&c));
	add(4, 0);
	ck_assert_msg(!next(&c), "it has not said that it waits for us");
	list[3].cluster = OURS + 1;
	ck_assert(!next(&c));
	list[3].cluster = OURS;
	ck_assert(next(&c));
	ck_assert_int_eq(c.what, RAFT_ADD_LEARNER);
	ck_assert_uint_eq(c.id, 4);
	ck_assert_str_eq(c.addr, "tcp://d");

	config.servers[3] = (struct raft_server){
		.id = 4, .voice = RAFT_LEARNER, .addr = "tcp://d"
	};
	peers[3] = (struct raft_peer_status){ .id = 4, .voice = RAFT_LEARNER };
	config.n = 4;
	ck_assert_msg(!next(&c), "it has not caught up");
	peers[3].caught_up = true;
	now_ms = 20000;
	ck_assert_msg(!next(&c), "it has not been well for long");
	now_ms += 9999;
	ck_assert(!next(&c));
	peers[3].silent_ms = CLUSTER_WELL_MS;
	ck_assert(!next(&c));
	peers[3].silent_ms = 0;
	now_ms++;
	ck_assert_msg(!next(&c), "it has been silent meanwhile");
	now_ms += 10000;
	ck_assert(next(&c));
	ck_assert_int_eq(c.what, RAFT_PROMOTE);
	ck_assert_uint_eq(c.id, 4);
}
END_TEST

START_TEST(who_left_is_removed_and_who_failed_is_not)
{
	struct cluster_change c;

	cluster_of(3);
	list[2].status = CLUSTER_FAILED;
	peers[2].silent_ms = CLUSTER_DEAD_MS - 1;
	ck_assert(!next(&c));
	list[2].status = CLUSTER_LEFT;
	ck_assert(next(&c));
	ck_assert_int_eq(c.what, RAFT_REMOVE);
	ck_assert_uint_eq(c.id, 3);
	/* It cannot be the one who says so. */
	list[2].status = CLUSTER_ALIVE;
	list[0].status = CLUSTER_LEFT;
	ck_assert(!next(&c));
}
END_TEST

/* By force-leave -prune, so soon that nobody saw it leave. */
START_TEST(who_was_pruned_is_removed_unless_it_is_there)
{
	const uint64_t reaped[] = { 3, 2 };
	struct cluster_change c;

	cluster_of(3);
	list[2].id = 9; /* it does not know 3 */
	list[2].raft = "tcp://i";
	list[2].cluster = 0;
	peers[2].silent_ms = CLUSTER_WELL_MS;
	ck_assert(!next(&c));
	view.reaped = reaped;
	view.nreaped = 2;
	ck_assert(next(&c));
	ck_assert_int_eq(c.what, RAFT_REMOVE);
	ck_assert_uint_eq(c.id, 3);
	peers[2].silent_ms = 0;
	ck_assert_msg(!next(&c), "Raft hears it");
	peers[2].silent_ms = CLUSTER_WELL_MS;
	list[2].id = 3;
	list[2].raft = config.servers[2].addr;
	ck_assert_msg(!next(&c), "the pool knows it again");
	view.reaped = NULL;
	view.nreaped = 0;
}
END_TEST

/* Two of five are dead: without the one that left the others are too few, so
 * it stays for now, and who takes the place of a dead one need not wait. */
START_TEST(who_left_and_is_still_needed_keeps_nobody_waiting)
{
	struct cluster_change c;

	cluster_of(5);
	peers[3].silent_ms = peers[4].silent_ms = CLUSTER_WELL_MS;
	list[2].status = CLUSTER_LEFT;
	ck_assert(!next(&c));
	list[3].id = 6;
	ck_assert(next(&c));
	ck_assert_int_eq(c.what, RAFT_REMOVE);
	ck_assert_uint_eq(c.id, 4);
	peers[4].silent_ms = 0;
	ck_assert(next(&c));
	ck_assert_uint_eq(c.id, 3);
}
END_TEST

START_TEST(the_dead_are_removed_where_a_majority_is_well)
{
	struct cluster_change c;

	cluster_of(5);
	list[2].status = CLUSTER_FAILED;
	peers[2].silent_ms = CLUSTER_DEAD_MS;
	ck_assert(next(&c));
	ck_assert_int_eq(c.what, RAFT_REMOVE);
	ck_assert_uint_eq(c.id, 3);
	peers[3].silent_ms = peers[4].silent_ms = CLUSTER_WELL_MS;
	ck_assert(!next(&c));
	/* One that the pool has forgotten is no better. */
	peers[3].silent_ms = peers[4].silent_ms = 0;
	list[2] = list[4];
	view.n = 4;
	ck_assert(next(&c));
	ck_assert_uint_eq(c.id, 3);
	/* An alive one is silent for some other reason. */
	cluster_of(3);
	peers[2].silent_ms = CLUSTER_DEAD_MS;
	ck_assert(!next(&c));
}
END_TEST

START_TEST(the_dead_stay_where_an_operator_says_so)
{
	struct cluster_change c;

	cluster_of(5);
	list[2].status = CLUSTER_FAILED;
	peers[2].silent_ms = CLUSTER_DEAD_MS;
	pilot.cleanup_dead_servers = false;
	ck_assert(!next(&c));
	pilot.cleanup_dead_servers = true;
	pilot.min_quorum = 5;
	ck_assert(!next(&c));
	pilot.min_quorum = 4;
	ck_assert(next(&c));
	ck_assert_uint_eq(c.id, 3);
}
END_TEST

START_TEST(a_server_set_up_anew_takes_the_place_of_the_old)
{
	struct cluster_change c;

	cluster_of(3);
	list[2].id = 9;
	ck_assert(next(&c));
	ck_assert_int_eq(c.what, RAFT_REMOVE);
	ck_assert_uint_eq(c.id, 3);
	config.n = 2;
	ck_assert(next(&c));
	ck_assert_int_eq(c.what, RAFT_ADD_LEARNER);
	ck_assert_uint_eq(c.id, 9);
}
END_TEST

START_TEST(who_moved_is_readdressed_this_one_too)
{
	struct cluster_change c;

	cluster_of(3);
	list[1].raft = "tcp://y";
	ck_assert(next(&c));
	ck_assert_int_eq(c.what, RAFT_READDRESS);
	ck_assert_uint_eq(c.id, 2);
	ck_assert_str_eq(c.addr, "tcp://y");
	cluster_of(1);
	config.servers[0].addr[0] = '\0'; /* it was alone */
	ck_assert(next(&c));
	ck_assert_int_eq(c.what, RAFT_READDRESS);
	ck_assert_uint_eq(c.id, 1);
}
END_TEST

START_TEST(the_level_is_what_all_servers_alive_know)
{
	cluster_of(3);
	ck_assert_uint_eq(cluster_level(&view, &config), 2);
	list[1].level = 1;
	ck_assert_uint_eq(cluster_level(&view, &config), 1);
	list[1].level = 3; /* this one knows no more than 2 */
	ck_assert_uint_eq(cluster_level(&view, &config), 2);
	/* Who is away may come back as another. A learner counts, too. */
	list[2].status = CLUSTER_FAILED;
	ck_assert_uint_eq(cluster_level(&view, &config), 0);
	config.servers[2].voice = RAFT_LEARNER;
	ck_assert_uint_eq(cluster_level(&view, &config), 0);
	view.n--;
	ck_assert_uint_eq(cluster_level(&view, &config), 0);
}
END_TEST

START_TEST(who_is_too_old_for_the_state_is_not_added)
{
	struct cluster_change c;
	struct cluster_raft raft;

	cluster_of(3);
	list[0].in_force = 2;
	add(4, 0)->cluster = OURS;
	list[3].level = 1;
	raft = (struct cluster_raft){ .cluster = OURS, .config = &config };
	ck_assert(!next(&c));
	ck_assert_ptr_eq(cluster_outdated(&view, &raft), &list[3]);
	list[3].level = 2;
	ck_assert_ptr_null(cluster_outdated(&view, &raft));
	ck_assert(next(&c));
	ck_assert_uint_eq(c.id, 4);
}
END_TEST

START_TEST(who_is_too_old_for_the_cluster_says_so)
{
	founders(3, 3);
	list[1].cluster = OURS;
	list[1].in_force = 3;
	ck_assert_int_eq(start().how, CLUSTER_WAIT);
	ck_assert(start().is_wrong);
	ck_assert_str_eq(start().why,
	    "b is at feature level 3, and this program, rove 1.2.3, knows 2");
	list[1].in_force = 2;
	ck_assert_int_eq(start().how, CLUSTER_JOIN);
}
END_TEST

START_TEST(a_full_cluster_adds_nobody)
{
	struct cluster_change c;

	cluster_of(RAFT_SERVERS_MAX);
	add(10, 0)->cluster = OURS;
	ck_assert(!next(&c));
}
END_TEST

UNIT_MAIN("cluster", too_few_servers_wait, all_see_the_same_before_one_begins,
    each_founder_comes_to_the_same_config, more_than_expected_found_it_together,
    disagreement_is_named_and_forms_nothing,
    a_region_without_servers_beside_another_is_named,
    an_existing_cluster_is_joined,
    those_of_a_cluster_that_was_lost_do_not_count,
    a_cluster_that_is_down_is_not_formed_anew,
    between_two_clusters_nobody_chooses,
    who_was_ready_founds_what_another_has_begun,
    a_server_that_waits_is_added_and_promoted,
    who_left_is_removed_and_who_failed_is_not,
    who_was_pruned_is_removed_unless_it_is_there,
    who_left_and_is_still_needed_keeps_nobody_waiting,
    the_dead_are_removed_where_a_majority_is_well,
    the_dead_stay_where_an_operator_says_so,
    a_server_set_up_anew_takes_the_place_of_the_old,
    who_moved_is_readdressed_this_one_too,
    the_level_is_what_all_servers_alive_know,
    who_is_too_old_for_the_state_is_not_added,
    who_is_too_old_for_the_cluster_says_so, a_full_cluster_adds_nobody)
