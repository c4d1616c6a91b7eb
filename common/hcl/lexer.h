/*
 * Inside lex.c, which reads code, and lex_text.c, which reads what stands in
 * quotes and heredocs.
 */
#ifndef COMMON_HCL_LEXER_H
#define COMMON_HCL_LEXER_H

#include "common/hcl/internal.h"

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

/* --- lex.c --- */

/* What the lexer is inside of now. */
struct lex_frame *lex_top(struct lex *l);
/* Goes inside of something; refused where that is too deep. */
void lex_push(struct lex *l, enum lex_mode mode);
/* A token from here on; goes on behind it. */
void lex_emit(struct lex *l, enum hcl_tok type, size_t len);
bool lex_looking_at(const struct lex *l, size_t at, const char *s);
/* The length of the line end at a place: 0, 1 or 2. */
size_t lex_newline_at(const struct lex *l, size_t at);
/* A sign, or what is none. */
void lex_symbol(struct lex *l);

/* --- lex_text.c --- */

void lex_quotes(struct lex *l);
/* Text of a heredoc or a bare template: to the end of the line at most. */
void lex_lines(struct lex *l);

#endif
