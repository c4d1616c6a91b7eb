/* A node's calls, to a server that the test plays: each fails by itself. */
#include <stdio.h>
#include <string.h>

#include "cmd/nodeagent/serverlink_impl.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/nodemsg.h"
#include "tests/lib/unit.h"

#define TTL_MS 300 /* so a lease is renewed about every 125 ms */
#define RUN_MS 2500

static size_t nleases, npulls, nwarnings;

static void
on_lease(void *ctx, struct bus_req *req, const void *body)
{
	struct node_leased leased = { .known = true, .ttl_ms = TTL_MS };

	(void)ctx;
	(void)body;
	nleases++;
	bus_reply(req, &leased);
}

static void
on_pull(void *ctx, struct bus_req *req, const void *body)
{
	(void)ctx;
	(void)body;
	npulls++;
	bus_refusef(req, ERR_INTERNAL, "no news today");
}

static void
on_follow(void *ctx, struct bus_req *req, const void *body)
{
	(void)ctx;
	(void)req; /* held until its deadline */
	(void)body;
}

static const struct bus_route routes[] = {
	{ MSG_NODE_REGISTER, on_lease },
	{ MSG_NODE_LEASE, on_lease },
	{ MSG_NODE_ALLOCS, on_pull },
	{ MSG_SERVICES_FOLLOW, on_follow },
};

static void
on_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	nwarnings += level == LOG_WARN && strstr(line, "allocations") != NULL;
}

START_TEST(a_pull_that_fails_backs_off_whatever_leases_do)
{
	struct nodeagent na = { .loop = loop_new() };
	char url[64], *urls[] = { url };
	struct nodeagent_config config = {
		.servers = urls, .nservers = 1, .server_http = ""
	};
	struct bus_server *server;
	struct serverlink *l;
	struct err err;
	bool never = false;

	bus_use(msg_defs, msg_ndefs);
	log_set_sink(on_line, NULL);
	server = bus_serve(na.loop, "tcp://127.0.0.1:0", routes,
	    sizeof routes / sizeof routes[0], NULL, &err);
	ck_assert_msg(server != NULL, "%s", err.text);
	snprintf(
	    url, sizeof url, "tcp://127.0.0.1:%d", bus_server_port(server));
	na.config = &config;
	na.node.id = "n1";
	na.node.secret_id = "s";
	na.node.status = "ready";
	rng_init(&na.rng, 1);
	l = serverlink_new(&na, &err);
	ck_assert_msg(l != NULL, "%s", err.text);
	serverlink_start(l);
	loop_wait(na.loop, &never, RUN_MS);
	ck_assert_uint_ge(nleases, 8);
	/* 10 ms, and twice as long after each: about eight in this time. */
	ck_assert_uint_ge(npulls, 6);
	ck_assert_uint_le(npulls, 10);
	ck_assert_uint_eq(nwarnings, 1);
	serverlink_free(l);
	bus_server_free(server);
	log_set_sink(NULL, NULL);
	loop_free(na.loop);
}
END_TEST

UNIT_MAIN("serverlink", a_pull_that_fails_backs_off_whatever_leases_do)
