/*
 * Small things about text that more than one folder wants.
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* The value of a hexadecimal digit, or -1. */
static inline int
text_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Text of somebody else's as a member of a record that is only read. */
static inline char *
text_borrow(const char *s)
{
	return (char *)(uintptr_t)s;
}

/* Whether there is any: neither NULL nor "". */
static inline bool
text_is_set(const char *s)
{
	return s != NULL && s[0] != '\0';
}

/* The text, or another one where there is none. */
static inline const char *
text_or(const char *s, const char *other)
{
	return text_is_set(s) ? s : other;
}

/* The length of the UTF-8 sequence of two to four bytes that begins at p,
 * where `left` bytes are; 0 when it is none. */
size_t text_utf8_len(const uint8_t *p, size_t left);

/* Decimal digits alone, of a number that fits; -1: it is none, *n is 0. */
int text_parse_u64(const char *text, uint64_t *n);

#endif
