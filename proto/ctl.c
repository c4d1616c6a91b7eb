#include "proto/ctl.h"

static const struct rec_field ctl_pong_fields[] = {
	REC_STR(struct ctl_pong, 1, name, "name"),
	REC_STR(struct ctl_pong, 2, version, "version"),
	REC_I64(struct ctl_pong, 3, pid, "pid"),
	REC_U64(struct ctl_pong, 4, uptime_ms, "uptime_ms"),
};
const struct rec_type ctl_pong_type = REC_TYPE(ctl_pong, ctl_pong_fields);

static const struct rec_field ctl_line_fields[] = {
	REC_STR(struct ctl_line, 1, name, "name"),
	REC_STR(struct ctl_line, 2, value, "value"),
};
const struct rec_type ctl_line_type = REC_TYPE(ctl_line, ctl_line_fields);

static const struct rec_field ctl_info_fields[] = {
	REC_LIST(struct ctl_info, 1, lines, ctl_line, "lines"),
};
const struct rec_type ctl_info_type = REC_TYPE(ctl_info, ctl_info_fields);

static const struct rec_field ctl_text_fields[] = {
	REC_STR(struct ctl_text, 1, text, "text"),
};
const struct rec_type ctl_text_type = REC_TYPE(ctl_text, ctl_text_fields);

static const struct rec_field ctl_level_fields[] = {
	REC_STR(struct ctl_level, 1, level, "level"),
};
const struct rec_type ctl_level_type = REC_TYPE(ctl_level, ctl_level_fields);

static const struct rec_field ctl_monitor_fields[] = {
	REC_U64(struct ctl_monitor, 1, after, "after"),
	REC_STR(struct ctl_monitor, 2, level, "level"),
};
const struct rec_type ctl_monitor_type =
    REC_TYPE(ctl_monitor, ctl_monitor_fields);

static const struct rec_field ctl_log_fields[] = {
	REC_U64(struct ctl_log, 1, seq, "seq"),
	REC_STR(struct ctl_log, 2, line, "line"),
};
const struct rec_type ctl_log_type = REC_TYPE(ctl_log, ctl_log_fields);

static const struct rec_field ctl_logs_fields[] = {
	REC_LIST(struct ctl_logs, 1, logs, ctl_log, "logs"),
	REC_U64(struct ctl_logs, 2, next, "next"),
};
const struct rec_type ctl_logs_type = REC_TYPE(ctl_logs, ctl_logs_fields);
