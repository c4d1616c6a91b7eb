/*
 * A record is filled as the parser's events come in: a stack of frames says
 * which record, list or map each value belongs to. A tree is walked into the
 * same events.
 */
#include "common/json_read_impl.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"

static struct frame *
top(struct reader *r)
{
	return r->depth > 0 ? &r->frames[r->depth - 1] : NULL;
}

/* --- where a value goes --- */

/* A new zeroed element at the end of a list or map. */
static int
append(struct reader *r, struct frame *fr, void **elem)
{
	size_t *n = rec_count(fr->row, fr->rec);
	size_t size = rec_value_size(fr->row);
	void **elems = rec_at(fr->rec, fr->row->offset);

	if (json_spend(r, size) == -1)
		return -1;
	*elems = xgrow(*elems, *n, &fr->cap, size);
	*elem = (char *)*elems + *n * size;
	memset(*elem, 0, size);
	++*n;
	return 0;
}

/* Finds the target of the value that has just begun. */
static int
aim(struct reader *r, struct target *to)
{
	struct frame *fr = top(r);
	size_t n;

	*to = (struct target){ .f = fr->row, .rec = fr->rec };
	if (fr->kind == IN_LIST)
		return append(r, fr, &to->elem);
	if (fr->kind == IN_REC) {
		rec_row_clear(to->f, to->rec); /* the last of two counts */
		return 0;
	}
	n = *rec_count(fr->row, fr->rec) - 1;
	to->elem = (char *)rec_ptr(fr->row, fr->rec) + n * fr->row->type->size;
	if (fr->row->type->pair) {
		to->rec = to->elem;
		to->f = &fr->row->type->fields[1];
		to->elem = NULL;
		to->in_pair = true;
	}
	return 0;
}

static bool
wants_many(const struct target *to)
{
	return to->elem == NULL && to->f->shape != REC_ONE;
}

static bool
wants_tree(const struct target *to)
{
	return to->f->kind == REC_K_TREE && !wants_many(to);
}

/* Unknown members and what is inside them; also a value before any record. */
static bool
is_skipped(const struct reader *r)
{
	const struct frame *fr = &r->frames[r->depth - 1];

	return r->skip > 0 || (fr->kind == IN_REC && fr->row == NULL);
}

/* --- trees inside --- */

static void
tree_done(struct reader *r)
{
	size_t nnodes = r->tree.nnodes;
	struct frame *fr = top(r);
	struct tree **v;

	if (!tree_builder_is_done(&r->tree))
		return;
	r->in_tree = false;
	/* The target again: a list has it as its last element. */
	if (fr->kind == IN_REC) {
		v = rec_at(fr->rec, fr->row->offset);
	} else {
		size_t n = *rec_count(fr->row, fr->rec) - 1;
		char *e = rec_ptr(fr->row, fr->rec);

		e += n * rec_value_size(fr->row);
		v = (void *)e;
		if (fr->kind == IN_MAP)
			v = rec_at(e, fr->row->type->fields[1].offset);
	}
	*v = tree_builder_take(&r->tree);
	r->tree.nnodes = nnodes; /* the limit is for all trees together */
}

static int
tree_said(struct reader *r, int rc)
{
	char text[ERR_TEXT_MAX];

	if (rc == 0) {
		tree_done(r);
		return 0;
	}
	if (r->err == NULL)
		return json_refuse(r, "bad value");
	memcpy(text, r->err->text, sizeof text);
	return json_refuse(r, "%s", text);
}

static int
tree_add(struct reader *r, struct tree *node)
{
	r->in_tree = true;
	if (node == NULL)
		return tree_said(r, -1);
	return tree_said(r, tree_builder_add(&r->tree, node, r->err));
}

/* --- events: 1 to go on, 0 to stop, as yajl wants it --- */

/* Aims a scalar; *done when there is nothing more to do with it. */
static int
begin_scalar(struct reader *r, struct target *to, const char *found, bool *done)
{
	*done = true;
	if (r->depth == 0)
		return json_refuse(r, "expected an object, found %s", found);
	if (is_skipped(r))
		return 0;
	if (aim(r, to) == -1)
		return -1;
	if (wants_many(to))
		return json_mismatch(r, to, found);
	if (to->elem == NULL && rec_is_flagged(to->f))
		*rec_has(to->f, to->rec) = true;
	*done = false;
	return 0;
}

