#include "cmd/nodeagent/docker_options.h"

#include <inttypes.h>
#include <string.h>

#include "cmd/nodeagent/docker_caps.h"
#include "cmd/nodeagent/docker_engine.h"
#include "common/clock.h"
#include "common/mem.h"

static const struct rec_field docker_auth_options_fields[] = {
	REC_STR(struct docker_auth_options, 1, config, "config"),
	REC_STR(struct docker_auth_options, 2, helper, "helper"),
};
const struct rec_type docker_auth_options_type =
    REC_TYPE(docker_auth_options, docker_auth_options_fields);

static const struct rec_field docker_dangling_options_fields[] = {
	REC_BOOL(struct docker_dangling_options, 1, enabled, "enabled"),
	REC_BOOL(struct docker_dangling_options, 2, dry_run, "dry_run"),
	REC_DUR(struct docker_dangling_options, 3, period, "period"),
	REC_DUR(struct docker_dangling_options, 4, creation_grace,
	    "creation_grace"),
};
const struct rec_type docker_dangling_options_type =
    REC_TYPE(docker_dangling_options, docker_dangling_options_fields);

static const struct rec_field docker_gc_options_fields[] = {
	REC_BOOL(struct docker_gc_options, 1, image, "image"),
	REC_DUR(struct docker_gc_options, 2, image_delay, "image_delay"),
	REC_BOOL(struct docker_gc_options, 3, container, "container"),
	REC_REC(struct docker_gc_options, 4, dangling_containers,
	    docker_dangling_options, "dangling_containers"),
};
const struct rec_type docker_gc_options_type =
    REC_TYPE(docker_gc_options, docker_gc_options_fields);

static const struct rec_field docker_volume_options_fields[] = {
	REC_BOOL(struct docker_volume_options, 1, enabled, "enabled"),
	REC_STR(struct docker_volume_options, 2, selinuxlabel, "selinuxlabel"),
};
const struct rec_type docker_volume_options_type =
    REC_TYPE(docker_volume_options, docker_volume_options_fields);

static const struct rec_field docker_logging_options_fields[] = {
	REC_STR(struct docker_logging_options, 1, type, "type"),
	REC_STRMAP(struct docker_logging_options, 2, config, "config"),
};
const struct rec_type docker_logging_options_type =
    REC_TYPE(docker_logging_options, docker_logging_options_fields);

static const struct rec_field docker_options_fields[] = {
	REC_BOOL(struct docker_options, 1, enabled, "enabled"),
	REC_STR(struct docker_options, 2, endpoint, "endpoint"),
	REC_BOOL(
	    struct docker_options, 3, allow_privileged, "allow_privileged"),
	REC_STRS(struct docker_options, 4, allow_caps, "allow_caps"),
	REC_STRS(struct docker_options, 5, allow_runtimes, "allow_runtimes"),
	REC_REC(struct docker_options, 6, volumes, docker_volume_options,
	    "volumes"),
	REC_REC(struct docker_options, 7, auth, docker_auth_options, "auth"),
	REC_REC(struct docker_options, 8, gc, docker_gc_options, "gc"),
	REC_REC(struct docker_options, 9, logging, docker_logging_options,
	    "logging"),
	REC_DUR(struct docker_options, 10, pull_activity_timeout,
	    "pull_activity_timeout"),
	REC_I64(struct docker_options, 11, pids_limit, "pids_limit"),
	REC_STRS(struct docker_options, 12, extra_labels, "extra_labels"),
	REC_STR(struct docker_options, 13, infra_image, "infra_image"),
	REC_DUR(struct docker_options, 14, infra_image_pull_timeout,
	    "infra_image_pull_timeout"),
	REC_I64(struct docker_options, 15, container_exists_attempts,
	    "container_exists_attempts"),
	REC_BOOL(struct docker_options, 16, disable_log_collection,
	    "disable_log_collection"),
};
const struct rec_type docker_options_type =
    REC_TYPE(docker_options, docker_options_fields);

static void
push(char ***list, size_t *n, const char *text)
{
	*list = xreallocarray(*list, *n + 1, sizeof **list);
	(*list)[(*n)++] = xstrdup(text);
}

void
docker_options_init(struct docker_options *o)
{
	static const char *const runtimes[] = { "runc", "nvidia" };
	size_t ncaps;
	const char *const *caps = docker_caps_default(&ncaps);

	*o = (struct docker_options){ .enabled = true,
		.endpoint = xstrdup(DOCKER_SOCKET),
		.pull_activity_timeout = 120 * CLOCK_NS_PER_S,
		.infra_image = xstrdup(""),
		.infra_image_pull_timeout = 300 * CLOCK_NS_PER_S,
		.container_exists_attempts = 5 };
	for (size_t i = 0; i < ncaps; i++)
		push(&o->allow_caps, &o->nallow_caps, caps[i]);
	for (size_t i = 0; i < sizeof runtimes / sizeof runtimes[0]; i++)
		push(&o->allow_runtimes, &o->nallow_runtimes, runtimes[i]);
	o->gc = (struct docker_gc_options){ .image = true,
		.image_delay = 180 * CLOCK_NS_PER_S,
		.container = true,
		.dangling_containers = { .enabled = true,
		    .period = 300 * CLOCK_NS_PER_S,
		    .creation_grace = 300 * CLOCK_NS_PER_S } };
	o->logging.type = xstrdup("json-file");
	rec_kv_set(&o->logging.config, &o->logging.nconfig, "max-file", "2");
	rec_kv_set(&o->logging.config, &o->logging.nconfig, "max-size", "2m");
}

int
docker_options_check(const struct docker_options *o, struct err *err)
{
	if (o->endpoint == NULL ||
	    strncmp(o->endpoint, "unix:///", strlen("unix:///")) != 0)
		return err_set(err, ERR_BAD,
		    "docker.endpoint: \"%s\" is not like "
		    "unix:///var/run/docker.sock",
		    o->endpoint != NULL ? o->endpoint : "");
	for (size_t i = 0; i < o->nallow_caps; i++)
		if (!docker_caps_known(o->allow_caps[i]))
			return err_set(err, ERR_BAD,
			    "docker.allow_caps: there is no capability \"%s\"",
			    o->allow_caps[i]);
	if (o->pids_limit < 0)
		return err_set(
		    err, ERR_BAD, "docker.pids_limit must not be negative");
	if (o->container_exists_attempts < 0)
		return err_set(err, ERR_BAD,
		    "docker.container_exists_attempts must not be negative");
	if (o->gc.image_delay < 0 || o->gc.dangling_containers.period < 0 ||
	    o->gc.dangling_containers.creation_grace < 0)
		return err_set(
		    err, ERR_BAD, "docker.gc: no duration may be negative");
	if (o->pull_activity_timeout <= 0 || o->infra_image_pull_timeout <= 0)
		return err_set(err, ERR_BAD,
		    "docker.pull_activity_timeout and "
		    "docker.infra_image_pull_timeout must be positive");
	return 0;
}
