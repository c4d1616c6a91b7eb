#include "common/hcl/internal.h"

#include <string.h>

#include "common/mem.h"

/* What the lexer is inside of, innermost last. */
enum lex_mode { IN_CODE, IN_QUOTES, IN_HEREDOC, IN_BARE };

struct lex_frame {
	enum lex_mode mode;
	uint32_t braces; /* IN_CODE: open braces of its own */
	uint32_t marker; /* IN_HEREDOC: where its marker stands */
	uint32_t nmarker;
	bool line_start; /* IN_HEREDOC: nothing read on this line yet */
};

/* Quotes and code alternate, so twice the depth and the outermost. */
#define LEX_MAX_FRAMES (2 * HCL_MAX_DEPTH + 2)

struct lex {
	const struct hcl_src *src;
	const char *p; /* the text */
	size_t n;
	size_t at;
	struct hcl_tokens *out;
	struct hcl_diags *d;
	struct lex_frame stack[LEX_MAX_FRAMES];
	size_t depth;
	bool refused; /* a limit is passed */
	bool told[HCL_NTOKS];
};

static struct lex_frame *
top(struct lex *l)
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

static void
push(struct lex *l, enum lex_mode mode)
{
	if (l->depth == LEX_MAX_FRAMES) {
		refuse(l, "Templates are nested too deeply.");
		return;
	}
	l->stack[l->depth++] = (struct lex_frame){ .mode = mode };
}

static void
emit(struct lex *l, enum hcl_tok type, size_t len)
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

static bool
looking_at(const struct lex *l, size_t at, const char *s)
{
	size_t n = strlen(s);

	return l->n - at >= n && memcmp(l->p + at, s, n) == 0;
}

/* The length of the line end at a place: 0, 1 or 2. */
static size_t
newline_at(const struct lex *l, size_t at)
{
	if (looking_at(l, at, "\n"))
		return 1;
	return looking_at(l, at, "\r\n") ? 2 : 0;
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
	if (looking_at(l, l->at, "/*")) {
		end = memmem(l->p + l->at + 2, l->n - l->at - 2, "*/", 2);
		return end == NULL ? 0 : (size_t)(end + 2 - l->p) - l->at;
	}
	if (l->p[l->at] != '#' && !looking_at(l, l->at, "//"))
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

	if (!looking_at(l, l->at, "<<"))
		return false;
	if (looking_at(l, at, "-"))
		at++;
	nmarker = ident_length(l, at);
	nl = nmarker == 0 ? 0 : newline_at(l, at + nmarker);
	if (nl == 0)
		return false;
	emit(l, T_OHEREDOC, at + nmarker + nl - l->at);
	push(l, IN_HEREDOC);
	top(l)->marker = (uint32_t)at;
	top(l)->nmarker = (uint32_t)nmarker;
	top(l)->line_start = true;
	return true;
}

/* Braces, quotes and what ends a template sequence: all that nests. */
static bool
lex_nesting(struct lex *l)
{
	struct lex_frame *f = top(l);
	bool strip = looking_at(l, l->at, "~}");
	char c = l->p[l->at];

	if (strip || c == '}') {
		size_t len = strip ? 2 : 1;

		if (l->depth > 1 && f->braces == 0) {
			l->depth--;
			emit(l, T_SEQ_END, len);
		} else {
			if (f->braces > 0)
				f->braces--;
			emit(l, strip ? T_SEQ_END : T_CBRACE, len);
		}
		return true;
	}
	if (c == '{') {
		f->braces++;
		emit(l, T_OBRACE, 1);
		return true;
	}
	if (c == '"') {
		emit(l, T_OQUOTE, 1);
		push(l, IN_QUOTES);
		return true;
	}
	return lex_heredoc_start(l);
}

static void
lex_symbol(struct lex *l)
{
	size_t len;
	int32_t cp;

	for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++)
		if (looking_at(l, l->at, spellings[i].text)) {
			emit(l, spellings[i].type, strlen(spellings[i].text));
			return;
		}
	cp = hcl_utf8(l->p + l->at, l->n - l->at, &len);
	emit(l, cp < 0 ? T_BAD_UTF8 : T_INVALID, len);
}

