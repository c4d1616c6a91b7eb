/*
 * Who may use a route: allow= and deny= lists of addresses and networks,
 * "ip:10.0.0.0/8,ip:fe80::1".
 *
 * The peer's address and every address in X-Forwarded-For are asked: an
 * allow list needs all of them inside, a deny list all of them outside.
 */
#ifndef LBD_ACCESS_H
#define LBD_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define ACCESS_MAX_RULES 256

struct access_net {
	uint8_t addr[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t bits;     /* of the 128 that must agree */
};

struct access_rules {
	bool allow; /* else the list denies */
	struct access_net *nets;
	size_t nnets; /* 0: everybody may */
};

/* Fills rules (owned: access_release() them) from the option's value. */
int access_parse(
    struct access_rules *rules, bool allow, const char *text, struct err *err);
void access_release(struct access_rules *rules);

/* Whether an address, as text without port, is turned away. One that cannot
 * be read is turned away by a list that has rules. */
bool access_denies(const struct access_rules *rules, const char *addr);

/* The same for "a, b, c". */
bool access_denies_list(const struct access_rules *rules, const char *xff);

#endif
