#include "cmd/schedd/spread.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cmd/schedd/constraint.h"
#include "cmd/schedd/text.h"
#include "common/text.h"

static char implicit_target[] = "*";

/* --- counting --- */

static void
count_value(struct spread_count *c, const char *value, int64_t n)
{
	for (size_t i = 0; i < c->nvalues; i++)
		if (strcmp(c->values[i].key, value) == 0) {
			c->values[i].value += n;
			return;
		}
	c->values = xreallocarray(c->values, c->nvalues + 1, sizeof *c->values);
	c->values[c->nvalues++] = (struct rec_ki){ text_borrow(value), n };
}

void
spread_count(struct spread_count *c, struct world *w, size_t group)
{
	c->nvalues = 0;
	for (size_t i = 0; i < w->nmade; i++) {
		const struct world_node *n = w->made[i];
		uint64_t here = n->mine;
		const char *value;

		if (!c->whole_job)
			here = n->in_group != NULL ? n->in_group[group] : 0;
		if (here == 0)
			continue;
		value = constraint_target(n->node, c->attribute);
		if (value != NULL)
			count_value(c, value, (int64_t)here);
	}
}

int64_t
spread_count_of(const struct spread_count *c, const char *value)
{
	for (size_t i = 0; i < c->nvalues; i++)
		if (strcmp(c->values[i].key, value) == 0)
			return c->values[i].value;
	return 0;
}

void
spread_count_release(struct spread_count *c)
{
	free(c->values);
	c->values = NULL;
	c->nvalues = 0;
}

/* --- spreads --- */

void
spreads_init(struct spreads *s, const struct job *job,
    const struct task_group *tg, struct arena *arena)
{
	size_t n = job->nspreads + tg->nspreads;

	*s = (struct spreads){ .lowest = -1.0, .group_count = tg->count };
	if (n == 0)
		return;
	s->spreads = arena_alloc(arena, n * sizeof(void *));
	s->counts = arena_alloc(arena, n * sizeof *s->counts);
	for (size_t i = 0; i < n; i++) {
		const struct spread *sp = i < tg->nspreads
					      ? &tg->spreads[i]
					      : &job->spreads[i - tg->nspreads];

		s->spreads[s->n] = sp;
		s->counts[s->n].attribute = sp->attribute;
		s->total_weight += sp->weight;
		s->n++;
	}
}

void
spreads_release(struct spreads *s)
{
	for (size_t i = 0; i < s->n; i++)
		spread_count_release(&s->counts[i]);
}

void
spreads_count(struct spreads *s, struct world *w, size_t group)
{
	for (size_t i = 0; i < s->n; i++)
		spread_count(&s->counts[i], w, group);
}

/* How many of the group should be where the value is; -1: nobody said. */
static double
desired_of(const struct spread *sp, int64_t group_count, const char *value)
{
	double rest = (double)group_count, other = -1;

	for (size_t i = 0; i < sp->nspread_target; i++) {
		const struct spread_target *t = &sp->spread_target[i];
		double want = (double)t->percent / 100.0 * (double)group_count;

		if (sched_eq(t->value, value))
			return want;
		if (sched_eq(t->value, implicit_target))
			other = want;
		rest -= want;
	}
	if (other >= 0)
		return other;
	return rest > 0 ? rest : -1;
}

/* Values that no target names share what is left for them. */
static int64_t
count_against(
    const struct spread *sp, const struct spread_count *c, const char *value)
{
	int64_t others = 0;

	for (size_t i = 0; i < sp->nspread_target; i++)
		if (sched_eq(sp->spread_target[i].value, value))
			return spread_count_of(c, value);
	for (size_t i = 0; i < c->nvalues; i++) {
		bool named = false;

		for (size_t k = 0; k < sp->nspread_target && !named; k++)
			named = sched_eq(
			    sp->spread_target[k].value, c->values[i].key);
		others += named ? 0 : c->values[i].value;
	}
	return others;
}

static double
target_score(struct spreads *s, size_t i, const char *value)
{
	double used =
	    (double)count_against(s->spreads[i], &s->counts[i], value) + 1;
	double desired = desired_of(s->spreads[i], s->group_count, value);
	double boost;

	if (desired < 0)
		return -1.0;
	if (desired <= 0)
		return s->lowest;
	boost = (desired - used) / desired * (double)s->spreads[i]->weight /
		(double)s->total_weight;
	if (boost < s->lowest)
		s->lowest = boost;
	return boost;
}

/* Without targets: the value with the fewest is best. */
static double
even_score(const struct spread_count *c, const char *value)
{
	int64_t min = 0, max = 0, now = spread_count_of(c, value);

	for (size_t i = 0; i < c->nvalues; i++) {
		int64_t v = c->values[i].value;

		if (i == 0 || v < min)
			min = v;
		if (v > max)
			max = v;
	}
	if (c->nvalues == 0)
		return 0;
	if (now != min)
		return min == 0 ? -1.0 : (double)(min - now) / (double)min;
	if (min == max)
		return -1.0;
	return min == 0 ? 1.0 : (double)(max - min) / (double)min;
}

double
spreads_score(struct spreads *s, const struct node *n)
{
	double total = 0;

	for (size_t i = 0; i < s->n; i++) {
		const char *value =
		    constraint_target(n, s->spreads[i]->attribute);

		if (value == NULL)
			total -= 1.0;
		else if (s->spreads[i]->nspread_target == 0)
			total += even_score(&s->counts[i], value);
		else
			total += target_score(s, i, value);
	}
	return total;
}

/* --- distinct properties --- */

static const char *
say(struct arena *arena, char *text)
{
	const char *s = arena_strndup(arena, text, strlen(text));

	free(text);
	return s;
}

const char *
spread_distinct(const struct spread_count *c, const struct constraint *con,
    const struct node *n, struct arena *arena)
{
	const char *value = constraint_target(n, con->ltarget);
	const char *limit = sched_str(con->rtarget);
	int64_t allowed = 1, used;
	char *end;

	if (*limit != '\0') {
		allowed = strtoll(limit, &end, 10);
		if (*end != '\0' || allowed < 0)
			return say(arena,
			    xasprintf("failed to convert RTarget \"%s\" to "
				      "uint64: strconv.ParseUint: parsing "
				      "\"%s\": invalid syntax",
				limit, limit));
	}
	if (value == NULL)
		return say(arena, xasprintf("missing property \"%s\"",
				      sched_str(con->ltarget)));
	used = spread_count_of(c, value);
	if (used < allowed)
		return NULL;
	return say(arena,
	    xasprintf("distinct_property: %s=%s used by %" PRId64 " allocs",
		sched_str(con->ltarget), value, used));
}
