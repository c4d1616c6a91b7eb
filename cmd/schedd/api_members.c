/*
 * The servers, and what else there is in the pool: gossipd knows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "cmd/schedd/gossip.h"
#include "common/http/http.h"
#include "common/mem.h"
#include "proto/member.h"
#include "proto/msg.h"

#define MEMBERS_TIMEOUT_MS 1000
#define JOIN_TIMEOUT_MS    15000
#define JOIN_ADDRS_MAX     64

/* --- members --- */

static size_t
host_len(const char *addr)
{
	const char *colon = strrchr(addr, ':');

	return colon != NULL ? (size_t)(colon - addr) : strlen(addr);
}

void
api_own_member(const struct schedd *sd, struct agent_member *m)
{
	const struct schedd_config *c = sd->config;
	const char *addr = api_rpc_addr(sd);

	*m = (struct agent_member){
		.name = xasprintf("%s.%s", c->name, c->region),
		.addr = xstrndup(addr, host_len(addr)),
		.port = c->serf_port,
		.status = xstrdup(MEMBER_ALIVE),
		.protocol_min = 1,
		.protocol_max = 5,
		.protocol_cur = 2,
		.delegate_min = 2,
		.delegate_max = 5,
		.delegate_cur = 4,
	};
	gossip_tags(sd, &m->tags, &m->ntags);
}

static void
reply_members(const struct schedd *sd, struct http_req *r,
    struct agent_member *members, size_t n)
{
	struct server_members out = {
		.server_name = sd->config->name,
		.server_region = sd->config->region,
		.server_dc = sd->config->datacenter,
		.members = members,
		.nmembers = n,
	};

	api_reply_rec(r, &server_members_type, &out);
}

static void
reply_alone(const struct schedd *sd, struct http_req *r)
{
	struct agent_member self;

	api_own_member(sd, &self);
	reply_members(sd, r, &self, 1);
	rec_clear(&agent_member_type, &self);
}

static struct agent_member
borrow_member(const struct member *m)
{
	return (struct agent_member){
		.name = m->name,
		.addr = m->addr,
		.port = m->port,
		.tags = m->tags,
		.ntags = m->ntags,
		.status = m->status,
		.protocol_min = m->protocol_min,
		.protocol_max = m->protocol_max,
		.protocol_cur = m->protocol_cur,
		.delegate_min = m->delegate_min,
		.delegate_max = m->delegate_max,
		.delegate_cur = m->delegate_cur,
	};
}

/* Of this server gossipd knows where it listens, and we the rest, should it
 * not have heard of it yet; of others it knows all that is known. */
static void
answer_members(struct schedd *sd, struct http_req *r, const void *reply)
{
	const struct member_rows *rows = reply;
	struct agent_member self, *all;
	size_t n = 1;

	api_own_member(sd, &self);
	all = xcalloc(1 + rows->nmembers, sizeof *all);
	for (size_t i = 0; i < rows->nmembers; i++) {
		const struct member *m = &rows->members[i];

		if (m->name != NULL && strcmp(m->name, self.name) == 0)
			self.port = m->port;
		else if (gossip_is_server(m))
			all[n++] = borrow_member(m);
	}
	all[0] = self;
	reply_members(sd, r, all, n);
	free(all);
	rec_clear(&agent_member_type, &self);
}

/* --- regions --- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In order, each once. */
static void
reply_regions(struct http_req *r, const char **regions, size_t n)
{
	struct tree *t = tree_list();

	qsort(regions, n, sizeof *regions, by_text);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(regions[i], regions[i - 1]) != 0)
			tree_push(t, tree_str(regions[i]));
	api_reply_tree(r, t);
}

static void
answer_regions(struct schedd *sd, struct http_req *r, const void *reply)
{
	const struct member_rows *rows = reply;
	const char **regions = xcalloc(1 + rows->nmembers, sizeof *regions);
	size_t n = 0;

	regions[n++] = sd->config->region;
	for (size_t i = 0; i < rows->nmembers; i++) {
		const struct member *m = &rows->members[i];

		if (gossip_is_server(m) && strcmp(m->status, MEMBER_LEFT) != 0)
			regions[n++] = rec_kv_get(m->tags, m->ntags, "region");
	}
	reply_regions(r, regions, n);
	free(regions);
}

