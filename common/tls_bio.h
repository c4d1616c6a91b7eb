/*
 * A socket for OpenSSL, without SIGPIPE; for tls_keys.c.
 */
#ifndef COMMON_TLS_BIO_H
#define COMMON_TLS_BIO_H

#include <stdint.h>

#include <openssl/bio.h>

/* On a socket that stays the caller's. NULL: no memory. */
BIO *tls_bio_new(int fd);

#endif
