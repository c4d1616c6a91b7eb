#include "cmd/nodeagent/docker_create.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/docker_create_impl.h"
#include "common/mem.h"
#include "common/text.h"

const struct taskenv_dirs docker_dirs = { "/alloc", "/local", "/secrets" };

bool
docker_is_set(const char *text)
{
	return text != NULL && *text != '\0';
}

void
docker_put_text(struct tree *map, const char *name, const char *text)
{
	if (docker_is_set(text))
		tree_set(map, name, tree_str(text));
}

void
docker_put_list(struct tree *map, const char *name, char *const *list, size_t n)
{
	struct tree *t;

	if (n == 0)
		return;
	t = tree_list();
	for (size_t i = 0; i < n; i++)
		tree_push(t, tree_str(list[i]));
	tree_set(map, name, t);
}

void
docker_put_map(
    struct tree *map, const char *name, const struct rec_kv *kv, size_t n)
{
	struct tree *t;

	if (n == 0)
		return;
	t = tree_map();
	for (size_t i = 0; i < n; i++)
		tree_set(t, kv[i].key,
		    tree_str(kv[i].value != NULL ? kv[i].value : ""));
	tree_set(map, name, t);
}

void
docker_put_true(struct tree *map, const char *name, bool value)
{
	if (value)
		tree_set(map, name, tree_bool(true));
}

char *
docker_container_name(const struct driver_task *t)
{
	char *name = xasprintf("%s-%s", t->task->name, t->alloc_id);

	for (char *p = name; *p != '\0'; p++)
		if (*p == '/')
			*p = '_';
	return name;
}

/* --- the container itself --- */

/* Labels that the options add: all whose names a pattern of theirs covers. */
static void
put_labels(const struct docker_create *c, struct tree *body)
{
	const struct alloc *alloc = c->task->alloc;
	const struct node *node = c->task->env->node;
	const struct {
		const char *name, *value;
	} extra[] = {
		{ "job_id", alloc->job_id },
		{ "job_name", alloc->job != NULL ? alloc->job->name : NULL },
		{ "namespace", alloc->namespace },
		{ "node_id", node != NULL ? node->id : NULL },
		{ "node_name", node != NULL ? node->name : NULL },
		{ "task_group_name", alloc->task_group },
		{ "task_name", c->task->task->name },
	};
	struct tree *labels = tree_map();
	char life[24];

	for (size_t i = 0; i < c->config->nlabels; i++)
		docker_put_text(labels, c->config->labels[i].key,
		    c->config->labels[i].value);
	for (size_t i = 0; i < sizeof extra / sizeof extra[0]; i++)
		for (size_t k = 0; k < c->options->nextra_labels; k++) {
			char key[64];

			if (fnmatch(c->options->extra_labels[k], extra[i].name,
				0) != 0)
				continue;
			snprintf(key, sizeof key, "%s%s", DOCKER_LABEL_PREFIX,
			    extra[i].name);
			docker_put_text(labels, key, extra[i].value);
		}
	tree_set(labels, DOCKER_LABEL_ALLOC_ID, tree_str(c->task->alloc_id));
	docker_put_text(
	    labels, DOCKER_LABEL_NODE, node != NULL ? node->id : NULL);
	snprintf(life, sizeof life, "%" PRIu64, c->task->life);
	tree_set(labels, DOCKER_LABEL_LIFE, tree_str(life));
	tree_set(body, "Labels", labels);
}

static void
put_command(const struct docker_config *config, struct tree *body)
{
	struct tree *cmd;

	docker_put_list(
	    body, "Entrypoint", config->entrypoint, config->nentrypoint);
	if (!docker_is_set(config->command) && config->nargs == 0)
		return;
	cmd = tree_list();
	if (docker_is_set(config->command))
		tree_push(cmd, tree_str(config->command));
	for (size_t i = 0; i < config->nargs; i++)
		tree_push(cmd, tree_str(config->args[i]));
	tree_set(body, "Cmd", cmd);
}

/* Inside, a port that port_map moves is where it is moved to. */
static void
move_port(char **env, size_t n, const struct rec_ki *moved)
{
	char *name = xasprintf("NOMAD_PORT_%s=", moved->key);
	size_t len = strlen(name);

	for (char *p = name; p < name + len - 1; p++)
		if (!isalnum((unsigned char)*p))
			*p = '_';
	for (size_t i = 0; i < n; i++)
		if (strncmp(env[i], name, len) == 0) {
			free(env[i]);
			env[i] = xasprintf("%s%" PRId64, name, moved->value);
		}
	free(name);
}

