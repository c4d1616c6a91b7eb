#include "cmd/rove/agent_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/daemon.h"
#include "common/mem.h"
#include "proto/agent_tls.h"
#include "proto/version.h"

#define PROBE_WAIT_MS 2000
#define PROBE_POLL_MS 50

/* --- reading --- */

static int
read_files(
    struct agent_config *c, const struct agent_args *args, struct buf *ui)
{
	for (size_t i = 0; i < args->npaths; i++) {
		struct agent_config file = { 0 };
		struct err err;

		if (agent_config_load(&file, args->paths[i], &err) == -1) {
			buf_addf(ui,
			    "Error loading configuration from %s: %s\n",
			    args->paths[i], err.text);
			return -1;
		}
		agent_config_merge(c, &file);
		rec_clear(&agent_config_type, &file);
		c->config_paths = xreallocarray(c->config_paths,
		    c->nconfig_paths + 1, sizeof *c->config_paths);
		c->config_paths[c->nconfig_paths++] = xstrdup(args->paths[i]);
	}
	return 0;
}

int
agent_conf_make(struct agent_config *c, const struct agent_args *args,
    const struct agent_host *host, char *(*get_env)(const char *name),
    struct buf *ui)
{
	if (args->dev)
		agent_config_dev(c);
	else
		agent_config_default(c);
	if (read_files(c, args, ui) == -1)
		return -1;
	agent_config_merge(c, &args->config);
	return agent_config_settle(
	    c, host, get_env, args->config.server.bootstrap_expect, ui);
}

int
agent_conf_read(
    struct agent_config *c, const struct agent_args *args, struct buf *ui)
{
	struct agent_host host;
	int rv;

	agent_host_read(&host);
	rv = agent_conf_make(c, args, &host, getenv, ui);
	if (rv == -1 && strstr(buf_str(ui), AGENT_UNSAFE_ADVERTISE) != NULL)
		buf_adds(ui,
		    "For one machine by itself: advertise { http = "
		    "\"127.0.0.1\" rpc = \"127.0.0.1\" serf = "
		    "\"127.0.0.1\" }; for others to reach it, an address of "
		    "this machine instead.\n");
	agent_host_release(&host);
	return rv;
}

/* --- the banner --- */

static void
add_line(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, "%22s: %s\n", name, value);
}

static const char *
truth(bool b)
{
	return b ? "true" : "false";
}

/* A daemon a line: "schedd http 127.0.0.1:4646, rpc 127.0.0.1:4647". */
static void
add_binds(const struct agent_config *c, const struct plan *p, struct buf *out)
{
	for (size_t i = 0; i < p->naddrs; i++) {
		const struct plan_addr *a = &p->addrs[i];

		if (i > 0 && strcmp(a->daemon, p->addrs[i - 1].daemon) == 0)
			buf_adds(out, ", ");
		else if (i > 0)
			buf_addf(out, "\n%24s%s ", "", a->daemon);
		else
			buf_addf(out, "%22s: %s ", "Bind Addrs", a->daemon);
		buf_addf(out, "%s%s %s", a->what,
		    agent_tls_is_https(&c->tls, a) ? "s" : "", a->addr);
	}
	buf_adds(out, "\n");
}

/* The pool's key is not of tls. */
static bool
is_guarded(const struct agent_config *c, const struct plan_addr *a)
{
	if (strcmp(a->what, "serf") == 0)
		return c->server.encrypt != NULL && *c->server.encrypt != '\0';
	return agent_tls_guards(&c->tls, a);
}

static void
warn_if_open(
    const struct agent_config *c, const struct plan *p, struct buf *out)
{
	for (size_t i = 0; i < p->naddrs; i++)
		if (!daemon_is_loopback(p->addrs[i].addr) &&
		    !is_guarded(c, &p->addrs[i]))
			buf_addf(out,
			    "==> WARNING: others than this machine can reach "
			    "%s (%s %s), and neither ACL nor TLS asks who "
			    "they are\n",
			    p->addrs[i].addr, p->addrs[i].daemon,
			    p->addrs[i].what);
}

void
agent_conf_banner(const struct agent_config *c, const struct plan *p,
    const char *run_dir, struct buf *out)
{
	char *region = xasprintf("%s (DC: %s)", c->region, c->datacenter);

	if (c->nfiles == 0)
		buf_adds(out, "==> No configuration files loaded\n");
	else
		buf_adds(out, "==> Loaded configuration from ");
	for (size_t i = 0; i < c->nfiles; i++)
		buf_addf(
		    out, "%s%s", c->files[i], i + 1 < c->nfiles ? ", " : "\n");
	buf_adds(out, "==> Starting rove agent...\n");
	warn_if_open(c, p, out);
	buf_adds(out, "==> rove agent configuration:\n\n");
	add_binds(c, p, out);
	add_line(out, "Client", truth(c->client.enabled));
	add_line(out, "Load Balancer", truth(plan_has_lb(c)));
	add_line(out, "Log Level", c->log_level);
	add_line(out, "Region", region);
	add_line(out, "Run Dir", run_dir);
	add_line(out, "Server", truth(c->server.enabled));
	add_line(out, "Version", ROVE_VERSION);
	buf_adds(out,
	    "\n==> rove agent started! Log data will stream in below:\n\n");
	free(region);
}

