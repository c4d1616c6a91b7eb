/*
 * Raft, as a step function: one event goes in, actions come out.
 *
 * The core keeps a replicated log in agreement between servers. It opens no
 * file and no socket, reads no clock and has no global state: raft_step() is
 * told the time with each event and draws chance from a seed, so a whole
 * cluster runs inside one test, and the same events always yield the same
 * actions. The caller (the "shell") hears peers, disk and timers, feeds what
 * it hears as events, and carries out the actions. One thread at a time.
 *
 * What the shell promises
 *
 * 1. Disk actions (those with a seq: HARD, CUT, WRITE, INSTALL, COMPACT) are
 *    carried out in the order given. When everything up to seq n survives a
 *    power cut, it says so with RAFT_DISK_DONE and that n; one such event may
 *    speak for many actions (group commit). After the first failure it says
 *    RAFT_DISK_FAILED instead and never RAFT_DISK_DONE again.
 * 2. SEND may be carried out at once, before any disk action that stands
 *    before it: the core itself holds back each message until what the
 *    message relies on is on disk. Messages may be lost, doubled, delayed
 *    and reordered; they may not be altered. A message still queued for a
 *    peer may be dropped, never rewritten.
 * 3. APPLY ranges are applied strictly in order, once, and reported with
 *    RAFT_APPLIED. INSTALL replaces the application's state, in its place in
 *    that order.
 * 4. A tick comes at raft_deadline() or soon after; ticks in between do no
 *    harm. now_ms never goes back within a life.
 * 5. After RAFT_ACT_FATAL the process ends; the core takes no more events.
 *
 * What the core promises
 *
 * An entry handed out by APPLY is on the disks of a majority and is applied
 * by every server at the same index. A message that promises something (a
 * vote, a match) leaves only after a RAFT_DISK_DONE that covers it. A leader
 * counts its own disk like any other. On a cluster of one, a proposal is
 * applied in the very step that reports its write as done.
 *
 * Who owns what
 *
 * Payloads are counted references (struct raft_bytes). The core takes its
 * own reference of what it keeps: the caller always keeps, and must drop,
 * those it came with. Pointers inside an action are borrowed until the next
 * raft_step() on the same core; a disk or network thread that needs a payload
 * longer takes a reference of its own (counting is atomic).
 */
#ifndef COMMON_RAFT_RAFT_H
#define COMMON_RAFT_RAFT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAFT_SERVERS_MAX 9  /* voters and learners together */
#define RAFT_WINDOW_MAX  64 /* appends on their way to one peer */
#define RAFT_TERM_STEP \
	(UINT64_C(1) << 32) /* a message further ahead is forged */
#define RAFT_READS_MAX 4096 /* reads waiting for their confirmation */
#define RAFT_ADDR_MAX  100  /* bytes of an address */
#define RAFT_NEVER     UINT64_MAX

/* --- bytes --- */

/* Bytes that many may hold and nobody changes once they are shared. */
struct raft_bytes {
	atomic_size_t refs;
	size_t len;
	unsigned char data[];
};

/* A copy of len bytes (zeroed room when p is NULL), with one reference. */
struct raft_bytes *raft_bytes_new(const void *p, size_t len);

/* One more reference to the same bytes; NULL stays NULL. */
struct raft_bytes *raft_bytes_ref(struct raft_bytes *b);

/* Drops one reference, the last of which frees; NULL is fine. */
void raft_bytes_unref(struct raft_bytes *b);

/* --- what the log is made of --- */

/* Numbers are part of the disk and wire formats: never renumber. */
enum raft_entry_type {
	RAFT_COMMAND = 1, /* the application's; opaque to the core */
	RAFT_NOOP = 2,    /* a new leader's first entry; no data */
	RAFT_CONFIG = 3,  /* who the servers are: raft_config_format() */
};

/* Indexes start at 1 and have no gaps; terms never fall along the log. */
struct raft_entry {
	uint64_t index;
	uint64_t term;
	enum raft_entry_type type;
	struct raft_bytes *data; /* NULL when there is none */
};

