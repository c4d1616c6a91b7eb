/*
 * What one end of TLS connections shows and whom it trusts: certificates and
 * a key, as OpenSSL keeps them. TLS 1.2 and 1.3.
 *
 * Both ends show a certificate, unless one is excused. What is verified is
 * that one of the CAs has signed it, that it has not expired, and the name,
 * where one is asked for.
 */
#ifndef COMMON_TLS_KEYS_H
#define COMMON_TLS_KEYS_H

#include <stdbool.h>

#include "common/err.h"

struct tls_keys;
struct ssl_st; /* OpenSSL's SSL */

struct tls_keys_opts {
	bool listens; /* else it dials */
	/* PEM, all borrowed during the call; name alone may be NULL. */
	const char *ca;   /* whoever one of these has signed is trusted */
	const char *cert; /* that we show, with what leads to its CA behind */
	const char *key;  /* its key, without a passphrase */
	const char *name; /* that the other's must bear; NULL: any */
	/* A listener asks for no certificate; who dials takes any. */
	bool trusts_all;
	/* One that dials for a person: where ca is NULL, whom the machine
	 * trusts is trusted; where cert is NULL, none is shown. */
	bool is_person;
};

/* NULL: one of them cannot be used; ERR_BAD, and which. */
struct tls_keys *tls_keys_new(const struct tls_keys_opts *o, struct err *err);
/* For the connections that begin from now on; on failure it stays as it was.
 * Any thread may call it, and tls_keys_begin(). */
int tls_keys_renew(
    struct tls_keys *k, const struct tls_keys_opts *o, struct err *err);
/* When nothing begins any more that uses it. NULL is fine. */
void tls_keys_free(struct tls_keys *k);

/* A connection's beginning, on a connected socket that stays the caller's;
 * SSL_free() it. name, unless it is NULL, stands for the one of the keys, if
 * they ask for one. NULL: no memory. */
struct ssl_st *tls_keys_begin(struct tls_keys *k, int fd, const char *name);

/* Why OpenSSL's last call for it on this thread failed; what it remembers is
 * forgotten. Good until the next call on the thread. */
const char *tls_keys_why(const struct ssl_st *ssl);

#endif
