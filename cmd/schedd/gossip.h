/*
 * This server in the pool: what its member's tags say, and which members are
 * servers as it is one. The member itself is the gossipd of this machine,
 * which is told the tags each time that it is found, and asked for all members
 * when one of them has changed.
 */
#ifndef SCHEDD_GOSSIP_H
#define SCHEDD_GOSSIP_H

#include "cmd/schedd/schedd.h"
#include "proto/member.h"

int gossip_open(struct schedd *sd, struct err *err);
void gossip_close(struct schedd *sd);

/* Adds the tags of a Nomad server, and those that only ours have. */
void gossip_tags(const struct schedd *sd, struct rec_kv **tags, size_t *n);
/* What they say has changed. */
void gossip_tell(struct schedd *sd);

/* By its tags, as Nomad tells a server from any other member. */
bool gossip_is_server(const struct member *m);

#endif
