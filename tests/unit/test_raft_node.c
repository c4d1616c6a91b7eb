#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/raft/node_impl.h"
#include "common/wal/dir.h"
#include "tests/lib/unit.h"
#include "tests/lib/walworld.h"

/* An owner whose state is a sum over its commands, in order. */
struct owner {
	struct walworld world;
	struct loop *loop;
	struct raft_node *node;
	struct raft_node_opts opts;
	uint64_t sum, napplied, last_index;
	bool leads, is_dead, is_done;
	uint64_t ndone, nwanted, restored;
	uint64_t nturn, longest_turn; /* commands applied in one */
	useconds_t snapshot_us;       /* that writing one takes */
	size_t npages;                /* that it has beside the sums */
	char why[ERR_TEXT_MAX];
	struct err err;
};

static int
restore(void *ctx, int fd, uint64_t size, uint64_t index, struct err *err)
{
	struct owner *o = ctx;

	(void)err;
	ck_assert_uint_eq(
	    size, sizeof o->sum + sizeof o->napplied + o->npages * 4096);
	ck_assert_int_eq((int)read(fd, &o->sum, 8), 8);
	ck_assert_int_eq((int)read(fd, &o->napplied, 8), 8);
	o->last_index = o->restored = index;
	return 0;
}

static void
end_turn(void *ctx)
{
	struct owner *o = ctx;

	if (o->nturn > o->longest_turn)
		o->longest_turn = o->nturn;
	o->nturn = 0;
}

static void
apply(void *ctx, uint64_t index, uint64_t term, const void *bytes, size_t n)
{
	struct owner *o = ctx;
	const unsigned char *p = bytes;

	ck_assert_uint_gt(index, o->last_index);
	ck_assert_uint_gt(term, 0);
	o->last_index = index;
	o->napplied++;
	if (o->nturn++ == 0)
		loop_at_end(o->loop, end_turn, o);
	for (size_t i = 0; i < n; i++)
		o->sum = o->sum * 31 + p[i];
}

static int
snapshot_write(void *ctx, int fd)
{
	static const char page[4096];
	const struct owner *o = ctx;

	usleep(o->snapshot_us);
	if (write(fd, &o->sum, 8) != 8 || write(fd, &o->napplied, 8) != 8)
		return -1;
	for (size_t i = 0; i < o->npages; i++)
		if (write(fd, page, sizeof page) != sizeof page)
			return -1;
	return 0;
}

static void
on_leader(void *ctx, bool leads, uint64_t term)
{
	struct owner *o = ctx;

	ck_assert_uint_gt(term, 0);
	o->leads = leads;
}

static void
on_fatal(void *ctx, const struct err *err)
{
	struct owner *o = ctx;

	o->is_dead = true;
	snprintf(o->why, sizeof o->why, "%s", err->text);
}

static void
set_up(struct owner *o)
{
	*o = (struct owner){ 0 };
	walworld_init(&o->world);
	o->loop = loop_new();
	o->opts = (struct raft_node_opts){ .dir = o->world.dir,
		.server_id = 7,
		.loop = o->loop,
		.ctx = o,
		.restore = restore,
		.apply = apply,
		.snapshot_write = snapshot_write,
		.on_leader = on_leader,
		.on_fatal = on_fatal,
		.segment_bytes = 64 << 10 };
}

static void
start(struct owner *o)
{
	o->sum = o->napplied = o->last_index = o->restored = 0;
	o->leads = o->is_dead = false;
	if (raft_node_open(&o->node, &o->opts, &o->err) == -1)
		ck_abort_msg("%s", o->err.text);
	ck_assert(loop_wait(o->loop, &o->leads, 10000));
	ck_assert(raft_node_leads(o->node));
}

static void
stop(struct owner *o)
{
	raft_node_close(o->node);
	o->node = NULL;
}

static void
tear_down(struct owner *o)
{
	stop(o);
	loop_free(o->loop);
	walworld_release(&o->world);
}

static void
on_done(void *ctx, const struct err *err, uint64_t index)
{
	struct owner *o = ctx;

	ck_assert_ptr_null(err);
	ck_assert_uint_eq(index, o->last_index); /* applied just now */
	o->is_done = ++o->ndone == o->nwanted;
}

