#include "cmd/schedd/fsm_impl.h"
#include "cmd/schedd/text.h"

/* Only the index that the writer has seen, if it says which: 0 is that of a
 * variable which does not exist. */
static bool
is_current(const struct cmd_variable *c, const struct sched_var *old)
{
	uint64_t index = old != NULL ? old->rec.modify_index : 0;

	return !c->enforce_index || c->modify_index == index;
}

void
fsm_variable(struct fsm_turn *t, const struct cmd_variable *c)
{
	struct variable rec = c->variable;
	struct sched_var *old = sched_var_find(t->st, rec.ns, rec.path);

	if (!is_current(c, old)) {
		err_set(&t->reply->err, ERR_CONFLICT,
		    "variable \"%s\" has changed meanwhile",
		    sched_str(rec.path));
		return;
	}
	if (c->remove) {
		if (old != NULL)
			sched_var_forget(t->st, old, t->index);
		return;
	}
	rec.create_index = old != NULL ? old->rec.create_index : t->index;
	rec.create_time = old != NULL ? old->rec.create_time : t->time;
	rec.modify_index = t->index;
	rec.modify_time = t->time;
	sched_put_var(t->st, &rec, t->index);
}
