/* Calls, for expressions, tuples and objects. */
#include "common/hcl/parser.h"

static void
call_separator_error(
    struct hcl_parser *p, struct hcl_expr *e, struct hcl_token t)
{
	if (t.type == T_EOF)
		hcl_diag_add(p->d, e->at, "Unterminated function call", "%s",
		    "There is no closing parenthesis for this function call "
		    "before the end of the file. This may be caused by "
		    "incorrect parenthesis nesting elsewhere in this file.");
	else
		parser_error(p, t, "Missing argument separator",
		    "A comma is required to separate each function argument "
		    "from the next.");
	parser_recover(p, T_CPAREN);
}

static void
parse_call_args(
    struct hcl_parser *p, struct hcl_expr *e, struct hcl_exprs *args)
{
	struct hcl_token t;
	size_t nerrors;

	while (parser_peek(p).type != T_CPAREN) {
		nerrors = parser_nerrors(p);
		parser_push(p, args, parser_expr(p));
		if (parser_failed_since(p, nerrors)) {
			parser_recover(p, T_CPAREN);
			return;
		}
		t = parser_read(p);
		if (t.type == T_CPAREN)
			return;
		if (t.type == T_ELLIPSIS) {
			e->expand = true;
			if (parser_peek(p).type == T_CPAREN)
				break;
			parser_error_once(p, t, "Missing closing parenthesis",
			    "An expanded function argument (with ...) must be "
			    "immediately followed by closing parentheses.");
			parser_recover(p, T_CPAREN);
			return;
		}
		if (t.type != T_COMMA) {
			call_separator_error(p, e, t);
			return;
		}
	}
	parser_read(p);
}

/* A call; the name was read, and may have parts joined by ::. */
struct hcl_expr *
parser_call(struct hcl_parser *p, struct hcl_token name)
{
	struct hcl_expr *e = parser_new(p, HCL_E_CALL, parser_range(p, name));
	struct hcl_exprs args = { 0 };
	struct hcl_token t;

	e->name = parser_text(p, name);
	while (parser_peek(p).type == T_DOUBLE_COLON) {
		parser_read(p);
		t = parser_peek(p);
		if (t.type != T_IDENT) {
			parser_error(p, t, "Missing function name",
			    "Function scope resolution symbol :: must be "
			    "followed by a function name in this scope.");
			parser_recover(p, T_CPAREN);
			return e;
		}
		parser_read(p);
		name.end = t.end;
	}
	e->name = parser_text(p, name);
	e->at = parser_range(p, name);
	t = parser_read(p);
	if (t.type != T_OPAREN) {
		parser_error(p, t, "Missing open parenthesis",
		    "Function selector must be followed by an open parenthesis "
		    "to begin the function call.");
		parser_recover(p, T_CPAREN);
		return e;
	}
	e->at = hcl_range_over(e->at, parser_range(p, t));
	parser_newlines(p, false);
	parse_call_args(p, e, &args);
	parser_newlines_end(p);
	e->parts = args.v;
	e->nparts = args.n;
	return parser_finish(p, e);
}

/* --- for --- */

static struct hcl_expr *
for_error(struct hcl_parser *p, const char *detail, enum hcl_tok closing,
    struct hcl_expr *e)
{
	if (detail != NULL)
		parser_error_once(
		    p, parser_peek(p), "Invalid 'for' expression", detail);
	parser_recover(p, closing);
	e->kind = HCL_E_BAD;
	return parser_finish(p, e);
}

/* The names and the "in"; what is wrong with them, or NULL. */
static const char *
parse_for_names(struct hcl_parser *p, struct hcl_for *loop)
{
	if (parser_peek(p).type != T_IDENT)
		return "For expression requires variable name after 'for'.";
	loop->val_name = parser_text(p, parser_read(p));
	if (parser_peek(p).type == T_COMMA) {
		loop->key_name = loop->val_name;
		parser_read(p);
		if (parser_peek(p).type != T_IDENT)
			return "For expression requires value variable name "
			       "after comma.";
		loop->val_name = parser_text(p, parser_read(p));
	}
	if (!parser_is_word(p, parser_peek(p), "in"))
		return "For expression requires the 'in' keyword after its "
		       "name declarations.";
	parser_read(p);
	return NULL;
}

