/*
 * Templates: the text between quotes or of a heredoc, with ${..} and %{..}.
 *
 * First the tokens become a flat list of pieces. There white space is
 * trimmed, by ~ and by the rule of <<- heredocs. Then the pieces are nested:
 * %{if} and %{for} take what follows until their end.
 */
#include "common/hcl/parser.h"

#include <string.h>

#include "common/mem.h"

enum piece_kind {
	P_TEXT,
	P_INTERP,
	P_IF,
	P_FOR,
	P_ELSE, /* the three that belong to an earlier piece */
	P_ENDIF,
	P_ENDFOR,
	P_END, /* of the template; always the last piece */
};

struct piece {
	enum piece_kind kind;
	struct hcl_range range;
	const char *text; /* P_TEXT */
	size_t len;
	struct hcl_expr *expr; /* P_INTERP, P_IF; the P_FOR's collection */
	struct hcl_for *loop;
};

struct pieces {
	struct piece *v;
	size_t n;
	size_t cap;
};

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

/* --- escapes --- */

static size_t
hex_digits(const char *s, size_t n, uint32_t *value)
{
	size_t i;

	*value = 0;
	for (i = 0; i < n; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			*value =
			    *value << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			break;
	}
	return i;
}

static void
escape_error(
    struct hcl_parser *p, size_t at, size_t n, const char *fmt, const char *arg)
{
	struct hcl_range r = { p->src, (uint32_t)at, (uint32_t)(at + n) };
	struct buf text = { 0 };

	for (; *fmt != '\0'; fmt++)
		if (*fmt == '@')
			buf_adds(&text, arg);
		else
			buf_addc(&text, *fmt);
	hcl_diag_add(p->d, r, "Invalid escape sequence", "%s", buf_str(&text));
	buf_release(&text);
}

/* The escape at a place, of up to n bytes; returns how many it took. */
static size_t
unescape_one(struct hcl_parser *p, size_t at, size_t n, struct buf *out)
{
	static const char plain[] = "n\nr\rt\t\"\"\\\\";
	const char *s = p->src->text + at;
	size_t want, len, got;
	uint32_t cp;
	char symbol[8] = "";

	for (size_t i = 0; plain[i] != '\0'; i += 2)
		if (plain[i] == s[1]) {
			buf_addc(out, plain[i + 1]);
			return 2;
		}
	if (s[1] == 'u' || s[1] == 'U') {
		want = s[1] == 'u' ? 4 : 8;
		got = hex_digits(s + 2, n - 2 < want ? n - 2 : want, &cp);
		if (got < want)
			escape_error(p, at, 2 + got,
			    want == 4 ? "The \\u escape sequence must be "
					"followed by four hexadecimal digits."
				      : "The \\U escape sequence must be "
					"followed by eight hexadecimal digits.",
			    "");
		else
			hcl_utf8_add(out, cp);
		return 2 + got;
	}
	hcl_utf8(s + 1, n - 1, &len);
	memcpy(symbol, s + 1, len);
	escape_error(p, at, 1 + len,
	    "The symbol \"@\" is not a valid escape sequence selector.",
	    symbol);
	return 1 + len;
}

void
parser_unescape(struct hcl_parser *p, struct hcl_token t, struct buf *out)
{
	const char *s = p->src->text;
	size_t i = t.start;

	while (i < t.end) {
		if (s[i] == '\\' && t.type == T_QUOTED_LIT && i + 1 < t.end) {
			i += unescape_one(p, i, t.end - i, out);
		} else if ((s[i] == '$' || s[i] == '%') && i + 2 < t.end &&
			   s[i + 1] == s[i] && s[i + 2] == '{') {
			buf_add(out, s + i + 1, 2);
			i += 3;
		} else {
			buf_addc(out, s[i++]);
		}
	}
}

/* --- trimming --- */

static size_t
leading_space(const char *s, size_t n)
{
	size_t i = 0, len;

	while (i < n && hcl_is_space(hcl_utf8(s + i, n - i, &len)))
		i += len;
	return i;
}

static void
trim_left(struct piece *piece)
{
	size_t n = leading_space(piece->text, piece->len);

	piece->text += n;
	piece->len -= n;
}

static void
trim_right(struct piece *piece)
{
	while (piece->len > 0) {
		size_t i = piece->len - 1, len;

		while (i > 0 && ((unsigned char)piece->text[i] & 0xc0) == 0x80)
			i--;
		if (!hcl_is_space(
			hcl_utf8(piece->text + i, piece->len - i, &len)))
			break;
		piece->len = i;
	}
}

