/*
 * A world for Raft servers: a fake clock, network and disk, all from one
 * seed, and a ghost that sees everything and believes nobody.
 *
 *	sim_raft.c      main: seeds, the report
 *	raft_phases.c   the phases of a run
 *	raft_life.c     the world's own life; what is told when it fails
 *	raft_world.c    time, events, the network, logs with chained hashes
 *	raft_shell.c    one server: its application, crash and restart
 *	raft_disk.c     its disk and its snapshots
 *	raft_ghost.c    the invariants, checked after every step
 *	raft_claims.c   ... those of what servers say
 *	raft_faults.c   what a seed makes of the world, and what goes wrong
 *	raft_plants.c   the bugs that the simulator must be able to find
 *
 * Nothing here reads a clock or an address: a seed is a run, every time.
 */
#ifndef TESTS_SIM_RAFT_WORLD_H
#define TESTS_SIM_RAFT_WORLD_H

#include <setjmp.h>

#include "common/raft/core.h"
#include "common/raft/raft.h"
#include "common/rng.h"

enum { SIM_SERVERS = 5, SIM_FILES = 8, SIM_RECENT = 256, SIM_GRAVES = 16 };

/* An entry, and the hash of the whole log up to it. */
struct sim_ent {
	struct raft_entry e;
	uint64_t chain;
};

/* A log as somebody holds it: base is the entry before the first one. */
struct sim_log {
	struct sim_ent *v; /* v[off .. off + n) */
	size_t off, n, cap;
	uint64_t base, base_term, base_chain;
};

/* A snapshot: what the core knows of it, and the state that is in it. */
struct sim_file {
	struct raft_snapshot meta;
	uint64_t state;
};

/* Something given to the disk and not yet durable. */
struct sim_op {
	enum raft_action_type type;
	uint64_t seq, term, vote, index;
	struct sim_ent *ents;
	size_t n;
	struct sim_file file;
	bool keep;
};

struct sim_server {
	uint64_t id;
	bool up;
	unsigned life; /* events of an earlier life are dropped */
	uint64_t incarnation;
	uint64_t clock_offset_ms; /* of its clock, and its rate: 0 is true */
	int64_t clock_ppm;
	struct raft *raft;
	uint64_t tick_at;
	uint64_t paused_until, slow_until;
	bool disk_failed; /* this life is over */

	struct sim_log mem; /* what the core asked for, so far */

	/* The disk: what survives. */
	struct sim_log disk;
	uint64_t disk_term, disk_vote;
	struct sim_file disk_snap;
	struct sim_op *ops;
	size_t nops, cops;
	size_t nsyncing; /* ops that the fsync under way covers */

	/* The application. */
	uint64_t applied, state;
	struct sim_file files[SIM_FILES];
	size_t nfiles;
	struct sim_file partial; /* being received */
	uint64_t partial_len;
	bool taking;
	struct sim_file taken;

	/* What the ghost remembers of it. */
	uint64_t commit;                     /* this life */
	uint64_t config_index, config_steps; /* checked, and since then */
	bool config_moved;                   /* a config was written or cut */
	uint64_t sent_term;                  /* over all lives */
	uint64_t promise; /* what it acknowledged and did not cut since */
	enum raft_role role;
	uint64_t match[SIM_SERVERS], match_of[SIM_SERVERS];
	uint64_t *votes; /* by term: whom it voted for */
	size_t nvotes;
};

/* What the disk of a server held that was set up anew. It acknowledged that,
 * and never speaks again. */
struct sim_grave {
	uint64_t id;
	struct sim_log disk;
};

enum sim_event_type {
	SIM_TICK,
	SIM_MESSAGE,
	SIM_SYNC,
	SIM_APPLIED,
	SIM_TAKEN,
	SIM_STORED,
	SIM_CRASH,
	SIM_RESTART,
	SIM_CLIENT,
	SIM_READ,
	SIM_FAULT,
};

struct sim_message {
	struct raft_message m;
	struct raft_snapshot snapshot;
	uint64_t state; /* a chunk's content */
	struct raft_entry *entries;
};