/* Whether key, grouping and kind of brackets agree. */
static void
check_for(struct hcl_parser *p, struct hcl_expr *e, struct hcl_token ellipsis)
{
	static const char summary[] = "Invalid 'for' expression";
	const struct hcl_for *loop = e->loop;

	if (loop->object && loop->key == NULL) {
		hcl_diag_add(p->d, e->two->range, summary, "%s",
		    "Key expression is required when building an object.");
		e->kind = HCL_E_BAD;
	}
	if (!loop->object && loop->key != NULL)
		hcl_diag_add(p->d, loop->key->range, summary, "%s",
		    "Key expression is not valid when building a tuple.");
	if (!loop->object && loop->group)
		parser_error(p, ellipsis, summary,
		    "Grouping ellipsis (...) cannot be used when building a "
		    "tuple.");
}

/* Key, value, grouping and condition; false when one of them failed. */
static bool
parse_for_result(
    struct hcl_parser *p, struct hcl_expr *e, struct hcl_token *ellipsis)
{
	size_t nerrors = parser_nerrors(p);

	e->two = parser_expr(p);
	if (parser_failed_since(p, nerrors))
		return false;
	if (parser_peek(p).type == T_ARROW) {
		parser_read(p);
		e->loop->key = e->two;
		e->two = parser_expr(p);
		if (parser_failed_since(p, nerrors))
			return false;
	}
	if (parser_peek(p).type == T_ELLIPSIS) {
		*ellipsis = parser_read(p);
		e->loop->group = true;
	}
	if (parser_is_word(p, parser_peek(p), "if")) {
		parser_read(p);
		e->three = parser_expr(p);
		if (parser_failed_since(p, nerrors))
			return false;
	}
	return true;
}

static struct hcl_expr *
parse_for(struct hcl_parser *p, struct hcl_token open)
{
	enum hcl_tok closing = open.type == T_OBRACE ? T_CBRACE : T_CBRACK;
	struct hcl_expr *e = parser_new(p, HCL_E_FOR, parser_range(p, open));
	struct hcl_token ellipsis = open;
	size_t nerrors = parser_nerrors(p);
	const char *wrong;

	e->loop = arena_alloc(p->arena, sizeof *e->loop);
	e->loop->object = closing == T_CBRACE;
	parser_read(p); /* for */
	if ((wrong = parse_for_names(p, e->loop)) != NULL)
		return for_error(p, wrong, closing, e);
	e->one = parser_expr(p);
	if (parser_failed_since(p, nerrors))
		return for_error(p, NULL, closing, e);
	if (parser_peek(p).type != T_COLON)
		return for_error(p,
		    "For expression requires a colon after the collection "
		    "expression.",
		    closing, e);
	parser_read(p);
	if (!parse_for_result(p, e, &ellipsis))
		return for_error(p, NULL, closing, e);
	if (parser_peek(p).type == closing) {
		parser_read(p);
	} else {
		parser_error_once(p, parser_peek(p), "Invalid 'for' expression",
		    "Extra characters after the end of the 'for' expression.");
		parser_recover(p, closing);
	}
	check_for(p, e, ellipsis);
	return parser_finish(p, e);
}

/* --- tuples and objects --- */

static void
tuple_separator_error(
    struct hcl_parser *p, const struct hcl_expr *e, struct hcl_token t)
{
	if (t.type == T_EOF && !p->recovering)
		hcl_diag_add(p->d, e->at,
		    "Unterminated tuple constructor expression", "%s",
		    "There is no corresponding closing bracket before the end "
		    "of the file. This may be caused by incorrect bracket "
		    "nesting elsewhere in this file.");
	else
		parser_error_once(p, t, "Missing item separator",
		    "Expected a comma to mark the beginning of the next item.");
	parser_recover(p, T_CBRACK);
}

static void
parse_tuple_items(
    struct hcl_parser *p, struct hcl_expr *e, struct hcl_exprs *items)
{
	struct hcl_token t;
	size_t nerrors;

	while (parser_peek(p).type != T_CBRACK) {
		nerrors = parser_nerrors(p);
		parser_push(p, items, parser_expr(p));
		if (parser_failed_since(p, nerrors)) {
			parser_recover(p, T_CBRACK);
			return;
		}
		t = parser_peek(p);
		if (t.type == T_CBRACK)
			break;
		if (t.type != T_COMMA) {
			tuple_separator_error(p, e, t);
			return;
		}
		parser_read(p);
	}
	parser_read(p);
}

