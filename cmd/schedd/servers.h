/*
 * The other servers of the region: who they are, by gossip and by Raft, and
 * what this one does about it. cluster.h decides; here it is carried out: a
 * cluster is formed or joined, and the leader keeps its config as the pool
 * says.
 *
 * A server without a Raft address is alone: a cluster of one, which asks
 * nobody for anything.
 */
#ifndef SCHEDD_SERVERS_H
#define SCHEDD_SERVERS_H

#include "cmd/schedd/cluster.h"
#include "cmd/schedd/schedd.h"
#include "proto/member.h"

/* Opens the log, or begins to wait for others: sd->raft is NULL until then. */
int servers_open(struct schedd *sd, struct err *err);
/* Before the servers of the bus are freed. */
void servers_close(struct schedd *sd);

bool servers_are_alone(const struct schedd *sd);
const struct cluster_server *servers_self(const struct schedd *sd);
/* Who leads, as far as it is known how it is reached; or NULL. */
const struct cluster_server *servers_leader(const struct schedd *sd);
/* Those of the region that the pool knows, this one first. */
struct cluster_view servers_view(const struct schedd *sd);
/* Since the leader was heard; 0 on the leader itself, on a server that is
 * alone, and while there is no log yet. */
uint64_t servers_last_contact_ms(const struct schedd *sd);
/* Whether another server could lead without this one knowing. */
bool servers_may_disagree(const struct schedd *sd);
/* Since when this leader has seen the server well (its id of Raft), ns since
 * 1970; 0: it is not, or this is no leader. */
int64_t servers_stable_since(const struct schedd *sd, uint64_t id);
/* As far as it is committed; n 0: not known yet. Borrowed. */
const struct raft_config *servers_config(const struct schedd *sd);

/* The tags that other servers look at. */
void servers_tags(const struct schedd *sd, struct rec_kv **tags, size_t *n);

/* --- what is heard --- */

/* All members that gossipd knows; rows are only looked at. Opens the log when
 * it was waited for and these are enough. */
void servers_learn(struct schedd *sd, const struct member_rows *rows);
/* Somebody leads, this server or another one, or nobody; or how the leader is
 * reached may be known now. The leader looks at its config anew, and what was
 * kept for a leader goes on. */
void servers_led(struct schedd *sd);
/* The pool has forgotten a server, by its id as people know it: somebody had
 * it pruned, or it has been gone for long. */
void servers_reaped(struct schedd *sd, const char *id);
/* This config is committed, and copied. */
void servers_configured(struct schedd *sd, const struct raft_config *config);
/* The state's feature level may be another one. */
void servers_leveled(struct schedd *sd);

#endif
