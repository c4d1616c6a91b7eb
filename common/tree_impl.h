/*
 * How decoders make trees: from events, and from members in any order.
 */
#ifndef COMMON_TREE_IMPL_H
#define COMMON_TREE_IMPL_H

#include <yajl/yajl_parse.h>

#include "common/tree.h"

/* Sorts the members of a map; of equal keys the last stays, and what is
 * dropped is freed if it is on the heap. */
void tree_sort_members(struct tree *t, bool on_heap);

/*
 * Makes one tree from events, such as those of a JSON parser. A zeroed one
 * is ready. Each event returns 0, or -1 with a sentence when a limit is
 * reached or a key is no C string.
 */
#define TREE_OPEN_MAX (2 * TREE_MAX_DEPTH)
struct tree_builder {
	struct tree *root;                /* owned until taken */
	struct tree *open[TREE_OPEN_MAX]; /* containers, outermost first */
	size_t cap[TREE_OPEN_MAX];        /* room in each */
	size_t depth;
	size_t nnodes;
	bool trusted; /* our own text: only TREE_OPEN_MAX is a limit */
};

/* Takes over the node, whatever the outcome. */
int tree_builder_add(
    struct tree_builder *b, struct tree *node, struct err *err);
/* A container: stays open until tree_builder_close(). */
int tree_builder_open(
    struct tree_builder *b, enum tree_kind kind, struct err *err);
int tree_builder_key(
    struct tree_builder *b, const char *key, size_t n, struct err *err);
void tree_builder_close(struct tree_builder *b);

/* A JSON number as it stands: TREE_INT if it is one and fits, else
 * TREE_FLOAT. NULL and a sentence when it is too large for both. */
struct tree *tree_number(const char *text, size_t n, struct err *err);

/* True when the root is there and closed. */
bool tree_builder_is_done(const struct tree_builder *b);

/* Hands the root over and empties the builder. */
struct tree *tree_builder_take(struct tree_builder *b);
void tree_builder_release(struct tree_builder *b);

/*
 * Runs yajl over a whole text. 0, or -1 with "line N: ..."; or what a callback
 * has said that set *refused and returned 0.
 */
int tree_yajl(const char *text, size_t n, const yajl_callbacks *on, void *ctx,
    const bool *refused, struct err *err);

/* tree_from_json() for text that we have printed ourselves: it may hold trees
 * inside a record, and so be deeper than what others may send. */
struct tree *tree_from_own_json(const char *text, size_t n, struct err *err);

/* The tree's JSON as part of a larger one, at the given level. */
void tree_put_json(
    struct buf *out, const struct tree *t, bool pretty, size_t depth);

#endif
