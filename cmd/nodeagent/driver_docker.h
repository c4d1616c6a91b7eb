/*
 * The docker driver: a task is a container of a Docker Engine.
 *
 * The engine keeps the containers: nodeagent may come and go, and so may the
 * engine. While it is away nothing is said of any task; when it answers again
 * each container is looked at, and what happened meanwhile is told then.
 *
 * driver_docker.c        the engine, the driver's table, what a task holds
 * driver_docker_step.c   a task's steps, and what is told
 * driver_docker_start.c  image, container, start
 * driver_docker_output.c what it says, into the task's log files
 * driver_docker_watch.c  end, signals, taking up again
 * docker_engine, _health, _pull, _load, _login, _images, _sweep: the
 * engine's side
 * docker_options, _config, _image, _auth, _answer, _caps, _limits, _ports:
 * pure
 * docker_create, _rights, _volumes: a task's container; they read profiles,
 * and links below the allocation's directory
 * docker_log, _cgroup: the task's log files; what /proc and cgroups tell
 */
#ifndef NODEAGENT_DRIVER_DOCKER_H
#define NODEAGENT_DRIVER_DOCKER_H

#include "cmd/nodeagent/docker_options.h"
#include "cmd/nodeagent/driver.h"

struct docker;

/*
 * What the driver has of an engine; for driver_host. options, dir (where
 * positions in containers' output are kept) and the node's id, by which it
 * knows its containers, are borrowed. on_change tells
 * that driver_docker.fingerprint() has something new to say: first, and soon,
 * whether there is an engine at all; never, where options do not enable it.
 */
struct docker *docker_new(struct loop *l, const struct docker_options *options,
    const char *dir, const char *node_id, void (*on_change)(void *ctx),
    void *ctx);
void docker_free(struct docker *d); /* all tasks must be released before */

#endif
