#include "common/hcl/internal.h"

#include <string.h>

#include "common/hcl/lexer.h"
#include "common/mem.h"

struct lex_frame *
lex_top(struct lex *l)
{
	return &l->stack[l->depth - 1];
}

static void
refuse(struct lex *l, const char *why)
{
	struct hcl_range r = { l->src, (uint32_t)l->at, (uint32_t)l->at };

	if (!l->refused)
		hcl_diag_add(l->d, r, "Input too complex", "%s", why);
	l->refused = true;
	l->at = l->n;
}

void
lex_push(struct lex *l, enum lex_mode mode)
{
	if (l->depth == LEX_MAX_FRAMES) {
		refuse(l, "Templates are nested too deeply.");
		return;
	}
	l->stack[l->depth++] = (struct lex_frame){ .mode = mode };
}

void
lex_emit(struct lex *l, enum hcl_tok type, size_t len)
{
	struct hcl_token t = { type, (uint32_t)l->at, (uint32_t)(l->at + len) };
	struct hcl_tokens *out = l->out;

	if (out->n == HCL_MAX_TOKENS) {
		refuse(l, "The file has too many words.");
		return;
	}
	out->v = xgrow(out->v, out->n, &out->cap, sizeof *out->v);
	out->v[out->n++] = t;
	l->at += len;
	if (type >= T_BIT_AND)
		hcl_lex_complain(l->src, &t, l->told, l->d);
}

bool
lex_looking_at(const struct lex *l, size_t at, const char *s)
{
	size_t n = strlen(s);

	return l->n - at >= n && memcmp(l->p + at, s, n) == 0;
}

/* The length of the line end at a place: 0, 1 or 2. */
size_t
lex_newline_at(const struct lex *l, size_t at)
{
	if (lex_looking_at(l, at, "\n"))
		return 1;
	return lex_looking_at(l, at, "\r\n") ? 2 : 0;
}

static size_t
ident_length(const struct lex *l, size_t at)
{
	size_t i = at, len;

	if (i >= l->n || !hcl_is_id_start(hcl_utf8(l->p + i, l->n - i, &len)))
		return 0;
	for (i += len; i < l->n; i += len)
		if (l->p[i] == '-')
			len = 1;
		else if (!hcl_is_id_continue(
			     hcl_utf8(l->p + i, l->n - i, &len)))
			break;
	return i - at;
}

static bool
is_digit_at(const struct lex *l, size_t at)
{
	return at < l->n && l->p[at] >= '0' && l->p[at] <= '9';
}

/* Digits, points and exponents; a point at the end is not taken. */
static size_t
number_length(const struct lex *l)
{
	size_t i = l->at + 1, good = i;

	while (i < l->n) {
		char c = l->p[i];

		if (is_digit_at(l, i)) {
			good = ++i;
		} else if (c == '.') {
			i++;
		} else if (c == 'e' || c == 'E') {
			size_t j = i + 1;

			if (j < l->n && (l->p[j] == '+' || l->p[j] == '-'))
				j++;
			if (!is_digit_at(l, j))
				break;
			good = i = j + 1;
		} else {
			break;
		}
	}
	return good - l->at;
}

/* The length of a comment, or 0. *newline: it took the line's end with it. */
static size_t
comment_length(const struct lex *l, bool *newline)
{
	const char *end;

	*newline = false;
	if (lex_looking_at(l, l->at, "/*")) {
		end = memmem(l->p + l->at + 2, l->n - l->at - 2, "*/", 2);
		return end == NULL ? 0 : (size_t)(end + 2 - l->p) - l->at;
	}
	if (l->p[l->at] != '#' && !lex_looking_at(l, l->at, "//"))
		return 0;
	end = memchr(l->p + l->at, '\n', l->n - l->at);
	*newline = end != NULL;
	return end == NULL ? l->n - l->at : (size_t)(end + 1 - l->p) - l->at;
}

struct spelling {
	const char *text;
	enum hcl_tok type;
};

/* Longer ones first. */
static const struct spelling spellings[] = {
	{ "...", T_ELLIPSIS },
	{ "==", T_EQ },
	{ "!=", T_NE },
	{ ">=", T_GE },
	{ "<=", T_LE },
	{ "&&", T_AND },
	{ "||", T_OR },
	{ "=>", T_ARROW },
	{ "::", T_DOUBLE_COLON },
	{ "**", T_STARSTAR },
	{ "[", T_OBRACK },
	{ "]", T_CBRACK },
	{ "(", T_OPAREN },
	{ ")", T_CPAREN },
	{ "*", T_STAR },
	{ "/", T_SLASH },
	{ "+", T_PLUS },
	{ "-", T_MINUS },
	{ "%", T_PERCENT },
	{ "=", T_EQUAL },
	{ "<", T_LT },
	{ ">", T_GT },
	{ "!", T_BANG },
	{ ".", T_DOT },
	{ ",", T_COMMA },
	{ "?", T_QUESTION },
	{ ":", T_COLON },
	{ "&", T_BIT_AND },
	{ "|", T_BIT_OR },
	{ "~", T_BIT_NOT },
	{ "^", T_BIT_XOR },
	{ "'", T_APOSTROPHE },
	{ "`", T_BACKQUOTE },
	{ ";", T_SEMICOLON },
};

