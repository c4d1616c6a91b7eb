/*
 * A backup of the servers' state, as "rove operator snapshot save" writes it.
 *
 *	magic     8 bytes, "rovesnap"
 *	version   4 bytes, little end first
 *	n         4 bytes: how long the head is
 *	head      n bytes: struct snapfile_head as msgpack
 *	state     the state, as schedd writes it for itself
 *	checksum  32 bytes: SHA-256 of all that comes before
 *
 * The checksum tells damage, not forgery: whoever may restore may write one.
 */
#ifndef PROTO_SNAPFILE_H
#define PROTO_SNAPFILE_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/rec.h"

#define SNAPFILE_MAGIC    "rovesnap"
#define SNAPFILE_VERSION  1
#define SNAPFILE_HEAD_MAX 4096
#define SNAPFILE_SUM      32
#define SNAPFILE_MAX      (256u << 20) /* bytes of a whole file */

struct snapfile_head {
	char *id; /* of this backup */
	uint64_t index, term;
	char *region;
	int64_t time;     /* ns since 1970 */
	char *written_by; /* program and version */
};

extern const struct rec_type snapfile_head_type;

/* Appends all that stands before the state. */
void snapfile_put_head(const struct snapfile_head *head, struct buf *out);

/*
 * Checks a whole file, n bytes. On success fills head (rec_clear() it) and
 * says where in bytes the state is. -1: it is none (ERR_BAD), or damaged
 * (ERR_CORRUPT).
 */
int snapfile_check(const void *bytes, size_t n, struct snapfile_head *head,
    const uint8_t **state, size_t *nstate, struct err *err);

#endif
