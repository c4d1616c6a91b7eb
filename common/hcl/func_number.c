/* Functions of numbers. */
#include "common/hcl/func.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef const struct hcl_value *value;

static value
number(struct hcl_call *c, hcl_number n)
{
	if (isnan(n))
		return hcl_func_fail(c, "the result is not a number");
	return hcl_value_number(c->ev->arena, n);
}

static value
fn_abs(struct hcl_call *c)
{
	return number(c, fabsl(c->args[0]->num));
}

static value
fn_ceil(struct hcl_call *c)
{
	return number(c, ceill(c->args[0]->num));
}

static value
fn_floor(struct hcl_call *c)
{
	return number(c, floorl(c->args[0]->num));
}

static value
fn_signum(struct hcl_call *c)
{
	return number(c, (c->args[0]->num > 0) - (c->args[0]->num < 0));
}

static value
extreme(struct hcl_call *c, int sign)
{
	value best = NULL;

	for (size_t i = 0; i < c->nargs; i++)
		if (best == NULL || (sign > 0 ? c->args[i]->num > best->num
					      : c->args[i]->num < best->num))
			best = c->args[i];
	if (best == NULL)
		return hcl_func_fail(c, "must pass at least one number");
	return best;
}

static value
fn_max(struct hcl_call *c)
{
	return extreme(c, 1);
}

static value
fn_min(struct hcl_call *c)
{
	return extreme(c, -1);
}

static value
fn_pow(struct hcl_call *c)
{
	return number(c, pow((double)c->args[0]->num, (double)c->args[1]->num));
}

static value
fn_log(struct hcl_call *c)
{
	return number(
	    c, log((double)c->args[0]->num) / log((double)c->args[1]->num));
}

/* A digit's worth in bases up to 62, whose upper letters come last. */
static int
digit(char ch, int base)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *at;

	if (base <= 36 && ch >= 'A' && ch <= 'Z')
		ch = (char)(ch - 'A' + 'a');
	at = ch != '\0' ? strchr(digits, ch) : NULL;
	return at != NULL && at - digits < base ? (int)(at - digits) : -1;
}

static value
fn_parseint(struct hcl_call *c)
{
	value text = c->args[0];
	hcl_number n = 0;
	int64_t base;
	size_t i;

	if (text->kind != HCL_V_STRING)
		return hcl_func_blame(c, 0,
		    "first argument must be a string, "
		    "not %s",
		    hcl_value_type(text));
	if (!hcl_number_int64(c->args[1]->num, &base) || base < 2 || base > 62)
		return hcl_func_blame(c, 1,
		    "base must be a whole number between 2 and 62 inclusive");
	i = text->len > 1 && (text->str[0] == '-' || text->str[0] == '+');
	for (; i < text->len; i++) {
		int d = digit(text->str[i], (int)base);

		if (d < 0)
			break;
		n = n * (hcl_number)base + d;
	}
	if (text->len == 0 || i < text->len)
		return hcl_func_blame(c, 0,
		    "cannot parse \"%s\" as a base %d integer", text->str,
		    (int)base);
	return number(c, text->str[0] == '-' ? -n : n);
}

#define NUMBER(n)                      \
	{                              \
		n, HCL_P_NUMBER, false \
	}
#define NONE                           \
	{                              \
		NULL, HCL_P_ANY, false \
	}

const struct hcl_func hcl_number_funcs[] = {
	{ "abs", fn_abs, { NUMBER("num") }, 1, NONE },
	{ "ceil", fn_ceil, { NUMBER("num") }, 1, NONE },
	{ "floor", fn_floor, { NUMBER("num") }, 1, NONE },
	{ "log", fn_log, { NUMBER("num"), NUMBER("base") }, 2, NONE },
	{ "max", fn_max, { NONE }, 0, NUMBER("numbers") },
	{ "min", fn_min, { NONE }, 0, NUMBER("numbers") },
	{ "parseint", fn_parseint,
	    { { "number", HCL_P_ANY, false }, NUMBER("base") }, 2, NONE },
	{ "pow", fn_pow, { NUMBER("num"), NUMBER("power") }, 2, NONE },
	{ "signum", fn_signum, { NUMBER("num") }, 1, NONE },
};
const size_t hcl_nnumber_funcs =
    sizeof hcl_number_funcs / sizeof hcl_number_funcs[0];
