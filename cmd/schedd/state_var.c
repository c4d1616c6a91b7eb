/* Variables: one table, keyed by namespace and path. */
#include <stdlib.h>

#include "cmd/schedd/state.h"
#include "cmd/schedd/state_put.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"

struct sched_var *
sched_var_find(const struct sched_state *st, const char *ns, const char *path)
{
	struct buf key = { 0 };
	struct sched_var *v;

	sched_key(&key, ns, path);
	HASH_FIND(hh, st->vars, key.data, key.len, v);
	buf_release(&key);
	return v;
}

static struct sched_var *
var_have(struct sched_state *st, const struct variable *rec)
{
	struct sched_var *v = sched_var_find(st, rec->ns, rec->path);
	struct buf key = { 0 };

	if (v != NULL)
		return v;
	v = xcalloc(1, sizeof *v);
	sched_key(&key, rec->ns, rec->path);
	v->key = buf_take(&key);
	HASH_ADD_KEYPTR(hh, st->vars, v->key, strlen(v->key), v);
	return v;
}

void
sched_put_var(struct sched_state *st, const struct variable *rec, uint64_t at)
{
	struct sched_var *v = var_have(st, rec);

	rec_clear(&variable_type, &v->rec);
	rec_copy(&variable_type, &v->rec, rec);
	sched_touch(st, SCHED_VARIABLE, v->key);
	sched_touch_table(st, SCHED_VARIABLES, at);
}

void
sched_var_forget(struct sched_state *st, struct sched_var *v, uint64_t at)
{
	HASH_DEL(st->vars, v);
	sched_touch(st, SCHED_VARIABLE, v->key);
	sched_touch_table(st, SCHED_VARIABLES, at);
	rec_clear(&variable_type, &v->rec);
	free(v->key);
	free(v);
}
