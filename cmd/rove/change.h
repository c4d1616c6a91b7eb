/*
 * What commands that change something share: whether it is meant, the
 * request, and the evaluation that comes of it.
 */
#ifndef ROVE_CHANGE_H
#define ROVE_CHANGE_H

#include "cmd/rove/cli.h"
#include "common/tree.h"

/* How much of what follows is told. */
struct change_flags {
	bool detach, verbose;
	bool no_deployment; /* the evaluation is followed, no deployment */
};

#define CHANGE_FLAG_ROWS(f)                                               \
	{ "detach", FLAG_BOOL, &(f)->detach, NULL,                        \
		"Return at once; the ID of the evaluation is printed." }, \
	{                                                                 \
		"verbose", FLAG_BOOL, &(f)->verbose, NULL,                \
		    "Whole identifiers."                                  \
	}

/*
 * Asks the person at the terminal, who must say "y". CLI_GO: yes. Else the
 * exit status: 0 when they said no, 1 when there is nobody to ask.
 */
int change_confirm(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * PUTs the body, which is taken over. 0 and what the agent answered (the
 * caller frees it; NULL when it is empty), or 1 after "<failed>: why".
 */
int change_put(struct cli *c, const char *path, struct tree *body,
    const char *failed, struct tree **answer);

/* Follows the evaluation that the answer names, if it names one. Returns the
 * exit status. */
int change_follow(
    struct cli *c, const struct change_flags *f, const struct tree *answer);

#endif
