#include "common/json_read_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/mem.h"

/* --- errors --- */

static void
put_path(const struct reader *r, struct buf *path)
{
	for (size_t i = 0; i < r->depth; i++) {
		const struct frame *fr = &r->frames[i];
		size_t n =
		    fr->kind == IN_REC ? 0 : *rec_count(fr->row, fr->rec);
		const char *e = n == 0 ? NULL : rec_ptr(fr->row, fr->rec);

		if (fr->kind == IN_REC && fr->row != NULL)
			buf_addf(path, "%s%s", path->len > 0 ? "." : "",
			    fr->row->json);
		else if (fr->kind == IN_LIST && n > 0)
			buf_addf(path, "[%zu]", n - 1);
		else if (fr->kind == IN_MAP && n > 0) {
			e += (n - 1) * rec_value_size(fr->row);
			buf_addf(path, ".%s", *(char *const *)(const void *)e);
		}
	}
}

int
json_refuse(struct reader *r, const char *fmt, ...)
{
	struct buf text = { 0 };
	va_list ap;

	put_path(r, &text);
	if (text.len > 0)
		buf_adds(&text, ": ");
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	err_set(r->err, ERR_BAD, "%s", buf_str(&text));
	buf_release(&text);
	r->refused = true;
	return -1;
}

static const char *
wanted(const struct target *to)
{
	if (to->elem == NULL && to->f->shape == REC_LIST_OF)
		return "a list";
	if (to->elem == NULL && to->f->shape == REC_MAP_OF)
		return "an object";
	switch (to->f->kind) {
	case REC_K_BOOL:
		return "true or false";
	case REC_K_I64:
	case REC_K_U64:
		return "an integer";
	case REC_K_DUR:
		return (to->f->flags & REC_DURTEXT) != 0
			   ? "a duration such as \"30s\""
			   : "an integer of nanoseconds";
	case REC_K_F64:
		return "a number";
	case REC_K_TIME:
		return "a time such as \"2006-01-02T15:04:05Z\"";
	case REC_K_STR:
		return "text";
	case REC_K_BYTES:
		return "base64 text";
	case REC_K_TREE:
	case REC_K_REC:
	case REC_K_PTR:
		break;
	}
	return "an object";
}

int
json_mismatch(struct reader *r, const struct target *to, const char *found)
{
	return json_refuse(r, "expected %s, found %s", wanted(to), found);
}

int
json_spend(struct reader *r, size_t n)
{
	if (n > r->budget)
		return json_refuse(r, "record takes too much memory");
	r->budget -= n;
	return 0;
}

/* --- scalars --- */

/* A copy with a NUL after it, as far as numbers and times can be long. */
static bool
short_text(const char *s, size_t n, char out[64])
{
	if (n >= 64 || memchr(s, '\0', n) != NULL)
		return false;
	memcpy(out, s, n);
	out[n] = '\0';
	return true;
}

static int
set_integer(struct reader *r, const struct target *to, const char *s, size_t n)
{
	char text[64], *end;
	void *v = value_of(to);

	if (!short_text(s, n, text) || strpbrk(text, ".eE") != NULL)
		return json_refuse(r, "expected %s, found %.*s", wanted(to),
		    (int)(n < SHOWN_MAX ? n : SHOWN_MAX), s);
	errno = 0;
	if (to->f->kind == REC_K_U64) {
		if (text[0] == '-' && strcmp(text, "-0") != 0)
			errno = ERANGE;
		else
			*(uint64_t *)v = strtoull(text, &end, 10);
	} else {
		*(int64_t *)v = strtoll(text, &end, 10);
	}
	if (errno == 0)
		return 0;
	memset(v, 0, sizeof(int64_t));
	return json_refuse(r, "integer %s is out of range", text);
}

int
json_set_number(
    struct reader *r, const struct target *to, const char *s, size_t n)
{
	struct tree *number;

	switch (to->f->kind) {
	case REC_K_I64:
	case REC_K_U64:
	case REC_K_DUR:
		return set_integer(r, to, s, n);
	case REC_K_F64:
		number = tree_number(s, n, NULL);
		if (number == NULL)
			return json_refuse(r, "number is out of range");
		*(double *)value_of(to) =
		    number->kind == TREE_INT ? (double)number->i : number->f;
		tree_free(number);
		return 0;
	case REC_K_BOOL:
	case REC_K_TIME:
	case REC_K_STR:
	case REC_K_BYTES:
	case REC_K_TREE:
	case REC_K_REC:
	case REC_K_PTR:
		break;
	}
	return json_mismatch(r, to, "a number");
}

static int
set_str(struct reader *r, const struct target *to, const char *s, size_t n)
{
	if (memchr(s, '\0', n) != NULL)
		return json_refuse(r, "text holds a NUL");
	if (json_spend(r, n + REC_TEXT_COST) == -1)
		return -1;
	*(char **)value_of(to) = xstrndup(s, n);
	return 0;
}

static int
set_bytes(struct reader *r, const struct target *to, const char *s, size_t n)
{
	struct rec_bytes *b = value_of(to);
	long len;

	if (json_spend(r, n + REC_TEXT_COST) == -1)
		return -1;
	b->data = xmalloc(n / 4 * 3);
	len = json_parse_base64(s, n, b->data);
	if (len < 0)
		return json_mismatch(r, to, "other text");
	b->len = (size_t)len;
	return 0;
}

int
json_set_text(
    struct reader *r, const struct target *to, const char *s, size_t n)
{
	char text[64];
	int rc = -1;

	switch (to->f->kind) {
	case REC_K_STR:
		return set_str(r, to, s, n);
	case REC_K_BYTES:
		return set_bytes(r, to, s, n);
	case REC_K_DUR:
		if ((to->f->flags & REC_DURTEXT) == 0)
			break;
		if (short_text(s, n, text))
			rc = clock_parse_dur(text, value_of(to));
		return rc == 0 ? 0 : json_mismatch(r, to, "other text");
	case REC_K_TIME:
		if (!short_text(s, n, text))
			return json_mismatch(r, to, "other text");
		if (strcmp(text, REC_ZERO_TIME) == 0)
			return 0;
		rc = clock_parse_time(text, value_of(to));
		return rc == 0 ? 0 : json_mismatch(r, to, "other text");
	case REC_K_BOOL:
	case REC_K_I64:
	case REC_K_U64:
	case REC_K_F64:
	case REC_K_TREE:
	case REC_K_REC:
	case REC_K_PTR:
		break;
	}
	return json_mismatch(r, to, "text");
}
