/*
 * A failure: a code for programs and a sentence for people.
 *
 * What can fail returns 0 or -1 and fills a struct err that the caller holds.
 * err_set() and err_add() return -1, so failing takes one line:
 *
 *	if (memory_mb < 4)
 *		return err_set(err, ERR_BAD, "memory %d MB is too small",
 *memory_mb);
 *	...
 *	if (task_check(task, err) == -1)
 *		return err_add(err, "task %s", task->name);
 *
 * which reads "task db: memory 1 MB is too small". A NULL err is allowed
 * everywhere: the failure is then told by the return value alone.
 */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

#include <stdbool.h>
#include <stddef.h>

#define ERR_TEXT_MAX 1024 /* a longer sentence is cut */

/* What kind of failure it is. Numbers go over the wire: never renumber. */
enum err_code {
	ERR_NONE = 0,
	ERR_BAD = 1, /* the input is wrong: do not retry */
	ERR_NOT_FOUND = 2,
	ERR_DENIED = 3,
	ERR_CONFLICT = 4, /* somebody else was first */
	ERR_BUSY = 5,     /* a limit is reached: later may work */
	ERR_TIMEOUT = 6,
	ERR_GONE = 7,    /* the peer is not there, or went away */
	ERR_SYSTEM = 8,  /* the machine failed us; errno is in the text */
	ERR_CORRUPT = 9, /* data at rest is damaged */
	ERR_INTERNAL = 10,
	ERR_NOT_LEADER = 11,
};

struct err {
	enum err_code code;
	char text[ERR_TEXT_MAX];
};

/* Fills err, forgetting what was in it. Always returns -1. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Like err_set() with ERR_SYSTEM, and ": " and strerror(errno) at the end. */
int err_sys(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "<fmt>: " before the sentence; the code stays. Always returns -1. */
int err_add(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The code's name in kebab-case, such as "not-found"; never NULL. */
const char *err_name(enum err_code code);

#endif
