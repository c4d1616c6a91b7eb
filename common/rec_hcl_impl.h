/*
 * What the two halves of the HCL reader share: rec_hcl.c knows bodies, blocks
 * and names, rec_hcl_value.c what stands behind an equals sign.
 */
#ifndef COMMON_REC_HCL_IMPL_H
#define COMMON_REC_HCL_IMPL_H

#include "common/rec_hcl.h"
#include "common/rec_impl.h"

/* True for a body that is read as laxly as HCL 1 is. */
bool hcl_is_lax(const struct hcl_body *body);

/* Fills a row of one value or of a list of scalars from an attribute. */
void hcl_set_attr(struct rec_hcl *h, const struct rec_field *f, void *rec,
    const struct hcl_attr *attr, bool lax);

/* Fills a map of pairs from an attribute, or adds a body's attributes to it. */
void hcl_set_map(struct rec_hcl *h, const struct rec_field *f, void *rec,
    const struct hcl_attr *attr, bool lax);
void hcl_add_to_map(struct rec_hcl *h, const struct rec_field *f, void *rec,
    const struct hcl_body *body);

/* A body as a tree: attributes, and blocks as lists of trees. */
struct tree *hcl_body_tree(struct rec_hcl *h, const struct hcl_body *body);

/* A zeroed element more, or NULL and told when there are too many. */
void *hcl_add_elem(struct rec_hcl *h, const struct rec_field *f, void *rec,
    struct hcl_range at);

#endif
