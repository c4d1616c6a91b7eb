/*
 * The inside of the Raft core: its state, and what its files do for one
 * another. Only the core itself and the simulator's checks include this.
 *
 *	raft.c       start, and the switch over events
 *	message.c    receipt: who sent it, in which term, to whom it goes on
 *	election.c   timers, pre-vote, vote, becoming this or that
 *	append.c     a follower's side of replication
 *	replicate.c  a leader's side: peers, windows, commit
 *	answer.c     ... and what peers answer
 *	snapshot.c   taking, sending and installing snapshots
 *	read.c       reads that need to know that we still lead
 *	change.c     other servers, and another leader, because people want so
 *	disk.c       what was given to the disk, and what it confirmed
 *	output.c     actions, and messages that wait for the disk
 *	config.c     who the servers are; majorities
 *	log.c        entries in memory
 */
#ifndef COMMON_RAFT_CORE_H
#define COMMON_RAFT_CORE_H

#include "common/raft/log.h"
#include "common/raft/plant.h"
#include "common/raft/raft.h"
#include "common/rng.h"

/* How a leader feeds one peer. */
enum raft_feed {
	RAFT_PROBE,  /* where do our logs agree? one message at a time */
	RAFT_STREAM, /* known: send ahead, up to a window */
	RAFT_LOAD,   /* the peer needs a snapshot */
};

struct raft_peer {
	uint64_t id;
	enum raft_feed feed;
	uint64_t told;  /* the commit that it was sent last */
	uint64_t match; /* on the peer's disk, as far as it was proved */
	uint64_t next;  /* index to send next; match < next */
	uint64_t incarnation;
	uint64_t acked_ms; /* when we last heard an answer of this term */
	uint64_t sent_ms;  /* last probe, append or chunk */
	uint64_t moved_ms; /* when match or the snapshot last moved */
	uint64_t round;    /* newest heartbeat round it answered */
	/* Catching up: each lap is what the log held when it began. */
	uint64_t lap_end, lap_ms;
	bool caught_up; /* the last lap took less than an election time */
	bool probing;   /* a probe is out */
	uint64_t window[RAFT_WINDOW_MAX]; /* last index of each append out */
	size_t head, nout;                /* a ring in window */
	struct raft_snapshot snap;        /* RAFT_LOAD: the one being sent */
	uint64_t offset;                  /* ... and where its chunk begins */
};

/* A disk action that is not confirmed yet. */
struct raft_write {
	uint64_t seq;
	uint64_t last; /* once durable the disk matches memory up to here */
	uint64_t at_ms;
};

struct raft_read {
	uint64_t id, index, round;
};

struct raft {
	struct raft_opts opts;
	struct rng rng;
	uint64_t now_ms;
	bool dead; /* after FATAL */
	struct raft_actions *acts;

	/* Hard state, and whether it differs from what the disk was given. */
	uint64_t term, vote;
	bool hard_dirty;
	uint64_t hard_seq; /* its last write; 0: none in this life */

	/* The disk. */
	uint64_t seq;              /* last number given out */
	uint64_t done;             /* last number confirmed */
	struct raft_write *writes; /* writes[whead .. nwrites) are out */
	size_t whead, nwrites, cwrites;
	uint64_t install_seq; /* an INSTALL that is out: > done */

	struct raft_log log;
	struct raft_snapshot snap; /* the newest own one; index 0: none */
	struct raft_config config; /* in force */
	uint64_t config_index;

	uint64_t commit;
	uint64_t applying; /* handed out for applying up to here */
	uint64_t applied;
	uint64_t synced;   /* the disk matches memory up to here */
	uint64_t verified; /* equal to the log of this term's leader */
	uint64_t told;     /* last match told to this term's leader */

	enum raft_role role;
	uint64_t leader;
	uint64_t heard_ms;  /* from the leader of this term; or, as long as we
			     * led, from a majority */
	uint64_t due_ms;    /* election or heartbeat */
	uint64_t notice_ms; /* peers are told of the commit; RAFT_NEVER: all
			     * know, or nobody here leads */
	bool grace;         /* a late tick was forgiven once */
	unsigned tally;     /* slots of config that granted in this phase */
	struct {            /* as last told by ROLE */
		enum raft_role role;
		uint64_t term, leader;
	} told_role;

	/* A leader's. */
	struct raft_peer peers[RAFT_SERVERS_MAX]; /* by slot of config */
	uint64_t noop;           /* index of this term's first entry */
	uint64_t uncommitted;    /* bytes proposed and not committed */
	uint64_t round;          /* newest heartbeat round; grows for life */
	uint64_t round_done;     /* newest round a majority answered */
	struct raft_read *reads; /* in order of arrival */
	size_t nreads, creads;
#ifdef RAFT_PLANT
	uint64_t round_ms, lease_ms; /* see read.c */
	bool lease_is_over;
#endif
	struct {
		uint64_t to; /* 0: no transfer is under way */
		uint64_t id, until_ms;
		bool told; /* TIMEOUT_NOW is out: nothing more is added */
	} handover;

	/* A snapshot being received. */
	struct {
		struct raft_snapshot snap; /* index 0: none */
		uint64_t stored;
		bool busy; /* a STORE is out */
	} in;

	/* Messages made in this step, or waiting for the hard state. */
	struct raft_message *out;
	size_t nout, cout;
	uint64_t strays;
};

/* --- config.c --- */

