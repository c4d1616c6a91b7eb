/*
 * Making certificates, with OpenSSL: a CA, and what it signs.
 *
 * Keys are of the curve P-256, signatures are SHA-256 with ECDSA, serial
 * numbers 127 bits by chance. Everything is PEM.
 */
#ifndef COMMON_CERT_H
#define COMMON_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

#define CERT_DAYS_MAX  36500
#define CERT_NAMES_MAX 256 /* of each kind */

struct cert_opts {
	/* NULL: "rove Agent CA" and the serial number, for a CA. */
	const char *common_name;
	/* It is valid for so many days from now (and an hour before, for
	 * clocks that go late); in tests -1: it expired yesterday. */
	int64_t days;

	/* A CA of its own; else PEM of the CA that signs, and its key. */
	bool is_ca;
	const char *ca, *ca_key;

	/* Of a CA: what it may sign names below; none: anything. */
	const char *const *zones;
	size_t nzones;
	/* Else: whose it is. */
	const char *const *dns_names;
	size_t ndns_names;
	const char *const *addrs; /* "10.0.0.1", "fd00::1" */
	size_t naddrs;
};

/* Appends the certificate and its key. -1: an option is wrong (ERR_BAD names
 * it), or the CA's certificate or key is not one, or do not fit. */
int cert_make(const struct cert_opts *o, struct buf *cert, struct buf *key,
    struct err *err);

#endif