static void
lex_code(struct lex *l)
{
	bool newline;
	size_t len;

	if (l->p[l->at] == ' ' || l->p[l->at] == '\t') {
		l->at++;
	} else if ((len = newline_at(l, l->at)) > 0) {
		emit(l, T_NEWLINE, len);
	} else if ((len = comment_length(l, &newline)) > 0) {
		if (newline)
			emit(l, T_NEWLINE, len);
		else
			l->at += len;
	} else if (is_digit_at(l, l->at)) {
		emit(l, T_NUMBER, number_length(l));
	} else if ((len = ident_length(l, l->at)) > 0) {
		emit(l, T_IDENT, len);
	} else if (!lex_nesting(l)) {
		lex_symbol(l);
	}
}

/* ${ or %{ at a place. */
static bool
is_sequence(const struct lex *l, size_t at)
{
	return looking_at(l, at, "${") || looking_at(l, at, "%{");
}

static void
lex_sequence(struct lex *l)
{
	bool control = l->p[l->at] == '%';
	size_t len = looking_at(l, l->at + 2, "~") ? 3 : 2;

	emit(l, control ? T_CONTROL : T_INTERP, len);
	push(l, IN_CODE);
}

/*
 * The length of the $ or % at a place as text: with the sequence start after
 * it when doubled, which is how a sequence is escaped.
 */
static size_t
sigil_length(const struct lex *l, size_t at)
{
	if (at + 1 < l->n && l->p[at] == l->p[at + 1] &&
	    looking_at(l, at + 2, "{"))
		return 3;
	return 1;
}

static void
lex_quotes(struct lex *l)
{
	size_t at = l->at, len;

	if (l->p[at] == '"') {
		l->depth--;
		emit(l, T_CQUOTE, 1);
		return;
	}
	if (is_sequence(l, at)) {
		lex_sequence(l);
		return;
	}
	if (l->p[at] == '\n' || l->p[at] == '\r') {
		emit(l, T_QUOTED_NEWLINE, 1);
		return;
	}
	while (at < l->n) {
		char c = l->p[at];

		if (c == '"' || c == '\n' || c == '\r' || is_sequence(l, at))
			break;
		if (c == '\\' && at + 1 < l->n && l->p[at + 1] != '\n' &&
		    l->p[at + 1] != '\r')
			at++;
		else if (c == '\\')
			break;
		if (hcl_utf8(l->p + at, l->n - at, &len) < 0)
			break;
		at += c == '$' || c == '%' ? sigil_length(l, at) : len;
	}
	if (at > l->at)
		emit(l, T_QUOTED_LIT, at - l->at);
	else
		lex_symbol(l);
}

/* True when the line that was just read, up to end, is the closing marker. */
static bool
is_marker(const struct lex *l, const struct lex_frame *f, size_t end)
{
	size_t at = l->at;

	while (at < end && (l->p[at] == ' ' || l->p[at] == '\t'))
		at++;
	while (end > at && strchr(" \t\r\n", l->p[end - 1]) != NULL)
		end--;
	return end - at == f->nmarker &&
	       memcmp(l->p + at, l->p + f->marker, f->nmarker) == 0;
}

/* Text of a heredoc or a bare template: to the end of the line at most. */
static void
lex_lines(struct lex *l)
{
	struct lex_frame *f = top(l);
	size_t at = l->at, len, nl = 0;

	if (is_sequence(l, at)) {
		lex_sequence(l);
		return;
	}
	while (at < l->n && !is_sequence(l, at)) {
		if ((nl = newline_at(l, at)) > 0)
			break;
		if (hcl_utf8(l->p + at, l->n - at, &len) < 0)
			break;
		at += l->p[at] == '$' || l->p[at] == '%' ? sigil_length(l, at)
							 : len;
	}
	if (at == l->at && nl == 0) {
		lex_symbol(l);
		return;
	}
	if (f->mode == IN_HEREDOC && nl > 0 && f->line_start &&
	    is_marker(l, f, at)) {
		l->depth--;
		emit(l, T_CHEREDOC, at - l->at);
		emit(l, T_NEWLINE, nl);
		return;
	}
	f->line_start = nl > 0;
	emit(l, T_STRING_LIT, at + nl - l->at);
}

void
hcl_lex(const struct hcl_src *src, enum hcl_lex_start start,
    struct hcl_tokens *t, struct hcl_diags *d)
{
	struct lex l = {
		.src = src, .p = src->text, .n = src->n, .out = t, .d = d
	};

	push(&l, start == HCL_LEX_FILE ? IN_CODE : IN_BARE);
	if (start == HCL_LEX_FILE && looking_at(&l, 0, "\xef\xbb\xbf"))
		l.at = 3;
	while (l.at < l.n)
		switch (top(&l)->mode) {
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
