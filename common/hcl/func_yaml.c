/*
 * yamldecode(): YAML to values. libyaml reads the text; what its scalars mean
 * and what refers to what is settled here.
 */
#include "common/hcl/func.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "common/map.h"
#include "common/mem.h"

typedef const struct hcl_value *value;

#define TAG(name) "tag:yaml.org,2002:" name

struct reader {
	struct hcl_call *c;
	yaml_parser_t parser;
	yaml_event_t event;
	struct map anchors; /* values; &pending while one is being read */
	size_t depth;
	size_t nnodes;
};

/* What an anchor is inside itself. */
static const struct hcl_value pending;

static value read_node(struct reader *r);

static value
fail(struct reader *r, const char *why, const char *what)
{
	const yaml_mark_t *at = &r->event.start_mark;

	return hcl_func_fail(r->c, "on line %zu, column %zu: %s%.100s%s",
	    at->line + 1, at->column + 1, why, what != NULL ? what : "",
	    what != NULL ? "\"" : "");
}

static bool
refuse(struct reader *r, const char *why)
{
	fail(r, why, NULL);
	return false;
}

/* The next event, instead of the one before; false and told. */
static bool
next(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;

	yaml_event_delete(&r->event);
	if (yaml_parser_parse(&r->parser, &r->event))
		return true;
	hcl_func_fail(r->c, "on line %zu, column %zu: %s",
	    p->problem_mark.line + 1, p->problem_mark.column + 1,
	    p->problem != NULL ? p->problem : "invalid YAML syntax");
	return false;
}

static value
read_scalar(struct reader *r)
{
	const char *tag = (const char *)r->event.data.scalar.tag;
	const char *s = (const char *)r->event.data.scalar.value;
	size_t n = r->event.data.scalar.length;
	char why[HCL_FUNC_MAX_TEXT];
	value v;

	if (tag == NULL && !r->event.data.scalar.plain_implicit)
		return hcl_value_string(r->c->ev->arena, s, n);
	v = hcl_yaml_scalar(r->c, tag, s, n);
	if (v == NULL) {
		memcpy(why, r->c->why, sizeof why);
		fail(r, why, NULL);
	}
	return v;
}

/* --- lists and mappings --- */

struct pairs {
	const char **keys;
	const struct hcl_value **items;
	size_t n, cap;
};

static void
add_pair(struct pairs *p, const char *key, value v)
{
	size_t cap = p->cap;

	if (p->n == p->cap) {
		p->items = xgrow(p->items, p->n, &p->cap, sizeof(*p->items));
		p->keys = xgrow(p->keys, p->n, &cap, sizeof(*p->keys));
	}
	p->keys[p->n] = key;
	p->items[p->n++] = v;
}

static value
end_pairs(struct reader *r, struct pairs *p, bool map)
{
	struct arena *a = r->c->ev->arena;
	const struct hcl_value **items =
	    arena_alloc(a, (p->n + 1) * sizeof(*items));
	const char **keys = arena_alloc(a, (p->n + 1) * sizeof(*keys));

	if (p->n > 0) {
		memcpy(items, p->items, p->n * sizeof(*items));
		memcpy(keys, p->keys, p->n * sizeof(*keys));
	}
	return map ? hcl_value_map(a, HCL_V_OBJECT, keys, items, p->n)
		   : hcl_value_seq(a, HCL_V_TUPLE, items, p->n);
}

static value
read_list(struct reader *r)
{
	struct pairs p = { 0 };
	value v = NULL;

	while (next(r)) {
		if (r->event.type == YAML_SEQUENCE_END_EVENT) {
			v = end_pairs(r, &p, false);
			break;
		}
		v = read_node(r);
		if (v == NULL)
			break;
		add_pair(&p, "", v);
		v = NULL;
	}
	free(p.items);
	free(p.keys);
	return v;
}

/* Adds what << brings: a mapping's members, or those of several, of which
 * the first counts. */
static bool
merge(struct reader *r, struct pairs *p, value v)
{
	bool many = v->kind == HCL_V_TUPLE;

	for (size_t k = many ? v->n : 1; k > 0; k--) {
		value one = many ? v->items[k - 1] : v;

		if (one->kind != HCL_V_OBJECT)
			return refuse(r, "only mappings can be merged");
		for (size_t i = 0; i < one->n; i++)
			add_pair(p, one->keys[i], one->items[i]);
	}
	return true;
}

static bool
is_merge_key(const struct reader *r)
{
	return r->event.type == YAML_SCALAR_EVENT &&
	       r->event.data.scalar.tag == NULL &&
	       r->event.data.scalar.plain_implicit &&
	       strcmp((const char *)r->event.data.scalar.value, "<<") == 0;
}

static const char *
read_key(struct reader *r)
{
	value key = read_node(r);
	const char *why;

	if (key == NULL)
		return NULL;
	if (key->kind == HCL_V_NULL) {
		fail(r, "mapping keys cannot be null", NULL);
		return NULL;
	}
	key = hcl_value_convert(r->c->ev->arena, key, HCL_V_STRING, &why);
	if (key == NULL)
		fail(r, "only strings are allowed as mapping keys", NULL);
	return key != NULL ? key->str : NULL;
}

