#include "cmd/nodeagent/docker_config.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "cmd/nodeagent/drvconf.h"
#include "common/clock.h"
#include "common/text.h"

static const struct rec_field docker_device_fields[] = {
	REC_STR(struct docker_device, 1, host_path, "host_path"),
	REC_STR(struct docker_device, 2, container_path, "container_path"),
	REC_STR(
	    struct docker_device, 3, cgroup_permissions, "cgroup_permissions"),
};
const struct rec_type docker_device_type =
    REC_TYPE(docker_device, docker_device_fields);

static const struct rec_field docker_healthchecks_fields[] = {
	REC_BOOL(struct docker_healthchecks, 1, disable, "disable"),
};
const struct rec_type docker_healthchecks_type =
    REC_TYPE(docker_healthchecks, docker_healthchecks_fields);

static const struct rec_field docker_logging_fields[] = {
	REC_STR(struct docker_logging, 1, type, "type"),
	REC_STR(struct docker_logging, 2, driver, "driver"),
	REC_STRMAP(struct docker_logging, 3, config, "config"),
};
const struct rec_type docker_logging_type =
    REC_TYPE(docker_logging, docker_logging_fields);

static const struct rec_field docker_bind_options_fields[] = {
	REC_STR(struct docker_bind_options, 1, propagation, "propagation"),
};
const struct rec_type docker_bind_options_type =
    REC_TYPE(docker_bind_options, docker_bind_options_fields);

static const struct rec_field docker_tmpfs_options_fields[] = {
	REC_I64(struct docker_tmpfs_options, 1, size, "size"),
	REC_I64(struct docker_tmpfs_options, 2, mode, "mode"),
};
const struct rec_type docker_tmpfs_options_type =
    REC_TYPE(docker_tmpfs_options, docker_tmpfs_options_fields);

static const struct rec_field docker_volume_driver_fields[] = {
	REC_STR(struct docker_volume_driver, 1, name, "name"),
	REC_STRMAP(struct docker_volume_driver, 2, options, "options"),
};
const struct rec_type docker_volume_driver_type =
    REC_TYPE(docker_volume_driver, docker_volume_driver_fields);

static const struct rec_field docker_mount_volume_fields[] = {
	REC_BOOL(struct docker_mount_volume, 1, no_copy, "no_copy"),
	REC_STRMAP(struct docker_mount_volume, 2, labels, "labels"),
	REC_PTR(struct docker_mount_volume, 3, driver_config,
	    docker_volume_driver, "driver_config"),
};
const struct rec_type docker_mount_volume_type =
    REC_TYPE(docker_mount_volume, docker_mount_volume_fields);

static const struct rec_field docker_mount_fields[] = {
	REC_STR(struct docker_mount, 1, type, "type"),
	REC_STR(struct docker_mount, 2, target, "target"),
	REC_STR(struct docker_mount, 3, source, "source"),
	REC_BOOL(struct docker_mount, 4, readonly, "readonly"),
	REC_PTR(struct docker_mount, 5, bind_options, docker_bind_options,
	    "bind_options"),
	REC_PTR(struct docker_mount, 6, tmpfs_options, docker_tmpfs_options,
	    "tmpfs_options"),
	REC_PTR(struct docker_mount, 7, volume_options, docker_mount_volume,
	    "volume_options"),
};
const struct rec_type docker_mount_type =
    REC_TYPE(docker_mount, docker_mount_fields);

