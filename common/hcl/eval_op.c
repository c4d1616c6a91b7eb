/* Operators and the conditional. */
#include "common/hcl/func.h"

#include <math.h>

static enum hcl_value_kind
operand_kind(enum hcl_op op)
{
	if (op == HCL_OP_OR || op == HCL_OP_AND || op == HCL_OP_NOT)
		return HCL_V_BOOL;
	if (op == HCL_OP_EQ || op == HCL_OP_NE)
		return HCL_V_UNKNOWN; /* any */
	return HCL_V_NUMBER;
}

/* An operand in the type that the operator works on, or NULL. */
static const struct hcl_value *
operand(struct hcl_eval *ev, const struct hcl_expr *e, enum hcl_op op,
    const char *which)
{
	const struct hcl_value *v = hcl_eval(ev, e), *r;
	enum hcl_value_kind kind = operand_kind(op);
	const char *why = "";

	if (v->kind == HCL_V_UNKNOWN)
		return NULL;
	if (kind == HCL_V_UNKNOWN)
		return v;
	r = hcl_value_convert(ev->arena, v, kind, &why);
	if (r == NULL)
		hcl_diag_add(ev->diags, e->range, "Invalid operand",
		    "Unsuitable value for %s operand: %s.", which, why);
	return r;
}

static hcl_number
compute(enum hcl_op op, hcl_number a, hcl_number b)
{
	switch (op) {
	case HCL_OP_ADD:
		return a + b;
	case HCL_OP_SUB:
		return a - b;
	case HCL_OP_MUL:
		return a * b;
	case HCL_OP_DIV:
		return b == 0 ? (a < 0 ? -HUGE_VALL : HUGE_VALL) : a / b;
	case HCL_OP_MOD:
		return b == 0 ? a : fmodl(a, b);
	case HCL_OP_NEG:
		return -a;
	case HCL_OP_OR:
	case HCL_OP_AND:
	case HCL_OP_EQ:
	case HCL_OP_NE:
	case HCL_OP_GT:
	case HCL_OP_GE:
	case HCL_OP_LT:
	case HCL_OP_LE:
	case HCL_OP_NOT:
		break;
	}
	return 0;
}

static bool
decide(enum hcl_op op, const struct hcl_value *a, const struct hcl_value *b)
{
	switch (op) {
	case HCL_OP_OR:
		return a->b || b->b;
	case HCL_OP_AND:
		return a->b && b->b;
	case HCL_OP_EQ:
		return hcl_value_equal(a, b);
	case HCL_OP_NE:
		return !hcl_value_equal(a, b);
	case HCL_OP_GT:
		return a->num > b->num;
	case HCL_OP_GE:
		return a->num >= b->num;
	case HCL_OP_LT:
		return a->num < b->num;
	case HCL_OP_LE:
		return a->num <= b->num;
	case HCL_OP_ADD:
	case HCL_OP_SUB:
	case HCL_OP_MUL:
	case HCL_OP_DIV:
	case HCL_OP_MOD:
	case HCL_OP_NOT:
	case HCL_OP_NEG:
		break;
	}
	return false;
}

static const struct hcl_value *
null_operand(struct hcl_eval *ev, const struct hcl_expr *e)
{
	hcl_diag_add(ev->diags, e->range, "Operation failed",
	    "Error during operation: argument must not be null.");
	return &hcl_value_unknown;
}

const struct hcl_value *
hcl_eval_binary(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const struct hcl_value *a = operand(ev, e->one, e->op, "left");
	const struct hcl_value *b = operand(ev, e->two, e->op, "right");

	if (a == NULL || b == NULL)
		return &hcl_value_unknown;
	if (operand_kind(e->op) != HCL_V_UNKNOWN &&
	    (a->kind == HCL_V_NULL || b->kind == HCL_V_NULL))
		return null_operand(ev, e);
	if (e->op >= HCL_OP_ADD)
		return hcl_value_number(
		    ev->arena, compute(e->op, a->num, b->num));
	return hcl_value_bool(ev->arena, decide(e->op, a, b));
}

