#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hcl1/impl.h"
#include "common/mem.h"

/* What a rule of the grammar found. */
enum found { FOUND, FOUND_END, FAILED };

int
hcl1_fail(const struct hcl1_token *tok, struct err *err, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return err_set(err, ERR_BAD, "At %" PRIu32 ":%" PRIu32 ": %s",
	    tok->pos.line, tok->pos.col, text);
}

void
hcl1_next(struct hcl1_parser *p)
{
	if (p->again) {
		p->again = false;
		return;
	}
	do
		p->tok = hcl1_scan(&p->scan);
	while (p->tok.type == TOK_COMMENT);
}

int
hcl1_enter(struct hcl1_parser *p, struct err *err)
{
	if (++p->depth > HCL1_MAX_DEPTH)
		return hcl1_fail(&p->tok, err,
		    "more than %d objects and lists inside each other",
		    HCL1_MAX_DEPTH);
	return 0;
}

const char *
hcl1_key_text(struct hcl1_parser *p)
{
	const char *text = NULL;

	if (p->tok.type == TOK_STRING)
		text =
		    hcl1_unquote(p->arena, p->tok.text, p->tok.n, p->scan.json);
	if (text == NULL)
		text = arena_strndup(p->arena, p->tok.text, p->tok.n);
	return text;
}

int
hcl1_literal(
    struct hcl1_parser *p, const struct hcl1_node **out, struct err *err)
{
	struct hcl1_node *node = arena_alloc(p->arena, sizeof *node);
	const struct hcl1_token *t = &p->tok;

	node->kind = HCL1_LITERAL;
	node->pos = t->pos;
	node->raw = node->text = arena_strndup(p->arena, t->text, t->n);
	node->type = t->type == TOK_BOOL     ? HCL1_BOOL
		     : t->type == TOK_NUMBER ? HCL1_NUMBER
		     : t->type == TOK_FLOAT  ? HCL1_FLOAT
		     : t->type == TOK_STRING ? HCL1_STRING
					     : HCL1_HEREDOC;
	if (t->type == TOK_STRING)
		node->text =
		    hcl1_unquote(p->arena, t->text, t->n, p->scan.json);
	else if (t->type == TOK_HEREDOC)
		node->text = hcl1_heredoc(p->arena, t->text, t->n);
	if (node->text == NULL)
		return hcl1_fail(t, err, "illegal char escape");
	*out = node;
	return 0;
}

int
hcl1_add_item(struct hcl1_parser *p, struct hcl1_items *items, size_t *cap,
    const struct hcl1_key *keys, size_t nkeys, const struct hcl1_node *value,
    struct err *err)
{
	struct hcl1_item *item = arena_alloc(p->arena, sizeof *item);
	struct hcl1_key *own = arena_alloc(p->arena, nkeys * sizeof *own);

	if (++p->nitems > HCL1_MAX_ITEMS)
		return hcl1_fail(
		    &p->tok, err, "more than %d items", HCL1_MAX_ITEMS);
	if (items->n == *cap) {
		const struct hcl1_item **v;

		*cap = *cap == 0 ? 8 : *cap * 2;
		v = arena_alloc(p->arena, *cap * sizeof(void *));
		if (items->n > 0)
			memcpy(v, items->v, items->n * sizeof(void *));
		items->v = v;
	}
	memcpy(own, keys, nkeys * sizeof *own);
	*item = (struct hcl1_item){ own, nkeys, value };
	items->v[items->n++] = item;
	return 0;
}

int
hcl1_add_node(struct hcl1_parser *p, struct hcl1_node *list, size_t *cap,
    const struct hcl1_node *node, struct err *err)
{
	if (++p->nitems > HCL1_MAX_ITEMS)
		return hcl1_fail(
		    &p->tok, err, "more than %d items", HCL1_MAX_ITEMS);
	if (list->nlist == *cap) {
		const struct hcl1_node **v;

		*cap = *cap == 0 ? 8 : *cap * 2;
		v = arena_alloc(p->arena, *cap * sizeof(void *));
		if (list->nlist > 0)
			memcpy(v, list->list, list->nlist * sizeof(void *));
		list->list = v;
	}
	list->list[list->nlist++] = node;
	return 0;
}

/* --- the grammar --- */

static int parse_items(struct hcl1_parser *p, bool inside,
    struct hcl1_items *out, struct err *err);
static enum found parse_value(
    struct hcl1_parser *p, const struct hcl1_node **out, struct err *err);

/* After its opening brace. */
static int
parse_object(
    struct hcl1_parser *p, const struct hcl1_node **out, struct err *err)
{
	struct hcl1_node *node = arena_alloc(p->arena, sizeof *node);