/* A key and its value, for the mapping or to be merged into it. */
static bool
read_pair(struct reader *r, struct pairs *own, struct pairs *merged)
{
	bool merges = is_merge_key(r);
	const char *key = read_key(r);
	value v;

	if (key == NULL || !next(r) || (v = read_node(r)) == NULL)
		return false;
	if (merges)
		return merge(r, merged, v);
	add_pair(own, key, v);
	return true;
}

static value
read_mapping(struct reader *r)
{
	struct pairs own = { 0 }, all = { 0 };
	bool good = true, done = false;
	value v = NULL;

	while (good && !done) {
		good = next(r);
		done = good && r->event.type == YAML_MAPPING_END_EVENT;
		if (good && !done)
			good = read_pair(r, &own, &all);
	}
	/* Of equal keys the last stays. */
	for (size_t i = 0; good && i < own.n; i++)
		add_pair(&all, own.keys[i], own.items[i]);
	if (good)
		v = end_pairs(r, &all, true);
	free(own.items);
	free(own.keys);
	free(all.items);
	free(all.keys);
	return v;
}

/* --- nodes --- */

static value
read_alias(struct reader *r)
{
	const char *name = (const char *)r->event.data.alias.anchor;
	value v = map_find(&r->anchors, name);

	if (v == NULL)
		return fail(r, "reference to undefined anchor \"", name);
	if (v == &pending)
		return fail(r,
		    "cannot refer from inside its own definition to anchor \"",
		    name);
	return v;
}

static void
set_anchor(struct reader *r, const char *name, value v)
{
	if (name != NULL)
		map_put(&r->anchors, name, (void *)(uintptr_t)v);
}

/* A list or a mapping, by its first event. */
static value
read_many(struct reader *r, const yaml_char_t *tag)
{
	bool list = r->event.type == YAML_SEQUENCE_START_EVENT;
	value v;

	if (tag != NULL && strcmp((const char *)tag, "!") != 0 &&
	    strcmp((const char *)tag, list ? TAG("seq") : TAG("map")) != 0)
		return fail(r, "unsupported tag \"", (const char *)tag);
	if (r->depth == HCL_MAX_DEPTH)
		return fail(r, "it is nested too deeply", NULL);
	r->depth++;
	v = list ? read_list(r) : read_mapping(r);
	r->depth--;
	return v;
}

/* What the event begins, and its anchor. */
static value
read_here(struct reader *r, char **anchor)
{
	const yaml_event_t *e = &r->event;
	const yaml_char_t *name = NULL, *tag = NULL;

	if (e->type == YAML_ALIAS_EVENT)
		return read_alias(r);
	if (e->type == YAML_SCALAR_EVENT) {
		name = e->data.scalar.anchor;
	} else if (e->type == YAML_SEQUENCE_START_EVENT) {
		name = e->data.sequence_start.anchor;
		tag = e->data.sequence_start.tag;
	} else {
		name = e->data.mapping_start.anchor;
		tag = e->data.mapping_start.tag;
	}
	if (name != NULL)
		*anchor = xstrdup((const char *)name);
	set_anchor(r, *anchor, &pending);
	return e->type == YAML_SCALAR_EVENT ? read_scalar(r)
					    : read_many(r, tag);
}

/* The node that the event begins. NULL, and c->why. */
static value
read_node(struct reader *r)
{
	char *anchor = NULL;
	value v =
	    hcl_func_has_room(r->c, ++r->nnodes) ? read_here(r, &anchor) : NULL;

	if (v != NULL)
		set_anchor(r, anchor, v);
	free(anchor);
	return v;
}

static value
read_document(struct reader *r)
{
	value v;

	if (!next(r) || !next(r))
		return NULL;
	if (r->event.type != YAML_DOCUMENT_START_EVENT)
		return fail(r, "missing start of document", NULL);
	if (!next(r) || (v = read_node(r)) == NULL)
		return NULL;
	if (!next(r) || !next(r))
		return NULL;
	if (r->event.type != YAML_STREAM_END_EVENT)
		return fail(r, "unexpected extra content after value", NULL);
	return v;
}

static value
fn_yamldecode(struct hcl_call *c)
{
	struct reader r = { .c = c };
	value v;

	if (yaml_parser_initialize(&r.parser) == 0)
		return hcl_func_fail(c, "there is no memory for it");
	yaml_parser_set_input_string(
	    &r.parser, (const yaml_char_t *)c->args[0]->str, c->args[0]->len);
	v = read_document(&r);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	map_release(&r.anchors);
	return v;
}

const struct hcl_func hcl_yaml_funcs[] = {
	{ "yamldecode", fn_yamldecode, { { "src", HCL_P_STRING, false } }, 1,
	    { NULL, HCL_P_ANY, false } },
	{ "yamlencode", hcl_yamlencode, { { "value", HCL_P_ANY, true } }, 1,
	    { NULL, HCL_P_ANY, false } },
};
const size_t hcl_nyaml_funcs = sizeof hcl_yaml_funcs / sizeof hcl_yaml_funcs[0];
