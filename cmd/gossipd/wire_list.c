#include <assert.h>
#include <math.h>
#include <string.h>

#include "cmd/gossipd/wire_impl.h"

#define TAGS_MAGIC    0xff
#define COORD_VERSION 1

/* --- lists --- */

/* One element, or pair, as its list has them. */
union element {
	struct wire_bytes bytes[2];
	struct wire_slot slot;
	struct wire_event event;
};

static int
read_element(
    struct wire_in *in, enum wire_kind kind, union element *e, uint64_t *ltime)
{
	*e = (union element){ 0 };
	if (kind == WIRE_LIST_SLOTS)
		return wire_read_form(in, &wire_slot_form, &e->slot);
	if (kind == WIRE_LIST_EVENTS)
		return wire_read_form(in, &wire_event_form, &e->event);
	if (wire_read_bytes(in, &e->bytes[0]) == -1)
		return -1;
	if (kind == WIRE_LIST_CLOCKS)
		return wire_read_uint(in, UINT64_MAX, ltime);
	if (kind == WIRE_LIST_PAIRS)
		return wire_read_bytes(in, &e->bytes[1]);
	/* An empty filter ends a real serf. */
	if (kind == WIRE_LIST_FILTERS && e->bytes[0].n == 0)
		return wire_fail(in, "an empty filter");
	return 0;
}

int
wire_read_list(struct wire_in *in, enum wire_kind kind, struct wire_list *out)
{
	union element e;
	uint64_t ltime;
	bool map = kind == WIRE_LIST_CLOCKS || kind == WIRE_LIST_PAIRS;

	*out = (struct wire_list){ 0 };
	if (wire_take_nil(in))
		return 0;
	if ((map ? wire_read_map(in, &out->count)
		 : wire_read_array(in, &out->count)) == -1)
		return -1;
	out->data = in->p;
	for (size_t i = 0; i < out->count; i++)
		if (read_element(in, kind, &e, &ltime) == -1)
			return -1;
	out->n = (size_t)(in->p - out->data);
	return 0;
}

static bool
next(
    struct wire_list *l, enum wire_kind kind, union element *e, uint64_t *ltime)
{
	struct wire_in in = wire_in(wire_bytes(l->data, l->n));
	int rv;

	if (l->count == 0)
		return false;
	rv = read_element(&in, kind, e, ltime);
	assert(rv == 0); /* else nobody has looked at the list */
	l->data = in.p;
	l->n = wire_left(&in);
	l->count--;
	return true;
}

bool
wire_next_bytes(struct wire_list *l, struct wire_bytes *out)
{
	union element e;

	if (!next(l, WIRE_LIST_RAW, &e, NULL))
		return false;
	*out = e.bytes[0];
	return true;
}

bool
wire_next_clock(struct wire_list *l, struct wire_bytes *name, uint64_t *ltime)
{
	union element e;

	if (!next(l, WIRE_LIST_CLOCKS, &e, ltime))
		return false;
	*name = e.bytes[0];
	return true;
}

bool
wire_next_pair(
    struct wire_list *l, struct wire_bytes *key, struct wire_bytes *value)
{
	union element e;

	if (!next(l, WIRE_LIST_PAIRS, &e, NULL))
		return false;
	*key = e.bytes[0];
	*value = e.bytes[1];
	return true;
}

bool
wire_next_slot(struct wire_list *l, struct wire_slot *out)
{
	union element e;

	if (!next(l, WIRE_LIST_SLOTS, &e, NULL))
		return false;
	*out = e.slot;
	return true;
}

bool
wire_next_event(struct wire_list *l, struct wire_event *out)
{
	union element e;

	if (!next(l, WIRE_LIST_EVENTS, &e, NULL))
		return false;
	*out = e.event;
	return true;
}

static int
get_list(const char *what, struct wire_bytes body, enum wire_kind kind,
    struct wire_list *out, struct err *err)
{
	struct wire_in in = wire_in(body);

	if (wire_read_list(&in, kind, out) == -1)
		return err_set(err, ERR_BAD, "%s: %s", what, in.why);
	return 0;
}

