/*
 * What a node keeps of its allocations and its servers on its own disk, so
 * that nodeagent can be killed and started again.
 */
#ifndef PROTO_SAVED_H
#define PROTO_SAVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"
#include "proto/alloc.h"
#include "proto/catalog.h"

struct task_saved {
	char *name;
	struct task_state state; /* state.key is empty */
	uint64_t life;           /* how many times it was started */
	int64_t window_start_ns;
	int64_t window_count;
	bool dead;
};

/* The node's side of one allocation. */
struct alloc_saved {
	char *client_status;
	char *client_description;
	struct task_saved *tasks;
	size_t ntasks;
	bool has_health;
	bool healthy;
	int64_t healthy_at_ns;
	bool stopping;
	struct instance_check *checks; /* as the servers were told of them */
	size_t nchecks;
	bool fenced; /* it stops because no server was in reach */
};

/* The servers that were known last. */
struct servers_saved {
	char **urls;
	size_t nurls;
};

extern const struct rec_type task_saved_type, alloc_saved_type,
    servers_saved_type;

#endif
