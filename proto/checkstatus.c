#include "proto/checkstatus.h"

static const struct rec_field alloc_check_status_fields[] = {
	REC_STR(struct alloc_check_status, 1, id, "ID"),
	REC_STR(struct alloc_check_status, 2, check, "Check"),
	REC_STR(struct alloc_check_status, 3, group, "Group"),
	REC_STR(struct alloc_check_status, 4, mode, "Mode"),
	REC_STR(struct alloc_check_status, 5, output, "Output"),
	REC_STR(struct alloc_check_status, 6, service, "Service"),
	REC_STR(struct alloc_check_status, 7, task, "Task"),
	REC_STR(struct alloc_check_status, 8, status, "Status"),
	REC_I64(struct alloc_check_status, 9, status_code, "StatusCode",
	    .flags = REC_OMIT),
	REC_I64(struct alloc_check_status, 10, timestamp, "Timestamp"),
};
const struct rec_type alloc_check_status_type =
    REC_TYPE(alloc_check_status, alloc_check_status_fields);
