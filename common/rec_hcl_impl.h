/*
 * What the parts of the HCL reader share: rec_hcl.c reads bodies and
 * blocks, rec_hcl_names.c knows which names and labels may stand in them,
 * rec_hcl_dynamic.c makes blocks of dynamic ones, and rec_hcl_value.c reads
 * what stands behind an equals sign.
 */
#ifndef COMMON_REC_HCL_IMPL_H
#define COMMON_REC_HCL_IMPL_H

#include "common/rec_hcl.h"
#include "common/rec_impl.h"

/* --- names --- */

#define HCL_MAX_NAMES 160 /* that one body may know */

/* What a body may hold. */
struct hcl_name {
	const char *name;
	const struct rec_field *f;
	void *rec; /* whose row it is */
};

struct hcl_names {
	struct hcl_name v[HCL_MAX_NAMES];
	size_t n;
	bool any;
};

const struct hcl_name *hcl_find_name(
    const struct hcl_names *names, const char *name);
void hcl_add_names(
    struct hcl_names *names, const struct rec_type *t, void *rec);

/* A row may be written as a block, as an attribute, or as both. */
bool hcl_is_record(const struct rec_field *f);
bool hcl_is_block(const struct rec_field *f);
bool hcl_is_attr(const struct rec_field *f);

/* A map's elements are named by a label of their own, before their rows'. */
bool hcl_has_key_label(const struct rec_field *f);
const struct rec_field *hcl_label_row(const struct rec_type *t, size_t i);
size_t hcl_count_labels(const struct rec_field *f);

/* Tell names that no row has; false and told when labels are not right. */
void hcl_check_names(struct rec_hcl *h, const struct hcl_names *names,
    const struct hcl_body *body);
bool hcl_check_labels(
    struct rec_hcl *h, const struct rec_field *f, const struct hcl_block *b);

/* The body with the blocks that its dynamic ones stand for; in the arena. */
const struct hcl_body *hcl_expand(struct rec_hcl *h,
    const struct hcl_names *names, const struct hcl_body *body);

/* --- values --- */

/* Fills a row of one value or of a list of scalars from an attribute. */
void hcl_set_attr(struct rec_hcl *h, const struct rec_field *f, void *rec,
    const struct hcl_attr *attr);

/* Fills a map of pairs from an attribute, or adds a body's attributes to it. */
void hcl_set_map(struct rec_hcl *h, const struct rec_field *f, void *rec,
    const struct hcl_attr *attr);
void hcl_add_to_map(struct rec_hcl *h, const struct rec_field *f, void *rec,
    const struct hcl_body *body);

/* A body as a tree: attributes, and blocks as lists of trees. */
struct tree *hcl_body_tree(struct rec_hcl *h, const struct hcl_body *body);

/* A zeroed element more, or NULL and told when there are too many. */
void *hcl_add_elem(struct rec_hcl *h, const struct rec_field *f, void *rec,
    struct hcl_range at);

#endif
