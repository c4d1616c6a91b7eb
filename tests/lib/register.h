/*
 * A register of the cluster, by its HTTP API: what to ask, and what an answer
 * says. Everything else in here knows nothing of what a register is kept in.
 *
 * A register holds a number, 0 before it was ever written, and with each write
 * it gets an index, by which it can be replaced only if nobody else has
 * written meanwhile.
 */
#ifndef TESTS_LIB_REGISTER_H
#define TESTS_LIB_REGISTER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/http/http.h"

enum outcome {
	OUTCOME_OK,
	OUTCOME_REFUSED, /* replaced nothing, since somebody has written */
	OUTCOME_FAILED,  /* for certain */
	OUTCOME_UNKNOWN,
};

struct register_ask {
	const char *method;
	char target[128];
	struct buf body;
};

/* What is there: of OK, and of REFUSED as far as it was told. */
struct register_told {
	bool has_value;
	uint64_t value, index;
};

/* Each fills what was empty; the body is the caller's to release. */
void register_read(struct register_ask *a, const char *name);
void register_write(struct register_ask *a, const char *name, uint64_t value);
/* Only if it has this index, or was never written: index 0. */
void register_replace(
    struct register_ask *a, const char *name, uint64_t value, uint64_t index);
/* All whose names have the prefix. */
void register_list(struct register_ask *a, const char *prefix);

/* What became of it. err and a are those of an http_on_answer. */
enum outcome register_told_read(const struct err *err,
    const struct http_answer *a, struct register_told *t);
enum outcome register_told_write(const struct err *err,
    const struct http_answer *a, struct register_told *t);
/* Calls fn for each in a list; false when it is none. */
bool register_told_list(const struct http_answer *a,
    void (*fn)(void *ctx, const char *name, uint64_t index), void *ctx);

#endif