static int
on_null(void *ctx)
{
	struct reader *r = ctx;
	struct target to;

	if (r->in_tree)
		return tree_add(r, tree_null()) == 0;
	if (r->depth == 0)
		return json_refuse(r, "expected an object, found null") == 0;
	if (is_skipped(r))
		return 1;
	if (aim(r, &to) == -1)
		return 0;
	/* Absent; but a place among others stays one. */
	if (wants_tree(&to) && (to.in_pair || to.elem != NULL))
		return tree_add(r, tree_null()) == 0;
	return 1;
}

static int
on_bool(void *ctx, int v)
{
	struct reader *r = ctx;
	struct target to;
	bool done;

	if (r->in_tree)
		return tree_add(r, tree_bool(v != 0)) == 0;
	if (begin_scalar(r, &to, "a boolean", &done) == -1 || done)
		return done && !r->refused;
	if (wants_tree(&to))
		return tree_add(r, tree_bool(v != 0)) == 0;
	if (to.f->kind != REC_K_BOOL)
		return json_mismatch(r, &to, "a boolean") == 0;
	*(bool *)value_of(&to) = v != 0;
	return 1;
}

static int
on_number(void *ctx, const char *s, size_t n)
{
	struct reader *r = ctx;
	struct target to;
	bool done;

	if (r->in_tree)
		return tree_add(r, tree_number(s, n, r->err)) == 0;
	if (begin_scalar(r, &to, "a number", &done) == -1 || done)
		return done && !r->refused;
	if (wants_tree(&to))
		return tree_add(r, tree_number(s, n, r->err)) == 0;
	return json_set_number(r, &to, s, n) == 0;
}

static int
on_string(void *ctx, const unsigned char *text, size_t n)
{
	struct reader *r = ctx;
	const char *s = (const char *)text;
	struct target to;
	bool done;

	if (r->in_tree)
		return tree_add(r, tree_bytes(s, n)) == 0;
	if (begin_scalar(r, &to, "text", &done) == -1 || done)
		return done && !r->refused;
	if (wants_tree(&to))
		return tree_add(r, tree_bytes(s, n)) == 0;
	return json_set_text(r, &to, s, n) == 0;
}

static int
push(struct reader *r, struct frame fr)
{
	if (r->depth == REC_MAX_DEPTH)
		return json_refuse(
		    r, "nested deeper than %d levels", REC_MAX_DEPTH);
	r->frames[r->depth++] = fr;
	return 0;
}

static int
push_many(struct reader *r, const struct target *to, enum frame_kind kind)
{
	void **elems = rec_at(to->rec, to->f->offset);

	if (r->depth == REC_MAX_DEPTH)
		return json_refuse(
		    r, "nested deeper than %d levels", REC_MAX_DEPTH);
	*elems = xcalloc(0, 1); /* there, if empty */
	return push(
	    r, (struct frame){ .kind = kind, .row = to->f, .rec = to->rec });
}

/* An object as a record: the target's, or the one its pointer gets. */
static int
push_rec(struct reader *r, const struct target *to)
{
	const struct rec_field *but = NULL;
	char *rec = value_of(to);

	if (to->f->kind == REC_K_PTR) {
		if (json_spend(r, to->f->type->size) == -1)
			return -1;
		rec = *(char **)value_of(to) = xcalloc(1, to->f->type->size);
	}
	if (to->elem != NULL && to->f->shape == REC_MAP_OF)
		but = &to->f->type->fields[0];
	return push(r,
	    (struct frame){
		.kind = IN_REC, .type = to->f->type, .but = but, .rec = rec });
}

static int
on_open(struct reader *r, bool is_map)
{
	const char *found = is_map ? "an object" : "a list";
	enum tree_kind kind = is_map ? TREE_MAP : TREE_LIST;
	struct target to;

	if (r->in_tree)
		return tree_said(r, tree_builder_open(&r->tree, kind, r->err));
	if (r->depth == 0 && is_map)
		return push(
		    r, (struct frame){
			   .kind = IN_REC, .type = r->type, .rec = r->rec });
	if (r->depth == 0)
		return json_refuse(r, "expected an object, found %s", found);
	if (is_skipped(r)) {
		r->skip++;
		return 0;
	}
	if (aim(r, &to) == -1)
		return -1;
	if (wants_tree(&to)) {
		r->in_tree = true;
		return tree_said(r, tree_builder_open(&r->tree, kind, r->err));
	}
	if (wants_many(&to) && is_map == (to.f->shape == REC_MAP_OF))
		return push_many(r, &to, is_map ? IN_MAP : IN_LIST);
	if (!wants_many(&to) && is_map && to.f->type != NULL)
		return push_rec(r, &to);
	return json_mismatch(r, &to, found);
}

