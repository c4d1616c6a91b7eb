/*
 * Records from HCL bodies. (Agent files are HCL 1: common/hcl1 reads them.)
 *
 * rec_hcl_fill() reads a body by a type's table. An attribute fills a row of
 * one value or a list of them; a block fills a record, one element of a list
 * of records, or a map; its labels fill the rows marked REC_LABEL, in their
 * order. A map of records takes its key from a label of its own, before those.
 * Text, numbers and booleans convert as HCL 2 does ("5" is a number, 5 is a
 * text); durations are text ("30s") or nanoseconds. null is absent.
 *
 * What it reads is exact: a name that no row has, a label too many, a block
 * given twice where one may stand, a value of another type are told as
 * diagnostics with their place. All mistakes of a body are told, and what
 * could be read is in the record; act on it only if there were none.
 *
 * Sugar. What people may write and the record does not hold as it was
 * written stands in a record of its own, beside it: see struct rec_hcl_more.
 */
#ifndef COMMON_REC_HCL_H
#define COMMON_REC_HCL_H

#include "common/hcl/hcl.h"
#include "common/hcl/value.h"
#include "common/rec.h"

#define REC_HCL_MAX_ELEMS 100000 /* of one list or map */
#define REC_HCL_MAX_MADE  10000  /* blocks that dynamic ones make, of a file */

struct rec_hcl;

/*
 * Names that a body of type `of` may use besides that type's own, as rows of
 * a second record that is filled from the same body; rows of `more` come
 * first where both have a name. fold() then moves what it wants from there
 * to rec; what it leaves is cleared. fold() reports by rec_hcl_refuse().
 */
struct rec_hcl_more {
	const struct rec_type *of;
	const struct rec_type *more; /* NULL: no more names, only fold() */
	void (*fold)(struct rec_hcl *h, void *rec, void *more,
	    const struct hcl_body *body);
	bool any_name; /* names that no row has are skipped, not refused */
};

/* How to read. Zeroed but for ev it reads by the tables alone. */
struct rec_hcl {
	struct hcl_eval *ev; /* its diags collect what is wrong */
	const struct rec_hcl_more *more;
	size_t nmore;
	bool dynamic; /* dynamic blocks are expanded */
	size_t nmade; /* by them, so far */
	size_t depth;
};

/* Fills rec, on the heap and over what it already holds, from a body. */
void rec_hcl_fill(struct rec_hcl *h, const struct rec_type *t, void *rec,
    const struct hcl_body *body);

/* Fills rec from a block: its labels, then its body. */
void rec_hcl_fill_block(struct rec_hcl *h, const struct rec_type *t, void *rec,
    const struct hcl_block *block);

/* Only asks whether the body's names and its blocks' labels are known. */
void rec_hcl_check(
    struct rec_hcl *h, const struct rec_type *t, const struct hcl_body *body);

/*
 * For fold(): a diagnostic at the value of the body's attribute, or at the
 * start of the body where it has no such attribute.
 */
void rec_hcl_refuse(struct rec_hcl *h, const struct hcl_body *body,
    const char *attr, const char *summary, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* For fold(): a diagnostic when the body lacks an attribute that it needs. */
void rec_hcl_require(
    struct rec_hcl *h, const struct hcl_body *body, const char *attr);

/*
 * Reads a whole file over what rec holds. Errors are all diagnostics in the
 * form that hcl_diags_print() gives: "file:line,col-col: summary; sentence",
 * the line, and a mark below it.
 */
int rec_from_hcl_text(const struct rec_type *t, void *rec, const char *name,
    const char *text, size_t n, enum hcl_mode mode,
    const struct rec_hcl_more *more, size_t nmore, struct err *err);

/* The diagnostics as an error; 0 when there are none. */
int rec_hcl_err(const struct hcl_diags *d, struct err *err);

#endif
