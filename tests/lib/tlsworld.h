/*
 * Certificates for tests: two CAs that a cluster has, a third that it has not,
 * and what they have signed. Made anew for each test.
 */
#ifndef TESTS_LIB_TLSWORLD_H
#define TESTS_LIB_TLSWORLD_H

#include "common/bus.h"
#include "common/tls_keys.h"
#include "tests/lib/busworld.h"

struct tls_pair {
	char *cert, *key; /* PEM */
};

struct tls_world {
	struct tls_pair server_ca, cluster_ca, foreign_ca;
	/* Signed by these; old is a server's that has expired. */
	struct tls_pair server, node, foreign, old;
	char *both_cas; /* the first two */
};

struct tls_world *tls_world_new(void);
void tls_world_free(struct tls_world *t);

/* One more, with these names, days and signer (NULL: a CA). */
void tls_world_sign(struct tls_pair *out, const struct tls_pair *ca,
    const char *name, int64_t days);
void tls_pair_release(struct tls_pair *p);

/* For dialling (or listening) as who, trusting whom ca (PEM) has signed. */
struct tls_keys *tls_world_bus(
    bool listens, const struct tls_pair *who, const char *ca, const char *name);

/* A world that serves with TLS at a port of loopback. */
struct bus_world *tls_world_serve(struct tls_keys *tls);

/* A blocking OpenSSL client's connection to that port, up to the end of its
 * handshake: true when it succeeded and the server still holds it after it
 * was greeted. who may be NULL. */
bool tls_world_shakes(struct bus_world *w, const struct tls_pair *who);
/* A plain connection to it. */
int tls_world_connect(struct bus_world *w);

#endif
