/*
 * Services and their checks, as tasks and groups declare them.
 */
#ifndef PROTO_SERVICE_H
#define PROTO_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"
#include "proto/resources.h"

struct check_restart {
	int64_t limit;
	int64_t grace;
	bool has_grace;
	bool ignore_warnings;
};

struct service_check {
	char *name;
	char *type;
	char *command;
	char **args;
	size_t nargs;
	char *path;
	char *protocol;
	char *port_label;
	bool expose;
	char *address_mode;
	char *advertise;
	int64_t interval;
	int64_t timeout;
	char *initial_status;
	char *notes;
	char *tls_server_name;
	bool tls_skip_verify;
	struct rec_kvs *header;
	size_t nheader;
	char *method;
	struct check_restart *check_restart;
	char *grpc_service;
	bool grpc_use_tls;
	char *task_name;
	int64_t success_before_passing;
	int64_t failures_before_critical;
	int64_t failures_before_warning;
	char *body;
	char *on_update;
};

struct service_weights {
	int64_t passing;
	int64_t warning;
};

struct workload_identity {
	char *name;
	char **audience;
	size_t naudience;
	char *change_mode;
	char *change_signal;
	bool env;
	bool file;
	char *filepath;
	char *service_name;
	int64_t ttl;
	char **extra_claims;
	size_t nextra_claims;
};

struct service {
	char *name;
	char **tags;
	size_t ntags;
	char **canary_tags;
	size_t ncanary_tags;
	bool enable_tag_override;
	char *port_label;
	char *address_mode;
	char *address;
	struct service_check *checks;
	size_t nchecks;
	struct check_restart *check_restart;
	struct tree *connect;
	struct rec_kv *meta;
	size_t nmeta;
	struct rec_kv *canary_meta;
	size_t ncanary_meta;
	struct rec_kv *tagged_addresses;
	size_t ntagged_addresses;
	char *task_name;
	char *on_update;
	struct workload_identity *identity;
	struct service_weights *weights;
	char *provider;
	char *cluster;
	char *kind;
	char *namespace; /* the servers fill it in */
};

extern const struct rec_type check_restart_type, service_check_type,
    service_weights_type, workload_identity_type, service_type;

#endif
