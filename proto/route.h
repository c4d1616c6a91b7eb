/*
 * What lbd tells of its routing table and how it is edited by hand.
 */
#ifndef PROTO_ROUTE_H
#define PROTO_ROUTE_H

#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"

/* One target of one route. JSON names are those of Fabio's /api/routes. */
struct route_row {
	char *service;
	char *host;
	char *path;
	char *src; /* host and path as they were written */
	char *dst;
	char *opts;    /* "k=v k=v" */
	double weight; /* share of the route's traffic, 0 to 1 */
	char **tags;
	size_t ntags;
	char *cmd;    /* "route add" */
	double rate1; /* requests a second; 0, as Fabio's is now */
	double pct99;
};

struct route_rows {
	struct route_row *rows;
	size_t nrows;
	/* Where the table came from: the agent's link and each source's size */
	bool agent_up;
	uint64_t ninstances;
	uint64_t version; /* grows with each new table */
};

/* One route command, or several lines: "route add web /web http://h:1/". */
struct route_edit {
	char *text;
};

extern const struct rec_type route_row_type, route_rows_type, route_edit_type;

#endif
