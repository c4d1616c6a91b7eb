/*
 * A driver's config block as a record.
 *
 * A job's config is a tree of whatever its author wrote: HCL turns a block
 * into a list of one, a number may be quoted, and text may refer to the
 * task's environment. drvconf_read() makes a record of it by the driver's
 * table, whose public names are the options' names.
 */
#ifndef NODEAGENT_DRVCONF_H
#define NODEAGENT_DRVCONF_H

#include "cmd/nodeagent/taskenv.h"
#include "common/rec.h"

/*
 * Fills rec, whatever it held before; rec_clear() it. Text is expanded with
 * env, or taken as it is when env is NULL. NULL config is an empty one.
 * Refused by name: an option that the table lacks, a value of another kind,
 * a second block where one may stand.
 */
int drvconf_read(const struct rec_type *type, void *rec,
    const struct tree *config, const struct taskenv *env, struct err *err);

#endif
