#include <stdlib.h>

#include "common/hcl1/impl.h"
#include "common/tree.h"

/*
 * Values whose shape only their reader knows. An object becomes a map when
 * it stands in a list and a list of one map when it stands in a map, for it
 * may be given again.
 */

static struct tree *tree_of(
    struct arena *a, const struct hcl1_node *node, bool in_list);

static struct tree *
literal(const struct hcl1_node *node)
{
	switch (node->type) {
	case HCL1_BOOL:
		return tree_bool(node->text[0] == 't');
	case HCL1_NUMBER:
		return tree_int(strtoll(node->text, NULL, 0));
	case HCL1_FLOAT:
		return tree_float(strtod(node->text, NULL));
	case HCL1_STRING:
	case HCL1_HEREDOC:
	default:
		return tree_str(node->text);
	}
}

static struct tree *
map_of(struct arena *a, struct hcl1_items items)
{
	struct tree *map = tree_map();

	hcl1_tree(a, items, map);
	return map;
}

static struct tree *
tree_of(struct arena *a, const struct hcl1_node *node, bool in_list)
{
	struct tree *list;

	if (node->kind == HCL1_LITERAL)
		return literal(node);
	if (node->kind == HCL1_OBJECT && in_list)
		return map_of(a, node->items);
	list = tree_list();
	if (node->kind == HCL1_OBJECT)
		tree_push(list, map_of(a, node->items));
	for (size_t i = 0; i < node->nlist; i++)
		tree_push(list, tree_of(a, node->list[i], true));
	return list;
}

/* What the item's labels and value are below its first key. */
static struct tree *
item_tree(struct arena *a, const struct hcl1_item *item)
{
	struct tree *list;
	struct hcl1_item *rest;
	const struct hcl1_item **v;

	if (item->nkeys == 1)
		return tree_of(a, item->value, false);
	rest = arena_alloc(a, sizeof *rest);
	v = arena_alloc(a, sizeof(void *));
	*rest = *item;
	rest->keys++;
	rest->nkeys--;
	v[0] = rest;
	list = tree_list();
	tree_push(list, map_of(a, (struct hcl1_items){ v, 1 }));
	return list;
}

void
hcl1_tree(struct arena *a, struct hcl1_items items, struct tree *map)
{
	for (size_t i = 0; i < items.n; i++) {
		const char *key = items.v[i]->keys[0].text;
		const struct tree *old = tree_get(map, key);
		struct tree *now = item_tree(a, items.v[i]), *both;

		/* A block given twice is two elements. */
		if (old != NULL && old->kind == TREE_LIST &&
		    now->kind == TREE_LIST) {
			both = tree_copy(old);
			for (size_t k = 0; k < now->nitems; k++)
				tree_push(both, tree_copy(now->items[k]));
			tree_free(now);
			now = both;
		}
		tree_set(map, key, now);
	}
}
