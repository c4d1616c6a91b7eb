/*
 * Time, read in one place. A daemon's loop reads both clocks once a turn and
 * passes them down (see loop.h); pure code takes time as an argument and
 * never calls these.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define CLOCK_NS_PER_MS INT64_C(1000000)
#define CLOCK_NS_PER_S  INT64_C(1000000000)

uint64_t clock_mono_ms(void); /* never goes back; counts suspend too */
int64_t clock_mono_ns(void);  /* the same clock, for short spans */
int64_t clock_wall_ns(void);  /* since 1970, UTC; may jump */

/*
 * Durations as Go writes them: "300ms", "1h15m30.918273645s", "-2us".
 * Parsing is exact (no floating point) and refuses what overflows 64 bits.
 * A bare "0" is fine, any other number needs a unit. Returns 0, or -1.
 * Source: the documentation of Go's time.ParseDuration.
 */
int clock_parse_dur(const char *text, int64_t *ns);

/* Appends why a text is none: missing unit in duration "5". */
void clock_explain_dur(const char *text, struct buf *out);

#define CLOCK_DUR_SIZE 40
/* "1h0m0s", "1.5s", "300ms", "0s": as Go's Duration.String() prints. */
void clock_format_dur(int64_t ns, char out[CLOCK_DUR_SIZE]);

#define CLOCK_TIME_SIZE 40
/* RFC 3339 in UTC, fraction trimmed of zeros: "2000-01-01T00:00:00.5Z". */
void clock_format_time(int64_t wall_ns, char out[CLOCK_TIME_SIZE]);

/* RFC 3339 with any offset to nanoseconds since 1970. Returns 0, or -1. */
int clock_parse_time(const char *text, int64_t *wall_ns);

#endif
