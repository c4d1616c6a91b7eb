/*
 * The inside of a pool, shared by pool*.c. Two layers know a member, as in
 * the real programs: memberlist's table (alive, suspect, dead; a dead one is
 * dropped from it soon) and Serf's list (alive, leaving, left, failed; kept
 * for a day). struct pool_member serves both; it lives while one needs it.
 *
 *	pool.c          life, time, events
 *	pool_look.c     looking at it
 *	pool_member.c   members, by name, by chance
 *	pool_send.c     packets out, gossip
 *	pool_packet.c   packets in, and the helper's side of a probe
 *	pool_target.c   whose turn is it?
 *	pool_probe.c    is it alive?
 *	pool_state.c    alive, suspect, dead: what each message changes
 *	pool_suspect.c  suspicions that run
 *	pool_sync.c     exchanges of all states; joins
 *	pool_stream.c   streams that others open
 *	pool_serf.c     Serf's list: intents, statuses, reaping
 *	pool_serfsync.c and its part in an exchange of states
 *	pool_leave.c    leaving, in two steps; forcing others to
 *	pool_event.c    user events
 *	pool_query.c    queries of others; pool_filter.c: do they mean us?
 *	pool_ask.c      queries of our own
 *	pool_keys.c     queries about keys
 */
#ifndef CMD_GOSSIPD_POOL_IMPL_H
#define CMD_GOSSIPD_POOL_IMPL_H

#include "cmd/gossipd/bcast.h"
#include "cmd/gossipd/coord.h"
#include "cmd/gossipd/plant.h"
#include "cmd/gossipd/pool.h"
#include "cmd/gossipd/suspicion.h"
#include "common/due.h"
#include "common/map.h"
#include "common/rng.h"

/* An accusation cannot be answered beyond the last incarnation. */
#define INCARNATION_MAX UINT32_C(0xfffffff0)
/* No Lamport clock comes here by itself; what claims so is not believed. */
#define LTIME_MAX        (UINT64_C(1) << 62)

#define HEALTH_MAX       7 /* Lifeguard's score, at its worst */
#define INTENT_KEPT_MS   (5 * 60 * 1000)
#define RECONNECT_MS     (30 * 1000)
#define REAP_MS          (24 * 60 * 60 * 1000)
#define REFUSE_TELL_MS   (60 * 1000) /* from one such warning to the next */
#define PROPAGATE_MS     1000        /* Serf's LeavePropagateDelay */
#define POOL_HELPERS_MAX 3           /* of any profile */
/* In so many acks a coordinate is sent along, and in how many when nobody has
 * joined for COORD_FRESH_MS. */
#define COORD_RIDES_ONCE   8
#define COORD_RIDES_SELDOM 32
#define COORD_FRESH_MS     (3 * 60 * 1000)
#define PINGERS_MAX        64 /* who pinged us is remembered for so many pings */

struct pool_rules {
	uint64_t tcp_ms;
	unsigned nhelpers, retransmit;
	struct suspicion_rule suspicion; /* with the probe interval */
	uint64_t push_pull_ms, probe_timeout_ms, gossip_ms;
	unsigned ngossip;
	uint64_t dead_ms; /* a dead member is still told what is new */
};

struct pool_timer {
	struct due due;
	void (*fire)(struct pool *p, struct pool_timer *t);
};

struct pool_suspect;

struct pool_member {
	char *name;
	size_t place; /* in all[] */

	/* memberlist's half, while seated. */
	bool seated;
	size_t seat; /* in table[] */
	enum wire_state state;
	uint64_t state_ms;
	uint32_t incarnation;
	uint8_t addr[16]; /* as it came */
	uint8_t naddr;
	uint16_t port;
	uint8_t vsn[WIRE_VSN_SIZE];
	uint8_t *meta;
	size_t nmeta;
	struct pool_suspect *suspect; /* while it is one */
	uint64_t heard_ms;            /* its last answer to us */
	bool spared;                  /* of our last probe */

