/*
 * Templates: the text between quotes or of a heredoc, with ${..} and %{..}.
 *
 * First the tokens become a flat list of pieces. There white space is
 * trimmed, by ~ and by the rule of <<- heredocs. Then the pieces are nested:
 * %{if} and %{for} take what follows until their end.
 */
#include "common/hcl/template.h"

#include <string.h>

static struct piece *
add_piece(struct hcl_parser *p, struct pieces *list, enum piece_kind kind,
    struct hcl_range range)
{
	if (list->n == list->cap) {
		struct piece *old = list->v;

		list->cap = list->cap == 0 ? 4 : list->cap * 2;
		list->v = arena_alloc(p->arena, list->cap * sizeof *old);
		if (list->n > 0)
			memcpy(list->v, old, list->n * sizeof *old);
	}
	list->v[list->n] = (struct piece){ .kind = kind, .range = range };
	return &list->v[list->n++];
}

static bool
has_tilde(const struct hcl_parser *p, struct hcl_token t)
{
	return memchr(p->src->text + t.start, '~', t.end - t.start) != NULL;
}

static void
interp_close_error(struct hcl_parser *p, struct hcl_token open,
    struct hcl_token close, enum hcl_tok closing)
{
	static const char unclosed[] =
	    "Unclosed template interpolation sequence";
	static const char extra[] =
	    "Extra characters after interpolation expression";

	if (close.type == T_EOF)
		parser_error_once(p, open, unclosed,
		    "There is no closing brace for this interpolation sequence "
		    "before the end of the file. This might be caused by "
		    "incorrect nesting inside the given expression.");
	else if (close.type == T_COLON)
		parser_error_once(p, close, extra,
		    "Template interpolation doesn't expect a colon at this "
		    "location. Did you intend this to be a literal sequence to "
		    "be processed as part of another language? If so, you can "
		    "escape it by starting with \"$${\" instead of just "
		    "\"${\".");
	else if ((close.type == T_CQUOTE || close.type == T_OQUOTE) &&
		 closing == T_CQUOTE)
		parser_error_once(p, open, unclosed,
		    "There is no closing brace for this interpolation sequence "
		    "before the end of the quoted template. This might be "
		    "caused by incorrect nesting inside the given expression.");
	else
		parser_error_once(p, close, extra,
		    "Expected a closing brace to end the interpolation "
		    "expression, but found extra characters.\n\nThis can "
		    "happen when you include interpolation syntax for another "
		    "language, such as shell scripting, but forget to escape "
		    "the interpolation start token. If this is an embedded "
		    "sequence for another language, escape it by starting with "
		    "\"$${\" instead of just \"${\".");
}

/* Returns true when the text behind is to be trimmed. */
static bool
parse_interp(struct hcl_parser *p, struct pieces *list, enum hcl_tok closing)
{
	struct hcl_token open = parser_read(p), close;
	struct hcl_expr *e;
	bool trim = false;

	if (has_tilde(p, open) && list->n > 0 &&
	    list->v[list->n - 1].kind == P_TEXT)
		template_trim_right(&list->v[list->n - 1]);
	parser_newlines(p, false);
	e = parser_expr(p);
	close = parser_peek(p);
	if (close.type != T_SEQ_END) {
		interp_close_error(p, open, close, closing);
		parser_recover(p, T_SEQ_END);
	} else {
		parser_read(p);
		trim = has_tilde(p, close);
	}
	parser_newlines_end(p);
	add_piece(p, list, P_INTERP,
	    hcl_range_over(parser_range(p, open), parser_prev_range(p)))
	    ->expr = e;
	return trim;
}

/* The names of %{for}; what is wrong with them, or NULL. */
static const char *
parse_for_names(struct hcl_parser *p, struct hcl_for *loop)
{
	if (parser_peek(p).type != T_IDENT)
		return "For directive requires variable name after 'for'.";
	loop->val_name = parser_text(p, parser_read(p));
	if (parser_peek(p).type == T_COMMA) {
		loop->key_name = loop->val_name;
		parser_read(p);
		if (parser_peek(p).type != T_IDENT)
			return "For directive requires value variable name "
			       "after comma.";
		loop->val_name = parser_text(p, parser_read(p));
	}
	if (!parser_is_word(p, parser_peek(p), "in"))
		return "For directive requires 'in' keyword after names.";
	parser_read(p);
	return NULL;
}

static void
keyword_error(struct hcl_parser *p, struct hcl_token kw)
{
	static const char *const known[] = { "if", "for", "else", "endif",
		"endfor" };
	const char *given = parser_text(p, kw);
	const char *close =
	    hcl_closest(given, known, sizeof known / sizeof known[0]);

	if (p->recovering)
		return;
	if (close != NULL)
		hcl_diag_add(p->d, parser_range(p, kw),
		    "Invalid template control keyword",
		    "\"%s\" is not a valid template control keyword. Did you "
		    "mean \"%s\"?",
		    given, close);
	else
		hcl_diag_add(p->d, parser_range(p, kw),
		    "Invalid template control keyword",
		    "\"%s\" is not a valid template control keyword.", given);
}

