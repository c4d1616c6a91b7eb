/*
 * The commands, as main.c's table names them. Each belongs to a file of its
 * noun; argv[0] is the last word of the command's name.
 */
#ifndef ROVE_COMMANDS_H
#define ROVE_COMMANDS_H

#include "cmd/rove/cli.h"

int agent_run(const struct command *cmd, int argc, char **argv);
int job_run(const struct command *cmd, int argc, char **argv);
int job_plan(const struct command *cmd, int argc, char **argv);
int job_validate(const struct command *cmd, int argc, char **argv);
int job_scale(const struct command *cmd, int argc, char **argv);
int job_status(const struct command *cmd, int argc, char **argv);
int job_inspect(const struct command *cmd, int argc, char **argv);
int job_stop(const struct command *cmd, int argc, char **argv);
int job_init(const struct command *cmd, int argc, char **argv);
int job_allocs(const struct command *cmd, int argc, char **argv);
int job_deployments(const struct command *cmd, int argc, char **argv);
int job_eval(const struct command *cmd, int argc, char **argv);
int job_history(const struct command *cmd, int argc, char **argv);
int job_revert(const struct command *cmd, int argc, char **argv);
int alloc_stop(const struct command *cmd, int argc, char **argv);
int alloc_restart(const struct command *cmd, int argc, char **argv);
int alloc_signal(const struct command *cmd, int argc, char **argv);
int node_config(const struct command *cmd, int argc, char **argv);
int node_drain(const struct command *cmd, int argc, char **argv);
int node_eligibility(const struct command *cmd, int argc, char **argv);
int job_promote(const struct command *cmd, int argc, char **argv);
int deployment_fail(const struct command *cmd, int argc, char **argv);
int deployment_list(const struct command *cmd, int argc, char **argv);
int deployment_pause(const struct command *cmd, int argc, char **argv);
int deployment_promote(const struct command *cmd, int argc, char **argv);
int deployment_resume(const struct command *cmd, int argc, char **argv);
int deployment_status(const struct command *cmd, int argc, char **argv);
int node_status(const struct command *cmd, int argc, char **argv);
int alloc_checks(const struct command *cmd, int argc, char **argv);
int alloc_status(const struct command *cmd, int argc, char **argv);
int alloc_logs(const struct command *cmd, int argc, char **argv);
int var_get(const struct command *cmd, int argc, char **argv);
int var_init(const struct command *cmd, int argc, char **argv);
int var_list(const struct command *cmd, int argc, char **argv);
int var_purge(const struct command *cmd, int argc, char **argv);
int var_put(const struct command *cmd, int argc, char **argv);
int service_delete(const struct command *cmd, int argc, char **argv);
int service_info(const struct command *cmd, int argc, char **argv);
int service_list(const struct command *cmd, int argc, char **argv);
int eval_status(const struct command *cmd, int argc, char **argv);
int eval_list(const struct command *cmd, int argc, char **argv);
int operator_autopilot_get(const struct command *cmd, int argc, char **argv);
int operator_autopilot_health(const struct command *cmd, int argc, char **argv);
int operator_autopilot_set(const struct command *cmd, int argc, char **argv);
int operator_raft_list_peers(const struct command *cmd, int argc, char **argv);
int operator_raft_remove_peer(const struct command *cmd, int argc, char **argv);
int operator_raft_transfer(const struct command *cmd, int argc, char **argv);
int operator_snapshot_inspect(const struct command *cmd, int argc, char **argv);
int operator_snapshot_restore(const struct command *cmd, int argc, char **argv);
int operator_snapshot_save(const struct command *cmd, int argc, char **argv);
int operator_versions(const struct command *cmd, int argc, char **argv);
int server_force_leave(const struct command *cmd, int argc, char **argv);
int server_join(const struct command *cmd, int argc, char **argv);
int server_members(const struct command *cmd, int argc, char **argv);
int agent_info(const struct command *cmd, int argc, char **argv);
int tls_ca_create(const struct command *cmd, int argc, char **argv);
int tls_ca_info(const struct command *cmd, int argc, char **argv);
int tls_cert_create(const struct command *cmd, int argc, char **argv);
int tls_cert_info(const struct command *cmd, int argc, char **argv);
int version_show(const struct command *cmd, int argc, char **argv);
int system_gc(const struct command *cmd, int argc, char **argv);
int system_reconcile_summaries(
    const struct command *cmd, int argc, char **argv);
int status_any(const struct command *cmd, int argc, char **argv);

#endif
