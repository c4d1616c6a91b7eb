/*
 * Following an evaluation, the part that thinks: what was seen goes in, the
 * lines that tell what is new come out.
 *
 *	==> Monitoring evaluation "7b96701e"
 *	    Evaluation triggered by job "fabio"
 *	    Allocation "d0e34682" created: node "28d7f859", group "fabio"
 *	    Evaluation status changed: "pending" -> "complete"
 *	==> Evaluation "7b96701e" finished with status "complete"
 *
 * follow.h asks the agent and prints.
 */
#ifndef ROVE_MONITOR_H
#define ROVE_MONITOR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/map.h"
#include "proto/api.h"
#include "proto/eval.h"

struct monitor {
	size_t id_len;  /* of identifiers as they are shown */
	bool has_begun; /* the first line has been told */
	bool told_job, told_node, told_deployment;
	char *status;      /* of the evaluation, last seen */
	struct map allocs; /* id to client status (owned) */
	bool failed;       /* something could not be placed */
};

enum monitor_next {
	MONITOR_AGAIN, /* the evaluation is not at its end: look again */
	MONITOR_DONE,
	MONITOR_CHAIN, /* at its end; follow e->next_eval after e->wait */
};

void monitor_init(struct monitor *m, size_t id_len);
void monitor_release(struct monitor *m);

/* What the evaluation and its allocations are now; appends lines. After
 * MONITOR_CHAIN the monitor is ready for the next evaluation. */
enum monitor_next monitor_see(struct monitor *m, const struct eval *e,
    const struct alloc_stub *allocs, size_t n, struct buf *out);

/* The exit status so far: 0, or 2 when something could not be placed. */
int monitor_status(const struct monitor *m);

#endif
