/*
 * What the files of the codec share: one msgpack value from bytes, and the
 * tables that say what is in a message.
 *
 * Each read_ takes one value off the front, or fills why and gives -1; a
 * length is checked against what is left before it is used.
 */
#ifndef CMD_GOSSIPD_WIRE_IMPL_H
#define CMD_GOSSIPD_WIRE_IMPL_H

#include "cmd/gossipd/wire.h"

/* Of a sealed stream: the type and a length, vouched for. */
#define SEALED_HEAD 5

struct wire_in {
	const uint8_t *p, *end;
	const char *why; /* what was wrong */
};

struct wire_field {
	const char *name;
	enum wire_kind {
		WIRE_U8,
		WIRE_U16,
		WIRE_U32,
		WIRE_U64,
		WIRE_I64,
		WIRE_BOOL,
		WIRE_STR,
		WIRE_RAW,
		WIRE_FORM, /* a struct in it: its fields are of this struct too
			    */
		WIRE_LIST_RAW,
		WIRE_LIST_FILTERS, /* none of them empty */
		WIRE_LIST_CLOCKS,
		WIRE_LIST_PAIRS,
		WIRE_LIST_SLOTS,
		WIRE_LIST_EVENTS,
	} kind;
	size_t offset;
	uint8_t place;  /* in the struct as the real programs declare it */
	bool omitempty; /* not sent when it is zero */
	const struct wire_form *form;
};

/* A row of a table: name, kind, offset, place and what else is to be said. */
#define WIRE_ROW(name_, kind_, offset_, ...)                     \
	{                                                        \
		.name = name_, .kind = kind_, .offset = offset_, \
		.place = __VA_ARGS__                             \
	}

struct wire_form {
	const char *name;
	int type; /* its first byte, or -1 */
	size_t size;
	const struct wire_field *fields; /* in the order of their names */
	size_t nfields;
	/* What else must hold: a sentence about what does not, or NULL. */
	const char *(*check)(const void *msg);
};

/* At the beginning of these; nil is read as nothing at all. */
static inline struct wire_in
wire_in(struct wire_bytes b)
{
	static const uint8_t nothing;
	const uint8_t *p = b.data != NULL ? b.data : &nothing;

	return (struct wire_in){ p, p + b.n, NULL };
}

static inline int
wire_fail(struct wire_in *in, const char *why)
{
	in->why = why;
	return -1;
}

static inline size_t
wire_left(const struct wire_in *in)
{
	return (size_t)(in->end - in->p);
}

static inline bool
wire_take_nil(struct wire_in *in)
{
	if (in->p == in->end || *in->p != 0xc0)
		return false;
	in->p++;
	return true;
}

int wire_read_uint(struct wire_in *in, uint64_t max, uint64_t *out);
int wire_read_i64(struct wire_in *in, int64_t *out);
int wire_read_bool(struct wire_in *in, bool *out);
int wire_read_f64(struct wire_in *in, double *out);
int wire_read_bytes(struct wire_in *in, struct wire_bytes *out);
int wire_read_array(struct wire_in *in, size_t *n);
int wire_read_map(struct wire_in *in, size_t *n);
int wire_skip(struct wire_in *in);

/*
 * The head of one value, for who steps over values: how many more values it
 * has in it, and how many bytes it takes. -1 when it is cut short or nothing.
 */
int wire_read_head(struct wire_in *in, size_t *nvalues, size_t *nbytes);

/*
 * Steps over s->pending values, max bytes at most in all. False at the end of
 * the bytes, to go on from there when there are more, or when they are *bad.
 */
bool wire_step_over(
    struct wire_scan *s, struct wire_bytes b, size_t max, bool *bad);

int wire_read_form(struct wire_in *in, const struct wire_form *form, void *msg);
int wire_read_list(
    struct wire_in *in, enum wire_kind kind, struct wire_list *out);

void wire_put_fields(
    struct buf *out, const struct wire_form *form, const void *msg);
void wire_add_negative(struct buf *out, int64_t v);
void wire_add_f64(struct buf *out, double v);
/* A coordinate without the version in front of it. */
void wire_coord_put_map(struct buf *out, const struct wire_coord *c);

#endif
