/*
 * The functions that expressions may call: a table of names, parameters and
 * what computes them. func_*.c define them; func.c has the table and checks
 * the arguments.
 */
#ifndef COMMON_HCL_FUNC_H
#define COMMON_HCL_FUNC_H

#include "common/hcl/internal.h"

#define HCL_FUNC_MAX_PARAMS 4
#define HCL_FUNC_MAX_TEXT   256 /* of why a function failed */

/* What a parameter takes; the argument is converted when it can be. */
enum hcl_param_kind {
	HCL_P_ANY,
	HCL_P_STRING,
	HCL_P_NUMBER,
	HCL_P_BOOL,
	HCL_P_STRINGS, /* a list of strings */
};

struct hcl_param {
	const char *name;
	enum hcl_param_kind kind;
	bool null; /* null is passed on instead of refused */
};

/* What a function is given, and where it puts why it failed. */
struct hcl_call {
	struct hcl_eval *ev;
	const struct hcl_value **args;
	size_t nargs;
	/* Why it failed; arg: which argument is to blame, or SIZE_MAX. */
	char why[HCL_FUNC_MAX_TEXT];
	size_t bad_arg;
};

/* The result, or NULL and c->why. */
typedef const struct hcl_value *hcl_func_fn(struct hcl_call *c);

struct hcl_func {
	const char *name;
	hcl_func_fn *fn;
	struct hcl_param params[HCL_FUNC_MAX_PARAMS];
	size_t nparams;
	struct hcl_param rest; /* any number of them, when it has a name */
};

/* One table for each of func_string.c and its siblings. */
extern const struct hcl_func hcl_string_funcs[], hcl_coll_funcs[],
    hcl_map_funcs[], hcl_number_funcs[], hcl_code_funcs[], hcl_format_funcs[],
    hcl_path_funcs[], hcl_net_funcs[], hcl_time_funcs[], hcl_secret_funcs[],
    hcl_csv_funcs[], hcl_regex_funcs[], hcl_yaml_funcs[];
extern const size_t hcl_nstring_funcs, hcl_ncoll_funcs, hcl_nmap_funcs,
    hcl_nnumber_funcs, hcl_ncode_funcs, hcl_nformat_funcs, hcl_npath_funcs,
    hcl_nnet_funcs, hcl_ntime_funcs, hcl_nsecret_funcs, hcl_ncsv_funcs,
    hcl_nregex_funcs, hcl_nyaml_funcs;

/* func_table.c: the function of that name, or NULL; all names. */
const struct hcl_func *hcl_func_find(const char *name);
size_t hcl_func_names(const char **out, size_t max);

/* Sets c->why and returns NULL, so failing takes one line. */
const struct hcl_value *hcl_func_fail(struct hcl_call *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same, blaming one argument. */
const struct hcl_value *hcl_func_blame(struct hcl_call *c, size_t arg,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Counts work as so many steps of evaluation; false and c->why when it is
 * more than reading one file may take. */
bool hcl_func_afford(struct hcl_call *c, size_t nsteps);

/* False and c->why for a text that is longer than a value's may be. */
bool hcl_func_fits(struct hcl_call *c, size_t nbytes);
/* The same for so many values, and for what has been made so far. */
bool hcl_func_has_room(struct hcl_call *c, size_t nvalues);

/* The text as a value; releases it. */
const struct hcl_value *hcl_func_text(struct hcl_call *c, struct buf *text);
/* The bytes in base64. */
const struct hcl_value *hcl_func_base64(
    struct hcl_call *c, const char *s, size_t n);
bool hcl_func_is_utf8(const char *s, size_t n);

/* func_yamlout.c, for the table of func_yaml.c. */
const struct hcl_value *hcl_yamlencode(struct hcl_call *c);

/* func_yamlscalar.c: the value of a scalar of YAML, whose tag may be NULL. */
const struct hcl_value *hcl_yaml_scalar(
    struct hcl_call *c, const char *tag, const char *s, size_t n);

/* func_time.c: whether it is a moment as RFC 3339 writes it. */
bool hcl_moment_is_valid(const char *text);

/* The value of a call; told and unknown when it fails. */
const struct hcl_value *hcl_call(struct hcl_eval *ev, const struct hcl_expr *e);

/* eval.c: the value for a name in scope, or NULL. */
const struct hcl_value *hcl_scope_find(
    const struct hcl_scope *scope, const char *name);

/* eval_op.c */
const struct hcl_value *hcl_eval_binary(
    struct hcl_eval *ev, const struct hcl_expr *e);
const struct hcl_value *hcl_eval_unary(
    struct hcl_eval *ev, const struct hcl_expr *e);
const struct hcl_value *hcl_eval_cond(
    struct hcl_eval *ev, const struct hcl_expr *e);

/* eval_coll.c */
const struct hcl_value *hcl_eval_object(
    struct hcl_eval *ev, const struct hcl_expr *e);
const struct hcl_value *hcl_eval_for(
    struct hcl_eval *ev, const struct hcl_expr *e);
const struct hcl_value *hcl_eval_splat(
    struct hcl_eval *ev, const struct hcl_expr *e);
const struct hcl_value *hcl_eval_get_attr(struct hcl_eval *ev,
    const struct hcl_value *v, const char *name, struct hcl_range at);
const struct hcl_value *hcl_eval_get_index(struct hcl_eval *ev,
    const struct hcl_value *v, const struct hcl_value *key,
    struct hcl_range at);

#endif
