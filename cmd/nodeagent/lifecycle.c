/*
 * nodeagent from start to stop: what it opens, what it takes up again, and
 * how it lets go.
 */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/nodeagent/catalogapi.h"
#include "cmd/nodeagent/checkrun.h"
#include "cmd/nodeagent/clientapi.h"
#include "cmd/nodeagent/driver_docker.h"
#include "cmd/nodeagent/fence.h"
#include "cmd/nodeagent/fingerprint.h"
#include "cmd/nodeagent/leave.h"
#include "cmd/nodeagent/nodetls.h"
#include "cmd/nodeagent/runner.h"
#include "cmd/nodeagent/serverapi.h"
#include "cmd/nodeagent/serverlink.h"
#include "cmd/nodeagent/trash.h"
#include "common/identity.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/msg.h"

#define GC_INTERVAL_MS  60000
#define FIRST_LOOK_MS   2000 /* that drivers have before servers hear of us */
#define STOP_TASKS_MS   8000 /* for all tasks to end, before we go anyway */
#define STOP_POLL_MS    20
#define SECRET_DIR_MODE 0700

/* --- opening --- */

static int
own_dir(const char *path, mode_t mode, struct err *err)
{
	struct stat st;

	if (mkdir(path, mode) == 0 ||
	    (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
		return 0;
	return err_sys(err, "mkdir %s", path);
}

/* The shim that was installed with this program. */
static char *
shim_beside_us(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (n <= 0)
		return xstrdup("shim");
	self[n] = '\0';
	slash = strrchr(self, '/');
	*slash = '\0';
	return xasprintf("%s/shim", self);
}

static int
open_dirs(struct nodeagent *na, struct err *err)
{
	const struct nodeagent_config *c = na->config;

	na->alloc_dir = *c->alloc_dir != '\0'
			    ? xstrdup(c->alloc_dir)
			    : xasprintf("%s/alloc", c->common.data_dir);
	na->shim_dir = xasprintf("%s/shims", c->common.data_dir);
	na->docker_dir = xasprintf("%s/docker", c->common.data_dir);
	na->shim_path = *c->shim != '\0' ? xstrdup(c->shim) : shim_beside_us();
	if (access(na->shim_path, X_OK) == -1)
		return err_sys(err, "shim: %s", na->shim_path);
	/* Tasks of other users must be able to reach their directories. */
	if (own_dir(na->alloc_dir, 0711, err) == -1)
		return -1;
	if (own_dir(na->docker_dir, SECRET_DIR_MODE, err) == -1)
		return -1;
	return own_dir(na->shim_dir, SECRET_DIR_MODE, err);
}

static int
read_identity(struct nodeagent *na, struct err *err)
{
	const char *dir = na->config->common.data_dir;
	char fresh[RNG_UUID_SIZE], id[IDENTITY_SIZE];

	rng_uuid(&na->rng, fresh);
	if (identity_keep(dir, "node-id", fresh, id, err) == -1)
		return -1;
	na->node.id = xstrdup(id);
	rng_uuid(&na->rng, fresh);
	if (identity_keep(dir, "node-secret", fresh, id, err) == -1)
		return -1;
	na->node.secret_id = xstrdup(id);
	return 0;
}

/* --- drivers --- */

/* Drivers are known, or have had their time: the servers may hear of us. */
static void
begin(void *arg)
{
	struct nodeagent *na = arg;

	if (na->begin == NULL)
		return;
	loop_timer_free(na->begin);
	na->begin = NULL;
	serverlink_start(na->link);
}

static const struct driver_info *
driver_of(const struct nodeagent *na, const char *name)
{
	for (size_t i = 0; i < na->node.ndrivers; i++)
		if (strcmp(na->node.drivers[i].key, name) == 0)
			return &na->node.drivers[i];
	return NULL;
}

/* The docker driver has something new to say of itself. */
static void
on_docker_changed(void *ctx)
{
	struct nodeagent *na = ctx;
	const struct driver_info *d = driver_of(na, driver_docker.name);
	bool was = d != NULL && d->healthy, known = d != NULL && d->detected;

	driver_docker.fingerprint(&na->host, &na->node);
	rec_sort_maps(&node_type, &na->node);
	d = driver_of(na, driver_docker.name);
	serverlink_node_changed(na->link);
	if (known && d->healthy != was)
		serverlink_put_event(na->link, "Driver",
		    d->healthy ? "Driver docker is healthy"
			       : "Driver docker is not healthy",
		    driver_docker.name);
	begin(na);
}

static void
fill_node(struct nodeagent *na)
{
	const struct nodeagent_config *c = na->config;
	struct fingerprint_wish wish = {
		.network_interface = c->network_interface,
		.data_dir = c->common.data_dir,
		.cpu_mhz = c->cpu_total_compute,
		.memory_mb = c->memory_total_mb,
		.disk_mb = c->disk_total_mb,
		.reserved_cpu_mhz = c->reserved_cpu,
		.reserved_memory_mb = c->reserved_memory,
		.reserved_disk_mb = c->reserved_disk,
		.reserved_ports = c->reserved_ports,
		.min_dynamic_port = c->min_dynamic_port,
		.max_dynamic_port = c->max_dynamic_port,
	};
	struct node *n = &na->node;

	n->name = xstrdup(c->name);
	n->datacenter = xstrdup(c->datacenter);
	n->node_class = xstrdup(c->node_class);
	n->node_pool = xstrdup(c->node_pool);
	n->status = xstrdup("ready");
	n->scheduling_eligibility = xstrdup("eligible");
	n->http_addr =
	    xstrdup(*c->advertise_http != '\0' ? c->advertise_http
					       : http_server_addr(na->http));
	n->tls_enabled = c->tls.http;
	for (size_t i = 0; i < c->nmeta; i++)
		rec_kv_set(
		    &n->meta, &n->nmeta, c->meta[i].key, c->meta[i].value);
	fingerprint_node(n, &wish);
}

/* When the node is known: docker's containers bear its id. */
static void
open_drivers(struct nodeagent *na)
{
	const struct nodeagent_config *c = na->config;

	na->host = (struct driver_host){ .loop = na->loop,
		.shim_path = na->shim_path,
		.shim_dir = na->shim_dir,
		.raw_exec = c->raw_exec };
	na->host.denied_env =
	    xcalloc(c->ndenied_envvars + 1, sizeof *na->host.denied_env);
	for (size_t i = 0; i < c->ndenied_envvars; i++)
		na->host.denied_env[i] = xstrdup(c->denied_envvars[i]);
	na->host.docker = docker_new(na->loop, &c->docker, na->docker_dir,
	    na->node.id, on_docker_changed, na);
	driver_fingerprint_all(&na->host, &na->node);
}

static int
open_sockets(struct nodeagent *na, struct err *err)
{
	const struct nodeagent_config *c = na->config;
	char *url = daemon_url(c->common.run_dir, "metricsd", "msg");

	na->metricsd = bus_dial(na->loop, url, err);
	free(url);
	if (*c->server_http != '\0')
		serverapi_set(na, c->server_http);
	if (na->metricsd == NULL)
		return -1;
	na->http = http_server_new(
	    na->loop, c->http, NULL, &nodeagent_http_ops, na, err);
	if (na->http == NULL)
		return -1;
	nodetls_serve(na);
	log_info("listening %s=%s", c->tls.http ? "https" : "http",
	    http_server_addr(na->http));
	return 0;
}

/* A machine may have a real Consul at this port: the node works without. */
static void
open_catalog(struct nodeagent *na)
{
	const char *addr = na->config->catalog_http;
	struct err err;

	if (addr[0] == '\0')
		return;
	na->catalogapi = catalogapi_new(na, addr, &err);
	if (na->catalogapi == NULL) {
		log_warn("catalog is not served addr=%s error=\"%s\"", addr,
		    err.text);
		return;
	}
	log_info("listening catalog_http=%s", catalogapi_addr(na->catalogapi));
}

struct stored {
	struct alloc **allocs;
	struct alloc_saved *saved;
	size_t n;
};

static void
on_stored(void *ctx, struct alloc *alloc, struct alloc_saved *saved)
{
	struct stored *all = ctx;
	size_t n = all->n + 1;

	all->allocs = xreallocarray(all->allocs, n, sizeof *all->allocs);
	all->saved = xreallocarray(all->saved, n, sizeof *all->saved);
	all->allocs[all->n] = alloc;
	all->saved[all->n] = *saved;
	all->n = n;
}

static bool
has_begun(const struct alloc_saved *s)
{
	for (size_t i = 0; i < s->ntasks; i++)
		if (s->tasks[i].life > 0)
			return true;
	return false;
}

/* First all is read, for taking it up writes to the store. What had not begun
 * may have to wait for what had, so that goes first. */
static int
restore(struct nodeagent *na, struct err *err)
{
	struct stored all = { 0 };
	int rv = store_each(na->store, on_stored, &all, err);

	for (size_t i = 0; i < all.n; i++)
		if (has_begun(&all.saved[i]))
			runner_restore(na, all.allocs[i], &all.saved[i]);
	for (size_t i = 0; i < all.n; i++) {
		if (!has_begun(&all.saved[i]))
			runner_restore(na, all.allocs[i], &all.saved[i]);
		rec_clear(&alloc_saved_type, &all.saved[i]);
	}
	if (all.n > 0)
		log_info("allocations taken up count=%zu", all.n);
	free(all.allocs);
	free(all.saved);
	return rv;
}

static void
on_gc(void *arg)
{
	struct nodeagent *na = arg;

	runner_collect(na);
	loop_timer_set(na->gc, GC_INTERVAL_MS);
}

int
nodeagent_start(struct daemon *d, struct err *err)
{
	struct nodeagent *na = xcalloc(1, sizeof *na);
	uint64_t seed;

	d->state = na;
	na->daemon = d;
	na->loop = d->loop;
	na->config = d->config;
	na->started_ms = loop_now_ms(d->loop);
	na->meter.source = d->def->name;
	host_stats_init(&na->host_stats);
	rng_secret(&seed, sizeof seed);
	rng_init(&na->rng, seed);
	na->checkrun = checkrun_new(na->loop, rng_next(&na->rng));
	catalog_init(&na->catalog, &service_instance_type);
	if (open_dirs(na, err) == -1 || read_identity(na, err) == -1 ||
	    nodetls_take(na, na->config, err) == -1 ||
	    open_sockets(na, err) == -1)
		return -1;
	fill_node(na);
	open_drivers(na);
	na->store = store_open(na->config->common.data_dir, err);
	na->trash = na->store != NULL ? trash_open(na->alloc_dir, err) : NULL;
	if (na->trash == NULL)
		return -1;
	open_catalog(na);
	na->fence = fence_new(na);
	na->link = serverlink_new(na, err);
	if (na->link == NULL || restore(na, err) == -1)
		return -1;
	na->gc = loop_timer_new(na->loop, on_gc, na);
	loop_timer_set(na->gc, GC_INTERVAL_MS);
	na->begin = loop_timer_new(na->loop, begin, na);
	loop_timer_set(
	    na->begin, na->config->docker.enabled ? FIRST_LOOK_MS : 0);
	log_info("node id=%s name=%s datacenter=%s", na->node.id, na->node.name,
	    na->node.datacenter);
	return 0;
}

/* Gives c the allowed keys of another config. */
static void
take_keys(struct nodeagent_config *c, const struct nodeagent_config *from)
{
	size_t n = from->nallowed_metadata_keys_in_metrics;

	for (size_t i = 0; i < c->nallowed_metadata_keys_in_metrics; i++)
		free(c->allowed_metadata_keys_in_metrics[i]);
	free(c->allowed_metadata_keys_in_metrics);
	c->nallowed_metadata_keys_in_metrics = n;
	c->allowed_metadata_keys_in_metrics =
	    n > 0 ? xcalloc(n, sizeof(char *)) : NULL;
	for (size_t i = 0; i < n; i++)
		c->allowed_metadata_keys_in_metrics[i] =
		    xstrdup(from->allowed_metadata_keys_in_metrics[i]);
}

/* What the node is and where it listens is told to the servers once. */
int
nodeagent_reload(struct daemon *d, const void *config, struct err *err)
{
	const struct nodeagent_config *is = config, *was = d->config;
	struct nodeagent_config same = { 0 };
	bool ok;

	rec_copy(&nodeagent_config_type, &same, is);
	free(same.common.log_level);
	same.common.log_level = xstrdup(was->common.log_level);
	same.common.collection_interval = was->common.collection_interval;
	same.gc_max_allocs = was->gc_max_allocs;
	same.stop_tasks_on_exit = was->stop_tasks_on_exit;
	same.publish_allocation_metrics = was->publish_allocation_metrics;
	same.publish_node_metrics = was->publish_node_metrics;
	same.include_alloc_metadata_in_metrics =
	    was->include_alloc_metadata_in_metrics;
	same.disable_allocation_hook_metrics =
	    was->disable_allocation_hook_metrics;
	take_keys(&same, was);
	tls_config_take_files(&same.tls, &was->tls);
	ok = rec_equal(&nodeagent_config_type, &same, was);
	rec_clear(&nodeagent_config_type, &same);
	if (!ok)
		return err_set(err, ERR_BAD,
		    "only log_level, gc_max_allocs, stop_tasks_on_exit, "
		    "collection_interval, publish_allocation_metrics, "
		    "publish_node_metrics, include_alloc_metadata_in_metrics, "
		    "allowed_metadata_keys_in_metrics, "
		    "disable_allocation_hook_metrics and the files of tls "
		    "change without a restart");
	return nodetls_take(d->state, is, err);
}

/* --- stopping --- */

static void
on_stop_poll(void *arg)
{
	struct nodeagent *na = arg;
	uint64_t now_ms = loop_now_ms(na->loop);
	size_t n = runner_nrunning(na);

	if (n > 0 && now_ms < na->stop_by_ms) {
		loop_timer_set(na->stop_timer, STOP_POLL_MS);
		return;
	}
	if (n > 0)
		log_warn("allocations still not ended count=%zu", n);
	daemon_exit(na->daemon, 0);
}

/* Whether the signal that ends us says that the node leaves. */
static bool
leaves(const struct daemon *d, const struct nodeagent_config *c)
{
	return (d->stop_signal == SIGINT && c->leave_on_interrupt) ||
	       (d->stop_signal == SIGTERM && c->leave_on_terminate);
}

/* Tasks outlive us, unless we were told to take them along, or to have them
 * go elsewhere. */
void
nodeagent_stop(struct daemon *d)
{
	struct nodeagent *na = d->state;
	struct map_entry *next;

	if (leaves(d, na->config) && na->config->drain_on_shutdown.enabled &&
	    !na->config->stop_tasks_on_exit) {
		leave_begin(na);
		return;
	}
	if (!na->config->stop_tasks_on_exit || na->stop_timer != NULL) {
		daemon_exit(d, 0);
		return;
	}
	for (struct map_entry *e = map_first(&na->runners); e != NULL;
	     e = next) {
		next = map_next(e);
		runner_stop(map_value(e));
	}
	na->stop_by_ms = loop_now_ms(na->loop) + STOP_TASKS_MS;
	na->stop_timer = loop_timer_new(na->loop, on_stop_poll, na);
	loop_timer_set(na->stop_timer, 0);
}

void
nodeagent_release(struct daemon *d)
{
	struct nodeagent *na = d->state;

	if (na == NULL)
		return;
	MAP_FOREACH (e, &na->runners)
		runner_release(map_value(e));
	map_release(&na->runners);
	checkrun_free(na->checkrun);
	docker_free(na->host.docker);
	http_server_free(na->http);
	serverapi_release(na);
	serverlink_free(na->link);
	fence_free(na->fence);
	leave_release(na);
	catalogapi_free(na->catalogapi);
	bus_peer_free(na->metricsd);
	nodetls_close(na);
	loop_timer_free(na->gc);
	loop_timer_free(na->begin);
	loop_timer_free(na->stop_timer);
	store_close(na->store);
	trash_close(na->trash);
	catalog_release(&na->catalog);
	meter_release(&na->meter);
	host_stats_release(&na->host_stats);
	rec_clear(&node_type, &na->node);
	for (char **env = na->host.denied_env; env != NULL && *env != NULL;
	     env++)
		free(*env);
	free(na->host.denied_env);
	free(na->alloc_dir);
	free(na->shim_dir);
	free(na->docker_dir);
	free(na->shim_path);
	free(na);
	d->state = NULL;
}
