#include <string.h>

#include "cmd/lbd/consul.h"
#include "cmd/lbd/lbd.h"
#include "common/log.h"
#include "proto/msg.h"
#include "proto/route.h"

static struct lbd *
lbd_of(void *ctx)
{
	return ((struct daemon *)ctx)->state;
}

static void
on_routes(void *ctx, struct bus_req *req, const void *body)
{
	struct lbd *l = lbd_of(ctx);
	struct route_rows rows = { .agent_up = follow_is_up(l->follow) ||
					       consul_is_up(l->consul),
		.ninstances = map_count(&l->sources.instances),
		.version = l->version };

	(void)body;
	rtable_rows(l->table, &rows);
	bus_reply(req, &rows);
	rec_clear(&route_rows_type, &rows);
}

/* Both verbs carry route commands; each takes only its own. */
static void
edit(void *ctx, struct bus_req *req, const void *body, enum routecmd_verb only)
{
	struct lbd *l = lbd_of(ctx);
	const struct route_edit *e = body;
	const char *text = e->text == NULL ? "" : e->text;
	struct routecmd_list list = { 0 };
	struct err err;
	int rc = routecmd_parse(&list, text, strlen(text), &err);

	for (size_t i = 0; i < list.ncmds && rc == 0; i++)
		if ((list.cmds[i].verb == ROUTECMD_DEL) !=
		    (only == ROUTECMD_DEL))
			rc = err_set(&err, ERR_BAD, "'%s' does not belong here",
			    routecmd_verb_name(list.cmds[i].verb));
	if (rc == 0 && list.ncmds == 0)
		rc = err_set(&err, ERR_BAD, "no route command is given");
	routecmd_release(&list);
	if (rc == 0)
		rc = sources_edit(&l->sources, text, &err);
	if (rc == -1) {
		bus_refuse(req, &err);
		return;
	}
	log_info("routes edited by hand command=\"%s\"", text);
	lbd_rebuild(l);
	bus_reply(req, NULL);
}

static void
on_route_add(void *ctx, struct bus_req *req, const void *body)
{
	edit(ctx, req, body, ROUTECMD_ADD);
}

static void
on_route_del(void *ctx, struct bus_req *req, const void *body)
{
	edit(ctx, req, body, ROUTECMD_DEL);
}

const struct bus_route lbd_routes[] = {
	{ MSG_ROUTES, on_routes },
	{ MSG_ROUTE_ADD, on_route_add },
	{ MSG_ROUTE_DEL, on_route_del },
};
const size_t lbd_nroutes = sizeof lbd_routes / sizeof lbd_routes[0];
