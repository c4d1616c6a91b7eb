/*
 * Text of a daemon's config file, member by member.
 */
#ifndef PROTO_CONFTEXT_H
#define PROTO_CONFTEXT_H

#include "common/buf.h"
#include "common/rec.h"

/* A string in quotes, with what needs it escaped. */
void conftext_quote(struct buf *b, const char *text);

/* A member that is text; what is absent is left to the daemon's default. */
void conftext_put(struct buf *b, const char *name, const char *text);
void conftext_put_bool(struct buf *b, const char *name, bool value);
/* Numbers and durations; 0 is left to the daemon's default. */
void conftext_put_int(struct buf *b, const char *name, int64_t value);
void conftext_put_dur(struct buf *b, const char *name, int64_t ns);

void conftext_put_list(
    struct buf *b, const char *name, char *const *list, size_t n);
/* Keys that are no names in libconfig stand in groups of their own. */
void conftext_put_map(
    struct buf *b, const char *name, const struct rec_kv *kv, size_t n);

#endif
