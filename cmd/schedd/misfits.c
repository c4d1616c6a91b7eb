#include "cmd/schedd/misfits.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void __attribute__((format(printf, 2, 3)))
say(struct misfits *out, const char *fmt, ...)
{
	va_list ap;

	if (out->n == MISFITS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(out->text[out->n++], CLUSTER_WHY_MAX, fmt, ap);
	va_end(ap);
}

static bool
is_alone(const struct cluster_server *s)
{
	return s->raft[0] == '\0';
}

/* Two clusters in one region never become one by themselves. */
static void
look_at_cluster(const struct cluster_server *self,
    const struct cluster_server *s, struct misfits *out)
{
	if (is_alone(s) && is_alone(self))
		say(out,
		    "server %s of this region is a cluster by itself, as this "
		    "one is: neither joins the other",
		    s->name);
	else if (is_alone(s))
		say(out,
		    "server %s of this region is a cluster by itself: it does "
		    "not join",
		    s->name);
	else if (is_alone(self) && s->cluster != 0)
		say(out,
		    "server %s of this region is in cluster %016" PRIx64
		    ", which this one, a cluster by itself, does not join",
		    s->name, s->cluster);
	else if (s->cluster != 0 && s->cluster != self->cluster)
		say(out,
		    "server %s of this region is in cluster %016" PRIx64
		    " and this one in %016" PRIx64 ": it is not added",
		    s->name, s->cluster, self->cluster);
}

static void
look_at(const struct cluster_server *self, const struct cluster_server *s,
    struct misfits *out)
{
	look_at_cluster(self, s, out);
	if (s->expect > 0 && self->expect > 0 && s->expect != self->expect)
		say(out,
		    "server %s expects %" PRId64 " servers and this one "
		    "%" PRId64 ": no new cluster could be formed by them",
		    s->name, s->expect, self->expect);
}

/* Machines of which one is a copy of the other. What listens at one address
 * is one server, which had another name before. */
static void
look_for_twin(const struct cluster_view *v, size_t i, struct misfits *out)
{
	const struct cluster_server *s = &v->servers[i];

	for (size_t k = 0; k < i; k++) {
		const struct cluster_server *t = &v->servers[k];

		if (t->id != s->id || s->id == 0 ||
		    t->status != CLUSTER_ALIVE || strcmp(t->raft, s->raft) == 0)
			continue;
		say(out,
		    "servers %s and %s have one id, %s: one of them has a copy "
		    "of the other's data_dir, and must begin without it",
		    t->name, s->name, s->uuid);
	}
}

void
misfits_find(const struct cluster_view *v, struct misfits *out)
{
	out->n = 0;
	for (size_t i = 1; i < v->n; i++)
		if (v->servers[i].status == CLUSTER_ALIVE) {
			look_at(&v->servers[0], &v->servers[i], out);
			look_for_twin(v, i, out);
		}
}

static bool
has(const struct misfits *m, const char *text)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->text[i], text) == 0)
			return true;
	return false;
}

void
misfits_new(
    const struct misfits *now, const struct misfits *was, struct misfits *out)
{
	out->n = 0;
	for (size_t i = 0; i < now->n; i++)
		if (!has(was, now->text[i]))
			say(out, "%s", now->text[i]);
}
