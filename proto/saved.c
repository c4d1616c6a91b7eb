#include "proto/saved.h"

static const struct rec_field task_saved_fields[] = {
	REC_STR(struct task_saved, 1, name, "Name"),
	REC_REC(struct task_saved, 2, state, task_state, "State"),
	REC_U64(struct task_saved, 3, life, "Life"),
	REC_I64(struct task_saved, 4, window_start_ns, "WindowStart"),
	REC_I64(struct task_saved, 5, window_count, "WindowCount"),
	REC_BOOL(struct task_saved, 6, dead, "Dead"),
};
const struct rec_type task_saved_type = REC_TYPE(task_saved, task_saved_fields);

static const struct rec_field alloc_saved_fields[] = {
	REC_STR(struct alloc_saved, 1, client_status, "ClientStatus"),
	REC_STR(struct alloc_saved, 2, client_description, "ClientDescription"),
	REC_LIST(struct alloc_saved, 3, tasks, task_saved, "Tasks"),
	REC_BOOL(struct alloc_saved, 4, has_health, "HasHealth"),
	REC_BOOL(struct alloc_saved, 5, healthy, "Healthy"),
	REC_I64(struct alloc_saved, 6, healthy_at_ns, "HealthyAt"),
	REC_BOOL(struct alloc_saved, 7, stopping, "Stopping"),
	REC_LIST(struct alloc_saved, 8, checks, instance_check, "Checks"),
	REC_BOOL(struct alloc_saved, 9, fenced, "Fenced"),
};
const struct rec_type alloc_saved_type =
    REC_TYPE(alloc_saved, alloc_saved_fields);

static const struct rec_field servers_saved_fields[] = {
	REC_STRS(struct servers_saved, 1, urls, "URLs"),
};
const struct rec_type servers_saved_type =
    REC_TYPE(servers_saved, servers_saved_fields);
