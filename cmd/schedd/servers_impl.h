/*
 * Inside servers.c and servers_list.c: what a server knows of the others.
 */
#ifndef SCHEDD_SERVERS_IMPL_H
#define SCHEDD_SERVERS_IMPL_H

#include "cmd/schedd/misfits.h"
#include "cmd/schedd/servers.h"
#include "cmd/schedd/steady.h"
#include "common/arena.h"

struct servers {
	struct schedd *sd;
	struct arena arena; /* of the list and its text */
	struct cluster_server *list;
	size_t n;
	bool is_known;                     /* the pool was heard */
	uint64_t reaped[RAFT_SERVERS_MAX]; /* the last ones */
	size_t nreaped;
	struct raft_config config;
	uint64_t cluster; /* the one we are in; 0: none yet */
	uint64_t ready;   /* the one we are ready to form */
	char said[CLUSTER_WHY_MAX];
	struct misfits misfits; /* told already */
	struct loop_timer *found;
	bool may_found; /* alone, where one is enough */

	struct steady steady; /* while we lead */
	struct loop_timer *look;
	bool is_changing;
	uint64_t again_ms;           /* not before */
	struct cluster_change tried; /* and not taken yet; id 0: none */
};

/* The address that the others' Raft is told. */
const char *servers_told_raft(const struct schedd_config *c);
/* Text in s->arena, until the list is made anew. */
char *servers_join_text(
    struct servers *s, const char *a, const char *between, const char *b);
/* Makes s->list of the pool's members, this server first. */
void servers_list(struct servers *s, const struct member_rows *rows);

#endif
