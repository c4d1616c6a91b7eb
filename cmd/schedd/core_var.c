/*
 * What people ask about variables.
 */
#include "cmd/schedd/core_impl.h"

#include <stdlib.h>

#include "cmd/schedd/text.h"
#include "common/mem.h"
#include "common/text.h"

static void
ask_variable(struct sched_core *c, uint64_t req, struct cmd_variable *u,
    const uint64_t *cas)
{
	struct cmd cmd = { .variable = u };

	u->enforce_index = cas != NULL;
	u->modify_index = cas != NULL ? *cas : 0;
	core_ask(c, req, &cmd, CORE_VARIABLE);
}

void
sched_core_variable_put(struct sched_core *c, uint64_t req,
    const struct variable *v, const uint64_t *cas)
{
	struct cmd_variable u = { .variable = *v };
	struct err err;

	if (!core_may_ask(c, req))
		return;
	if (variable_check(v, &err) == -1)
		core_refuse_err(c, req, &err);
	else if (!sched_eq(v->ns, "default"))
		core_refuse(c, req, ERR_BAD,
		    "variable \"%s\" is in nonexistent namespace \"%s\"",
		    v->path, sched_str(v->ns));
	else
		ask_variable(c, req, &u, cas);
}

void
sched_core_variable_delete(struct sched_core *c, uint64_t req, const char *ns,
    const char *path, const uint64_t *cas)
{
	struct cmd_variable u = { .variable = { .ns = text_borrow(ns),
				      .path = text_borrow(path) },
		.remove = true };

	if (core_may_ask(c, req))
		ask_variable(c, req, &u, cas);
}

/* The variable as it is now; of one that is not there, its name. */
static struct variable *
show(const struct sched_core *c, const struct cmd_variable *u)
{
	const struct sched_var *v =
	    sched_var_find(&c->state, u->variable.ns, u->variable.path);
	struct variable name = { .ns = u->variable.ns,
		.path = u->variable.path };
	struct variable *out = xmalloc(sizeof *out);

	rec_copy(&variable_type, out, v != NULL ? &v->rec : &name);
	return out;
}

void
core_answer_variable(struct sched_core *c, uint64_t req,
    const struct cmd_variable *u, const struct fsm_reply *r)
{
	struct variable *now;

	if (r->err.code != ERR_NONE && r->err.code != ERR_CONFLICT) {
		core_refuse_err(c, req, &r->err);
		return;
	}
	if (r->err.code == ERR_NONE && u->remove) {
		core_reply(c, req, NULL, NULL, r->index);
		return;
	}
	now = show(c, u);
	if (r->err.code == ERR_NONE)
		core_reply(c, req, &variable_type, now, r->index);
	else
		core_conflict(
		    c, req, &variable_type, now, now->modify_index, &r->err);
}
