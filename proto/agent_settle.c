#include <arpa/inet.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "proto/agent.h"

static const char *
text_of(const char *s)
{
	return s == NULL ? "" : s;
}

static void
replace(char **member, char *text)
{
	free(*member);
	*member = text;
}

static char *
join_port(const char *host, int64_t port)
{
	return strchr(host, ':') != NULL
		   ? xasprintf("[%s]:%" PRId64, host, port)
		   : xasprintf("%s:%" PRId64, host, port);
}

/* True for "host:port" and "[::1]:port", and for a bare IPv6 address never. */
static bool
has_port(const char *addr)
{
	const char *colon = strrchr(addr, ':');

	if (colon == NULL)
		return false;
	return addr[0] == '[' ? colon[-1] == ']' : strchr(addr, ':') == colon;
}

/* The numeric form of what a bind address stands for. */
static int
look_up(const char *name, char *out, size_t size, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *ai = NULL;
	int rv = getaddrinfo(name, NULL, &hints, &ai);

	if (rv != 0)
		return err_set(err, ERR_BAD,
		    "Error resolving bind address \"%s\": lookup %s: no such "
		    "host",
		    name, name);
	rv = getnameinfo(ai->ai_addr, ai->ai_addrlen, out, (socklen_t)size,
	    NULL, 0, NI_NUMERICHOST);
	freeaddrinfo(ai);
	return rv == 0 ? 0
		       : err_set(err, ERR_BAD,
			     "Error resolving bind address \"%s\"", name);
}

static bool
is_any(const char *ip)
{
	return strcmp(ip, "0.0.0.0") == 0 || strcmp(ip, "::") == 0;
}

static bool
is_loopback(const char *ip)
{
	return strncmp(ip, "127.", 4) == 0 || strcmp(ip, "::1") == 0;
}

/* The address that this machine is known by: a private one of the interface
 * with the default route, else any of it, else the first that is not
 * loopback. A machine that has none can only speak to itself (-dev). */
static char *
own_address(const struct agent_host *host, bool dev, struct err *err)
{
	char *ip = agent_addr_expand(host, "{{ GetPrivateIP }}", NULL);
	const char *found = NULL;

	if (ip != NULL && ip[0] != '\0')
		return ip;
	free(ip);
	for (size_t i = 0; i < host->nifaces; i++) {
		const struct agent_iface *f = &host->ifaces[i];

		if (is_loopback(f->ip))
			continue;
		if (f->is_default)
			return xstrdup(f->ip);
		if (found == NULL)
			found = f->ip;
	}
	if (found != NULL || dev)
		return xstrdup(found != NULL ? found : "127.0.0.1");
	err_set(err, ERR_BAD,
	    "this machine has no address but loopback: set bind_addr, or "
	    "advertise { http, rpc, serf }");
	return NULL;
}

/* What others are told: what is written, else what is bound if others can
 * reach it, else this machine's address. */
static int
advertise(char **addr, const char *bind, int64_t port, bool dev,
    const struct agent_host *host, struct err *err)
{
	char ip[NI_MAXHOST];
	char *text = agent_addr_expand(host, text_of(*addr), err);

	if (text == NULL)
		return err_add(err, "Error parsing advertise address template");
	if (text[0] != '\0') {
		replace(addr,
		    has_port(text) ? xstrdup(text) : join_port(text, port));
		free(text);
		return 0;
	}
	free(text);
	if (look_up(bind, ip, sizeof ip, err) == -1)
		return -1;
	if (is_loopback(ip) && !dev)
		return err_set(err, ERR_BAD, "%s", AGENT_UNSAFE_ADVERTISE);
	if (!is_any(ip)) {
		replace(addr, join_port(ip, port));
		return 0;
	}
	text = own_address(host, dev, err);
	if (text == NULL)
		return -1;
	replace(addr, join_port(text, port));
	free(text);
	return 0;
}