static size_t
count_clusters(const char *s, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i += hcl_cluster(s + i, n - i))
		count++;
	return count;
}

static bool
ends_line(const struct piece *piece)
{
	return piece->kind == P_TEXT && piece->len > 0 &&
	       piece->text[piece->len - 1] == '\n';
}

/* The indent that all lines share; blank lines do not count. */
static size_t
shared_indent(const struct pieces *list)
{
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < list->n; i++) {
		const struct piece *piece = &list->v[i];
		size_t n, indent = 0;

		if (i > 0 && !ends_line(piece - 1))
			continue;
		if (piece->kind == P_END)
			break;
		if (piece->kind == P_TEXT) {
			n = leading_space(piece->text, piece->len);
			if (n == piece->len && ends_line(piece))
				continue;
			indent = count_clusters(piece->text, n);
		}
		if (indent < least)
			least = indent;
	}
	return least == SIZE_MAX ? 0 : least;
}

static void
flush_left(struct pieces *list)
{
	size_t indent = shared_indent(list);
	bool starts = true;

	for (size_t i = 0; i < list->n; i++) {
		struct piece *piece = &list->v[i];
		bool next = ends_line(piece);
		size_t cut = 0;

		if (starts && piece->kind == P_TEXT &&
		    !(next &&
			leading_space(piece->text, piece->len) == piece->len))
			for (size_t k = 0; k < indent && cut < piece->len; k++)
				cut += hcl_cluster(
				    piece->text + cut, piece->len - cut);
		if (cut > 0) {
			piece->text += cut;
			piece->len -= cut;
			piece->range.start += (uint32_t)cut;
		}
		starts = next;
	}
}

/* Neighbouring texts become one. */
static void
join_texts(struct hcl_parser *p, struct pieces *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n;) {
		struct piece *first = &list->v[i];
		struct buf text = { 0 };
		size_t j = i;

		for (; j < list->n && list->v[j].kind == P_TEXT; j++)
			buf_add(&text, list->v[j].text, list->v[j].len);
		if (j > i + 1) {
			first->text =
			    arena_strndup(p->arena, buf_str(&text), text.len);
			first->len = text.len;
			first->range =
			    hcl_range_over(first->range, list->v[j - 1].range);
		}
		buf_release(&text);
		list->v[n++] = *first;
		i = j > i ? j : i + 1;
	}
	list->n = n;
}

/* --- from tokens to pieces --- */

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
		trim_right(&list->v[list->n - 1]);
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
		trim_right(&list->v[list->n - 1]);
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
		trim_left(piece);
}

static void
parse_pieces(struct hcl_parser *p, struct pieces *list, enum hcl_tok closing)
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

/* --- from pieces to a tree --- */

struct nest {
	struct hcl_parser *p;
	const struct pieces *list;
	size_t at;
};

static struct hcl_expr *nest_piece(struct nest *n);

static struct hcl_expr *
piece_text(struct nest *n, const struct piece *piece)
{
	return parser_literal(n->p,
	    hcl_value_string(n->p->arena, piece->text, piece->len),
	    piece->range);
}

static struct hcl_expr *
bad_piece(struct nest *n, const struct piece *piece)
{
	return parser_new(n->p, HCL_E_BAD, piece->range);
}

static const char *
piece_name(enum piece_kind kind)
{
	return kind == P_ELSE ? "else" : kind == P_ENDIF ? "endif" : "endfor";
}

static void
nest_error(struct nest *n, const struct piece *end, const struct piece *open,
    const char *detail_before, const char *detail_after)
{
	struct buf summary = { 0 }, at = { 0 };

	if (open != NULL)
		hcl_range_format(open->range, &at);
	if (end->kind == P_END)
		buf_adds(&summary, "Unexpected end of template");
	else
		buf_addf(
		    &summary, "Unexpected %s directive", piece_name(end->kind));
	hcl_diag_add(n->p->d, end->range, buf_str(&summary), "%s%s%s",
	    detail_before, buf_str(&at), detail_after);
	buf_release(&summary);
	buf_release(&at);
}

/* What stands between a directive and its end, as one template. */
static struct hcl_expr *
as_template(struct nest *n, struct hcl_exprs *parts, struct hcl_range at)
{
	struct hcl_expr *e;

	if (parts->n == 0)
		parser_push(n->p, parts,
		    parser_literal(
			n->p, hcl_value_string(n->p->arena, "", 0), at));
	e = parser_new(n->p, HCL_E_TEMPLATE, at);
	e->parts = parts->v;
	e->nparts = parts->n;
	return e;
}

