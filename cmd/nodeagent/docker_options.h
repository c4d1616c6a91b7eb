/*
 * docker { ... } of nodeagent.conf(5): what the docker driver is told. Names
 * and defaults are those of Nomad's plugin "docker".
 */
#ifndef NODEAGENT_DOCKER_OPTIONS_H
#define NODEAGENT_DOCKER_OPTIONS_H

#include "common/rec.h"

struct docker_auth_options {
	char *config; /* path of a Docker config.json; "": none */
	char *helper; /* NAME of docker-credential-NAME; "": none */
};

struct docker_dangling_options {
	bool enabled; /* containers of no allocation are removed */
	bool dry_run; /* only told of */
	int64_t period;
	int64_t creation_grace; /* younger ones are let be */
};

struct docker_gc_options {
	bool image; /* an image that no task uses is removed */
	int64_t image_delay;
	bool container; /* a task's container is removed after its end */
	struct docker_dangling_options dangling_containers;
};

struct docker_volume_options {
	bool enabled; /* tasks may mount what is outside their allocation */
	char *selinuxlabel;
};

struct docker_logging_options {
	char *type;
	struct rec_kv *config;
	size_t nconfig;
};

struct docker_options {
	bool enabled;   /* the driver is looked for at all */
	char *endpoint; /* "unix:///run/docker.sock" */
	bool allow_privileged;
	char **allow_caps; /* without CAP_, in any case; "all" */
	size_t nallow_caps;
	char **allow_runtimes;
	size_t nallow_runtimes;
	struct docker_volume_options volumes;
	struct docker_auth_options auth;
	struct docker_gc_options gc;
	struct docker_logging_options logging;
	int64_t pull_activity_timeout;
	int64_t pids_limit;  /* 0: none */
	char **extra_labels; /* "job_name", "task*" */
	size_t nextra_labels;
	char *infra_image;
	int64_t infra_image_pull_timeout;
	int64_t container_exists_attempts;
	bool disable_log_collection;
};

extern const struct rec_type docker_auth_options_type,
    docker_dangling_options_type, docker_gc_options_type,
    docker_volume_options_type, docker_logging_options_type,
    docker_options_type;

void docker_options_init(struct docker_options *o);
int docker_options_check(const struct docker_options *o, struct err *err);

#endif
