#include <stdlib.h>

#include "cmd/gossipd/rpc_impl.h"

/* --- events and queries --- */

static const char *
bytes_or_empty(struct wire_bytes b)
{
	return b.n > 0 ? (const char *)b.data : "";
}

void
rpc_user_event(struct rpc_client *c, const struct ipc_body *b)
{
	char *name = rpc_text(b->name);
	struct err err;
	int rv = pool_user_event(c->rpc->g->pool, rpc_now_ms(c), name,
	    bytes_or_empty(b->payload), b->payload.n, b->coalesce, &err);

	rpc_finish(c, rv, &err);
	free(name);
}

static void
on_answer(void *ctx, const struct pool_event *ev)
{
	static const char *const types[] = { [POOL_EV_ACK] = "ack",
		[POOL_EV_RESPONSE] = "response",
		[POOL_EV_QUERY_DONE] = "done" };
	struct rpc_wait *w = ctx;

	if (w->client != NULL) {
		rpc_answer(w->client, w->seq, "");
		ipc_put_query_record(&w->client->out, types[ev->type],
		    ev->from != NULL ? ev->from : "",
		    wire_bytes(
			ev->npayload > 0 ? ev->payload : NULL, ev->npayload));
		rpc_flush(w->client);
	}
	if (ev->type == POOL_EV_QUERY_DONE)
		rpc_wait_free(w);
}

/* A query, with what it is made of in room of our own. */
struct asked {
	char *name, **nodes;
	size_t nnodes;
	struct member_tags tags;
	struct pool_query q;
};

static void
asked_init(struct asked *a, const struct ipc_body *b)
{
	*a = (struct asked){ .name = rpc_text(b->name) };
	a->nodes = rpc_texts(b->filter_nodes, &a->nnodes);
	rpc_pairs(b->filter_tags, &a->tags);
	a->q = (struct pool_query){ .name = a->name,
		.payload = bytes_or_empty(b->payload),
		.npayload = b->payload.n,
		.nodes = (const char *const *)a->nodes,
		.nnodes = a->nnodes,
		.tags = a->tags.tags,
		.ntags = a->tags.ntags,
		.want_ack = b->want_ack,
		.relay_factor = b->relay_factor,
		.timeout_ms =
		    b->timeout_ns > 0 ? (uint64_t)b->timeout_ns / 1000000 : 0 };
}

static void
asked_release(struct asked *a)
{
	free(a->name);
	rpc_texts_free(a->nodes, a->nnodes);
	rec_clear(&member_tags_type, &a->tags);
}

void
rpc_query(struct rpc_client *c, const struct ipc_body *b)
{
	struct rpc *r = c->rpc;
	struct rpc_wait *w;
	struct asked a;
	struct err err;
	size_t before = c->out.len;

	asked_init(&a, b);
	if (gossipd_query_check(&a.q, &err) == -1) {
		rpc_finish(c, -1, &err);
	} else if ((w = rpc_wait_new(c)) != NULL) {
		/* Our own answer may come at once, behind the head. */
		rpc_finish(c, 0, NULL);
		if (asks_start(&r->g->asks, rpc_now_ms(c), &a.q, on_answer, w,
			&err) == -1) {
			c->out.len = before;
			rpc_finish(c, -1, &err);
			rpc_wait_free(w);
		}
	}
	asked_release(&a);
}

void
rpc_respond(struct rpc_client *c, const struct ipc_body *b)
{
	struct err err;
	int rv = pool_respond(c->rpc->g->pool, rpc_now_ms(c), b->id,
	    bytes_or_empty(b->payload), b->payload.n, &err);

	if (rv == -1 && err.code == ERR_NOT_FOUND)
		rpc_answer(c, c->head.seq, "No pending queries matching ID");
	else
		rpc_finish(c, rv, &err);
}

/* --- keys --- */

static void
on_keys(void *ctx, const struct ipc_keys *k, const char *why)
{
	struct rpc_wait *w = ctx;

	if (w->client != NULL) {
		rpc_answer(w->client, w->seq, why != NULL ? why : "");
		ipc_put_keys(&w->client->out, k);
		rpc_flush(w->client);
	}
	rpc_wait_free(w);
}

void
rpc_keys(struct rpc_client *c, const struct ipc_body *b)
{
	static const struct ipc_keys none;
	enum pool_key_verb verb =
	    (enum pool_key_verb)(c->head.verb - IPC_INSTALL_KEY);
	struct rpc_wait *w = rpc_wait_new(c);
	char *key = rpc_text(b->key);
	struct err err;

	if (w != NULL && key_ask(&c->rpc->g->asks, rpc_now_ms(c), verb, key,
			     on_keys, w, &err) == -1) {
		rpc_finish(c, -1, &err);
		ipc_put_keys(&c->out, &none);
		rpc_wait_free(w);
	}
	free(key);
}
