/*
 * What job files say in other words than the job does. For each such type a
 * record with the other words, and a fold that turns them into the job's.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/hcl/value.h"
#include "common/mem.h"
#include "proto/job.h"
#include "proto/jobspec_connect.h"
#include "proto/jobspec_impl.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Moves a text that is there over another one. */
static void
take(char **to, char **from)
{
	if (*from == NULL)
		return;
	free(*to);
	*to = *from;
	*from = NULL;
}

static void
set(char **to, const char *text)
{
	free(*to);
	*to = xstrdup(text);
}

static void
set_if_absent(char **to, const char *text)
{
	if (*to == NULL)
		*to = xstrdup(text);
}

/* --- constraints and affinities --- */

/* An operator as the name of an argument whose value it compares with. */
struct operators {
	char *version;
	char *semver;
	char *regexp;
	char *set_contains;
	char *set_contains_any;
	char *set_contains_all;
};

static const struct rec_field operators_fields[] = {
	REC_OPT_STR(struct operators, 1, version, ""),
	REC_OPT_STR(struct operators, 2, semver, ""),
	REC_OPT_STR(struct operators, 3, regexp, ""),
	REC_OPT_STR(struct operators, 4, set_contains, ""),
	REC_OPT_STR(struct operators, 5, set_contains_any, ""),
	REC_OPT_STR(struct operators, 6, set_contains_all, ""),
};
static const struct rec_type operators_type =
    REC_TYPE(operators, operators_fields);

struct constraint_more {
	struct operators op;
	bool distinct_hosts;
	bool has_distinct_hosts;
	char *distinct_property;
	char *is_set; /* known and without effect, as in Nomad */
	char *is_not_set;
};

static const struct rec_field constraint_more_fields[] = {
	REC_REC(
	    struct constraint_more, 1, op, operators, "", .flags = REC_INLINE),
	REC_OPT_BOOL(struct constraint_more, 2, distinct_hosts, ""),
	REC_OPT_STR(struct constraint_more, 3, distinct_property, ""),
	REC_OPT_STR(struct constraint_more, 4, is_set, ""),
	REC_OPT_STR(struct constraint_more, 5, is_not_set, ""),
};
static const struct rec_type constraint_more_type =
    REC_TYPE(constraint_more, constraint_more_fields);

/* n: how many of the operators' rows count. */
static void
fold_operators(struct operators *op, size_t n, char **operand, char **rtarget)
{
	for (size_t i = 0; i < n; i++) {
		const struct rec_field *f = &operators_fields[i];
		char **value = (char **)(void *)((char *)op + f->offset);

		if (*value == NULL || **value == '\0')
			continue;
		take(rtarget, value);
		set(operand, f->name);
	}
}

static void
fold_constraint(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct constraint *c = rec;
	struct constraint_more *m = more;

	(void)h;
	(void)body;
	fold_operators(&m->op, 4, &c->operand, &c->rtarget);
	if (m->has_distinct_hosts) {
		set(&c->operand, "distinct_hosts");
		set(&c->rtarget, m->distinct_hosts ? "true" : "false");
	}
	if (m->distinct_property != NULL) {
		set(&c->operand, "distinct_property");
		take(&c->ltarget, &m->distinct_property);
	}
	set_if_absent(&c->operand, "=");
}

struct affinity_more {
	struct operators op;
	double weight;
	bool has_weight;
};

static const struct rec_field affinity_more_fields[] = {
	REC_REC(
	    struct affinity_more, 1, op, operators, "", .flags = REC_INLINE),
	REC_OPT_F64(struct affinity_more, 2, weight, ""),
};
static const struct rec_type affinity_more_type =
    REC_TYPE(affinity_more, affinity_more_fields);

/* The weight keeps what fits eight bits of it, as in Nomad. */
static void
fold_affinity(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct affinity *a = rec;
	struct affinity_more *m = more;

	(void)h;
	(void)body;
	fold_operators(
	    &m->op, COUNT(operators_fields), &a->operand, &a->rtarget);
	if (m->has_weight && fabs(m->weight) < 1e9) {
		a->weight = (int8_t)((int64_t)m->weight & 0xff);
		a->has_weight = true;
	}
	set_if_absent(&a->operand, "=");
}

/* --- spreads --- */

struct spread_more {
	double weight;
	bool has_weight;
};
static const struct rec_field spread_more_fields[] = {
	REC_OPT_F64(struct spread_more, 1, weight, ""),
};
static const struct rec_type spread_more_type =
    REC_TYPE(spread_more, spread_more_fields);

