#include "cmd/rove/table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

struct cell {
	const char *text;
	size_t len, width;
};

/* One row's cells stand from `first` on, `n` of them. */
struct row {
	size_t first, n;
};

struct table {
	struct cell *cells;
	size_t ncells, cap;
	struct row *rows;
	size_t nrows, rows_cap;
	size_t *widths; /* by column */
	size_t ncolumns;
};

static size_t
count_chars(const char *s, size_t n)
{
	size_t chars = 0;

	for (size_t i = 0; i < n; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			chars++;
	return chars;
}

static void
add_cell(struct table *t, const char *s, size_t n, enum table_form form)
{
	while (n > 0 && (*s == ' ' || *s == '\t')) {
		s++;
		n--;
	}
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	if (n == 0 && form != TABLE_SPACES) {
		s = "<none>";
		n = strlen(s);
	}
	t->cells = xgrow(t->cells, t->ncells, &t->cap, sizeof *t->cells);
	t->cells[t->ncells++] =
	    (struct cell){ .text = s, .len = n, .width = count_chars(s, n) };
}

static void
add_row(struct table *t, const char *line, size_t len, enum table_form form)
{
	struct row row = { .first = t->ncells };
	const char *end = line + len;

	for (;;) {
		const char *bar = memchr(line, '|', (size_t)(end - line));
		const char *stop = bar != NULL ? bar : end;

		add_cell(t, line, (size_t)(stop - line), form);
		if (bar == NULL)
			break;
		line = bar + 1;
	}
	row.n = t->ncells - row.first;
	if (row.n > t->ncolumns)
		t->ncolumns = row.n;
	t->rows = xgrow(t->rows, t->nrows, &t->rows_cap, sizeof *t->rows);
	t->rows[t->nrows++] = row;
}

static void
read_rows(struct table *t, const char *rows, enum table_form form)
{
	for (;;) {
		size_t len = strcspn(rows, "\n");

		add_row(t, rows, len, form);
		if (rows[len] == '\0')
			break;
		rows += len + 1;
	}
	t->widths = xcalloc(t->ncolumns, sizeof *t->widths);
	for (size_t r = 0; r < t->nrows; r++)
		for (size_t c = 0; c < t->rows[r].n; c++) {
			size_t w = t->cells[t->rows[r].first + c].width;

			if (w > t->widths[c])
				t->widths[c] = w;
		}
}

/* A row's last cell is not filled up. */
static void
put_row(const struct table *t, const struct row *row, const char *glue,
    struct buf *out)
{
	for (size_t c = 0; c < row->n; c++) {
		const struct cell *cell = &t->cells[row->first + c];

		buf_add(out, cell->text, cell->len);
		if (c + 1 == row->n)
			break;
		for (size_t w = cell->width; w < t->widths[c]; w++)
			buf_addc(out, ' ');
		buf_adds(out, glue);
	}
}

void
table_format(const char *rows, enum table_form form, struct buf *out)
{
	struct table t = { 0 };

	if (*rows == '\0')
		return;
	read_rows(&t, rows, form);
	for (size_t r = 0; r < t.nrows; r++) {
		if (r > 0)
			buf_addc(out, '\n');
		put_row(&t, &t.rows[r], form == TABLE_KV ? " = " : "  ", out);
	}
	free(t.cells);
	free(t.rows);
	free(t.widths);
}

void
table_row(struct buf *rows, const char *fmt, ...)
{
	va_list ap;
	size_t from;

	if (rows->len > 0)
		buf_addc(rows, '\n');
	from = rows->len;
	va_start(ap, fmt);
	buf_vaddf(rows, fmt, ap);
	va_end(ap);
	for (size_t i = from; i < rows->len; i++)
		if (rows->data[i] == '\n' || rows->data[i] == '\r')
			rows->data[i] = ' ';
}

static void
put_blanks(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_addc(out, ' ');
}

void
table_indent(const char *text, size_t pad, struct buf *out)
{
	for (; *text != '\0'; text++) {
		buf_addc(out, *text);
		if (*text == '\n')
			put_blanks(out, pad);
	}
}

/* Blanks between words stay as they are, but for those at a line's end. */
void
table_wrap(const char *text, size_t pad, struct buf *out)
{
	size_t room = TABLE_WIDTH > pad ? TABLE_WIDTH - pad : 1, used = 0;
	bool first = true;

	put_blanks(out, pad);
	while (*text != '\0') {
		size_t gap = strspn(text, " \n"), len;

		text += gap;
		len = strcspn(text, " \n");
		if (len == 0)
			break;
		if (!first && used + gap + len > room) {
			buf_addc(out, '\n');
			put_blanks(out, pad);
			used = gap = 0;
		}
		put_blanks(out, gap);
		buf_add(out, text, len);
		used += gap + count_chars(text, len);
		text += len;
		first = false;
	}
}
