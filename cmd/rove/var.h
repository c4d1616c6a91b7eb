/*
 * What the commands about variables share.
 */
#ifndef ROVE_VAR_H
#define ROVE_VAR_H

#include "cmd/rove/cli.h"
#include "proto/variable.h"

/* How a variable is shown. */
enum var_form { VAR_NONE, VAR_TABLE, VAR_JSON, VAR_HCL };

/* What -out names; where it is NULL, tty_form on a terminal and JSON
 * elsewhere. -1: it names none, which is said. */
int var_form_parse(const char *out, enum var_form tty_form);

void var_show(const struct variable *v, enum var_form form);

/* "*" is no namespace here: says so and returns false. */
bool var_one_namespace(const struct cli *c);

/* -check-index: 0, or 1 when it is no number, which is said. */
int var_index_parse(const char *text, uint64_t *index);

/* "/v1/var/" and the path, escaped but for its slashes; the caller frees it. */
char *var_path(const char *path);

/*
 * Says why a write was refused, and how it could be done, if the answer is
 * another variable; else "<failed>: <err>". may_force: -force is a way.
 * Returns 1.
 */
int var_refused(const struct err *err, const struct buf *answer, uint64_t index,
    bool may_force, const char *failed);

#endif