/* n commands at once, waiting for all of them. */
static void
propose(struct owner *o, size_t n)
{
	o->is_done = false;
	o->nwanted = o->ndone + n;
	for (size_t i = 0; i < n; i++) {
		char text[300];
		int len = snprintf(text, sizeof text, "command %zu", i);

		ck_assert_int_eq(raft_node_propose(o->node, text, (size_t)len,
				     true, on_done, o, &o->err),
		    0);
	}
	ck_assert(loop_wait(o->loop, &o->is_done, 10000));
}

START_TEST(node_applies_commands_and_then_tells_the_proposer)
{
	struct owner o;
	struct raft_node_info info;

	set_up(&o);
	start(&o);
	propose(&o, 1);
	propose(&o, 500);
	ck_assert_uint_eq(o.napplied, 501);
	/* What the node's thread says of itself comes a moment later. */
	for (int i = 0; i < 500; i++) {
		raft_node_info(o.node, &info);
		if (info.raft.commit == raft_node_applied(o.node))
			break;
		usleep(10000);
	}
	ck_assert_int_eq(info.raft.role, RAFT_LEADER);
	ck_assert_uint_eq(info.raft.commit, raft_node_applied(o.node));
	ck_assert_uint_eq(info.queued_bytes, 0);
	ck_assert_uint_eq(info.queued_entries, 0);
	tear_down(&o);
}
END_TEST

START_TEST(node_replays_its_log_on_start)
{
	struct owner o;
	uint64_t sum, term;
	struct raft_node_info info;

	set_up(&o);
	start(&o);
	propose(&o, 100);
	sum = o.sum;
	raft_node_info(o.node, &info);
	term = info.raft.term;
	for (int i = 0; i < 3; i++) {
		stop(&o);
		start(&o);
		ck_assert_uint_eq(o.sum, sum);
		ck_assert_uint_eq(o.napplied, 100);
		raft_node_info(o.node, &info);
		ck_assert_uint_gt(info.raft.term, term);
		term = info.raft.term;
	}
	tear_down(&o);
}
END_TEST

START_TEST(node_leaves_its_owner_time_between_many_commands)
{
	struct owner o;
	uint64_t sum;

	set_up(&o);
	start(&o);
	propose(&o, 2000);
	sum = o.sum;
	ck_assert_uint_le(o.longest_turn, 64);
	stop(&o);
	o.longest_turn = 0;
	start(&o);
	ck_assert_uint_eq(o.sum, sum);
	ck_assert_uint_eq(o.napplied, 2000);
	ck_assert_uint_gt(o.longest_turn, 1);
	ck_assert_uint_le(o.longest_turn, 64);
	tear_down(&o);
}
END_TEST

static void
wait_for_snapshots(struct owner *o, uint64_t n)
{
	struct raft_node_info info;
	bool never = false;

	for (int i = 0; i < 200; i++) {
		raft_node_info(o->node, &info);
		if (info.snapshots + info.snapshot_failures >= n &&
		    info.raft.snapshot_index > 0)
			return;
		loop_wait(o->loop, &never, 20);
	}
	ck_abort_msg("no snapshot");
}

static int
count(const char *dir, const char *prefix)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	while ((e = readdir(d)) != NULL)
		n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
	closedir(d);
	return n;
}

START_TEST(node_takes_snapshots_and_shortens_its_log)
{
	struct owner o;
	uint64_t sum;
	struct raft_node_info info;

	set_up(&o);
	o.opts.snapshot_entries = 100;
	start(&o);
	for (uint64_t i = 1; i <= 5; i++) {
		for (int j = 0; j < 5; j++)
			propose(&o, 21);
		wait_for_snapshots(&o, i);
	}
	propose(&o, 3);
	sum = o.sum;
	raft_node_info(o.node, &info);
	ck_assert_uint_ge(info.snapshots, 4);
	ck_assert_uint_eq(info.snapshot_failures, 0);
	ck_assert_uint_gt(info.raft.first, 100);
	stop(&o);
	ck_assert_int_le(count(o.world.dir, "snapshot-"), 3);
	ck_assert_int_eq(
	    access(walworld_path(&o.world, "log-0000000000000001"), F_OK), -1);
	start(&o);
	ck_assert_uint_gt(o.restored, 300);
	ck_assert_uint_eq(o.sum, sum);
	ck_assert_uint_eq(o.napplied, 5 * 5 * 21 + 3);
	propose(&o, 300);
	tear_down(&o);
}
END_TEST

