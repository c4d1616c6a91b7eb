#include "common/hcl/parser.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

struct hcl_expr *
parser_new(
    struct hcl_parser *p, enum hcl_expr_kind kind, struct hcl_range range)
{
	struct hcl_expr *e = arena_alloc(p->arena, sizeof *e);

	e->kind = kind;
	e->range = range;
	e->at = range;
	return e;
}

struct hcl_expr *
parser_literal(
    struct hcl_parser *p, const struct hcl_value *v, struct hcl_range range)
{
	struct hcl_expr *e = parser_new(p, HCL_E_LITERAL, range);

	e->value = v;
	return e;
}

struct hcl_expr *
parser_finish(struct hcl_parser *p, struct hcl_expr *e)
{
	e->range = hcl_range_over(e->range, parser_prev_range(p));
	return e;
}

const struct hcl_value *
parser_number(struct hcl_parser *p, struct hcl_token t)
{
	const char *text = parser_text(p, t);
	char *end;
	hcl_number num = strtold(text, &end);

	if (*end != '\0') {
		parser_error(p, t, "Invalid number literal",
		    "Failed to recognize the value of this number literal.");
		return &hcl_value_unknown;
	}
	return hcl_value_number(p->arena, num);
}

/* --- terms --- */

static struct hcl_expr *
parse_paren(struct hcl_parser *p)
{
	struct hcl_expr *e =
	    parser_new(p, HCL_E_PAREN, parser_range(p, parser_read(p)));
	size_t nerrors = parser_nerrors(p);
	struct hcl_token t;

	parser_newlines(p, false);
	e->one = parser_expr(p);
	if (parser_nerrors(p) > nerrors) {
		parser_recover(p, T_CPAREN);
		parser_newlines_end(p);
		return e->one;
	}
	t = parser_peek(p);
	if (t.type != T_CPAREN) {
		parser_error(p, t, "Unbalanced parentheses",
		    "Expected a closing parenthesis to terminate the "
		    "expression.");
		p->recovering = true;
	}
	parser_read(p);
	parser_finish(p, e);
	parser_newlines_end(p);
	return e;
}

static struct hcl_expr *
parse_word(struct hcl_parser *p)
{
	struct hcl_token t = parser_read(p);
	enum hcl_tok next = parser_peek(p).type;
	struct hcl_range r = parser_range(p, t);
	struct hcl_expr *e;

	if (next == T_OPAREN || next == T_DOUBLE_COLON)
		return parser_call(p, t);
	if (parser_is_word(p, t, "true") || parser_is_word(p, t, "false"))
		return parser_literal(p,
		    hcl_value_bool(p->arena, parser_is_word(p, t, "true")), r);
	if (parser_is_word(p, t, "null"))
		return parser_literal(p, &hcl_value_null, r);
	e = parser_new(p, HCL_E_ROOT, r);
	e->name = parser_text(p, t);
	return e;
}

/* --- operators --- */

static struct hcl_expr *parse_term(struct hcl_parser *p);

static struct hcl_expr *
parse_unary(struct hcl_parser *p)
{
	struct hcl_token t = parser_read(p);
	struct hcl_expr *e = parser_new(p, HCL_E_UNARY, parser_range(p, t));

	e->op = t.type == T_MINUS ? HCL_OP_NEG : HCL_OP_NOT;
	if (!parser_down(p))
		return parser_new(p, HCL_E_BAD, e->range);
	e->one = parser_steps(p, parse_term(p));
	parser_up(p);
	e->range = hcl_range_over(e->range, e->one->range);
	return e;
}

static struct hcl_expr *
parse_quoted(struct hcl_parser *p)
{
	struct hcl_token open = parser_read(p);
	bool heredoc = open.type == T_OHEREDOC;

	return parser_template(p, parser_range(p, open),
	    heredoc ? T_CHEREDOC : T_CQUOTE,
	    heredoc && p->src->text[open.start + 2] == '-');
}

static struct hcl_expr *
parse_term(struct hcl_parser *p)
{
	struct hcl_token t = parser_peek(p);

	if (t.type == T_OPAREN)
		return parse_paren(p);
	if (t.type == T_NUMBER) {
		parser_read(p);
		return parser_literal(
		    p, parser_number(p, t), parser_range(p, t));
	}
	if (t.type == T_IDENT)
		return parse_word(p);
	if (t.type == T_OQUOTE || t.type == T_OHEREDOC)
		return parse_quoted(p);
	if (t.type == T_MINUS || t.type == T_BANG)
		return parse_unary(p);
	if (t.type == T_OBRACK)
		return parser_tuple(p);
	if (t.type == T_OBRACE)
		return parser_object(p);
	if (t.type == T_EOF)
		parser_error_once(p, t, "Missing expression",
		    "Expected the start of an expression, but found the end of "
		    "the file.");
	else
		parser_error_once(p, t, "Invalid expression",
		    "Expected the start of an expression, but found an invalid "
		    "expression token.");
	p->recovering = true;
	return parser_new(p, HCL_E_BAD, parser_range(p, t));
}

