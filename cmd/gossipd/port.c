#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/gossipd/gossipd.h"
#include "common/mem.h"

#define TURN_MAX 64 /* packets, or connections, dropped in one turn */

struct gossip_port {
	int udp, tcp;
	struct loop_fd *udp_watch, *tcp_watch;
	struct gossip_port_stats stats;
};

int
gossip_addr_parse(const char *addr, char *host, size_t size, int64_t *port)
{
	const char *colon = strrchr(addr, ':'), *from = addr;
	size_t n;
	char *end;

	if (colon == NULL || colon == addr || colon[1] == '\0')
		return -1;
	n = (size_t)(colon - addr);
	if (addr[0] == '[' && addr[n - 1] == ']') {
		from++;
		n -= 2;
	} else if (memchr(addr, ':', n) != NULL) {
		return -1;
	}
	*port = strtol(colon + 1, &end, 10);
	if (*end != '\0' || *port < 0 || *port > 65535 || n == 0 || n >= size)
		return -1;
	memcpy(host, from, n);
	host[n] = '\0';
	return 0;
}

static void
on_udp(void *arg, bool readable, bool writable)
{
	struct gossip_port *p = arg;
	char byte;

	(void)readable;
	(void)writable;
	for (int i = 0; i < TURN_MAX; i++) {
		if (recv(p->udp, &byte, 1, MSG_DONTWAIT) == -1)
			return;
		p->stats.udp_dropped++;
	}
}

static void
on_tcp(void *arg, bool readable, bool writable)
{
	struct gossip_port *p = arg;

	(void)readable;
	(void)writable;
	for (int i = 0; i < TURN_MAX; i++) {
		int fd = accept4(p->tcp, NULL, NULL, SOCK_CLOEXEC);

		if (fd == -1)
			return;
		close(fd);
		p->stats.tcp_dropped++;
	}
}

static int
bind_one(const struct addrinfo *ai, int type, const char *addr, struct err *err)
{
	int one = 1;
	int fd = socket(ai->ai_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return err_sys(err, "socket");
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    (type == SOCK_DGRAM || listen(fd, 16) == 0))
		return fd;
	err_sys(err, "bind %s (%s)", addr, type == SOCK_DGRAM ? "udp" : "tcp");
	if (err != NULL && errno == EADDRINUSE)
		err->code = ERR_CONFLICT;
	close(fd);
	return -1;
}

static int
bind_both(struct gossip_port *p, const char *addr, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct addrinfo *ai;
	char host[256], *service;
	int64_t port;
	int rv;

	if (gossip_addr_parse(addr, host, sizeof host, &port) == -1)
		return err_set(err, ERR_BAD, "%s is no host:port", addr);
	service = xasprintf("%d", (int)port);
	hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
	rv = getaddrinfo(host, service, &hints, &ai);
	free(service);
	if (rv != 0)
		return err_set(
		    err, ERR_BAD, "bind %s: %s", addr, gai_strerror(rv));
	p->udp = bind_one(ai, SOCK_DGRAM, addr, err);
	if (p->udp != -1)
		p->tcp = bind_one(ai, SOCK_STREAM, addr, err);
	freeaddrinfo(ai);
	return p->udp == -1 || p->tcp == -1 ? -1 : 0;
}

struct gossip_port *
gossip_port_open(struct loop *l, const char *addr, struct err *err)
{
	struct gossip_port *p = xcalloc(1, sizeof *p);

	p->udp = p->tcp = -1;
	if (bind_both(p, addr, err) == -1) {
		gossip_port_free(p);
		return NULL;
	}
	p->udp_watch = loop_fd_new(l, p->udp, on_udp, p);
	p->tcp_watch = loop_fd_new(l, p->tcp, on_tcp, p);
	loop_fd_want(p->udp_watch, true, false);
	loop_fd_want(p->tcp_watch, true, false);
	return p;
}

void
gossip_port_free(struct gossip_port *p)
{
	if (p == NULL)
		return;
	loop_fd_free(p->udp_watch);
	loop_fd_free(p->tcp_watch);
	if (p->udp != -1)
		close(p->udp);
	if (p->tcp != -1)
		close(p->tcp);
	free(p);
}

const struct gossip_port_stats *
gossip_port_stats(const struct gossip_port *p)
{
	return &p->stats;
}