/* Voters decide; learners receive everything and count in no majority. */
enum raft_voice { RAFT_VOTER = 1, RAFT_LEARNER = 2 };

/* Ids are never 0 and never used again for another server. */
struct raft_server {
	uint64_t id;
	enum raft_voice voice;
	char
	    addr[RAFT_ADDR_MAX + 1]; /* how it is reached: the shell's affair */
};

/* Who takes part. A config is in force as soon as its entry is appended. */
struct raft_config {
	size_t n;
	struct raft_server servers[RAFT_SERVERS_MAX];
};

/* The bytes of a CONFIG entry; the caller drops the one reference. */
struct raft_bytes *raft_config_format(const struct raft_config *c);

/* Returns 0, or -1 when the bytes are no config, leaving *c undefined. */
int raft_config_parse(struct raft_config *c, const void *p, size_t len);

/*
 * The first entry of a new cluster (index 1, term 1). Every initial server
 * puts the identical entry into its empty log before its first start, or
 * only one server does and the others are added. The caller drops the data.
 */
struct raft_entry raft_bootstrap_entry(const struct raft_config *c);

/*
 * A snapshot of the application's state as it is after applying index. The
 * four numbers index, term, size and hash name it; hash is whatever checksum
 * of the bytes the shell uses. config is the one in force at index.
 */
struct raft_snapshot {
	uint64_t index, term;
	uint64_t size, hash;
	uint64_t config_index;
	struct raft_config config;
};

/* --- messages between servers --- */

/* Numbers go over the wire: never renumber. */
enum raft_message_type {
	RAFT_PREVOTE = 1,       /* would you vote for me in this term? */
	RAFT_PREVOTE_REPLY = 2, /* granted: the asked term; else own term */
	RAFT_VOTE = 3,          /* vote for me in this term */
	RAFT_VOTE_REPLY = 4,
	RAFT_APPEND = 5,          /* entries that follow prev; maybe none */
	RAFT_APPEND_REPLY = 6,    /* my disk matches yours up to here; or not */
	RAFT_HEARTBEAT = 7,       /* I lead; asks a round for reads */
	RAFT_HEARTBEAT_REPLY = 8, /* heard; says nothing about the log */
	RAFT_CHUNK = 9,           /* a piece of a snapshot */
	RAFT_CHUNK_REPLY = 10,    /* the offset I want next */
	RAFT_TIMEOUT_NOW = 11,    /* you have it all: campaign at once */
};

/*
 * A message. cluster and to are checked on receipt, so mail for another
 * cluster or for the previous owner of an address is dropped. incarnation
 * grows with each start of the sender. Members beyond the head belong to the
 * types named; all others are zero.
 */
struct raft_message {
	enum raft_message_type type;
	uint64_t cluster, from, to, incarnation;
	uint64_t term; /* of the sender when it was made; PREVOTE: asked for */

	/* PREVOTE, VOTE: last entry. APPEND: prev. APPEND_REPLY refused: the
	 * best guess of where the logs agree. CHUNK_REPLY: the snapshot's.
	 * TIMEOUT_NOW: the leader's last entry. */
	uint64_t log_index, log_term;
	/* APPEND_REPLY: matched up to here, or the refused prev. */
	uint64_t match;
	bool ok;          /* *_REPLY: granted, matched */
	bool handed_over; /* VOTE: the leader itself asked for this election */
	uint64_t commit;  /* APPEND, HEARTBEAT */
	uint64_t round;   /* HEARTBEAT and its reply */

	/* APPEND. Sent: borrowed from the log. Received: the caller's. */
	const struct raft_entry *entries;
	size_t nentries;

