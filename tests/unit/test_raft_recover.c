/*
 * A server of a cluster that lost its majority is recovered: what it held is
 * kept, and a crash between any two steps does no harm.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/raft/node.h"
#include "common/raft/recover.h"
#include "common/wal/wal.h"
#include "tests/lib/unit.h"
#include "tests/lib/walworld.h"

enum { OURS = 7, ENTRIES = 40, CLUSTER = 77 };

static struct walworld world;
static struct err err;

static struct raft_config
config_of(size_t n, const uint64_t *ids)
{
	struct raft_config c = { .n = n };

	for (size_t i = 0; i < n; i++) {
		c.servers[i].id = ids[i];
		c.servers[i].voice = RAFT_VOTER;
		snprintf(c.servers[i].addr, sizeof c.servers[i].addr,
		    "tcp://10.0.0.%" PRIu64 ":4645", ids[i]);
	}
	return c;
}

static struct raft_config
only_us(void)
{
	return config_of(1, (const uint64_t[]){ OURS });
}

/* --- a log of a cluster of three --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t synced;

static void
on_synced(void *ctx, uint64_t seq)
{
	(void)ctx;
	pthread_mutex_lock(&lock);
	synced = seq;
	pthread_mutex_unlock(&lock);
}

static struct wal *
open_wal(const char *dir, struct wal_log *log)
{
	struct wal_opts o = { .dir = dir,
		.server_id = OURS,
		.cluster_id = CLUSTER,
		.segment_bytes = 64 << 10,
		.on_synced = on_synced };
	struct wal *w;

	if (wal_open(&w, &o, log, &err) == -1)
		ck_abort_msg("%s", err.text);
	return w;
}

static void
wait_synced(uint64_t seq)
{
	for (int i = 0; i < 1000; i++) {
		bool is_done;

		pthread_mutex_lock(&lock);
		is_done = synced >= seq;
		pthread_mutex_unlock(&lock);
		if (is_done)
			return;
		usleep(1000);
	}
	ck_abort_msg("not synced");
}

static int
write_state(void *ctx, int fd)
{
	return write(fd, ctx, 8) == 8 ? 0 : -1;
}

/* Configs at 1 and 20, commands else, the last of them in a later term; with
 * a snapshot at 10 if wanted, which says 8 bytes. */
static void
write_log(bool has_snapshot)
{
	struct raft_config three =
	    config_of(3, (const uint64_t[]){ OURS, 8, 9 });
	struct raft_bytes *config = raft_config_format(&three);
	struct wal_log log;
	struct wal *w = open_wal(world.dir, &log);
	char state[8] = "a state";

	wal_log_release(&log);
	synced = 0;
	wal_set_hard(w, 5, 8);
	for (uint64_t i = 1; i <= ENTRIES; i++) {
		bool is_config = i == 1 || i == 20;
		char text[16];
		int n = snprintf(text, sizeof text, "%" PRIu64, i);
		struct wal_entry e = { .index = i,
			.term = i < 30 ? 1 : 4,
			.kind = is_config ? RAFT_CONFIG : RAFT_COMMAND,
			.data = is_config ? (void *)config->data : text,
			.n = is_config ? (uint32_t)config->len : (uint32_t)n };

		wal_append(w, &e, 1);
	}
	wal_submit(w, 1);
	wait_synced(1);
	if (has_snapshot) {
		struct wal_snap s = { .cluster_id = CLUSTER,
			.index = 10,
			.term = 1,
			.config_index = 1,
			.config = config->data,
			.nconfig = config->len };

		ck_assert_int_eq(wal_snap_write(wal_directory(w), &s,
				     write_state, state, &err),
		    0);
	}
	wal_close(w);
	raft_bytes_unref(config);
}

static void
set_up(bool has_snapshot)
{
	walworld_init(&world);
	write_log(has_snapshot);
}

static int
recover(const struct raft_config *c, struct raft_recovery *done)
{
	struct raft_recover_opts o = { .dir = world.dir,
		.server_id = OURS,
		.config = c,
		.segment_bytes = 64 << 10,
		.io = &world.io };

	return raft_recover(&o, done, &err);
}

static bool
is_there(const char *suffix)
{
	char *path = xasprintf("%s%s", world.dir, suffix);
	bool is = access(path, F_OK) == 0;

	free(path);
	return is;
}

