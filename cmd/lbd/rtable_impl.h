/*
 * Inside rtable.c, which makes tables, and rtable_edit.c, which carries out the
 * commands they are made of.
 */
#ifndef LBD_RTABLE_IMPL_H
#define LBD_RTABLE_IMPL_H

#include "cmd/lbd/rtable.h"

/* What is needed only while a table is made. Routes stay where they are
 * until the end, empty ones too, so that indexes hold. */
struct build {
	struct rtable *t;
	struct rtable_host *list;
	size_t nlist, cap;
	struct map hosts;   /* name: index + 1 into list */
	struct map routes;  /* "host path": index + 1 into its host's routes */
	struct map targets; /* every target by all that tells it from others */
	bool stale;         /* targets does not hold any more */
	struct buf host, key;
};

/* An index as a map keeps it: never NULL. */
void *rtable_as_value(size_t i);

/* The commands: "route add", "route del", "route weight". */
int rtable_add(struct build *b, const struct routecmd *cmd, struct err *err);
void rtable_del(struct build *b, const struct routecmd *cmd);
void rtable_weight(struct build *b, const struct routecmd *cmd);

#endif
