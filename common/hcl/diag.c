/* Places in a text, and what is wrong there. */
#include "common/hcl/internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

/* The text that a person sees, and the place in it. */
static const struct hcl_src *
outermost(const struct hcl_src *src, size_t *at)
{
	while (src->outer != NULL) {
		*at += src->outer_at;
		src = src->outer;
	}
	if (*at > src->n)
		*at = src->n;
	return src;
}

static size_t
line_start(const struct hcl_src *src, size_t at)
{
	while (at > 0 && src->text[at - 1] != '\n')
		at--;
	return at;
}

struct hcl_pos
hcl_pos_of(const struct hcl_src *src, size_t at)
{
	struct hcl_pos pos = { 1, 1 };
	size_t i;

	src = outermost(src, &at);
	for (i = 0; i < at; i++)
		pos.line += src->text[i] == '\n';
	i = line_start(src, at);
	if (i == 0 && src->n >= 3 && memcmp(src->text, "\xef\xbb\xbf", 3) == 0)
		i = 3;
	while (i < at) {
		i += hcl_cluster(src->text + i, src->n - i);
		pos.col++;
	}
	return pos;
}

struct hcl_range
hcl_range_over(struct hcl_range a, struct hcl_range b)
{
	if (a.src == NULL)
		return b;
	if (b.src == a.src && b.end > a.start)
		a.end = b.end;
	return a;
}

static void
format_range(
    const char *file, struct hcl_pos start, struct hcl_pos end, struct buf *out)
{
	buf_addf(out, "%s:%u,%u-", file, start.line, start.col);
	if (end.line != start.line)
		buf_addf(out, "%u,", end.line);
	buf_addf(out, "%u", end.col);
}

void
hcl_range_format(struct hcl_range r, struct buf *out)
{
	size_t at = r.start;

	if (r.src == NULL) {
		buf_adds(out, "<nil>");
		return;
	}
	format_range(outermost(r.src, &at)->name, hcl_pos_of(r.src, r.start),
	    hcl_pos_of(r.src, r.end), out);
}

void
hcl_diags_release(struct hcl_diags *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->v[i].file);
		free(d->v[i].summary);
		free(d->v[i].detail);
		free(d->v[i].line);
	}
	free(d->v);
	*d = (struct hcl_diags){ 0 };
}

/* The source line around a place, cut to what fits in a message. */
static char *
copy_line(const struct hcl_src *src, size_t at)
{
	size_t start = line_start(src, at), end = start;

	while (end < src->n && src->text[end] != '\n' &&
	       end - start < HCL_MAX_LINE_SHOW)
		end++;
	while (end > start && src->text[end - 1] == '\r')
		end--;
	return xstrndup(src->text + start, end - start);
}

void
hcl_diag_add(struct hcl_diags *d, struct hcl_range at, const char *summary,
    const char *fmt, ...)
{
	struct hcl_diag *g;
	struct buf text = { 0 };
	size_t start = at.start;
	va_list ap;

	if (d->n == HCL_MAX_DIAGS) {
		d->nmore++;
		return;
	}
	d->v = xgrow(d->v, d->n, &d->cap, sizeof *d->v);
	g = &d->v[d->n++];
	*g = (struct hcl_diag){ .summary = xstrdup(summary) };
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	g->detail = buf_take(&text);
	if (at.src == NULL)
		return;
	g->start = hcl_pos_of(at.src, at.start);
	g->end = hcl_pos_of(at.src, at.end);
	at.src = outermost(at.src, &start);
	g->file = xstrdup(at.src->name);
	g->line = copy_line(at.src, start);
}

static void
add_diag(const struct hcl_diag *g, struct buf *out)
{
	if (g->file == NULL)
		buf_adds(out, "<nil>");
	else
		format_range(g->file, g->start, g->end, out);
	buf_addf(out, ": %s; %s", g->summary, g->detail);
}

void
hcl_diags_line(const struct hcl_diags *d, struct buf *out)
{
	if (d->n == 0)
		return;
	buf_adds(out, d->lead != NULL ? d->lead : "");
	add_diag(&d->v[0], out);
	if (d->n + d->nmore > 1)
		buf_addf(
		    out, ", and %zu other diagnostic(s)", d->n + d->nmore - 1);
}

/* The line, and below it a caret for every column that is meant. */
static void
add_marker(const struct hcl_diag *g, struct buf *out)
{
	size_t n = strlen(g->line), i = 0, len;
	uint32_t end = g->end.line == g->start.line ? g->end.col : UINT32_MAX;

	if (end <= g->start.col)
		end = g->start.col + 1;
	buf_addf(out, "\n%6u | %s\n       | ", g->start.line, g->line);
	for (uint32_t col = 1; col < end; col++) {
		if (col >= g->start.col)
			buf_addc(out, '^');
		else
			buf_addc(out, i < n && g->line[i] == '\t' ? '\t' : ' ');
		len = i < n ? hcl_cluster(g->line + i, n - i) : 0;
		i += len;
		if (i >= n && col >= g->start.col)
			break;
	}
}

void
hcl_diags_print(const struct hcl_diags *d, struct buf *out)
{
	buf_adds(out, d->n > 0 && d->lead != NULL ? d->lead : "");
	for (size_t i = 0; i < d->n; i++) {
		add_diag(&d->v[i], out);
		if (d->v[i].line != NULL)
			add_marker(&d->v[i], out);
		buf_addc(out, '\n');
	}
	if (d->nmore > 0)
		buf_addf(out, "and %zu more\n", d->nmore);
}
