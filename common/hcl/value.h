/*
 * What expressions evaluate to.
 *
 * Values are immutable and live in the arena they were made in. Types follow
 * cty, the type system that HCL users meet in messages: a written [..] is a
 * tuple and {..} an object; lists, sets and maps have one element type and
 * come from type constraints and functions. HCL_V_UNKNOWN is the value of
 * what failed: a diagnostic has told why.
 */
#ifndef COMMON_HCL_VALUE_H
#define COMMON_HCL_VALUE_H

#include "common/hcl/hcl.h"

/* Bounds on what evaluation may do for one file. */
#define HCL_MAX_STEPS       4000000     /* expressions evaluated */
#define HCL_MAX_VALUE_BYTES (64u << 20) /* of values made */
#define HCL_MAX_WEIGHT      1000000     /* of one value */
#define HCL_MAX_TEXT        (8u << 20)  /* bytes of one text */
#define HCL_KEPT_PER_STEP   32          /* bytes of text, worth a step */

enum hcl_value_kind {
	HCL_V_UNKNOWN,
	HCL_V_NULL,
	HCL_V_BOOL,
	HCL_V_NUMBER,
	HCL_V_STRING,
	HCL_V_TUPLE,
	HCL_V_LIST,
	HCL_V_SET, /* sorted, each once */
	HCL_V_OBJECT,
	HCL_V_MAP,
};

/* Wide enough for every 64-bit integer. */
typedef long double hcl_number;

struct hcl_value {
	enum hcl_value_kind kind;
	bool b;
	hcl_number num;
	const char *str; /* terminated; may hold NUL too */
	size_t len;
	const struct hcl_value **items;
	const char **keys; /* of objects and maps: sorted, each once */
	size_t n;
	/* Values and bytes of text inside, each as often as it stands there;
	 * counted up to where it is too large. */
	size_t weight;
	size_t text;
};

/* Where values are made, and what has been spent on them. */
struct hcl_scope;
struct hcl_eval {
	struct arena *arena;
	struct hcl_diags *diags;
	const struct hcl_scope *scope;
	const struct hcl_value *item; /* of the innermost splat */
	size_t steps;
	size_t depth;
	bool exhausted;  /* told already */
	bool no_files;   /* file functions are refused */
	const char *dir; /* relative paths start here; NULL: where we are */
};

/* Names that an expression may use. Inner scopes hide outer ones. */
struct hcl_scope {
	const struct hcl_scope *outer;
	const char *name;
	const struct hcl_value *value;
};

const struct hcl_value *hcl_value_bool(struct arena *a, bool b);
const struct hcl_value *hcl_value_number(struct arena *a, hcl_number num);
const struct hcl_value *hcl_value_string(
    struct arena *a, const char *s, size_t n);
/* Takes over the arrays, which are the arena's; keys of maps in any order:
 * of equal ones the last stays. */
const struct hcl_value *hcl_value_seq(struct arena *a, enum hcl_value_kind kind,
    const struct hcl_value **items, size_t n);
const struct hcl_value *hcl_value_map(struct arena *a, enum hcl_value_kind kind,
    const char **keys, const struct hcl_value **items, size_t n);
extern const struct hcl_value hcl_value_null, hcl_value_unknown;

/* The member's value, or NULL. */
const struct hcl_value *hcl_value_get(
    const struct hcl_value *v, const char *key);

bool hcl_value_equal(const struct hcl_value *a, const struct hcl_value *b);

/* "string", "number", "tuple" ...: the kind as messages name it. */
const char *hcl_value_type(const struct hcl_value *v);

/*
 * The value as text, number or bool where HCL converts on its own; NULL and
 * why ("a number is required") when it does not. null converts to null.
 */
const struct hcl_value *hcl_value_convert(struct arena *a,
    const struct hcl_value *v, enum hcl_value_kind to, const char **why);

/* A number's text: an integer without a point, else the shortest that is
 * right; "" for what is none. */
void hcl_number_format(hcl_number num, struct buf *out);

/* True and *i when the number is whole and fits. */
bool hcl_number_int64(hcl_number num, int64_t *i);

/* The value of an expression; unknown after a mistake, which is in the
 * diagnostics then. Never NULL. */
const struct hcl_value *hcl_eval(struct hcl_eval *ev, const struct hcl_expr *e);

/* The same for a value that is kept, in a record or a tree: what is copied
 * then counts as work, so the next expression is refused after too much. */
const struct hcl_value *hcl_eval_kept(
    struct hcl_eval *ev, const struct hcl_expr *e);

/* The value as a tree of one's own. Unknown becomes null. */
struct tree *hcl_value_tree(const struct hcl_value *v);

#endif
