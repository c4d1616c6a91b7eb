#include "common/unpack_impl.h"

#include <string.h>

static int get_rec(struct unpacker *u, const struct rec_type *t, void *rec);

static int
get_ptr(struct unpacker *u, const struct rec_field *f, void **out)
{
	*out = unpack_take(u, 1, f->type->size);
	if (*out == NULL)
		return -1;
	return get_rec(u, f->type, *out);
}

static inline int
get_value(struct unpacker *u, const struct rec_field *f, void *v)
{
	switch (f->kind) {
	case REC_K_BOOL:
		if (u->p == u->end || (*u->p & 0xfe) != 0xc2)
			return refuse(u, "expected true or false");
		*(bool *)v = *u->p++ == 0xc3;
		return 0;
	case REC_K_I64:
	case REC_K_DUR:
	case REC_K_TIME:
		return get_i64(u, v);
	case REC_K_U64:
		return get_u64(u, v);
	case REC_K_F64:
		return unpack_f64(u, v);
	case REC_K_STR:
		return get_str(u, v);
	case REC_K_BYTES:
		return unpack_bytes(u, v);
	case REC_K_TREE:
		return unpack_tree(u, v);
	case REC_K_REC:
		return get_rec(u, f->type, v);
	case REC_K_PTR:
		return get_ptr(u, f, v);
	}
	return refuse(u, "unknown kind");
}

static int
get_list(struct unpacker *u, const struct rec_field *f, void *rec)
{
	size_t n, size = rec_value_size(f);
	char *e;

	if (get_array(u, &n) == -1)
		return -1;
	e = unpack_take(u, n, size);
	if (e == NULL)
		return -1;
	*(void **)rec_at(rec, f->offset) = e;
	*rec_count(f, rec) = n;
	for (size_t i = 0; i < n; i++)
		if (get_value(u, f, e + i * size) == -1)
			return err_add(u->err, "[%zu]", i);
	return 0;
}

static int get_row(struct unpacker *u, const struct rec_field *f, void *rec);
static int get_rows(struct unpacker *u, const struct rec_type *t, void *rec,
    const struct rec_field *but);

static int
get_keyed(struct unpacker *u, const struct rec_field *f, void *rec)
{
	size_t n, size = f->type->size;
	char *e;

	if (get_map(u, &n) == -1)
		return -1;
	e = unpack_take(u, n, size);
	if (e == NULL)
		return -1;
	*(void **)rec_at(rec, f->offset) = e;
	*rec_count(f, rec) = n;
	for (size_t i = 0; i < n; i++, e += size) {
		int rc = get_str(u, (char **)(void *)e);

		if (rc == 0 && f->type->pair)
			rc = get_row(u, &f->type->fields[1], e);
		else if (rc == 0)
			rc = get_rows(u, f->type, e, &f->type->fields[0]);
		if (rc == -1)
			return err_add(u->err, "[%zu]", i);
	}
	rec_sort_map(f, rec, u->arena == NULL);
	return 0;
}

/* nil is absent, or zero where that is the same. */
static int
get_row(struct unpacker *u, const struct rec_field *f, void *rec)
{
	int rc;

	if (u->p < u->end && *u->p == 0xc0 && f->kind != REC_K_TREE) {
		u->p++;
		return 0;
	}
	if (f->shape == REC_ONE) {
		if (rec_is_flagged(f))
			*rec_has(f, rec) = true;
		return get_value(u, f, rec_at(rec, f->offset));
	}
	if (enter(u, REC_MAX_DEPTH) == -1)
		return -1;
	rc = f->shape == REC_LIST_OF ? get_list(u, f, rec)
				     : get_keyed(u, f, rec);
	u->depth--;
	return rc;
}

/* A row that came before is replaced. */
static void
forget_row(struct unpacker *u, const struct rec_field *f, void *rec)
{
	if (u->arena == NULL) {
		rec_row_clear(f, rec);
	} else if (f->shape != REC_ONE) {
		*(void **)rec_at(rec, f->offset) = NULL;
		*rec_count(f, rec) = 0;
	} else {
		memset(rec_at(rec, f->offset), 0, rec_value_size(f));
		if (rec_is_flagged(f))
			*rec_has(f, rec) = false;
	}
}

/* All rows but one: the key that stood before a map's element. */
static int
get_rows(struct unpacker *u, const struct rec_type *t, void *rec,
    const struct rec_field *but)
{
	const struct rec_plan *plan = rec_plan_of(t);
	const struct rec_field *f, *last = NULL;
	uint64_t tag;
	size_t n;

	if (enter(u, REC_MAX_DEPTH) == -1 || get_map(u, &n) == -1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (get_u64(u, &tag) == -1)
			return -1;
		f = rec_plan_tag(plan, tag);
		if (f == NULL && u->strict)
			return refuse(u,
			    "a member that this program does not know before");
		if (f == NULL || f == but) {
			if (unpack_skip(u) == -1)
				return -1;
			continue;
		}
		if (f <= last)
			forget_row(u, f, rec);
		else
			last = f;
		if (get_row(u, f, rec) == -1)
			return err_add(u->err, "%s", f->name);
	}
	u->depth--;
	return 0;
}

static int
get_rec(struct unpacker *u, const struct rec_type *t, void *rec)
{
	/* nil in a list is a record with nothing in it. */
	if (u->p < u->end && *u->p == 0xc0) {
		u->p++;
		return 0;
	}
	return get_rows(u, t, rec, NULL);
}

static int
unpack(struct unpacker *u, const struct rec_type *t, void *rec, size_t room)
{
	size_t n = left(u);
	int rc;

	memset(rec, 0, t->size);
	if (n > REC_MAX_BYTES)
		return err_set(
		    u->err, ERR_BAD, "%s: %zu bytes are too many", t->name, n);
	u->start = u->p;
	u->budget = REC_MAX_MEMORY;
	if (u->arena != NULL) {
		u->texts = arena_alloc(u->arena, n + room);
		u->texts_end = u->texts + n + room;
	}
	rc = get_rows(u, t, rec, NULL);
	if (rc == 0 && u->p != u->end)
		rc = refuse(u, "more than one record");
	if (rc == 0)
		return 0;
	if (u->arena == NULL)
		rec_clear(t, rec);
	memset(rec, 0, t->size);
	return err_add(u->err, "%s", t->name);
}

int
rec_unpack(const struct rec_type *t, void *rec, const void *data, size_t n,
    struct arena *arena, struct err *err)
{
	struct unpacker u = { .p = data,
		.end = (const uint8_t *)data + n,
		.arena = arena,
		.err = err };

	return unpack(&u, t, rec, 0);
}

int
rec_unpack_strict(const struct rec_type *t, void *rec, const void *data,
    size_t n, struct arena *arena, struct err *err)
{
	struct unpacker u = { .p = data,
		.end = (const uint8_t *)data + n,
		.arena = arena,
		.strict = true,
		.err = err };

	return unpack(&u, t, rec, 0);
}

int
rec_unpack_dense(const struct rec_type *t, void *rec, const void *data,
    size_t n, const struct rec_words *w, uint64_t near, struct arena *arena,
    struct err *err)
{
	struct dense d = { .words = w, .last = near };
	struct unpacker u = { .p = data,
		.arena = arena,
		.dense = &d,
		.strict = true,
		.err = err };
	size_t room;

	if (dense_get_room(data, &n, &room) == -1) {
		memset(rec, 0, t->size);
		return err_set(err, ERR_BAD, "%s: cut short", t->name);
	}
	u.end = u.p + n;
	return unpack(&u, t, rec, room);
}
