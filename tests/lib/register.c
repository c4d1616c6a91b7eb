/* Registers that are variables: the number is their item "v". */
#include "tests/lib/register.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/tree.h"

/* --- asking --- */

void
register_read(struct register_ask *a, const char *name)
{
	a->method = "GET";
	snprintf(a->target, sizeof a->target, "/v1/var/%s", name);
}

void
register_list(struct register_ask *a, const char *prefix)
{
	a->method = "GET";
	snprintf(a->target, sizeof a->target, "/v1/vars?prefix=%s", prefix);
}

void
register_write(struct register_ask *a, const char *name, uint64_t value)
{
	a->method = "PUT";
	snprintf(a->target, sizeof a->target, "/v1/var/%s", name);
	buf_addf(&a->body, "{\"Items\":{\"v\":\"%" PRIu64 "\"}}", value);
}

void
register_replace(
    struct register_ask *a, const char *name, uint64_t value, uint64_t index)
{
	register_write(a, name, value);
	snprintf(a->target, sizeof a->target, "/v1/var/%s?cas=%" PRIu64, name,
	    index);
}

/* --- being told --- */

static bool
take_index(const struct tree *var, struct register_told *t)
{
	const struct tree *i = tree_get(var, "ModifyIndex");

	if (i == NULL || i->kind != TREE_INT || i->i < 0)
		return false;
	t->index = (uint64_t)i->i;
	return true;
}

/* One that is not there has no items. */
static bool
take(const struct http_answer *a, struct register_told *t)
{
	struct tree *var = tree_from_json(a->body, a->len, NULL);
	const char *v = tree_get_str(tree_get(var, "Items"), "v");

	t->has_value = take_index(var, t) && (v != NULL || t->index == 0);
	if (v != NULL)
		t->value = strtoull(v, NULL, 10);
	tree_free(var);
	return t->has_value;
}

/* What is refused for want of a leader has not been done. */
static enum outcome
failure(const struct err *err, const struct http_answer *a)
{
	if (err != NULL)
		return a->sent ? OUTCOME_UNKNOWN : OUTCOME_FAILED;
	if (a->status == 429 ||
	    (a->status == 500 && strstr(a->body, "No cluster leader") != NULL))
		return OUTCOME_FAILED;
	return OUTCOME_UNKNOWN;
}

enum outcome
register_told_read(
    const struct err *err, const struct http_answer *a, struct register_told *t)
{
	*t = (struct register_told){ 0 };
	if (err == NULL && a->status == 404 &&
	    strstr(a->body, "variable not found") != NULL) {
		t->has_value = true;
		return OUTCOME_OK;
	}
	if (err != NULL || a->status != 200 || !take(a, t))
		return OUTCOME_UNKNOWN;
	return OUTCOME_OK;
}

enum outcome
register_told_write(
    const struct err *err, const struct http_answer *a, struct register_told *t)
{
	*t = (struct register_told){ 0 };
	if (err == NULL && a->status == 409) {
		take(a, t);
		return OUTCOME_REFUSED;
	}
	if (err != NULL || a->status != 200)
		return failure(err, a);
	return take(a, t) ? OUTCOME_OK : OUTCOME_UNKNOWN;
}

bool
register_told_list(const struct http_answer *a,
    void (*fn)(void *ctx, const char *name, uint64_t index), void *ctx)
{
	struct tree *list = tree_from_json(a->body, a->len, NULL);
	bool ok = list != NULL && list->kind == TREE_LIST;

	for (size_t i = 0; ok && i < list->nitems; i++) {
		struct register_told t = { 0 };
		const char *name = tree_get_str(list->items[i], "Path");

		ok = name != NULL && take_index(list->items[i], &t);
		if (ok)
			fn(ctx, name, t.index);
	}
	tree_free(list);
	return ok;
}
