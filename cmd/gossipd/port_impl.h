/* What the port's two files share. */
#ifndef CMD_GOSSIPD_PORT_IMPL_H
#define CMD_GOSSIPD_PORT_IMPL_H

#include "cmd/gossipd/port.h"

struct stream;

struct gossip_port {
	struct loop *loop;
	const struct gossip_port_ops *ops;
	int family, udp, tcp;
	struct loop_fd *udp_watch, *tcp_watch;
	struct stream *streams; /* all of them */
	size_t ninbound;
	size_t nbytes; /* held for streams */
	struct packets *packets;
	struct gossip_port_stats stats;
};

/* One that others opened, at fd, which is taken over. */
void stream_accept(struct gossip_port *p, int fd, const struct pool_addr *from);
void streams_free(struct gossip_port *p);

#endif
