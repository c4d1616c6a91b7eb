#include <stdlib.h>

#include "cmd/schedd/fit.h"
#include "cmd/schedd/portset.h"
#include "cmd/schedd/state.h"
#include "cmd/schedd/state_put.h"
#include "cmd/schedd/text.h"
#include "common/log.h"
#include "common/mem.h"

/* --- counts --- */

/* Takes the allocation into its job's and node's sums, or out of them. */
static void
count(struct sched_alloc *a, int sign)
{
	a->job->groups[a->group].count[a->client] += sign;
	if (sched_alloc_is_client_terminal(a))
		return;
	fit_usage_add(&a->node->held, a->usage, sign);
	a->node->nheld += (size_t)sign;
	if (a->desired != SCHED_RUN)
		return;
	if (sign > 0)
		a->job->nlive++;
	else
		a->job->nlive--;
	fit_usage_add(&a->node->usage, a->usage, sign);
}

static size_t
recount(struct sched_job *j)
{
	int64_t(*was)[SCHED_NCLIENT] = xcalloc(j->ngroups, sizeof *was);
	const struct sched_alloc *a;
	size_t nwrong = 0;

	for (size_t i = 0; i < j->ngroups; i++) {
		memcpy(was[i], j->groups[i].count, sizeof *was);
		memset(j->groups[i].count, 0, sizeof *was);
	}
	TAILQ_FOREACH (a, &j->allocs, by_job)
		j->groups[a->group].count[a->client]++;
	for (size_t i = 0; i < j->ngroups; i++)
		nwrong += memcmp(was[i], j->groups[i].count, sizeof *was) != 0;
	free(was);
	return nwrong;
}

size_t
sched_recount(struct sched_state *st)
{
	size_t nwrong = 0;

	for (struct sched_job *j = st->jobs; j != NULL; j = j->hh.next)
		nwrong += recount(j);
	return nwrong;
}

/* --- sizes --- */

/* Allocations of a group are of one size, those of many groups too. */
struct sched_size {
	struct sched_usage usage;
	size_t refs;
	UT_hash_handle hh;
};

static const struct sched_usage nothing;

static struct sched_size *
size_find(const struct sched_state *st, const struct sched_usage *u)
{
	struct sched_size *s;

	HASH_FIND(hh, st->sizes, u, sizeof *u, s);
	return s;
}

static void
size_drop(struct sched_state *st, const struct sched_usage *u)
{
	struct sched_size *s = size_find(st, u);

	if (--s->refs > 0)
		return;
	HASH_DEL(st->sizes, s);
	free(s);
}

static void
set_usage(
    struct sched_state *st, struct sched_alloc *a, const struct sched_usage *u)
{
	const struct sched_usage *old = a->usage;
	struct sched_size *s;

	if (old != NULL && memcmp(old, u, sizeof *u) == 0)
		return;
	s = size_find(st, u);
	if (s == NULL) {
		s = xcalloc(1, sizeof *s);
		s->usage = *u;
		HASH_ADD(hh, st->sizes, usage, sizeof s->usage, s);
	}
	s->refs++;
	a->usage = &s->usage;
	if (old != NULL)
		size_drop(st, old);
}

/* --- ports --- */

/* An address, while ports stand on it. Its number is this state's alone: it
 * tells addresses apart in memory, and no two servers need to agree on it. */
struct sched_host {
	uint32_t no; /* below UNKNOWN_HOSTS */
	size_t refs;
	UT_hash_handle hh, by_no;
	char ip[];
};

#define UNKNOWN_HOSTS UINT32_C(0x80000000)

static struct sched_host *
host_find(const struct sched_state *st, const char *ip)
{
	struct sched_host *h;

	HASH_FIND_STR(st->hosts, ip, h);
	return h;
}

static struct sched_host *
host_numbered(const struct sched_state *st, uint32_t no)
{
	struct sched_host *h;

	HASH_FIND(by_no, st->hosts_by_no, &no, sizeof no, h);
	return h;
}