/* Every entry, and configs that say what is wanted. */
static void
check_log(const char *dir, uint64_t cluster, const struct raft_config *want)
{
	struct wal_log log;
	struct wal *w = open_wal(dir, &log);
	uint64_t first = log.snap.index + 1;
	struct raft_config c;

	ck_assert_uint_eq(log.hard.cluster_id, cluster);
	ck_assert_uint_eq(log.hard.term, 5);
	ck_assert_uint_eq(log.hard.vote, 8);
	ck_assert_uint_eq(wal_log_last(&log), ENTRIES);
	for (uint64_t i = first; i <= ENTRIES; i++) {
		const struct wal_entry *e = &log.entries[i - log.first];
		char text[16];

		ck_assert_uint_eq(e->index, i);
		ck_assert_uint_eq(e->term, i < 30 ? 1 : 4);
		snprintf(text, sizeof text, "%" PRIu64, i);
		if (e->kind == RAFT_COMMAND) {
			ck_assert_mem_eq(e->data, text, strlen(text));
			continue;
		}
		ck_assert_int_eq(raft_config_parse(&c, e->data, e->n), 0);
		ck_assert(raft_config_equal(&c, want));
	}
	if (log.snap.index > 0) {
		ck_assert_uint_eq(log.snap.index, 10);
		ck_assert_uint_eq(log.snap.size, 8);
		ck_assert_int_eq(
		    raft_config_parse(&c, log.snap.config, log.snap.nconfig),
		    0);
		ck_assert(raft_config_equal(&c, want));
	}
	wal_log_release(&log);
	wal_close(w);
}

static void
check_kept(bool has_snapshot)
{
	struct raft_config c = only_us();
	struct raft_config three =
	    config_of(3, (const uint64_t[]){ OURS, 8, 9 });
	struct raft_recovery done;

	set_up(has_snapshot);
	ck_assert_int_eq(recover(&c, &done), 0);
	ck_assert_uint_eq(done.cluster_before, CLUSTER);
	ck_assert_uint_eq(done.cluster, raft_recover_cluster(CLUSTER, &c));
	ck_assert_uint_ne(done.cluster, CLUSTER);
	ck_assert_uint_eq(done.last, ENTRIES);
	ck_assert_uint_eq(done.last_term, 4);
	check_log(world.dir, done.cluster, &c);
	ck_assert(is_there(".before-1"));
	ck_assert(!is_there(".recovering") && !is_there(".recovered"));
	check_log(done.aside, CLUSTER, &three);
	/* And once more: the first old one stays what it is. */
	c.servers[0].addr[6] = '2';
	ck_assert_int_eq(recover(&c, &done), 0);
	ck_assert(is_there(".before-2"));
	check_log(world.dir, done.cluster, &c);
	walworld_release(&world);
}

START_TEST(everything_is_kept_and_only_the_servers_are_others)
{
	check_kept(false);
	check_kept(true);
}
END_TEST

START_TEST(a_crash_at_any_step_leaves_the_old_log_or_the_new_one)
{
	struct raft_config c = only_us();
	uint64_t cluster = raft_recover_cluster(CLUSTER, &c);
	struct raft_recovery done;
	unsigned nold = 0, nnew = 0, step = 0;
	int rc = -1;

	while (rc == -1) {
		struct wal_log log;
		struct wal *w;
		bool is_new;

		set_up(step % 2 == 1);
		world.crash_at = ++step;
		rc = recover(&c, &done);
		walworld_restart(&world);
		ck_assert_int_eq(
		    raft_recover_settle(world.dir, &world.io, &err), 0);
		ck_assert(!is_there(".recovering") && !is_there(".recovered"));
		w = open_wal(world.dir, &log);
		is_new = log.hard.cluster_id == cluster;
		ck_assert(is_new || log.hard.cluster_id == CLUSTER);
		wal_log_release(&log);
		wal_close(w);
		ck_assert(is_new == is_there(".before-1"));
		*(is_new ? &nnew : &nold) += 1;
		if (!is_new && recover(&c, &done) == -1)
			ck_abort_msg("step %u: %s", step, err.text);
		check_log(world.dir, cluster, &c);
		walworld_release(&world);
	}
	ck_assert_uint_gt(nold, 20);
	ck_assert_uint_ge(nnew, 2);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_log)
{
	struct raft_config c = only_us();
	struct raft_recovery done;

	set_up(true);
	walworld_fill_disk(&world, ENOSPC);
	ck_assert_int_eq(recover(&c, &done), -1);
	ck_assert_ptr_nonnull(strstr(err.text, world.dir));
	ck_assert_int_eq(raft_recover_settle(world.dir, NULL, &err), 0);
	ck_assert(!is_there(".recovering") && !is_there(".before-1"));
	walworld_fill_disk(&world, 0);
	ck_assert_int_eq(recover(&c, &done), 0);
	walworld_release(&world);
}
END_TEST

