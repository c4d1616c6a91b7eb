/*
 * Reading HCL 2, native or JSON: job files. (Agent files are HCL 1, which is
 * another language: common/hcl1.)
 *
 * hcl_parse() turns text into a tree of bodies, blocks, attributes and
 * expressions, each with its place in the text. Nothing is computed then:
 * hcl_eval() gives an expression's value in a scope of variables, when the
 * reader of the body asks for it. common/hcl/value.h has the values,
 * common/rec_hcl.h fills records from bodies.
 *
 * One tree serves both syntaxes: a JSON file becomes the same bodies. Where a
 * JSON object is a block and where an attribute is settled by hcl_attr_of()
 * and hcl_blocks_of(), which is how a body is read.
 *
 * What is wrong with a file is told as diagnostics: a place, a summary and a
 * sentence, in the words that HCL's users know. Parsing goes on after a
 * mistake as long as that makes sense, so one run can name several.
 *
 * Everything hangs on the struct hcl_file that hcl_parse() returns and goes
 * with it; diagnostics stand for themselves and outlive it.
 */
#ifndef COMMON_HCL_HCL_H
#define COMMON_HCL_HCL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/tree.h"

#define HCL_MAX_BYTES (8u << 20) /* of one file */
#define HCL_MAX_DEPTH                                          \
	60 /* blocks, brackets and templates inside each other \
	    */
#define HCL_MAX_TOKENS      2000000 /* of one file */
#define HCL_MAX_JSON_VALUES 200000  /* of one file */
#define HCL_MAX_ATTRS       20000   /* of one body */
#define HCL_MAX_DIAGS       64      /* further ones are counted, not kept */
#define HCL_MAX_LINE_SHOW   160     /* bytes of a source line in a message */

enum hcl_mode {
	HCL_2,    /* native syntax, or JSON when the text starts with { */
	HCL_JSON, /* JSON as HCL 2 reads it */
};

/* --- places --- */

/*
 * Text that positions refer to. A template inside a JSON string is a text of
 * its own whose outer text holds it from outer_at on.
 */
struct hcl_src {
	const char *name;
	const char *text;
	size_t n;
	const struct hcl_src *outer;
	size_t outer_at;
};

/* Bytes start to end of a text; src is NULL where there is no place. */
struct hcl_range {
	const struct hcl_src *src;
	uint32_t start;
	uint32_t end;
};

/*
 * Lines and columns count from 1. Columns count user-perceived characters,
 * approximated as code points that are neither combining marks, variation
 * selectors, emoji modifiers nor joined to the one before by a ZWJ, with
 * pairs of regional indicators as one.
 */
struct hcl_pos {
	uint32_t line;
	uint32_t col;
};
struct hcl_pos hcl_pos_of(const struct hcl_src *src, size_t at);

/* From the start of a to the end of b. */
struct hcl_range hcl_range_over(struct hcl_range a, struct hcl_range b);

/* "file:2,3-8", or "file:2,3-4,1" over several lines; "<nil>" for none. */
void hcl_range_format(struct hcl_range r, struct buf *out);

/* --- diagnostics --- */

struct hcl_diag {
	char *file; /* NULL when there is no place */
	struct hcl_pos start;
	struct hcl_pos end;
	char *summary;
	char *detail;
	char *line; /* the source line of start, NULL when there is none */
};

/* A zeroed one is empty. n + nmore is how many there were. */
struct hcl_diags {
	struct hcl_diag *v;
	size_t n;
	size_t cap;
	size_t nmore;
	const char *lead; /* said before them all, or NULL; not owned */
};

void hcl_diags_release(struct hcl_diags *d);
void hcl_diag_add(struct hcl_diags *d, struct hcl_range at, const char *summary,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * One line as Nomad's commands print it: the first diagnostic and, where
 * there are more, how many: "a.nomad:2,3-8: Unsupported argument; An argument
 * named "x" is not expected here., and 1 other diagnostic(s)".
 */
void hcl_diags_line(const struct hcl_diags *d, struct buf *out);

/* For people: every diagnostic with its source line and a marker below. */
void hcl_diags_print(const struct hcl_diags *d, struct buf *out);

/* --- the tree --- */

struct hcl_expr; /* common/hcl/expr.h, for those who walk it */

struct hcl_attr {
	const char *name;
	struct hcl_range name_range;
	struct hcl_range range;
	struct hcl_expr *expr;
};

struct hcl_label {
	const char *text;
	struct hcl_range range;
};

struct hcl_block {
	const char *type;
	struct hcl_range type_range;
	struct hcl_range open_range; /* the opening brace */
	struct hcl_label *labels;
	size_t nlabels;
	struct hcl_body *body;
};

struct hcl_json; /* a JSON value with places; internal.h */

/* Borrowed from its file. Read it through the functions below. */
struct hcl_body {
	struct hcl_file *file;
	enum hcl_mode mode; /* how it was written; HCL_JSON for JSON bodies */
	struct hcl_attr *attrs;
	size_t nattrs;
	struct hcl_block *blocks; /* in the order of the text */
	size_t nblocks;
	struct hcl_range range;     /* braces and all */
	struct hcl_range end_range; /* the closing brace */
	const struct hcl_json *json;
	const struct hcl_scope *scope; /* set for the bodies that dynamic
					  blocks make; else NULL */
};

struct hcl_file {
	struct hcl_src src;
	enum hcl_mode mode;
	struct arena arena;
	struct hcl_body *body; /* never NULL */
};

/*
 * Parses a whole file. The text is copied. Never NULL: what could be read is
 * there even when d has got errors, but it is not to be acted upon then.
 */
struct hcl_file *hcl_parse(const char *name, const char *text, size_t n,
    enum hcl_mode mode, struct hcl_diags *d);
void hcl_file_free(struct hcl_file *file);

/* One expression, such as the value of -var; columns count from its start. */
struct hcl_expr *hcl_parse_expr(struct hcl_file **file, const char *name,
    const char *text, size_t n, struct hcl_diags *d);

/* --- reading a body --- */

/* The attribute of that name, or NULL. */
const struct hcl_attr *hcl_attr_of(
    const struct hcl_body *body, const char *name);

/*
 * The blocks of that type, in order, as an array of n borrowed pointers. In a
 * JSON body nlabels says how many levels of objects are labels; elsewhere
 * blocks come with the labels they were written with.
 */
const struct hcl_block **hcl_blocks_of(
    const struct hcl_body *body, const char *type, size_t nlabels, size_t *n);

/* Every attribute; in a JSON body every member is one. */
const struct hcl_attr *hcl_attrs_of(const struct hcl_body *body, size_t *n);

/* Where a body starts: what "something is missing" points at. */
struct hcl_range hcl_body_start(const struct hcl_body *body);

/* From the type to the last label. */
struct hcl_range hcl_block_range(const struct hcl_block *block);

struct hcl_range hcl_expr_range(const struct hcl_expr *e);

/* Where an expression starts, as messages about its value point at. */
struct hcl_range hcl_expr_start(const struct hcl_expr *e);

#endif
