/*
 * Lines for people: aligned columns, indented and wrapped text.
 */
#ifndef ROVE_TABLE_H
#define ROVE_TABLE_H

#include <stddef.h>

#include "common/buf.h"

#define TABLE_WIDTH 78 /* of wrapped paragraphs */

enum table_form {
	TABLE_LIST,   /* two blanks between; an empty cell is <none> */
	TABLE_SPACES, /* two blanks between; an empty cell is empty */
	TABLE_KV,     /* " = " between; an empty cell is <none> */
};

/*
 * Rows, one a line of the text, whose cells are parted by '|', as aligned
 * columns. Appends no newline after the last row. Cells are counted in
 * characters of UTF-8.
 */
void table_format(const char *rows, enum table_form form, struct buf *out);

/* Adds a row to such a text, in the manner of printf: line ends that a value
 * brings along become blanks. */
void table_row(struct buf *rows, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Every line but the first moves pad blanks to the right. */
void table_indent(const char *text, size_t pad, struct buf *out);

/* One paragraph: its words in lines of at most TABLE_WIDTH, pad included. */
void table_wrap(const char *text, size_t pad, struct buf *out);

#endif