	/* Serf's half, while status is not POOL_NONE. */
	enum pool_status status;
	uint64_t status_ltime;
	bool hearsay; /* that time is from an exchange of states alone */
	bool returns; /* left, but that time is of a later joining */
	uint64_t status_ms;
	struct rec_kv *tags;
	size_t ntags;
	struct pool_timer prune;

	struct coord_lag lag;
	struct wire_coord coord;
	bool has_coord;
};

/* A suspicion that runs. */
struct pool_suspect {
	struct pool_timer timer;
	struct pool_member *member;
	struct suspicion s;
	bool ours;  /* we accuse it ourselves, and ask it again */
	bool seen;  /* we have thought about probing it out of its turn */
	bool hasty; /* its host refused us: until hasty_ms only */
	uint64_t hasty_ms;
	uint64_t ask_ms; /* when we ask it next */
	unsigned nasked;
};

enum probe_stage { PROBE_IDLE, PROBE_DIRECT, PROBE_INDIRECT };

struct pool_probe {
	struct pool_timer timer;
	enum probe_stage stage;
	struct pool_member *target;
	uint32_t seq;
	uint64_t start_us;
	uint64_t end_ms;
	unsigned wanted, nacks; /* nacks asked for, and come */
	bool tcp_ok, refused;
};

/* Who has pinged us lately, the latest before `next`. */
struct pool_pingers {
	struct {
		struct pool_addr addr; /* nip 0: none */
		uint64_t at_ms;
	} ring[PINGERS_MAX];
	size_t next;
};

enum pending_kind { PENDING_NONE, PENDING_HELP, PENDING_ASK };

/* A ping that is not the probe's: for another member, or of a suspect. */
struct pool_pending {
	struct pool_timer timer;
	enum pending_kind kind;
	uint32_t seq;
	uint64_t end_ms;
	struct pool_member *member; /* PENDING_ASK: whom */
	uint32_t their_seq; /* PENDING_HELP: what to answer, and where */
	struct pool_addr asker, target;
	bool nack;
};

enum dial_kind {
	DIAL_NONE,
	DIAL_PING,
	DIAL_ASK, /* a ping of a suspect */
	DIAL_SYNC,
	DIAL_JOIN,
	DIAL_RECONNECT
};

struct pool_dial {
	enum dial_kind kind;
	uint64_t token;
	uint64_t user; /* DIAL_JOIN: the caller's token; of a ping: its seq */
	struct pool_member *member; /* DIAL_ASK: whom; NULL: it is gone */
	bool replay; /* DIAL_JOIN: with the user events of before */
};

/* An intent about a member that is not known yet. */
struct pool_intent {
	char *name;
	bool leave;
	uint64_t ltime, at_ms;
};

struct pool_user_event {
	char *name, *payload;
	size_t nname, npayload;
	bool has_payload;
};

/* What happened at one Lamport time. */
struct pool_event_slot {
	uint64_t ltime;
	struct pool_user_event *events;
	size_t n, cap;
};
struct pool_query_slot {
	uint64_t ltime;
	uint32_t *ids;
	size_t n, cap;
};

/* A query that was handed up, and waits for an answer. */
struct pool_answer {
	uint64_t id, until_ms; /* id 0: free */
	uint64_t ltime;
	uint32_t query_id;
	uint8_t addr[16];
	uint8_t naddr, relay_factor;
	uint16_t port;
	char dest[POOL_NAME_MAX + 1];
};

/* A query of ours that is under way. */
struct pool_ask {
	struct pool_timer timer;
	uint64_t ltime; /* 0: free */
	uint32_t query_id;
	struct map acked, answered; /* names of those who did */
};

/* A leave first tells its intent, then its death. */
enum pool_life { POOL_RUNS, POOL_LEAVES, POOL_DIES, POOL_GONE };