static void
expect_refused(const struct raft_config *c, const char *why)
{
	struct raft_recovery done;

	ck_assert_int_eq(recover(c, &done), -1);
	ck_assert_ptr_nonnull(strstr(err.text, why));
	ck_assert(!is_there(".before-1") && !is_there(".recovering"));
}

START_TEST(what_makes_no_sense_is_refused)
{
	struct raft_config c = only_us(), other;
	struct raft_recover_opts o = {
		.dir = world.dir, .server_id = 8, .config = &c
	};
	struct raft_recovery done;
	struct wal_log log;

	set_up(false);
	other = config_of(2, (const uint64_t[]){ 8, 9 });
	expect_refused(&other, "this server is not one");
	other = c;
	other.servers[0].voice = RAFT_LEARNER;
	expect_refused(&other, "a voter");
	o.dir = world.dir;
	ck_assert_int_eq(raft_recover(&o, &done, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "belongs to server 7"));
	walworld_release(&world);

	walworld_init(&world);
	expect_refused(&c, "there is no log");
	ck_assert(!is_there(""));
	wal_close(open_wal(world.dir, &log));
	wal_log_release(&log);
	expect_refused(&c, "the log is empty");
	walworld_release(&world);
}
END_TEST

START_TEST(servers_recovered_with_the_same_config_are_one_cluster)
{
	struct raft_config a = config_of(2, (const uint64_t[]){ OURS, 8 });
	struct raft_config b = config_of(2, (const uint64_t[]){ 8, OURS });
	struct raft_config c = only_us();
	uint64_t ours = raft_recover_cluster(CLUSTER, &a);

	ck_assert_uint_eq(ours, raft_recover_cluster(CLUSTER, &b));
	ck_assert_uint_ne(ours, raft_recover_cluster(CLUSTER, &c));
	ck_assert_uint_ne(ours, raft_recover_cluster(CLUSTER + 1, &a));
	b.servers[0].voice = RAFT_LEARNER;
	ck_assert_uint_ne(ours, raft_recover_cluster(CLUSTER, &b));
}
END_TEST

/* --- with a node on it --- */

static uint64_t napplied, restored;

static int
restore(void *ctx, int fd, uint64_t size, uint64_t index, struct err *e)
{
	char state[8];

	(void)ctx;
	(void)size;
	(void)e;
	ck_assert_int_eq((int)read(fd, state, 8), 8);
	ck_assert_str_eq(state, "a state");
	restored = index;
	return 0;
}

static void
apply(void *ctx, uint64_t index, uint64_t term, const void *bytes, size_t n)
{
	(void)ctx;
	(void)index;
	(void)term;
	(void)bytes;
	(void)n;
	napplied++;
}

static void
on_leader(void *ctx, bool leads, uint64_t term)
{
	(void)term;
	*(bool *)ctx = leads;
}

START_TEST(a_recovered_server_leads_and_applies_all_it_has)
{
	bool leads = false;
	struct raft_config c = only_us();
	struct loop *loop = loop_new();
	struct raft_node_opts o = { .dir = world.dir,
		.server_id = OURS,
		.loop = loop,
		.ctx = &leads,
		.restore = restore,
		.apply = apply,
		.snapshot_write = write_state,
		.on_leader = on_leader,
		.segment_bytes = 64 << 10 };
	struct raft_node_info info;
	struct raft_recovery done;
	struct raft_node *node;

	set_up(true);
	o.dir = world.dir;
	/* A follower of servers that are lost leads nothing. */
	ck_assert_int_eq(raft_node_open(&node, &o, &err), 0);
	ck_assert(!loop_wait(loop, &leads, 50));
	raft_node_close(node);
	napplied = 0;
	ck_assert_int_eq(recover(&c, &done), 0);
	ck_assert_int_eq(raft_node_open(&node, &o, &err), 0);
	ck_assert(loop_wait(loop, &leads, 10000));
	ck_assert_uint_eq(restored, 10);
	/* All but the config at 20. */
	ck_assert_uint_eq(napplied, ENTRIES - 10 - 1);
	raft_node_info(node, &info);
	ck_assert_uint_eq(info.cluster_id, done.cluster);
	ck_assert_uint_gt(info.raft.term, 5);
	raft_node_close(node);
	loop_free(loop);
	walworld_release(&world);
}
END_TEST

UNIT_MAIN("raft_recover", everything_is_kept_and_only_the_servers_are_others,
    a_crash_at_any_step_leaves_the_old_log_or_the_new_one,
    a_full_disk_leaves_the_old_log, what_makes_no_sense_is_refused,
    servers_recovered_with_the_same_config_are_one_cluster,
    a_recovered_server_leads_and_applies_all_it_has)
