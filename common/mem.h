/*
 * Allocation that does not fail: out of memory is logged and ends the
 * program, whose supervisor starts it afresh. So whatever a peer can make us
 * allocate is bounded before it is allocated. None of these returns NULL.
 */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include <stddef.h>

/* Uninitialised memory; n may be 0. The caller frees with free(). */
void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull));

/* Zeroed memory for n things of the given size; overflow ends the program. */
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));

/* realloc() for n things of the given size; n may be 0. */
void *xreallocarray(void *p, size_t n, size_t size)
    __attribute__((returns_nonnull));

/* A copy of s; of the first n bytes of s, terminated; of n bytes. Of no bytes
 * the address may be NULL. */
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n)
    __attribute__((malloc, returns_nonnull));
void *xmemdup(const void *p, size_t n) __attribute__((malloc, returns_nonnull));

/* A formatted string. */
char *xasprintf(const char *fmt, ...)
    __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/*
 * Room for one more element in a growing array: where n of cap elements of
 * the given size are used, returns an array (p or its successor) with room
 * for at least n + 1 and updates *cap. Growth is by half again, at least 8.
 */
void *xgrow(void *p, size_t n, size_t *cap, size_t size)
    __attribute__((returns_nonnull));

#endif