static const struct rec_field docker_config_fields[] = {
	REC_STR(struct docker_config, 1, image, "image"),
	REC_STR(struct docker_config, 2, advertise_ipv6_address,
	    "advertise_ipv6_address"),
	REC_STRS(struct docker_config, 3, args, "args"),
	REC_PTR(struct docker_config, 4, auth, docker_auth, "auth"),
	REC_BOOL(struct docker_config, 5, auth_soft_fail, "auth_soft_fail"),
	REC_STRS(struct docker_config, 6, cap_add, "cap_add"),
	REC_STRS(struct docker_config, 7, cap_drop, "cap_drop"),
	REC_STR(struct docker_config, 8, cgroupns, "cgroupns"),
	REC_STR(struct docker_config, 9, command, "command"),
	REC_I64(struct docker_config, 10, container_exists_attempts,
	    "container_exists_attempts"),
	REC_I64(struct docker_config, 11, cpu_cfs_period, "cpu_cfs_period"),
	REC_BOOL(struct docker_config, 12, cpu_hard_limit, "cpu_hard_limit"),
	REC_STR(struct docker_config, 13, cpuset_cpus, "cpuset_cpus"),
	REC_LIST(struct docker_config, 14, devices, docker_device, "devices"),
	REC_STRS(struct docker_config, 15, dns_options, "dns_options"),
	REC_STRS(
	    struct docker_config, 16, dns_search_domains, "dns_search_domains"),
	REC_STRS(struct docker_config, 17, dns_servers, "dns_servers"),
	REC_STRS(struct docker_config, 18, entrypoint, "entrypoint"),
	REC_STRS(struct docker_config, 19, extra_hosts, "extra_hosts"),
	REC_BOOL(struct docker_config, 20, force_pull, "force_pull"),
	REC_STRS(struct docker_config, 21, group_add, "group_add"),
	REC_REC(struct docker_config, 22, healthchecks, docker_healthchecks,
	    "healthchecks"),
	REC_STR(struct docker_config, 23, hostname, "hostname"),
	REC_STR(
	    struct docker_config, 24, image_pull_timeout, "image_pull_timeout"),
	REC_BOOL(struct docker_config, 25, init, "init"),
	REC_BOOL(struct docker_config, 26, interactive, "interactive"),
	REC_STR(struct docker_config, 27, ipc_mode, "ipc_mode"),
	REC_STR(struct docker_config, 28, ipv4_address, "ipv4_address"),
	REC_STR(struct docker_config, 29, ipv6_address, "ipv6_address"),
	REC_STR(struct docker_config, 30, isolation, "isolation"),
	REC_STRMAP(struct docker_config, 31, labels, "labels"),
	REC_STR(struct docker_config, 32, load, "load"),
	REC_REC(struct docker_config, 33, logging, docker_logging, "logging"),
	REC_STR(struct docker_config, 34, mac_address, "mac_address"),
	REC_I64(
	    struct docker_config, 35, memory_hard_limit, "memory_hard_limit"),
	REC_LIST(struct docker_config, 36, mount, docker_mount, "mount"),
	REC_LIST(struct docker_config, 37, mounts, docker_mount, "mounts"),
	REC_STRS(struct docker_config, 38, network_aliases, "network_aliases"),
	REC_STR(struct docker_config, 39, network_mode, "network_mode"),
	REC_I64(struct docker_config, 40, oom_score_adj, "oom_score_adj"),
	REC_STR(struct docker_config, 41, pid_mode, "pid_mode"),
	REC_I64(struct docker_config, 42, pids_limit, "pids_limit"),
	REC_MAP(struct docker_config, 43, port_map, rec_ki, "port_map"),
	REC_STRS(struct docker_config, 44, ports, "ports"),
	REC_BOOL(struct docker_config, 45, privileged, "privileged"),
	REC_BOOL(struct docker_config, 46, readonly_rootfs, "readonly_rootfs"),
	REC_STR(struct docker_config, 47, runtime, "runtime"),
	REC_STRS(struct docker_config, 48, security_opt, "security_opt"),
	REC_I64(struct docker_config, 49, shm_size, "shm_size"),
	REC_STRMAP(struct docker_config, 50, storage_opt, "storage_opt"),
	REC_STRMAP(struct docker_config, 51, sysctl, "sysctl"),
	REC_BOOL(struct docker_config, 52, tty, "tty"),
	REC_STRMAP(struct docker_config, 53, ulimit, "ulimit"),
	REC_STR(struct docker_config, 54, userns_mode, "userns_mode"),
	REC_STR(struct docker_config, 55, uts_mode, "uts_mode"),
	REC_STR(struct docker_config, 56, volume_driver, "volume_driver"),
	REC_STRS(struct docker_config, 57, volumes, "volumes"),
	REC_BOOL(struct docker_config, 58,
	    windows_allow_insecure_container_admin,
	    "windows_allow_insecure_container_admin"),
	REC_STR(struct docker_config, 59, work_dir, "work_dir"),
};
const struct rec_type docker_config_type =
    REC_TYPE(docker_config, docker_config_fields);

#define MAX_CFS_PERIOD_US 1000000

/* --- what is wrong on any node --- */

static int
check_devices(const struct docker_config *c, struct err *err)
{
	for (size_t i = 0; i < c->ndevices; i++) {
		const char *perms = c->devices[i].cgroup_permissions;

		if (!text_is_set(c->devices[i].host_path))
			return err_set(err, ERR_BAD,
			    "host path must be set in configuration for "
			    "devices");
		if (text_is_set(perms) && perms[strspn(perms, "rwm")] != '\0')
			return err_set(err, ERR_BAD,
			    "invalid cgroup permission string: \"%s\"", perms);
	}
	return 0;
}

