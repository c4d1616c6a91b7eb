/*
 * LZW as Go's compress/lzw has it: least significant bit first, literals of
 * eight bits, codes of nine to twelve. The encoder gives that one's bytes.
 */
#include <string.h>

#include "cmd/gossipd/wire_impl.h"

#define CLEAR     256 /* forget all but the literals */
#define END       257
#define CODE_BITS 9
#define CODE_MAX  12
#define NCODES    (1 << CODE_MAX)
#define NO_CODE   NCODES
#define HASH_SIZE (4 * NCODES)

/* --- encoding --- */

struct encoder {
	struct buf *out;
	uint32_t bits;
	unsigned nbits;
	unsigned width;
	uint32_t last_code; /* the one that the next entry will come behind */
	uint32_t
	    table[HASH_SIZE]; /* prefix, literal, code: 12, 8 and 12 bits */
};

static void
forget(struct encoder *e)
{
	e->width = CODE_BITS;
	e->last_code = END;
	memset(e->table, 0, sizeof e->table);
}

static void
put_code(struct encoder *e, uint32_t code)
{
	e->bits |= code << e->nbits;
	for (e->nbits += e->width; e->nbits >= 8; e->nbits -= 8) {
		buf_addc(e->out, (char)(e->bits & 0xff));
		e->bits >>= 8;
	}
}

/* Counts one more code; false when they are used up and all start anew. */
static bool
count_code(struct encoder *e)
{
	e->last_code++;
	if (e->last_code == 1u << e->width)
		e->width++;
	if (e->last_code < NCODES - 1)
		return true;
	put_code(e, CLEAR);
	forget(e);
	return false;
}

/* The slot of prefix and literal: theirs, or the free one for them. */
static uint32_t *
slot_of(struct encoder *e, uint32_t prefix, uint8_t literal)
{
	uint32_t key = prefix << 8 | literal;
	uint32_t at = (key >> 12 ^ key * 5) & (HASH_SIZE - 1);

	while (e->table[at] != 0 && e->table[at] >> CODE_MAX != key)
		at = (at + 1) & (HASH_SIZE - 1);
	return &e->table[at];
}

void
wire_lzw_encode(struct buf *out, struct wire_bytes in)
{
	struct encoder e = { .out = out };
	uint32_t code = in.n > 0 ? in.data[0] : 0;

	forget(&e);
	put_code(&e, CLEAR);
	for (size_t i = 1; i < in.n; i++) {
		uint32_t *slot = slot_of(&e, code, in.data[i]);

		if (*slot != 0) {
			code = *slot & (NCODES - 1);
			continue;
		}
		put_code(&e, code);
		if (count_code(&e))
			*slot =
			    (code << 8 | in.data[i]) << CODE_MAX | e.last_code;
		code = in.data[i];
	}
	if (in.n > 0) {
		put_code(&e, code);
		count_code(&e);
	}
	put_code(&e, END);
	if (e.nbits > 0)
		buf_addc(out, (char)(e.bits & 0xff));
}

/* --- decoding --- */

struct decoder {
	struct wire_bytes in;
	uint32_t bits;
	unsigned nbits;
	unsigned width;
	uint32_t last_code; /* all up to it are known */
	uint32_t last;      /* the code before, or NO_CODE */
	uint16_t prefix[NCODES];
	uint8_t suffix[NCODES];
	uint8_t text[NCODES]; /* one code's bytes, at the end */
};

static bool
get_code(struct decoder *d, uint32_t *code)
{
	while (d->nbits < d->width) {
		if (d->in.n == 0)
			return false;
		d->bits |= (uint32_t)d->in.data[0] << d->nbits;
		d->nbits += 8;
		d->in = wire_from(d->in, 1);
	}
	*code = d->bits & ((1u << d->width) - 1);
	d->bits >>= d->width;
	d->nbits -= d->width;
	return true;
}

static void
start_anew(struct decoder *d)
{
	d->width = CODE_BITS;
	d->last_code = END;
	d->last = NO_CODE;
}

/*
 * Where in text the code's bytes begin. The one code that is not yet known
 * is the bytes of the last one and the first of them again.
 */
static size_t
spell(struct decoder *d, uint32_t code)
{
	size_t at = NCODES;
	uint32_t c = code;

	if (code == d->last_code && d->last != NO_CODE) {
		c = d->last;
		at--;
	}
	while (c > END && at > 1) {
		d->text[--at] = d->suffix[c];
		c = d->prefix[c];
	}
	d->text[--at] = (uint8_t)c;
	if (code == d->last_code && d->last != NO_CODE)
		d->text[NCODES - 1] = (uint8_t)c;
	return at;
}

static void
learn(struct decoder *d, uint32_t code, uint8_t first)
{
	if (d->last != NO_CODE) {
		d->suffix[d->last_code] = first;
		d->prefix[d->last_code] = (uint16_t)d->last;
	}
	d->last = code;
	d->last_code++;
	if (d->last_code < 1u << d->width)
		return;
	if (d->width < CODE_MAX) {
		d->width++;
	} else { /* full: nothing is learned until the next CLEAR */
		d->last = NO_CODE;
		d->last_code--;
	}
}

static const char *
decode(struct decoder *d, struct buf *out, size_t max)
{
	uint32_t code;

	start_anew(d);
	while (get_code(d, &code)) {
		size_t at;

		if (code == END)
			return NULL;
		if (code == CLEAR) {
			start_anew(d);
			continue;
		}
		if (code > d->last_code)
			return "a code that was not made";
		at = spell(d, code);
		if (NCODES - at > max)
			return "more than may be unpacked";
		max -= NCODES - at;
		buf_add(out, d->text + at, NCODES - at);
		learn(d, code, d->text[at]);
	}
	return "cut short";
}

int
wire_lzw_decode(
    struct buf *out, struct wire_bytes in, size_t max, struct err *err)
{
	struct decoder d = { .in = in };
	const char *why = decode(&d, out, max);

	return why == NULL ? 0 : err_set(err, ERR_BAD, "LZW: %s", why);
}
