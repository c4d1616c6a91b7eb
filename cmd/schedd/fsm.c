#include "cmd/schedd/fsm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/schedd/fsm_impl.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"
#include "proto/version.h"

/* --- evaluations --- */

/* One that placed all it wanted makes those that wait for room needless. */
static void
cancel_blocked(struct fsm_turn *t, const struct eval *done)
{
	struct sched_eval *e, *next;
	struct sched_job *j = sched_job_entry(
	    t->st, sched_str(done->namespace), sched_str(done->job_id));

	if (j == NULL)
		return;
	for (e = TAILQ_FIRST(&j->evals); e != NULL; e = next) {
		struct eval rec;

		next = TAILQ_NEXT(e, by_job);
		if (!sched_eq(e->rec.status, "blocked"))
			continue;
		rec_copy(&eval_type, &rec, &e->rec);
		sched_set(&rec.status, "canceled");
		free(rec.status_description);
		rec.status_description =
		    xasprintf("evaluation \"%s\" successful", done->id);
		rec.modify_index = t->index;
		rec.modify_time = t->time;
		sched_put_eval(t->st, &rec, t->index);
		rec_clear(&eval_type, &rec);
	}
}

static void
put_eval(struct fsm_turn *t, const struct eval *e)
{
	const struct sched_eval *old = sched_eval_find(t->st, e->id);
	struct eval rec = *e;
	struct sched_job *j;

	/* It stays its job's. */
	if (old != NULL && (!sched_eq(old->rec.job_id, e->job_id) ||
			       !sched_eq(old->rec.namespace, e->namespace)))
		return;
	rec.create_index = old != NULL ? old->rec.create_index : t->index;
	rec.modify_index = t->index;
	if (old != NULL)
		rec.create_time = old->rec.create_time;
	else if (rec.create_time == 0)
		rec.create_time = t->time;
	rec.modify_time = t->time;
	if (old == NULL && rec.job_modify_index == 0 &&
	    sched_eq(rec.triggered_by, "job-register"))
		rec.job_modify_index = t->reply->job_modify_index;
	if (sched_eq(rec.status, "complete") && rec.nfailed_tg_allocs == 0)
		cancel_blocked(t, &rec);
	sched_put_eval(t->st, &rec, t->index);
	sched_note_queued(t->st, rec.id, t->index);
	j = sched_job_find(
	    t->st, sched_str(rec.namespace), sched_str(rec.job_id));
	if (j != NULL)
		sched_job_settle(t->st, j, t->index);
}

void
fsm_put_evals(struct fsm_turn *t, const struct eval *evals, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!sched_is_empty(evals[i].id))
			put_eval(t, &evals[i]);
}

/* --- forgetting --- */

static void
reap(struct fsm_turn *t, const struct cmd_reap *c)
{
	struct sched_state *st = t->st;

	for (size_t i = 0; i < c->nallocs; i++) {
		struct sched_alloc *a = sched_alloc_find(st, c->allocs[i]);

		if (a != NULL)
			sched_alloc_forget(st, a, t->index);
	}
	for (size_t i = 0; i < c->nevals; i++) {
		struct sched_eval *e = sched_eval_find(st, c->evals[i]);

		if (e != NULL)
			sched_eval_forget(st, e, t->index);
	}
	for (size_t i = 0; i < c->ndeployments; i++) {
		struct sched_deployment *d =
		    sched_deployment_find(st, c->deployments[i]);

		if (d != NULL)
			sched_deployment_forget(st, d, t->index);
	}
	for (size_t i = 0; i < c->njobs; i++) {
		struct sched_job *j = sched_job_find(
		    st, sched_str(c->jobs[i].ns), sched_str(c->jobs[i].id));

		if (j != NULL)
			sched_job_purge(st, j, t->index);
	}
	for (size_t i = 0; i < c->nnodes; i++) {
		struct sched_node *n = sched_node_find(st, c->nodes[i]);

		if (n != NULL)
			sched_node_forget(st, n, t->index);
	}
}