struct sim_event {
	uint64_t at, seq;
	enum sim_event_type type;
	unsigned server, life;
	uint64_t a;
	struct sim_message *msg;
};

/* What the seed made of this world. Chances are in 1/1000. */
struct sim_opts {
	unsigned nservers;          /* all that there are */
	unsigned nfirst, nlearners; /* of the first config; learners last */
	uint64_t election_ms, jitter_ms, heartbeat_ms;
	size_t append_max_entries, window;
	uint64_t trailing, snapshot_every, chunk, snapshot_size;
	uint64_t delay_ms, sync_ms, slow_sync_ms;
	unsigned loss, twice, late; /* per message */
	unsigned late_type; /* a kind of message that is late more often */
	unsigned crash, cut, slow, pause, all_down; /* weights of faults */
	unsigned change, transfer; /* what operators do; weights too */
	uint64_t fault_every_ms;
	unsigned ambush; /* crash right after something interesting */
	uint64_t client_every_ms, read_every_ms;
	unsigned apply_late;
	unsigned rounds;
	uint64_t skew_ppm; /* of a clock's rate, at most, either way */
};

/* One term, as the ghost saw its leader's log. */
struct sim_term {
	uint64_t leader; /* 0: none yet */
	uint64_t base;   /* committed at its election */
	uint64_t *chains;
	size_t n, cap;
};

struct sim_commit {
	uint64_t chain, term, state;
	uint64_t by; /* term of the leader that committed it first */
};

/* Interesting states: a world that never sees them proves little. */
#define SIM_SIGHTS(X)                                                   \
	X(TAIL, "elected with an uncommitted tail")                     \
	X(CUT, "tail overwritten")                                      \
	X(SPLIT, "vote split")                                          \
	X(BEATEN, "candidate beaten by a leader of its term")           \
	X(AHEAD, "leader commits beyond its own sync")                  \
	X(AHEAD_CRASH, "leader crashes with commit beyond its sync")    \
	X(BELOW, "append below the follower's log start")               \
	X(SNAP_WINDOW, "snapshot taken while appends are out")          \
	X(RESUMED, "install resumed at an offset")                      \
	X(REPLACED, "install replaced by another snapshot")             \
	X(OVER, "install over a longer log of other history")           \
	X(KEPT, "install that kept the tail")                           \
	X(LOST, "crash lost unsynced writes")                           \
	X(TORN, "crash tore a write")                                   \
	X(PARKED, "read waited for the no-op")                          \
	X(WINDOW, "window full")                                        \
	X(CHECK_QUORUM, "leader stepped down for lack of answers")      \
	X(ALL_DOWN, "all servers down at once")                         \
	X(ALONE, "single server crashed with unsynced writes")          \
	X(ABA, "one index written again before the first was synced")   \
	X(LEARNER, "learner caught up")                                 \
	X(OLD_LIFE, "answer of an earlier incarnation dropped")         \
	X(ADDED, "server added")                                        \
	X(PROMOTED, "learner promoted")                                 \
	X(REMOVED, "server removed")                                    \
	X(SELF_REMOVED, "leader removed itself")                        \
	X(UNDONE, "uncommitted change of servers cut")                  \
	X(PARTED, "config in the log and not committed at an election") \
	X(HANDED_OVER, "leadership handed over")                        \
	X(NOT_TAKEN, "handing over given up")

enum sim_sight {
#define X(name, text) SIM_SAW_##name,
	SIM_SIGHTS(X)
#undef X
	    SIM_NSIGHTS
};

struct sim_stats {
	uint64_t seeds, server_ms, steps, messages, lost;
	uint64_t elections, crashes, cuts, installs, snapshots;
	uint64_t acked, reads, wipes;
	uint64_t sights[SIM_NSIGHTS];
};

/*
 * What the servers are there for: an application on top of Raft, which hears
 * of what the core wants of it. It applies entries in its own time, with
 * sim_ghost_apply(), and then steps RAFT_APPLIED; a snapshot is what it holds
 * at s->applied.
 */