struct pool {
	struct pool_ops ops;
	struct pool_rules rules;
	struct wire_ring *ring;
	bool compress;
	uint64_t reconnect_ms, tombstone_ms;
	struct rng rng;
	uint64_t now_ms;
	struct dues dues;

	struct map members; /* by name: struct pool_member */
	struct pool_member **all;
	size_t nall, all_cap;
	struct pool_member **table;
	size_t ntable, table_cap;
	size_t probe_at;  /* next in table to be probed */
	size_t gossip_at; /* and to be gossiped to */
	struct pool_member *self;
	struct pool_addr addr;
	enum pool_life life;
	unsigned health;

	struct bcast news, intents, queries, events;
	uint64_t gossiped_ms;
	uint64_t news_ms; /* when there was something to tell */
	unsigned nrests;  /* exchanges of states that were due since then */
	bool yielded;     /* our last exchange was another's */
	struct pool_timer gossip, probing, syncing, reconnecting, reaping;
	struct pool_timer leaving;
	uint64_t leave_news; /* the broadcast that we wait for */
	struct pool_probe probe;
	struct pool_pingers pingers;
	unsigned beat; /* counts probe intervals */
	struct pool_pending pending[POOL_PENDING_MAX];
	struct pool_dial dials[POOL_DIALS_MAX];
	struct map early; /* struct pool_intent, the oldest first */
	uint32_t seq;
	uint64_t token;

	uint64_t clock, event_clock, query_clock;
	uint64_t event_min, query_min; /* older ones are not heard */
	struct pool_event_slot event_slots[POOL_EVENTS_KEPT];
	size_t event_bytes;
	struct pool_query_slot query_slots[POOL_EVENTS_KEPT];
	struct pool_ask asks[POOL_QUERIES_MAX];
	struct pool_answer answers[POOL_QUERIES_MAX];
	uint64_t last_answer;

	struct coord_client coord;
	uint64_t joined_ms; /* when the last one did */
	struct pool_stats stats;
	uint64_t refused_ms; /* when that was last told; 0: never */
	uint64_t nuntold;    /* and how many since */
};

/* --- pool.c --- */

/* Begins each call from outside. */
void pool_take_time(struct pool *p, uint64_t now_ms);
void pool_arm(struct pool *p, struct pool_timer *t, uint64_t at_ms);
void pool_disarm(struct pool *p, struct pool_timer *t);
uint64_t pool_stamp(const struct pool *p);
void pool_tell(struct pool *p, const struct pool_event *ev);
void pool_tell_member(
    struct pool *p, enum pool_event_type type, const struct pool_member *m);
void pool_health_add(struct pool *p, int delta);
/* Of n nodes, with the logarithm that all of memberlist's limits share. */
unsigned pool_log10_ceil(size_t n);

/* --- pool_look.c --- */

void pool_view_of(const struct pool_member *m, struct pool_view *out);

/* --- pool_member.c --- */

/* Bytes, or none at all, as text; the caller frees. */
char *pool_text(struct wire_bytes b);
/* A name from outside as text; false when it is none that we would know. */
bool pool_name(struct wire_bytes b, char out[POOL_NAME_MAX + 1]);
bool pool_addr_of(
    const uint8_t *ip, size_t nip, uint16_t port, struct pool_addr *out);
bool pool_addr_is(const struct pool_addr *a, const struct pool_addr *b);
void pool_member_addr(const struct pool_member *m, struct pool_addr *out);
struct wire_bytes pool_member_raw_addr(const struct pool_member *m);

struct pool_member *pool_member_find(const struct pool *p, const char *name);
/* NULL when the pool is full. */
struct pool_member *pool_member_add(struct pool *p, const char *name);
void pool_member_seat(struct pool *p, struct pool_member *m);
void pool_member_unseat(struct pool *p, struct pool_member *m);
/* Frees it, if neither layer knows it any more. */
void pool_member_drop(struct pool *p, struct pool_member *m);
void pool_member_free(struct pool *p, struct pool_member *m);
void pool_table_shuffle(struct pool *p);
void pool_tags_release(struct rec_kv *tags, size_t n);

