#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/rec_impl.h"
#include "proto/agent.h"

/* Lists of text that grow; others are replaced. */
static bool
grows(const struct rec_type *t, const struct rec_field *f)
{
	static const struct {
		const struct rec_type *type;
		const char *name;
	} lists[] = {
		{ &agent_server_type, "enabled_schedulers" },
		{ &agent_server_type, "start_join" },
		{ &agent_server_type, "retry_join" },
		{ &agent_client_type, "servers" },
		{ &agent_config_type, "files" },
		{ &agent_config_type, "config_paths" },
	};

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		if (lists[i].type == t && strcmp(lists[i].name, f->name) == 0)
			return true;
	return false;
}

/* Nomad forgets how these were written. */
static bool
is_forgotten(const struct rec_type *t, const struct rec_field *f)
{
	return t == &agent_template_type &&
	       (strcmp(f->name, "max_stale_text") == 0 ||
		   strcmp(f->name, "block_query_wait_text") == 0);
}

/* Lists whose elements have a name (their first row) that none has twice. */
static bool
is_by_name(const struct rec_type *t)
{
	return t == &agent_host_volume_type || t == &agent_plugin_type ||
	       t == &agent_fingerprint_type || t == &agent_audit_sink_type ||
	       t == &agent_audit_filter_type || t == &agent_keyring_type ||
	       t == &agent_consul_type || t == &agent_vault_type;
}

/* These are merged; of the others the later one stands. */
static bool
is_merged(const struct rec_type *t)
{
	return t == &agent_consul_type || t == &agent_vault_type ||
	       t == &agent_fingerprint_type;
}

static void merge(const struct rec_type *t, void *a, const void *b);

static void *
elem_at(const struct rec_field *f, const void *rec, size_t i)
{
	return (char *)rec_ptr(f, rec) + i * rec_value_size(f);
}

static void *
add_elem(const struct rec_field *f, void *rec)
{
	size_t size = rec_value_size(f), *n = rec_count(f, rec);
	void **list = rec_at(rec, f->offset);

	*list = xreallocarray(*list, *n + 1, size);
	memset((char *)*list + *n * size, 0, size);
	return (char *)*list + (*n)++ * size;
}

static const char *
name_of(const void *elem)
{
	const char *name = *(char *const *)elem;

	return name == NULL ? "" : name;
}

/* A consul or vault that is seen for the first time stands on the defaults. */
static void
start_from_default(const struct rec_type *t, void *elem)
{
	struct agent_config c = { 0 };

	if (t != &agent_consul_type && t != &agent_vault_type)
		return;
	agent_config_default(&c);
	rec_copy(t, elem,
	    t == &agent_consul_type ? (void *)c.consuls : (void *)c.vaults);
	rec_clear(&agent_config_type, &c);
}

static void
put_by_name(const struct rec_field *f, void *rec, const void *elem)
{
	void *at = NULL;

	for (size_t i = 0; i < *rec_count(f, rec) && at == NULL; i++)
		if (strcmp(name_of(elem_at(f, rec, i)), name_of(elem)) == 0)
			at = elem_at(f, rec, i);
	if (at != NULL && !is_merged(f->type)) {
		rec_clear(f->type, at);
		rec_copy(f->type, at, elem);
		return;
	}
	if (at == NULL) {
		at = add_elem(f, rec);
		start_from_default(f->type, at);
	}
	merge(f->type, at, elem);
}

static void
merge_list(
    const struct rec_type *t, const struct rec_field *f, void *a, const void *b)
{
	size_t n = *rec_count(f, b);

	if (f->kind == REC_K_STR && !grows(t, f))
		rec_row_clear(f, a);
	/* Two files that name consul or vault stand on the defaults both. */
	if ((f->type == &agent_consul_type || f->type == &agent_vault_type) &&
	    *rec_count(f, a) == 0) {
		for (size_t i = 0; i < n; i++)
			rec_copy(f->type, add_elem(f, a), elem_at(f, b, i));
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (f->kind == REC_K_STR)
			*(char **)add_elem(f, a) =
			    xstrdup(*(char **)elem_at(f, b, i));
		else if (is_by_name(f->type))
			put_by_name(f, a, elem_at(f, b, i));
		else
			rec_copy(f->type, add_elem(f, a), elem_at(f, b, i));
	}
}

static void
merge_kv(const struct rec_field *f, void *a, const void *b)
{
	for (size_t i = 0; i < *rec_count(f, b); i++) {
		const struct rec_kv *kv = elem_at(f, b, i);

		rec_kv_set(
		    rec_at(a, f->offset), rec_count(f, a), kv->key, kv->value);
	}
}

static void
merge_scalar(const struct rec_field *f, void *a, const void *b)
{
	void *to = rec_at(a, f->offset);

	rec_row_clear(f, a);
	if (f->kind == REC_K_STR)
		*(char **)to = xstrdup(rec_ptr(f, b));
	else if (f->kind == REC_K_TREE)
		*(struct tree **)to = tree_copy(rec_ptr(f, b));
	else
		memcpy(to, rec_at(b, f->offset), rec_value_size(f));
	if (rec_is_flagged(f))
		*rec_has(f, a) = true;
}

static void
merge_ptr(const struct rec_field *f, void *a, const void *b)
{
	void **to = rec_at(a, f->offset);

	if (*to == NULL)
		*to = xcalloc(1, f->type->size);
	merge(f->type, *to, rec_ptr(f, b));
}

static void
merge(const struct rec_type *t, void *a, const void *b)
{
	for (size_t i = 0; i < t->nfields; i++) {
		const struct rec_field *f = &t->fields[i];

		if (f->kind == REC_K_REC && f->shape == REC_ONE)
			merge(f->type, rec_at(a, f->offset),
			    rec_at(b, f->offset));
		else if (rec_row_is_zero(f, b) || is_forgotten(t, f))
			continue;
		else if (f->shape == REC_MAP_OF)
			merge_kv(f, a, b);
		else if (f->shape == REC_LIST_OF)
			merge_list(t, f, a, b);
		else if (f->kind == REC_K_PTR)
			merge_ptr(f, a, b);
		else
			merge_scalar(f, a, b);
	}
}

/* The defaults of each that is named, as soon as two files meet. */
static void
complete(const struct rec_type *t, const char *name, struct agent_config *c)
{
	for (size_t i = 0; i < t->nfields; i++) {
		const struct rec_field *f = &t->fields[i];

		if (strcmp(f->name, name) != 0)
			continue;
		for (size_t k = 0; k < *rec_count(f, c); k++) {
			void *elem = elem_at(f, c, k);
			void *full = xcalloc(1, f->type->size);

			start_from_default(f->type, full);
			merge(f->type, full, elem);
			rec_clear(f->type, elem);
			memcpy(elem, full, f->type->size);
			free(full);
		}
	}
}

void
agent_config_merge(struct agent_config *a, const struct agent_config *b)
{
	if (a->nconsuls > 0 && b->nconsuls > 0)
		complete(&agent_config_type, "consuls", a);
	if (a->nvaults > 0 && b->nvaults > 0)
		complete(&agent_config_type, "vaults", a);
	merge(&agent_config_type, a, b);
}
