/*
 * The servers that a node knows, and which of them it asks.
 *
 * There are two lists in one ring. Those of the configuration (home) stay
 * for good: they lead back when all that was told is out of date. What the
 * servers tell replaces what they told before, so who has left their cluster
 * is forgotten here, too. Each is asked once before any is asked again, and
 * new ones come in at random places, so that the nodes of a server that
 * failed spread over all others.
 *
 * What is told is not trusted: what is no address, too long or too much is
 * passed over.
 */
#ifndef NODEAGENT_SERVERSET_H
#define NODEAGENT_SERVERSET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "common/rng.h"

#define SERVERSET_MAX     16  /* servers that were told, and as many at home */
#define SERVERSET_URL_MAX 255 /* bytes */
#define SERVERSET_PORT    "4647" /* of an address without one */

struct serverset {
	char **home;
	size_t nhome;
	char **urls; /* the ring: all there are, each once */
	size_t n;
	size_t at; /* the one that is asked */
};

/* Begins with the configuration's, any one of them first; one on this machine
 * is asked before all others. n > 0. */
void serverset_init(
    struct serverset *s, char *const *home, size_t n, struct rng *rng);
void serverset_release(struct serverset *s);

/* Borrowed until the set changes. */
const char *serverset_current(const struct serverset *s);
void serverset_next(struct serverset *s);

/*
 * The servers as one of them tells, the one first that should be asked first:
 * it is the next when the current one fails. One that is told no longer is
 * dropped; if that is the current one, the first is asked from now on. True
 * when the ring is another. Without any address in it a list changes nothing.
 */
bool serverset_learn(
    struct serverset *s, char *const *urls, size_t n, struct rng *rng);

/* The servers as people tell: they replace those of the configuration, too.
 * -1: one of them is no address, or there are too many. Each is a URL or
 * "host[:port]". */
int serverset_set(struct serverset *s, char *const *addrs, size_t n,
    struct rng *rng, struct err *err);

/* Whether the URL names a server on another machine, "tcp://host:port". */
int serverset_check(const char *url, struct err *err);

#endif