typedef bool pool_pick_fn(const struct pool *p, const struct pool_member *m);
/* Up to k different ones by chance, never ourselves nor `but`. */
size_t pool_pick(struct pool *p, pool_pick_fn *fits,
    const struct pool_member *but, struct pool_member **out, size_t k);
bool pool_is_alive(const struct pool *p, const struct pool_member *m);
/* Is somebody else alive? */
bool pool_has_peers(const struct pool *p);

/* --- pool_send.c --- */

/* To an address; m, if it is known who lives there, gets a CRC. */
void pool_send(struct pool *p, const struct pool_addr *to,
    const struct pool_member *m, struct wire_bytes message);
/* With as many waiting broadcasts as fit. */
void pool_send_along(
    struct pool *p, const struct pool_addr *to, struct wire_bytes message);
void pool_send_form(struct pool *p, const struct pool_addr *to,
    const struct wire_form *form, const void *msg);
/* News about a member; replaces older news. */
uint64_t pool_broadcast(struct pool *p, const char *about,
    const struct wire_form *form, const void *msg);
/* A Serf message, without the byte that makes it a user message. */
uint64_t pool_broadcast_serf(
    struct pool *p, struct bcast *q, struct wire_bytes message);
void pool_gossip_fire(struct pool *p, struct pool_timer *t);
/* There may be somebody to gossip to now. */
void pool_gossip_wake(struct pool *p);
/* NULL: there is no address, or too many streams are open. */
struct pool_dial *pool_dial(struct pool *p, enum dial_kind kind,
    const struct pool_addr *to, struct wire_bytes message, uint64_t user,
    uint64_t deadline_ms);

/* --- pool_packet.c --- */

/* Counts what could not be read, and once in a while warns of it. */
void pool_refuse(struct pool *p, const char *what, const struct pool_addr *from,
    const struct err *err);
void pool_packet_in(
    struct pool *p, const struct pool_addr *from, struct wire_bytes packet);
/* A Serf message, its type byte first. */
int pool_on_user(struct pool *p, struct wire_bytes serf, struct err *err);
void pool_pending_fire(struct pool *p, struct pool_timer *t);
struct pool_pending *pool_pending_new(struct pool *p, enum pending_kind kind);
void pool_pending_forget(struct pool *p, const struct pool_member *m);
void pool_pending_refused(struct pool *p, const struct pool_addr *addr);

/* --- pool_target.c --- */

/* Whom to probe in this interval; NULL: nobody. */
struct pool_member *pool_probe_target(struct pool *p);
/* Whoever is there has pinged us. */
void pool_probe_pinged(struct pool *p, const struct pool_addr *from);

/* --- pool_probe.c --- */

void pool_probing_fire(struct pool *p, struct pool_timer *t);
void pool_probe_fire(struct pool *p, struct pool_timer *t);
void pool_probe_wake(struct pool *p);
void pool_probe_ack(struct pool *p, const struct wire_ack *ack);
void pool_probe_nack(struct pool *p, uint32_t seq);
void pool_probe_tcp(struct pool *p, uint32_t seq, bool ok, bool refused);
void pool_probe_refused(struct pool *p, const struct pool_addr *addr);
/* The same by TCP, for who understands it; NULL: it is not asked so. */
struct pool_dial *pool_ping_by_tcp(struct pool *p, struct pool_member *m,
    enum dial_kind kind, uint32_t seq, uint64_t deadline_ms);
/* A ping, and to a suspect that it is one. */
void pool_ping(struct pool *p, struct pool_member *m, uint32_t seq);
void pool_probe_forget(struct pool *p, const struct pool_member *m);

/* --- pool_state.c --- */

void pool_on_alive(struct pool *p, const struct wire_alive *a);
/* refused: it is our own accusation, and its host refused us. */
void pool_on_suspect(
    struct pool *p, const struct wire_accusation *s, bool refused);
