/*
 * How long the core's work takes, told to whoever keeps numbers.
 *
 * The core decides nothing by what it measures: the clock here is asked for
 * differences only, and without a probe nothing is measured. Names are
 * Nomad's.
 */
#ifndef SCHEDD_PROBE_H
#define SCHEDD_PROBE_H

#include <stdint.h>

#include "proto/cmd.h"
#include "proto/eval.h"

struct sched_probe {
	void *ctx;
	int64_t (*clock_ns)(void *ctx); /* NULL: nobody asks */
	/* One observation of the summary with that name; eval, if not NULL,
	 * is what it is about. */
	void (*took)(
	    void *ctx, const char *name, const struct eval *eval, int64_t ns);
	/* A plan's part for the node did not fit any more. */
	void (*node_rejected)(void *ctx, const char *node_id);
};

/* When something begins; 0 when nobody asks. */
int64_t probe_begin(const struct sched_probe *p);
/* It took from then until now. */
void probe_end(const struct sched_probe *p, const char *name, int64_t began);
void probe_took(const struct sched_probe *p, const char *name,
    const struct eval *eval, int64_t ns);
/* A scheduler of that type has run. */
void probe_end_scheduler(
    const struct sched_probe *p, const char *type, int64_t began);
/* A command has been applied. */
void probe_end_command(
    const struct sched_probe *p, const struct cmd *cmd, int64_t began);
void probe_node_rejected(const struct sched_probe *p, const char *node_id);

#endif
