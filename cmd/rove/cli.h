/*
 * What all commands share: how they are described, how they begin, how they
 * end.
 *
 * A command reads its flags with cli_begin(), which also answers -h and
 * wrong usage; what it prints goes to stdout, complaints to stderr. Exit
 * status: 0 done, 1 not done; some commands have more.
 */
#ifndef ROVE_CLI_H
#define ROVE_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/rove/client.h"
#include "cmd/rove/flags.h"
#include "cmd/rove/table.h"
#include "common/err.h"

struct command {
	const char *name; /* "job run" */
	const char *args; /* "<path>" */
	const char *says; /* one line for lists of commands */
	const char *help; /* paragraphs, parted by an empty line */
	/* argv[0] is the last word of the name. Returns the exit status. */
	int (*run)(const struct command *cmd, int argc, char **argv);
	const char *alias; /* an older name, or NULL */
};

/* One run of a command. */
struct cli {
	const struct command *cmd;
	struct client client;
	int argc; /* arguments without the name */
	char **argv;
	int64_t now_ns; /* the wall clock when it began */
};

#define CLI_GO      (-1) /* cli_begin(): go on */
#define CLI_NO_MOST 64   /* as many arguments as one likes */

/*
 * Reads the flags: the command's own (n rows) and the common ones. Wants
 * `least` to `most` arguments. Returns CLI_GO, or the exit status when
 * everything is said (then there is nothing to end).
 */
int cli_begin(struct cli *c, const struct command *cmd, const struct flag *own,
    size_t n, int argc, char **argv, int least, int most);
int cli_end(struct cli *c, int status); /* returns the status */

/* Says "<fmt>" or "<fmt>: <err>" on stderr and returns 1. */
int cli_fail(const struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints rows (table_row()) as a table with a newline at its end. */
void cli_print_table(const struct buf *rows, enum table_form form);
/* A heading in front of a part of the output: an empty line, then it. */
void cli_heading(const char *text);
/* Sleeps; not at all for 0 and less. */
void cli_wait_ns(int64_t ns);
/* What the agent answers to a GET, as indented JSON. Returns the status. */
int cli_print_answer(struct cli *c, const char *path);
/* A record as indented JSON. */
void cli_print_json(const struct rec_type *type, const void *rec);

#endif
