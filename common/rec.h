/*
 * Records: C structs that know their own fields.
 *
 * A record is described once, by a table with one row for each member. From
 * the table come the wire codec (msgpack), public JSON, the job-file (HCL)
 * decoder, the config loader, copy, clear, equality and difference.
 *
 *	struct job {
 *		char *id;
 *		uint64_t priority;
 *		bool has_priority;
 *		struct task *tasks;
 *		size_t ntasks;
 *	};
 *	static const struct rec_field job_fields[] = {
 *		REC_STR(struct job, 1, id, "ID"),
 *		REC_OPT_U64(struct job, 2, priority, "Priority"),
 *		REC_LIST(struct job, 3, tasks, task, "Tasks", .hcl = "task"),
 *	};
 *	const struct rec_type job_type = REC_TYPE(job, job_fields);
 *
 * Rows stand in struct order. A row checks its member's C type as it
 * compiles; a row that is missing is found by rec_covers(), which a test
 * asks of every type.
 *
 * Absent and zero. A plain row has no notion of absent: zero (0, false, NULL,
 * no elements) is what a reader finds when nothing was sent, and is not sent.
 * An optional row knows: numbers and booleans by a `bool has_x` right after
 * the member, text, pointers, trees, lists and maps by NULL. A list or map
 * that is present and empty has a non-NULL pointer and a count of 0. In our
 * own messages rows are plain; in what people write they are optional until
 * canonicalised. For plain lists and maps NULL and empty are equal; for
 * optional ones (.opt = true) they differ.
 *
 * Names. `name` is the C member and the name in HCL and libconfig files
 * unless `.hcl` gives another; `json` is the public JSON name. JSON members
 * are matched without regard to case, like Go does; unknown ones are skipped.
 * HCL and config readers refuse names that they do not know, with position.
 *
 * Tags are for ever. Readers of msgpack skip tags that they do not know, and
 * may be older than the writer: between daemons that does no harm. Where all
 * readers must come to the same, in the log and in snapshots, a new row has
 * the feature level with which it came (`.level = 3`), rec_pack_level() leaves
 * out what is above the level that all servers know, and
 * rec_unpack_strict() refuses what it does not know.
 */
#ifndef COMMON_REC_H
#define COMMON_REC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/tree.h"

/* Limits of every decoder, whatever the format. */
#define REC_MAX_DEPTH  32           /* records and lists inside each other */
#define REC_MAX_BYTES  (64u << 20)  /* of one encoded record */
#define REC_MAX_MEMORY (256u << 20) /* that one decoded record may take */
#define REC_MAX_TAG    1023

enum rec_kind {
	REC_K_BOOL,
	REC_K_I64,
	REC_K_U64,
	REC_K_F64,
	REC_K_DUR,   /* int64_t ns: "30s" in files, integer ns in JSON */
	REC_K_TIME,  /* int64_t ns since 1970: RFC 3339 in JSON, where 0 is
			"0001-01-01T00:00:00Z" */
	REC_K_STR,   /* char *, no NUL inside */
	REC_K_BYTES, /* struct rec_bytes: base64 in JSON */
	REC_K_TREE,  /* struct tree * */
	REC_K_REC,   /* a struct inside the struct */
	REC_K_PTR,   /* a pointer to a struct, NULL when absent */
};

enum rec_shape {
	REC_ONE,
	REC_LIST_OF, /* T *x; size_t nx */
	REC_MAP_OF,  /* the same, sorted by key, each key once; the element's
			first row is its key (a string) */
};

/* How a row behaves beyond its kind. */
enum rec_flag {
	REC_OMIT = 1 << 1,    /* JSON: left out when absent or, for a row that
				 is not optional, zero */
	REC_EMPTY = 1 << 2,   /* JSON: an empty list or map is [] or {}, else
				 null; text is never null unless optional */
	REC_LABEL = 1 << 3,   /* HCL: filled from the block's label (the first
				 such row from the first label ...) */
	REC_BLOCK = 1 << 4,   /* HCL: written as a block, not as an attribute;
				 a record or list of records always is */
	REC_NOHCL = 1 << 5,   /* not settable in files */
	REC_NOJSON = 1 << 6,  /* never in public JSON (secrets, internals) */
	REC_DURTEXT = 1 << 7, /* a duration that JSON carries as text "5s"
				 (read as text or integer) */
	REC_INLINE = 1 << 8,  /* config: a record whose members stand among
				 those of the record that it is in */
	REC_EITHER = 1 << 9,  /* HCL: with REC_BLOCK, as an attribute too */
};

