#include <string.h>

#include "cmd/gossipd/wire_impl.h"
#include "common/bytes.h"

/* --- reading --- */

/* What a value's first byte says about the rest of it. */
enum shape {
	BYTES, /* the head's length counts bytes */
	VALUES,
	PAIRS,
	FIXED /* as many bytes as there are */
};

struct head {
	enum shape shape;
	uint8_t len_bytes; /* of a length behind the first byte */
	uint8_t fixed;     /* bytes, beside those of the length */
};

/* c0 to df: the values whose first byte is all theirs. */
static const struct head heads[32] = {
	{ FIXED, 0, 0 }, { FIXED, 0, 0 },                  /* nil, never used */
	{ FIXED, 0, 0 }, { FIXED, 0, 0 },                  /* false, true */
	{ BYTES, 1, 0 }, { BYTES, 2, 0 }, { BYTES, 4, 0 }, /* bin */
	{ BYTES, 1, 1 }, { BYTES, 2, 1 }, { BYTES, 4, 1 }, /* ext */
	{ FIXED, 0, 4 }, { FIXED, 0, 8 },                  /* float */
	{ FIXED, 0, 1 }, { FIXED, 0, 2 }, { FIXED, 0, 4 }, /* uint */
	{ FIXED, 0, 8 },                                   /* uint64 */
	{ FIXED, 0, 1 }, { FIXED, 0, 2 }, { FIXED, 0, 4 }, /* int */
	{ FIXED, 0, 8 },                                   /* int64 */
	{ FIXED, 0, 2 }, { FIXED, 0, 3 }, { FIXED, 0, 5 }, /* fixext */
	{ FIXED, 0, 9 }, { FIXED, 0, 17 },                 /* fixext */
	{ BYTES, 1, 0 }, { BYTES, 2, 0 }, { BYTES, 4, 0 }, /* str */
	{ VALUES, 2, 0 }, { VALUES, 4, 0 },                /* array */
	{ PAIRS, 2, 0 }, { PAIRS, 4, 0 },                  /* map */
};

int
wire_read_head(struct wire_in *in, size_t *nvalues, size_t *nbytes)
{
	const struct head *h;
	uint8_t first;
	size_t n;

	*nvalues = *nbytes = 0;
	if (in->p == in->end)
		return wire_fail(in, "cut short");
	first = *in->p;
	if (first < 0xc0 || first >= 0xe0) {
		in->p++;
		if (first >= 0x80 && first < 0x90)
			*nvalues = 2 * (size_t)(first & 0x0f);
		else if (first >= 0x90 && first < 0xa0)
			*nvalues = first & 0x0f;
		else if (first >= 0xa0 && first < 0xc0)
			*nbytes = first & 0x1f;
		return 0;
	}
	h = &heads[first - 0xc0];
	if (first == 0xc1)
		return wire_fail(in, "a value of no kind");
	if (wire_left(in) < 1u + h->len_bytes)
		return wire_fail(in, "cut short");
	n = (size_t)bytes_get_be(in->p + 1, h->len_bytes);
	in->p += 1 + h->len_bytes;
	if (h->shape == VALUES || h->shape == PAIRS)
		*nvalues = h->shape == PAIRS ? 2 * n : n;
	else
		*nbytes = n + h->fixed;
	return 0;
}

int
wire_skip(struct wire_in *in)
{
	size_t pending = 1, nvalues, nbytes;

	for (; pending > 0; pending--) {
		if (wire_read_head(in, &nvalues, &nbytes) == -1)
			return -1;
		if (nbytes > wire_left(in) || nvalues > wire_left(in))
			return wire_fail(in, "longer than what is left");
		in->p += nbytes;
		pending += nvalues;
	}
	return 0;
}

/* An integer of any width; *negative says that *v is an int64_t. */
static int
read_int(struct wire_in *in, uint64_t *v, bool *negative)
{
	uint8_t first;
	size_t n;

	*v = 0;
	*negative = false;
	if (wire_take_nil(in))
		return 0;
	if (in->p == in->end)
		return wire_fail(in, "cut short");
	first = *in->p;
	if (first < 0x80 || first >= 0xe0) {
		in->p++;
		*negative = first >= 0xe0;
		*v = (uint64_t)(int64_t)(int8_t)first;
		return 0;
	}
	if (first < 0xcc || first > 0xd3)
		return wire_fail(in, "expected an integer");
	n = (size_t)1 << (first & 3);
	if (wire_left(in) < 1 + n)
		return wire_fail(in, "cut short");
	*v = bytes_get_be(in->p + 1, n);
	in->p += 1 + n;
	if (first >= 0xd0) {
		unsigned shift = 64 - 8 * (unsigned)n;

		*v = (uint64_t)((int64_t)(*v << shift) >> shift);
		*negative = (int64_t)*v < 0;
	}
	return 0;
}

int
wire_read_uint(struct wire_in *in, uint64_t max, uint64_t *out)
{
	bool negative;

	if (read_int(in, out, &negative) == -1)
		return -1;
	return negative || *out > max ? wire_fail(in, "out of range") : 0;
}

int
wire_read_i64(struct wire_in *in, int64_t *out)
{
	bool negative;
	uint64_t v;

	if (read_int(in, &v, &negative) == -1)
		return -1;
	if (!negative && v > INT64_MAX)
		return wire_fail(in, "out of range");
	*out = (int64_t)v;
	return 0;
}

/* A 0 or a 1 will do, as in the real ones. */
int
wire_read_bool(struct wire_in *in, bool *out)
{
	*out = false;
	if (wire_take_nil(in))
		return 0;
	if (in->p == in->end)
		return wire_fail(in, "cut short");
	if (*in->p != 0xc2 && *in->p != 0xc3 && *in->p > 1)
		return wire_fail(in, "expected true or false");
	*out = *in->p == 0xc3 || *in->p == 1;
	in->p++;
	return 0;
}

