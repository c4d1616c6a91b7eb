/*
 * The servers as Raft knows them: shown, removed, and made to lead.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/servers.h"
#include "common/mem.h"
#include "common/raft/node.h"

#define PEER_MAX 256 /* bytes of an id or an address */

/* --- showing --- */

/* One that the pool does not know has its Raft id and address only. */
static void
show_server(const struct schedd *sd, const struct raft_server *in,
    struct raft_member *out)
{
	struct cluster_view v = servers_view(sd);
	const struct cluster_server *s = cluster_find(&v, in->id);
	const struct cluster_server *leader = servers_leader(sd);

	*out = (struct raft_member){
		.id = s != NULL ? xstrdup(s->uuid)
				: xasprintf("%016" PRIx64, in->id),
		.node = xstrdup(s != NULL ? s->name : "(unknown)"),
		.address = xstrdup(s != NULL ? s->rpc : in->addr),
		.leader = leader != NULL && leader->id == in->id,
		.voter = in->voice == RAFT_VOTER,
		.raft_protocol = xstrdup("3"),
	};
}

/* As the API tells indexes; 0 where there is no log yet. */
static uint64_t
config_index(const struct schedd *sd)
{
	struct raft_node_info info;

	if (sd->raft == NULL)
		return 0;
	raft_node_info(sd->raft, &info);
	return info.raft.config_index + sched_core_state(sd->core)->index_base;
}

void
api_raft_config(void *ctx, struct http_req *r)
{
	const struct schedd *sd = ctx;
	const struct raft_config *c = servers_config(sd);
	struct raft_member list[RAFT_SERVERS_MAX];
	struct raft_configuration out = {
		.servers = list, .nservers = c->n, .index = config_index(sd)
	};

	for (size_t i = 0; i < c->n; i++)
		show_server(sd, &c->servers[i], &list[i]);
	api_reply_rec(r, &raft_configuration_type, &out);
	for (size_t i = 0; i < c->n; i++)
		rec_clear(&raft_member_type, &list[i]);
}

/* --- changing --- */

/* A change under way, of which there is one at a time. */
struct raft_ask {
	void (*gone)(struct http_req *r); /* first: see api.c */
	struct schedd *sd;
	struct http_req *req; /* NULL: the client has left */
	struct raft_member from, to;
	bool is_transfer;
};

static void
ask_free(struct raft_ask *a)
{
	a->sd->raft_ask = NULL;
	if (a->req != NULL)
		http_req_set_data(a->req, NULL);
	rec_clear(&raft_member_type, &a->from);
	rec_clear(&raft_member_type, &a->to);
	free(a);
}

void
api_raft_release(struct schedd *sd)
{
	if (sd->raft_ask != NULL)
		ask_free(sd->raft_ask);
}

static void
on_ask_gone(struct http_req *r)
{
	((struct raft_ask *)http_req_data(r))->req = NULL;
}

static struct tree *
tree_of(const struct raft_member *m)
{
	struct tree *t = tree_map();

	tree_set(t, "ID", tree_str(m->id));
	tree_set(t, "Address", tree_str(m->address));
	return t;
}

static void
reply_transfer(struct http_req *r, const struct raft_member *from,
    const struct raft_member *to, bool noop)
{
	struct tree *t = tree_map();

	tree_set(t, "From", tree_of(from));
	tree_set(t, "To", tree_of(to));
	tree_set(t, "Noop", tree_bool(noop));
	tree_set(t, "Err", tree_null());
	api_reply_tree(r, t);
}

static void
on_asked(void *ctx, const struct err *err, uint64_t index)
{
	struct raft_ask *a = ctx;
	struct http_req *r = a->req;

	if (r != NULL)
		http_req_set_data(r, NULL);
	a->req = NULL;
	if (r != NULL && err != NULL) {
		api_refuse(r, err);
	} else if (r != NULL && a->is_transfer) {
		reply_transfer(r, &a->from, &a->to, false);
	} else if (r != NULL) {
		api_headers(r, index, true);
		http_reply(r, 200, NULL, NULL, 0);
	}
	ask_free(a);
}

/* NULL: it has been refused. */
static struct raft_ask *
ask_new(struct schedd *sd, struct http_req *r, const struct raft_member *to)
{
	struct raft_ask *a;

	if (sd->raft_ask != NULL) {
		http_fail(r, 429, "another change of the servers is under way");
		return NULL;
	}
	a = xcalloc(1, sizeof *a);
	a->gone = on_ask_gone;
	a->sd = sd;
	a->req = r;
	rec_copy(&raft_member_type, &a->to, to);
	sd->raft_ask = a;
	http_req_set_data(r, a);
	return a;
}

/*
 * The server that the request names by its id or its address, and how it is
 * shown (rec_clear() it). NULL: it has been refused.
 */
static const struct raft_server *
find_named(const struct schedd *sd, struct http_req *r, const char *what,
    struct raft_member *shown)
{
	const struct raft_config *c = servers_config(sd);
	bool has_id = http_has_param(r, "id");
	const char *by = has_id ? "id" : "address";
	char value[PEER_MAX] = "";

	if (has_id == http_has_param(r, "address")) {
		if (has_id)
			http_fail(
			    r, 400, "Must specify only one of ?id or ?address");
		else
			http_fail(r, 400,
			    "Must specify either ?id with the server's ID or "
			    "?address with IP:port of peer to %s.",
			    what);
		return NULL;
	}
	http_param(r, by, value, sizeof value);
	for (size_t i = 0; i < c->n; i++) {
		show_server(sd, &c->servers[i], shown);
		if (strcmp(value, has_id ? shown->id : shown->address) == 0)
			return &c->servers[i];
		rec_clear(&raft_member_type, shown);
	}
	http_fail(r, 500, "%s \"%s\" was not found in the Raft configuration",
	    by, value);
	return NULL;
}

void
api_raft_remove(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct raft_member shown;
	const struct raft_server *s = find_named(sd, r, "remove", &shown);
	struct raft_ask *a;
	struct err err;

	if (s == NULL)
		return;
	a = ask_new(sd, r, &shown);
	rec_clear(&raft_member_type, &shown);
	if (a != NULL && raft_node_change(sd->raft, RAFT_REMOVE, s->id, NULL,
			     on_asked, a, &err) == -1)
		on_asked(a, &err, 0);
}

static void
fill_self(const struct schedd *sd, struct raft_member *out)
{
	const struct cluster_server *self = servers_self(sd);

	*out = (struct raft_member){ .id = xstrdup(self->uuid),
		.address = xstrdup(self->rpc) };
}

void
api_raft_transfer(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct raft_member shown;
	const struct raft_server *s =
	    find_named(sd, r, "make the leader", &shown);
	struct raft_ask *a;
	struct err err;

	if (s == NULL)
		return;
	if (s->id == servers_self(sd)->id && sd->leading) {
		reply_transfer(r, &shown, &shown, true);
		rec_clear(&raft_member_type, &shown);
		return;
	}
	a = ask_new(sd, r, &shown);
	rec_clear(&raft_member_type, &shown);
	if (a == NULL)
		return;
	a->is_transfer = true;
	fill_self(sd, &a->from);
	if (raft_node_transfer(sd->raft, s->id, on_asked, a, &err) == -1)
		on_asked(a, &err, 0);
}