/* --- the daemons' files --- */

static int
write_whole(const char *path, const struct buf *text, struct err *err)
{
	char *tmp = xasprintf("%s.new", path);
	int fd = open(
	    tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	size_t done = 0;
	int rv = 0;

	if (fd == -1) {
		rv = err_sys(err, "%s", tmp);
		free(tmp);
		return rv;
	}
	while (done < text->len && rv == 0) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n == -1)
			rv = err_sys(err, "%s", tmp);
		else
			done += (size_t)n;
	}
	close(fd);
	if (rv == 0 && rename(tmp, path) == -1)
		rv = err_sys(err, "%s", path);
	if (rv == -1)
		unlink(tmp);
	free(tmp);
	return rv;
}

int
agent_conf_write(const struct plan *p, const char *dir, struct err *err)
{
	int rv = 0;

	for (size_t i = 0; i < p->ndaemons && rv == 0; i++) {
		char *path = xasprintf("%s/%s.conf", dir, p->daemons[i].name);

		rv = write_whole(path, &p->daemons[i].conf, err);
		free(path);
	}
	return rv;
}

/* --- addresses --- */

static int
probe(const struct plan_addr *a, const struct addrinfo *ai, struct err *err)
{
	int fd, bound, one = 1, rv = 0;

	fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return err_sys(err, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	/* The daemons of an agent that was killed may be just ending. */
	for (int tries = PROBE_WAIT_MS / PROBE_POLL_MS;
	     (bound = bind(fd, ai->ai_addr, ai->ai_addrlen)) == -1 &&
	     errno == EADDRINUSE && tries > 0;
	     tries--)
		usleep(PROBE_POLL_MS * 1000);
	if (bound == -1)
		rv = errno == EADDRINUSE
			 ? err_set(err, ERR_BUSY,
			       "%s %s: address %s is already in use", a->daemon,
			       a->what, a->addr)
			 : err_sys(err, "%s %s: address %s", a->daemon, a->what,
			       a->addr);
	close(fd);
	return rv;
}

/* "host:port", "[host]:port" or ":port". */
static int
split_addr(const char *addr, char *host, size_t size, const char **port)
{
	const char *colon = strrchr(addr, ':');
	size_t n;

	if (colon == NULL)
		return -1;
	n = (size_t)(colon - addr);
	if (n >= 2 && addr[0] == '[' && addr[n - 1] == ']') {
		addr++;
		n -= 2;
	}
	if (n >= size)
		return -1;
	memcpy(host, addr, n);
	host[n] = '\0';
	*port = colon + 1;
	return 0;
}

int
agent_conf_probe(const struct plan *p, struct err *err)
{
	for (size_t i = 0; i < p->naddrs; i++) {
		const struct plan_addr *a = &p->addrs[i];
		struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
			.ai_flags = AI_PASSIVE },
				*ai = NULL;
		const char *port;
		char host[256];
		int rv;

		if (split_addr(a->addr, host, sizeof host, &port) == -1)
			return err_set(err, ERR_BAD,
			    "%s %s: \"%s\" is no address like 127.0.0.1:4646",
			    a->daemon, a->what, a->addr);
		rv = getaddrinfo(
		    host[0] != '\0' ? host : NULL, port, &hints, &ai);
		if (rv != 0)
			return err_set(err, ERR_BAD, "%s %s: address %s: %s",
			    a->daemon, a->what, a->addr, gai_strerror(rv));
		rv = probe(a, ai, err);
		freeaddrinfo(ai);
		if (rv == -1)
			return -1;
	}
	return 0;
}

/* --- programs --- */

static char *
program_in(const char *dir, size_t n, const char *name)
{
	char *path = xasprintf("%.*s/%s", (int)n, dir, name);

	if (access(path, X_OK) == 0)
		return path;
	free(path);
	return NULL;
}

char *
agent_conf_program(const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	const char *path = getenv("PATH");
	char *found = NULL;

	if (n > 0) {
		self[n] = '\0';
		found =
		    program_in(self, (size_t)(strrchr(self, '/') - self), name);
	}
	while (found == NULL && path != NULL && path[0] != '\0') {
		size_t len = strcspn(path, ":");

		found = program_in(path, len, name);
		path += len + (path[len] == ':');
	}
	return found;
}
