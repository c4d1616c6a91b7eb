/*
 * What the files of this folder share: tokens, and the two helpers for text.
 */
#ifndef COMMON_HCL_INTERNAL_H
#define COMMON_HCL_INTERNAL_H

#include "common/hcl/expr.h"
#include "common/hcl/value.h"

enum hcl_tok {
	T_EOF,
	T_NEWLINE,
	T_IDENT,
	T_NUMBER,
	T_OBRACE,
	T_CBRACE,
	T_OBRACK,
	T_CBRACK,
	T_OPAREN,
	T_CPAREN,
	T_OQUOTE,
	T_CQUOTE,
	T_OHEREDOC,
	T_CHEREDOC,
	T_QUOTED_LIT, /* text between quotes, escapes and all */
	T_STRING_LIT, /* text of a heredoc: up to a line each */
	T_INTERP,     /* ${ or ${~ */
	T_CONTROL,    /* %{ or %{~ */
	T_SEQ_END,    /* the } or ~} that ends those */
	T_STAR,
	T_SLASH,
	T_PLUS,
	T_MINUS,
	T_PERCENT,
	T_EQUAL,
	T_EQ,
	T_NE,
	T_LT,
	T_LE,
	T_GT,
	T_GE,
	T_AND,
	T_OR,
	T_BANG,
	T_DOT,
	T_COMMA,
	T_ELLIPSIS,
	T_ARROW,
	T_QUESTION,
	T_COLON,
	T_DOUBLE_COLON,
	/* What no rule of the language uses. */
	T_BIT_AND,
	T_BIT_OR,
	T_BIT_NOT,
	T_BIT_XOR,
	T_STARSTAR,
	T_APOSTROPHE,
	T_BACKQUOTE,
	T_SEMICOLON,
	T_QUOTED_NEWLINE,
	T_BAD_UTF8,
	T_INVALID,
};

struct hcl_token {
	enum hcl_tok type;
	uint32_t start;
	uint32_t end;
};

struct hcl_tokens {
	struct hcl_token *v;
	size_t n;
	size_t cap;
};

/* How a text starts: as a file, or as a template between no quotes. */
enum hcl_lex_start { HCL_LEX_FILE, HCL_LEX_TEMPLATE };

/*
 * Cuts the text into tokens, comments left out; the last is T_EOF. Complains
 * of what can be no token. The caller frees t->v.
 */
void hcl_lex(const struct hcl_src *src, enum hcl_lex_start start,
    struct hcl_tokens *t, struct hcl_diags *d);

#define HCL_NTOKS (T_INVALID + 1)

/* Complains of a token that can be none; told: by type, whether it was said
 * already. */
void hcl_lex_complain(const struct hcl_src *src, const struct hcl_token *t,
    bool *told, struct hcl_diags *d);

/* The code point at p and its length (1..n); -1 and 1 when it is no UTF-8. */
int32_t hcl_utf8(const char *p, size_t n, size_t *len);

/* Appends a code point as UTF-8. */
void hcl_utf8_add(struct buf *b, uint32_t cp);

bool hcl_is_id_start(int32_t cp);
bool hcl_is_id_continue(int32_t cp);

/* White space as Unicode knows it, for trimming. */
bool hcl_is_space(int32_t cp);

/* The text starts with { after blanks: what may be JSON. */
bool hcl_looks_json(const char *text, size_t n);

/*
 * The candidate closest to the given name, or NULL when none is close
 * enough (fewer than three letters differ).
 */
const char *hcl_closest(
    const char *given, const char *const *candidates, size_t n);

/* Steps in bytes from p to the next user-perceived character. */
size_t hcl_cluster(const char *p, size_t n);

/* The body of a native file, and a template that is a whole text. */
struct hcl_body *hcl_parse_native(struct hcl_file *file, struct hcl_diags *d);
struct hcl_expr *hcl_parse_template(
    struct hcl_file *file, const struct hcl_src *src, struct hcl_diags *d);

enum hcl_json_kind { J_NULL, J_BOOL, J_NUMBER, J_STRING, J_LIST, J_OBJECT };

/* A JSON value with its place. */
struct hcl_json {
	enum hcl_json_kind kind;
	struct hcl_range range;
	const char *str; /* J_STRING: decoded; J_NUMBER: as written */
	size_t len;
	bool b;
	const struct hcl_json **items; /* of lists and objects */
	const char **keys;
	struct hcl_range *key_ranges;
	size_t n;
};

/*
 * Any JSON text, as HCL reads it; NULL and told when it is none. */
const struct hcl_json *hcl_json_parse(
    struct hcl_file *file, struct hcl_diags *d);

/* The body of the other syntax. */
struct hcl_body *hcl_parse_json(struct hcl_file *file, struct hcl_diags *d);

#endif
