/*
 * Versions and what is asked of them: ">= 1.2, < 2" and the like.
 *
 * The loose kind takes any number of numeric parts and text right after
 * them ("1.2beta3"); the strict kind is SemVer's, where what comes before a
 * release must follow a dash.
 */
#ifndef SCHEDD_VERSCON_H
#define SCHEDD_VERSCON_H

#include <stdbool.h>

/* Whether the version meets every condition; false when either is no
 * version or condition at all. */
bool verscon_match(const char *version, const char *conditions, bool strict);

#endif
