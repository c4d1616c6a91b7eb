/*
 * A server's Raft thread, as common/raft/node*.c is, and what it and the loop
 * tell each other.
 */
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/sim/cluster.h"
#include "tests/sim/raft_shell.h"

struct vserver *
server_of(struct cluster *c, const struct sim_server *s)
{
	return &c->servers[sim_place(s->id)];
}

/* --- queues --- */

static void *
queue_add(struct queue *q, size_t size)
{
	if (q->head > 64 && q->head > q->n / 2) {
		memmove(q->v, (char *)q->v + q->head * size,
		    (q->n - q->head) * size);
		q->n -= q->head;
		q->head = 0;
	}
	q->v = xgrow(q->v, q->n, &q->cap, size);
	return (char *)q->v + q->n++ * size;
}

/* The oldest; NULL: there is none. It stays where it is for now. */
void *
queue_take(struct queue *q, size_t size)
{
	return q->head < q->n ? (char *)q->v + q->head++ * size : NULL;
}

void
queue_release(struct queue *q)
{
	free(q->v);
	*q = (struct queue){ 0 };
}

/* --- from thread to thread --- */

static uint64_t
thread_ms(struct cluster *c)
{
	if (c->o.thread_ms == 0 || !c->wild || cluster_chance(c, 700))
		return 0;
	return cluster_between(
	    c, 0, cluster_chance(c, 20) ? 400 : c->o.thread_ms);
}

static void
post(struct vserver *v, enum event_kind kind, bool *posted)
{
	if (*posted)
		return;
	*posted = true;
	cluster_later(v->c, thread_ms(v->c), kind, 0, v->epoch)->server =
	    server_place(v);
}

static void
tell(struct vserver *v, struct news news)
{
	*(struct news *)queue_add(&v->news, sizeof news) = news;
	post(v, EV_NEWS, &v->news_posted);
}

void
server_mail(struct vserver *v, struct mail m)
{
	*(struct mail *)queue_add(&v->mail, sizeof m) = m;
	post(v, EV_INBOX, &v->mail_posted);
}

/* --- Raft's thread: node_core.c, node_answer.c --- */

static void
fail_waiting(struct vserver *v, struct queue *q, enum err_code code)
{
	struct waiting *x;

	while ((x = queue_take(q, sizeof *x)) != NULL)
		tell(v, (struct news){ .kind = NEWS_FAILED,
			    .proposal = x->proposal,
			    .code = code });
}

static void
tell_leads(struct vserver *v, bool leads, uint64_t term)
{
	if (v->raft_leads == leads)
		return;
	v->raft_leads = leads;
	tell(v,
	    (struct news){ .kind = NEWS_LEADS, .leads = leads, .term = term });
}

static void
on_apply(struct vserver *v, const struct raft_action *a)
{
	const struct raft *r = v->s->raft;
	uint64_t leads_in = 0;

	for (size_t i = 0; i < a->log.n; i++) {
		const struct raft_entry *e = &a->log.entries[i];
		struct waiting *x = NULL;

		if (v->waiting.head < v->waiting.n)
			x = (struct waiting *)v->waiting.v + v->waiting.head;
		if (x != NULL && x->index == e->index && x->term == e->term)
			v->waiting.head++;
		raft_bytes_ref(e->data);
		tell(v, (struct news){ .kind = NEWS_APPLY, .entry = *e });
		if (e->type == RAFT_NOOP && e->term == r->term &&
		    r->role == RAFT_LEADER)
			leads_in = e->term;
	}
	if (leads_in != 0)
		tell_leads(v, true, leads_in);
}

static void
on_role(struct vserver *v, const struct raft_action *a)
{
	tell(v, (struct news){ .kind = NEWS_FOLLOWS,
		    .leader = a->role.leader,
		    .term = a->role.term });
	if (a->role.role == RAFT_LEADER)
		return;
	tell_leads(v, false, a->role.term);
	fail_waiting(v, &v->waiting, ERR_GONE);
}

static void
on_proposed(struct vserver *v, const struct raft_action *a)
{
	for (size_t i = 0; i < a->proposed.n && v->fresh_id != 0; i++) {
		struct waiting *x = queue_take(&v->fresh, sizeof *x), *w;

		w = queue_add(&v->waiting, sizeof *w);
		*w = (struct waiting){ x->proposal, a->proposed.first + i,
			a->proposed.term };
	}
}

static void
on_read(struct vserver *v, uint64_t id, bool ok)
{
	struct waiting *list = v->reading.v;

	for (size_t i = v->reading.head; i < v->reading.n; i++) {
		if (list[i].index != id)
			continue;
		tell(v, (struct news){ .kind = NEWS_READ,
			    .read = list[i].proposal,
			    .ok = ok });
		list[i] = list[--v->reading.n];
		return;
	}
}

void
server_on_act(void *ctx, struct sim_server *s, const struct raft_action *a)
{
	struct cluster *c = ctx;
	struct vserver *v = server_of(c, s);

	switch ((int)a->type) {
	case RAFT_ACT_APPLY:
		on_apply(v, a);
		break;
	case RAFT_ACT_INSTALL:
		tell(v, (struct news){ .kind = NEWS_INSTALL,
			    .index = a->install.snapshot->index });
		break;
	case RAFT_ACT_ROLE:
		on_role(v, a);
		break;
	case RAFT_ACT_PROPOSED:
		if (a->proposed.id == v->fresh_id)
			on_proposed(v, a);
		break;
	case RAFT_ACT_REFUSED:
		if (v->fresh_id != 0 && a->refused.id == v->fresh_id)
			fail_waiting(v, &v->fresh,
			    a->refused.why == RAFT_BUSY ? ERR_BUSY
							: ERR_NOT_LEADER);
		break;
	case RAFT_ACT_READ_OK:
		on_read(v, a->read.id, true);
		break;
	case RAFT_ACT_READ_FAILED:
		on_read(v, a->refused.id, false);
		break;
	default:
		break;
	}
}

/* All that came together, and was decided in the same term, is one proposal. */
static void
propose_all(
    struct vserver *v, struct raft_bytes **bytes, size_t n, uint64_t term)
{
	struct raft_event ev = { .type = RAFT_PROPOSE };

	if (n == 0)
		return;
	v->fresh_id = ++v->c->next_call;
	ev.propose.id = v->fresh_id;
	ev.propose.payloads = bytes;
	ev.propose.n = n;
	ev.propose.term = term;
	sim_step(&v->c->w, v->s, ev);
	v->fresh_id = 0;
	for (size_t i = 0; i < n; i++)
		raft_bytes_unref(bytes[i]);
}

void
server_read_mail(struct vserver *v)
{
	struct cluster *c = v->c;
	struct raft_bytes **bytes =
	    xcalloc(v->mail.n + 1, sizeof(struct raft_bytes *));
	struct mail *m;
	uint64_t term = 0;
	size_t n = 0;

	v->mail_posted = false;
	while ((m = queue_take(&v->mail, sizeof *m)) != NULL) {
		struct waiting *x;

		if (m->bytes == NULL) {
			x = queue_add(&v->reading, sizeof *x);
			*x = (struct waiting){ .proposal = m->read,
				.index = c->w.nreads };
			sim_read(&c->w, v->s);
			continue;
		}
		if (n > 0 && m->term != term) {
			propose_all(v, bytes, n, term);
			n = 0;
		}
		term = m->term;
		x = queue_add(&v->fresh, sizeof *x);
		*x = (struct waiting){ .proposal = m->proposal };
		bytes[n++] = m->bytes;
	}
	propose_all(v, bytes, n, term);
	free(bytes);
}
