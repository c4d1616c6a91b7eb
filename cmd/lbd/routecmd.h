/*
 * The route command language: what a routing table is made from.
 *
 *	route add <svc> <src> <dst>[ weight <w>][ tags "a,b"][ opts "k=v ..."]
 *	route del <svc>[ <src>[ <dst>]]
 *	route del <svc> tags "a,b"
 *	route del tags "a,b"
 *	route weight <svc> <src> weight <w>[ tags "a,b"]
 *	route weight <src> weight <w> tags "a,b"
 *
 * One command a line; blank lines and those that start with # or // are
 * skipped. Any run of white space separates words, the order of the optional
 * parts is fixed, and quoted text knows no escapes. This is Fabio's language,
 * to the letter.
 */
#ifndef LBD_ROUTECMD_H
#define LBD_ROUTECMD_H

#include <stddef.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/err.h"

#define ROUTECMD_MAX_TEXT (8u << 20) /* bytes of one table's text */
#define ROUTECMD_MAX_CMDS 100000

enum routecmd_verb { ROUTECMD_ADD, ROUTECMD_DEL, ROUTECMD_WEIGHT };

struct routecmd_opt {
	const char *key;
	const char *value; /* "" for an option without '=' */
};

/* Text that was not given is "". Everything lives in the list's arena. */
struct routecmd {
	enum routecmd_verb verb;
	size_t line; /* counted from 1 */
	const char *service, *src, *dst;
	double weight; /* 0: none given */
	const char **tags;
	size_t ntags;
	struct routecmd_opt *opts; /* sorted by key, each key once */
	size_t nopts;
};

struct routecmd_list {
	struct arena arena;
	struct routecmd *cmds; /* in order of the text */
	size_t ncmds, cap;
};

/*
 * Adds the commands of n bytes of text to a list (zeroed at first). Errors
 * say "line N: ..."; the list is then of no use but to be released.
 */
int routecmd_parse(
    struct routecmd_list *list, const char *text, size_t n, struct err *err);
void routecmd_release(struct routecmd_list *list);

/* The option's value, borrowed, or NULL when it is not there. */
const char *routecmd_opt(const struct routecmd *c, const char *key);

/* "route add" and the like. */
const char *routecmd_verb_name(enum routecmd_verb verb);

#endif
