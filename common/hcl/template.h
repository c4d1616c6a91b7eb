/*
 * A template between tokens and tree: a flat list of pieces, where white
 * space is trimmed. template_text.c resolves escapes and trims,
 * parse_template.c makes pieces of tokens, template_tree.c nests them.
 */
#ifndef COMMON_HCL_TEMPLATE_H
#define COMMON_HCL_TEMPLATE_H

#include "common/hcl/parser.h"

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

/* Reads pieces up to the closing token. */
void template_pieces(
    struct hcl_parser *p, struct pieces *list, enum hcl_tok closing);

/* Takes white space away beside a ~. */
void template_trim_left(struct piece *piece);
void template_trim_right(struct piece *piece);

/* Takes the least indent from the lines of a <<- heredoc. */
void template_flush(struct pieces *list);

/* Texts that stand side by side become one. */
void template_join(struct hcl_parser *p, struct pieces *list);

#endif
