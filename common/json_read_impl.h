/*
 * Reading JSON into a record: what the machine that follows the events
 * (rec_json_read.c) shares with the setting of one value (rec_json_set.c).
 */
#ifndef COMMON_JSON_READ_IMPL_H
#define COMMON_JSON_READ_IMPL_H

#include "common/rec_impl.h"
#include "common/tree_impl.h"

/* More of what was found is not shown. */
#define SHOWN_MAX 40

enum frame_kind { IN_REC, IN_LIST, IN_MAP };

struct frame {
	enum frame_kind kind;
	const struct rec_type *type; /* IN_REC: the record's */
	const struct rec_field *row; /* IN_REC: of the member at hand, NULL
					when unknown; else the list or map */
	const struct rec_field *but; /* IN_REC: the row that no member has */
	char *rec;                   /* that the row is in */
	size_t cap;                  /* room in the list or map */
};

struct reader {
	struct frame frames[REC_MAX_DEPTH];
	size_t depth;
	size_t skip; /* open containers of a member nobody knows */
	struct tree_builder tree;
	bool in_tree;
	const struct rec_type *type;
	void *rec;
	size_t budget;
	struct err *err;
	bool refused;
};

/* Where a value goes: into a row, or into one element of it. */
struct target {
	const struct rec_field *f;
	char *rec;
	void *elem; /* NULL: the row itself */
	bool in_pair;
};

static inline void *
value_of(const struct target *to)
{
	return to->elem != NULL ? to->elem : to->rec + to->f->offset;
}

/* All return -1. The sentence begins with the path of the value at hand. */
int json_refuse(struct reader *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int json_mismatch(struct reader *r, const struct target *to, const char *found);

/* Takes n bytes from what the record may take; -1 when there are less. */
int json_spend(struct reader *r, size_t n);

/* Sets a value that is no tree from a number as it stands, or from text. */
int json_set_number(
    struct reader *r, const struct target *to, const char *s, size_t n);
int json_set_text(
    struct reader *r, const struct target *to, const char *s, size_t n);

#endif
