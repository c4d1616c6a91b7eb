#include "proto/nodemsg.h"

static const struct rec_field node_register_fields[] = {
	REC_REC(struct node_register, 1, node, node, "Node"),
};
const struct rec_type node_register_type =
    REC_TYPE(node_register, node_register_fields);

static const struct rec_field node_lease_fields[] = {
	REC_STR(struct node_lease, 1, node_id, "NodeID"),
	REC_STR(
	    struct node_lease, 2, secret_id, "SecretID", .flags = REC_NOJSON),
	REC_STR(struct node_lease, 3, status, "Status"),
};
const struct rec_type node_lease_type = REC_TYPE(node_lease, node_lease_fields);

static const struct rec_field node_leased_fields[] = {
	REC_U64(struct node_leased, 1, index, "Index"),
	REC_U64(struct node_leased, 2, ttl_ms, "TtlMs"),
	REC_BOOL(struct node_leased, 3, known, "Known"),
	REC_STRS(struct node_leased, 4, servers, "Servers"),
	REC_U64(struct node_leased, 5, seq, "Seq"),
	REC_U64(struct node_leased, 6, http_port, "HTTPPort"),
};
const struct rec_type node_leased_type =
    REC_TYPE(node_leased, node_leased_fields);

static const struct rec_field node_allocs_fields[] = {
	REC_STR(struct node_allocs, 1, node_id, "NodeID"),
	REC_STR(
	    struct node_allocs, 2, secret_id, "SecretID", .flags = REC_NOJSON),
	REC_U64(struct node_allocs, 3, index, "Index"),
	REC_U64(struct node_allocs, 4, at, "At"),
	REC_STR(struct node_allocs, 5, after, "After"),
};
const struct rec_type node_allocs_type =
    REC_TYPE(node_allocs, node_allocs_fields);

static const struct rec_field node_allocs_news_fields[] = {
	REC_U64(struct node_allocs_news, 1, index, "Index"),
	REC_BOOL(struct node_allocs_news, 2, full, "Full"),
	REC_LIST(struct node_allocs_news, 3, allocs, alloc, "Allocs"),
	REC_STRS(struct node_allocs_news, 4, gone, "Gone"),
	REC_U64(struct node_allocs_news, 5, at, "At"),
	REC_STR(struct node_allocs_news, 6, after, "After"),
};
const struct rec_type node_allocs_news_type =
    REC_TYPE(node_allocs_news, node_allocs_news_fields);

static const struct rec_field node_update_fields[] = {
	REC_STR(struct node_update, 1, node_id, "NodeID"),
	REC_STR(
	    struct node_update, 2, secret_id, "SecretID", .flags = REC_NOJSON),
	REC_LIST(struct node_update, 3, allocs, alloc, "Allocs"),
	REC_U64(struct node_update, 4, seq, "Seq"),
	REC_U64(struct node_update, 5, index, "Index"),
};
const struct rec_type node_update_type =
    REC_TYPE(node_update, node_update_fields);

static const struct rec_field node_event_put_fields[] = {
	REC_STR(struct node_event_put, 1, node_id, "NodeID"),
	REC_STR(struct node_event_put, 2, secret_id, "SecretID",
	    .flags = REC_NOJSON),
	REC_LIST(struct node_event_put, 3, events, node_event, "Events"),
};
const struct rec_type node_event_put_type =
    REC_TYPE(node_event_put, node_event_put_fields);

static const struct rec_field node_drain_ask_fields[] = {
	REC_STR(struct node_drain_ask, 1, node_id, "NodeID"),
	REC_STR(struct node_drain_ask, 2, secret_id, "SecretID",
	    .flags = REC_NOJSON),
	REC_DUR(struct node_drain_ask, 3, deadline, "Deadline"),
	REC_BOOL(
	    struct node_drain_ask, 4, ignore_system_jobs, "IgnoreSystemJobs"),
	REC_BOOL(struct node_drain_ask, 5, look, "Look"),
	REC_BOOL(struct node_drain_ask, 6, back, "Back"),
};
const struct rec_type node_drain_ask_type =
    REC_TYPE(node_drain_ask, node_drain_ask_fields);

static const struct rec_field node_drain_answer_fields[] = {
	REC_U64(struct node_drain_answer, 1, index, "Index"),
	REC_BOOL(struct node_drain_answer, 2, done, "Done"),
};
const struct rec_type node_drain_answer_type =
    REC_TYPE(node_drain_answer, node_drain_answer_fields);

static const struct rec_field indexed_fields[] = {
	REC_U64(struct indexed, 1, index, "Index"),
};
const struct rec_type indexed_type = REC_TYPE(indexed, indexed_fields);

static const struct rec_field alloc_event_fields[] = {
	REC_STR(struct alloc_event, 1, alloc_id, "AllocID"),
	REC_STR(struct alloc_event, 2, job_id, "JobID"),
	REC_STR(struct alloc_event, 3, task, "Task"),
	REC_STR(struct alloc_event, 4, what, "What"),
};
const struct rec_type alloc_event_type =
    REC_TYPE(alloc_event, alloc_event_fields);

static const struct rec_field alloc_row_fields[] = {
	REC_STR(struct alloc_row, 1, id, "ID"),
	REC_STR(struct alloc_row, 2, job_id, "JobID"),
	REC_STR(struct alloc_row, 3, group, "Group"),
	REC_STR(struct alloc_row, 4, task, "Task"),
	REC_STR(struct alloc_row, 5, driver, "Driver"),
	REC_STR(struct alloc_row, 6, desired, "Desired"),
	REC_STR(struct alloc_row, 7, status, "Status"),
	REC_I64(struct alloc_row, 8, pid, "Pid"),
	REC_U64(struct alloc_row, 9, restarts, "Restarts"),
};
const struct rec_type alloc_row_type = REC_TYPE(alloc_row, alloc_row_fields);

static const struct rec_field alloc_rows_fields[] = {
	REC_LIST(struct alloc_rows, 1, rows, alloc_row, "Rows"),
};
const struct rec_type alloc_rows_type = REC_TYPE(alloc_rows, alloc_rows_fields);

static const struct rec_field sched_row_fields[] = {
	REC_STR(struct sched_row, 1, id, "ID"),
	REC_STR(struct sched_row, 2, kind, "Kind"),
	REC_STR(struct sched_row, 3, name, "Name"),
	REC_STR(struct sched_row, 4, status, "Status"),
	REC_I64(struct sched_row, 5, priority, "Priority"),
	REC_U64(struct sched_row, 6, index, "Index"),
	REC_STR(struct sched_row, 7, detail, "Detail"),
};
const struct rec_type sched_row_type = REC_TYPE(sched_row, sched_row_fields);

static const struct rec_field sched_rows_fields[] = {
	REC_LIST(struct sched_rows, 1, rows, sched_row, "Rows"),
};
const struct rec_type sched_rows_type = REC_TYPE(sched_rows, sched_rows_fields);
