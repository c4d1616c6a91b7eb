/*
 * The services of a group and of its tasks, seen together: names that are
 * taken, ports and tasks that they speak of.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobcheck_impl.h"
#include "common/mem.h"

static const struct task *
find_task(const struct task_group *g, const char *name)
{
	for (size_t i = 0; i < g->ntasks; i++)
		if (check_is(g->tasks[i].name, name))
			return &g->tasks[i];
	return NULL;
}

/* What tells a service from the others: "group->web:http". */
static char *
service_key(const char *owner, const struct service *s)
{
	const char *port = check_str(s->port_label);

	return xasprintf("%s->%s%s%s", owner, check_str(s->name),
	    *port == '\0' ? "" : ":", port);
}

/* Sorted names, each with the number of times it was seen. */
struct names {
	char **list;
	size_t n;
	size_t cap;
};

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
names_add(struct names *s, char *name)
{
	s->list = xgrow(s->list, s->n, &s->cap, sizeof *s->list);
	s->list[s->n++] = name;
}

static void
names_release(struct names *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->list[i]);
	free(s->list);
}

static void
check_unique(struct names *keys, struct problems *p)
{
	struct buf twice = { 0 };

	if (keys->n > 0)
		qsort(keys->list, keys->n, sizeof *keys->list, by_text);
	for (size_t i = 1; i < keys->n; i++) {
		if (strcmp(keys->list[i], keys->list[i - 1]) != 0 ||
		    (i > 1 && strcmp(keys->list[i], keys->list[i - 2]) == 0))
			continue;
		buf_addf(
		    &twice, "%s%s", twice.len > 0 ? " " : "", keys->list[i]);
	}
	if (twice.len > 0)
		problem(p, "Services are not unique: [%s]", twice.data);
	buf_release(&twice);
}

/* What services and checks of a task say of tasks is about that one. */
static void
check_owners(const struct task *t, const struct service *s, struct problems *p)
{
	const char *name = check_str(t->name);

	if (!check_is(s->task_name, "") && !check_is(s->task_name, name))
		problem(p,
		    "Service %s is invalid: may only specify task the service "
		    "is part of, got: %s",
		    check_str(s->name), s->task_name);
	for (size_t i = 0; i < s->nchecks; i++)
		if (!check_is(s->checks[i].task_name, "") &&
		    !check_is(s->checks[i].task_name, name))
			problem(p,
			    "Check %s is invalid: may only specify task the "
			    "check is part of, got: %s",
			    check_str(s->checks[i].name),
			    s->checks[i].task_name);
}

static void
check_group_service(const struct task_group *g, size_t i, struct problems *p)
{
	const struct service *s = &g->services[i];
	struct problems part = { 0 };

	check_service(s, &part);
	problem_part(p, &part, "Service[%zu] %s validation failed: ", i,
	    check_str(s->name));
	if (check_is(s->address_mode, "driver"))
		problem(p,
		    "service \"%s\" cannot use address_mode=\"driver\", only "
		    "services defined in a \"task\" block can use this mode",
		    check_str(s->name));
	for (size_t k = 0; k < s->nchecks; k++) {
		const struct service_check *c = &s->checks[k];

		if (check_is(c->task_name, ""))
			continue;
		if (check_is(c->address_mode, "driver"))
			problem(p,
			    "Check \"%s\" invalid: cannot use "
			    "address_mode=\"driver\", only checks defined in "
			    "a \"task\" service block can use this mode",
			    check_str(c->name));
		if (find_task(g, c->task_name) == NULL)
			problem(p,
			    "Check %s invalid: refers to non-existent task %s",
			    check_str(c->name), c->task_name);
	}
}

static void
check_together(const struct task_group *g, struct problems *p)
{
	struct names keys = { 0 };
	const char *provider = NULL;
	bool mixed = false;

	for (size_t i = 0; i < g->ntasks; i++)
		for (size_t k = 0; k < g->tasks[i].nservices; k++) {
			const struct service *s = &g->tasks[i].services[k];

			check_owners(&g->tasks[i], s, p);
			names_add(
			    &keys, service_key(check_str(g->tasks[i].name), s));
			mixed = mixed || (provider != NULL &&
					     !check_is(s->provider, provider));
			provider = check_str(s->provider);
		}
	for (size_t i = 0; i < g->nservices; i++) {
		const struct service *s = &g->services[i];

		names_add(&keys, service_key("group", s));
		mixed = mixed ||
			(provider != NULL && !check_is(s->provider, provider));
		provider = check_str(s->provider);
		check_group_service(g, i, p);
	}
	check_unique(&keys, p);
	names_release(&keys);
	if (mixed)
		problem(p, "Multiple service providers used: task group "
			   "services must use the same provider");
}