/* The place of id in c, or c->n. */
size_t raft_config_slot(const struct raft_config *c, uint64_t id);
/* Ids are distinct and not 0, voices known, and somebody votes: 0, or -1. */
int raft_config_check(const struct raft_config *c);
bool raft_is_voter(const struct raft *r, uint64_t id);
size_t raft_nvoters(const struct raft *r);
/* Whether the set of slots (a bit each) holds a majority of the voters. */
bool raft_is_majority(const struct raft *r, unsigned slots);
/* Fills *c with the config as of index; returns the index it came from. */
uint64_t raft_config_at(
    const struct raft *r, uint64_t index, struct raft_config *c);

/* --- output.c --- */

struct raft_action *raft_act(struct raft *r, enum raft_action_type type);
/* A message of our term to a server, to be filled in and left in place. */
struct raft_message *raft_say(
    struct raft *r, enum raft_message_type type, uint64_t to);
void raft_fatal(struct raft *r, const char *why);
/* At the end of a step: what waits no longer goes out, ranges get pointers. */
void raft_output_finish(struct raft *r);

/* --- disk.c --- */

void raft_disk_hard(struct raft *r); /* if dirty */
void raft_disk_write(struct raft *r, uint64_t first);
void raft_disk_cut(struct raft *r, uint64_t index);
void raft_disk_install(struct raft *r, bool keep_tail);
void raft_disk_compact(struct raft *r);
void raft_disk_done(struct raft *r, uint64_t seq);
/* Whether term and vote as they are now are on the disk. */
bool raft_hard_is_safe(const struct raft *r);
bool raft_disk_is_stuck(const struct raft *r);

/* --- election.c --- */

void raft_rearm(struct raft *r); /* the election timer, from now */
void raft_election_tick(struct raft *r);
void raft_follow(struct raft *r, uint64_t term, uint64_t leader);
void raft_leader_lost(struct raft *r, uint64_t id);
void raft_count_own_vote(struct raft *r);
/* Whether a leader is in touch, so that nobody else should be elected. */
bool raft_is_sticky(const struct raft *r);
void raft_on_prevote(struct raft *r, const struct raft_message *m);
void raft_on_prevote_reply(struct raft *r, const struct raft_message *m);
void raft_on_vote(struct raft *r, const struct raft_message *m);
void raft_on_vote_reply(struct raft *r, const struct raft_message *m);

/* --- message.c --- */

void raft_receive(struct raft *r, const struct raft_message *m);

void raft_on_timeout_now(struct raft *r, const struct raft_message *m);

/* --- append.c --- */

void raft_on_append(struct raft *r, const struct raft_message *m);
void raft_on_heartbeat(struct raft *r, const struct raft_message *m);
void raft_ack(struct raft *r);      /* tell the leader how far we match */
void raft_ack_more(struct raft *r); /* ... if that is news */
/* After the log changed: the config in force may have, too. */
void raft_config_refresh(struct raft *r);
/* Raises commit; what becomes committed is handed out for applying. */
void raft_commit_to(struct raft *r, uint64_t index);

/* --- replicate.c --- */

void raft_lead(struct raft *r); /* peers and the no-op of a new leader */
void raft_leader_tick(struct raft *r);
uint64_t raft_majority_heard_ms(const struct raft *r); /* by a leader; or 0 */
void raft_leader_rearm(struct raft *r);
void raft_leader_synced(struct raft *r);
void raft_propose(struct raft *r, const struct raft_event *ev);
/* One entry more, not yet written: raft_leader_wrote() is told the first. */
void raft_leader_add(
    struct raft *r, enum raft_entry_type type, struct raft_bytes *data);
void raft_leader_wrote(struct raft *r, uint64_t first);
void raft_peer_init(struct raft *r, struct raft_peer *p, uint64_t id);
void raft_feed_peer(struct raft *r, struct raft_peer *p);
void raft_feed_all(struct raft *r);
void raft_heartbeat_all(struct raft *r);
void raft_probe(struct raft *r, struct raft_peer *p, uint64_t next);
/* From behind what the peer matches, ahead of its answers. */
void raft_stream(struct raft *r, struct raft_peer *p);
/* Commits what a majority's disks hold, if it ends in our own term. */
void raft_advance_commit(struct raft *r);

/* --- answer.c --- */

void raft_peer_matches(struct raft *r, struct raft_peer *p, uint64_t match);
/* The peer a reply is from, its incarnation seen to, or NULL. */
struct raft_peer *raft_peer_of(struct raft *r, const struct raft_message *m);
void raft_peer_reset(struct raft *r, uint64_t id);
void raft_on_append_reply(struct raft *r, const struct raft_message *m);
void raft_on_heartbeat_reply(struct raft *r, const struct raft_message *m);

/* --- snapshot.c --- */

void raft_load(struct raft *r, struct raft_peer *p);
void raft_send_chunk(struct raft *r, struct raft_peer *p);
void raft_on_chunk(struct raft *r, const struct raft_message *m);
void raft_on_chunk_reply(struct raft *r, const struct raft_message *m);
void raft_snap_taken(struct raft *r, const struct raft_event *ev);
void raft_snap_stored(struct raft *r, const struct raft_event *ev);

/* --- change.c --- */

void raft_change(struct raft *r, const struct raft_event *ev);
void raft_transfer(struct raft *r, const struct raft_event *ev);
/* The config in force is another one: peers and votes move to its slots. */
void raft_config_set(struct raft *r, const struct raft_config *c);
void raft_handover_go(struct raft *r);   /* if the target has it all */
void raft_handover_tick(struct raft *r); /* gives up when it takes too long */
void raft_peer_laps(struct raft *r, struct raft_peer *p);

/* --- read.c --- */

void raft_read(struct raft *r, uint64_t id);
void raft_reads_advance(struct raft *r); /* after any change */
void raft_reads_drop(struct raft *r);
#ifdef RAFT_PLANT
void raft_lease_give_up(struct raft *r);
#endif

#endif