struct hcl_expr *
parser_tuple(struct hcl_parser *p)
{
	struct hcl_token open = parser_read(p);
	struct hcl_exprs items = { 0 };
	struct hcl_expr *e;

	parser_newlines(p, false);
	if (parser_is_word(p, parser_peek(p), "for")) {
		e = parse_for(p, open);
	} else {
		e = parser_new(p, HCL_E_TUPLE, parser_range(p, open));
		parse_tuple_items(p, e, &items);
		e->parts = items.v;
		e->nparts = items.n;
		parser_finish(p, e);
	}
	parser_newlines_end(p);
	return e;
}

static void
object_eof_error(struct hcl_parser *p, const struct hcl_expr *e)
{
	if (!p->recovering)
		hcl_diag_add(p->d, e->at,
		    "Unterminated object constructor expression", "%s",
		    "There is no corresponding closing brace before the end of "
		    "the file. This may be caused by incorrect brace nesting "
		    "elsewhere in this file.");
}

static void
object_key_error(
    struct hcl_parser *p, const struct hcl_expr *e, struct hcl_token t)
{
	if (t.type == T_EOF)
		object_eof_error(p, e);
	else if (t.type == T_NEWLINE || t.type == T_COMMA)
		parser_error_once(p, t, "Missing attribute value",
		    "Expected an attribute value, introduced by an equals sign "
		    "(\"=\").");
	else if (t.type == T_IDENT)
		parser_error_once(p, t, "Missing key/value separator",
		    "Expected an equals sign (\"=\") to mark the beginning of "
		    "the attribute value. If you intended to given an "
		    "attribute name containing periods or spaces, write the "
		    "name in quotes to create a string literal.");
	else
		parser_error_once(p, t, "Missing key/value separator",
		    "Expected an equals sign (\"=\") to mark the beginning of "
		    "the attribute value.");
}

/* One "key = value" and the separator after it; false: the end was met, and
 * the closing brace has been read. */
static bool
parse_object_item(struct hcl_parser *p, struct hcl_expr *e,
    struct hcl_exprs *keys, struct hcl_exprs *values)
{
	size_t nerrors = parser_nerrors(p);
	struct hcl_expr *key = parser_expr(p), *value;
	struct hcl_token t;

	if (parser_failed_since(p, nerrors))
		goto recover;
	t = parser_peek(p);
	if (t.type != T_EQUAL && t.type != T_COLON) {
		object_key_error(p, e, t);
		goto recover;
	}
	parser_read(p);
	value = parser_expr(p);
	if (parser_failed_since(p, nerrors))
		goto recover;
	parser_push(p, keys, key);
	parser_push(p, values, value);
	t = parser_peek(p);
	if (t.type == T_CBRACE)
		return true;
	if (t.type != T_COMMA && t.type != T_NEWLINE) {
		if (t.type == T_EOF)
			object_eof_error(p, e);
		else
			parser_error_once(p, t, "Missing attribute separator",
			    "Expected a newline or comma to mark the beginning "
			    "of the next attribute.");
		goto recover;
	}
	parser_read(p);
	return true;
recover:
	parser_recover(p, T_CBRACE);
	return false;
}

struct hcl_expr *
parser_object(struct hcl_parser *p)
{
	struct hcl_token open = parser_read(p), t;
	struct hcl_exprs keys = { 0 }, values = { 0 };
	struct hcl_expr *e;
	size_t before = p->at;

	parser_newlines(p, false);
	if (parser_is_word(p, parser_peek(p), "for")) {
		e = parse_for(p, open);
		parser_newlines_end(p);
		return e;
	}
	p->at = before;
	parser_newlines_end(p);
	parser_newlines(p, true);
	e = parser_new(p, HCL_E_OBJECT, parser_range(p, open));
	for (;;) {
		t = parser_peek(p);
		if (t.type == T_NEWLINE) {
			parser_read(p);
		} else if (t.type == T_CBRACE) {
			parser_read(p);
			break;
		} else if (!parse_object_item(p, e, &keys, &values)) {
			break;
		}
	}
	parser_newlines_end(p);
	e->keys = keys.v;
	e->parts = values.v;
	e->nparts = values.n;
	return parser_finish(p, e);
}