struct operation {
	enum hcl_tok type;
	enum hcl_op op;
	int level; /* a higher one binds tighter */
};

static const struct operation operators[] = {
	{ T_OR, HCL_OP_OR, 0 },
	{ T_AND, HCL_OP_AND, 1 },
	{ T_EQ, HCL_OP_EQ, 2 },
	{ T_NE, HCL_OP_NE, 2 },
	{ T_GT, HCL_OP_GT, 3 },
	{ T_GE, HCL_OP_GE, 3 },
	{ T_LT, HCL_OP_LT, 3 },
	{ T_LE, HCL_OP_LE, 3 },
	{ T_PLUS, HCL_OP_ADD, 4 },
	{ T_MINUS, HCL_OP_SUB, 4 },
	{ T_STAR, HCL_OP_MUL, 5 },
	{ T_SLASH, HCL_OP_DIV, 5 },
	{ T_PERCENT, HCL_OP_MOD, 5 },
};

#define OPERATOR_LEVELS 6

static const struct operation *
operator_at(struct hcl_parser *p, int level)
{
	enum hcl_tok type = parser_peek(p).type;

	for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
		if (operators[i].type == type && operators[i].level == level)
			return &operators[i];
	return NULL;
}

static struct hcl_expr *
parse_binary(struct hcl_parser *p, int level)
{
	const struct operation *op;
	struct hcl_expr *e, *left;
	size_t n = 0;

	if (level == OPERATOR_LEVELS)
		return parser_steps(p, parse_term(p));
	e = parse_binary(p, level + 1);
	while (!p->recovering && (op = operator_at(p, level)) != NULL) {
		if (++n > HCL_MAX_DEPTH * 4) {
			parser_error(p, parser_peek(p), "Nesting too deep",
			    "An expression may not have this many operators.");
			p->recovering = true;
			break;
		}
		left = e;
		e = parser_new(p, HCL_E_BINARY, left->range);
		e->at = parser_range(p, parser_read(p));
		e->op = op->op;
		e->one = left;
		e->two = parse_binary(p, level + 1);
		e->range = hcl_range_over(e->range, e->two->range);
		if (p->recovering)
			return left;
	}
	return e;
}

static struct hcl_expr *
parse_conditional(struct hcl_parser *p)
{
	struct hcl_expr *e, *cond = parse_binary(p, 0);
	struct hcl_token t;

	if (p->recovering || parser_peek(p).type != T_QUESTION)
		return cond;
	parser_read(p);
	e = parser_new(p, HCL_E_COND, cond->range);
	e->one = cond;
	e->two = parser_expr(p);
	if (p->recovering)
		return cond;
	t = parser_peek(p);
	if (t.type != T_COLON) {
		parser_error(p, t, "Missing false expression in conditional",
		    "The conditional operator (...?...:...) requires a false "
		    "expression, delimited by a colon.");
		return cond;
	}
	parser_read(p);
	e->three = parser_expr(p);
	if (p->recovering)
		return cond;
	e->range = hcl_range_over(e->range, e->three->range);
	return e;
}

struct hcl_expr *
parser_expr(struct hcl_parser *p)
{
	struct hcl_expr *e;

	if (!parser_down(p))
		return parser_new(
		    p, HCL_E_BAD, parser_range(p, p->toks[p->at]));
	e = parse_conditional(p);
	parser_up(p);
	return e;
}

/* --- what readers of the tree ask --- */

struct hcl_range
hcl_expr_range(const struct hcl_expr *e)
{
	return e->range;
}

struct hcl_range
hcl_expr_start(const struct hcl_expr *e)
{
	switch (e->kind) {
	case HCL_E_TEMPLATE:
		return e->nparts > 0 ? hcl_expr_start(e->parts[0]) : e->at;
	case HCL_E_JOIN:
	case HCL_E_INDEX:
		if (e->kind == HCL_E_INDEX && e->constant)
			return e->range;
		return hcl_expr_start(e->one);
	case HCL_E_COND:
	case HCL_E_BINARY:
	case HCL_E_SPLAT:
		return hcl_expr_start(e->one);
	case HCL_E_UNARY:
	case HCL_E_TUPLE:
	case HCL_E_OBJECT:
	case HCL_E_FOR:
	case HCL_E_CALL:
		return e->at;
	case HCL_E_LITERAL:
	case HCL_E_WRAP:
	case HCL_E_ROOT:
	case HCL_E_ATTR:
	case HCL_E_ITEM:
	case HCL_E_PAREN:
	case HCL_E_BAD:
		break;
	}
	return e->range;
}

const char *
hcl_expr_keyword(const struct hcl_expr *e)
{
	return e->kind == HCL_E_ROOT ? e->name : NULL;
}

bool
hcl_expr_is_text(const struct hcl_expr *e)
{
	return e->kind == HCL_E_TEMPLATE && e->nparts == 1 &&
	       e->parts[0]->kind == HCL_E_LITERAL &&
	       e->parts[0]->value->kind == HCL_V_STRING;
}