uint32_t
sched_ip(const struct sched_state *st, const char *ip)
{
	const struct sched_host *known = host_find(st, ip);
	uint32_t h = 2166136261u;

	if (known != NULL)
		return known->no;
	for (; *ip != '\0'; ip++)
		h = (h ^ (unsigned char)*ip) * 16777619u;
	return h | UNKNOWN_HOSTS;
}

/* A port more stands on it. Numbers are not used again as long as they last:
 * sets of ports may still have them. */
static uint32_t
host_ref(struct sched_state *st, const char *ip)
{
	struct sched_host *h = host_find(st, ip);
	size_t n = strlen(ip);

	if (h == NULL) {
		h = xcalloc(1, sizeof *h + n + 1);
		memcpy(h->ip, ip, n + 1);
		do
			h->no = st->next_host++ % UNKNOWN_HOSTS;
		while (host_numbered(st, h->no) != NULL);
		HASH_ADD_KEYPTR(hh, st->hosts, h->ip, n, h);
		HASH_ADD(by_no, st->hosts_by_no, no, sizeof h->no, h);
	}
	h->refs++;
	return h->no;
}

static void
ports_drop(struct sched_state *st, const struct sched_alloc *a)
{
	const struct sched_port *ports = sched_alloc_ports(a);

	for (size_t i = 0; i < a->nports; i++) {
		struct sched_host *h = host_numbered(st, ports[i].ip);

		if (--h->refs > 0)
			continue;
		HASH_DEL(st->hosts, h);
		HASH_DELETE(by_no, st->hosts_by_no, h);
		free(h);
	}
}

struct port_reader {
	struct sched_state *st;
	struct sched_ports *ports;
};

static bool
add_port(void *ctx, const char *ip, int64_t value)
{
	const struct port_reader *r = ctx;
	struct sched_ports *ports = r->ports;

	if (value <= 0 || ports->n == UINT16_MAX)
		return true;
	ports->v = xgrow(ports->v, ports->n, &ports->cap, sizeof *ports->v);
	ports->v[ports->n++] = (struct sched_port){
		.value = value,
		.ip = host_ref(r->st, sched_str(ip)),
	};
	return true;
}

static bool
is_complex(const struct allocated_resources *r)
{
	for (size_t i = 0; i < r->ntasks; i++)
		if (r->tasks[i].cpu.nreserved_cores > 0 ||
		    r->tasks[i].ndevices > 0)
			return true;
	return false;
}

/* What it takes up, and its ports, which the caller frees; a record that says
 * nothing of that leaves both as they were. */
static void
read_resources(struct sched_state *st, struct sched_alloc *a,
    const struct allocated_resources *r, struct sched_ports *ports)
{
	struct port_reader reader = { st, ports };
	struct sched_usage usage;

	if (r == NULL) {
		if (a->usage == NULL)
			set_usage(st, a, &nothing);
		ports->n = a->nports;
		ports->v =
		    xmemdup(sched_alloc_ports(a), ports->n * sizeof *ports->v);
		for (size_t i = 0; i < ports->n; i++)
			host_numbered(st, ports->v[i].ip)->refs++;
		return;
	}
	fit_usage(r, &usage);
	set_usage(st, a, &usage);
	portset_each(r, add_port, &reader);
	a->complex = is_complex(r);
}

/* --- the small struct, from the record --- */

static uint32_t
index_of_name(const char *name)
{
	const char *open = name != NULL ? strrchr(name, '[') : NULL;

	return open != NULL ? (uint32_t)strtoul(open + 1, NULL, 10) : 0;
}

static bool
was_unknown(const struct alloc *rec)
{
	bool was = false;

	for (size_t i = 0; i < rec->nalloc_states && !was; i++)
		was = sched_eq(rec->alloc_states[i].value, "unknown");
	return was;
}