	/* CHUNK: of which snapshot (borrowed). CHUNK_REPLY: offset alone. */
	const struct raft_snapshot *snapshot;
	uint64_t offset;
	/*
	 * CHUNK: len bytes. In a SEND the bytes are absent (NULL): the shell
	 * reads them from the snapshot when it writes the message, and drops
	 * the message when it cannot. Received: the caller's.
	 */
	const void *bytes;
	size_t len;
};

/* --- events --- */

enum raft_event_type {
	RAFT_TICK,        /* time passed; all events tell the time anyway */
	RAFT_RECV,        /* a message came */
	RAFT_PROPOSE,     /* please replicate these commands */
	RAFT_READ,        /* please confirm that I still lead */
	RAFT_CHANGE,      /* please change who the servers are */
	RAFT_TRANSFER,    /* please let another server lead */
	RAFT_DISK_DONE,   /* every disk action up to seq is durable */
	RAFT_DISK_FAILED, /* a write or fsync failed: this server is over */
	RAFT_APPLIED,     /* the application applied up to index */
	RAFT_SNAP_TAKEN,  /* a snapshot of the own state is durable */
	RAFT_SNAP_STORED, /* a STORE action is done */
	RAFT_PEER_RESET,  /* the connection to a peer is new */
	RAFT_PEER_LOST,   /* ... or was closed by it: its process has ended */
};

/*
 * Changes of one server at a time. A new server joins as a learner and is
 * promoted when it has caught up; a voter to be replaced goes last.
 */
enum raft_change {
	RAFT_ADD_LEARNER = 1,
	RAFT_PROMOTE = 2, /* learner to voter */
	RAFT_DEMOTE = 3,  /* voter to learner */
	RAFT_REMOVE = 4,
	RAFT_READDRESS = 5, /* it is reached elsewhere now */
};

struct raft_event {
	enum raft_event_type type;
	uint64_t now_ms; /* monotonic */
	union {
		const struct raft_message *recv;
		/* id is echoed by PROPOSED or REFUSED. Payloads stay the
		 * caller's; each becomes one COMMAND entry. term: refused
		 * as NOT_LEADER in any other, for what was decided while
		 * this server led before may be out of date; 0: any. */
		struct {
			uint64_t id;
			struct raft_bytes *const *payloads;
			size_t n;
			uint64_t term;
		} propose;
		uint64_t read_id; /* echoed by READ_OK or READ_FAILED */
		/* id is echoed by PROPOSED (one entry) or REFUSED. The change
		 * is done when that entry, of that term, is applied. */
		struct {
			uint64_t id;
			enum raft_change what;
			uint64_t server;
			const char *addr; /* ADD_LEARNER, READDRESS */
		} change;
		/*
		 * to 0: whoever has most of the log. REFUSED echoes id, at
		 * once or when the target did not take over within an
		 * election time; ROLE tells of the success. Until then
		 * proposals are refused as busy.
		 */
		struct {
			uint64_t id, to;
		} transfer;
		uint64_t disk_seq;
		uint64_t applied;
		/* Only when raft_may_snapshot() said yes for this index. */
		struct {
			uint64_t index, size, hash;
		} taken;
		/*
		 * stored: how many bytes of it are safe. complete: that is
		 * all, its hash is right and it is durable under a name that
		 * a crash does not lose. A bad hash is stored = 0.
		 */
		struct {
			uint64_t index, term, stored;
			bool complete;
		} stored;
		uint64_t peer;
	};
};

/* --- actions --- */

enum raft_action_type {
	/* Disk, in order, each with a seq. */
	RAFT_ACT_HARD,    /* keep term and vote, as one record */
	RAFT_ACT_CUT,     /* forget the entries from index on */
	RAFT_ACT_WRITE,   /* append entries behind the last one */
	RAFT_ACT_INSTALL, /* start over from a stored snapshot */
	RAFT_ACT_COMPACT, /* entries below index are not needed any more */
	/* The rest. */
	RAFT_ACT_SEND,
	RAFT_ACT_STORE,       /* keep a chunk of a snapshot being received */
	RAFT_ACT_APPLY,       /* committed: entries, in order */
	RAFT_ACT_PROPOSED,    /* id got indexes first .. first + n - 1 */
	RAFT_ACT_REFUSED,     /* id was not taken; nothing happened */
	RAFT_ACT_READ_OK,     /* the state as applied now may answer id */
	RAFT_ACT_READ_FAILED, /* ask the leader */
	RAFT_ACT_ROLE,        /* role, term or leader changed */
	RAFT_ACT_FATAL,       /* going on would corrupt: end the process */
};