struct sim_host {
	void *ctx;
	void (*start)(void *ctx, struct sim_server *s); /* as of s->applied */
	void (*crash)(void *ctx, struct sim_server *s);
	/* Any action of a step; nothing may be stepped meanwhile. */
	void (*act)(
	    void *ctx, struct sim_server *s, const struct raft_action *a);
	/* The state is to be kept as a snapshot of s->applied. */
	void (*keep)(void *ctx, struct sim_server *s);
};

struct sim_world {
	uint64_t seed;
	bool verbose;
	const struct sim_host *host; /* NULL: servers hash their log */
	struct sim_opts o;
	struct rng net, disk, chance, people;
	uint64_t now, seq;
	uint64_t trace; /* hash of all that happened */

	struct sim_event *heap;
	size_t nheap, cheap;
	struct raft_actions acts;

	struct raft_config config; /* the first */
	struct sim_server servers[SIM_SERVERS];
	struct sim_grave graves[SIM_GRAVES];
	size_t ngraves;
	bool blocked[SIM_SERVERS][SIM_SERVERS]; /* from, to */
	bool calm;                              /* no faults, for now */
	bool keeps_ids; /* planted: who is set up anew has its old id */

	/* The ghost. */
	struct sim_commit *committed; /* [i - 1] is index i */
	size_t ncommitted, ccommitted;
	struct sim_term *terms;
	size_t nterms;
	struct sim_match *matching; /* (index, term) -> chain */
	size_t nmatching, cmatching;
	struct raft_config agreed; /* the last one committed */
	uint64_t agreed_index;
	uint64_t acked;  /* largest index that a client was told of */
	uint64_t *reads; /* acked when read i began */
	size_t nreads, creads;
	uint64_t commands;

	struct sim_stats stats;
	jmp_buf failed;
	char why[256]; /* "LC: ..." */
	struct sim_event recent[SIM_RECENT];
};

/* --- raft_life.c --- */

/* All servers are down, with the first config on their disks; o is to be
 * chosen by then. */
void sim_world_open(struct sim_world *w);
void sim_world_init(struct sim_world *w, uint64_t seed, bool verbose);
void sim_world_release(struct sim_world *w);
/* Says why it failed, and how each server stands. */
void sim_show_failure(const struct sim_world *w, const char *program);
/*
 * Whose asserts are caught: a failed assert in the core is a finding like any
 * other and ends the seed, not the program. NULL: nobody's.
 */
extern struct sim_world *sim_current;

/* --- raft_world.c --- */

/* The place of a server: who is set up anew there has another id. */
size_t sim_place(uint64_t id);
/* Whether that server still is. */
bool sim_is_there(const struct sim_world *w, uint64_t id);
/* How it is reached. */
void sim_addr(uint64_t id, char addr[RAFT_ADDR_MAX + 1]);

void sim_fail(struct sim_world *w, const char *fmt, ...)
    __attribute__((noreturn, format(printf, 2, 3)));
