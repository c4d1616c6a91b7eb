/*
 * The parser's state, for the files that it is made of: parser.c reads tokens,
 * parse.c whole texts, parse_body.c bodies, parse_expr.c and its siblings
 * expressions, parse_template.c templates.
 *
 * After a mistake the parser is "recovering": it skips to where it can make
 * sense of things again and keeps quiet about what may follow from the first
 * mistake.
 */
#ifndef COMMON_HCL_PARSER_H
#define COMMON_HCL_PARSER_H

#include "common/hcl/internal.h"

#define PARSER_MAX_NEWLINES (3 * HCL_MAX_DEPTH)

struct hcl_parser {
	struct hcl_file *file;
	struct arena *arena;
	const struct hcl_src *src;
	const struct hcl_token *toks;
	size_t ntoks;
	size_t at;
	size_t prev; /* the token read last */
	struct hcl_diags *d;
	bool recovering;
	/* Whether line ends matter, by nesting; innermost last. */
	bool newlines[PARSER_MAX_NEWLINES];
	size_t nnewlines;
	size_t depth;
};

/* At the first token of a text. */
void parser_start(struct hcl_parser *p, struct hcl_file *file,
    const struct hcl_src *src, const struct hcl_tokens *toks,
    struct hcl_diags *d);

/* The next token, skipping line ends where they do not matter. */
struct hcl_token parser_peek(struct hcl_parser *p);
struct hcl_token parser_read(struct hcl_parser *p);
struct hcl_range parser_range(const struct hcl_parser *p, struct hcl_token t);
struct hcl_range parser_prev_range(const struct hcl_parser *p);
bool parser_is_word(
    const struct hcl_parser *p, struct hcl_token t, const char *word);
const char *parser_text(struct hcl_parser *p, struct hcl_token t);

void parser_newlines(struct hcl_parser *p, bool matter);
void parser_newlines_end(struct hcl_parser *p);

/* Enters one more level; false, told and everything skipped when it is one
 * too many. Each true one is left by parser_up(). */
bool parser_down(struct hcl_parser *p);
void parser_up(struct hcl_parser *p);

void parser_error(struct hcl_parser *p, struct hcl_token t, const char *summary,
    const char *detail);
/* The same, kept quiet while recovering. */
void parser_error_once(struct hcl_parser *p, struct hcl_token t,
    const char *summary, const char *detail);

/* To compare with before: were there errors since? */
size_t parser_nerrors(const struct hcl_parser *p);
bool parser_failed_since(const struct hcl_parser *p, size_t nerrors);

/* Skips past the closing token that belongs here, and returns it. */
struct hcl_token parser_recover(struct hcl_parser *p, enum hcl_tok closing);

/* Skips past the end of the line, brackets taken as a whole. */
void parser_recover_item(struct hcl_parser *p);

struct hcl_expr *parser_new(
    struct hcl_parser *p, enum hcl_expr_kind kind, struct hcl_range range);
struct hcl_expr *parser_literal(
    struct hcl_parser *p, const struct hcl_value *v, struct hcl_range range);

/* A body up to its closing token, which is read. */
struct hcl_body *parser_body(struct hcl_parser *p, enum hcl_tok end);

struct hcl_expr *parser_expr(struct hcl_parser *p);

/* Its parts: a call whose name was read, [..] and {..} at their opening
 * bracket, and the steps that may follow a term. */
struct hcl_expr *parser_call(struct hcl_parser *p, struct hcl_token name);
struct hcl_expr *parser_tuple(struct hcl_parser *p);
struct hcl_expr *parser_object(struct hcl_parser *p);
struct hcl_expr *parser_steps(struct hcl_parser *p, struct hcl_expr *from);

/* A number token's value. */
const struct hcl_value *parser_number(struct hcl_parser *p, struct hcl_token t);

/* Closes the range of an expression behind the token read last. */
struct hcl_expr *parser_finish(struct hcl_parser *p, struct hcl_expr *e);

/* A template up to its closing token, which is read; flush: a <<- heredoc.
 * With start at its opening token. */
struct hcl_expr *parser_template(struct hcl_parser *p, struct hcl_range open,
    enum hcl_tok closing, bool flush);

/* The text of a literal token, escapes resolved; appended to out. */
void parser_unescape(struct hcl_parser *p, struct hcl_token t, struct buf *out);

/* Room for one more of n things in the arena. */
void *parser_grow(
    struct hcl_parser *p, void *old, size_t n, size_t *cap, size_t size);

/* A growing list in the arena. */
struct hcl_exprs {
	struct hcl_expr **v;
	size_t n;
	size_t cap;
};
void parser_push(
    struct hcl_parser *p, struct hcl_exprs *list, struct hcl_expr *e);

#endif