START_TEST(node_takes_fewer_snapshots_of_a_large_state)
{
	struct owner o;
	struct raft_node_info info;

	set_up(&o);
	o.opts.snapshot_entries = 50;
	o.npages = 256;
	start(&o);
	propose(&o, 50);
	wait_for_snapshots(&o, 1);
	for (int i = 0; i < 7; i++)
		propose(&o, 48);
	raft_node_info(o.node, &info);
	ck_assert_uint_eq(info.snapshots, 1);
	propose(&o, 100);
	wait_for_snapshots(&o, 2);
	/* So it is after a restart. */
	stop(&o);
	start(&o);
	propose(&o, 200);
	raft_node_info(o.node, &info);
	ck_assert_uint_eq(info.snapshots, 0);
	tear_down(&o);
}
END_TEST

/* Holds up Raft's thread until the gate is opened. */
static void
wait_at_gate(void *gate)
{
	pthread_mutex_lock(gate);
	pthread_mutex_unlock(gate);
}

/* Raft's thread hears of the first snapshot when the second is under way. */
START_TEST(node_knows_one_snapshot_is_durable_while_the_next_is_written)
{
	struct owner o;
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	struct raft_node_info info = { 0 };
	bool never = false;

	set_up(&o);
	o.opts.snapshot_entries = 50;
	o.snapshot_us = 300000;
	start(&o);
	propose(&o, 60);
	propose(&o, 10);
	pthread_mutex_lock(&gate);
	loop_post(o.node->loop, wait_at_gate, &gate);
	for (int i = 0; i < 500 && info.snapshots == 0; i++) {
		loop_wait(o.loop, &never, 10);
		raft_node_info(o.node, &info);
	}
	ck_assert_uint_eq(info.snapshots, 1);
	ck_assert_uint_eq(info.raft.snapshot_index, 0);
	o.snapshot_us = 60 * 1000 * 1000;
	raft_node_snapshot(o.node);
	pthread_mutex_unlock(&gate);
	for (int i = 0; i < 500 && info.raft.snapshot_index == 0; i++) {
		loop_wait(o.loop, &never, 10);
		ck_assert_msg(!o.is_dead, "%s", o.why);
		raft_node_info(o.node, &info);
	}
	ck_assert_uint_eq(info.snapshots, 1);
	ck_assert_uint_ge(info.raft.snapshot_index, 50);
	ck_assert_uint_lt(info.raft.snapshot_index, 70);
	tear_down(&o);
}
END_TEST

START_TEST(node_closed_before_its_first_turn_leaves_nothing)
{
	struct owner o;

	set_up(&o);
	if (raft_node_open(&o.node, &o.opts, &o.err) == -1)
		ck_abort_msg("%s", o.err.text);
	usleep(100000); /* its thread has much to tell */
	tear_down(&o);
	ck_assert(!o.leads);
}
END_TEST

START_TEST(node_lets_connections_end_while_a_snapshot_is_written)
{
	struct owner o;
	int ends[2];
	char c;

	set_up(&o);
	start(&o);
	propose(&o, 1);
	ck_assert_int_eq(pipe(ends), 0);
	o.snapshot_us = 60 * 1000 * 1000;
	raft_node_snapshot(o.node);
	for (int i = 0; i < 500 && count(o.world.dir, "snapshot.tmp") == 0; i++)
		usleep(10000);
	ck_assert_int_eq(count(o.world.dir, "snapshot.tmp"), 1);
	close(ends[1]);
	ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq((int)read(ends[0], &c, 1), 0);
	close(ends[0]);
	tear_down(&o);
}
END_TEST

START_TEST(node_refuses_a_second_owner_of_its_directory)
{
	struct owner o;
	struct raft_node *second;

	set_up(&o);
	start(&o);
	ck_assert_int_eq(raft_node_open(&second, &o.opts, &o.err), -1);
	ck_assert_int_eq(o.err.code, ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(o.err.text, "is in use by process"));
	tear_down(&o);
}
END_TEST

