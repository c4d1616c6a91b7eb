/*
 * Certificates and keys in PEM, as OpenSSL keeps them. What is encrypted is
 * refused: OpenSSL itself would ask for the passphrase at the terminal.
 */
#ifndef COMMON_PEM_H
#define COMMON_PEM_H

#include <openssl/x509.h>

/* All certificates of a text, in order; sk_X509_pop_free() them. One that
 * cannot be read ends it. */
STACK_OF(X509) * pem_certs(const char *pem);
/* The first certificate, and the first key; NULL: there is none. */
X509 *pem_cert(const char *pem);
EVP_PKEY *pem_key(const char *pem);

#endif