void sim_note(struct sim_world *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
uint64_t sim_mix(uint64_t a, uint64_t b);
bool sim_chance(struct rng *r, unsigned per_mille);
/* In [1, 2 * mean), with a thin tail far beyond. */
uint64_t sim_spread(struct rng *r, uint64_t mean);

/* A clock that goes wrong by so many parts of a million: what it has counted
 * after a time, and how long it takes to count so much. */
uint64_t sim_counted(int64_t ppm, uint64_t ms);
uint64_t sim_counting(int64_t ppm, uint64_t counted);
/* Anything from -max to max, mostly a limit. */
int64_t sim_skew(struct rng *r, uint64_t max_ppm);
/* The server's clock; and when it shows that much, or UINT64_MAX. */
uint64_t sim_clock(const struct sim_world *w, const struct sim_server *s);
uint64_t sim_clock_shows(const struct sim_server *s, uint64_t at_ms);

void sim_post(struct sim_world *w, uint64_t at, enum sim_event_type type,
    struct sim_server *s, uint64_t a);
bool sim_next(struct sim_world *w, uint64_t until, struct sim_event *ev);
/* When the next event comes; UINT64_MAX: there is none. */
uint64_t sim_next_at(const struct sim_world *w);
void sim_requeue(struct sim_world *w, struct sim_event ev, uint64_t at);
void sim_send(
    struct sim_world *w, struct sim_server *s, const struct raft_message *m);
void sim_message_free(struct sim_message *msg);

uint64_t sim_log_last(const struct sim_log *l);
bool sim_log_chain(const struct sim_log *l, uint64_t index, uint64_t *chain);
uint64_t sim_log_term(const struct sim_log *l, uint64_t index);
void sim_log_add(struct sim_log *l, const struct raft_entry *e);
void sim_log_cut(struct sim_log *l, uint64_t index);
void sim_log_compact(struct sim_log *l, uint64_t index);
void sim_log_reset(
    struct sim_log *l, uint64_t index, uint64_t term, uint64_t chain);
void sim_log_release(struct sim_log *l);

/* --- raft_phases.c --- */

/* One event, as sim_next() gave it. */
void sim_handle(struct sim_world *w, struct sim_event *ev);
/*
 * Whether the servers of the set are enough to agree, whoever of them has the
 * longest log: a majority of the config that is committed, and of each that is
 * in somebody's log.
 */
bool sim_is_enough(const struct sim_world *w, unsigned set);
/* Faults end; those of the set are up and well. */
void sim_end_trouble(struct sim_world *w, unsigned set);
/* Everything breaks for a while. */
void sim_trouble(struct sim_world *w);
/* Nothing does, for a majority and then for all: they must agree, and stay so.
 */
void sim_peace(struct sim_world *w);

/* --- raft_shell.c --- */

void sim_server_start(struct sim_world *w, struct sim_server *s);
void sim_server_crash(struct sim_world *w, struct sim_server *s);
/* It crashes since its disk fails. */
void sim_server_fail(struct sim_world *w, struct sim_server *s);
/* Its disk is lost: it is set up anew, as another one, and is down. */
void sim_server_wipe(struct sim_world *w, struct sim_server *s);
void sim_server_event(
    struct sim_world *w, struct sim_server *s, struct sim_event *ev);
void sim_server_release(struct sim_server *s);
void sim_propose(struct sim_world *w, struct sim_server *s);
void sim_read(struct sim_world *w, struct sim_server *s);
void sim_reconnect(struct sim_world *w, struct sim_server *s);
void sim_change(struct sim_world *w, struct sim_server *s);
void sim_transfer(struct sim_world *w, struct sim_server *s);

/* --- raft_ghost.c --- */

void sim_ghost_write(
    struct sim_world *w, struct sim_server *s, const struct raft_action *a);
void sim_ghost_cut(struct sim_world *w, struct sim_server *s, uint64_t index);
void sim_ghost_send(
    struct sim_world *w, struct sim_server *s, const struct raft_message *m);
void sim_ghost_elected(struct sim_world *w, struct sim_server *s);
void sim_ghost_role(
    struct sim_world *w, struct sim_server *s, const struct raft_action *a);
void sim_ghost_apply(
    struct sim_world *w, struct sim_server *s, const struct raft_entry *e);
void sim_ghost_snapshot(struct sim_world *w, const struct sim_file *f);
void sim_ghost_hard(struct sim_world *w, struct sim_server *s);
void sim_ghost_refused(
    struct sim_world *w, struct sim_server *s, enum raft_refusal why);
void sim_ghost_read(
    struct sim_world *w, struct sim_server *s, uint64_t id, uint64_t index);
void sim_ghost_restart(struct sim_world *w, struct sim_server *s);
void sim_ghost_step(struct sim_world *w, struct sim_server *s);
void sim_ghost_release(struct sim_world *w);

/* --- raft_faults.c --- */

void sim_choose_opts(struct sim_world *w);
void sim_fault(struct sim_world *w);
void sim_heal_links(struct sim_world *w);
/* Something interesting happened to s: sometimes it dies of it. */
void sim_ambush(struct sim_world *w, struct sim_server *s);

/* --- raft_plants.c --- */

struct sim_plant {
	int number; /* the PLANT() of common/raft */
	const char *name;
	unsigned seeds; /* to be found within */
};
extern const struct sim_plant sim_plants[];
extern const size_t sim_nplants;

#define SIM_SAW(w, what) ((w)->stats.sights[SIM_SAW_##what]++)

#endif
