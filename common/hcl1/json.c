#include <string.h>

#include "common/hcl1/impl.h"

/*
 * JSON as HCL 1 takes it: a comma too many and a last brace too few pass, and
 * what an object's members have in common is flattened, so that
 * {"plugin": {"docker": {..}}} and plugin "docker" {..} are the same.
 */

static int json_value(
    struct hcl1_parser *p, const struct hcl1_node **out, struct err *err);

static int
json_key(
    struct hcl1_parser *p, struct hcl1_key *key, bool *end, struct err *err)
{
	hcl1_next(p);
	*end = p->tok.type == TOK_EOF;
	if (*end)
		return 0;
	if (p->tok.type != TOK_STRING)
		return err_set(err, ERR_BAD, "expected: STRING got: %s",
		    hcl1_tok_name(p->tok.type));
	*key = (struct hcl1_key){ hcl1_key_text(p), p->tok.pos };
	hcl1_next(p);
	if (p->tok.type != TOK_COLON)
		return err_set(err, ERR_BAD, "expected: COLON got: %s",
		    hcl1_tok_name(p->tok.type));
	return 0;
}

/* Members up to the closing brace, which is then the token read, or the end. */
static int
json_members(struct hcl1_parser *p, struct hcl1_items *out, struct err *err)
{
	size_t cap = 0;

	do {
		const struct hcl1_node *value = NULL;
		struct hcl1_key key = { 0 };
		bool end = false;

		if (json_key(p, &key, &end, err) == -1)
			return -1;
		if (end)
			return 0;
		if (json_value(p, &value, err) == -1 ||
		    hcl1_add_item(p, out, &cap, &key, 1, value, err) == -1)
			return -1;
		hcl1_next(p);
	} while (p->tok.type == TOK_COMMA);
	return 0;
}

/* After its opening brace. */
static int
json_object(
    struct hcl1_parser *p, const struct hcl1_node **out, struct err *err)
{
	struct hcl1_node *node = arena_alloc(p->arena, sizeof *node);

	node->kind = HCL1_OBJECT;
	node->pos = p->tok.pos;
	*out = node;
	if (hcl1_enter(p, err) == -1)
		return -1;
	if (json_members(p, &node->items, err) == -1 &&
	    p->tok.type != TOK_RBRACE)
		return -1;
	p->depth--;
	return 0;
}

/* After its opening bracket. */
static int
json_list(struct hcl1_parser *p, const struct hcl1_node **out, struct err *err)
{
	struct hcl1_node *node = arena_alloc(p->arena, sizeof *node);
	size_t cap = 0;

	node->kind = HCL1_LIST;
	node->pos = p->tok.pos;
	*out = node;
	if (hcl1_enter(p, err) == -1)
		return -1;
	for (;;) {
		const struct hcl1_node *elem = NULL;

		hcl1_next(p);
		if (p->tok.type == TOK_RBRACK)
			break;
		if (p->tok.type == TOK_COMMA)
			continue;
		p->again = true;
		if (json_value(p, &elem, err) == -1 ||
		    hcl1_add_node(p, node, &cap, elem, err) == -1)
			return -1;
	}
	p->depth--;
	return 0;
}

static int
json_value(struct hcl1_parser *p, const struct hcl1_node **out, struct err *err)
{
	hcl1_next(p);
	switch ((int)p->tok.type) {
	case TOK_BOOL:
	case TOK_NUMBER:
	case TOK_FLOAT:
	case TOK_STRING:
		return hcl1_literal(p, out, err);
	case TOK_NULL:
		p->tok.type = TOK_STRING; /* null and "" are the same */
		p->tok.text = "\"\"";
		p->tok.n = 2;
		return hcl1_literal(p, out, err);
	case TOK_LBRACE:
		return json_object(p, out, err);
	case TOK_LBRACK:
		return json_list(p, out, err);
	case TOK_EOF:
		return err_set(err, ERR_BAD, "unexpected end of the text");
	default:
		return err_set(err, ERR_BAD, "expected a value, got: %s",
		    hcl1_tok_name(p->tok.type));
	}
}

/* --- flattening --- */

static int flatten(struct hcl1_parser *p, const struct hcl1_items *in,
    struct hcl1_items *out, struct err *err);

static bool
all_objects(const struct hcl1_node *node)
{
	size_t n = node->kind == HCL1_LIST ? node->nlist : node->items.n;

	for (size_t i = 0; i < n; i++) {
		const struct hcl1_node *elem = node->kind == HCL1_LIST
						   ? node->list[i]
						   : node->items.v[i]->value;

		if (elem->kind != HCL1_OBJECT)
			return false;
	}
	return n > 0;
}

/* The same value with everything inside it flattened. */
static int
flatten_inside(struct hcl1_parser *p, const struct hcl1_node *in,
    const struct hcl1_node **out, struct err *err)
{
	struct hcl1_node *node;
	size_t cap = 0;

	*out = in;
	if (in->kind == HCL1_LITERAL)
		return 0;
	node = arena_alloc(p->arena, sizeof *node);
	*node = *in;
	*out = node;
	if (in->kind == HCL1_OBJECT)
		return flatten(p, &in->items, &node->items, err);
	node->list = NULL;
	node->nlist = 0;
	for (size_t i = 0; i < in->nlist; i++) {
		const struct hcl1_node *elem;

		if (flatten_inside(p, in->list[i], &elem, err) == -1 ||
		    hcl1_add_node(p, node, &cap, elem, err) == -1)
			return -1;
	}
	return 0;
}

static int
flatten_item(struct hcl1_parser *p, const struct hcl1_item *item,
    struct hcl1_items *out, size_t *cap, struct err *err)
{
	const struct hcl1_node *value = item->value;

	if (value->kind == HCL1_LIST && all_objects(value)) {
		for (size_t i = 0; i < value->nlist; i++) {
			struct hcl1_item one = *item;

			one.value = value->list[i];
			if (flatten_item(p, &one, out, cap, err) == -1)
				return -1;
		}
		return 0;
	}
	if (value->kind == HCL1_OBJECT && all_objects(value) &&
	    item->nkeys < HCL1_MAX_KEYS) {
		for (size_t i = 0; i < value->items.n; i++) {
			struct hcl1_key keys[HCL1_MAX_KEYS];
			struct hcl1_item one = { keys, item->nkeys + 1,
				value->items.v[i]->value };

			memcpy(keys, item->keys, item->nkeys * sizeof keys[0]);
			keys[item->nkeys] = value->items.v[i]->keys[0];
			if (flatten_item(p, &one, out, cap, err) == -1)
				return -1;
		}
		return 0;
	}
	if (flatten_inside(p, value, &value, err) == -1)
		return -1;
	return hcl1_add_item(p, out, cap, item->keys, item->nkeys, value, err);
}

static int
flatten(struct hcl1_parser *p, const struct hcl1_items *in,
    struct hcl1_items *out, struct err *err)
{
	struct hcl1_items flat = { 0 };
	size_t cap = 0;

	for (size_t i = 0; i < in->n; i++)
		if (flatten_item(p, in->v[i], &flat, &cap, err) == -1)
			return -1;
	*out = flat;
	return 0;
}

int
hcl1_parse_json(struct hcl1_parser *p, struct hcl1_items *out, struct err *err)
{
	const struct hcl1_node *root;

	hcl1_next(p);
	if (json_object(p, &root, err) == -1)
		return -1;
	p->nitems = 0;
	return flatten(p, &root->items, out, err);
}
