/*
 * What is inside a struct raft_node. node.c is the owner's side, node_core.c
 * and node_answer.c that of Raft's thread; node_news.c is the way from there to
 * the owner, node_peers.c has other servers, and node_open.c the beginning and
 * the end. Nobody else includes this but their test.
 */
#ifndef COMMON_RAFT_NODE_IMPL_H
#define COMMON_RAFT_NODE_IMPL_H

#include <pthread.h>

#include "common/raft/node.h"
#include "common/raft/peers.h"
#include "common/wal/wal.h"

enum raft_node_ask_kind {
	RAFT_NODE_COMMAND,
	RAFT_NODE_READ,
	RAFT_NODE_CHANGE,
	RAFT_NODE_TRANSFER,
};

/* What is wanted, and who waits for it. */
struct raft_node_ask {
	struct raft_node_ask *next;
	enum raft_node_ask_kind kind;
	struct raft_bytes *bytes; /* COMMAND */
	enum raft_change what;    /* CHANGE, as the next two; id: TRANSFER */
	uint64_t id;
	char addr[RAFT_ADDR_MAX + 1];
	raft_node_done_fn *done;
	void *ctx;
	uint64_t index;     /* where it went */
	uint64_t term;      /* COMMAND: that it was decided in; where it went */
	enum err_code code; /* why it failed */
	enum raft_refusal refusal;
};

struct raft_node_asks {
	struct raft_node_ask *head, **end; /* end NULL: empty, never used */
	size_t n;
};

enum raft_node_news_kind {
	RAFT_NODE_APPLY,
	RAFT_NODE_ANSWER, /* asks that are over: failed, or reads that may go */
	RAFT_NODE_LEADER, /* leads from now on, or does not */
	RAFT_NODE_LOST,   /* all that was asked before has its answer */
	RAFT_NODE_FOLLOW, /* somebody leads, or nobody */
	RAFT_NODE_STORE,  /* a snapshot came from the leader, whole */
	RAFT_NODE_INSTALL, /* ... and takes the place of the state */
	RAFT_NODE_FATAL,
};

/* What Raft's thread tells the owner. */
struct raft_node_news {
	struct raft_node_news *next;
	enum raft_node_news_kind kind;
	struct raft_entry *entries; /* APPLY, with a reference to each data */
	size_t n, napplied;
	uint64_t synced;            /* then */
	struct raft_node_asks asks; /* APPLY: of these entries; ANSWER */
	bool leads;
	uint64_t leader, term;         /* LEADER, FOLLOW */
	struct raft_snapshot snapshot; /* STORE, INSTALL */
	struct err err;                /* FATAL */
};

struct raft_node {
	struct raft_node_opts opts;
	struct wal *wal;
	uint64_t cluster_id;

	/* Raft's thread. */
	struct raft *raft;
	struct raft_actions acts;
	struct loop *loop;
	struct loop_timer *timer;
	pthread_t thread;
	uint64_t seq_base, seq;      /* of the log's numbers; last submitted */
	struct raft_node_asks fresh; /* being proposed */
	struct raft_node_asks waiting; /* in the log, by index */
	struct raft_node_asks reads;   /* by age; their ids are addresses */
	bool leads;                    /* and the own term's no-op is applied */
	bool is_dead;
	bool is_settling;     /* raft_node_settle() comes at the turn's end */
	uint64_t unsubmitted; /* number of what the log was given since then */
	struct raft_node_news *untold, **untold_end; /* for the owner, then */
	uint64_t applied_fed; /* what the core knows of applied_seen */
	uint64_t snap_term;   /* of the snapshot, for cuts behind it */
	struct raft_node_ask *changing;     /* being proposed */
	struct raft_node_ask *transferring; /* under way */
	struct raft_peers *peers;           /* NULL: alone */
	char *addr;                         /* as told to them */
	struct raft_config known;           /* as the peers were told */
	struct raft_node_sending {
		uint64_t to, index;
		int fd;
	} sending[RAFT_SERVERS_MAX]; /* snapshots; index 0: free */
	int incoming;                /* a partial snapshot, or -1 */
	uint64_t stored;             /* bytes of it */

	/* Under the lock. */
	pthread_mutex_t lock;
	struct raft_node_asks inbox;
	struct raft_node_news *news, **news_end;
	struct raft_status status;
	struct raft_peer_status peer_status[RAFT_SERVERS_MAX];
	size_t npeer_status;
	struct raft_peers_stats peers_stats;
	uint64_t synced_seq;              /* what the disk thread said last */
	uint64_t applied_seen;            /* what the owner said last */
	bool awaits_applied;              /* a read waits for the next */
	uint64_t taken_index, taken_term; /* the newest durable snapshot */
	struct err disk_err;
	uint64_t arrived_index, arrived_term; /* of an incoming snapshot */
	uint64_t arrived_size;                /* 0: it was not what it said */