static void
set_config(struct fsm_turn *t, const struct scheduler_configuration *c)
{
	struct scheduler_configuration *dst = &t->st->config;
	uint64_t created = dst->create_index;

	rec_clear(&scheduler_configuration_type, dst);
	rec_copy(&scheduler_configuration_type, dst, c);
	dst->create_index = created != 0 ? created : t->index;
	dst->modify_index = t->index;
	sched_touch_table(t->st, SCHED_CONFIG, t->index);
}

static void
set_autopilot(struct fsm_turn *t, const struct autopilot_configuration *c)
{
	struct autopilot_configuration *dst = &t->st->autopilot;
	uint64_t created = dst->create_index;

	*dst = *c;
	dst->create_index = created != 0 ? created : t->index;
	dst->modify_index = t->index;
}

static void
raise_level(struct fsm_turn *t, const struct cmd_level *c)
{
	if (c->level > t->st->level)
		t->st->level = c->level;
}

/* --- doing things once --- */

static struct sched_client_row *
client_find(struct sched_state *st, const char *client)
{
	for (size_t i = 0; i < st->nclients; i++)
		if (strcmp(st->clients[i].client, client) == 0)
			return &st->clients[i];
	return NULL;
}

/* The client's row at the end of the table, as the latest used. */
static struct sched_client_row *
client_latest(struct sched_state *st, const char *client)
{
	struct sched_client_row row = { 0 }, *old = client_find(st, client);
	size_t place;

	if (old == NULL && st->nclients == SCHED_MAX_CLIENTS) {
		old = &st->clients[0];
		free(old->client);
		free(old->text);
		*old = (struct sched_client_row){ 0 };
	}
	if (old == NULL) {
		st->clients = xreallocarray(
		    st->clients, st->nclients + 1, sizeof *st->clients);
		old = &st->clients[st->nclients++];
		*old = row;
	}
	row = *old;
	place = (size_t)(old - st->clients);
	memmove(old, old + 1, (st->nclients - place - 1) * sizeof *old);
	if (row.client == NULL)
		row.client = xstrdup(client);
	st->clients[st->nclients - 1] = row;
	return &st->clients[st->nclients - 1];
}

static bool
is_repeat(struct sched_state *st, const struct cmd *cmd, struct fsm_reply *r)
{
	const struct sched_client_row *row;

	if (sched_is_empty(cmd->client))
		return false;
	row = client_find(st, cmd->client);
	if (row == NULL || cmd->request > row->request)
		return false;
	r->repeated = true;
	r->index = row->index;
	if (cmd->request == row->request && row->code != ERR_NONE)
		err_set(&r->err, (enum err_code)row->code, "%s",
		    sched_str(row->text));
	return true;
}

static void
remember(
    struct sched_state *st, const struct cmd *cmd, const struct fsm_reply *r)
{
	struct sched_client_row *row;

	if (sched_is_empty(cmd->client))
		return;
	row = client_latest(st, cmd->client);
	row->request = cmd->request;
	row->index = r->index;
	row->code = r->err.code;
	free(row->text);
	row->text = r->err.code != ERR_NONE ? xstrdup(r->err.text) : NULL;
}

/* --- one command --- */

/* That it can be read was seen before it was proposed; if not, nothing has
 * changed, on any server. */
static void
restore(struct fsm_turn *t, const struct cmd_restore *c)
{
	struct sched_state *st = t->st;

	if (sched_stage(&st->staged, c, &t->reply->err) == -1 || !c->last)
		return;
	if (sched_snapshot_adopt(st, &t->reply->err) == -1)
		sched_staged_release(&st->staged);
	t->reply->index = st->index;
}

