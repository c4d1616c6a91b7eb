/*
 * Service instances, as nodes register them, servers keep them and load
 * balancers use them.
 */
#ifndef PROTO_CATALOG_H
#define PROTO_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"

#define INSTANCE_CHECK_MAX_OUTPUT 256 /* bytes of text that are told */

/* One check of an instance, as it is told to the cluster: news of it are
 * changes of its status, not every run. */
struct instance_check {
	char *id; /* unique among the checks of all instances */
	char *name;
	char *type;         /* "http", "tcp"; others are not run */
	char *status;       /* "pending" (never run), "passing", "warning" or
			       "critical" */
	char *output;       /* of the run that changed the status, cut */
	char *notes;        /* as the job has them */
	int64_t changed_at; /* when the status last changed, ns */
};

/* One instance of a service. JSON names are those of Nomad's API. */
struct service_instance {
	char *id; /* unique; made of the allocation, task or group, and port */
	char *service_name;
	char *ns; /* namespace */
	char *node_id;
	char *node_name;
	char *datacenter;
	char *job_id;
	char *alloc_id;
	char **tags;
	size_t ntags;
	char *address;
	int64_t port;
	bool critical; /* not all of its checks pass: not to be used now */
	struct instance_check *checks; /* empty: it has none */
	size_t nchecks;
	uint64_t create_index;
	uint64_t modify_index;
};

/*
 * What a node's services are now: instances to put (by id) and ids to take
 * away. An instance that a node does not repeat stays.
 */
struct services_update {
	char *node_id;
	char *secret_id;
	struct service_instance *put;
	size_t nput;
	char **remove; /* ids */
	size_t nremove;
	uint64_t seq; /* see node_update in nodemsg.h */
};

/* Held until there is something newer than index. at and after: see
 * node_allocs in nodemsg.h. The secret is that of the node that asks. */
struct services_ask {
	uint64_t index;
	uint64_t at;
	char *after;
	char *node_id;
	char *secret_id;
};

/* full: `put` is everything there is. Otherwise a change since the index. In
 * parts when it is long: see node_allocs_news in nodemsg.h. */
struct services_news {
	uint64_t index;
	bool full;
	struct service_instance *put;
	size_t nput;
	char **remove; /* ids */
	size_t nremove;
	uint64_t at;
	char *after; /* NULL or "": the last part */
};

/* Published by nodeagent under "service.<name>": one instance came, changed
 * or (gone) went away. */
struct service_event {
	bool gone;
	struct service_instance instance;
};

extern const struct rec_type instance_check_type, service_instance_type,
    services_update_type, services_ask_type, services_news_type,
    service_event_type;

#endif
