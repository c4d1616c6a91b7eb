#include "cmd/nodeagent/config.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cmd/nodeagent/serverset.h"
#include "common/clock.h"
#include "common/mem.h"

static const struct rec_field drain_options_fields[] = {
	REC_BOOL(struct drain_options, 1, enabled, "enabled"),
	REC_DUR(struct drain_options, 2, deadline, "deadline"),
	REC_BOOL(struct drain_options, 3, force, "force"),
	REC_BOOL(
	    struct drain_options, 4, ignore_system_jobs, "ignore_system_jobs"),
};
const struct rec_type drain_options_type =
    REC_TYPE(drain_options, drain_options_fields);

static const struct rec_field nodeagent_config_fields[] = {
	DAEMON_CONFIG_ROWS(struct nodeagent_config),
	REC_STR(struct nodeagent_config, 2, name, "name"),
	REC_STR(struct nodeagent_config, 3, region, "region"),
	REC_STR(struct nodeagent_config, 4, datacenter, "datacenter"),
	REC_STR(struct nodeagent_config, 5, node_class, "node_class"),
	REC_STR(struct nodeagent_config, 6, node_pool, "node_pool"),
	REC_STRS(struct nodeagent_config, 7, servers, "servers"),
	REC_STR(struct nodeagent_config, 8, server_http, "server_http"),
	REC_STR(struct nodeagent_config, 9, http, "http"),
	REC_STR(struct nodeagent_config, 10, advertise_http, "advertise_http"),
	REC_STR(struct nodeagent_config, 70, catalog_http, "catalog_http"),
	REC_STR(struct nodeagent_config, 11, alloc_dir, "alloc_dir"),
	REC_STR(struct nodeagent_config, 12, shim, "shim"),
	REC_STR(struct nodeagent_config, 13, network_interface,
	    "network_interface"),
	REC_STRMAP(struct nodeagent_config, 14, meta, "meta"),
	REC_BOOL(struct nodeagent_config, 15, raw_exec, "raw_exec"),
	REC_STRS(struct nodeagent_config, 16, denied_envvars, "denied_envvars"),
	REC_DUR(
	    struct nodeagent_config, 17, max_kill_timeout, "max_kill_timeout"),
	REC_I64(struct nodeagent_config, 18, gc_max_allocs, "gc_max_allocs"),
	REC_I64(
	    struct nodeagent_config, 19, min_dynamic_port, "min_dynamic_port"),
	REC_I64(
	    struct nodeagent_config, 20, max_dynamic_port, "max_dynamic_port"),
	REC_I64(struct nodeagent_config, 21, cpu_total_compute,
	    "cpu_total_compute"),
	REC_I64(
	    struct nodeagent_config, 22, memory_total_mb, "memory_total_mb"),
	REC_I64(struct nodeagent_config, 23, disk_total_mb, "disk_total_mb"),
	REC_I64(struct nodeagent_config, 24, reserved_cpu, "reserved_cpu"),
	REC_I64(
	    struct nodeagent_config, 25, reserved_memory, "reserved_memory"),
	REC_I64(struct nodeagent_config, 26, reserved_disk, "reserved_disk"),
	REC_STR(struct nodeagent_config, 27, reserved_ports, "reserved_ports"),
	REC_BOOL(struct nodeagent_config, 28, stop_tasks_on_exit,
	    "stop_tasks_on_exit"),
	REC_BOOL(struct nodeagent_config, 80, leave_on_interrupt,
	    "leave_on_interrupt"),
	REC_BOOL(struct nodeagent_config, 81, leave_on_terminate,
	    "leave_on_terminate"),
	REC_REC(struct nodeagent_config, 82, drain_on_shutdown, drain_options,
	    "drain_on_shutdown"),
	REC_BOOL(struct nodeagent_config, 29, publish_allocation_metrics,
	    "publish_allocation_metrics"),
	REC_BOOL(struct nodeagent_config, 30, publish_node_metrics,
	    "publish_node_metrics"),
	REC_BOOL(struct nodeagent_config, 60, include_alloc_metadata_in_metrics,
	    "include_alloc_metadata_in_metrics"),
	REC_STRS(struct nodeagent_config, 61, allowed_metadata_keys_in_metrics,
	    "allowed_metadata_keys_in_metrics"),
	REC_BOOL(struct nodeagent_config, 62, disable_allocation_hook_metrics,
	    "disable_allocation_hook_metrics"),
	REC_REC(struct nodeagent_config, 31, docker, docker_options, "docker"),
	REC_REC(struct nodeagent_config, 32, tls, tls_config, "tls"),
};
const struct rec_type nodeagent_config_type =
    REC_TYPE(nodeagent_config, nodeagent_config_fields);

void
nodeagent_config_init(void *config)
{
	struct nodeagent_config *c = config;
	char host[256] = "localhost";

	gethostname(host, sizeof host - 1);
	c->name = xstrdup(host);
	c->region = xstrdup("global");
	c->datacenter = xstrdup("dc1");
	c->node_class = xstrdup("");
	c->node_pool = xstrdup("default");
	c->server_http = xstrdup("");
	c->http = xstrdup("127.0.0.1:4646");
	c->advertise_http = xstrdup("");
	c->catalog_http = xstrdup("127.0.0.1:8500");
	c->alloc_dir = xstrdup("");
	c->shim = xstrdup("");
	c->network_interface = xstrdup("");
	c->max_kill_timeout = 30 * CLOCK_NS_PER_S;
	c->drain_on_shutdown.deadline = 3600 * CLOCK_NS_PER_S;
	c->gc_max_allocs = 50;
	c->min_dynamic_port = 20000;
	c->max_dynamic_port = 32000;
	c->reserved_ports = xstrdup("");
	docker_options_init(&c->docker);
	tls_config_init(&c->tls);
}

int
nodeagent_config_check(const void *config, struct err *err)
{
	const struct nodeagent_config *c = config;

	if (c->nservers == 0)
		return err_set(err, ERR_BAD, "servers: at least one is needed");
	if (c->nservers > SERVERSET_MAX)
		return err_set(err, ERR_BAD, "servers: at most %d can be named",
		    SERVERSET_MAX);
	for (size_t i = 0; i < c->nservers; i++)
		if (strstr(c->servers[i], "://") == NULL)
			return err_set(err, ERR_BAD,
			    "servers: \"%s\" is no URL like "
			    "tcp://10.0.0.1:4647",
			    c->servers[i]);
	if (c->min_dynamic_port < 1 || c->max_dynamic_port > 65535 ||
	    c->min_dynamic_port > c->max_dynamic_port)
		return err_set(err, ERR_BAD,
		    "min_dynamic_port %" PRId64 " to max_dynamic_port %" PRId64
		    " is no range of ports",
		    c->min_dynamic_port, c->max_dynamic_port);
	if (c->gc_max_allocs < 0)
		return err_set(
		    err, ERR_BAD, "gc_max_allocs must not be negative");
	if (c->drain_on_shutdown.deadline < 0)
		return err_set(err, ERR_BAD,
		    "drain_on_shutdown.deadline must not be negative");
	if (c->max_kill_timeout <= 0)
		return err_set(
		    err, ERR_BAD, "max_kill_timeout must be positive");
	if (tls_config_check(&c->tls, TLS_NODE, c->region, err) == -1)
		return -1;
	if (docker_options_check(&c->docker, err) == -1)
		return -1;
	/* Last, so that what is given and wrong is heard of first. */
	if (c->common.data_dir == NULL || *c->common.data_dir == '\0')
		return err_set(err, ERR_BAD,
		    "data_dir is missing: an absolute path is needed");
	return 0;
}
