/*
 * gossipd: knows who is alive, in every region.
 *
 * For now its pool is the one member that it is: it holds its port (so that
 * a second one is told at start), drops and counts what comes there, and
 * answers and publishes what a pool of many will.
 */
#ifndef CMD_GOSSIPD_GOSSIPD_H
#define CMD_GOSSIPD_GOSSIPD_H

#include "common/daemon.h"
#include "proto/member.h"
#include "proto/meter.h"

struct gossipd_config {
	struct daemon_config common;
	char *name; /* "" for host.region */
	char *region;
	char *datacenter;
	char *bind;      /* host:port, udp and tcp */
	char *advertise; /* host:port, "" for bind's */
	struct rec_kv *tags;
	size_t ntags;
};
extern const struct rec_type gossipd_config_type;

void gossipd_config_init(void *config);
int gossipd_config_check(const void *config, struct err *err);

struct gossipd {
	struct daemon *daemon;
	struct member self;
	struct gossip_port *port;
	struct meter meter;
};

extern const struct bus_route gossipd_routes[];
extern const size_t gossipd_nroutes;

/* The member that a config describes; member_type clears it. */
void gossipd_self(const struct gossipd_config *c, struct member *self);

int gossipd_start(struct daemon *d, struct err *err);
int gossipd_reload(struct daemon *d, const void *config, struct err *err);
void gossipd_release(struct daemon *d);
void gossipd_info(struct daemon *d,
    void (*add)(void *ctx, const char *name, const char *value), void *ctx);
void gossipd_metrics(struct daemon *d);

/* --- port.c: the gossip port, udp and tcp --- */

struct gossip_port;
struct gossip_port_stats {
	uint64_t udp_dropped, tcp_dropped;
};

/* NULL when it is taken: the sentence names it. */
struct gossip_port *gossip_port_open(
    struct loop *l, const char *addr, struct err *err);
void gossip_port_free(struct gossip_port *p);
const struct gossip_port_stats *gossip_port_stats(const struct gossip_port *p);

/* "host:port" or "[v6]:port" in parts; 0, or -1 when it is neither. */
int gossip_addr_parse(const char *addr, char *host, size_t size, int64_t *port);

#endif
