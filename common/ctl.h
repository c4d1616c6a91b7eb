/*
 * What the control programs share: schedctl, nodectl, gossipctl, metricsctl
 * and lbctl are each a struct ctl_def and a call of ctl_main().
 *
 * A noun is a message whose reply is a list of records; a table says which
 * members are shown. Other verbs are functions. All have, without a word,
 * info, ping, config, log-level, monitor, reload and stop.
 *
 * Lines are made for pipes: one record a line, columns parted by a tab, no
 * head. On a terminal the columns are aligned under a head (-H asks for the
 * head anywhere). -j prints each record as JSON, one a line.
 *
 * Options before the verb: -r RUN_DIR (or ROVE_RUN_DIR), -t TIMEOUT ("5s"),
 * -j, -H, -h, -V. Exit status: 0 done, 1 refused, 2 wrong usage, 3 the daemon
 * is out of reach.
 */
#ifndef COMMON_CTL_H
#define COMMON_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/rec.h"

enum { CTL_DONE = 0, CTL_REFUSED = 1, CTL_USAGE = 2, CTL_UNREACHED = 3 };

#define CTL_TIMEOUT_MS  5000
#define CTL_MAX_COLUMNS 16

struct ctl_def;

/* One run of a control program. */
struct ctl {
	const struct ctl_def *def;
	const char *run_dir;
	char *url; /* of the daemon's control socket */
	uint64_t timeout_ms;
	bool json, head;
	bool is_terminal; /* stdout is one */
};

/* argv[0] is the verb. Returns the exit status. */
typedef int ctl_fn(struct ctl *c, int argc, char **argv);

struct ctl_verb {
	const char *name;
	const char *args; /* "[LEVEL]"; "" when there are none */
	const char *says; /* a short sentence for the usage */
	ctl_fn *fn;
};

struct ctl_column {
	const char *head;   /* "Address" */
	const char *member; /* of the record, its name in C */
};

struct ctl_noun {
	const char *name; /* "members" */
	const char *args;
	const char *says;
	uint16_t number; /* of the message; its reply's first list is shown */
	const struct ctl_column *columns;
	size_t ncolumns;
	/* Fills the zeroed body from the arguments (argv[0] is the noun). 0,
	 * or -1: wrong usage. NULL: none expected. */
	int (*body)(int argc, char **argv, void *body);
};

struct ctl_def {
	const char *name;   /* "gossipctl" */
	const char *daemon; /* "gossipd" */
	const struct ctl_verb *verbs;
	size_t nverbs;
	const struct ctl_noun *nouns;
	size_t nnouns;
};

int ctl_main(int argc, char **argv, const struct ctl_def *def);

/* Asks the daemon, at its control socket. As bus_ask(). */
int ctl_ask(struct ctl *c, uint16_t number, const void *body, void *reply,
    struct err *err);

/* Prints what went wrong and returns the exit status for it. */
int ctl_fail(const struct ctl *c, const struct err *err);

/* Prints how the verb is used and returns CTL_USAGE. */
int ctl_usage(const struct ctl *c, const char *verb);

/* The common verb monitor: its options are -a and -l LEVEL. For a daemon whose
 * own monitor follows something else. */
int ctl_follow_log(struct ctl *c, int argc, char **argv);

/* n records that stand one after the other. */
void ctl_print(const struct ctl *c, const struct rec_type *t, const void *recs,
    size_t n, const struct ctl_column *columns, size_t ncolumns);

/* Appends one member's value as text for people: lists and text maps are
 * parted by commas, tabs and line ends become blanks. */
void ctl_format(const struct rec_field *f, const void *rec, struct buf *out);

#endif
