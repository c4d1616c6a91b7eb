#include "common/ctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"

static void
add_text(struct buf *out, const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		buf_addc(out, (unsigned char)*s < 0x20 ? ' ' : *s);
}

static void
add_time(struct buf *out, int64_t ns)
{
	char text[CLOCK_TIME_SIZE];

	if (ns == 0)
		return;
	clock_format_time(ns, text);
	buf_adds(out, text);
}

static void
add_dur(struct buf *out, int64_t ns)
{
	char text[CLOCK_DUR_SIZE];

	clock_format_dur(ns, text);
	buf_adds(out, text);
}

static void
add_one(const struct rec_field *f, const void *at, struct buf *out)
{
	switch (f->kind) {
	case REC_K_BOOL:
		buf_adds(out, *(const bool *)at ? "true" : "false");
		return;
	case REC_K_I64:
		buf_addf(out, "%" PRId64, *(const int64_t *)at);
		return;
	case REC_K_U64:
		buf_addf(out, "%" PRIu64, *(const uint64_t *)at);
		return;
	case REC_K_F64:
		json_put_float(out, *(const double *)at);
		return;
	case REC_K_DUR:
		add_dur(out, *(const int64_t *)at);
		return;
	case REC_K_TIME:
		add_time(out, *(const int64_t *)at);
		return;
	case REC_K_STR:
		add_text(out, *(char *const *)at);
		return;
	case REC_K_REC:
		rec_to_json(f->type, at, out, 0);
		return;
	case REC_K_PTR:
		if (*(void *const *)at != NULL)
			rec_to_json(f->type, *(void *const *)at, out, 0);
		return;
	case REC_K_BYTES:
	case REC_K_TREE:
		return;
	}
}

/* A pair's two rows as key=value. */
static void
add_pair(const struct rec_type *t, const char *at, struct buf *out)
{
	add_one(&t->fields[0], at + t->fields[0].offset, out);
	buf_addc(out, '=');
	ctl_format(&t->fields[1], at, out);
}

void
ctl_format(const struct rec_field *f, const void *rec, struct buf *out)
{
	const char *at = (const char *)rec + f->offset;
	size_t n;
	bool has;

	if (f->shape == REC_ONE) {
		has = true;
		if (f->opt && f->extra != 0)
			memcpy(&has, (const char *)rec + f->extra, sizeof has);
		if (has)
			add_one(f, at, out);
		return;
	}
	memcpy(&n, (const char *)rec + f->extra, sizeof n);
	at = *(const char *const *)(const void *)at;
	for (size_t i = 0; i < n; i++, at += rec_value_size(f)) {
		if (i > 0)
			buf_addc(out, ',');
		if (f->type != NULL && f->type->pair)
			add_pair(f->type, at, out);
		else
			add_one(f, at, out);
	}
}

/* --- tables --- */

static void
cell(const struct rec_type *t, const char *member, const char *rec,
    struct buf *out)
{
	for (size_t i = 0; i < t->nfields; i++)
		if (strcmp(t->fields[i].name, member) == 0)
			ctl_format(&t->fields[i], rec, out);
}

/* The cells, row by row, each ended by a NUL. */
static void
fill_cells(struct buf *cells, const struct rec_type *t, const char *recs,
    size_t n, const struct ctl_column *columns, size_t ncolumns, bool head)
{
	if (head)
		for (size_t k = 0; k < ncolumns; k++)
			buf_add(cells, columns[k].head,
			    strlen(columns[k].head) + 1);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ncolumns; k++) {
			cell(t, columns[k].member, recs + i * t->size, cells);
			buf_addc(cells, '\0');
		}
}

/* Characters, not bytes, of UTF-8. */
static size_t
width_of(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void
print_aligned(const struct buf *cells, size_t ncolumns)
{
	size_t width[CTL_MAX_COLUMNS] = { 0 };
	const char *end = cells->data + cells->len, *s;
	size_t k = 0;

	for (s = cells->data; s < end; s += strlen(s) + 1) {
		if (width_of(s) > width[k])
			width[k] = width_of(s);
		k = (k + 1) % ncolumns;
	}
	k = 0;
	for (s = cells->data; s < end; s += strlen(s) + 1) {
		bool last = k + 1 == ncolumns;

		fputs(s, stdout);
		if (!last)
			printf("%*s", (int)(width[k] - width_of(s) + 2), "");
		else
			putchar('\n');
		k = last ? 0 : k + 1;
	}
}

static void
print_plain(const struct buf *cells, size_t ncolumns)
{
	size_t k = 0;

	for (const char *s = cells->data, *end = s + cells->len; s < end;
	     s += strlen(s) + 1) {
		fputs(s, stdout);
		k = (k + 1) % ncolumns;
		putchar(k == 0 ? '\n' : '\t');
	}
}

static void
print_json(const struct rec_type *t, const char *recs, size_t n)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < n; i++) {
		buf_reset(&b);
		rec_to_json(t, recs + i * t->size, &b, 0);
		puts(buf_str(&b));
	}
	buf_release(&b);
}

void
ctl_print(const struct ctl *c, const struct rec_type *t, const void *recs,
    size_t n, const struct ctl_column *columns, size_t ncolumns)
{
	struct buf cells = { 0 };

	if (c->json) {
		print_json(t, recs, n);
		return;
	}
	if (ncolumns > CTL_MAX_COLUMNS)
		ncolumns = CTL_MAX_COLUMNS;
	fill_cells(
	    &cells, t, recs, n, columns, ncolumns, c->is_terminal || c->head);
	if (cells.len > 0 && c->is_terminal)
		print_aligned(&cells, ncolumns);
	else if (cells.len > 0)
		print_plain(&cells, ncolumns);
	buf_release(&cells);
}