enum raft_role {
	RAFT_FOLLOWER,
	RAFT_PRECANDIDATE,
	RAFT_CANDIDATE,
	RAFT_LEADER,
};

enum raft_refusal {
	RAFT_NOT_LEADER = 1,
	RAFT_BUSY = 2,      /* a limit is reached: later may work */
	RAFT_CHANGING = 3,  /* the last change is not committed yet */
	RAFT_NO_SUCH = 4,   /* the server is not there, or is so already */
	RAFT_BEHIND = 5,    /* it has not caught up */
	RAFT_UNSAFE = 6,    /* too few of the voters left are in touch */
	RAFT_NOT_TAKEN = 7, /* the target of a transfer did not take over */
	RAFT_ALONE = 8,     /* it was told that there will be no other */
};

/*
 * INSTALL: the snapshot was stored completely. Make "snapshot, and a log
 * that starts behind it" durable in one record; keep the entries behind the
 * snapshot when keep_tail is set, else drop the whole log. Then give the
 * state to the application and report it with RAFT_APPLIED.
 *
 * STORE: offset 0 starts a new partial file and drops any other. Answer with
 * RAFT_SNAP_STORED; the next STORE comes only after that.
 *
 * PROPOSED tells the term too. A client's command is done when an entry with
 * that index *and* term is applied; once this server leads no more, commands
 * not yet applied have an unknown outcome.
 */
struct raft_action {
	enum raft_action_type type;
	uint64_t seq; /* disk actions only */
	union {
		struct {
			uint64_t term, vote; /* vote 0: none */
		} hard;
		uint64_t index; /* CUT, COMPACT */
		/* WRITE, APPLY: n entries from entries[0].index on. */
		struct {
			const struct raft_entry *entries;
			size_t n;
			uint64_t first;
		} log;
		struct {
			const struct raft_snapshot *snapshot;
			bool keep_tail;
		} install;
		struct raft_message send;
		struct {
			const struct raft_snapshot *snapshot;
			uint64_t offset;
			const void *bytes; /* the event's: borrowed */
			size_t len;
			bool last;
		} store;
		struct {
			uint64_t id, first, term;
			size_t n;
		} proposed;
		struct {
			uint64_t id;
			enum raft_refusal why;
		} refused; /* READ_FAILED too */
		struct {
			uint64_t id, index;
		} read;
		struct {
			enum raft_role role;
			uint64_t term, leader; /* leader 0: unknown */
		} role;
		const char *fatal; /* a sentence */
	};
};

/* Zeroed is empty. Reused from step to step; each step starts it afresh. */
struct raft_actions {
	struct raft_action *v;
	size_t n, cap;
};

void raft_actions_release(struct raft_actions *a);

/* Whether both say the same, addresses included. */
bool raft_config_equal(
    const struct raft_config *a, const struct raft_config *b);

/* --- a core --- */

/*
 * election_ms is how long a follower waits for its leader; up to jitter_ms
 * more are added by chance, anew each time. heartbeat_ms should be at most a
 * quarter of it. On a quiet LAN 120, 80 and 30 give a new leader in 150 ms.
 * PEER_LOST of the leader cuts the waiting short: it is no proof, and changes
 * only when this server asks, not how it votes. That is safe because no read
 * relies on the leader being left alone for a time.
 */
