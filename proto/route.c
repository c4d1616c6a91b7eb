#include "proto/route.h"

static const struct rec_field route_row_fields[] = {
	REC_STR(struct route_row, 1, service, "service"),
	REC_STR(struct route_row, 2, host, "host"),
	REC_STR(struct route_row, 3, path, "path"),
	REC_STR(struct route_row, 4, src, "src"),
	REC_STR(struct route_row, 5, dst, "dst"),
	REC_STR(struct route_row, 6, opts, "opts"),
	REC_F64(struct route_row, 7, weight, "weight"),
	REC_STRS(struct route_row, 8, tags, "tags", .flags = REC_OMIT),
	REC_STR(struct route_row, 9, cmd, "cmd"),
	REC_F64(struct route_row, 10, rate1, "rate1"),
	REC_F64(struct route_row, 11, pct99, "pct99"),
};
const struct rec_type route_row_type = REC_TYPE(route_row, route_row_fields);

static const struct rec_field route_rows_fields[] = {
	REC_LIST(
	    struct route_rows, 1, rows, route_row, "Rows", .flags = REC_EMPTY),
	REC_BOOL(struct route_rows, 2, agent_up, "AgentUp"),
	REC_U64(struct route_rows, 3, ninstances, "Instances"),
	REC_U64(struct route_rows, 4, version, "Version"),
};
const struct rec_type route_rows_type = REC_TYPE(route_rows, route_rows_fields);

static const struct rec_field route_edit_fields[] = {
	REC_STR(struct route_edit, 1, text, "Text"),
};
const struct rec_type route_edit_type = REC_TYPE(route_edit, route_edit_fields);
