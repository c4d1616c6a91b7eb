/*
 * Bytes as one HTTP message, without a socket. The first byte says what they
 * are: 0 a request, 1 an answer, 2 an answer to HEAD, 3 the body of a chunked
 * message alone. The second says how they are cut: however they come, they
 * mean the same.
 */
#include <stdlib.h>
#include <string.h>

#include "common/http/msg.h"
#include "common/mem.h"

#define MAX_FIELDS 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What became of the bytes. */
struct result {
	int fault; /* -1: only the framing was asked */
	bool done, keep_alive;
	size_t took;
	struct buf content;
};

static size_t
piece_of(uint8_t cut, size_t i, size_t left)
{
	size_t n = cut == 0 ? left : 1 + (cut ^ i * 37) % cut;

	return n < left ? n : left;
}

/* Where the head ends, found in pieces. */
static ssize_t
find_head(const char *p, size_t n, uint8_t cut)
{
	size_t scanned = 0, have = 0;
	ssize_t end = 0;

	for (size_t i = 0; have < n && end == 0; i++) {
		have += piece_of(cut, i, n - have);
		end = http_head_end(p, have, &scanned);
	}
	return end;
}

static void
check_fields(const struct http_head *h)
{
	for (size_t i = 0; i < h->nfields; i++) {
		const struct http_field *f = &h->fields[i];

		if (strlen(f->name) != f->name_len || f->name_len == 0 ||
		    strlen(f->value) != f->value_len)
			abort();
		if (http_head_find(h->fields, h->nfields, f->name) == NULL)
			abort();
	}
	if (h->chunked && h->length >= 0)
		abort();
}

static void
read_body(
    struct http_msg *m, const char *p, size_t n, uint8_t cut, struct result *r)
{
	for (size_t i = 0; n > 0 && !m->done; i++) {
		size_t want = piece_of(cut, i, n), nout;
		char *copy = xmemdup(p, want);
		ssize_t took = http_msg_body(m, copy, want, &nout);

		if (took == -1) {
			free(copy);
			r->fault = m->fault;
			return;
		}
		if ((size_t)took > want || nout > (size_t)took ||
		    ((size_t)took < want && !m->done))
			abort();
		buf_add(&r->content, copy, nout);
		free(copy);
		r->took += (size_t)took;
		p += took;
		n -= (size_t)took;
	}
	r->done = n > 0 ? m->done : http_msg_eof(m);
}

static void
read_message(
    const char *p, size_t n, uint8_t mode, uint8_t cut, struct result *r)
{
	struct http_field fields[MAX_FIELDS];
	struct http_head h = { .kind = mode == 0 ? HTTP_KIND_REQUEST
						 : HTTP_KIND_ANSWER,
		.fields = fields };
	struct http_msg m;
	ssize_t end = find_head(p, n, cut);
	char *text;

	*r = (struct result){ 0 };
	if (end <= 0) {
		r->fault = end == 0 ? 0 : 400;
		return;
	}
	http_msg_begin(&m, h.kind);
	text = xmemdup(p, (size_t)end);
	if (http_msg_head(&m, &h, text, (size_t)end, MAX_FIELDS, mode == 2) ==
	    -1) {
		if (m.fault < 400 || m.why == NULL)
			abort();
		r->fault = m.fault;
	} else {
		http_head_terminate(&h, text);
		check_fields(&h);
		r->took = (size_t)end;
		read_body(&m, p + end, n - (size_t)end, cut, r);
		r->keep_alive = m.keep_alive;
	}
	free(text);
}

static void
read_chunks(const char *p, size_t n, uint8_t cut, struct result *r)
{
	struct http_chunks k = { 0 };
	const char *why = NULL;

	*r = (struct result){ 0 };
	for (size_t i = 0; n > 0 && !k.done; i++) {
		size_t want = piece_of(cut, i, n);
		ssize_t took = http_chunks_check(&k, p, want, &why);

		if (took == -1) {
			r->fault = 400;
			return;
		}
		r->took += (size_t)took;
		p += took;
		n -= (size_t)took;
	}
	r->done = k.done;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct result whole, cut;
	const char *p = (const char *)data + 2;

	if (n < 2)
		return 0;
	n -= 2;
	if (data[0] % 4 == 3) {
		read_chunks(p, n, 0, &whole);
		read_chunks(p, n, data[1], &cut);
	} else {
		read_message(p, n, data[0] % 4, 0, &whole);
		read_message(p, n, data[0] % 4, data[1], &cut);
	}
	if (whole.fault != cut.fault)
		abort();
	if (whole.fault == 0 &&
	    (whole.done != cut.done || whole.took != cut.took ||
		whole.keep_alive != cut.keep_alive ||
		whole.content.len != cut.content.len ||
		(cut.content.len > 0 &&
		    memcmp(whole.content.data, cut.content.data,
			cut.content.len) != 0)))
		abort();
	buf_release(&whole.content);
	buf_release(&cut.content);
	return 0;
}