	node->kind = HCL1_OBJECT;
	node->pos = p->tok.pos;
	if (hcl1_enter(p, err) == -1)
		return -1;
	if (parse_items(p, true, &node->items, err) == -1 &&
	    p->tok.type != TOK_RBRACE)
		return -1;
	hcl1_next(p);
	if (p->tok.type != TOK_RBRACE)
		return hcl1_fail(&p->tok, err,
		    "object expected closing RBRACE got: %s",
		    hcl1_tok_name(p->tok.type));
	p->depth--;
	*out = node;
	return 0;
}

static int
list_trouble(struct hcl1_parser *p, bool need_comma, struct err *err)
{
	return hcl1_fail(&p->tok, err,
	    need_comma
		? "error parsing list, expected comma or list end, got: %s"
		: "unexpected token while parsing list: %s",
	    hcl1_tok_name(p->tok.type));
}

static bool
starts_value(enum hcl1_tok type)
{
	return type == TOK_BOOL || type == TOK_NUMBER || type == TOK_FLOAT ||
	       type == TOK_STRING || type == TOK_HEREDOC ||
	       type == TOK_LBRACE || type == TOK_LBRACK;
}

/* After its opening bracket. */
static int
parse_list(struct hcl1_parser *p, const struct hcl1_node **out, struct err *err)
{
	struct hcl1_node *node = arena_alloc(p->arena, sizeof *node);
	bool need_comma = false;
	size_t cap = 0;

	node->kind = HCL1_LIST;
	node->pos = p->tok.pos;
	*out = node;
	if (hcl1_enter(p, err) == -1)
		return -1;
	for (;;) {
		const struct hcl1_node *elem;

		hcl1_next(p);
		if (p->tok.type == TOK_RBRACK) {
			p->depth--;
			return 0;
		}
		if (p->tok.type == TOK_COMMA) {
			need_comma = false;
			continue;
		}
		if (!starts_value(p->tok.type) ||
		    (need_comma && p->tok.type != TOK_LBRACK))
			return list_trouble(p, need_comma, err);
		p->again = true;
		if (parse_value(p, &elem, err) != FOUND ||
		    hcl1_add_node(p, node, &cap, elem, err) == -1)
			return -1;
		need_comma = true;
	}
}

static enum found
parse_value(
    struct hcl1_parser *p, const struct hcl1_node **out, struct err *err)
{
	char text[128];
	int rv;

	hcl1_next(p);
	switch ((int)p->tok.type) {
	case TOK_BOOL:
	case TOK_NUMBER:
	case TOK_FLOAT:
	case TOK_STRING:
	case TOK_HEREDOC:
		rv = hcl1_literal(p, out, err);
		break;
	case TOK_LBRACE:
		rv = parse_object(p, out, err);
		break;
	case TOK_LBRACK:
		rv = parse_list(p, out, err);
		break;
	case TOK_EOF:
		return FOUND_END;
	default:
		snprintf(text, sizeof text, "%.*s",
		    (int)(p->tok.n < 100 ? p->tok.n : 100), p->tok.text);
		hcl1_fail(&p->tok, err,
		    "Unknown token: %" PRIu32 ":%" PRIu32 " %s %s",
		    p->tok.pos.line, p->tok.pos.col, hcl1_tok_name(p->tok.type),
		    text);
		return FAILED;
	}
	return rv == 0 ? FOUND : FAILED;
}

/* The name and labels of an item, up to its = or {. */
static enum found
parse_keys(struct hcl1_parser *p, struct hcl1_key *keys, size_t *nkeys,
    struct err *err)
{
	for (*nkeys = 0;;) {
		hcl1_next(p);
		switch ((int)p->tok.type) {
		case TOK_EOF:
			return FOUND_END;
		case TOK_ASSIGN:
			if (*nkeys == 1)
				return FOUND;
			*nkeys == 0
			    ? hcl1_fail(&p->tok, err, "no object keys found!")
			    : hcl1_fail(&p->tok, err,
				  "nested object expected: LBRACE got: ASSIGN");
			*nkeys = 0;
			return FAILED;
		case TOK_LBRACE:
			if (*nkeys > 0)
				return FOUND;
			hcl1_fail(&p->tok, err,
			    "expected: IDENT | STRING got: LBRACE");
			return FAILED;
		case TOK_IDENT:
		case TOK_STRING:
			if (*nkeys == HCL1_MAX_KEYS) {
				hcl1_fail(&p->tok, err, "more than %d labels",
				    HCL1_MAX_KEYS - 1);
				return FAILED;
			}
			keys[(*nkeys)++] =
			    (struct hcl1_key){ hcl1_key_text(p), p->tok.pos };
			break;
		case TOK_ILLEGAL:
			hcl1_fail(&p->tok, err, "illegal character");
			return FAILED;
		default:
			hcl1_fail(&p->tok, err,
			    "expected: IDENT | STRING | ASSIGN | LBRACE got: "
			    "%s",
			    hcl1_tok_name(p->tok.type));
			return FAILED;
		}
	}
}

