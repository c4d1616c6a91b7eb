/*
 * Text for people: times, sizes, short identifiers.
 * The forms are those of Nomad's commands.
 */
#ifndef ROVE_TEXT_H
#define ROVE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define TEXT_SHORT_ID 8
#define TEXT_FULL_ID  36

/* --- times --- */

/* "19m23s ago", "1s from now": the two largest units that are not zero.
 * Nothing for a time of zero or before. Wall clocks, ns since 1970. */
void text_ago(int64_t then_ns, int64_t now_ns, struct buf *out);

/* second - first as a Go duration, both cut to the unit before. */
void text_difference(
    int64_t first_ns, int64_t second_ns, int64_t unit_ns, struct buf *out);

/* "2025-06-15T12:34:56Z" in the local zone, without a fraction; nothing for
 * a time within the first second of 1970 or before. */
void text_time(int64_t ns, struct buf *out);

/* --- numbers --- */

void text_bytes(uint64_t n, struct buf *out); /* "1.5 KiB" */
/* "512", "1,000 MB", "1GiB" and the like. -1 when it is none. */
int text_parse_bytes(const char *text, uint64_t *n);
/* Two decimals, thousands parted by commas: "1,234.50". */
void text_float(double v, struct buf *out);
void text_ordinal(int64_t n, struct buf *out); /* "2nd" */

/* --- identifiers --- */

/* At most n bytes of it; a buffer of its own, good for the next 16 calls. */
const char *text_id(const char *id, size_t n);

/* The length of an identifier's prefix that can be searched for: one of an
 * odd number of digits loses the last. */
size_t text_id_prefix(const char *prefix);

#endif
