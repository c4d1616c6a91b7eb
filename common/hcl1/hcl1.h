/*
 * HCL 1, the language of agent files, and JSON as its readers take it.
 *
 * HCL 1 is much laxer than HCL 2 (common/hcl): arguments need no line of
 * their own, numbers and texts stand for each other, names match without
 * regard to case, a block may be given twice or without its label, nothing is
 * ever computed ("${x}" is text). Operators rely on all of that, and on the
 * words in which mistakes are told; so the language has a reader of its own.
 *
 * hcl1_parse() gives a tree; hcl1_fill() fills a record from it by the
 * record's table. A row of text, number, boolean or duration takes a literal;
 * a list of text takes [..]; a record takes blocks or { }; a list of records
 * takes one block each, whose label fills the row marked REC_LABEL; a map of
 * text takes a block; a tree takes what there is, where an object inside a
 * map becomes a list of one map.
 */
#ifndef COMMON_HCL1_HCL1_H
#define COMMON_HCL1_HCL1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/rec.h"

#define HCL1_MAX_BYTES (4u << 20) /* of one text */
#define HCL1_MAX_DEPTH 64         /* objects and lists inside each other */
#define HCL1_MAX_ITEMS 20000      /* of one text */
#define HCL1_MAX_KEYS  16         /* of one item: its name and labels */

/* Columns count code points, as the messages have them. */
struct hcl1_pos {
	uint32_t line;
	uint32_t col;
};

enum hcl1_type {
	HCL1_BOOL,
	HCL1_NUMBER,
	HCL1_FLOAT,
	HCL1_STRING,
	HCL1_HEREDOC
};
enum hcl1_kind { HCL1_LITERAL, HCL1_LIST, HCL1_OBJECT };

struct hcl1_key {
	const char *text;
	struct hcl1_pos pos;
};

/* Items in the order of the text. */
struct hcl1_items {
	const struct hcl1_item **v;
	size_t n;
};

struct hcl1_node {
	enum hcl1_kind kind;
	struct hcl1_pos pos;
	enum hcl1_type type; /* of a literal */
	const char *raw;     /* as it stands in the file, quotes and all */
	const char *text;    /* what it says; may not hold NUL */
	const struct hcl1_node **list;
	size_t nlist;
	struct hcl1_items items; /* of an object */
};

/* A whole item has one key at least. JSON's null is an empty text. */
struct hcl1_item {
	const struct hcl1_key *keys;
	size_t nkeys;
	const struct hcl1_node *value;
};

/*
 * The tree of a text, in the arena; JSON when the first character that is no
 * blank is {. Mistakes are told as "At 2:13: sentence".
 */
int hcl1_parse(struct arena *a, const char *text, size_t n,
    struct hcl1_items *out, struct err *err);

/* The items called name, without that name; a second array in the arena. */
struct hcl1_items hcl1_filter(
    struct arena *a, struct hcl1_items items, const char *name);

/* How records are filled. */
struct hcl1_fill {
	struct arena *arena;
	/* Types whose unknown names are refused; others ignore them. */
	const struct rec_type *const *strict;
	size_t nstrict;
	/* Rows that the caller fills itself: by name, of the first record. */
	const char *const *skip;
	size_t nskip;

	/* What is wrong but lets the reading go on; the first of each kind.
	 * Durations: "client.x can't parse time duration 6". */
	char *bad_duration;
	char *unknown; /* "server_join.server unexpected keys nope" */
	const char *path[HCL1_MAX_DEPTH];
	size_t depth;
};

/*
 * Fills rec, on the heap and over what it holds. -1: a value of the wrong
 * kind; the record is then good for rec_clear(). The caller looks at
 * bad_duration and unknown (on the heap, the caller's) afterwards.
 */
int hcl1_fill(struct hcl1_fill *f, const struct rec_type *t, void *rec,
    struct hcl1_items items, struct err *err);

#endif