static bool
carry_out(struct fsm_turn *t, const struct cmd *c)
{
	if (c->job_register != NULL)
		fsm_job_register(t, c->job_register);
	else if (c->job_deregister != NULL)
		fsm_job_deregister(t, c->job_deregister);
	else if (c->job_stable != NULL)
		fsm_job_stable(t, c->job_stable);
	else if (c->node_register != NULL)
		fsm_node_register(t, c->node_register);
	else if (c->node_status != NULL)
		fsm_node_status(t, c->node_status);
	else if (c->node_drain != NULL)
		fsm_node_drain(t, c->node_drain);
	else if (c->eval_upsert != NULL)
		fsm_put_evals(t, c->eval_upsert->evals, c->eval_upsert->nevals);
	else if (c->reap != NULL)
		reap(t, c->reap);
	else if (c->alloc_client != NULL)
		fsm_alloc_client(t, c->alloc_client);
	else if (c->alloc_transition != NULL)
		fsm_alloc_transition(t, c->alloc_transition);
	else if (c->plan != NULL)
		fsm_plan(t, c->plan);
	else if (c->deployment != NULL)
		fsm_deployment(t, c->deployment);
	else if (c->services != NULL)
		fsm_services(t, c->services);
	else if (c->sched_config != NULL)
		set_config(t, c->sched_config);
	else if (c->autopilot != NULL)
		set_autopilot(t, c->autopilot);
	else if (c->variable != NULL)
		fsm_variable(t, c->variable);
	else if (c->node_pool != NULL)
		fsm_node_pool(t, c->node_pool);
	else if (c->restore != NULL)
		restore(t, c->restore);
	else if (c->level != NULL)
		raise_level(t, c->level);
	else
		return false;
	return true;
}

static bool
is_known(const struct cmd *c)
{
	if (c->nbatch == 0)
		return strcmp(cmd_name(c), "unknown") != 0;
	for (size_t i = 0; i < c->nbatch; i++)
		if (c->batch[i].nbatch > 0 || c->batch[i].restore != NULL ||
		    c->batch[i].level != NULL ||
		    strcmp(cmd_name(&c->batch[i]), "unknown") == 0)
			return false;
	return true;
}

static void
apply_one(struct sched_state *st, uint64_t index, const struct cmd *cmd,
    struct fsm_reply *reply)
{
	struct fsm_turn t = {
		.st = st,
		.index = index,
		.time = cmd->time,
		.reply = reply,
	};

	carry_out(&t, cmd);
	arena_release(&t.arena);
}

void
fsm_apply_cmd(struct sched_state *st, uint64_t index, const struct cmd *cmd,
    struct fsm_reply *reply)
{
	*reply = (struct fsm_reply){ .index = index, .request = cmd->request };
	snprintf(
	    reply->client, sizeof reply->client, "%s", sched_str(cmd->client));
	st->index = index;
	if (is_repeat(st, cmd, reply))
		return;
	for (size_t i = 0; i < cmd->nbatch; i++) {
		struct fsm_reply part = { .index = index };

		apply_one(st, index, &cmd->batch[i], &part);
		if (part.err.code != ERR_NONE && reply->err.code == ERR_NONE)
			reply->err = part.err;
	}
	if (cmd->nbatch == 0)
		apply_one(st, index, cmd, reply);
	remember(st, cmd, reply);
	sched_wake(st);
}

int
fsm_check_level(const struct sched_state *st, uint64_t level, struct err *err)
{
	if (level <= st->level_known)
		return 0;
	return err_set(err, ERR_BAD,
	    "the state is at feature level %" PRIu64
	    ", and this program, rove " ROVE_VERSION ", knows %" PRIu64
	    ": start a newer one",
	    level, st->level_known);
}

int
fsm_decode(const struct sched_state *st, uint64_t index, const void *bytes,
    size_t n, struct arena *arena, struct cmd *cmd, struct err *err)
{
	if (rec_unpack_strict(&cmd_type, cmd, bytes, n, arena, err) == -1)
		return err_add(err, "command %" PRIu64, index);
	if (!is_known(cmd))
		return err_set(err, ERR_BAD,
		    "command %" PRIu64
		    " is of a kind this program does not know",
		    index);
	return cmd->level != NULL ? fsm_check_level(st, cmd->level->level, err)
				  : 0;
}

int
fsm_apply(struct sched_state *st, uint64_t index, const void *bytes, size_t n,
    struct fsm_reply *reply, struct err *err)
{
	struct arena arena = { 0 };
	struct cmd cmd;
	int rc = fsm_decode(st, index, bytes, n, &arena, &cmd, err);

	if (rc == 0)
		fsm_apply_cmd(st, index, &cmd, reply);
	arena_release(&arena);
	return rc;
}
