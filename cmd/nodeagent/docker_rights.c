/* What a container may do on the node. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/nodeagent/docker_caps.h"
#include "cmd/nodeagent/docker_create_impl.h"
#include "common/file.h"

#define MAX_PROFILE (1u << 20) /* bytes of a seccomp profile */

static int
put_caps(const struct docker_create *c, struct tree *host, struct err *err)
{
	const struct docker_caps_ask ask = { c->options->allow_caps,
		c->options->nallow_caps, c->config->cap_add,
		c->config->ncap_add, c->config->cap_drop,
		c->config->ncap_drop };
	struct tree *add, *drop;

	if (docker_caps_settle(&ask, &add, &drop, err) == -1)
		return -1;
	tree_set(host, "CapAdd", add);
	tree_set(host, "CapDrop", drop);
	return 0;
}

static int
put_runtime(const struct docker_create *c, struct tree *host, struct err *err)
{
	const char *runtime = c->config->runtime;

	if (!docker_is_set(runtime))
		return 0;
	docker_put_text(host, "Runtime", runtime);
	for (size_t i = 0; i < c->options->nallow_runtimes; i++)
		if (strcmp(c->options->allow_runtimes[i], runtime) == 0)
			return 0;
	return err_set(err, ERR_DENIED,
	    "requested runtime \"%s\" is not allowed", runtime);
}

static void
put_devices(const struct docker_config *config, struct tree *host)
{
	struct tree *list = tree_list();

	for (size_t i = 0; i < config->ndevices; i++) {
		const struct docker_device *d = &config->devices[i];
		struct tree *one = tree_map();

		tree_set(one, "PathOnHost", tree_str(d->host_path));
		tree_set(one, "PathInContainer",
		    tree_str(docker_is_set(d->container_path)
				 ? d->container_path
				 : d->host_path));
		tree_set(one, "CgroupPermissions",
		    tree_str(docker_is_set(d->cgroup_permissions)
				 ? d->cgroup_permissions
				 : "rwm"));
		tree_push(list, one);
	}
	tree_set(host, "Devices", list);
}

/* A regular file's bytes. The name is a job's to give, so nothing else is so
 * much as opened. */
static int
read_profile(const char *path, struct buf *b, struct err *err)
{
	int fd = open(path, O_PATH | O_CLOEXEC), rv;
	struct stat st;
	char self[64];

	if (fd == -1)
		return err_sys(err, "open");
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		rv = err_set(err, ERR_BAD, "not a regular file");
	else
		rv = file_read(self, MAX_PROFILE, b, err);
	close(fd);
	return rv;
}

/* A profile is given by its path, and the engine wants it whole. */
static int
push_profile(struct tree *list, const char *path, struct err *err)
{
	struct buf b = { 0 }, option = { 0 };
	struct tree *profile = NULL;
	int rv = read_profile(path, &b, err);

	if (rv == 0) {
		profile = tree_from_json(buf_str(&b), b.len, err);
		rv = profile != NULL ? 0 : -1;
	}
	if (rv == 0) {
		buf_adds(&option, "seccomp=");
		tree_to_json(profile, &option, 0);
		tree_push(list, tree_str(option.data));
	} else {
		err_add(err, "seccomp profile (%s)", path);
	}
	tree_free(profile);
	buf_release(&option);
	buf_release(&b);
	return rv;
}

static int
put_security(
    const struct docker_config *config, struct tree *host, struct err *err)
{
	struct tree *list = tree_list();

	tree_set(host, "SecurityOpt", list);
	for (size_t i = 0; i < config->nsecurity_opt; i++) {
		const char *option = config->security_opt[i];
		const char *profile = strncmp(option, "seccomp", 7) == 0 &&
					      strchr("=:", option[7]) != NULL
					  ? option + 7
					  : "";

		if (*profile == '\0' || strcmp(profile + 1, "unconfined") == 0)
			tree_push(list, tree_str(option));
		else if (push_profile(list, profile + 1, err) == -1)
			return -1;
	}
	return 0;
}

int
docker_put_rights(
    const struct docker_create *c, struct tree *host, struct err *err)
{
	const struct docker_config *config = c->config;

	if (config->privileged && !c->options->allow_privileged)
		return err_set(err, ERR_DENIED,
		    "Docker privileged mode is disabled on this Nomad agent");
	docker_put_true(host, "Privileged", config->privileged);
	docker_put_true(host, "ReadonlyRootfs", config->readonly_rootfs);
	docker_put_true(host, "Init", config->init);
	docker_put_text(host, "IpcMode", config->ipc_mode);
	docker_put_text(host, "PidMode", config->pid_mode);
	docker_put_text(host, "UTSMode", config->uts_mode);
	docker_put_text(host, "UsernsMode", config->userns_mode);
	docker_put_text(host, "CgroupnsMode", config->cgroupns);
	docker_put_text(host, "Isolation", config->isolation);
	docker_put_list(
	    host, "GroupAdd", config->group_add, config->ngroup_add);
	docker_put_map(
	    host, "StorageOpt", config->storage_opt, config->nstorage_opt);
	docker_put_map(host, "Sysctls", config->sysctl, config->nsysctl);
	if (config->shm_size > 0)
		tree_set(host, "ShmSize", tree_int(config->shm_size));
	if (config->oom_score_adj > 0)
		tree_set(host, "OomScoreAdj", tree_int(config->oom_score_adj));
	put_devices(config, host);
	if (put_security(config, host, err) == -1)
		return -1;
	if (put_runtime(c, host, err) == -1)
		return -1;
	return put_caps(c, host, err);
}