int
wire_names_get(struct wire_bytes body, struct wire_list *names, struct err *err)
{
	return get_list("filter", body, WIRE_LIST_RAW, names, err);
}

/* --- tags --- */

int
wire_tags_get(struct wire_bytes meta, struct wire_list *tags,
    struct wire_bytes *role, struct err *err)
{
	*tags = (struct wire_list){ 0 };
	*role = wire_bytes(NULL, 0);
	if (meta.n > 0 && meta.data[0] == TAGS_MAGIC)
		return get_list(
		    "tags", wire_from(meta, 1), WIRE_LIST_PAIRS, tags, err);
	*role = meta.n > 0 ? meta : wire_text("");
	return 0;
}

void
wire_tags_put(struct buf *out, const struct rec_kv *tags, size_t n)
{
	buf_addc(out, (char)TAGS_MAGIC);
	wire_add_map(out, n);
	for (size_t i = 0; i < n; i++) {
		wire_add_str(out, wire_text(tags[i].key));
		wire_add_str(out, wire_text(tags[i].value));
	}
}

/* --- coordinates --- */

/* In the order of their names; the vector stands behind them. */
static const struct {
	const char *name;
	size_t offset;
} numbers[] = {
	{ "Adjustment", offsetof(struct wire_coord, adjustment) },
	{ "Error", offsetof(struct wire_coord, error) },
	{ "Height", offsetof(struct wire_coord, height) },
};
#define NNUMBERS (sizeof numbers / sizeof numbers[0])

static int
read_number(struct wire_in *in, double *out)
{
	if (wire_read_f64(in, out) == -1)
		return -1;
	return isfinite(*out) ? 0 : wire_fail(in, "a number without end");
}

static int
read_vector(struct wire_in *in, struct wire_coord *c)
{
	size_t n;

	if (wire_read_array(in, &n) == -1)
		return -1;
	if (n != WIRE_COORD_DIMS)
		return wire_fail(in, "another number of dimensions");
	for (size_t i = 0; i < n; i++)
		if (read_number(in, &c->vec[i]) == -1)
			return -1;
	return 0;
}

static int
read_coord_field(
    struct wire_in *in, struct wire_bytes key, struct wire_coord *c, bool *vec)
{
	for (size_t i = 0; i < NNUMBERS; i++)
		if (wire_is(wire_text(numbers[i].name), key))
			return read_number(in,
			    (double *)(void *)((char *)c + numbers[i].offset));
	if (!wire_is(wire_text("Vec"), key))
		return wire_skip(in);
	*vec = true;
	return read_vector(in, c);
}

static int
read_coord(struct wire_in *in, struct wire_coord *c)
{
	struct wire_bytes key;
	bool vec = false;
	size_t n;

	if (in->p == in->end || *in->p++ != COORD_VERSION)
		return wire_fail(in, "another version");
	if (wire_read_map(in, &n) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (wire_read_bytes(in, &key) == -1 ||
		    read_coord_field(in, key, c, &vec) == -1)
			return -1;
	return vec ? 0 : wire_fail(in, "no vector");
}

int
wire_coord_get(
    struct wire_bytes payload, struct wire_coord *out, struct err *err)
{
	struct wire_in in = wire_in(payload);

	*out = (struct wire_coord){ 0 };
	if (read_coord(&in, out) == -1)
		return err_set(err, ERR_BAD, "coordinate: %s", in.why);
	return 0;
}

void
wire_coord_put(struct buf *out, const struct wire_coord *c)
{
	buf_addc(out, COORD_VERSION);
	wire_coord_put_map(out, c);
}

void
wire_coord_put_map(struct buf *out, const struct wire_coord *c)
{
	double v;

	wire_add_map(out, NNUMBERS + 1);
	for (size_t i = 0; i < NNUMBERS; i++) {
		memcpy(&v, (const char *)c + numbers[i].offset, sizeof v);
		wire_add_str(out, wire_text(numbers[i].name));
		wire_add_f64(out, v);
	}
	wire_add_str(out, wire_text("Vec"));
	wire_add_array(out, WIRE_COORD_DIMS);
	for (size_t i = 0; i < WIRE_COORD_DIMS; i++)
		wire_add_f64(out, c->vec[i]);
}