/* <<X or <<-X at the end of a line; false when that is not what stands here. */
static bool
lex_heredoc_start(struct lex *l)
{
	size_t at = l->at + 2, nmarker, nl;

	if (!lex_looking_at(l, l->at, "<<"))
		return false;
	if (lex_looking_at(l, at, "-"))
		at++;
	nmarker = ident_length(l, at);
	nl = nmarker == 0 ? 0 : lex_newline_at(l, at + nmarker);
	if (nl == 0)
		return false;
	lex_emit(l, T_OHEREDOC, at + nmarker + nl - l->at);
	lex_push(l, IN_HEREDOC);
	lex_top(l)->marker = (uint32_t)at;
	lex_top(l)->nmarker = (uint32_t)nmarker;
	lex_top(l)->line_start = true;
	return true;
}

/* Braces, quotes and what ends a template sequence: all that nests. */
static bool
lex_nesting(struct lex *l)
{
	struct lex_frame *f = lex_top(l);
	bool strip = lex_looking_at(l, l->at, "~}");
	char c = l->p[l->at];

	if (strip || c == '}') {
		size_t len = strip ? 2 : 1;

		if (l->depth > 1 && f->braces == 0) {
			l->depth--;
			lex_emit(l, T_SEQ_END, len);
		} else {
			if (f->braces > 0)
				f->braces--;
			lex_emit(l, strip ? T_SEQ_END : T_CBRACE, len);
		}
		return true;
	}
	if (c == '{') {
		f->braces++;
		lex_emit(l, T_OBRACE, 1);
		return true;
	}
	if (c == '"') {
		lex_emit(l, T_OQUOTE, 1);
		lex_push(l, IN_QUOTES);
		return true;
	}
	return lex_heredoc_start(l);
}

void
lex_symbol(struct lex *l)
{
	size_t len;
	int32_t cp;

	for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++)
		if (lex_looking_at(l, l->at, spellings[i].text)) {
			lex_emit(
			    l, spellings[i].type, strlen(spellings[i].text));
			return;
		}
	cp = hcl_utf8(l->p + l->at, l->n - l->at, &len);
	lex_emit(l, cp < 0 ? T_BAD_UTF8 : T_INVALID, len);
}

static void
lex_code(struct lex *l)
{
	bool newline;
	size_t len;

	if (l->p[l->at] == ' ' || l->p[l->at] == '\t') {
		l->at++;
	} else if ((len = lex_newline_at(l, l->at)) > 0) {
		lex_emit(l, T_NEWLINE, len);
	} else if ((len = comment_length(l, &newline)) > 0) {
		if (newline)
			lex_emit(l, T_NEWLINE, len);
		else
			l->at += len;
	} else if (is_digit_at(l, l->at)) {
		lex_emit(l, T_NUMBER, number_length(l));
	} else if ((len = ident_length(l, l->at)) > 0) {
		lex_emit(l, T_IDENT, len);
	} else if (!lex_nesting(l)) {
		lex_symbol(l);
	}
}

void
hcl_lex(const struct hcl_src *src, enum hcl_lex_start start,
    struct hcl_tokens *t, struct hcl_diags *d)
{
	struct lex l = {
		.src = src, .p = src->text, .n = src->n, .out = t, .d = d
	};

	lex_push(&l, start == HCL_LEX_FILE ? IN_CODE : IN_BARE);
	if (start == HCL_LEX_FILE && lex_looking_at(&l, 0, "\xef\xbb\xbf"))
		l.at = 3;
	while (l.at < l.n)
		switch (lex_top(&l)->mode) {
		case IN_CODE:
			lex_code(&l);
			break;
		case IN_QUOTES:
			lex_quotes(&l);
			break;
		case IN_HEREDOC:
		case IN_BARE:
			lex_lines(&l);
			break;
		}
	t->v = xgrow(t->v, t->n, &t->cap, sizeof *t->v);
	t->v[t->n++] =
	    (struct hcl_token){ T_EOF, (uint32_t)l.n, (uint32_t)l.n };
}