static struct hcl_expr *
nest_if(struct nest *n, const struct piece *open)
{
	struct hcl_exprs parts[2] = { { 0 }, { 0 } };
	struct hcl_expr *e = parser_new(n->p, HCL_E_COND, open->range);
	size_t side = 0;

	for (;;) {
		const struct piece *piece = &n->list->v[n->at];

		if (piece->kind < P_ELSE) {
			parser_push(n->p, &parts[side], nest_piece(n));
			continue;
		}
		if (piece->kind == P_END) {
			nest_error(n, piece, open, "The if directive at ",
			    " is missing its corresponding endif directive.");
			return bad_piece(n, piece);
		}
		n->at++;
		if (piece->kind == P_ENDIF)
			break;
		if (piece->kind == P_ELSE && side == 0) {
			side = 1;
			continue;
		}
		if (piece->kind == P_ELSE)
			nest_error(n, piece, open,
			    "Already in the else clause for the if started at ",
			    ".");
		else
			nest_error(n, piece, open,
			    "Expecting an endif directive for the if started "
			    "at ",
			    ".");
		return bad_piece(n, piece);
	}
	e->one = open->expr;
	e->two = as_template(n, &parts[0], open->range);
	e->three = as_template(n, &parts[1], open->range);
	return e;
}

static struct hcl_expr *
nest_for(struct nest *n, const struct piece *open)
{
	struct hcl_exprs parts = { 0 };
	struct hcl_expr *join = parser_new(n->p, HCL_E_JOIN, open->range);
	struct hcl_expr *e = parser_new(n->p, HCL_E_FOR, open->range);

	for (;;) {
		const struct piece *piece = &n->list->v[n->at];

		if (piece->kind < P_ELSE) {
			parser_push(n->p, &parts, nest_piece(n));
			continue;
		}
		if (piece->kind == P_END) {
			nest_error(n, piece, open, "The for directive at ",
			    " is missing its corresponding endfor directive.");
			return bad_piece(n, piece);
		}
		n->at++;
		if (piece->kind == P_ENDFOR)
			break;
		if (piece->kind == P_ELSE)
			nest_error(n, piece, NULL,
			    "An else clause is not expected for a for "
			    "directive.",
			    "");
		else
			nest_error(n, piece, open,
			    "Expecting an endfor directive corresponding to "
			    "the for directive at ",
			    ".");
		return bad_piece(n, piece);
	}
	e->one = open->expr;
	e->two = as_template(n, &parts, open->range);
	e->loop = open->loop;
	join->one = e;
	return join;
}

static struct hcl_expr *
nest_piece(struct nest *n)
{
	const struct piece *piece = &n->list->v[n->at++];
	struct hcl_expr *e;

	switch (piece->kind) {
	case P_TEXT:
		return piece_text(n, piece);
	case P_INTERP:
		return piece->expr;
	case P_IF:
	case P_FOR:
		if (!parser_down(n->p))
			return bad_piece(n, piece);
		e = piece->kind == P_IF ? nest_if(n, piece)
					: nest_for(n, piece);
		parser_up(n->p);
		return e;
	case P_ELSE:
	case P_ENDIF:
	case P_ENDFOR:
	case P_END:
		break;
	}
	nest_error(n, piece, NULL,
	    "The control directives within this template are unbalanced.", "");
	return bad_piece(n, piece);
}

struct hcl_expr *
parser_template(struct hcl_parser *p, struct hcl_range open,
    enum hcl_tok closing, bool flush)
{
	struct pieces list = { 0 };
	struct nest n = { p, &list, 0 };
	struct hcl_exprs parts = { 0 };
	struct hcl_expr *e;

	parser_newlines(p, true);
	parse_pieces(p, &list, closing);
	parser_newlines_end(p);
	open = hcl_range_over(open, parser_prev_range(p));
	if (flush)
		flush_left(&list);
	join_texts(p, &list);
	if (list.n == 2 && list.v[0].kind == P_INTERP) {
		e = parser_new(p, HCL_E_WRAP, open);
		e->one = list.v[0].expr;
		return e;
	}
	while (n.at < list.n - 1)
		parser_push(p, &parts, nest_piece(&n));
	e = parser_new(p, HCL_E_TEMPLATE, open);
	e->parts = parts.v;
	e->nparts = parts.n;
	return e;
}
