/*
 * What a certificate says of itself, as text for people.
 */
#ifndef COMMON_CERT_INFO_H
#define COMMON_CERT_INFO_H

#include "common/err.h"

/* Owned; none is NULL. Lists are "[a b]". */
struct cert_info {
	char *serial;  /* a decimal number */
	char *issuer;  /* its common name */
	char *subject; /* "CN=cli.global.nomad" */
	char *until;   /* "2027-11-13 21:37:38 +0000 UTC" */
	char *dns_names, *addrs;
	char *zones; /* below which a CA may sign names; "[]": any */
};

/* The first certificate of a text in PEM. -1: there is none. */
int cert_info_read(struct cert_info *i, const char *pem, struct err *err);
void cert_info_release(struct cert_info *i);

#endif
