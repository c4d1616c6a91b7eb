/*
 * Command line flags in Go's form, which Nomad's users type: -name value,
 * -name=value, with one dash or two; a switch alone or as -name=false.
 *
 * Unlike Go's, a flag may also stand after the arguments. A lone "-" is an
 * argument, and after "--" everything is.
 */
#ifndef ROVE_FLAGS_H
#define ROVE_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"

enum flag_kind {
	FLAG_BOOL,  /* bool */
	FLAG_TEXT,  /* const char *, borrowed from argv */
	FLAG_COUNT, /* int64_t, not negative */
	FLAG_TEXTS, /* struct flag_texts: may be given several times */
};

#define FLAG_MAX_TEXTS 256

struct flag_texts {
	const char *items[FLAG_MAX_TEXTS]; /* borrowed from argv */
	size_t n;
};

struct flag {
	const char *name; /* without the dash */
	enum flag_kind kind;
	void *to;          /* NULL: taken and forgotten */
	const char *value; /* what the usage calls it, "<id>" */
	const char *says;
};

/* A table and, where it is not its end, the next one. */
struct flags {
	const struct flag *rows;
	size_t n;
	const struct flags *next;
};

/*
 * Reads argv[1...] and leaves in it, from argv[1] on, what is no flag;
 * *argc counts that and argv[0]. *help: -h or -help was among them. -1: the
 * sentence says which flag is wrong, as Go's flag package does.
 */
int flags_parse(const struct flags *flags, int *argc, char **argv, bool *help,
    struct err *err);

/* Appends the table's rows as the usage shows them. */
void flags_usage(const struct flags *flags, struct buf *out);

#endif
