/*
 * What a Consul catalog's answers say about routes: which instances may get
 * traffic (from all checks), where they are (from each service), and what
 * operators have written into its keys. Documents in, plain data out.
 */
#ifndef LBD_CONSULDOC_H
#define LBD_CONSULDOC_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/map.h"
#include "proto/catalog.h"

/* Which instances are wanted. */
struct consuldoc_rule {
	const char *tag_prefix; /* others' checks are not looked at */
	const char *statuses;   /* that are good: "passing,warning" */
	bool strict;            /* every check must have one, not just one */
};

#define CONSULDOC_MAX_STATUSES 8

struct consuldoc_checks {
	struct map services;  /* names that have an instance to use */
	struct map instances; /* "node.id" of each; see passing.h */
};

/* Fills an empty one from /v1/health/state/any. */
int consuldoc_checks_read(struct consuldoc_checks *c, const char *json,
    size_t n, const struct consuldoc_rule *rule, struct err *err);
void consuldoc_checks_release(struct consuldoc_checks *c);

/*
 * Appends the instances of /v1/catalog/service/NAME that c names to list (the
 * caller clears them). Ids are "node.id", for those of two nodes may be alike.
 */
int consuldoc_instances_read(const struct consuldoc_checks *c, const char *json,
    size_t n, struct service_instance **list, size_t *nlist, struct err *err);

/* Appends the values of /v1/kv/...?recurse in the order of their keys, each
 * after a comment with its key when with_names. */
int consuldoc_keys_read(const char *json, size_t n, bool with_names,
    struct buf *out, struct err *err);

/* Config.Datacenter of /v1/agent/self; the caller frees. NULL: none. */
char *consuldoc_datacenter(const char *json, size_t n);

/* Whether /v1/agent/services lists the id. */
bool consuldoc_has_service(const char *json, size_t n, const char *id);

#endif
