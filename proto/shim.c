#include "proto/shim.h"

static const struct rec_field shim_spec_fields[] = {
	REC_STR(struct shim_spec, 1, alloc_id, "AllocID"),
	REC_STR(struct shim_spec, 2, task, "Task"),
	REC_STRS(struct shim_spec, 3, argv, "Argv"),
	REC_STRS(struct shim_spec, 4, env, "Env"),
	REC_STR(struct shim_spec, 5, cwd, "Cwd"),
	REC_STR(struct shim_spec, 6, user, "User"),
	REC_STR(struct shim_spec, 7, stdout_log, "StdoutLog"),
	REC_STR(struct shim_spec, 8, stderr_log, "StderrLog"),
	REC_U64(struct shim_spec, 9, log_max_files, "LogMaxFiles"),
	REC_U64(struct shim_spec, 10, log_max_bytes, "LogMaxBytes"),
	REC_BOOL(struct shim_spec, 11, log_disabled, "LogDisabled"),
	REC_I64(struct shim_spec, 12, oom_score_adj, "OOMScoreAdj"),
};
const struct rec_type shim_spec_type = REC_TYPE(shim_spec, shim_spec_fields);

static const struct rec_field shim_status_fields[] = {
	REC_U64(struct shim_status, 1, state, "State"),
	REC_I64(struct shim_status, 2, pid, "Pid"),
	REC_U64(struct shim_status, 3, start_ticks, "StartTicks"),
	REC_I64(struct shim_status, 4, shim_pid, "ShimPid"),
	REC_I64(struct shim_status, 5, started_at, "StartedAt"),
	REC_I64(struct shim_status, 6, finished_at, "FinishedAt"),
	REC_I64(struct shim_status, 7, exit_code, "ExitCode"),
	REC_I64(struct shim_status, 8, signal, "Signal"),
	REC_BOOL(struct shim_status, 9, oom, "OOM"),
	REC_STR(struct shim_status, 10, error, "Error"),
};
const struct rec_type shim_status_type =
    REC_TYPE(shim_status, shim_status_fields);

static const struct rec_field shim_order_fields[] = {
	REC_I64(struct shim_order, 1, signal, "Signal"),
	REC_U64(struct shim_order, 2, kill_after_ms, "KillAfterMs"),
	REC_BOOL(struct shim_order, 3, end_taken, "EndTaken"),
};
const struct rec_type shim_order_type = REC_TYPE(shim_order, shim_order_fields);
