/*
 * The catalog by HTTP, as a Consul agent answers it (common/catalog): all
 * services of the cluster from our copy, and those that programs on this
 * machine register themselves.
 *
 * What is registered here, keys included, is known to this node only and
 * lives in memory: a program such as Fabio registers itself anew when it
 * finds that it is gone. Only this machine may write. An instance whose job
 * asks for no check gets one that passes, for clients of Consul send no
 * traffic to a service without any.
 */
#ifndef NODEAGENT_CATALOGAPI_H
#define NODEAGENT_CATALOGAPI_H

#include "cmd/nodeagent/nodeagent.h"
#include "proto/catalog.h"

#define CATALOGAPI_MAX_HELD   4096 /* requests held at one time */
#define CATALOGAPI_PER_CLIENT 1000 /* connections of one address */
#define CATALOGAPI_MAX_BODY   (1u << 20)
#define CATALOGAPI_SETTLE_MS  5 /* changes within this time wake once */

struct catalogapi;

/* Listens at addr. NULL when it cannot. */
struct catalogapi *catalogapi_new(
    struct nodeagent *na, const char *addr, struct err *err);
void catalogapi_free(struct catalogapi *api); /* NULL is fine */
const char *catalogapi_addr(const struct catalogapi *api);
/* Requests that are held now. */
size_t catalogapi_nheld(const struct catalogapi *api);

/* An instance of the cluster came or changed, or went away. NULL is fine for
 * api. */
void catalogapi_put(
    struct catalogapi *api, const struct service_instance *instance);
void catalogapi_remove(
    struct catalogapi *api, const struct service_instance *instance);

#endif