/* The piece that a %{ starts, up to its }; false when there is none. */
static bool
parse_keyword(struct hcl_parser *p, struct pieces *list, struct hcl_token open,
    struct hcl_token kw)
{
	struct hcl_expr *e = NULL;
	struct hcl_for *loop = NULL;
	enum piece_kind kind;
	const char *wrong;

	parser_read(p);
	if (parser_is_word(p, kw, "if")) {
		kind = P_IF;
		e = parser_expr(p);
	} else if (parser_is_word(p, kw, "for")) {
		kind = P_FOR;
		loop = arena_alloc(p->arena, sizeof *loop);
		if ((wrong = parse_for_names(p, loop)) != NULL) {
			parser_error_once(p, parser_peek(p),
			    "Invalid 'for' directive", wrong);
			return false;
		}
		e = parser_expr(p);
	} else if (parser_is_word(p, kw, "else")) {
		kind = P_ELSE;
	} else if (parser_is_word(p, kw, "endif")) {
		kind = P_ENDIF;
	} else if (parser_is_word(p, kw, "endfor")) {
		kind = P_ENDFOR;
	} else {
		keyword_error(p, kw);
		return false;
	}
	add_piece(p, list, kind,
	    hcl_range_over(
		parser_range(p, open), parser_range(p, parser_peek(p))));
	list->v[list->n - 1].expr = e;
	list->v[list->n - 1].loop = loop;
	return true;
}

static void
marker_error(struct hcl_parser *p, struct hcl_token kw, struct hcl_token close)
{
	struct buf summary = { 0 };

	buf_addf(&summary, "Extra characters in %s marker", parser_text(p, kw));
	parser_error_once(p, close, buf_str(&summary),
	    "Expected a closing brace to end the sequence, but found extra "
	    "characters.");
	buf_release(&summary);
}

static bool
parse_control(struct hcl_parser *p, struct pieces *list)
{
	struct hcl_token open = parser_read(p), kw, close;
	bool trim = false;

	if (has_tilde(p, open) && list->n > 0 &&
	    list->v[list->n - 1].kind == P_TEXT)
		template_trim_right(&list->v[list->n - 1]);
	parser_newlines(p, false);
	kw = parser_peek(p);
	if (kw.type != T_IDENT) {
		parser_error_once(p, kw, "Invalid template directive",
		    "A template directive keyword (\"if\", \"for\", etc) is "
		    "expected at the beginning of a %{ sequence.");
		parser_recover(p, T_SEQ_END);
	} else if (!parse_keyword(p, list, open, kw)) {
		parser_recover(p, T_SEQ_END);
	} else {
		close = parser_peek(p);
		if (close.type == T_SEQ_END) {
			parser_read(p);
			trim = has_tilde(p, close);
		} else {
			marker_error(p, kw, close);
			parser_recover(p, T_SEQ_END);
		}
	}
	parser_newlines_end(p);
	return trim;
}

static void
parse_text(struct hcl_parser *p, struct pieces *list, bool trim)
{
	struct hcl_token t = parser_read(p);
	struct piece *piece = add_piece(p, list, P_TEXT, parser_range(p, t));
	struct buf text = { 0 };

	parser_unescape(p, t, &text);
	piece->text = arena_strndup(p->arena, buf_str(&text), text.len);
	piece->len = text.len;
	buf_release(&text);
	if (trim)
		template_trim_left(piece);
}

void
template_pieces(struct hcl_parser *p, struct pieces *list, enum hcl_tok closing)
{
	struct hcl_token first = parser_peek(p), t;
	bool trim = false;

	for (;;) {
		t = parser_peek(p);
		if (t.type == closing)
			break;
		if (t.type == T_QUOTED_LIT || t.type == T_STRING_LIT) {
			parse_text(p, list, trim);
			trim = false;
		} else if (t.type == T_INTERP) {
			trim = parse_interp(p, list, closing);
		} else if (t.type == T_CONTROL) {
			trim = parse_control(p, list);
		} else {
			parser_error_once(p, t, "Unterminated template string",
			    "No closing marker was found for the string.");
			t = parser_recover(p, closing);
			break;
		}
	}
	if (t.type == closing && parser_peek(p).start == t.start)
		parser_read(p);
	if (list->n == 0)
		add_piece(p, list, P_TEXT, parser_range(p, first))->text = "";
	add_piece(p, list, P_END, parser_range(p, t));
}
