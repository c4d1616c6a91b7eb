/* What may stand behind a term: .name .0 [key] .* [*] */
#include "common/hcl/parser.h"

#include <string.h>

static struct hcl_expr *
attr_step(struct hcl_parser *p, struct hcl_expr *from, struct hcl_token dot)
{
	struct hcl_token name = parser_read(p);
	struct hcl_expr *e = parser_new(p, HCL_E_ATTR, from->range);

	e->one = from;
	e->name = parser_text(p, name);
	e->at = hcl_range_over(parser_range(p, dot), parser_range(p, name));
	return parser_finish(p, e);
}

/* .0: a way of writing [0] that is older than this language. */
static struct hcl_expr *
number_step(struct hcl_parser *p, struct hcl_expr *from, struct hcl_token dot)
{
	struct hcl_token num = parser_read(p);
	struct hcl_expr *e = parser_new(p, HCL_E_INDEX, from->range);
	const char *text = parser_text(p, num), *point = strchr(text, '.');
	const struct hcl_value *v = &hcl_value_unknown;

	if (point != NULL)
		hcl_diag_add(p->d, parser_range(p, num),
		    "Invalid legacy index syntax",
		    "When using the legacy index syntax, chaining two indexes "
		    "together is not permitted. Use the proper index syntax "
		    "instead, like [%.*s][%s].",
		    (int)(point - text), text, point + 1);
	else
		v = parser_number(p, num);
	e->one = from;
	e->two = parser_literal(p, v, parser_range(p, num));
	e->constant = true;
	e->dotted = true;
	e->at = hcl_range_over(parser_range(p, dot), parser_range(p, num));
	return parser_finish(p, e);
}

static struct hcl_expr *
new_splat(struct hcl_parser *p, struct hcl_expr *from, struct hcl_range marker)
{
	struct hcl_expr *e = parser_new(p, HCL_E_SPLAT, from->range);

	e->one = from;
	e->at = marker;
	e->two = parser_new(p, HCL_E_ITEM, marker);
	return e;
}

/* .*: followed by names and numbers only. */
static struct hcl_expr *
star_step(struct hcl_parser *p, struct hcl_expr *from, struct hcl_token dot)
{
	struct hcl_token star = parser_read(p), t;
	struct hcl_expr *e = new_splat(p, from,
	    hcl_range_over(parser_range(p, dot), parser_range(p, star)));

	while (parser_peek(p).type == T_DOT) {
		dot = parser_read(p);
		t = parser_peek(p);
		if (t.type == T_NUMBER) {
			e->two = number_step(p, e->two, dot);
		} else if (t.type == T_IDENT) {
			e->two = attr_step(p, e->two, dot);
		} else {
			if (t.type == T_STAR)
				parser_error_once(p, t,
				    "Nested splat expression not allowed",
				    "A splat expression (*) cannot be used "
				    "inside another attribute-only splat "
				    "expression.");
			else
				parser_error_once(p, t,
				    "Invalid attribute name",
				    "An attribute name is required after a "
				    "dot.");
			p->recovering = true;
			break;
		}
	}
	return parser_finish(p, e);
}

static struct hcl_expr *
dot_step(struct hcl_parser *p, struct hcl_expr *from)
{
	struct hcl_token dot = parser_read(p), t = parser_peek(p);

	if (t.type == T_IDENT)
		return attr_step(p, from, dot);
	if (t.type == T_NUMBER)
		return number_step(p, from, dot);
	if (t.type == T_STAR)
		return star_step(p, from, dot);
	parser_error(p, t, "Invalid attribute name",
	    "An attribute name is required after a dot.");
	p->recovering = true;
	return from;
}

static struct hcl_expr *
full_splat_step(
    struct hcl_parser *p, struct hcl_expr *from, struct hcl_token open)
{
	struct hcl_token close;
	struct hcl_expr *e;

	parser_read(p); /* * */
	close = parser_read(p);
	if (close.type != T_CBRACK && !p->recovering) {
		parser_error(p, close, "Missing close bracket on splat index",
		    "The star for a full splat operator must be immediately "
		    "followed by a closing bracket (\"]\").");
		close = parser_recover(p, T_CBRACK);
	}
	e = new_splat(p, from,
	    hcl_range_over(parser_range(p, open), parser_range(p, close)));
	if (parser_down(p)) {
		e->two = parser_steps(p, e->two);
		parser_up(p);
	}
	return parser_finish(p, e);
}

static struct hcl_expr *
bracket_step(struct hcl_parser *p, struct hcl_expr *from)
{
	struct hcl_token open = parser_read(p), close;
	struct hcl_expr *e;
	size_t nerrors = parser_nerrors(p);

	if (parser_peek(p).type == T_STAR)
		return full_splat_step(p, from, open);
	e = parser_new(p, HCL_E_INDEX, from->range);
	e->one = from;
	parser_newlines(p, false);
	e->two = parser_expr(p);
	if (parser_failed_since(p, nerrors)) {
		close = parser_recover(p, T_CBRACK);
	} else {
		close = parser_read(p);
		if (close.type != T_CBRACK && !p->recovering) {
			parser_error(p, close, "Missing close bracket on index",
			    "The index operator must end with a closing "
			    "bracket (\"]\").");
			close = parser_recover(p, T_CBRACK);
		}
	}
	parser_newlines_end(p);
	e->constant = e->two->kind == HCL_E_LITERAL || hcl_expr_is_text(e->two);
	e->at = hcl_range_over(parser_range(p, open), parser_range(p, close));
	return parser_finish(p, e);
}

struct hcl_expr *
parser_steps(struct hcl_parser *p, struct hcl_expr *from)
{
	/* Each step is a level of the tree, and walking it recurses. */
	for (size_t n = 0;; n++) {
		enum hcl_tok type = parser_peek(p).type;

		if (type != T_DOT && type != T_OBRACK)
			return from;
		if (n == HCL_MAX_DEPTH) {
			parser_error(p, parser_peek(p), "Nesting too deep",
			    "An expression may not have this many steps.");
			p->recovering = true;
			p->at = p->ntoks - 1;
			return from;
		}
		from =
		    type == T_DOT ? dot_step(p, from) : bracket_step(p, from);
	}
}
