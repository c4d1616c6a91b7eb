/*
 * Nodes: their entries and records.
 *
 * Nodes are alike: nearly all that one says of itself in its attributes,
 * others say too. So each text of those is there once, for as long as a node
 * has it.
 */
#include <stdlib.h>

#include "cmd/schedd/state_put.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"

struct sched_text {
	size_t refs;
	UT_hash_handle hh;
	char text[];
};

static char *
text_take(struct sched_state *st, const char *s)
{
	size_t n = strlen(s);
	struct sched_text *t;

	HASH_FIND(hh, st->texts, s, n, t);
	if (t == NULL) {
		t = xmalloc(sizeof *t + n + 1);
		t->refs = 0;
		memcpy(t->text, s, n + 1);
		HASH_ADD_KEYPTR(hh, st->texts, t->text, n, t);
	}
	t->refs++;
	return t->text;
}

static void
text_drop(struct sched_state *st, const char *text)
{
	struct sched_text *t;

	HASH_FIND_STR(st->texts, text, t);
	if (--t->refs > 0)
		return;
	HASH_DEL(st->texts, t);
	free(t);
}

static void
share_text(struct sched_state *st, char **text)
{
	char *own = *text;

	if (own != NULL)
		*text = text_take(st, own);
	free(own);
}

static void
unshare_text(struct sched_state *st, char **text)
{
	if (*text != NULL)
		text_drop(st, *text);
	*text = NULL;
}

typedef void each_text(struct sched_state *st, char **text);

/* Of what a node says of itself: all that there may be much of. */
static void
each_map(struct sched_state *st, struct node *n, each_text *fn)
{
	const struct {
		struct rec_kv *v;
		size_t n;
	} maps[] = { { n->attributes, n->nattributes }, { n->meta, n->nmeta },
		{ n->links, n->nlinks } };

	for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++)
		for (size_t k = 0; k < maps[i].n; k++) {
			fn(st, &maps[i].v[k].key);
			fn(st, &maps[i].v[k].value);
		}
}

struct sched_node *
sched_node_have(struct sched_state *st, const char *id)
{
	struct sched_node *n = sched_node_entry(st, id);

	if (n != NULL)
		return n;
	n = xcalloc(1, sizeof *n);
	n->id = xstrdup(id);
	TAILQ_INIT(&n->allocs);
	HASH_ADD_KEYPTR(hh, st->nodes, n->id, strlen(n->id), n);
	return n;
}

static void
node_drop(struct sched_state *st, struct sched_node *n)
{
	if (n->node == NULL)
		return;
	each_map(st, n->node, unshare_text);
	rec_clear(&node_type, n->node);
	free(n->node);
	n->node = NULL;
}

void
sched_node_entry_unused(struct sched_state *st, struct sched_node *n)
{
	if (n->node != NULL || !TAILQ_EMPTY(&n->allocs))
		return;
	HASH_DEL(st->nodes, n);
	free(n->id);
	free(n);
}

void
sched_node_changed(struct sched_state *st, struct sched_node *n, uint64_t at)
{
	if (n->node != NULL)
		n->node->modify_index = at;
	sched_touch(st, SCHED_NODE, n->id);
	sched_touch_table(st, SCHED_NODES, at);
}

void
sched_put_node(struct sched_state *st, struct node *node, uint64_t at)
{
	struct sched_node *n = sched_node_have(st, node->id);

	each_map(st, node, share_text);
	node_drop(st, n);
	n->node = node;
	sched_words_of_node(st->packing, node);
	sched_node_changed(st, n, at);
}

void
sched_node_forget(struct sched_state *st, struct sched_node *n, uint64_t at)
{
	node_drop(st, n);
	sched_node_changed(st, n, at);
	sched_node_entry_unused(st, n);
}
