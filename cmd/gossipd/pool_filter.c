#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/pattern.h"
#include "cmd/gossipd/pool_impl.h"

static bool
names_us(const struct pool *p, struct wire_bytes body)
{
	struct wire_list names;
	struct wire_bytes name;

	if (wire_names_get(body, &names, NULL) == -1)
		return false;
	while (wire_next_bytes(&names, &name))
		if (wire_is(name, wire_text(p->self->name)))
			return true;
	return false;
}

/* A tag that is missing counts as an empty one. */
static bool
has_tag(const struct pool *p, struct wire_bytes body)
{
	struct wire_tag_filter f;
	const char *value = "";
	char *pattern;
	bool hit;

	if (wire_get(&wire_tag_filter_form, body, &f, NULL, NULL) == -1)
		return false;
	for (size_t i = 0; i < p->self->ntags; i++)
		if (wire_is(wire_text(p->self->tags[i].key), f.tag))
			value = p->self->tags[i].value;
	pattern = pool_text(f.expr);
	hit = pattern_matches(pattern, value);
	free(pattern);
	return hit;
}

bool
pool_filter_fits(const struct pool *p, const struct wire_query *q)
{
	struct wire_list filters = q->filters;
	struct wire_bytes f;

	while (wire_next_bytes(&filters, &f)) {
		struct wire_bytes body = wire_from(f, 1);
		bool fits = f.data[0] == WIRE_FILTER_NODE  ? names_us(p, body)
			    : f.data[0] == WIRE_FILTER_TAG ? has_tag(p, body)
							   : false;

		if (!fits)
			return false;
	}
	return true;
}
