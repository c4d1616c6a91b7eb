#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/hcl1/impl.h"
#include "common/mem.h"

#define END (-1)

/*
 * Places are kept as HCL 1's own scanner keeps them, oddities included (the
 * end of the text is a column further each time it is read), for people
 * compare its messages with ours.
 */

void
hcl1_scan_init(struct hcl1_scan *s, const char *src, size_t n, bool json)
{
	*s = (struct hcl1_scan){ .src = src, .n = n, .json = json };
	s->pos.line = 1;
}

const char *
hcl1_tok_name(enum hcl1_tok type)
{
	static const char *const names[] = { "ILLEGAL", "EOF", "COMMENT",
		"IDENT", "NUMBER", "FLOAT", "BOOL", "STRING", "HEREDOC",
		"LBRACK", "LBRACE", "COMMA", "PERIOD", "RBRACK", "RBRACE",
		"ASSIGN", "ADD", "SUB", "COLON", "NULL" };

	return names[type];
}

static void
complain(struct hcl1_scan *s, const char *what)
{
	struct hcl1_pos at = s->pos;

	if (s->pos.col == 0 && s->last_line_len > 0)
		at = (struct hcl1_pos){ s->pos.line - 1, s->last_line_len };
	else if (s->pos.col == 0)
		at = (struct hcl1_pos){ 1, 1 };
	free(s->error);
	s->error =
	    xasprintf("At %" PRIu32 ":%" PRIu32 ": %s", at.line, at.col, what);
}