/* Keys without a value. */
static enum found
lacks_value(struct hcl1_parser *p, const struct hcl1_key *keys, size_t nkeys,
    struct err *err)
{
	struct buf names = { 0 };

	for (size_t i = 0; i < nkeys; i++)
		buf_addf(&names, "%s%s", i > 0 ? " " : "", keys[i].text);
	hcl1_fail(&p->tok, err,
	    "key '%s' expected start of object ('{') or assignment ('=')",
	    buf_str(&names));
	buf_release(&names);
	return FAILED;
}

static enum found
parse_item(struct hcl1_parser *p, struct hcl1_items *items, size_t *cap,
    struct err *err)
{
	struct hcl1_key keys[HCL1_MAX_KEYS];
	const struct hcl1_node *value;
	enum found found;
	size_t nkeys;

	found = parse_keys(p, keys, &nkeys, err);
	if (found == FOUND_END && nkeys == 0)
		return FOUND_END;
	if (found == FAILED && nkeys > 0 && p->tok.type == TOK_RBRACE) {
		/* So that the object is not taken for complete. */
		p->tok.type = TOK_EOF;
		return lacks_value(p, keys, nkeys, err);
	}
	if (found == FAILED)
		return FAILED;
	if (found == FOUND_END)
		return lacks_value(p, keys, nkeys, err);
	if (p->tok.type == TOK_ASSIGN)
		found = parse_value(p, &value, err);
	else
		found = parse_object(p, &value, err) == 0 ? FOUND : FAILED;
	if (found != FOUND)
		return found;
	/* HCL 1 looks ahead here for a comment on the same line. */
	hcl1_next(p);
	p->again = true;
	if (hcl1_add_item(p, items, cap, keys, nkeys, value, err) == -1)
		return FAILED;
	return FOUND;
}

static int
parse_items(
    struct hcl1_parser *p, bool inside, struct hcl1_items *out, struct err *err)
{
	size_t cap = 0;

	for (;;) {
		if (inside) {
			hcl1_next(p);
			p->again = true;
			if (p->tok.type == TOK_RBRACE)
				return 0;
		}
		switch (parse_item(p, out, &cap, err)) {
		case FOUND:
			break;
		case FOUND_END:
			return 0;
		case FAILED:
		default:
			return -1;
		}
		hcl1_next(p);
		if (p->tok.type != TOK_COMMA)
			p->again = true;
	}
}

static bool
looks_json(const char *text, size_t n)
{
	size_t i = 0;

	while (
	    i < n && strchr(" \t\r\n\v\f", text[i]) != NULL && text[i] != '\0')
		i++;
	return i < n && text[i] == '{';
}

int
hcl1_parse(struct arena *a, const char *text, size_t n, struct hcl1_items *out,
    struct err *err)
{
	struct hcl1_parser p = { .arena = a };
	int rv;

	*out = (struct hcl1_items){ 0 };
	if (n > HCL1_MAX_BYTES)
		return err_set(err, ERR_BAD, "larger than %u bytes",
		    (unsigned)HCL1_MAX_BYTES);
	hcl1_scan_init(&p.scan, text, n, looks_json(text, n));
	rv = p.scan.json ? hcl1_parse_json(&p, out, err)
			 : parse_items(&p, false, out, err);
	/* What is wrong with the characters counts more than with words. */
	if (p.scan.error != NULL)
		rv = err_set(err, ERR_BAD, "%s", p.scan.error);
	free(p.scan.error);
	return rv;
}

static bool
is_called(const struct hcl1_item *item, const char *name)
{
	return item->nkeys > 0 && strcasecmp(item->keys[0].text, name) == 0;
}

struct hcl1_items
hcl1_filter(struct arena *a, struct hcl1_items items, const char *name)
{
	struct hcl1_items out = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < items.n; i++)
		n += is_called(items.v[i], name);
	if (n == 0)
		return out;
	out.v = arena_alloc(a, n * sizeof(void *));
	for (size_t i = 0; i < items.n; i++) {
		struct hcl1_item *rest;

		if (!is_called(items.v[i], name))
			continue;
		rest = arena_alloc(a, sizeof *rest);
		*rest = *items.v[i];
		rest->keys++;
		rest->nkeys--;
		out.v[out.n++] = rest;
	}
	return out;
}
