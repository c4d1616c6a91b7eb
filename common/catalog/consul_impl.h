/* What the parts of Consul's API share. */
#ifndef COMMON_CATALOG_CONSUL_IMPL_H
#define COMMON_CATALOG_CONSUL_IMPL_H

#include "common/catalog/consul.h"

/* One request being answered. */
struct consul_call {
	struct registry *r;
	const struct consul_ask *ask;
	struct consul_answer *a;
	struct buf params; /* of the path: "name\0value\0" */
};

/* What a path's parameter stood for, "" when there is none. */
const char *consul_path(const struct consul_call *c, const char *name);

/* The query's next parameter of the name, decoded into out; *at begins at 0.
 * False when there is no more. Cut at size. */
bool consul_param(const struct consul_call *c, const char *name, size_t *at,
    char *out, size_t size);
bool consul_has_param(const struct consul_call *c, const char *name);

/* Ends the answer with a sentence. */
void consul_fail(struct consul_call *c, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The body as a record; false when it is none, which has been answered. */
bool consul_body(struct consul_call *c, const struct rec_type *t, void *rec);

/* --- parts of answers (consul_view.c) --- */

void consul_put_text(struct buf *out, const char *text); /* NULL is "" */
void consul_put_node(struct buf *out, const struct entry_node *n);
/* of_agent: as the agent's own endpoints show it. */
void consul_put_service(
    struct buf *out, const struct registry_service *s, bool of_agent);
/* As in /v1/catalog/service. */
void consul_put_instance(struct buf *out, const struct registry_service *s);
enum consul_form {
	CONSUL_CATALOG, /* what all servers know */
	CONSUL_AGENT,   /* what the agent knows of its own */
	CONSUL_BARE,    /* ... where it answers for one service's health */
};
void consul_put_check(struct buf *out, const struct registry_node *n,
    const struct registry_check *c, enum consul_form form);

/* A map's values in the order of their keys; the caller frees. */
void **consul_sorted(const struct map *m, size_t *n);

/* --- what several paths share --- */

#define CONSUL_MAINTENANCE "_service_maintenance:" /* and the service's id */

struct registry_node *consul_self_node(const struct consul_call *c);
/* The service of the path's id that is registered here, or NULL. */
const struct registry_service *consul_find_local(const struct consul_call *c);

/* Whether the node has every node-meta= of the query. */
bool consul_node_fits(const struct consul_call *c, const struct entry_node *n);
/* The instances of the path's service that the query wants, by node and id;
 * the caller frees the list. */
struct registry_service **consul_instances(
    const struct consul_call *c, size_t *n);

/* Around the items of the body's one array. */
void consul_begin_item(struct buf *out);
void consul_end_list(struct buf *out);

/* --- queries (consul_query.c) --- */

enum {
	CONSUL_QUERY = 1,  /* has an index, may be held */
	CONSUL_NAMED = 2,  /* the mark is by the path's "name" */
	CONSUL_WRITES = 4, /* only who is trusted */
	CONSUL_KV = 8,     /* a query that tells no consistency */
};

/* Reads what all queries have in common. True when the request is to be held
 * or has been answered. */
bool consul_begin_query(
    struct consul_call *c, unsigned flags, enum registry_mark mark);

/* False, and answered, when the query filters: that is not there. */
bool consul_check_filter(struct consul_call *c);

/* --- who answers which path --- */

void consul_self(struct consul_call *c);
void consul_members(struct consul_call *c);
void consul_leader(struct consul_call *c);
void consul_peers(struct consul_call *c);
void consul_agent_services(struct consul_call *c);
void consul_agent_checks(struct consul_call *c);
void consul_agent_service(struct consul_call *c);
void consul_health_by_id(struct consul_call *c);
void consul_health_by_name(struct consul_call *c);
void consul_service_register(struct consul_call *c);
void consul_service_deregister(struct consul_call *c);
void consul_service_maintenance(struct consul_call *c);
void consul_check_register(struct consul_call *c);
void consul_check_deregister(struct consul_call *c);
void consul_check_pass(struct consul_call *c);
void consul_check_warn(struct consul_call *c);
void consul_check_fail(struct consul_call *c);
void consul_check_update(struct consul_call *c);

void consul_datacenters(struct consul_call *c);
void consul_nodes(struct consul_call *c);
void consul_services(struct consul_call *c);
void consul_service(struct consul_call *c);
void consul_nothing(struct consul_call *c);
void consul_node(struct consul_call *c);
void consul_node_services(struct consul_call *c);
void consul_health_service(struct consul_call *c);
void consul_health_state(struct consul_call *c);
void consul_health_checks(struct consul_call *c);
void consul_health_node(struct consul_call *c);
void consul_register(struct consul_call *c);
void consul_deregister(struct consul_call *c);

void consul_key_read(struct consul_call *c);
void consul_key_write(struct consul_call *c);
void consul_key_delete(struct consul_call *c);

#endif