static void
regions_alone(const struct schedd *sd, struct http_req *r)
{
	const char *regions[] = { sd->config->region };

	reply_regions(r, regions, 1);
}

/* --- joining and leaving --- */

static void
answer_joined(struct schedd *sd, struct http_req *r, const void *reply)
{
	const struct member_joined *j = reply;
	bool failed = j->joined == 0 && j->errors != NULL;
	struct tree *t = tree_map();

	(void)sd;
	tree_set(t, "error", tree_str(failed ? j->errors : ""));
	tree_set(t, "num_joined", tree_int(j->joined));
	tree_set(t, "warning",
	    tree_str(!failed && j->errors != NULL ? j->errors : ""));
	api_reply_tree(r, t);
}

static void
answer_nothing(struct schedd *sd, struct http_req *r, const void *reply)
{
	(void)sd;
	(void)reply;
	api_reply_tree(r, tree_map());
}

/* --- asking gossipd --- */

struct wait {
	void (*gone)(struct http_req *r);
	struct schedd *sd;
	struct http_req *req; /* NULL when the client has left */
	void (*answer)(
	    struct schedd *sd, struct http_req *r, const void *reply);
	/* When it does not answer; NULL: then neither do we. */
	void (*alone)(const struct schedd *sd, struct http_req *r);
};

static void
on_gone(struct http_req *r)
{
	((struct wait *)http_req_data(r))->req = NULL;
}

static void
on_reply(void *ctx, const struct err *err, const void *reply)
{
	struct wait *w = ctx;
	struct http_req *r = w->req;

	if (r != NULL) {
		http_req_set_data(r, NULL);
		if (err == NULL)
			w->answer(w->sd, r, reply);
		else if (w->alone != NULL)
			w->alone(w->sd, r);
		else
			http_fail(r, 500, "%s", err->text);
	}
	free(w);
}

static void
ask(struct schedd *sd, struct http_req *r, uint16_t number, const void *body,
    const struct wait *how)
{
	struct wait *w;

	if (!bus_peer_is_up(sd->gossipd)) {
		if (how->alone != NULL)
			how->alone(sd, r);
		else
			http_fail(r, 500, "gossipd does not answer");
		return;
	}
	w = xcalloc(1, sizeof *w);
	*w = *how;
	w->gone = on_gone;
	w->sd = sd;
	w->req = r;
	http_req_set_data(r, w);
	bus_call(sd->gossipd, number, body,
	    number == MSG_MEMBER_JOIN ? JOIN_TIMEOUT_MS : MEMBERS_TIMEOUT_MS,
	    on_reply, w);
}

void
api_members(void *ctx, struct http_req *r)
{
	const struct wait how = { .answer = answer_members,
		.alone = reply_alone };

	ask(ctx, r, MSG_MEMBERS, NULL, &how);
}

void
api_regions(void *ctx, struct http_req *r)
{
	const struct wait how = { .answer = answer_regions,
		.alone = regions_alone };

	ask(ctx, r, MSG_MEMBERS, NULL, &how);
}

void
api_agent_join(void *ctx, struct http_req *r)
{
	const struct wait how = { .answer = answer_joined };
	char *addrs[JOIN_ADDRS_MAX];
	struct member_join body = { .addrs = addrs };

	body.naddrs = http_params(r, "address", addrs, JOIN_ADDRS_MAX);
	if (body.naddrs == 0)
		http_fail(r, 400, "missing address to join");
	else
		ask(ctx, r, MSG_MEMBER_JOIN, &body, &how);
	for (size_t i = 0; i < body.naddrs; i++)
		free(addrs[i]);
}

/* "prune" alone means that it is wanted, too. */
void
api_agent_force_leave(void *ctx, struct http_req *r)
{
	const struct wait how = { .answer = answer_nothing };
	char node[256] = "", prune[8] = "";
	struct member_force_leave body = { .node = node };

	if (!http_param(r, "node", node, sizeof node) || node[0] == '\0') {
		http_fail(r, 400, "missing node to force leave");
		return;
	}
	body.prune = http_param(r, "prune", prune, sizeof prune) &&
		     strcmp(prune, "0") != 0 && strcmp(prune, "false") != 0;
	ask(ctx, r, MSG_MEMBER_FORCE_LEAVE, &body, &how);
}
