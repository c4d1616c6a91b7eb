#include "tests/lib/unit.h"

#include "cmd/schedd/state.h"
#include "cmd/schedd/state_put.h"
#include "common/mem.h"
#include "common/text.h"

#define NODE1 "11111111-0000-4000-8000-000000000001"
#define NODE2 "11111111-0000-4000-8000-000000000002"

static void
put(struct sched_state *st, const char *id, const char *arch)
{
	struct rec_kv attributes[] = {
		{ text_borrow("cpu.arch"), text_borrow(arch) },
		{ text_borrow("empty"), text_borrow("") },
		{ text_borrow("unique.id"), text_borrow(id) },
	};
	struct rec_kv meta = { text_borrow("rack"), text_borrow(arch) };
	struct node rec = { .id = text_borrow(id),
		.attributes = attributes,
		.nattributes = 3,
		.meta = &meta,
		.nmeta = 1,
		.links = &meta,
		.nlinks = 1 };
	struct node *node = xcalloc(1, sizeof *node);

	rec_copy(&node_type, node, &rec);
	sched_put_node(st, node, 1);
	rec.modify_index = 1;
	ck_assert(rec_equal(&node_type, sched_node_find(st, id)->node, &rec));
}

START_TEST(nodes_share_what_they_say_alike)
{
	struct sched_state st;
	const struct node *a, *b;

	sched_state_init(&st);
	put(&st, NODE1, "amd64");
	put(&st, NODE2, "amd64");
	a = sched_node_find(&st, NODE1)->node;
	b = sched_node_find(&st, NODE2)->node;
	ck_assert_ptr_eq(a->attributes[0].key, b->attributes[0].key);
	ck_assert_ptr_eq(a->attributes[0].value, b->meta[0].value);
	ck_assert_ptr_ne(a->attributes[2].value, b->attributes[2].value);
	sched_state_release(&st);
}
END_TEST

START_TEST(nodes_keep_their_texts_when_others_go)
{
	struct sched_state st;
	const struct node *b;

	sched_state_init(&st);
	put(&st, NODE1, "amd64");
	put(&st, NODE2, "amd64");
	put(&st, NODE1, "arm64"); /* it describes itself again */
	b = sched_node_find(&st, NODE2)->node;
	ck_assert_str_eq(b->attributes[0].value, "amd64");
	sched_node_forget(&st, sched_node_find(&st, NODE1), 2);
	ck_assert_str_eq(b->attributes[0].key, "cpu.arch");
	sched_node_forget(&st, sched_node_find(&st, NODE2), 3);
	ck_assert_ptr_null(st.texts);
	sched_state_release(&st);
}
END_TEST

UNIT_MAIN("state_node", nodes_share_what_they_say_alike,
    nodes_keep_their_texts_when_others_go)
