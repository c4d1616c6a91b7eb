/*
 * Values whose shape only their reader knows: a driver's config, an opaque
 * JSON document. What a job file says of them is carried unchanged.
 *
 * A tree owns its children. Object members keep no order of their own: they
 * are sorted by key (bytewise), each key once.
 */
#ifndef COMMON_TREE_H
#define COMMON_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

/* Deeper or larger input is refused by every decoder. */
#define TREE_MAX_DEPTH 64
#define TREE_MAX_NODES 1000000

enum tree_kind {
	TREE_NULL,
	TREE_BOOL,
	TREE_INT,
	TREE_FLOAT,
	TREE_STR, /* bytes, NUL allowed; str is also terminated */
	TREE_LIST,
	TREE_MAP,
};

struct tree_member;

struct tree {
	enum tree_kind kind;
	union {
		bool b;
		int64_t i;
		double f;
		struct {
			char *str;
			size_t len;
		};
		struct {
			struct tree **items;
			size_t nitems;
		};
		struct {
			struct tree_member *members;
			size_t nmembers;
		};
	};
};

struct tree_member {
	char *key;
	struct tree *value;
};

struct tree *tree_null(void);
struct tree *tree_bool(bool b);
struct tree *tree_int(int64_t i);
struct tree *tree_float(double f);
struct tree *tree_str(const char *s);
struct tree *tree_bytes(const char *s, size_t n);
struct tree *tree_list(void);
struct tree *tree_map(void);

void tree_free(struct tree *t);
struct tree *tree_copy(const struct tree *t); /* NULL gives NULL */
bool tree_equal(const struct tree *a, const struct tree *b);

/* Adds to a list, or sets a member (replacing one); takes over the value. */
void tree_push(struct tree *list, struct tree *value);
void tree_set(struct tree *map, const char *key, struct tree *value);

/* The member's value, borrowed; NULL when there is none or t is no map. */
const struct tree *tree_get(const struct tree *t, const char *key);

/* The member as text, or NULL when absent or not text. */
const char *tree_get_str(const struct tree *t, const char *key);

/*
 * Any JSON text. Integers that fit 64 bits are TREE_INT, other numbers
 * TREE_FLOAT. Refuses depth and node counts over the limits above, and
 * anything after the value but white space. NULL on failure.
 */
struct tree *tree_from_json(const char *text, size_t n, struct err *err);

/*
 * JSON without white space, or indented by four blanks with a newline at
 * the end. Floats print as the shortest text that reads back the same;
 * bytes that are no UTF-8 become U+FFFD.
 */
enum { TREE_PRETTY = 1 };
void tree_to_json(const struct tree *t, struct buf *out, int flags);

#endif
