#include "proto/nodepool.h"

#include <string.h>

#include "common/text.h"

static const struct rec_field node_pool_scheduler_fields[] = {
	REC_STR(struct node_pool_scheduler, 1, scheduler_algorithm,
	    "SchedulerAlgorithm"),
	REC_OPT_BOOL(struct node_pool_scheduler, 2,
	    memory_oversubscription_enabled, "MemoryOversubscriptionEnabled"),
};
const struct rec_type node_pool_scheduler_type =
    REC_TYPE(node_pool_scheduler, node_pool_scheduler_fields);

static const struct rec_field node_pool_fields[] = {
	REC_STR(struct node_pool, 1, name, "Name"),
	REC_STR(struct node_pool, 2, description, "Description"),
	REC_STRMAP(struct node_pool, 3, meta, "Meta"),
	REC_PTR(struct node_pool, 4, scheduler_configuration,
	    node_pool_scheduler, "SchedulerConfiguration"),
	REC_U64(struct node_pool, 5, create_index, "CreateIndex"),
	REC_U64(struct node_pool, 6, modify_index, "ModifyIndex"),
};
const struct rec_type node_pool_type = REC_TYPE(node_pool, node_pool_fields);

bool
node_pool_is_built_in(const char *name)
{
	return strcmp(name, "all") == 0 || strcmp(name, "default") == 0;
}

static bool
is_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= NODE_POOL_NAME_MAX &&
	       strspn(name,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		   "0123456789-_") == n;
}

int
node_pool_check(const struct node_pool *p, struct err *err)
{
	const struct node_pool_scheduler *s = p->scheduler_configuration;
	const char *name = text_or(p->name, ""), *algorithm;

	if (!is_name(name))
		return err_set(err, ERR_BAD,
		    "invalid node pool: invalid name \"%.160s\", must match "
		    "regex ^[a-zA-Z0-9-_]{1,128}$",
		    name);
	if (node_pool_is_built_in(name))
		return err_set(err, ERR_BAD,
		    "modifying node pool \"%s\" is not allowed", name);
	if (strlen(text_or(p->description, "")) > NODE_POOL_DESCRIPTION_MAX)
		return err_set(err, ERR_BAD,
		    "invalid node pool: description longer than %d",
		    NODE_POOL_DESCRIPTION_MAX);
	algorithm = s != NULL ? text_or(s->scheduler_algorithm, "") : "";
	if (*algorithm != '\0' && strcmp(algorithm, "binpack") != 0 &&
	    strcmp(algorithm, "spread") != 0)
		return err_set(err, ERR_BAD,
		    "invalid node pool: invalid scheduler algorithm "
		    "\"%.160s\"",
		    algorithm);
	return 0;
}