static void
read_flags(struct sched_alloc *a, const struct alloc *rec)
{
	const struct alloc_deployment_status *ds = rec->deployment_status;
	const struct desired_transition *dt = &rec->desired_transition;

	a->desired = (uint8_t)sched_desired_parse(rec->desired_status);
	a->client = (uint8_t)sched_client_parse(rec->client_status);
	a->migrate = dt->has_migrate && dt->migrate;
	a->reschedule = dt->has_reschedule && dt->reschedule;
	a->force_reschedule = dt->has_force_reschedule && dt->force_reschedule;
	a->has_healthy = ds != NULL && ds->has_healthy;
	a->healthy = a->has_healthy && ds->healthy;
	a->canary = ds != NULL && ds->canary;
	a->has_next = !sched_is_empty(rec->next_allocation);
	a->was_unknown = was_unknown(rec);
	a->has_followup = !sched_is_empty(rec->followup_eval_id);
	a->name_index = index_of_name(rec->name);
	a->create_index = rec->create_index;
	a->modify_index = rec->modify_index;
	a->alloc_modify_index = rec->alloc_modify_index;
	a->create_time = rec->create_time;
	a->modify_time = rec->modify_time;
}

static void
raise_to(uint64_t *index, uint64_t at)
{
	if (*index < at)
		*index = at;
}

static void
touch_alloc(struct sched_state *st, struct sched_alloc *a, uint64_t at)
{
	sched_touch(st, SCHED_ALLOC, a->id);
	sched_touch_table(st, SCHED_ALLOCS, at);
	raise_to(&a->job->allocs_index, at);
	raise_to(&a->job->summary_index, at);
	sched_touch(st, SCHED_JOB_ALLOCS, a->job->key);
	raise_to(&a->node->allocs_index, at);
	sched_touch(st, SCHED_NODE_ALLOCS, a->node->id);
	raise_to(&a->node->pull_index, a->alloc_modify_index);
	if (a->alloc_modify_index == at)
		sched_touch(st, SCHED_NODE_PULL, a->node->id);
	if (a->eval != NULL) {
		raise_to(&a->eval->allocs_index, at);
		sched_touch(st, SCHED_EVAL_ALLOCS, a->eval->rec.id);
	}
	if (a->deployment != NULL) {
		raise_to(&a->deployment->allocs_index, at);
		sched_touch(st, SCHED_DEPLOYMENT_ALLOCS, a->deployment->rec.id);
	}
}

/* --- links --- */

/* Allocations come in rows: of one job, one evaluation and one deployment,
 * which need not be looked for then. The one that came before a, or NULL. */
static const struct sched_alloc *
one_before(const struct sched_state *st, const struct sched_alloc *a)
{
	return a != NULL ? TAILQ_PREV(a, sched_allocs, by_age)
			 : TAILQ_LAST(&st->allocs, sched_allocs);
}

static void
set_eval(struct sched_state *st, struct sched_alloc *a, const struct alloc *rec)
{
	const struct sched_alloc *b = one_before(st, a);
	struct sched_eval *e = b != NULL ? b->eval : NULL;

	if (a->eval != NULL && sched_eq(a->eval->rec.id, rec->eval_id))
		return;
	if (e == NULL || !sched_eq(e->rec.id, rec->eval_id))
		e = sched_eval_find(st, sched_str(rec->eval_id));
	if (a->eval != NULL)
		TAILQ_REMOVE(&a->eval->allocs, a, by_eval);
	a->eval = e;
	if (e != NULL)
		TAILQ_INSERT_TAIL(&e->allocs, a, by_eval);
}

static void
set_deployment(
    struct sched_state *st, struct sched_alloc *a, const struct alloc *rec)
{
	const struct sched_alloc *b = one_before(st, a);
	struct sched_deployment *d = b != NULL ? b->deployment : NULL;

	if (a->deployment != NULL &&
	    sched_eq(a->deployment->rec.id, rec->deployment_id))
		return;
	if (d == NULL || !sched_eq(d->rec.id, rec->deployment_id))
		d = sched_deployment_find(st, sched_str(rec->deployment_id));
	if (a->deployment != NULL)
		TAILQ_REMOVE(&a->deployment->allocs, a, by_deployment);
	a->deployment = d;
	if (d != NULL)
		TAILQ_INSERT_TAIL(&d->allocs, a, by_deployment);
}

void
sched_alloc_bind(struct sched_alloc *a, struct sched_version *v)
{
	if (v == a->version)
		return;
	sched_version_unref(a->version);
	a->version = v;
	v->refs++;
}