struct spread_target_more {
	double percent;
	bool has_percent;
};
static const struct rec_field spread_target_more_fields[] = {
	REC_OPT_F64(struct spread_target_more, 1, percent, ""),
};
static const struct rec_type spread_target_more_type =
    REC_TYPE(spread_target_more, spread_target_more_fields);

static void
refuse_range(struct rec_hcl *h, const struct hcl_body *body, const char *name,
    const char *range)
{
	const struct hcl_attr *attr = hcl_attr_of(body, name);

	hcl_diag_add(h->ev->diags, hcl_expr_start(attr->expr),
	    "Unsuitable value type",
	    "Unsuitable value: value must be a whole number, between %s",
	    range);
}

static void
fold_spread(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct spread *s = rec;
	struct spread_more *m = more;

	if (!m->has_weight)
		return;
	if (m->weight != trunc(m->weight) || m->weight < INT8_MIN ||
	    m->weight > INT8_MAX) {
		refuse_range(h, body, "weight", "-128 and 127");
		return;
	}
	s->weight = (int64_t)m->weight;
	s->has_weight = true;
}

static void
fold_spread_target(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct spread_target *t = rec;
	struct spread_target_more *m = more;

	if (!m->has_percent)
		return;
	if (m->percent != trunc(m->percent) || m->percent < 0 ||
	    m->percent > UINT8_MAX)
		refuse_range(h, body, "percent", "0 and 255 inclusive");
	else
		t->percent = (int64_t)m->percent;
}

/* --- networks --- */

struct network_more {
	struct port *ports;
	size_t nports;
	struct port *reserved;
	size_t nreserved;
};

static const struct rec_field network_more_fields[] = {
	REC_LIST(struct network_more, 1, ports, port, "", .hcl = "port"),
	REC_LIST(struct network_more, 2, reserved, port, "",
	    .hcl = "reserved_ports"),
};
static const struct rec_type network_more_type =
    REC_TYPE(network_more, network_more_fields);

static void
push_port(struct port **list, size_t *n, struct port *port)
{
	*list = xreallocarray(*list, *n + 1, sizeof **list);
	(*list)[(*n)++] = *port;
	memset(port, 0, sizeof *port);
}

static void
fold_network(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct network_resource *net = rec;
	struct network_more *m = more;

	(void)h;
	(void)body;
	for (size_t i = 0; m->nports == 0 && i < m->nreserved; i++)
		push_port(&net->reserved_ports, &net->nreserved_ports,
		    &m->reserved[i]);
	for (size_t i = 0; i < m->nports; i++)
		if (m->ports[i].value != 0)
			push_port(&net->reserved_ports, &net->nreserved_ports,
			    &m->ports[i]);
		else
			push_port(&net->dynamic_ports, &net->ndynamic_ports,
			    &m->ports[i]);
}

/* --- services --- */

struct service_more {
	struct connect *connect;
};

static const struct rec_field service_more_fields[] = {
	REC_PTR(struct service_more, 1, connect, connect, ""),
};
static const struct rec_type service_more_type =
    REC_TYPE(service_more, service_more_fields);

static void
fold_service(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct service *s = rec;
	struct service_more *m = more;

	(void)h;
	(void)body;
	if (m->connect != NULL)
		s->connect = connect_tree(m->connect);
}

/* --- what has values when nothing is said --- */

static void
fold_template(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct template *t = rec;

	(void)h;
	(void)more;
	(void)body;
	set_if_absent(&t->change_mode, "restart");
	set_if_absent(&t->perms, "0644");
	if (!t->has_splay)
		t->splay = INT64_C(5000000000);
	t->has_splay = t->has_err_missing_key = true;
}

static void
fold_change_script(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct change_script *s = rec;

	(void)h;
	(void)more;
	(void)body;
	if (s->args == NULL)
		s->args = xcalloc(0, 1);
	if (!s->has_timeout)
		s->timeout = INT64_C(5000000000);
	s->has_timeout = s->has_fail_on_error = s->has_run_on_first_render =
	    true;
}

static void
fold_vault(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct vault *v = rec;

	(void)h;
	(void)more;
	(void)body;
	if (!v->has_env)
		v->env = true;
	v->has_env = v->has_disable_file = true;
	set_if_absent(&v->change_mode, "restart");
}

static void
fold_periodic(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct periodic_config *p = rec;

	(void)h;
	(void)more;
	(void)body;
	set_if_absent(&p->spec_type, "cron");
}

static void
fold_volume(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct volume_request *v = rec;

	(void)h;
	(void)more;
	(void)body;
	set_if_absent(&v->name, v->key);
}

/* --- scaling --- */

