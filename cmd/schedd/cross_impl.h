/*
 * Inside cross.c and cross_bus.c: what requests for other regions share.
 */
#ifndef SCHEDD_CROSS_IMPL_H
#define SCHEDD_CROSS_IMPL_H

#include "cmd/schedd/cross.h"
#include "cmd/schedd/regions.h"
#include "common/map.h"

struct crosses {
	struct schedd *sd;
	struct regions regions;
	struct rng rng;
	struct map http; /* address -> struct http_client */
	struct map bus;  /* address -> struct bus_peer */
};

/* A request goes there: counts it. */
void cross_note(struct schedd *sd, const char *region);
bool cross_is_ours(const struct schedd *sd, const char *region);

#endif
