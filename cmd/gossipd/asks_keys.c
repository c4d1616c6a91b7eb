#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/asks.h"
#include "common/mem.h"

#define KEYS_KEPT 1024 /* different ones in all answers */

/* A question about keys that is under way. */
struct key_ask {
	struct asks *asks;
	struct ipc_keys sum;
	size_t keys_cap;
	key_fn *fn; /* NULL: nobody waits yet, or any more */
	void *ctx;
	bool starting, whole;
};

static void
key_ask_free(struct key_ask *k)
{
	for (size_t i = 0; i < k->sum.nkeys; i++)
		free(k->sum.keys[i].key);
	for (size_t i = 0; i < k->sum.nmessages; i++) {
		free(k->sum.messages[i].key);
		free(k->sum.messages[i].value);
	}
	free(k->sum.keys);
	free(k->sum.messages);
	free(k);
}

static uint64_t
count_alive(const struct pool *p)
{
	struct pool_view v;
	uint64_t n = 0;
	size_t at = 0;

	while (pool_next(p, &at, &v))
		n += v.status == POOL_ALIVE;
	return n;
}

/* Tells, and is no more. */
static void
conclude(struct key_ask *k)
{
	const struct ipc_keys *sum = &k->sum;
	char why[128];

	asks_forget(k->asks, k);
	if (sum->nerrors > 0)
		snprintf(why, sizeof why, "%llu/%llu nodes reported failure",
		    (unsigned long long)sum->nerrors,
		    (unsigned long long)sum->nmembers);
	else
		snprintf(why, sizeof why, "%llu/%llu nodes reported success",
		    (unsigned long long)sum->nresponses,
		    (unsigned long long)sum->nmembers);
	k->fn(k->ctx, sum,
	    sum->nerrors > 0 || sum->nresponses != sum->nmembers ? why : NULL);
	key_ask_free(k);
}

static void
count_key(struct key_ask *k, struct wire_bytes key)
{
	struct ipc_keys *sum = &k->sum;

	for (size_t i = 0; i < sum->nkeys; i++)
		if (wire_is(wire_text(sum->keys[i].key), key)) {
			sum->keys[i].n++;
			return;
		}
	if (sum->nkeys >= KEYS_KEPT)
		return;
	sum->keys =
	    xgrow(sum->keys, sum->nkeys, &k->keys_cap, sizeof *sum->keys);
	sum->keys[sum->nkeys++] =
	    (struct ipc_count){ xstrndup((const char *)key.data, key.n), 1 };
}

static void
take_response(struct key_ask *k, const struct pool_event *ev)
{
	struct wire_bytes b = wire_bytes(ev->payload, ev->npayload), key;
	struct wire_key_response r = { 0 };
	struct ipc_keys *sum = &k->sum;
	struct err err = { 0 };
	char *message;

	sum->nresponses++;
	if (b.n == 0 || b.data[0] != WIRE_SERF_KEY_RESPONSE ||
	    wire_get(
		&wire_key_response_form, wire_from(b, 1), &r, NULL, &err) == -1)
		r = (struct wire_key_response){ .message = wire_text(
						    "Invalid key response") };
	if (!r.result)
		sum->nerrors++;
	if (r.message.n > 0) {
		message = xstrndup((const char *)r.message.data, r.message.n);
		rec_kv_set(&sum->messages, &sum->nmessages, ev->from, message);
		free(message);
	}
	while (wire_next_bytes(&r.keys, &key))
		count_key(k, key);
}

static void
on_answer(void *ctx, const struct pool_event *ev)
{
	struct key_ask *k = ctx;

	if (ev->type == POOL_EV_RESPONSE)
		take_response(k, ev);
	if (ev->type != POOL_EV_QUERY_DONE &&
	    k->sum.nresponses < k->sum.nmembers)
		return;
	k->whole = true;
	if (!k->starting)
		conclude(k);
}

int
key_ask(struct asks *a, uint64_t now_ms, enum pool_key_verb verb,
    const char *text, key_fn *fn, void *ctx, struct err *err)
{
	struct wire_key key = { 0 };
	struct wire_key_request req = { wire_text("") };
	struct pool_query q = { .name = pool_key_queries[verb] };
	struct buf b = { 0 };
	struct key_ask *k;
	int rv;

	if (verb != POOL_KEY_LIST && wire_key_parse(text, &key, err) == -1)
		return -1;
	if (verb != POOL_KEY_LIST)
		req.key = wire_bytes(key.data, key.n);
	wire_put(&b, &wire_key_request_form, &req);
	q.payload = b.data;
	q.npayload = b.len;
	k = xcalloc(1, sizeof *k);
	*k = (struct key_ask){
		.asks = a, .fn = fn, .ctx = ctx, .starting = true
	};
	k->sum.nmembers = count_alive(a->pool);
	rv = asks_start(a, now_ms, &q, on_answer, k, err);
	buf_release(&b);
	k->starting = false;
	if (rv == -1)
		key_ask_free(k);
	else if (k->whole)
		conclude(k);
	return rv;
}

void
key_forget(struct asks *a, const void *ctx)
{
	for (size_t i = 0; i < ASKS_MAX; i++) {
		struct key_ask *k = a->list[i].ctx;

		if (a->list[i].fn != on_answer ||
		    (ctx != NULL && k->ctx != ctx))
			continue;
		a->list[i] = (struct ask){ 0 };
		key_ask_free(k);
	}
}
