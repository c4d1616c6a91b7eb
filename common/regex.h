/*
 * Regular expressions as Go and RE2 write them, by PCRE2.
 *
 * Of several matches the leftmost counts, and of those that begin there the
 * one whose alternatives are written first. Text and patterns are UTF-8. What
 * Go refuses is refused: back references, lookaround, possessive operators,
 * verbs. Other than there, a search may go back and try again: that is why it
 * has a budget; and a byte of the text that is no UTF-8 matches nothing.
 */
#ifndef COMMON_REGEX_H
#define COMMON_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define REGEX_MAX_PATTERN 4096
#define REGEX_MAX_GROUPS  50  /* with the match itself */
#define REGEX_MAX_DEPTH   200 /* of groups inside each other */
#define REGEX_MAX_REPEAT  1000
#define REGEX_MAX_HEAP_KB 1024

struct regex;

/* NULL and err for what is no pattern: "missing closing ): `(a`". */
struct regex *regex_new(const char *pattern, size_t n, struct err *err);
void regex_free(struct regex *re);

/* How many groups there are, the match itself being the first. */
size_t regex_ngroups(const struct regex *re);
/* The number of a named group; 0 when there is none. */
size_t regex_group(const struct regex *re, const char *name, size_t n);

/*
 * Finds the first match at or behind `from`. Where group i begins and ends
 * goes to at[2 * i] and at[2 * i + 1], SIZE_MAX when it took no part; at may
 * be NULL for who only wants to know whether. *budget is how many steps may be
 * taken, about one for each item of the pattern that is tried, and is counted
 * down.
 * 1: found, 0: not, -1: the budget is spent.
 */
int regex_search(const struct regex *re, const char *text, size_t n,
    size_t from, size_t *at, size_t *budget);

#endif