const struct hcl_value *
hcl_eval_unary(struct hcl_eval *ev, const struct hcl_expr *e)
{
	const struct hcl_value *a = operand(ev, e->one, e->op, "unary");

	if (a == NULL)
		return &hcl_value_unknown;
	if (a->kind == HCL_V_NULL)
		return null_operand(ev, e);
	if (e->op == HCL_OP_NOT)
		return hcl_value_bool(ev->arena, !a->b);
	return hcl_value_number(ev->arena, -a->num);
}

static bool
is_primitive(const struct hcl_value *v)
{
	return v->kind >= HCL_V_BOOL && v->kind <= HCL_V_STRING;
}

static bool
is_sequence(const struct hcl_value *v)
{
	return v->kind >= HCL_V_TUPLE && v->kind <= HCL_V_SET;
}

/* The chosen side in the type that both sides share, or NULL. */
static const struct hcl_value *
unify(struct hcl_eval *ev, const struct hcl_value *chosen,
    const struct hcl_value *other)
{
	const char *why;

	if (chosen->kind == other->kind || chosen->kind <= HCL_V_NULL ||
	    other->kind <= HCL_V_NULL)
		return chosen;
	if (is_primitive(chosen) && is_primitive(other)) {
		if (chosen->kind != HCL_V_STRING && other->kind != HCL_V_STRING)
			return NULL;
		return hcl_value_convert(ev->arena, chosen, HCL_V_STRING, &why);
	}
	if (is_sequence(chosen) && is_sequence(other))
		return chosen;
	if (chosen->keys != NULL && other->keys != NULL)
		return chosen;
	return NULL;
}

static const struct hcl_value *
cond_error(struct hcl_eval *ev, const struct hcl_expr *e, const char *summary,
    const char *detail)
{
	hcl_diag_add(ev->diags, e->range, summary, "%s", detail);
	return &hcl_value_unknown;
}

/* Both sides are evaluated, for their types; only what the chosen one has to
 * complain of is told. */
const struct hcl_value *
hcl_eval_cond(struct hcl_eval *ev, const struct hcl_expr *e)
{
	struct hcl_diags *told = ev->diags, sides[2] = { { 0 }, { 0 } };
	const struct hcl_value *values[2], *cond, *v;
	const char *why;

	for (int i = 0; i < 2; i++) {
		ev->diags = &sides[i];
		values[i] = hcl_eval(ev, i == 0 ? e->two : e->three);
	}
	ev->diags = told;
	cond = hcl_eval(ev, e->one);
	if (cond->kind == HCL_V_UNKNOWN) {
		v = cond;
	} else if (cond->kind == HCL_V_NULL) {
		v = cond_error(ev, e->one, "Null condition",
		    "The condition value is null. Conditions must either be "
		    "true or false.");
	} else if ((cond = hcl_value_convert(
			ev->arena, cond, HCL_V_BOOL, &why)) == NULL) {
		v = cond_error(ev, e->one, "Incorrect condition type",
		    "The condition expression must be of type bool.");
	} else {
		int i = cond->b ? 0 : 1;

		v = unify(ev, values[i], values[1 - i]);
		if (v == NULL) {
			hcl_diag_add(ev->diags, e->range,
			    "Inconsistent conditional result types",
			    "The true and false result expressions must have "
			    "consistent types. The 'true' value is %s, but the "
			    "'false' value is %s.",
			    hcl_value_type(values[0]),
			    hcl_value_type(values[1]));
			v = &hcl_value_unknown;
		} else if (sides[i].n > 0) {
			/* Told anew, now for good. */
			hcl_eval(ev, i == 0 ? e->two : e->three);
		}
	}
	hcl_diags_release(&sides[0]);
	hcl_diags_release(&sides[1]);
	return v;
}