struct rec_bytes {
	uint8_t *data;
	size_t len;
};

struct rec_type;

struct rec_field {
	const char *name;
	const char *json;
	const char *hcl; /* NULL: the same as name */
	uint16_t tag;
	enum rec_kind kind;
	enum rec_shape shape;
	bool opt;      /* absent differs from zero; see above */
	uint8_t level; /* feature level; 0: it has always been there */
	unsigned flags;
	size_t offset;
	size_t extra; /* offset of has_x or of nx; 0 when there is none */
	size_t align;
	const struct rec_type *type; /* of REC, PTR and their lists and maps */
};

struct rec_type {
	const char *name;
	size_t size;
	const struct rec_field *fields;
	size_t nfields;
	/*
	 * A pair is the element of a map whose values are no records of ours:
	 * { char *key; <one value> }. In JSON it prints as "key": value.
	 */
	bool pair;
	/*
	 * Called by rec_hcl_fill() and rec_from_conf() after the members are
	 * filled, for what a row cannot say (sugar, cross checks). NULL: none.
	 */
	int (*after)(void *rec, struct err *err);
};

/* --- rows: REC_X(struct T, tag, member, "Json" [, .hcl = ..., .flags = ...])
 */

/* Zero, but only if T.m has type C; otherwise a compile error. */
#define REC_CHECK(T, m, C) (0 * sizeof(&((T *)0)->m == (C *)0))

#define REC_ROW(T, t, m, k, C, ...)                                \
	{                                                          \
		.name = #m, .tag = t, .kind = k, .shape = REC_ONE, \
		.offset = offsetof(T, m) + REC_CHECK(T, m, C),     \
		.align = _Alignof(C), .json = __VA_ARGS__          \
	}