void pool_on_dead(struct pool *p, const struct wire_accusation *d);
void pool_alive_of(const struct pool_member *m, struct wire_alive *out);
/* A new incarnation of ourselves is told. */
void pool_renew(struct pool *p);

/* --- pool_suspect.c --- */

void pool_suspect_begin(
    struct pool *p, struct pool_member *m, const char *from, bool refused);
void pool_suspect_end(struct pool *p, struct pool_member *m);
void pool_suspect_hasten(struct pool *p, struct pool_member *m);
/* Its time begins anew. */
void pool_suspect_restart(struct pool *p, struct pool_member *m);
/* It has answered us. */
void pool_suspect_heard(struct pool *p, struct pool_member *m);
/* From agrees; true when that is news. */
bool pool_suspect_confirm(
    struct pool *p, struct pool_member *m, const char *from);

/* --- pool_sync.c --- */

/* Somebody else has begun an exchange of states with us. */
void pool_sync_met(struct pool *p);
void pool_syncing_fire(struct pool *p, struct pool_timer *t);
void pool_reconnecting_fire(struct pool *p, struct pool_timer *t);
/* Adds our state as a push/pull message. */
void pool_sync_put(struct pool *p, bool join, struct buf *out);
/* fresh: of events that the other has kept, those of before are not heard. */
int pool_sync_merge(
    struct pool *p, struct wire_bytes body, bool fresh, struct err *err);

/* --- pool_serf.c --- */

void pool_witness(uint64_t *clock, uint64_t ltime);
void pool_serf_joined(struct pool *p, struct pool_member *m);
void pool_serf_gone(struct pool *p, struct pool_member *m);
void pool_serf_updated(struct pool *p, struct pool_member *m);
void pool_early_release(struct pool *p);
/* Whether it is news, to be passed on. */
bool pool_on_leave_intent(struct pool *p, const struct wire_intent *in);
bool pool_on_join_intent(struct pool *p, const struct wire_intent *in);
void pool_tell_join(struct pool *p);
void pool_reaping_fire(struct pool *p, struct pool_timer *t);

/* --- pool_serfsync.c --- */

void pool_serf_state_put(struct pool *p, struct buf *out);
void pool_serf_merge(struct pool *p, struct wire_bytes user, bool fresh);

/* --- pool_leave.c --- */

void pool_leaving_fire(struct pool *p, struct pool_timer *t);
/* Looks whether the broadcast that a leave waits for is out. */
void pool_leave_look(struct pool *p);

/* --- pool_event.c --- */

bool pool_on_user_event(struct pool *p, const struct wire_user_event *e);
/* Adds the events that are kept, each slot encoded; returns how many. */
size_t pool_event_slots_put(struct pool *p, struct buf *out);
void pool_event_release(struct pool *p);

/* --- pool_query.c --- */

/* Is it no older than what is remembered, and than our joining? */
bool pool_is_recent(uint64_t ltime, uint64_t clock, uint64_t min);
bool pool_on_query(struct pool *p, const struct wire_query *q);
int pool_on_relay(struct pool *p, struct wire_bytes body, struct err *err);
void pool_query_release(struct pool *p);

/* --- pool_filter.c --- */

/* Do all of its filters mean us? */
bool pool_filter_fits(const struct pool *p, const struct wire_query *q);

/* --- pool_ask.c --- */

void pool_on_response(struct pool *p, const struct wire_query_response *r);
void pool_ask_fire(struct pool *p, struct pool_timer *t);
void pool_ask_release(struct pool *p);

/* --- pool_keys.c --- */

/* Would it end a real Serf agent? Then it is not passed on. */
bool pool_keys_is_deadly(const struct wire_query *q);
/* Answers it; false: it is none about keys. */
bool pool_on_key_query(
    struct pool *p, const struct wire_query *q, struct buf *payload);

#endif
