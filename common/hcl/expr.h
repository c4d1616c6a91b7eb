/*
 * Expressions as a tree, for those who walk it: the parser, the evaluator
 * and the few readers that care how something was written.
 */
#ifndef COMMON_HCL_EXPR_H
#define COMMON_HCL_EXPR_H

#include "common/hcl/hcl.h"

struct hcl_value;

enum hcl_expr_kind {
	HCL_E_LITERAL,  /* value */
	HCL_E_TEMPLATE, /* parts, joined as text */
	HCL_E_WRAP,     /* "${one}": the value of one itself */
	HCL_E_JOIN,     /* one is a for over template parts */
	HCL_E_ROOT,     /* name */
	HCL_E_ATTR,     /* one.name */
	HCL_E_INDEX,    /* one[two]; constant when two is a literal */
	HCL_E_SPLAT,    /* one.*two, two being built on HCL_E_ITEM */
	HCL_E_ITEM,     /* the current item of the innermost splat */
	HCL_E_CALL,     /* name(parts...) */
	HCL_E_COND,     /* one ? two : three */
	HCL_E_BINARY,   /* one op two */
	HCL_E_UNARY,    /* op one */
	HCL_E_PAREN,    /* (one) */
	HCL_E_TUPLE,    /* [parts] */
	HCL_E_OBJECT,   /* {keys = parts} */
	HCL_E_FOR,
	HCL_E_BAD, /* stands where parsing failed; its value is unknown */
};

enum hcl_op {
	HCL_OP_OR,
	HCL_OP_AND,
	HCL_OP_EQ,
	HCL_OP_NE,
	HCL_OP_GT,
	HCL_OP_GE,
	HCL_OP_LT,
	HCL_OP_LE,
	HCL_OP_ADD,
	HCL_OP_SUB,
	HCL_OP_MUL,
	HCL_OP_DIV,
	HCL_OP_MOD,
	HCL_OP_NOT,
	HCL_OP_NEG,
};

/* for key_name, name in one : key => two... if three */
struct hcl_for {
	const char *key_name; /* NULL when there is none */
	const char *val_name;
	struct hcl_expr *key; /* NULL for a tuple */
	bool group;
	bool object;
};

struct hcl_expr {
	enum hcl_expr_kind kind;
	enum hcl_op op;
	bool expand;   /* CALL: the last argument is followed by ... */
	bool constant; /* INDEX: a step of a traversal */
	bool dotted;   /* INDEX: written .0 */
	struct hcl_range range;
	struct hcl_range at; /* the opening token, operator or step */
	const char *name;
	struct hcl_expr *one;
	struct hcl_expr *two;
	struct hcl_expr *three;
	struct hcl_expr **parts;
	struct hcl_expr **keys;
	size_t nparts;
	const struct hcl_value *value;
	struct hcl_for *loop;
};

/*
 * The key when an object's key is written as a bare word, which stands for
 * itself; else NULL.
 */
const char *hcl_expr_keyword(const struct hcl_expr *e);

/* True for a template that is nothing but fixed text. */
bool hcl_expr_is_text(const struct hcl_expr *e);

#endif
