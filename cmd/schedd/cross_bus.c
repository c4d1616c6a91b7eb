/* What nodes ask of another region. */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/cross_impl.h"
#include "common/log.h"
#include "common/mem.h"

#define TOKEN "crossed" /* it came from a server of another region */

struct carried {
	struct schedd *sd;
	struct bus_req *req; /* NULL when its time is over */
	char *name;          /* of the server */
};

static void
on_expire(void *ctx, struct bus_req *req)
{
	((struct carried *)ctx)->req = NULL;
	bus_refusef(req, ERR_TIMEOUT, "the region did not answer in time");
}

static void
on_answer(void *ctx, const struct err *err, const void *reply)
{
	struct carried *b = ctx;

	if (err == NULL || err->code == ERR_GONE)
		regions_note(&b->sd->crosses->regions, b->name, err == NULL,
		    loop_now_ms(b->sd->loop));
	if (b->req != NULL && err == NULL)
		bus_reply(b->req, reply);
	else if (b->req != NULL)
		bus_refuse(b->req, err);
	free(b->name);
	free(b);
}

static struct bus_peer *
peer_to(struct crosses *c, const char *addr, const char *region)
{
	struct bus_peer *p = map_find(&c->bus, addr);
	struct err err;
	char *url, *name;

	if (p != NULL)
		return p;
	url = xasprintf("tcp://%s", addr);
	name = xasprintf("server.%s.nomad", region);
	p = bus_dial_named(c->sd->loop, url, name, &err);
	free(name);
	free(url);
	if (p == NULL) {
		log_warn("server of region %s: %s", region, err.text);
		return NULL;
	}
	bus_peer_set_token(p, TOKEN);
	bus_peer_set_region(p, region);
	map_put(&c->bus, addr, p);
	return p;
}

static void
carry_bus(struct schedd *sd, struct bus_req *req, uint16_t number,
    const void *body, const struct region_server *s)
{
	struct bus_peer *p = peer_to(sd->crosses, s->rpc, s->region);
	struct carried *b;

	if (p == NULL) {
		bus_refusef(req, ERR_GONE, "No path to region \"%s\": %s",
		    s->region, s->rpc);
		return;
	}
	b = xcalloc(1, sizeof *b);
	b->sd = sd;
	b->req = req;
	b->name = xstrdup(s->name);
	bus_on_expire(req, on_expire, b);
	cross_note(sd, s->region);
	bus_call(p, number, body, bus_left_ms(req), on_answer, b);
}

bool
cross_bus(
    struct schedd *sd, struct bus_req *req, uint16_t number, const void *body)
{
	static const struct region_tried none;
	struct crosses *c = sd->crosses;
	const char *region = bus_region(req);
	const struct region_server *s;
	struct err err;

	if (cross_is_ours(sd, region))
		return false;
	if (strcmp(bus_token(req), TOKEN) == 0) {
		bus_refusef(req, ERR_BAD,
		    "this server is of region \"%s\", and the request is for "
		    "\"%s\"",
		    sd->config->region, region);
		return true;
	}
	s = regions_pick(&c->regions, region, REGION_RPC, &none,
	    loop_now_ms(sd->loop), &c->rng);
	if (s == NULL) {
		regions_refuse(&c->regions, region, REGION_RPC, &err);
		bus_refuse(req, &err);
	} else {
		carry_bus(sd, req, number, body, s);
	}
	return true;
}