#define REC_OPT_ROW(T, t, m, k, C, ...)                                      \
	{                                                                    \
		.name = #m, .tag = t, .kind = k, .shape = REC_ONE,           \
		.offset = offsetof(T, m) + REC_CHECK(T, m, C),               \
		.extra = offsetof(T, has_##m) + REC_CHECK(T, has_##m, bool), \
		.opt = true, .align = _Alignof(C), .json = __VA_ARGS__       \
	}
#define REC_MANY_ROW(T, t, m, k, C, s, y, ...)                           \
	{                                                                \
		.name = #m, .tag = t, .kind = k, .shape = s,             \
		.offset = offsetof(T, m) + REC_CHECK(T, m, C *),         \
		.extra = offsetof(T, n##m) + REC_CHECK(T, n##m, size_t), \
		.align = _Alignof(C *), .type = y, .json = __VA_ARGS__   \
	}

#define REC_BOOL(T, t, m, ...) REC_ROW(T, t, m, REC_K_BOOL, bool, __VA_ARGS__)
#define REC_I64(T, t, m, ...)  REC_ROW(T, t, m, REC_K_I64, int64_t, __VA_ARGS__)
#define REC_U64(T, t, m, ...)  REC_ROW(T, t, m, REC_K_U64, uint64_t, __VA_ARGS__)
#define REC_F64(T, t, m, ...)  REC_ROW(T, t, m, REC_K_F64, double, __VA_ARGS__)
#define REC_DUR(T, t, m, ...)  REC_ROW(T, t, m, REC_K_DUR, int64_t, __VA_ARGS__)
#define REC_TIME(T, t, m, ...) \
	REC_ROW(T, t, m, REC_K_TIME, int64_t, __VA_ARGS__)
/* NULL and "" are equal here, and "" in JSON. */
#define REC_STR(T, t, m, ...) REC_ROW(T, t, m, REC_K_STR, char *, __VA_ARGS__)
#define REC_BYTES(T, t, m, ...) \
	REC_ROW(T, t, m, REC_K_BYTES, struct rec_bytes, __VA_ARGS__)
#define REC_TREE(T, t, m, ...) \
	REC_ROW(T, t, m, REC_K_TREE, struct tree *, __VA_ARGS__)

#define REC_OPT_BOOL(T, t, m, ...) \
	REC_OPT_ROW(T, t, m, REC_K_BOOL, bool, __VA_ARGS__)
#define REC_OPT_I64(T, t, m, ...) \
	REC_OPT_ROW(T, t, m, REC_K_I64, int64_t, __VA_ARGS__)
#define REC_OPT_U64(T, t, m, ...) \
	REC_OPT_ROW(T, t, m, REC_K_U64, uint64_t, __VA_ARGS__)
#define REC_OPT_F64(T, t, m, ...) \
	REC_OPT_ROW(T, t, m, REC_K_F64, double, __VA_ARGS__)
#define REC_OPT_DUR(T, t, m, ...) \
	REC_OPT_ROW(T, t, m, REC_K_DUR, int64_t, __VA_ARGS__)
/* NULL is absent and "" is not. */
#define REC_OPT_STR(T, t, m, ...)                                           \
	{                                                                   \
		.name = #m, .tag = t, .kind = REC_K_STR, .shape = REC_ONE,  \
		.offset = offsetof(T, m) + REC_CHECK(T, m, char *),         \
		.opt = true, .align = _Alignof(char *), .json = __VA_ARGS__ \
	}

/* struct E m: E's table is E##_type. Always there. */
#define REC_REC(T, t, m, E, ...)                                           \
	{                                                                  \
		.name = #m, .tag = t, .kind = REC_K_REC, .shape = REC_ONE, \
		.offset = offsetof(T, m) + REC_CHECK(T, m, struct E),      \
		.align = _Alignof(struct E), .type = &E##_type,            \
		.json = __VA_ARGS__                                        \
	}
/* struct E *m: owned, NULL when absent. */
#define REC_PTR(T, t, m, E, ...)                                               \
	{                                                                      \
		.name = #m, .tag = t, .kind = REC_K_PTR, .shape = REC_ONE,     \
		.offset = offsetof(T, m) + REC_CHECK(T, m, struct E *),        \
		.opt = true, .align = _Alignof(struct E *), .type = &E##_type, \
		.json = __VA_ARGS__                                            \
	}
/* struct E *m; size_t nm: records one after the other. */
#define REC_LIST(T, t, m, E, ...) \
	REC_MANY_ROW(             \
	    T, t, m, REC_K_REC, struct E, REC_LIST_OF, &E##_type, __VA_ARGS__)
#define REC_MAP(T, t, m, E, ...) \
	REC_MANY_ROW(            \
	    T, t, m, REC_K_REC, struct E, REC_MAP_OF, &E##_type, __VA_ARGS__)
/* char **m; size_t nm. */
#define REC_STRS(T, t, m, ...) \
	REC_MANY_ROW(T, t, m, REC_K_STR, char *, REC_LIST_OF, NULL, __VA_ARGS__)
/* int64_t *m; size_t nm. */
#define REC_I64S(T, t, m, ...) \
	REC_MANY_ROW(          \
	    T, t, m, REC_K_I64, int64_t, REC_LIST_OF, NULL, __VA_ARGS__)
/* struct rec_kv *m; size_t nm: text by text. */
#define REC_STRMAP(T, t, m, ...) REC_MAP(T, t, m, rec_kv, __VA_ARGS__)

#define REC_TYPE(T, rows)                                             \
	{                                                             \
		.name = #T, .size = sizeof(struct T), .fields = rows, \
		.nfields = sizeof(rows) / sizeof((rows)[0])           \
	}
/* A type with a hook: REC_TYPE_AFTER(job, job_fields, job_after). */
#define REC_TYPE_AFTER(T, rows, fn)                                      \
	{                                                                \
		.name = #T, .size = sizeof(struct T), .fields = rows,    \
		.nfields = sizeof(rows) / sizeof((rows)[0]), .after = fn \
	}
/* Two rows, the key and its value. */
#define REC_PAIR_TYPE(T, rows)                                            \
	{                                                                 \
		.name = #T, .size = sizeof(struct T), .fields = rows,     \
		.nfields = sizeof(rows) / sizeof((rows)[0]), .pair = true \
	}

/* The pairs that most maps are made of. */
struct rec_kv {
	char *key;
	char *value;
};
struct rec_ki {
	char *key;
	int64_t value;
};
struct rec_kf {
	char *key;
	double value;
};
struct rec_kb {
	char *key;
	bool value;
};
struct rec_kvs {
	char *key;
	char **values;
	size_t nvalues;
};
extern const struct rec_type rec_kv_type, rec_ki_type, rec_kf_type, rec_kb_type,
    rec_kvs_type;

/* The pair under the key in a sorted map of pairs or keyed records, or NULL:
 * rec_map_find(job->meta, job->nmeta, sizeof *job->meta, "owner"). */
void *rec_map_find(const void *elems, size_t n, size_t size, const char *key);

/* The value of a text map, borrowed, or NULL. */
const char *rec_kv_get(const struct rec_kv *kv, size_t n, const char *key);

/* Sets a member of a text map, keeping it sorted. */
void rec_kv_set(
    struct rec_kv **kv, size_t *n, const char *key, const char *value);

/* Puts map elements in order; of equal keys the last one stays. */
void rec_sort_maps(const struct rec_type *t, void *rec);

/* --- what the table gives --- */

/* Empties a record: frees what it owns and leaves it zeroed. Only for
 * records on the heap: one decoded into an arena goes with the arena. */
void rec_clear(const struct rec_type *t, void *rec);

/* A deep copy on the heap into dst, whatever dst held before (not freed). */
void rec_copy(const struct rec_type *t, void *dst, const void *src);

/* Floats are equal when their bits are. */
bool rec_equal(const struct rec_type *t, const void *a, const void *b);

/*
 * Calls fn for each row that differs, in table order, with the row and both
 * values' addresses. Records inside are not entered: fn may call rec_diff()
 * on them. Returns the number of rows that differ.
 */
typedef void rec_diff_fn(
    void *ctx, const struct rec_field *f, const void *a, const void *b);
size_t rec_diff(const struct rec_type *t, const void *a, const void *b,
    rec_diff_fn *fn, void *ctx);

/* Bytes that one value of the row takes in C: one of a list, of a map's
 * elements, or the only one. */
size_t rec_value_size(const struct rec_field *f);

/* True if the table accounts for every byte of the struct but padding, and
 * its tags are unique and within REC_MAX_TAG; does not enter other types. */
bool rec_covers(const struct rec_type *t);

/* --- msgpack: a map from tag to value (rec_pack.c) --- */

/* Appends the record. The same record always gives the same bytes. */
void rec_pack(const struct rec_type *t, const void *rec, struct buf *out);

/* The same without the rows above that feature level, at any depth. */
void rec_pack_level(
    const struct rec_type *t, const void *rec, uint64_t level, struct buf *out);

/*
 * Fills rec (whatever it held before) from exactly n bytes. Every length is
 * checked against what is left before anything is allocated. With an arena
 * all memory is the arena's, else the heap's (rec_clear() it). On failure rec
 * is zeroed.
 */
int rec_unpack(const struct rec_type *t, void *rec, const void *data, size_t n,
    struct arena *arena, struct err *err);

/* The same, but a tag that no row has is an error. */
int rec_unpack_strict(const struct rec_type *t, void *rec, const void *data,
    size_t n, struct arena *arena, struct err *err);

/* --- JSON (rec_json.c) --- */

enum { REC_JSON_PRETTY = 1 }; /* four blanks, and a newline at the end */

/* Appends the record. Members come in the order of their names, as the
 * peers whose API this is print them. */
void rec_to_json(
    const struct rec_type *t, const void *rec, struct buf *out, int flags);

/* A JSON array of n records that stand size bytes apart. */
void rec_list_to_json(const struct rec_type *t, const void *recs, size_t n,
    struct buf *out, int flags);

/*
 * Fills rec on the heap. null is absent. Errors name the path and what was
 * found: "TaskGroups[0].Count: expected an integer, found text". A number
 * with a fraction is refused for an integer. On failure rec is zeroed.
 */
int rec_from_json(const struct rec_type *t, void *rec, const char *text,
    size_t n, struct err *err);

/* The same from and to a tree, whose integers end at INT64_MAX: larger ones
 * become floats there. */
int rec_from_tree(const struct rec_type *t, void *rec, const struct tree *tree,
    struct err *err);
struct tree *rec_to_tree(const struct rec_type *t, const void *rec);

/* --- libconfig (rec_conf.c) --- */

/*
 * Reads a config file over the defaults that rec, on the heap, already holds:
 * only what the file names is replaced, a list or map as a whole. Durations
 * and times are text, bytes base64. An integer is right with and without L.
 * A list is [...] or (...); a record is a group; a map is a group too, or,
 * for keys that are no libconfig names, a list of groups that name their key:
 * meta = ( { key = "a/b"; value = "x"; } ). Names that no row has and
 * @include are refused. Errors say "file:line: ..."; rec is then a mixture,
 * good for rec_clear().
 */
int rec_from_conf(
    const struct rec_type *t, void *rec, const char *path, struct err *err);

/* The same of a text in memory; the path is for errors. */
int rec_from_conf_text(const struct rec_type *t, void *rec, const char *path,
    const char *text, size_t n, struct err *err);

/*
 * The record in the same form, complete, so that it loads again. What
 * libconfig cannot say is left out: absent rows, numbers that are not finite,
 * nulls and odd names inside trees.
 */
void rec_to_conf(const struct rec_type *t, const void *rec, struct buf *out);

#endif