/* A script must run somewhere. */
static void
check_scripts(const struct task_group *g, struct problems *p)
{
	for (size_t i = 0; i < g->nservices; i++) {
		const struct service *s = &g->services[i];

		for (size_t k = 0; check_is(s->task_name, "") && k < s->nchecks;
		     k++)
			if (check_is(s->checks[k].type, "script") &&
			    check_is(s->checks[k].task_name, ""))
				problem(p,
				    "Service [%s]->%s or Check %s must "
				    "specify task parameter",
				    check_str(g->name), check_str(s->name),
				    check_str(s->checks[k].name));
	}
}

void
check_group_services(const struct task_group *g, struct problems *p)
{
	struct problems part = { 0 };

	check_together(g, &part);
	problem_part(p, &part, "Task group service validation failed: ");
	check_scripts(g, &part);
	problem_part(p, &part, "Task group service check validation failed: ");
}

/* --- a task's services --- */

static bool
parse_port(const char *s, long *port)
{
	char *end;

	errno = 0;
	*port = strtol(s, &end, 10);
	return *s != '\0' && *s != ' ' && *end == '\0' && errno == 0;
}

static bool
has_label(const struct network_resource *nets, size_t n, const char *label)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < nets[i].nreserved_ports; k++)
			if (check_is(nets[i].reserved_ports[k].label, label))
				return true;
		for (size_t k = 0; k < nets[i].ndynamic_ports; k++)
			if (check_is(nets[i].dynamic_ports[k].label, label))
				return true;
	}
	return false;
}

/* The ports that a task's check speaks of, or what is wrong with it. */
static void
check_task_check(const struct service_check *c, const struct service *s,
    struct names *ports, struct problems *p)
{
	const char *name = check_str(c->name), *port = check_str(c->port_label);
	bool is_number;
	long number;

	if (check_is(c->address_mode, "alloc"))
		problem(p,
		    "check \"%s\" cannot use address_mode=\"alloc\", only "
		    "checks defined in a \"group\" service block can use this "
		    "mode",
		    name);
	if (!check_is(c->type, "http") && !check_is(c->type, "tcp") &&
	    !check_is(c->type, "grpc"))
		return;
	if (*port == '\0')
		port = check_str(s->port_label);
	is_number = parse_port(port, &number);
	if (*port == '\0')
		problem(p, "check \"%s\" is missing a port", name);
	else if (!is_number)
		names_add(ports, xstrdup(port));
	else if (!check_is(c->address_mode, "driver"))
		problem(p,
		    "check \"%s\" cannot use a numeric port %ld without "
		    "setting address_mode=\"driver\"",
		    name, number);
	else if (number <= 0)
		problem(p, "check \"%s\" has invalid numeric port %ld", name,
		    number);
}

static void
check_task_service(
    const struct task *t, size_t i, struct names *ports, struct problems *p)
{
	const struct service *s = &t->services[i];
	struct problems part = { 0 };
	struct map seen = { 0 };
	long number;

	check_service(s, &part);
	problem_part(p, &part, "service[%zu] \"%s\" validation failed: ", i,
	    check_str(s->name));
	if (check_is(s->address_mode, "alloc"))
		problem(p,
		    "service \"%s\" cannot use address_mode=\"alloc\", only "
		    "services defined in a \"group\" block can use this mode",
		    check_str(s->name));
	if (!check_is(s->port_label, "") &&
	    !(check_is(s->address_mode, "driver") &&
		parse_port(s->port_label, &number)))
		names_add(ports, xstrdup(s->port_label));
	if (s->connect != NULL)
		problem(p,
		    "service \"%s\" cannot have \"connect\" block, only "
		    "services defined in a \"group\" block can",
		    check_str(s->name));
	for (size_t k = 0; k < s->nchecks; k++) {
		if (check_first(&seen, s->checks[k].name, k) < k)
			problem(p, "check \"%s\" is duplicate",
			    check_str(s->checks[k].name));
		check_task_check(&s->checks[k], s, ports, p);
	}
	map_release(&seen);
}

void
check_task_services(
    const struct task *t, const struct task_group *g, struct problems *p)
{
	for (size_t i = 0; i < t->nservices; i++) {
		struct names ports = { 0 };

		check_task_service(t, i, &ports, p);
		for (size_t k = 0; k < ports.n; k++) {
			const struct resources *r = t->resources;
			const char *label = ports.list[k];

			if (has_label(g->networks, g->nnetworks, label) ||
			    (r != NULL &&
				has_label(r->networks, r->nnetworks, label)))
				continue;
			if (k > 0 && strcmp(label, ports.list[k - 1]) == 0)
				continue;
			problem(p,
			    "port label \"%s\" referenced by services %s does "
			    "not exist",
			    label, check_str(t->services[i].name));
		}
		names_release(&ports);
	}
}