static void
fold_group_scaling(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct scaling_policy *p = rec;

	(void)more;
	rec_hcl_require(h, body, "max");
	set_if_absent(&p->type, "horizontal");
	if (strcmp(p->type, "horizontal") != 0)
		rec_hcl_refuse(h, body, "type", "Invalid group scaling type",
		    "task group scaling policy had invalid type: \"%s\"",
		    p->type);
}

/* A task has one for each resource that it names. */
struct task_scaling {
	char *name;
	struct scaling_policy policy;
};

static const struct rec_field task_scaling_fields[] = {
	REC_STR(struct task_scaling, 1, name, "", .flags = REC_LABEL),
	REC_REC(struct task_scaling, 2, policy, scaling_policy, "",
	    .flags = REC_INLINE),
};
static const struct rec_type task_scaling_type =
    REC_TYPE(task_scaling, task_scaling_fields);

static void
fold_task_scaling(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct task_scaling *s = rec;
	struct scaling_policy *p = &s->policy;
	const char *type = NULL;

	(void)more;
	rec_hcl_require(h, body, "max");
	if (strcasecmp(s->name, "cpu") == 0)
		type = "vertical_cpu";
	else if (strcasecmp(s->name, "mem") == 0)
		type = "vertical_mem";
	else
		return; /* told where the block stands */
	set_if_absent(&p->type, type);
	if (strcmp(p->type, type) != 0)
		rec_hcl_refuse(h, body, "type",
		    "Invalid task scaling policy type",
		    "a scaling block \"%s\" has the type \"%s\", not \"%s\"",
		    s->name, type, p->type);
}

/* Each name is one that a task can scale, and stands once. */
static void
check_task_scalings(struct rec_hcl *h, const struct hcl_body *body)
{
	size_t n;
	const struct hcl_block **b = hcl_blocks_of(body, "scaling", 1, &n);
	struct buf where = { 0 }, summary = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct hcl_label *label = &b[i]->labels[0];

		if (b[i]->nlabels != 1)
			continue;
		if (strcasecmp(label->text, "cpu") != 0 &&
		    strcasecmp(label->text, "mem") != 0)
			hcl_diag_add(h->ev->diags, label->range,
			    "Invalid scaling policy name",
			    "scaling policy name must be \"cpu\" or \"mem\"");
		for (size_t k = 0; k < i; k++) {
			if (b[k]->nlabels != 1 ||
			    strcasecmp(b[k]->labels[0].text, label->text) != 0)
				continue;
			buf_reset(&where);
			buf_reset(&summary);
			hcl_range_format(hcl_block_range(b[k]), &where);
			buf_addf(&summary, "Duplicate scaling \"%s\" block",
			    label->text);
			hcl_diag_add(h->ev->diags, hcl_block_range(b[i]),
			    buf_str(&summary),
			    "Only one scaling %s block is allowed. Another "
			    "was defined at %s.",
			    label->text, buf_str(&where));
			break;
		}
	}
	buf_release(&where);
	buf_release(&summary);
}

/* --- tasks --- */

struct task_more {
	struct workload_identity *identities;
	size_t nidentities;
	struct task_scaling *scalings;
	size_t nscalings;
};

static const struct rec_field task_more_fields[] = {
	REC_LIST(struct task_more, 1, identities, workload_identity, "",
	    .hcl = "identity"),
	REC_LIST(
	    struct task_more, 2, scalings, task_scaling, "", .hcl = "scaling"),
};
static const struct rec_type task_more_type =
    REC_TYPE(task_more, task_more_fields);

/* The one without a name, or called default, is the task's own. */
static void
fold_identity(struct task *task, struct workload_identity *id)
{
	if (id->name == NULL || *id->name == '\0' ||
	    strcmp(id->name, "default") == 0) {
		if (task->identity != NULL)
			rec_clear(&workload_identity_type, task->identity);
		else
			task->identity = xmalloc(sizeof *task->identity);
		*task->identity = *id;
	} else {
		task->identities = xreallocarray(task->identities,
		    task->nidentities + 1, sizeof *task->identities);
		task->identities[task->nidentities++] = *id;
	}
	memset(id, 0, sizeof *id);
}

static void
fold_task(struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct task *task = rec;
	struct task_more *m = more;

	check_task_scalings(h, body);
	for (size_t i = 0; i < m->nidentities; i++)
		fold_identity(task, &m->identities[i]);
	if (m->nscalings > 0)
		task->scaling_policies =
		    xcalloc(m->nscalings, sizeof *task->scaling_policies);
	task->nscaling_policies = m->nscalings;
	for (size_t i = 0; i < m->nscalings; i++) {
		task->scaling_policies[i] = m->scalings[i].policy;
		memset(&m->scalings[i].policy, 0, sizeof m->scalings[i].policy);
	}
}

