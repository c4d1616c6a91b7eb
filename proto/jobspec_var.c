/*
 * Values of variables: declared with a type and a default, set by the
 * environment, by files and by -var, the later one winning.
 */
#include "proto/jobspec_var.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/jobspec_var_impl.h"

static const struct hcl_range nowhere;

struct variable *
jobspec_var_find(struct vars *s, const char *name, size_t n)
{
	for (size_t i = 0; i < s->n; i++)
		if (strlen(s->v[i].name) == n &&
		    memcmp(s->v[i].name, name, n) == 0)
			return &s->v[i];
	return NULL;
}

static void
add_vars(struct vars *s)
{
	const struct hcl_value **items =
	    arena_alloc(s->ev->arena, (s->n + 1) * sizeof(*items));
	const char **keys =
	    arena_alloc(s->ev->arena, (s->n + 1) * sizeof(*keys));

	for (size_t i = 0; i < s->n; i++) {
		char summary[256];

		keys[i] = s->v[i].name;
		items[i] = s->v[i].value;
		if (items[i] != NULL)
			continue;
		snprintf(summary, sizeof summary, "Unset variable \"%.200s\"",
		    s->v[i].name);
		hcl_diag_add(s->ev->diags, nowhere, summary,
		    "A used variable must be set or have a default value; see "
		    "https://developer.hashicorp.com/nomad/docs/reference/hcl2/"
		    "variables  for details.");
		items[i] = &hcl_value_unknown;
	}
	jobspec_add_scope(s->ev, "var",
	    hcl_value_map(s->ev->arena, HCL_V_OBJECT, keys, items, s->n));
}

void
jobspec_scope(const struct hcl_body *body, const struct jobspec_options *o,
    struct hcl_eval *ev)
{
	struct vars s = { .ev = ev, .o = o };
	bool given;

	jobspec_var_declare(&s, body);
	if (ev->diags->n == 0)
		jobspec_var_set(&s);
	if (ev->diags->n == 0)
		add_vars(&s);
	given = ev->diags->n == 0;
	for (size_t i = 0; given && i < s.n; i++)
		if (s.v[i].validation != NULL)
			jobspec_validate(ev, s.v[i].name, s.v[i].validation);
	if (ev->diags->n == 0)
		jobspec_locals(body, ev);
	free(s.v);
}