static void
put_env(const struct docker_create *c, struct tree *body)
{
	size_t n;
	char **list = taskenv_list(c->task->env, &n);

	for (size_t i = 0; i < c->config->nport_map; i++)
		move_port(list, n, &c->config->port_map[i]);
	docker_put_list(body, "Env", list, n);
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

static void
put_container(const struct docker_create *c, struct tree *body)
{
	const struct docker_config *config = c->config;
	char *user = taskenv_expand(c->task->env, c->task->task->user);
	struct tree *check;
	char *none = text_borrow("NONE");

	tree_set(body, "Image", tree_str(c->image));
	docker_put_text(body, "User", user);
	docker_put_text(body, "Hostname", config->hostname);
	docker_put_text(body, "WorkingDir", config->work_dir);
	docker_put_text(body, "MacAddress", config->mac_address);
	docker_put_true(body, "Tty", config->tty);
	docker_put_true(body, "OpenStdin", config->interactive);
	put_env(c, body);
	put_command(config, body);
	put_labels(c, body);
	if (config->healthchecks.disable) {
		check = tree_map();
		docker_put_list(check, "Test", &none, 1);
		tree_set(body, "Healthcheck", check);
	}
	free(user);
}

/* --- the network --- */

static int
check_address(const char *what, const char *text, struct err *err)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, text, bytes) == 1 ||
	    inet_pton(AF_INET6, text, bytes) == 1)
		return 0;
	return err_set(err, ERR_BAD, "invalid ip for %s: %s", what, text);
}

/* What the task says, else what its group's network says. */
static int
put_dns(const struct docker_create *c, struct tree *host, struct err *err)
{
	const struct docker_config *config = c->config;
	const struct allocated_resources *all =
	    c->task->alloc->allocated_resources;
	const struct dns_config *dns = all != NULL && all->shared.nnetworks > 0
					   ? all->shared.networks[0].dns
					   : NULL;

	for (size_t i = 0; i < config->ndns_servers; i++)
		if (check_address("container dns server",
			config->dns_servers[i], err) == -1)
			return -1;
	if (dns != NULL) {
		docker_put_list(host, "Dns", dns->servers, dns->nservers);
		docker_put_list(
		    host, "DnsSearch", dns->searches, dns->nsearches);
		docker_put_list(
		    host, "DnsOptions", dns->options, dns->noptions);
	}
	docker_put_list(host, "Dns", config->dns_servers, config->ndns_servers);
	docker_put_list(host, "DnsSearch", config->dns_search_domains,
	    config->ndns_search_domains);
	docker_put_list(
	    host, "DnsOptions", config->dns_options, config->ndns_options);
	return 0;
}

/* The task's name and addresses on the network that its mode names. */
static void
put_endpoint(
    const struct docker_config *config, const char *mode, struct tree *body)
{
	struct tree *networking, *endpoints, *endpoint, *ipam;

	if (config->nnetwork_aliases == 0 &&
	    !docker_is_set(config->ipv4_address) &&
	    !docker_is_set(config->ipv6_address))
		return;
	networking = tree_map();
	endpoints = tree_map();
	endpoint = tree_map();
	ipam = tree_map();
	docker_put_list(endpoint, "Aliases", config->network_aliases,
	    config->nnetwork_aliases);
	docker_put_text(ipam, "IPv4Address", config->ipv4_address);
	docker_put_text(ipam, "IPv6Address", config->ipv6_address);
	docker_put_text(endpoint, "MacAddress", config->mac_address);
	tree_set(endpoint, "IPAMConfig", ipam);
	tree_set(endpoints, mode, endpoint);
	tree_set(networking, "EndpointsConfig", endpoints);
	tree_set(body, "NetworkingConfig", networking);
}

static int
put_network(const struct docker_create *c, struct tree *body, struct tree *host,
    struct err *err)
{
	const char *mode = docker_is_set(c->config->network_mode)
			       ? c->config->network_mode
			       : "default";

	tree_set(host, "NetworkMode", tree_str(mode));
	docker_put_list(host, "ExtraHosts", c->config->extra_hosts,
	    c->config->nextra_hosts);
	put_endpoint(c->config, mode, body);
	if (put_dns(c, host, err) == -1)
		return -1;
	return docker_put_ports(c, body, host, err);
}

/* --- the whole --- */

static void
put_logging(const struct docker_create *c, struct tree *host)
{
	const struct docker_logging *own = &c->config->logging;
	const struct docker_logging_options *all = &c->options->logging;
	const char *type = docker_is_set(own->type) ? own->type : own->driver;
	bool unset = !docker_is_set(type) && own->nconfig == 0;
	struct tree *log = tree_map();

	docker_put_text(log, "Type", unset ? all->type : type);
	docker_put_map(log, "Config", unset ? all->config : own->config,
	    unset ? all->nconfig : own->nconfig);
	tree_set(host, "LogConfig", log);
}

int
docker_create_body(
    const struct docker_create *c, struct buf *b, struct err *err)
{
	struct tree *body = tree_map(), *host = tree_map();
	int rv = -1;

	tree_set(body, "HostConfig", host);
	put_container(c, body);
	put_logging(c, host);
	if (docker_put_limits(c, host, err) == 0 &&
	    docker_put_rights(c, host, err) == 0 &&
	    docker_put_volumes(c, host, err) == 0 &&
	    put_network(c, body, host, err) == 0)
		rv = 0;
	if (rv == 0)
		tree_to_json(body, b, 0);
	tree_free(body);
	return rv;
}
