#include "cmd/gossipd/wire.h"

#include <assert.h>
#include <string.h>

#include "cmd/gossipd/wire_impl.h"

bool
wire_is(struct wire_bytes a, struct wire_bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.data, b.data, a.n) == 0);
}

/* --- reading --- */

static int
read_number(struct wire_in *in, const struct wire_field *f, void *at)
{
	static const uint64_t max[] = { [WIRE_U8] = UINT8_MAX,
		[WIRE_U16] = UINT16_MAX,
		[WIRE_U32] = UINT32_MAX,
		[WIRE_U64] = UINT64_MAX };
	uint64_t v;

	if (wire_read_uint(in, max[f->kind], &v) == -1)
		return -1;
	if (f->kind == WIRE_U8)
		*(uint8_t *)at = (uint8_t)v;
	else if (f->kind == WIRE_U16)
		*(uint16_t *)at = (uint16_t)v;
	else if (f->kind == WIRE_U32)
		*(uint32_t *)at = (uint32_t)v;
	else
		*(uint64_t *)at = v;
	return 0;
}

static int
read_field(struct wire_in *in, const struct wire_field *f, void *msg)
{
	void *at = (char *)msg + f->offset;

	switch (f->kind) {
	case WIRE_U8:
	case WIRE_U16:
	case WIRE_U32:
	case WIRE_U64:
		return read_number(in, f, at);
	case WIRE_I64:
		return wire_read_i64(in, at);
	case WIRE_BOOL:
		return wire_read_bool(in, at);
	case WIRE_STR:
	case WIRE_RAW:
		return wire_read_bytes(in, at);
	case WIRE_FORM:
		return wire_read_form(in, f->form, at);
	case WIRE_LIST_RAW:
	case WIRE_LIST_FILTERS:
	case WIRE_LIST_CLOCKS:
	case WIRE_LIST_PAIRS:
	case WIRE_LIST_SLOTS:
	case WIRE_LIST_EVENTS:
		return wire_read_list(in, f->kind, at);
	}
	return wire_fail(in, "a field of no kind");
}

static const struct wire_field *
field_named(const struct wire_form *form, struct wire_bytes name)
{
	for (size_t i = 0; i < form->nfields; i++)
		if (wire_is(wire_text(form->fields[i].name), name))
			return &form->fields[i];
	return NULL;
}

static const struct wire_field *
field_placed(const struct wire_form *form, size_t place)
{
	for (size_t i = 0; i < form->nfields; i++)
		if (form->fields[i].place == place)
			return &form->fields[i];
	return NULL;
}

static int
read_field_or_skip(
    struct wire_in *in, const struct wire_field *field, void *msg)
{
	return field != NULL ? read_field(in, field, msg) : wire_skip(in);
}

static bool
is_array(const struct wire_in *in)
{
	return in->p < in->end &&
	       ((*in->p & 0xf0) == 0x90 || *in->p == 0xdc || *in->p == 0xdd);
}

int
wire_read_form(struct wire_in *in, const struct wire_form *form, void *msg)
{
	struct wire_bytes key;
	size_t n;
	bool array = is_array(in);

	if (wire_take_nil(in))
		return 0;
	if ((array ? wire_read_array(in, &n) : wire_read_map(in, &n)) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!array && wire_read_bytes(in, &key) == -1)
			return wire_fail(in, "expected a field's name");
		if (read_field_or_skip(in,
			array ? field_placed(form, i) : field_named(form, key),
			msg) == -1)
			return -1;
	}
	return 0;
}

int
wire_get(const struct wire_form *form, struct wire_bytes body, void *msg,
    struct wire_bytes *rest, struct err *err)
{
	struct wire_in in = wire_in(body);

	memset(msg, 0, form->size);
	if (wire_read_form(&in, form, msg) == -1 ||
	    (form->check != NULL && (in.why = form->check(msg)) != NULL))
		return err_set(err, ERR_BAD, "%s: %s at byte %zu", form->name,
		    in.why, body.n - wire_left(&in));
	if (rest != NULL)
		*rest = wire_bytes(in.p, wire_left(&in));
	return 0;
}

/* --- writing --- */

static bool
is_empty(const struct wire_field *f, const void *at)
{
	if (f->kind == WIRE_U16)
		return *(const uint16_t *)at == 0;
	return ((const struct wire_bytes *)at)->n == 0;
}

static void
put_list(struct buf *out, enum wire_kind kind, const struct wire_list *l)
{
	if (l->data == NULL) {
		wire_add_nil(out);
		return;
	}
	if (kind == WIRE_LIST_CLOCKS || kind == WIRE_LIST_PAIRS)
		wire_add_map(out, l->count);
	else
		wire_add_array(out, l->count);
	buf_add(out, l->data, l->n);
}

static void
put_i64(struct buf *out, int64_t v)
{
	if (v >= 0)
		wire_add_uint(out, (uint64_t)v);
	else
		wire_add_negative(out, v);
}

static void
put_field(struct buf *out, const struct wire_field *f, const void *at)
{
	switch (f->kind) {
	case WIRE_U8:
		wire_add_uint(out, *(const uint8_t *)at);
		break;
	case WIRE_U16:
		wire_add_uint(out, *(const uint16_t *)at);
		break;
	case WIRE_U32:
		wire_add_uint(out, *(const uint32_t *)at);
		break;
	case WIRE_U64:
		wire_add_uint(out, *(const uint64_t *)at);
		break;
	case WIRE_I64:
		put_i64(out, *(const int64_t *)at);
		break;
	case WIRE_BOOL:
		buf_addc(out, (char)(*(const bool *)at ? 0xc3 : 0xc2));
		break;
	case WIRE_STR:
		wire_add_str(out, *(const struct wire_bytes *)at);
		break;
	case WIRE_RAW:
		wire_add_raw(out, *(const struct wire_bytes *)at);
		break;
	case WIRE_FORM:
		wire_put_fields(out, f->form, at);
		break;
	case WIRE_LIST_RAW:
	case WIRE_LIST_FILTERS:
	case WIRE_LIST_CLOCKS:
	case WIRE_LIST_PAIRS:
	case WIRE_LIST_SLOTS:
	case WIRE_LIST_EVENTS:
		put_list(out, f->kind, at);
		break;
	}
}

void
wire_put_fields(struct buf *out, const struct wire_form *form, const void *msg)
{
	size_t n = 0;

	for (size_t i = 0; i < form->nfields; i++) {
		const struct wire_field *f = &form->fields[i];

		n += !f->omitempty ||
		     !is_empty(f, (const char *)msg + f->offset);
	}
	wire_add_map(out, n);
	for (size_t i = 0; i < form->nfields; i++) {
		const struct wire_field *f = &form->fields[i];
		const void *at = (const char *)msg + f->offset;

		if (f->omitempty && is_empty(f, at))
			continue;
		wire_add_str(out, wire_text(f->name));
		put_field(out, f, at);
	}
}

void
wire_put(struct buf *out, const struct wire_form *form, const void *msg)
{
	/* What we refuse from others we must not send. */
	assert(form->check == NULL || form->check(msg) == NULL);
	if (form->type >= 0)
		buf_addc(out, (char)form->type);
	wire_put_fields(out, form, msg);
}
