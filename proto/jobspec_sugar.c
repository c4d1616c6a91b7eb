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

const struct rec_hcl_more jobspec_sugar[] = {
	{ &job_type, &job_more_type, jobspec_fold_job, false },
	{ &task_group_type, &inherited_type, jobspec_fold_group, false },
	{ &task_type, &task_more_type, jobspec_fold_task, false },
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
	{ &scaling_policy_type, NULL, jobspec_fold_group_scaling, false },
	{ &task_scaling_type, NULL, jobspec_fold_task_scaling, false },
};
const size_t jobspec_nsugar = COUNT(jobspec_sugar);
