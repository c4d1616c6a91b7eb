/*
 * Inside bus_pub.c and bus_sub.c: what the two ends of topics share.
 *
 * On the wire the topic stands first, then a NUL, then the envelope; of that
 * the id is the topic's sequence number, and the deadline the number of the
 * publisher's start. Whoever listens gets all of it, and takes what begins as
 * it should.
 */
#ifndef COMMON_BUS_TOPIC_H
#define COMMON_BUS_TOPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/map.h"

struct bus_topic {
	uint64_t seq;   /* of its last message; 0: none yet */
	uint32_t start; /* of a subscriber: the publisher's start number */
	bool unmarked;  /* of a publisher: published since the last mark */
};

/* The one of that name, which is made where there is none; the map's. */
struct bus_topic *bus_topic_get(struct map *topics, const char *name);
void bus_topics_release(struct map *topics);

/* As bus_url_check(); besides, topics have no TLS. */
int bus_topic_url_check(const char *url, struct err *err);

#endif