static int
check_mounts(const struct docker_mount *mounts, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct docker_mount *m = &mounts[i];
		bool bind =
		    text_is_set(m->type) && strcmp(m->type, "bind") == 0;

		if (text_is_set(m->type) && !bind &&
		    strcmp(m->type, "volume") != 0 &&
		    strcmp(m->type, "tmpfs") != 0)
			return err_set(err, ERR_BAD,
			    "invalid mount type: \"%s\"", m->type);
		if (!text_is_set(m->target))
			return err_set(
			    err, ERR_BAD, "mount: target is missing");
		if (bind && !text_is_set(m->source))
			return err_set(err, ERR_BAD,
			    "mount: bind of \"%s\": source is missing",
			    m->target);
	}
	return 0;
}

/* Sizes and counts have no sign, ports and periods an end. */
static int
check_numbers(const struct docker_config *c, struct err *err)
{
	const struct {
		const char *name;
		int64_t value;
	} sizes[] = {
		{ "container_exists_attempts", c->container_exists_attempts },
		{ "memory_hard_limit", c->memory_hard_limit },
		{ "pids_limit", c->pids_limit },
		{ "shm_size", c->shm_size },
	};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		if (sizes[i].value < 0)
			return err_set(err, ERR_BAD, "%s must not be negative",
			    sizes[i].name);
	if (c->memory_hard_limit > INT64_MAX >> 20)
		return err_set(err, ERR_BAD, "memory_hard_limit is too large");
	if (c->cpu_cfs_period < 0 || c->cpu_cfs_period > MAX_CFS_PERIOD_US)
		return err_set(err, ERR_BAD,
		    "invalid value for cpu_cfs_period: %" PRId64,
		    c->cpu_cfs_period);
	if (c->oom_score_adj < 0 || c->oom_score_adj > 1000)
		return err_set(
		    err, ERR_BAD, "oom_score_adj must be from 0 to 1000");
	for (size_t i = 0; i < c->nport_map; i++)
		if (c->port_map[i].value < 0 || c->port_map[i].value > 65535)
			return err_set(err, ERR_BAD,
			    "port_map: %" PRId64 " of \"%s\" is no port",
			    c->port_map[i].value, c->port_map[i].key);
	return 0;
}

static int
check_timeout(const struct docker_config *c, struct err *err)
{
	int64_t ns;

	if (text_is_set(c->image_pull_timeout) &&
	    (clock_parse_dur(c->image_pull_timeout, &ns) == -1 || ns <= 0))
		return err_set(err, ERR_BAD,
		    "image_pull_timeout: \"%s\" is no positive duration",
		    c->image_pull_timeout);
	return 0;
}

static int
check_config(const struct docker_config *c, bool expanded, struct err *err)
{
	if (!text_is_set(c->image))
		return err_set(
		    err, ERR_BAD, "image name required for docker driver");
	if (check_numbers(c, err) == -1 || check_devices(c, err) == -1)
		return -1;
	/* Text that still refers to something says nothing yet. */
	if (!expanded)
		return 0;
	if (check_mounts(c->mount, c->nmount, err) == -1 ||
	    check_mounts(c->mounts, c->nmounts, err) == -1)
		return -1;
	return check_timeout(c, err);
}

int
docker_config_read(struct docker_config *c, const struct tree *config,
    const struct taskenv *env, struct err *err)
{
	if (drvconf_read(&docker_config_type, c, config, env, err) == -1)
		return err_add(err, "docker");
	if (check_config(c, env != NULL, err) == 0)
		return 0;
	rec_clear(&docker_config_type, c);
	return err_add(err, "docker");
}

int
docker_config_check(const struct tree *config, struct err *err)
{
	struct docker_config c;

	if (docker_config_read(&c, config, NULL, err) == -1)
		return -1;
	rec_clear(&docker_config_type, &c);
	return 0;
}

int64_t
docker_config_pull_timeout(const struct docker_config *c)
{
	int64_t ns;

	if (text_is_set(c->image_pull_timeout) &&
	    clock_parse_dur(c->image_pull_timeout, &ns) == 0)
		return ns;
	return DOCKER_PULL_TIMEOUT_NS;
}
