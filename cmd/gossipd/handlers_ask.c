/* What takes the pool's answers: queries, and queries about keys. */
#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/gossipd.h"
#include "common/mem.h"

#define INTERNAL "_serf_"
#define PING     INTERNAL "ping"

int
gossipd_query_check(const struct pool_query *q, struct err *err)
{
	if (strncmp(q->name, INTERNAL, strlen(INTERNAL)) != 0 ||
	    (strcmp(q->name, PING) == 0 && q->npayload == 0))
		return 0;
	return err_set(
	    err, ERR_BAD, "Queries cannot contain the '" INTERNAL "' prefix");
}

static uint64_t
now_ms(const struct gossipd *g)
{
	return loop_now_ms(g->daemon->loop);
}

/* --- queries --- */

/* One who waits for what comes of a query. */
struct asker {
	struct gossipd *g;
	struct asker *next;
	struct bus_req *req;
	struct member_answers got;
	size_t ack_cap, answer_cap;
};

static void
asker_free(struct asker *a)
{
	struct asker **at = &a->g->askers;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	rec_clear(&member_answers_type, &a->got);
	free(a);
}

void
gossipd_askers_release(struct gossipd *g)
{
	while (g->askers != NULL)
		asker_free(g->askers);
}

static void
add_ack(struct asker *a, const char *from)
{
	a->got.acks =
	    xgrow(a->got.acks, a->got.nacks, &a->ack_cap, sizeof *a->got.acks);
	a->got.acks[a->got.nacks++] = xstrdup(from);
}

static void
add_answer(struct asker *a, const struct pool_event *ev)
{
	a->got.answers = xgrow(a->got.answers, a->got.nanswers, &a->answer_cap,
	    sizeof *a->got.answers);
	a->got.answers[a->got.nanswers++] =
	    (struct member_answer){ xstrdup(ev->from),
		    xstrndup(ev->payload, ev->npayload) };
}

static void
on_answer(void *ctx, const struct pool_event *ev)
{
	struct asker *a = ctx;

	if (ev->type == POOL_EV_ACK) {
		add_ack(a, ev->from);
	} else if (ev->type == POOL_EV_RESPONSE) {
		add_answer(a, ev);
	} else {
		bus_reply(a->req, &a->got);
		asker_free(a);
	}
}

static void
on_query_expired(void *ctx, struct bus_req *req)
{
	struct asker *a = ctx;

	asks_forget(&a->g->asks, a);
	asker_free(a);
	bus_refusef(
	    req, ERR_TIMEOUT, "the query takes longer than was to be waited");
}

void
gossipd_on_query(void *ctx, struct bus_req *req, const void *body)
{
	const struct member_query *ask = body;
	struct gossipd *g = ((struct daemon *)ctx)->state;
	struct asker *a = xcalloc(1, sizeof *a);
	struct pool_query q = { .name = ask->name != NULL ? ask->name : "",
		.payload = ask->payload != NULL ? ask->payload : "",
		.nodes = (const char *const *)ask->nodes,
		.nnodes = ask->nnodes,
		.tags = ask->tags,
		.ntags = ask->ntags,
		.want_ack = true,
		.relay_factor = (uint8_t)ask->relay,
		.timeout_ms =
		    ask->timeout_ms > 0 ? (uint64_t)ask->timeout_ms : 0 };
	struct err err;

	if (ask->relay < 0 || ask->relay > MEMBER_RELAY_MAX) {
		free(a);
		bus_refusef(
		    req, ERR_BAD, "expected 0 to %d copies", MEMBER_RELAY_MAX);
		return;
	}
	*a = (struct asker){ .g = g, .next = g->askers, .req = req };
	g->askers = a;
	q.npayload = strlen(q.payload);
	if (gossipd_query_check(&q, &err) == -1 ||
	    asks_start(&g->asks, now_ms(g), &q, on_answer, a, &err) == -1) {
		asker_free(a);
		bus_refuse(req, &err);
		return;
	}
	bus_on_expire(req, on_query_expired, a);
	gossipd_rearm(g);
}

/* --- keys --- */

static void
on_keys_told(void *ctx, const struct ipc_keys *k, const char *why)
{
	struct member_keys reply = { .messages = k->messages,
		.nmessages = k->nmessages,
		.nmembers = (int64_t)k->nmembers,
		.nresponses = (int64_t)k->nresponses,
		.nerrors = (int64_t)k->nerrors,
		.why = xstrdup(why != NULL ? why : "") };
	struct rec_ki *keys = xcalloc(k->nkeys + 1, sizeof *keys);

	for (size_t i = 0; i < k->nkeys; i++)
		keys[i] =
		    (struct rec_ki){ k->keys[i].key, (int64_t)k->keys[i].n };
	reply.keys = keys;
	reply.nkeys = k->nkeys;
	bus_reply(ctx, &reply);
	free(keys);
	free(reply.why);
}

static void
on_keys_expired(void *ctx, struct bus_req *req)
{
	key_forget(&((struct gossipd *)ctx)->asks, req);
	bus_refusef(req, ERR_TIMEOUT,
	    "the pool takes longer to answer than was to be waited");
}

static int
verb_parse(const char *text, enum pool_key_verb *v)
{
	static const char *const names[] = { "install", "use", "remove",
		"list" };

	for (size_t i = 0; i < POOL_KEY_NVERBS; i++) {
		if (text == NULL || strcmp(names[i], text) != 0)
			continue;
		*v = (enum pool_key_verb)i;
		return 0;
	}
	return -1;
}

void
gossipd_on_keys(void *ctx, struct bus_req *req, const void *body)
{
	const struct member_keys_ask *ask = body;
	struct gossipd *g = ((struct daemon *)ctx)->state;
	enum pool_key_verb verb;
	struct err err;

	if (verb_parse(ask->verb, &verb) == -1) {
		bus_refusef(
		    req, ERR_BAD, "expected install, use, remove or list");
		return;
	}
	/* Set first: the answer may be complete at once. */
	bus_on_expire(req, on_keys_expired, g);
	if (key_ask(&g->asks, now_ms(g), verb, ask->key != NULL ? ask->key : "",
		on_keys_told, req, &err) == -1)
		bus_refuse(req, &err);
	gossipd_rearm(g);
}
