/*
 * Text that may be missing. In records NULL and "" are the same.
 */
#ifndef SCHEDD_TEXT_H
#define SCHEDD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

static inline const char *
sched_str(const char *s)
{
	return s != NULL ? s : "";
}

static inline bool
sched_eq(const char *a, const char *b)
{
	return strcmp(sched_str(a), sched_str(b)) == 0;
}

static inline bool
sched_is_empty(const char *s)
{
	return s == NULL || *s == '\0';
}

/* Puts a copy of the text in the place of what was there. */
static inline void
sched_set(char **member, const char *text)
{
	char *copy = xstrdup(sched_str(text));

	free(*member);
	*member = copy;
}

#endif