/* --- groups and jobs --- */

/* What tasks get that do not have it themselves. */
struct inherited {
	struct vault *vault;
	struct secret *secrets;
	size_t nsecrets;
};

static const struct rec_field inherited_fields[] = {
	REC_PTR(struct inherited, 1, vault, vault, ""),
	REC_LIST(struct inherited, 2, secrets, secret, "", .hcl = "secret"),
};
static const struct rec_type inherited_type =
    REC_TYPE(inherited, inherited_fields);

static bool
has_secret(const struct task *task, const struct secret *s)
{
	for (size_t i = 0; i < task->nsecrets; i++)
		if (strcmp(task->secrets[i].name, s->name) == 0)
			return true;
	return false;
}

static void
inherit(struct task *task, const struct inherited *from)
{
	if (task->vault == NULL && from->vault != NULL) {
		task->vault = xmalloc(sizeof *task->vault);
		rec_copy(&vault_type, task->vault, from->vault);
	}
	for (size_t i = 0; i < from->nsecrets; i++) {
		if (has_secret(task, &from->secrets[i]))
			continue;
		task->secrets = xreallocarray(
		    task->secrets, task->nsecrets + 1, sizeof *task->secrets);
		rec_copy(&secret_type, &task->secrets[task->nsecrets++],
		    &from->secrets[i]);
	}
}

static void
fold_group(
    struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct task_group *g = rec;

	(void)h;
	(void)body;
	for (size_t i = 0; i < g->ntasks; i++)
		inherit(&g->tasks[i], more);
}

struct job_more {
	struct inherited inherited;
	struct task *tasks;
	size_t ntasks;
};

static const struct rec_field job_more_fields[] = {
	REC_REC(
	    struct job_more, 1, inherited, inherited, "", .flags = REC_INLINE),
	REC_LIST(struct job_more, 2, tasks, task, "", .hcl = "task"),
};
static const struct rec_type job_more_type =
    REC_TYPE(job_more, job_more_fields);

/* A task of the job is a group of its own, before the others. */
static void
fold_tasks(struct job *job, struct job_more *m)
{
	size_t n = m->ntasks + job->ntask_groups;
	struct task_group *groups = xcalloc(n, sizeof *groups);

	for (size_t i = 0; i < m->ntasks; i++) {
		groups[i].name = xstrdup(m->tasks[i].name);
		groups[i].tasks = xmemdup(&m->tasks[i], sizeof m->tasks[i]);
		groups[i].ntasks = 1;
		memset(&m->tasks[i], 0, sizeof m->tasks[i]);
	}
	for (size_t i = 0; i < job->ntask_groups; i++)
		groups[m->ntasks + i] = job->task_groups[i];
	free(job->task_groups);
	job->task_groups = groups;
	job->ntask_groups = n;
}

static void
fold_job(struct rec_hcl *h, void *rec, void *more, const struct hcl_body *body)
{
	struct job *job = rec;
	struct job_more *m = more;

	(void)h;
	(void)body;
	if (m->ntasks > 0)
		fold_tasks(job, m);
	for (size_t i = 0; i < job->ntask_groups; i++)
		for (size_t k = 0; k < job->task_groups[i].ntasks; k++)
			inherit(&job->task_groups[i].tasks[k], &m->inherited);
}

const struct rec_hcl_more jobspec_sugar[] = {
	{ &job_type, &job_more_type, fold_job, false },
	{ &task_group_type, &inherited_type, fold_group, false },
	{ &task_type, &task_more_type, fold_task, false },
	{ &constraint_type, &constraint_more_type, fold_constraint, false },
	{ &affinity_type, &affinity_more_type, fold_affinity, false },
	{ &spread_type, &spread_more_type, fold_spread, false },
	{ &spread_target_type, &spread_target_more_type, fold_spread_target,
	    false },
	{ &network_resource_type, &network_more_type, fold_network, false },
	{ &service_type, &service_more_type, fold_service, false },
	{ &bind_address_type, NULL, fold_bind_address, false },
	{ &template_type, NULL, fold_template, false },
	{ &change_script_type, NULL, fold_change_script, false },
	{ &vault_type, NULL, fold_vault, false },
	{ &periodic_config_type, NULL, fold_periodic, false },
	{ &volume_request_type, NULL, fold_volume, false },
	{ &scaling_policy_type, NULL, fold_group_scaling, false },
	{ &task_scaling_type, NULL, fold_task_scaling, false },
};
const size_t jobspec_nsugar = COUNT(jobspec_sugar);
