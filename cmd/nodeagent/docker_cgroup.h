/*
 * What a container uses, as its cgroups count it: more, and more exactly,
 * than its processes tell. Of version 1, version 2, and both at once.
 */
#ifndef NODEAGENT_DOCKER_CGROUP_H
#define NODEAGENT_DOCKER_CGROUP_H

#include <sys/types.h>

#include "proto/stats.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/*
 * Puts the memory and the throttling of the process's cgroups into what is
 * known of it otherwise, and says what was measured. membership is the text
 * of /proc/PID/cgroup. Of cgroups that are gone nothing is changed.
 */
void docker_cgroup_read(
    const char *membership, const char *root, struct resource_usage *u);
/* The same of a process. */
void docker_cgroup_usage(pid_t pid, struct resource_usage *u);

#endif
