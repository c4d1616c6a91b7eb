/*
 * What the files of this folder share.
 */
#ifndef COMMON_HCL1_IMPL_H
#define COMMON_HCL1_IMPL_H

#include "common/buf.h"
#include "common/hcl1/hcl1.h"
#include "common/tree.h"

enum hcl1_tok {
	TOK_ILLEGAL,
	TOK_EOF,
	TOK_COMMENT,
	TOK_IDENT,
	TOK_NUMBER,
	TOK_FLOAT,
	TOK_BOOL,
	TOK_STRING,
	TOK_HEREDOC,
	TOK_LBRACK,
	TOK_LBRACE,
	TOK_COMMA,
	TOK_PERIOD,
	TOK_RBRACK,
	TOK_RBRACE,
	TOK_ASSIGN,
	TOK_ADD,
	TOK_SUB,
	TOK_COLON, /* JSON only */
	TOK_NULL,  /* JSON only */
};

struct hcl1_token {
	enum hcl1_tok type;
	struct hcl1_pos pos;
	const char *text; /* into the source */
	size_t n;
};

/* Reads code points with their places. */
struct hcl1_scan {
	const char *src;
	size_t n;
	size_t at;     /* of the next code point */
	size_t last_n; /* bytes of the last one read */
	struct hcl1_pos pos, prev;
	size_t prev_at;
	uint32_t last_line_len;
	bool json;
	char *error; /* the last complaint, "At 1:2: ..."; on the heap */
};

void hcl1_scan_init(struct hcl1_scan *s, const char *src, size_t n, bool json);
struct hcl1_token hcl1_scan(struct hcl1_scan *s);
const char *hcl1_tok_name(enum hcl1_tok type);

/* A quoted text's meaning; NULL when it has none. */
const char *hcl1_unquote(
    struct arena *a, const char *text, size_t n, bool json);
const char *hcl1_heredoc(struct arena *a, const char *text, size_t n);

struct hcl1_parser {
	struct arena *arena;
	struct hcl1_scan scan;
	struct hcl1_token tok;
	bool again; /* tok is to be read once more */
	size_t depth, nitems;
};

int hcl1_fail(const struct hcl1_token *tok, struct err *err, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
void hcl1_next(struct hcl1_parser *p); /* to the next token, into p->tok */
int hcl1_enter(struct hcl1_parser *p, struct err *err);
int hcl1_literal(
    struct hcl1_parser *p, const struct hcl1_node **out, struct err *err);
const char *hcl1_key_text(struct hcl1_parser *p);
int hcl1_add_item(struct hcl1_parser *p, struct hcl1_items *items, size_t *cap,
    const struct hcl1_key *keys, size_t nkeys, const struct hcl1_node *value,
    struct err *err);
int hcl1_add_node(struct hcl1_parser *p, struct hcl1_node *list, size_t *cap,
    const struct hcl1_node *node, struct err *err);

/* Sets the items in a map; a block becomes a list of one map. */
void hcl1_tree(struct arena *a, struct hcl1_items items, struct tree *map);

/*
 * What a row is filled from: a value, or the items that name it with labels
 * still on them, or one such item.
 */
struct hcl1_source {
	const struct hcl1_node *node; /* NULL: items or item */
	struct hcl1_items items;
	const struct hcl1_item *item;
};

/* One name further in, or out; for messages. */
int hcl1_enter_name(struct hcl1_fill *f, const char *name, struct err *err);

/* "At 2:13: root.client.x: what *ast.ListType"; not named: without the
 * middle. */
int hcl1_refuse(const struct hcl1_fill *f, const struct hcl1_source *s,
    bool named, struct err *err, const char *what);
int hcl1_refuse_object(const struct hcl1_fill *f, const struct hcl1_source *s,
    const char *what, struct err *err);

/* The literal's text, borrowed from the tree. */
int hcl1_get_text(struct hcl1_fill *f, const struct hcl1_source *s,
    const char **out, struct err *err);

/* Fills a row of one text, number, boolean or duration. */
int hcl1_fill_scalar(struct hcl1_fill *f, const struct rec_field *row,
    void *rec, const struct hcl1_source *s, struct err *err);

int hcl1_parse_json(
    struct hcl1_parser *p, struct hcl1_items *out, struct err *err);

#endif
