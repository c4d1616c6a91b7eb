/* What the parts of the registry share. */
#ifndef COMMON_CATALOG_REGISTRY_IMPL_H
#define COMMON_CATALOG_REGISTRY_IMPL_H

#include "common/catalog/registry.h"

/* Begins a change: what registry_touch() marks next has a new index. */
uint64_t registry_change(struct registry *r);
void registry_touch(
    struct registry *r, enum registry_mark kind, const char *name);

/* An owned copy in lower case. */
char *registry_lower(const char *text);

/* A name or id is of a length and has no control bytes. */
int registry_check_name(const char *what, const char *name, struct err *err);

void registry_free_check(struct registry_check *c);
void registry_free_service(struct registry_service *s);
void registry_free_node(struct registry_node *n);
void registry_free_name(struct registry_name *n); /* NULL is fine */
void registry_free_keys(struct registry *r);

#endif