/* The code point at p; its length in *len. -1: no UTF-8. */
static int32_t
decode(const char *p, size_t n, size_t *len)
{
	const unsigned char *u = (const unsigned char *)p;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t want = u[0] < 0x80             ? 1
		      : (u[0] & 0xe0) == 0xc0 ? 2
		      : (u[0] & 0xf0) == 0xe0 ? 3
		      : (u[0] & 0xf8) == 0xf0 ? 4
					      : 0;
	uint32_t cp;

	*len = 1;
	if (want == 0 || want > n)
		return -1;
	cp = want == 1 ? u[0] : u[0] & (0x7fu >> want);
	for (size_t i = 1; i < want; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return -1;
		cp = cp << 6 | (u[i] & 0x3f);
	}
	if (cp < least[want] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		return -1;
	*len = want;
	return (int32_t)cp;
}

static int32_t
next(struct hcl1_scan *s)
{
	int32_t ch;
	size_t len;

	if (s->at >= s->n) {
		s->pos.col++;
		s->last_n = 0;
		return END;
	}
	ch = decode(s->src + s->at, s->n - s->at, &len);
	s->prev = s->pos;
	s->prev_at = s->at;
	s->pos.col++;
	s->last_n = len;
	s->at += len;
	if (ch == -1) {
		complain(s, "illegal UTF-8 encoding");
		return 0xfffd;
	}
	if (ch == '\n') {
		s->pos.line++;
		s->last_line_len = s->pos.col;
		s->pos.col = 0;
	}
	if (ch == 0) {
		complain(s, "unexpected null character (0x00)");
		return END;
	}
	return ch;
}

static void
unread(struct hcl1_scan *s)
{
	s->pos = s->prev;
	s->at = s->prev_at;
}

static int32_t
peek(struct hcl1_scan *s)
{
	size_t len;

	return s->at >= s->n ? END : decode(s->src + s->at, s->n - s->at, &len);
}

static bool
is_letter(int32_t ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
	       ch == '_' || ch >= 0x80;
}

static bool
is_digit(int32_t ch)
{
	return ch >= '0' && ch <= '9';
}

static bool
is_hex(int32_t ch)
{
	return is_digit(ch) || (ch >= 'a' && ch <= 'f') ||
	       (ch >= 'A' && ch <= 'F');
}

static int32_t
scan_digits(struct hcl1_scan *s, int32_t ch)
{
	bool any = is_digit(ch);

	while (is_digit(ch))
		ch = next(s);
	if (any && ch != END)
		unread(s);
	return ch;
}

static void
scan_exponent(struct hcl1_scan *s)
{
	int32_t ch = next(s);

	if (ch == '-' || ch == '+')
		ch = next(s);
	scan_digits(s, ch);
}

static void
scan_hex(struct hcl1_scan *s)
{
	int32_t ch = next(s);

	if (!is_hex(ch))
		complain(s, "illegal hexadecimal number");
	while (is_hex(ch))
		ch = next(s);
	if (ch != END)
		unread(s);
}

static enum hcl1_tok
scan_number(struct hcl1_scan *s, int32_t ch)
{
	bool octal = ch == '0' && !s->json, bad = false;

	ch = next(s);
	if (octal && (ch == 'x' || ch == 'X')) {
		scan_hex(s);
		return TOK_NUMBER;
	}
	for (; is_digit(ch); ch = next(s))
		bad |= octal && ch >= '8';
	if (ch == 'e' || ch == 'E') {
		scan_exponent(s);
		return TOK_NUMBER;
	}
	if (ch == '.') {
		ch = scan_digits(s, next(s));
		if (ch == 'e' || ch == 'E') {
			next(s);
			scan_exponent(s);
		} else if (!is_digit(s->src[s->at - 1]) && ch != END) {
			unread(s);
		}
		return TOK_FLOAT;
	}
	if (bad)
		complain(s, "illegal octal number");
	if (ch != END)
		unread(s);
	return TOK_NUMBER;
}

static void
scan_escape(struct hcl1_scan *s)
{
	int32_t ch = next(s);
	size_t want = ch == 'x' ? 2 : ch == 'u' ? 4 : ch == 'U' ? 8 : 0;

	if (ch >= 0x20 && ch < 0x7f && strchr("abfnrtv\\\"", (int)ch) != NULL)
		return;
	if (s->json && ch == '/')
		return;
	if (ch >= '0' && ch <= '7') {
		for (size_t i = 1; i < 3; i++)
			if (next(s) < '0')
				break;
		return;
	}
	if (want == 0) {
		complain(s, "illegal char escape");
		return;
	}
	while (want-- > 0 && is_hex(ch = next(s)))
		;
	if (!is_hex(ch)) {
		complain(s, "illegal char escape");
		if (ch != END)
			unread(s);
	}
}

static void
scan_string(struct hcl1_scan *s)
{
	int braces = 0;

	for (;;) {
		int32_t ch = next(s);

		if (ch == END || (ch == '\n' && braces == 0)) {
			complain(s, "literal not terminated");
			return;
		}
		if (ch == '"' && braces == 0)
			return;
		if (s->json) {
			if (ch == '\\')
				scan_escape(s);
			continue;
		}
		if (braces == 0 && ch == '$' && peek(s) == '{') {
			braces++;
			next(s);
		} else if (braces > 0 && ch == '{') {
			braces++;
		}
		if (braces > 0 && ch == '}')
			braces--;
		if (ch == '\\')
			scan_escape(s);
	}
}

static void
scan_comment(struct hcl1_scan *s, int32_t ch)
{
	int32_t before;

	if (ch == '#' || peek(s) != '*') {
		if (ch == '/' && peek(s) != '/') {
			complain(s, "expected '/' for comment");
			return;
		}
		do
			ch = next(s);
		while (ch != '\n' && ch != END);
		if (ch != END)
			unread(s);
		return;
	}
	next(s);
	ch = next(s);
	do {
		if (ch == END) {
			complain(s, "comment not terminated");
			return;
		}
		before = ch;
		ch = next(s);
	} while (before != '*' || ch != '/');
}

/* True if the line, up to its end, is the anchor after blanks. */
static bool
ends_heredoc(const char *line, size_t n, const char *anchor, size_t nanchor)
{
	while (n > 0 && strchr(" \t\r\v\f", line[0]) != NULL && line[0] != '\0')
		line++, n--;
	while (n > 0 && line[n - 1] == '\r')
		n--;
	return n == nanchor && memcmp(line, anchor, n) == 0;
}

static void
scan_heredoc(struct hcl1_scan *s)
{
	const char *anchor;
	size_t nanchor, line;
	int32_t ch;

	if (next(s) != '<') {
		complain(s, "heredoc expected second '<', didn't see it");
		return;
	}
	anchor = s->src + s->at;
	ch = next(s);
	if (ch == '-') {
		anchor++;
		ch = next(s);
	}
	while (is_letter(ch) || is_digit(ch))
		ch = next(s);
	nanchor = (size_t)(s->src + s->at - s->last_n - anchor);
	if (ch == '\r' && peek(s) == '\n')
		ch = next(s);
	if (ch != '\n') {
		complain(s, ch == END ? "heredoc not terminated"
				      : "invalid characters in heredoc anchor");
		return;
	}
	if (nanchor == 0) {
		complain(s, "zero-length heredoc anchor");
		return;
	}
	/* The anchor needs a line end of its own, too. */
	for (line = s->at; (ch = next(s)) != END;) {
		if (ch != '\n')
			continue;
		if (ends_heredoc(
			s->src + line, s->at - 1 - line, anchor, nanchor)) {
			unread(s);
			return;
		}
		line = s->at;
	}
	complain(s, "heredoc not terminated");
}

static enum hcl1_tok
scan_other(struct hcl1_scan *s, int32_t ch)
{
	static const struct {
		char ch;
		enum hcl1_tok tok;
	} marks[] = { { '[', TOK_LBRACK }, { ']', TOK_RBRACK },
		{ '{', TOK_LBRACE }, { '}', TOK_RBRACE }, { ',', TOK_COMMA },
		{ '=', TOK_ASSIGN }, { '+', TOK_ADD }, { ':', TOK_COLON } };

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (ch == marks[i].ch &&
		    (s->json || marks[i].tok != TOK_COLON) &&
		    (!s->json || marks[i].tok != TOK_ASSIGN))
			return marks[i].tok;
	if (ch == '-' && is_digit(peek(s)))
		return scan_number(s, next(s));
	if (ch == '-')
		return TOK_SUB;
	if (ch == '.' && is_digit(peek(s))) {
		scan_digits(s, next(s));
		return TOK_FLOAT;
	}
	if (ch == '.')
		return TOK_PERIOD;
	complain(s, "illegal character");
	return TOK_ILLEGAL;
}

static enum hcl1_tok
scan_word(struct hcl1_scan *s, const char *word)
{
	size_t n;
	int32_t ch;

	do
		ch = next(s);
	while (is_letter(ch) || is_digit(ch) || ch == '-' || ch == '.');
	if (ch != END)
		unread(s);
	n = (size_t)(s->src + s->at - word);
	if ((n == 4 && memcmp(word, "true", 4) == 0) ||
	    (n == 5 && memcmp(word, "false", 5) == 0))
		return TOK_BOOL;
	if (s->json)
		return n == 4 && memcmp(word, "null", 4) == 0 ? TOK_NULL
							      : TOK_IDENT;
	return TOK_IDENT;
}

struct hcl1_token
hcl1_scan(struct hcl1_scan *s)
{
	struct hcl1_token t = { 0 };
	int32_t ch;

	do
		ch = next(s);
	while (ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r');
	t.pos = s->pos;
	t.text = s->src + s->at - s->last_n;
	if (ch == END)
		t.type = TOK_EOF;
	else if (is_letter(ch))
		t.type = scan_word(s, t.text);
	else if (is_digit(ch))
		t.type = scan_number(s, ch);
	else if (ch == '"')
		t.type = TOK_STRING, scan_string(s);
	else if ((ch == '#' || ch == '/') && !s->json)
		t.type = TOK_COMMENT, scan_comment(s, ch);
	else if (ch == '<' && !s->json)
		t.type = TOK_HEREDOC, scan_heredoc(s);
	else
		t.type = scan_other(s, ch);
	t.n = (size_t)(s->src + s->at - t.text);
	return t;
}