static int
on_open_map(void *ctx)
{
	return on_open(ctx, true) == 0;
}

static int
on_open_list(void *ctx)
{
	return on_open(ctx, false) == 0;
}

static int
on_key(void *ctx, const unsigned char *text, size_t n)
{
	struct reader *r = ctx;
	const char *s = (const char *)text;
	struct frame *fr = top(r);
	void *elem;

	if (r->in_tree)
		return tree_said(r, tree_builder_key(&r->tree, s, n, r->err)) ==
		       0;
	if (r->skip > 0)
		return 1;
	if (fr->kind == IN_REC) {
		fr->row = rec_plan_find(rec_plan_of(fr->type), s, n);
		if (fr->row == fr->but)
			fr->row = NULL;
		return 1;
	}
	if (memchr(s, '\0', n) != NULL)
		return json_refuse(r, "a member's name holds a NUL") == 0;
	if (json_spend(r, n + REC_TEXT_COST) == -1 ||
	    append(r, fr, &elem) == -1)
		return 0;
	*(char **)elem = xstrndup(s, n);
	return 1;
}

static int
on_close(void *ctx)
{
	struct reader *r = ctx;
	struct frame *fr = top(r);

	if (r->in_tree) {
		tree_builder_close(&r->tree);
		tree_done(r);
		return 1;
	}
	if (r->skip > 0) {
		r->skip--;
		return 1;
	}
	if (fr->kind == IN_MAP)
		rec_sort_map(fr->row, fr->rec, true);
	r->depth--;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_open_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_close,
	.yajl_start_array = on_open_list,
	.yajl_end_array = on_close,
};

static int
finish(struct reader *r, int rc)
{
	tree_builder_release(&r->tree);
	if (rc == -1)
		rec_clear(r->type, r->rec);
	return rc;
}

int
rec_from_json(const struct rec_type *t, void *rec, const char *text, size_t n,
    struct err *err)
{
	struct reader r = {
		.type = t, .rec = rec, .err = err, .budget = REC_MAX_MEMORY
	};

	memset(rec, 0, t->size);
	if (n > REC_MAX_BYTES)
		return err_set(err, ERR_BAD, "%zu bytes are too many", n);
	return finish(&r, tree_yajl(text, n, &callbacks, &r, &r.refused, err));
}

/* --- from a tree --- */

static int walk(struct reader *r, const struct tree *t);

static int
walk_items(struct reader *r, const struct tree *t)
{
	int go = on_open_list(r);

	for (size_t i = 0; go && i < t->nitems; i++)
		go = walk(r, t->items[i]);
	return go && on_close(r);
}

static int
walk_members(struct reader *r, const struct tree *t)
{
	int go = on_open_map(r);

	for (size_t i = 0; go && i < t->nmembers; i++) {
		const char *key = t->members[i].key;

		go = on_key(r, (const unsigned char *)key, strlen(key)) &&
		     walk(r, t->members[i].value);
	}
	return go && on_close(r);
}

static int
walk(struct reader *r, const struct tree *t)
{
	char text[JSON_FLOAT_SIZE];

	switch (t->kind) {
	case TREE_NULL:
		return on_null(r);
	case TREE_BOOL:
		return on_bool(r, t->b);
	case TREE_INT:
		snprintf(text, sizeof text, "%" PRId64, t->i);
		return on_number(r, text, strlen(text));
	case TREE_FLOAT:
		if (!isfinite(t->f))
			return on_null(r);
		json_format_float(t->f, text);
		return on_number(r, text, strlen(text));
	case TREE_STR:
		return on_string(r, (const unsigned char *)t->str, t->len);
	case TREE_LIST:
		return walk_items(r, t);
	case TREE_MAP:
		return walk_members(r, t);
	}
	return 0;
}

int
rec_from_tree(const struct rec_type *t, void *rec, const struct tree *tree,
    struct err *err)
{
	struct reader r = {
		.type = t, .rec = rec, .err = err, .budget = REC_MAX_MEMORY
	};

	memset(rec, 0, t->size);
	return finish(&r, walk(&r, tree) ? 0 : -1);
}
