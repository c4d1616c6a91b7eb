#include "cmd/schedd/nodeclass.h"

#include <inttypes.h>

#include "cmd/schedd/text.h"
#include "common/tree.h"

static const char unique_prefix[] = "unique.";

/* FNV-1a, a text at a time, each closed by a byte that is in none. */
static void
mix(uint64_t *h, const char *s)
{
	for (s = sched_str(s); *s != '\0'; s++) {
		*h ^= (unsigned char)*s;
		*h *= UINT64_C(1099511628211);
	}
	*h ^= 0xff;
	*h *= UINT64_C(1099511628211);
}

static void
mix_map(uint64_t *h, const struct rec_kv *kv, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strncmp(kv[i].key, unique_prefix,
			sizeof unique_prefix - 1) == 0)
			continue;
		mix(h, kv[i].key);
		mix(h, kv[i].value);
	}
	mix(h, "");
}

static void
mix_device(uint64_t *h, const struct node_device_resource *d)
{
	mix(h, d->vendor);
	mix(h, d->type);
	mix(h, d->name);
	if (d->attributes == NULL || d->attributes->kind != TREE_MAP)
		return;
	for (size_t i = 0; i < d->attributes->nmembers; i++) {
		const struct tree_member *m = &d->attributes->members[i];
		struct buf text = { 0 };

		if (strncmp(m->key, unique_prefix, sizeof unique_prefix - 1) ==
		    0)
			continue;
		mix(h, m->key);
		tree_to_json(m->value, &text, 0);
		mix(h, buf_str(&text));
		buf_release(&text);
	}
}

char *
nodeclass_of(const struct node *n)
{
	uint64_t h = UINT64_C(14695981039346656037);

	mix(&h, n->datacenter);
	mix(&h, n->node_class);
	mix(&h, n->node_pool);
	mix_map(&h, n->attributes, n->nattributes);
	mix_map(&h, n->meta, n->nmeta);
	for (size_t i = 0;
	     n->node_resources != NULL && i < n->node_resources->ndevices; i++)
		mix_device(&h, &n->node_resources->devices[i]);
	return xasprintf("v1:%" PRIu64, h);
}

bool
nodeclass_escapes(const char *target)
{
	static const char *const marks[] = { "${node.unique.", "${attr.unique.",
		"${meta.unique.", "${unique." };

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (strncmp(sched_str(target), marks[i], strlen(marks[i])) == 0)
			return true;
	return false;
}
