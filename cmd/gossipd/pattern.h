/*
 * Regular expressions of strangers, as Serf's are Go's (common/regex.h). What
 * is longer than PATTERN_MAX is refused, and what takes too long finds
 * nothing.
 */
#ifndef CMD_GOSSIPD_PATTERN_H
#define CMD_GOSSIPD_PATTERN_H

#include <stdbool.h>

#define PATTERN_MAX 256

bool pattern_is_usable(const char *pattern);

/* Somewhere in the text; false too where the pattern is not usable. */
bool pattern_matches(const char *pattern, const char *text);

/* The text as a whole; "" matches any. */
bool pattern_matches_all(const char *pattern, const char *text);

#endif
