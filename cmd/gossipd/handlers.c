#include "cmd/gossipd/gossipd.h"
#include "proto/msg.h"

static void
on_members(void *ctx, struct bus_req *req, const void *body)
{
	struct daemon *d = ctx;
	struct gossipd *g = d->state;
	struct member_rows rows = { .members = &g->self, .nmembers = 1 };

	(void)body;
	bus_reply(req, &rows);
}

const struct bus_route gossipd_routes[] = {
	{ MSG_MEMBERS, on_members },
};
const size_t gossipd_nroutes = sizeof gossipd_routes / sizeof gossipd_routes[0];