struct raft_opts {
	uint64_t cluster, id; /* never 0 */
	uint64_t incarnation; /* larger at each start of this server */
	uint64_t seed;        /* different on each server */
	uint64_t election_ms, jitter_ms, heartbeat_ms;
	uint64_t notice_ms; /* peers hear of a commit by what they are sent so
			     * soon, or else by a heartbeat */
	size_t append_max_bytes;   /* of payload in one APPEND */
	size_t append_max_entries; /* at least 1 */
	size_t window;          /* APPENDs on their way, <= RAFT_WINDOW_MAX */
	size_t uncommitted_max; /* bytes proposed and not committed yet */
	size_t chunk_max;       /* bytes of a snapshot chunk */
	uint64_t trailing; /* entries kept behind a snapshot, for slow peers */
	/* There is no other server and none will be added: changes are
	 * refused, and what commands said is let go once it is applied. */
	bool alone;
};

/* Sensible values for a LAN; cluster, id, incarnation and seed are zero. */
void raft_opts_init(struct raft_opts *o);

/*
 * What the disk held at start: the hard state (zeros on a new server), the
 * newest installed snapshot (NULL: none) and the log behind it, which may
 * start earlier than the snapshot ends. start_index and start_term are those
 * of the entry before the first one of the log, (0, 0) for a whole log.
 * All of it is durable, and the application's state is that of the snapshot.
 */
struct raft_recovered {
	uint64_t term, vote;
	const struct raft_snapshot *snapshot;
	uint64_t start_index, start_term;
	const struct raft_entry *entries;
	size_t nentries;
};

struct raft;

/*
 * A core at the start of a life. Entries' data are shared, not taken. NULL
 * and a sentence in *why when what was recovered contradicts itself, which
 * means damage: then the server must not start.
 */
struct raft *raft_new(const struct raft_opts *o,
    const struct raft_recovered *rec, uint64_t now_ms, const char **why);
void raft_free(struct raft *r);

/* Takes one event; *acts then holds what to do about it. */
void raft_step(
    struct raft *r, const struct raft_event *ev, struct raft_actions *acts);

/* When the next tick is due, or RAFT_NEVER. Changes with each step. */
uint64_t raft_deadline(const struct raft *r);

/* The entry, borrowed until the next step, or NULL when it is not held. */
const struct raft_entry *raft_entry_at(const struct raft *r, uint64_t index);

/*
 * Whether the application's state as of index may become a snapshot: it is
 * applied, the own disk holds the log that far, and it is newer than the
 * last one. Ask before taking it; when no, try again later.
 */
bool raft_may_snapshot(const struct raft *r, uint64_t index);

/* Whether a peer is being sent the snapshot of that index: it must stay
 * readable. (Who holds its file open may remove it.) */
bool raft_uses_snapshot(const struct raft *r, uint64_t index);

/* A leader's view of one server, itself among them. */
struct raft_peer_status {
	uint64_t id;
	enum raft_voice voice;
	uint64_t match;     /* on its disk, as far as it was proved */
	uint64_t silent_ms; /* since its last answer; 0: ourselves */
	bool caught_up;     /* may be promoted */
};

/* The servers of the config in force: their number; 0 when we do not lead. */
size_t raft_peers(
    const struct raft *r, struct raft_peer_status out[RAFT_SERVERS_MAX]);

/* A look inside, for operators, logs and tests. */
struct raft_status {
	enum raft_role role;
	uint64_t term, vote, leader;
	uint64_t first, last; /* log held; last < first: empty */
	uint64_t last_term;   /* of the entry at last */
	uint64_t commit, applied, synced;
	uint64_t snapshot_index;
	uint64_t config_index;
	struct raft_config config; /* in force */
	uint64_t strays;           /* messages dropped: not for us, or forged */
	uint64_t heard_ms;         /* when a leader last was; 0: never */
};

void raft_status(const struct raft *r, struct raft_status *s);

const char *raft_role_name(enum raft_role role);            /* "leader" */
const char *raft_message_name(enum raft_message_type type); /* "append" */
const char *raft_refusal_text(enum raft_refusal why); /* a sentence's end */

#endif
