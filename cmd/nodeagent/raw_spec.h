/*
 * What a raw_exec task is told to be: its config checked, and made into what
 * the shim reads (proto/shim.h).
 */
#ifndef NODEAGENT_RAW_SPEC_H
#define NODEAGENT_RAW_SPEC_H

#include "cmd/nodeagent/driver.h"
#include "proto/shim.h"

/* Whether the config is one of raw_exec. */
int raw_spec_check(const struct tree *config, struct err *err);

/* Fills spec from a task whose config was checked; rec_clear() it. */
void raw_spec_make(const struct driver_task *t, struct shim_spec *spec);

/* Writes it as dir/spec. Refused where it is larger than shims read. */
int raw_spec_write(
    const char *dir, const struct shim_spec *spec, struct err *err);

#endif