/* Another allocation that still holds a version the job has forgotten. */
static struct sched_version *
version_of_sibling(const struct sched_job *j, uint64_t version)
{
	const struct sched_alloc *a;

	TAILQ_FOREACH (a, &j->allocs, by_job)
		if (a->version->job->version == version)
			return a->version;
	return NULL;
}

static struct sched_alloc *
alloc_new(struct sched_state *st, const struct alloc *rec, struct sched_job *j)
{
	struct sched_alloc *a = xcalloc(1, sizeof *a);

	memcpy(a->id, rec->id, strlen(rec->id) + 1);
	a->job = j;
	a->node = sched_node_have(st, sched_str(rec->node_id));
	TAILQ_INSERT_TAIL(&j->allocs, a, by_job);
	TAILQ_INSERT_TAIL(&a->node->allocs, a, by_node);
	j->nallocs++;
	a->node->nallocs++;
	TAILQ_INSERT_TAIL(&st->allocs, a, by_age);
	alloctable_add(&st->alloc_ids, a);
	return a;
}

/* Most are there already, and stay their job's. */
static struct sched_job *
job_of(const struct sched_state *st, const struct sched_alloc *a,
    const struct alloc *rec)
{
	if (a == NULL)
		a = one_before(st, NULL);
	if (a != NULL && sched_eq(a->job->id, rec->job_id) &&
	    sched_eq(a->job->ns, rec->namespace))
		return a->job;
	return sched_job_entry(st, sched_str(rec->namespace), rec->job_id);
}

struct sched_alloc *
sched_put_alloc(struct sched_state *st, const struct alloc *rec, uint64_t at)
{
	struct sched_alloc *a = sched_alloc_find(st, rec->id);
	struct sched_ports ports = { 0 };
	struct sched_job *j;
	struct sched_version *v;

	if (strlen(rec->id) >= SCHED_ID_SIZE)
		return NULL;
	j = job_of(st, a, rec);
	if (j == NULL || (a != NULL && a->job != j))
		return NULL;
	/* A job that was purged and came back counts from zero again. */
	if (a != NULL && a->version->job->version == rec->job_version)
		v = a->version;
	else
		v = sched_version_find(j, rec->job_version);
	if (v == NULL)
		v = version_of_sibling(j, rec->job_version);
	if (v == NULL)
		return NULL;
	if (a == NULL)
		a = alloc_new(st, rec, j);
	else
		count(a, -1);
	sched_alloc_bind(a, v);
	set_eval(st, a, rec);
	set_deployment(st, a, rec);
	a->group = (uint16_t)sched_group_have(j, sched_str(rec->task_group));
	read_flags(a, rec);
	read_resources(st, a, rec->allocated_resources, &ports);
	ports_drop(st, a);
	sched_alloc_pack(a, rec, &ports, st->level);
	free(ports.v);
	count(a, 1);
	touch_alloc(st, a, at);
	return a;
}

void
sched_alloc_forget(struct sched_state *st, struct sched_alloc *a, uint64_t at)
{
	struct sched_job *j = a->job;
	struct sched_node *n = a->node;

	count(a, -1);
	touch_alloc(st, a, at);
	sched_touch(st, SCHED_NODE_PULL, n->id);
	n->pull_index = at;
	sched_gone_add(&st->gone_allocs, at, n->id, a->id);
	TAILQ_REMOVE(&j->allocs, a, by_job);
	TAILQ_REMOVE(&n->allocs, a, by_node);
	j->nallocs--;
	n->nallocs--;
	if (a->eval != NULL)
		TAILQ_REMOVE(&a->eval->allocs, a, by_eval);
	if (a->deployment != NULL)
		TAILQ_REMOVE(&a->deployment->allocs, a, by_deployment);
	TAILQ_REMOVE(&st->allocs, a, by_age);
	alloctable_remove(&st->alloc_ids, a);
	sched_version_unref(a->version);
	size_drop(st, a->usage);
	ports_drop(st, a);
	free(a->packed);
	free(a);
	sched_entries_unused(st, j, n);
}
