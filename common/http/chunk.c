#include "common/http/chunk.h"

#include "common/http/head.h"
#include "common/text.h"

enum {
	SIZE,     /* hex digits, then ';' or CR */
	EXT,      /* up to CR */
	SIZE_LF,  /* the LF of a size line */
	DATA,     /* left bytes, in one stride */
	DATA_CR,  /* the line end after them */
	DATA_LF,  /**/
	LINE,     /* the start of a trailer line, or of the last empty one */
	NAME,     /* up to ':' */
	VALUE,    /* up to CR */
	VALUE_LF, /* the LF of a trailer line */
	LAST_LF,  /* the LF of the empty line */
};

static const char *
at_size(struct http_chunks *k, unsigned char c)
{
	int v = text_hex((char)c);

	if (v >= 0) {
		if (++k->digits > HTTP_CHUNK_DIGITS)
			return "chunk size is too large";
		k->left = k->left << 4 | (uint64_t)v;
		return NULL;
	}
	if (k->digits == 0 || (c != ';' && c != '\r'))
		return "bad chunk size";
	k->state = c == ';' ? EXT : SIZE_LF;
	return NULL;
}

static const char *
at_text(
    struct http_chunks *k, unsigned char c, int next, size_t *used, size_t max)
{
	if (++*used > max)
		return "chunk extensions or trailers are too long";
	if (c == '\r')
		k->state = next;
	else if (!http_is_text(c))
		return "bad byte in a chunk extension or trailer";
	return NULL;
}

static const char *
at_name(struct http_chunks *k, unsigned char c)
{
	if (++k->trailer > HTTP_TRAILER_MAX)
		return "trailers are too long";
	if (k->state == LINE && c == '\r') {
		k->state = LAST_LF;
		return NULL;
	}
	if (k->state == NAME && c == ':') {
		k->state = VALUE;
		return NULL;
	}
	k->state = NAME;
	return http_is_token(c) ? NULL : "bad trailer field name";
}

/* What an expected CR or LF leads to. */
static const char *
at_line_end(struct http_chunks *k, unsigned char c)
{
	if (c != (k->state == DATA_CR ? '\r' : '\n'))
		return "bad line end in a chunked body";
	if (k->state == SIZE_LF) {
		k->state = k->left > 0 ? DATA : LINE;
	} else if (k->state == DATA_CR) {
		k->state = DATA_LF;
	} else if (k->state == DATA_LF) {
		k->state = SIZE;
		k->digits = 0;
	} else if (k->state == VALUE_LF) {
		k->state = LINE;
	} else {
		k->done = true;
	}
	return NULL;
}

static const char *
step(struct http_chunks *k, unsigned char c)
{
	switch (k->state) {
	case SIZE:
		return at_size(k, c);
	case EXT:
		return at_text(k, c, SIZE_LF, &k->ext, HTTP_CHUNK_EXT_MAX);
	case LINE:
	case NAME:
		return at_name(k, c);
	case VALUE:
		return at_text(k, c, VALUE_LF, &k->trailer, HTTP_TRAILER_MAX);
	default:
		return at_line_end(k, c);
	}
}

ssize_t
http_chunks_check(
    struct http_chunks *k, const char *p, size_t n, const char **why)
{
	size_t i = 0;

	while (i < n && !k->done) {
		if (k->state == DATA) {
			size_t take = n - i < k->left ? n - i : (size_t)k->left;

			i += take;
			k->left -= take;
			if (k->left == 0)
				k->state = DATA_CR;
			continue;
		}
		*why = step(k, (unsigned char)p[i++]);
		if (*why != NULL)
			return -1;
	}
	return (ssize_t)i;
}
