#include "cmd/gossipd/port.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/gossipd/port_impl.h"
#include "common/mem.h"

/* Where datagrams are read to; of each only what came is ever touched. */
struct packets {
	struct mmsghdr heads[PORT_PACKETS_TURN];
	struct iovec at[PORT_PACKETS_TURN];
	struct sockaddr_storage from[PORT_PACKETS_TURN];
	char bytes[PORT_PACKETS_TURN][WIRE_PACKET_MAX];
};

static struct packets *
packets_new(void)
{
	struct packets *k = xcalloc(1, sizeof *k);

	for (size_t i = 0; i < PORT_PACKETS_TURN; i++) {
		k->at[i] = (struct iovec){ k->bytes[i], sizeof k->bytes[i] };
		k->heads[i].msg_hdr = (struct msghdr){
			.msg_name = &k->from[i],
			.msg_namelen = sizeof k->from[i],
			.msg_iov = &k->at[i],
			.msg_iovlen = 1,
		};
	}
	return k;
}

/* --- what became of what we sent --- */

static bool
is_refusal(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	     c = CMSG_NXTHDR(m, c)) {
		struct sock_extended_err ee;

		if (c->cmsg_len < CMSG_LEN(sizeof ee) ||
		    !((c->cmsg_level == IPPROTO_IP &&
			  c->cmsg_type == IP_RECVERR) ||
			(c->cmsg_level == IPPROTO_IPV6 &&
			    c->cmsg_type == IPV6_RECVERR)))
			continue;
		memcpy(&ee, CMSG_DATA(c), sizeof ee);
		if (ee.ee_errno == ECONNREFUSED)
			return true;
	}
	return false;
}

/* ICMP's answers, which wait apart from the packets. */
static void
hear_refusals(struct gossip_port *p)
{
	for (int i = 0; i < PORT_PACKETS_TURN; i++) {
		struct sockaddr_storage to = { 0 };
		struct pool_addr addr;
		union {
			char bytes[512];
			struct cmsghdr align;
		} control;
		char byte;
		struct iovec at = { &byte, 1 };
		struct msghdr m = { .msg_name = &to,
			.msg_namelen = sizeof to,
			.msg_iov = &at,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof control };

		if (recvmsg(p->udp, &m, MSG_ERRQUEUE | MSG_DONTWAIT) == -1)
			return;
		if (!is_refusal(&m))
			continue;
		gossip_addr_from_sock(&to, &addr);
		p->ops->refused(p->ops->ctx, &addr);
	}
}

static void
on_udp(void *arg, bool readable, bool writable)
{
	struct gossip_port *p = arg;
	struct packets *k = p->packets;
	int n;

	(void)readable;
	(void)writable;
	hear_refusals(p);
	n = recvmmsg(p->udp, k->heads, PORT_PACKETS_TURN, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct pool_addr from;

		gossip_addr_from_sock(&k->from[i], &from);
		k->heads[i].msg_hdr.msg_namelen = sizeof k->from[i];
		p->ops->packet(
		    p->ops->ctx, &from, k->bytes[i], k->heads[i].msg_len);
	}
	p->ops->done(p->ops->ctx);
}

static void
on_tcp(void *arg, bool readable, bool writable)
{
	struct gossip_port *p = arg;

	(void)readable;
	(void)writable;
	for (int i = 0; i < PORT_ACCEPTS_TURN; i++) {
		struct sockaddr_storage s = { 0 };
		socklen_t len = sizeof s;
		struct pool_addr from;
		int fd = accept4(p->tcp, (struct sockaddr *)&s, &len,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd == -1)
			return;
		gossip_addr_from_sock(&s, &from);
		stream_accept(p, fd, &from);
	}
}

void
gossip_port_send(struct gossip_port *p, const struct pool_addr *to,
    const char *bytes, size_t n)
{
	struct sockaddr_storage s;
	socklen_t len = gossip_addr_to_sock(to, p->family, &s);

	ssize_t sent = -1;

	/* The first try may only be told of what became of one before. */
	for (int i = 0; i < 2 && len > 0 && sent == -1; i++)
		sent = sendto(
		    p->udp, bytes, n, MSG_DONTWAIT, (struct sockaddr *)&s, len);
	if (sent == -1)
		p->stats.sends_failed++;
}

/* --- opening --- */

static void
want_room(int fd)
{
	for (int n = PORT_RCVBUF; n >= 65536; n /= 2)
		if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &n, sizeof n) == 0)
			return;
}

/* Without it the kernel keeps to itself that a datagram was refused. */
static void
want_refusals(int fd, int family)
{
	int one = 1;

	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &one, sizeof one);
	setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof one);
}

static int
bind_one(const struct addrinfo *ai, int type, const char *addr, struct err *err)
{
	int one = 1;
	int fd = socket(ai->ai_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return err_sys(err, "socket");
	if (type == SOCK_STREAM) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	} else {
		want_room(fd);
		want_refusals(fd, ai->ai_family);
	}
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    (type == SOCK_DGRAM || listen(fd, PORT_STREAMS_MAX) == 0))
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
	p->family = ai->ai_family;
	p->udp = bind_one(ai, SOCK_DGRAM, addr, err);
	if (p->udp != -1)
		p->tcp = bind_one(ai, SOCK_STREAM, addr, err);
	freeaddrinfo(ai);
	return p->udp == -1 || p->tcp == -1 ? -1 : 0;
}

struct gossip_port *
gossip_port_open(struct loop *l, const char *addr,
    const struct gossip_port_ops *ops, struct err *err)
{
	struct gossip_port *p = xcalloc(1, sizeof *p);

	p->loop = l;
	p->ops = ops;
	p->udp = p->tcp = -1;
	p->packets = packets_new();
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
	streams_free(p);
	loop_fd_free(p->udp_watch);
	loop_fd_free(p->tcp_watch);
	if (p->udp != -1)
		close(p->udp);
	if (p->tcp != -1)
		close(p->tcp);
	free(p->packets);
	free(p);
}

const struct gossip_port_stats *
gossip_port_stats(const struct gossip_port *p)
{
	return &p->stats;
}
