/*
 * What changes in a request on its way to the upstream: its path and its
 * fields. Fields for one hop (common/http/hop.h) are dropped first, then ours
 * are set: X-Forwarded-*, X-Real-Ip and Forwarded, as Fabio sets them. The
 * client cannot have ours dropped by naming them in Connection.
 */
#ifndef LBD_FORWARD_H
#define LBD_FORWARD_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/lbd/target.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/http/http.h"

/* Names and values from the config; "" is off. */
struct forward_options {
	const char *local_ip;   /* by= of Forwarded */
	const char *client_ip;  /* a field that is given the peer's address */
	const char *request_id; /* a field that is given a new id */
	const char *tls, *tls_value; /* a field that only TLS may have */
};

struct forward_request {
	const struct http_field *fields;
	size_t nfields;
	const char *peer;  /* "1.2.3.4:5555", "[::1]:5555" */
	const char *host;  /* to be sent upstream; "" for none */
	const char *proto; /* "HTTP/1.1", or "" */
	bool tls;
	const char *tls_version, *tls_cipher; /* "tls12", "0xc02f"; or "" */
	bool websocket;                       /* Upgrade goes through */
	const char *strip;  /* what was taken off the path, or "" */
	const char *new_id; /* for options->request_id */
};

/* The address in "1.2.3.4:5555" or "[::1]:5555", without the brackets. */
int forward_peer_ip(
    const char *peer, const char **ip, size_t *n, struct err *err);

/* Appends complete lines, Host first. -1 when the peer cannot be read. */
int forward_fields(const struct forward_options *options,
    const struct forward_request *r, struct buf *out, struct err *err);

/*
 * Appends the request target for the upstream: the path as sent, or escaped
 * anew from the cleaned one if that differs (sent is then NULL), without
 * t->strip and with t->prepend, and both queries.
 */
void forward_target(const struct target *t, const char *sent, size_t nsent,
    const char *clean, size_t nclean, const char *query, struct buf *out);

#endif
