/* Text: in quotes, in a heredoc, in a template. */
#include <string.h>

#include "common/hcl/internal.h"
#include "common/hcl/lexer.h"

/* ${ or %{ at a place. */
static bool
is_sequence(const struct lex *l, size_t at)
{
	return lex_looking_at(l, at, "${") || lex_looking_at(l, at, "%{");
}

static void
lex_sequence(struct lex *l)
{
	bool control = l->p[l->at] == '%';
	size_t len = lex_looking_at(l, l->at + 2, "~") ? 3 : 2;

	lex_emit(l, control ? T_CONTROL : T_INTERP, len);
	lex_push(l, IN_CODE);
}

/*
 * The length of the $ or % at a place as text: with the sequence start after
 * it when doubled, which is how a sequence is escaped.
 */
static size_t
sigil_length(const struct lex *l, size_t at)
{
	if (at + 1 < l->n && l->p[at] == l->p[at + 1] &&
	    lex_looking_at(l, at + 2, "{"))
		return 3;
	return 1;
}

void
lex_quotes(struct lex *l)
{
	size_t at = l->at, len;

	if (l->p[at] == '"') {
		l->depth--;
		lex_emit(l, T_CQUOTE, 1);
		return;
	}
	if (is_sequence(l, at)) {
		lex_sequence(l);
		return;
	}
	if (l->p[at] == '\n' || l->p[at] == '\r') {
		lex_emit(l, T_QUOTED_NEWLINE, 1);
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
		lex_emit(l, T_QUOTED_LIT, at - l->at);
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
void
lex_lines(struct lex *l)
{
	struct lex_frame *f = lex_top(l);
	size_t at = l->at, len, nl = 0;

	if (is_sequence(l, at)) {
		lex_sequence(l);
		return;
	}
	while (at < l->n && !is_sequence(l, at)) {
		if ((nl = lex_newline_at(l, at)) > 0)
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
		lex_emit(l, T_CHEREDOC, at - l->at);
		lex_emit(l, T_NEWLINE, nl);
		return;
	}
	f->line_start = nl > 0;
	lex_emit(l, T_STRING_LIT, at + nl - l->at);
}