START_TEST(node_refuses_commands_when_it_cannot_take_them)
{
	struct owner o;
	static char big[1];

	set_up(&o);
	if (raft_node_open(&o.node, &o.opts, &o.err) == -1)
		ck_abort_msg("%s", o.err.text);
	ck_assert_int_eq(
	    raft_node_propose(o.node, "x", 1, true, on_done, &o, &o.err), -1);
	ck_assert_int_eq(o.err.code, ERR_NOT_LEADER);
	ck_assert(loop_wait(o.loop, &o.leads, 10000));
	ck_assert_int_eq(
	    raft_node_propose(o.node, big, RAFT_NODE_COMMAND_MAX + 1u, true,
		on_done, &o, &o.err),
	    -1);
	ck_assert_int_eq(o.err.code, ERR_BAD);
	tear_down(&o);
}
END_TEST

START_TEST(node_confirms_reads)
{
	struct owner o;

	set_up(&o);
	start(&o);
	propose(&o, 2);
	o.is_done = false;
	o.nwanted = o.ndone + 3;
	o.last_index = raft_node_applied(o.node);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(
		    raft_node_read(o.node, on_done, &o, &o.err), 0);
	ck_assert(loop_wait(o.loop, &o.is_done, 10000));
	tear_down(&o);
}
END_TEST

static void
never(void *ctx, const struct err *err, uint64_t index)
{
	(void)ctx;
	(void)err;
	(void)index;
	ck_abort_msg("a lost command was answered");
}

START_TEST(node_stops_when_the_disk_fails)
{
	struct owner o;

	log_set_level(LOG_ERROR);
	set_up(&o);
	o.opts.io = &o.world.io;
	start(&o);
	propose(&o, 3);
	pthread_mutex_lock(&o.world.lock);
	o.world.fail_at =
	    o.world.nops + 2; /* the write is good, not the sync */
	o.world.fail_errno = EIO;
	pthread_mutex_unlock(&o.world.lock);
	ck_assert_int_eq(
	    raft_node_propose(o.node, "lost", 4, true, never, &o, &o.err), 0);
	ck_assert(loop_wait(o.loop, &o.is_dead, 10000));
	ck_assert_ptr_nonnull(strstr(o.why, "Input/output error"));
	ck_assert_int_eq(
	    raft_node_propose(o.node, "late", 4, true, never, &o, &o.err), -1);
	tear_down(&o);
}
END_TEST

/* A server in a process of its own, killed while it works. */
static void
work_until_killed(struct owner *o, int report)
{
	/* The parent's loop is the parent's. */
	o->loop = o->opts.loop = loop_new();
	o->opts.snapshot_entries = 200;
	start(o);
	for (;;) {
		propose(o, 7);
		if (write(report, &o->napplied, 8) != 8)
			_exit(1);
	}
}

START_TEST(node_killed_at_any_moment_keeps_what_it_acknowledged)
{
	struct owner o;
	uint64_t total = 0;

	set_up(&o);
	for (int round = 0; round < 8; round++) {
		int fds[2], status;
		uint64_t acked = total;
		pid_t pid;

		ck_assert_int_eq(pipe(fds), 0);
		pid = fork();
		if (pid == 0) {
			close(fds[0]);
			work_until_killed(&o, fds[1]);
		}
		close(fds[1]);
		usleep((useconds_t)(60000 + round * 17000));
		kill(pid, SIGKILL);
		while (read(fds[0], &acked, 8) == 8)
			;
		close(fds[0]);
		waitpid(pid, &status, 0);
		ck_assert(WIFSIGNALED(status));
		start(&o);
		ck_assert_uint_ge(o.napplied, acked);
		ck_assert_uint_le(o.napplied, acked + 7);
		total = o.napplied;
		stop(&o);
	}
	ck_assert_uint_gt(total, 100);
	loop_free(o.loop);
	walworld_release(&o.world);
}
END_TEST

UNIT_MAIN("raft-node", node_applies_commands_and_then_tells_the_proposer,
    node_replays_its_log_on_start,
    node_leaves_its_owner_time_between_many_commands,
    node_takes_snapshots_and_shortens_its_log,
    node_takes_fewer_snapshots_of_a_large_state,
    node_knows_one_snapshot_is_durable_while_the_next_is_written,
    node_closed_before_its_first_turn_leaves_nothing,
    node_lets_connections_end_while_a_snapshot_is_written,
    node_refuses_a_second_owner_of_its_directory,
    node_refuses_commands_when_it_cannot_take_them, node_confirms_reads,
    node_stops_when_the_disk_fails,
    node_killed_at_any_moment_keeps_what_it_acknowledged)