	/* The owner's. */
	struct raft_node_asks outbox; /* not handed over yet */
	bool hands_over;              /* at the end of this turn */
	struct loop_timer *lazy;      /* ... or then */
	bool owner_leads;
	uint64_t owner_term; /* in which */
	bool is_losing;      /* on_leader() will say so */
	uint64_t owner_leader;
	uint64_t applied, applied_term, applied_synced;
	struct raft_node_news *heard; /* and not done with */
	bool has_more;                /* ... but in another turn */
	uint64_t config_index;        /* of the config as of applied */
	struct raft_bytes *config;
	size_t queued_bytes, nqueued;
	uint64_t since_entries, since_bytes;  /* the last snapshot */
	uint64_t snap_bytes;                  /* of that, once it is there */
	pid_t snap_pid;                       /* 0: none is being written */
	uint64_t snap_index, snap_index_term; /* that one's, or the last's */
	struct raft_snapshot arriving;        /* one from the leader ... */
	pid_t arriving_pid;                   /* ... being written; 0: none */
	uint64_t nsnapshots, nfailures;
};

/* --- node_core.c: on Raft's thread, by loop_post() --- */

void raft_node_on_start(void *node);
void raft_node_on_inbox(void *node);
void raft_node_on_synced(void *node);
void raft_node_on_disk_failed(void *node);
void raft_node_on_applied(void *node);
void raft_node_on_taken(void *node);
void raft_node_on_tick(void *node);
void raft_node_on_stop(void *node);

/* Feeds the core one event, and carries out what follows; what many events of
 * a turn have in common (one submission to the disk, one mail to each peer) at
 * its end. */
void raft_node_step(struct raft_node *node, struct raft_event *ev);
void raft_node_die(struct raft_node *node, const struct err *err);

/* --- node_answer.c: what the core's actions of these types say is told --- */

void raft_node_answer_proposed(
    struct raft_node *node, const struct raft_action *a);
void raft_node_answer_refused(
    struct raft_node *node, const struct raft_action *a);
/* The read with this id may go, or failed. */
void raft_node_answer_read(
    struct raft_node *node, uint64_t id, enum err_code code);
void raft_node_answer_role(struct raft_node *node, const struct raft_action *a);
void raft_node_answer_apply(
    struct raft_node *node, const struct raft_action *a);
/* Refuses it, or with 0 does not; takes it over. */
void raft_node_answer_one(
    struct raft_node *node, struct raft_node_ask *ask, enum raft_refusal why);

/* --- node_news.c --- */

struct raft_node_news *raft_node_news_new(enum raft_node_news_kind kind);
void raft_node_news_free(struct raft_node_news *news);
void raft_node_news_free_all(struct raft_node_news *news); /* a list */
/* Hands over to the owner; on Raft's thread, at the end of its turn. */
void raft_node_tell(struct raft_node *node, struct raft_node_news *news);
void raft_node_tell_now(struct raft_node *node);
/* Posted by that to the owner's loop: takes what was handed over. */
void raft_node_on_news(void *node);
/* The same: goes on with what was too much for one turn. */
void raft_node_on_more_news(void *node);

/* --- node_peers.c: other servers. On Raft's thread: --- */

int raft_node_peers_open(struct raft_node *node, uint64_t incarnation,
    const struct raft_config *config, struct err *err);
void raft_node_peers_close(struct raft_node *node);
void raft_node_send(struct raft_node *node, const struct raft_action *a);
void raft_node_store(struct raft_node *node, const struct raft_action *a);
void raft_node_install(struct raft_node *node, const struct raft_action *a);
/* After steps: peers that came or went; and what is queued goes out. */
void raft_node_peers_after(struct raft_node *node);
/* By loop_post(). */
void raft_node_on_stored(void *node);
void raft_node_on_arrived(void *node);

/* --- node_peers.c: on the owner's. --- */

void raft_node_take_store(
    struct raft_node *node, const struct raft_snapshot *s);
void raft_node_take_install(
    struct raft_node *node, const struct raft_snapshot *s);

/* --- node.c --- */

/* Ends the child that writes the owner's snapshot, if there is one. */
void raft_node_end_snapshot(struct raft_node *node);
void raft_node_set_config(
    struct raft_node *node, uint64_t index, struct raft_bytes *bytes);

/* At the end of the owner's turn: what it asked goes to Raft's thread. */
void raft_node_hand_over(void *node);
void raft_node_tell_applied(struct raft_node *node);
/* What Raft's thread has not seen was certainly not taken. */
void raft_node_refuse_unseen(struct raft_node *node);

/* What the owner may yet apply in a turn of its loop. */
struct raft_node_share {
	size_t entries, bytes;
	bool has_begun; /* one is applied even in a turn that is late */
};
/* False: there is more of it for another turn. */
bool raft_node_take_news(struct raft_node *node, struct raft_node_news *news,
    struct raft_node_share *left);

void raft_node_take_leader(
    struct raft_node *node, const struct raft_node_news *news);
/* on_leader() is told that this server does not lead, if it is to be. */
void raft_node_take_lost(struct raft_node *node);

void raft_node_asks_add(struct raft_node_asks *asks, struct raft_node_ask *ask);
/* The first one, taken off; NULL: empty. */
struct raft_node_ask *raft_node_asks_take(struct raft_node_asks *asks);
void raft_node_asks_release(struct raft_node_asks *asks);

#endif
