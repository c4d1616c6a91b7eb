/*
 * The HTTP API: one function for each row of the table in api.c.
 *
 * ctx is the struct schedd. What reads goes through query.h; what changes
 * something asks the core and is answered when the core says so.
 */
#ifndef SCHEDD_API_H
#define SCHEDD_API_H

#include "cmd/schedd/query.h"

/* api_job.c */
void api_jobs(void *ctx, struct http_req *r);
void api_job(void *ctx, struct http_req *r);
void api_job_allocs(void *ctx, struct http_req *r);
void api_job_evals(void *ctx, struct http_req *r);
void api_job_deployments(void *ctx, struct http_req *r);
void api_job_deployment(void *ctx, struct http_req *r);
void api_job_summary(void *ctx, struct http_req *r);
void api_job_versions(void *ctx, struct http_req *r);
void api_job_scale_status(void *ctx, struct http_req *r);
void api_job_services(void *ctx, struct http_req *r);
void api_job_submission(void *ctx, struct http_req *r);

/* api_jobput.c */
void api_job_register(void *ctx, struct http_req *r);
void api_job_deregister(void *ctx, struct http_req *r);
void api_job_plan(void *ctx, struct http_req *r);
void api_job_validate(void *ctx, struct http_req *r);
void api_job_evaluate(void *ctx, struct http_req *r);
void api_job_scale(void *ctx, struct http_req *r);
void api_job_revert(void *ctx, struct http_req *r);
void api_job_stable(void *ctx, struct http_req *r);

/* api_jobparse.c */
void api_jobs_parse(void *ctx, struct http_req *r);

/* api_alloc.c */
void api_allocs(void *ctx, struct http_req *r);
void api_alloc(void *ctx, struct http_req *r);
void api_alloc_stop(void *ctx, struct http_req *r);
void api_eval_allocs(void *ctx, struct http_req *r);
void api_deployment_allocs(void *ctx, struct http_req *r);

/* api_eval.c */
void api_evals(void *ctx, struct http_req *r);
void api_evals_count(void *ctx, struct http_req *r);
void api_eval(void *ctx, struct http_req *r);

/* api_deploy.c */
void api_deployments(void *ctx, struct http_req *r);
void api_deployment(void *ctx, struct http_req *r);
void api_deployment_health(void *ctx, struct http_req *r);
void api_deployment_fail(void *ctx, struct http_req *r);
void api_deployment_pause(void *ctx, struct http_req *r);
void api_deployment_promote(void *ctx, struct http_req *r);

/* api_service.c */
void api_services(void *ctx, struct http_req *r);
void api_service(void *ctx, struct http_req *r);
void api_service_delete(void *ctx, struct http_req *r);
void api_alloc_services(void *ctx, struct http_req *r);

/* api_var.c */
void api_vars(void *ctx, struct http_req *r);
void api_var(void *ctx, struct http_req *r);
void api_var_put(void *ctx, struct http_req *r);
void api_var_delete(void *ctx, struct http_req *r);
void api_var_none(void *ctx, struct http_req *r);

/* api_node.c */
void api_nodes(void *ctx, struct http_req *r);
void api_node(void *ctx, struct http_req *r);
void api_node_allocs(void *ctx, struct http_req *r);
void api_node_drain(void *ctx, struct http_req *r);
void api_node_eligibility(void *ctx, struct http_req *r);
void api_node_evaluate(void *ctx, struct http_req *r);
void api_node_purge(void *ctx, struct http_req *r);

/* api_pool.c */
void api_pools(void *ctx, struct http_req *r);
void api_pool(void *ctx, struct http_req *r);
void api_pool_put(void *ctx, struct http_req *r);
void api_pool_delete(void *ctx, struct http_req *r);
void api_pool_nodes(void *ctx, struct http_req *r);
void api_pool_jobs(void *ctx, struct http_req *r);
void api_namespaces(void *ctx, struct http_req *r);
void api_namespace(void *ctx, struct http_req *r);

/* api_search.c */
void api_search(void *ctx, struct http_req *r);
void api_search_fuzzy(void *ctx, struct http_req *r);

/* api_agent.c */
void api_self(void *ctx, struct http_req *r);
void api_health(void *ctx, struct http_req *r);
void api_leader(void *ctx, struct http_req *r);
void api_peers(void *ctx, struct http_req *r);
void api_agent_servers(void *ctx, struct http_req *r);