/* Where to listen: what is written, else bind_addr. */
static int
settle_bind(char **addr, const char *bind, bool several, const char *what,
    const struct agent_host *host, struct buf *ui)
{
	struct err err;
	char *text;

	if (!text_is_set(*addr)) {
		replace(addr, xstrdup(bind));
		return 0;
	}
	if (several && strstr(*addr, "{{") == NULL)
		return 0;
	text = agent_addr_expand(host, *addr, &err);
	if (text == NULL) {
		buf_addf(
		    ui, "Failed to parse %s address: %s\n", what, err.text);
		return -1;
	}
	replace(addr, text);
	return 0;
}

static int
settle_binds(
    struct agent_config *c, const struct agent_host *host, struct buf *ui)
{
	struct err err;
	char *bind = agent_addr_expand(host, text_of(c->bind_addr), &err);

	if (bind == NULL) {
		buf_addf(ui, "Bind address resolution failed: %s\n", err.text);
		return -1;
	}
	replace(&c->bind_addr, bind);
	if (settle_bind(&c->addresses.http, bind, true, "HTTP", host, ui) ==
		-1 ||
	    settle_bind(&c->addresses.rpc, bind, false, "RPC", host, ui) ==
		-1 ||
	    settle_bind(&c->addresses.serf, bind, false, "Serf", host, ui) ==
		-1)
		return -1;
	return 0;
}

static int
settle_addrs(
    struct agent_config *c, const struct agent_host *host, struct buf *ui)
{
	struct agent_addrs *adv = &c->advertise;
	char *first;
	struct err err;
	int rv;

	if (settle_binds(c, host, ui) == -1)
		return -1;
	first = xstrndup(c->addresses.http, strcspn(c->addresses.http, " "));
	rv = advertise(
	    &adv->http, first, c->ports.http, c->dev_mode, host, &err);
	free(first);
	if (rv == -1) {
		buf_addf(ui,
		    "Failed to parse HTTP advertise address (%s, %s, %" PRId64
		    ", %s): %s\n",
		    text_of(adv->http), c->addresses.http, c->ports.http,
		    c->dev_mode ? "true" : "false", err.text);
		return -1;
	}
	if (advertise(&adv->rpc, c->addresses.rpc, c->ports.rpc, c->dev_mode,
		host, &err) == -1) {
		buf_addf(ui, "Failed to parse RPC advertise address: %s\n",
		    err.text);
		return -1;
	}
	if (c->server.enabled &&
	    advertise(&adv->serf, c->addresses.serf, c->ports.serf, c->dev_mode,
		host, &err) == -1) {
		buf_addf(ui, "Failed to parse Serf advertise address: %s\n",
		    err.text);
		return -1;
	}
	return 0;
}

/* What the environment knows of Vault, and the license that we ignore. */
static void
read_env(struct agent_config *c, char *(*get_env)(const char *name))
{
	const char *token, *space;

	if (get_env == NULL)
		return;
	token = get_env("VAULT_TOKEN");
	space = get_env("VAULT_NAMESPACE");
	for (size_t i = 0; i < c->nvaults; i++) {
		if (!text_is_set(c->vaults[i].token) && text_is_set(token))
			replace(&c->vaults[i].token, xstrdup(token));
		if (!text_is_set(c->vaults[i].namespace) && text_is_set(space))
			replace(&c->vaults[i].namespace, xstrdup(space));
	}
}

int
agent_config_settle(struct agent_config *c, const struct agent_host *host,
    char *(*get_env)(const char *name), int64_t bootstrap_flag, struct buf *ui)
{
	if (settle_addrs(c, host, ui) == -1)
		return -1;
	read_env(c, get_env);
	if (!text_is_set(c->plugin_dir) && text_is_set(c->data_dir))
		replace(&c->plugin_dir, xasprintf("%s/plugins", c->data_dir));
	return agent_config_check(c, bootstrap_flag, ui);
}
