/*
 * Which instances of a Consul catalog may get traffic, told from the list of
 * all health checks.
 *
 * An instance counts when one of its checks (strict: each of them) has an
 * allowed status, and neither its node (a critical serfHealth, or any
 * _node_maintenance) nor itself (a critical _service_maintenance:<id>) is
 * out. An instance without a check of its own is never routed.
 *
 * Held to recorded cases of Fabio's (tests/vectors).
 */
#ifndef LBD_PASSING_H
#define LBD_PASSING_H

#include <stdbool.h>
#include <stddef.h>

/* All borrowed; text that is missing is "". */
struct passing_check {
	const char *node, *check_id, *service_id, *service_name, *status;
};

/*
 * Sets keep[i] for each of the n checks that belongs to an instance that
 * counts; checks of the node itself are never kept.
 */
void passing_filter(const struct passing_check *checks, size_t n,
    const char *const *statuses, size_t nstatuses, bool strict, bool *keep);

#endif
