/* What the files of the RPC share. */
#ifndef CMD_GOSSIPD_RPC_IMPL_H
#define CMD_GOSSIPD_RPC_IMPL_H

#include "cmd/gossipd/gossipd.h"
#include "cmd/gossipd/ipc.h"
#include "cmd/gossipd/rpc.h"

struct rpc_stream {
	uint64_t seq;
	char *filter; /* NULL: a free place */
};

struct rpc_client {
	struct rpc *rpc;
	struct rpc_client *next;
	int fd;
	struct loop_fd *watch;
	struct buf in, out;
	size_t nsent;
	struct wire_scan scan;
	struct ipc_head head;
	bool has_head; /* and waits for its body */
	bool greeted, vouched;
	bool ends;  /* once all is sent */
	bool ended; /* and is freed on a turn of its own */
	struct rpc_stream streams[RPC_STREAMS_MAX];
	bool monitors;
	uint64_t monitor_seq;
	enum log_level monitor_level;
};

/* An answer that is still to come. */
struct rpc_wait {
	struct rpc *rpc;
	struct rpc_wait *next;
	struct rpc_client *client; /* NULL: it has gone */
	uint64_t seq;
	enum ipc_verb verb;
};

struct rpc {
	struct gossipd *g;
	char *auth;
	int fd;
	struct loop_fd *watch;
	struct loop_timer *reap;
	struct rpc_client *clients;
	size_t nclients;
	struct rpc_wait *waits;
	size_t nwaits;
};

/* --- rpc.c --- */

/* An answer's head, of which "" says that all is well. */
void rpc_answer(struct rpc_client *c, uint64_t seq, const char *error);
/* Sends what was added to c->out; the client lives until the next turn. */
void rpc_flush(struct rpc_client *c);
/* NULL: too many; then that is what it was answered. */
struct rpc_wait *rpc_wait_new(struct rpc_client *c);
void rpc_wait_free(struct rpc_wait *w);

/* --- rpc_command.c --- */

void rpc_command(struct rpc_client *c, const struct ipc_body *b);
uint64_t rpc_now_ms(const struct rpc_client *c);
/* Answers a command that has only a head for an answer. */
void rpc_finish(struct rpc_client *c, int rv, const struct err *err);
char *rpc_text(struct wire_bytes b); /* the caller frees */
void rpc_pairs(struct wire_list list, struct member_tags *out);
char **rpc_texts(struct wire_list list, size_t *n);
void rpc_texts_free(char **texts, size_t n);

/* --- rpc_look.c, rpc_ask.c: commands --- */

typedef void rpc_command_fn(struct rpc_client *c, const struct ipc_body *b);
rpc_command_fn rpc_members, rpc_stats, rpc_coordinate;
rpc_command_fn rpc_user_event, rpc_query, rpc_respond, rpc_keys;
struct ipc_member rpc_member(const struct pool_view *v);

/* --- rpc_stream.c --- */

rpc_command_fn rpc_stream_start, rpc_monitor_start;
void rpc_stop(struct rpc_client *c, uint64_t seq);

#endif