int
wire_read_f64(struct wire_in *in, double *out)
{
	uint64_t bits;
	int64_t whole;

	if (in->p == in->end || *in->p != 0xcb) {
		if (wire_read_i64(in, &whole) == -1)
			return wire_fail(in, "expected a number");
		*out = (double)whole;
		return 0;
	}
	if (wire_left(in) < 9)
		return wire_fail(in, "cut short");
	bits = bytes_get_be(in->p + 1, 8);
	memcpy(out, &bits, sizeof *out);
	in->p += 9;
	return 0;
}

/*
 * Bytes may come as an array of integers too. Those below 128 stand there as
 * the bytes that they are, so that even these can be borrowed; versions are
 * small enough, and nobody sends anything else so.
 */
static int
read_byte_array(struct wire_in *in, struct wire_bytes *out)
{
	size_t n;

	if (wire_read_array(in, &n) == -1)
		return -1;
	*out = wire_bytes(in->p, n);
	for (size_t i = 0; i < n; i++)
		if (*in->p++ >= 0x80)
			return wire_fail(in, "expected bytes");
	return 0;
}

int
wire_read_bytes(struct wire_in *in, struct wire_bytes *out)
{
	size_t nvalues, n;
	uint8_t first;

	*out = wire_bytes(NULL, 0);
	if (wire_take_nil(in))
		return 0;
	if (in->p == in->end)
		return wire_fail(in, "cut short");
	first = *in->p;
	if ((first & 0xf0) == 0x90 || first == 0xdc || first == 0xdd)
		return read_byte_array(in, out);
	if ((first & 0xe0) != 0xa0 && !(first >= 0xc4 && first <= 0xc6) &&
	    !(first >= 0xd9 && first <= 0xdb))
		return wire_fail(in, "expected bytes");
	if (wire_read_head(in, &nvalues, &n) == -1)
		return -1;
	if (n > wire_left(in))
		return wire_fail(in, "longer than what is left");
	*out = wire_bytes(in->p, n);
	in->p += n;
	return 0;
}

int
wire_read_array(struct wire_in *in, size_t *n)
{
	size_t nbytes;

	if (in->p == in->end)
		return wire_fail(in, "cut short");
	if ((*in->p & 0xf0) != 0x90 && *in->p != 0xdc && *in->p != 0xdd)
		return wire_fail(in, "expected a list");
	if (wire_read_head(in, n, &nbytes) == -1)
		return -1;
	return *n > wire_left(in) ? wire_fail(in, "longer than what is left")
				  : 0;
}

int
wire_read_map(struct wire_in *in, size_t *n)
{
	size_t nbytes;

	if (in->p == in->end)
		return wire_fail(in, "cut short");
	if ((*in->p & 0xf0) != 0x80 && *in->p != 0xde && *in->p != 0xdf)
		return wire_fail(in, "expected a map");
	if (wire_read_head(in, n, &nbytes) == -1)
		return -1;
	if (*n > wire_left(in))
		return wire_fail(in, "longer than what is left");
	*n /= 2;
	return 0;
}

/* --- writing --- */

static void
add_big_endian(struct buf *out, uint8_t first, uint64_t v, size_t n)
{
	uint8_t b[9] = { first };

	bytes_put_be(b + 1, v, n);
	buf_add(out, b, 1 + n);
}

void
wire_add_nil(struct buf *out)
{
	buf_addc(out, (char)0xc0);
}

void
wire_add_uint(struct buf *out, uint64_t v)
{
	if (v < 0x80)
		buf_addc(out, (char)v);
	else if (v <= UINT8_MAX)
		add_big_endian(out, 0xcc, v, 1);
	else if (v <= UINT16_MAX)
		add_big_endian(out, 0xcd, v, 2);
	else if (v <= UINT32_MAX)
		add_big_endian(out, 0xce, v, 4);
	else
		add_big_endian(out, 0xcf, v, 8);
}

void
wire_add_negative(struct buf *out, int64_t v)
{
	uint64_t bits = (uint64_t)v;

	if (v >= -32)
		buf_addc(out, (char)v);
	else if (v >= INT8_MIN)
		add_big_endian(out, 0xd0, bits, 1);
	else if (v >= INT16_MIN)
		add_big_endian(out, 0xd1, bits, 2);
	else if (v >= INT32_MIN)
		add_big_endian(out, 0xd2, bits, 4);
	else
		add_big_endian(out, 0xd3, bits, 8);
}

static void
add_head(struct buf *out, uint8_t fix, size_t nfix, uint8_t wide, size_t n)
{
	if (n < nfix)
		buf_addc(out, (char)(fix | n));
	else if (n <= UINT16_MAX)
		add_big_endian(out, wide, n, 2);
	else
		add_big_endian(out, (uint8_t)(wide + 1), n, 4);
}

void
wire_add_str(struct buf *out, struct wire_bytes b)
{
	add_head(out, 0xa0, 32, 0xda, b.n);
	buf_add(out, b.data, b.n);
}

void
wire_add_raw(struct buf *out, struct wire_bytes b)
{
	if (b.data == NULL)
		wire_add_nil(out);
	else
		wire_add_str(out, b);
}

void
wire_add_array(struct buf *out, size_t n)
{
	add_head(out, 0x90, 16, 0xdc, n);
}

void
wire_add_map(struct buf *out, size_t n)
{
	add_head(out, 0x80, 16, 0xde, n);
}

void
wire_add_f64(struct buf *out, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	add_big_endian(out, 0xcb, bits, 8);
}
