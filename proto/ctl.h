/*
 * What every daemon answers on its control socket.
 */
#ifndef PROTO_CTL_H
#define PROTO_CTL_H

#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"

struct ctl_pong {
	char *name;
	char *version;
	int64_t pid;
	uint64_t uptime_ms;
};

/* Lines of `info`, in the order in which the daemon tells them. */
struct ctl_line {
	char *name;
	char *value;
};
struct ctl_info {
	struct ctl_line *lines;
	size_t nlines;
};

struct ctl_text {
	char *text;
};

/* A level to set, or "" to ask; the answer is the level in force. */
struct ctl_level {
	char *level;
};

/* Log lines with a number above `after`; held until there is one. */
struct ctl_monitor {
	uint64_t after;
	char *level; /* least severe level wanted; "": all that is logged */
};
struct ctl_log {
	uint64_t seq;
	char *line;
};
struct ctl_logs {
	struct ctl_log *logs;
	size_t nlogs;
	uint64_t next; /* to be sent as the next `after` */
};

extern const struct rec_type ctl_pong_type, ctl_line_type, ctl_info_type,
    ctl_text_type, ctl_level_type, ctl_monitor_type, ctl_log_type,
    ctl_logs_type;

#endif
