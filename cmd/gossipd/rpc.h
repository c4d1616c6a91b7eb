/*
 * The RPC of a Serf agent over TCP, so that `serf members` and its siblings
 * work against us. rpc.c keeps the connections, rpc_command.c carries out
 * what they ask, rpc_stream.c tells those who follow.
 *
 * Whoever reaches the port may steer the member; with a key set they must
 * show it first.
 */
#ifndef CMD_GOSSIPD_RPC_H
#define CMD_GOSSIPD_RPC_H

#include "common/log.h"
#include "common/loop.h"

struct gossipd;
struct pool_event;
struct err;
struct rpc;

#define RPC_CLIENTS_MAX 64
#define RPC_STREAMS_MAX 8          /* of one client */
#define RPC_WAITS_MAX   256        /* answers that are still to come */
#define RPC_OUT_MAX     (16 << 20) /* bytes; a slower reader is cut off */
#define RPC_READ        16384      /* in one go */

/* Listens at addr, "host:port"; auth "" lets everybody in. */
struct rpc *rpc_new(
    struct gossipd *g, const char *addr, const char *auth, struct err *err);
void rpc_free(struct rpc *r); /* NULL is fine */

/* What the pool tells, to those who follow it. */
void rpc_event(struct rpc *r, const struct pool_event *ev);
void rpc_log(struct rpc *r, enum log_level level, const char *line);
/* We have left the pool: whoever asked for it is told. */
void rpc_left(struct rpc *r);

#endif
