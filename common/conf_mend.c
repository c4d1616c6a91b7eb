#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_impl.h"

struct mend {
	const char *path;
	const char *p, *end; /* a NUL stands at end */
	size_t line;
	size_t depth;
	struct buf *out;
	struct err *err;
};

static int
refuse(const struct mend *m, const char *what)
{
	return err_set(m->err, ERR_BAD, "%s:%zu: %s", m->path, m->line, what);
}

/* Copies up to q, counting lines. */
static void
copy_to(struct mend *m, const char *q)
{
	for (const char *s = m->p; s < q; s++)
		m->line += *s == '\n';
	buf_add(m->out, m->p, (size_t)(q - m->p));
	m->p = q;
}

static void
copy_text(struct mend *m)
{
	const char *q = m->p + 1;

	while (q < m->end && *q != '"')
		q += *q == '\\' && q + 1 < m->end ? 2 : 1;
	copy_to(m, q < m->end ? q + 1 : m->end);
}

/* True if a comment stands here, and is copied. */
static bool
copy_comment(struct mend *m)
{
	const char *q;

	if (m->p[0] == '/' && m->p[1] == '*') {
		q = strstr(m->p + 2, "*/");
		copy_to(m, q != NULL ? q + 2 : m->end);
		return true;
	}
	if (m->p[0] != '#' && (m->p[0] != '/' || m->p[1] != '/'))
		return false;
	copy_to(m, m->p + strcspn(m->p, "\n"));
	return true;
}

static void
copy_name(struct mend *m)
{
	const char *q = m->p;

	while (isalnum((unsigned char)*q) || (*q != '\0' && strchr("-_*.", *q)))
		q++;
	copy_to(m, q);
}

static const char *
skip_digits(const char *q)
{
	while (isdigit((unsigned char)*q))
		q++;
	return q;
}

/* The end of a fraction or exponent at q, or q when there is none. */
static const char *
skip_fraction(const char *q)
{
	const char *e;

	if (*q == '.')
		q = skip_digits(q + 1);
	if (*q != 'e' && *q != 'E')
		return q;
	e = q + 1 + (q[1] == '+' || q[1] == '-');
	return isdigit((unsigned char)*e) ? skip_digits(e) : q;
}

/* An integer from m->p to q, where any L begins. */
static int
put_int(struct mend *m, const char *q, int base)
{
	const char *digits = m->p + (*m->p == '+' || *m->p == '-');
	bool negative = *m->p == '-';
	uint64_t v;

	errno = 0;
	v = strtoull(digits, NULL, base);
	if (errno != 0 || (negative && v > (uint64_t)INT64_MAX + 1))
		return refuse(m, "integer is out of range");
	if (base == 10 && !negative && v > INT64_MAX)
		buf_addf(m->out, "0x%" PRIx64, v);
	else
		buf_add(m->out, m->p, (size_t)(q - m->p));
	buf_addc(m->out, 'L');
	for (int i = 0; i < 2 && *q == 'L'; i++)
		q++;
	m->p = q;
	return 0;
}

static int
mend_number(struct mend *m)
{
	const char *q = m->p + (*m->p == '+' || *m->p == '-');
	const char *end;

	if (q == m->p && q[0] == '0' && (q[1] == 'x' || q[1] == 'X') &&
	    isxdigit((unsigned char)q[2])) {
		for (q += 2; isxdigit((unsigned char)*q); q++)
			;
		return put_int(m, q, 16);
	}
	q = skip_digits(q);
	end = skip_fraction(q);
	if (end == q)
		return put_int(m, q, 10);
	copy_to(m, end);
	return 0;
}

static bool
is_number(const char *p)
{
	p += *p == '+' || *p == '-';
	return isdigit((unsigned char)p[0]) ||
	       (p[0] == '.' && isdigit((unsigned char)p[1]));
}

static int
mend_one(struct mend *m)
{
	if (copy_comment(m))
		return 0;
	if (*m->p == '"') {
		copy_text(m);
		return 0;
	}
	if (isalpha((unsigned char)*m->p) || *m->p == '*') {
		copy_name(m);
		return 0;
	}
	if (is_number(m->p))
		return mend_number(m);
	if (*m->p == '@')
		return refuse(m, "@include is not supported");
	if (strchr("{[(", *m->p) != NULL && ++m->depth > CONF_MAX_DEPTH)
		return refuse(m, "nested too deeply");
	if (strchr("}])", *m->p) != NULL && m->depth > 0)
		m->depth--;
	copy_to(m, m->p + 1);
	return 0;
}

int
conf_mend(const char *path, const char *text, size_t n, struct buf *out,
    struct err *err)
{
	struct buf copy = { 0 };
	struct mend m = { .path = path, .line = 1, .out = out, .err = err };
	int rc = 0;

	buf_add(&copy, text, n);
	m.p = copy.data;
	m.end = copy.data + n;
	if (n > CONF_MAX_BYTES)
		rc = refuse(&m, "file is too large");
	else if (memchr(copy.data, '\0', n) != NULL)
		rc = refuse(&m, "file holds a NUL");
	while (rc == 0 && m.p < m.end)
		rc = mend_one(&m);
	buf_release(&copy);
	return rc;
}