/* api_members.c */
void api_members(void *ctx, struct http_req *r);
void api_regions(void *ctx, struct http_req *r);
void api_agent_join(void *ctx, struct http_req *r);
void api_agent_force_leave(void *ctx, struct http_req *r);

/* api_operator.c */
void api_gc(void *ctx, struct http_req *r);
void api_metrics(void *ctx, struct http_req *r);
void api_sched_config(void *ctx, struct http_req *r);
void api_sched_config_set(void *ctx, struct http_req *r);
void api_reconcile(void *ctx, struct http_req *r);
void api_no_acl(void *ctx, struct http_req *r);
void api_enterprise(void *ctx, struct http_req *r);
void api_root(void *ctx, struct http_req *r);

/* api_raft.c */
void api_raft_config(void *ctx, struct http_req *r);
void api_raft_remove(void *ctx, struct http_req *r);
void api_raft_transfer(void *ctx, struct http_req *r);
/* Forgets the change that is under way. */
void api_raft_release(struct schedd *sd);

/* api_autopilot.c */
void api_autopilot_config(void *ctx, struct http_req *r);
void api_autopilot_config_set(void *ctx, struct http_req *r);
void api_autopilot_health(void *ctx, struct http_req *r);
/* On the leader: how many servers may still fail, and whether all are well. */
int64_t api_autopilot_tolerance(const struct schedd *sd, bool *is_healthy);

/* api_snapshot.c */
void api_snapshot_save(void *ctx, struct http_req *r);

/* api_restore.c */
void api_snapshot_restore(void *ctx, struct http_req *r);
/* Whether the request brings a whole state. */
bool api_snapshot_is(const struct http_req *r);
/* One whose body is too long to be collected: begun within on_request() when
 * it is one and this server may take it. */
bool api_snapshot_begin(struct schedd *sd, struct http_req *r);
void api_snapshot_body(struct http_req *r, const char *p, size_t n);
void api_snapshot_end(struct http_req *r);
/* Forgets the one that is under way. */
void api_snapshot_release(struct schedd *sd);

/* api_client.c: handed on to the node that it concerns */
void api_client_alloc(void *ctx, struct http_req *r);
void api_client_node(void *ctx, struct http_req *r);

/* Answers a request, or has the leader answer it. */
void api_dispatch(struct schedd *sd, struct http_req *r);

/* This server's RPC address, as others know it. */
const char *api_rpc_addr(const struct schedd *sd);

/* The namespace that a request names, or "default". */
void api_ns(const struct http_req *r, char *out, size_t size);

/* Decodes the JSON body; answers 400 and returns -1 when it is none. */
int api_body(struct http_req *r, const struct rec_type *type, void *rec);

/* The same for one of any shape; NULL when it was answered. */
struct tree *api_body_tree(struct http_req *r);

/* The index of "cas", which the writer has seen: 1, 0 when it does not say, -1
 * when it is no number, which was answered with 400 and the complaint. */
int api_cas(struct http_req *r, const char *complaint, uint64_t *index);

/* Answers with 200; the tree is taken over. */
void api_reply_rec(
    struct http_req *r, const struct rec_type *type, const void *rec);
void api_reply_tree(struct http_req *r, struct tree *t);

/* This server as a member of the pool; agent_member_type clears it. */
void api_own_member(const struct schedd *sd, struct agent_member *m);

/* Answers for what the core, or a check, has refused. */
void api_refuse(struct http_req *r, const struct err *err);

/* A short form with members borrowed from the whole; its task list of
 * resources only when asked for. */
struct alloc_stub api_alloc_stub(
    const struct alloc *a, bool resources, bool task_states);

/* The list of nodes, or of jobs: of one pool, or all (NULL). */
void api_list_nodes(struct query *q, const char *pool);
void api_list_jobs(struct query *q, const char *pool);

const char *api_node_pool(const struct node *n);
/* The pools there are, in order, in the arena: two that always are, those
 * that nodes say they are in, and those that people have described. */
const char **api_node_pools(
    const struct sched_state *st, struct arena *arena, size_t *n);

/* Adds Resources and TaskResources, the older form of what was allocated,
 * which clients still look at. Memory is the arena's. */
void api_alloc_legacy(struct arena *arena, struct alloc *a);

#endif
