#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/pool_impl.h"
#include "common/log.h"

const char *const pool_key_queries[POOL_KEY_NVERBS] = { "_serf_install-key",
	"_serf_use-key", "_serf_remove-key", "_serf_list-keys" };

static enum pool_key_verb
verb_of(const struct wire_query *q)
{
	enum pool_key_verb v = POOL_KEY_INSTALL;

	while (v < POOL_KEY_NVERBS &&
	       !wire_is(q->name, wire_text(pool_key_queries[v])))
		v++;
	return v;
}

static int
key_get(const struct wire_query *q, struct wire_key *key, struct err *err)
{
	struct wire_key_request req;

	if (q->payload.n == 0 || q->payload.data[0] != WIRE_SERF_KEY_REQUEST)
		return err_set(err, ERR_BAD, "no key in the request");
	if (wire_get(&wire_key_request_form, wire_from(q->payload, 1), &req,
		NULL, err) == -1)
		return -1;
	if (req.key.n != 16 && req.key.n != 24 && req.key.n != 32)
		return err_set(
		    err, ERR_BAD, "key size must be 16, 24 or 32 bytes");
	*key = (struct wire_key){ .n = req.key.n };
	memcpy(key->data, req.key.data, req.key.n);
	return 0;
}

bool
pool_keys_is_deadly(const struct wire_query *q)
{
	enum pool_key_verb v = verb_of(q);

	return v != POOL_KEY_NVERBS && v != POOL_KEY_LIST && q->payload.n == 0;
}

/* Where the key is in the ring; nkeys: nowhere. */
static size_t
place_of(const struct wire_ring *ring, const struct wire_key *key)
{
	size_t i = 0;

	while (i < ring->nkeys &&
	       !wire_is(wire_bytes(ring->keys[i].data, ring->keys[i].n),
		   wire_bytes(key->data, key->n)))
		i++;
	return i;
}

static int
install(struct wire_ring *ring, const struct wire_key *key, size_t at,
    struct err *err)
{
	if (at < ring->nkeys)
		return 0;
	if (ring->nkeys == WIRE_KEYS_MAX)
		return err_set(err, ERR_BUSY, "the keyring is full");
	ring->keys[ring->nkeys++] = *key;
	return 0;
}

static int
use(struct wire_ring *ring, const struct wire_key *key, size_t at,
    struct err *err)
{
	if (at == ring->nkeys)
		return err_set(
		    err, ERR_NOT_FOUND, "Requested key is not in the keyring");
	memmove(&ring->keys[1], &ring->keys[0], at * sizeof ring->keys[0]);
	ring->keys[0] = *key;
	return 0;
}

static int
drop(struct wire_ring *ring, size_t at, struct err *err)
{
	if (at == 0)
		return err_set(
		    err, ERR_DENIED, "Removing the primary key is not allowed");
	if (at == ring->nkeys)
		return 0;
	ring->nkeys--;
	memmove(&ring->keys[at], &ring->keys[at + 1],
	    (ring->nkeys - at) * sizeof ring->keys[0]);
	return 0;
}

static int
carry_out(struct pool *p, enum pool_key_verb v, const struct wire_query *q,
    struct err *err)
{
	struct pool_event ev = { .type = POOL_EV_KEYS };
	struct wire_key key;
	size_t at;
	int rv = -1;

	if (p->ring == NULL || p->ring->nkeys == 0)
		return err_set(err, ERR_DENIED,
		    "No keyring to modify (encryption not enabled)");
	if (v == POOL_KEY_LIST)
		return 0;
	if (key_get(q, &key, err) == -1)
		return -1;
	at = place_of(p->ring, &key);
	if (v == POOL_KEY_INSTALL)
		rv = install(p->ring, &key, at, err);
	else if (v == POOL_KEY_USE)
		rv = use(p->ring, &key, at, err);
	else if (v == POOL_KEY_REMOVE)
		rv = drop(p->ring, at, err);
	if (rv == 0)
		pool_tell(p, &ev);
	return rv;
}

static void
response_put(const struct pool *p, enum pool_key_verb v, bool ok,
    const char *why, struct buf *out)
{
	struct wire_key_response r = { .result = ok,
		.message = wire_text(why) };
	struct buf keys = { 0 }, first = { 0 };

	if (v == POOL_KEY_LIST && ok) {
		for (size_t i = 0; i < p->ring->nkeys; i++) {
			struct buf b = { 0 };

			wire_key_format(&p->ring->keys[i], &b);
			wire_add_str(&keys, wire_bytes(b.data, b.len));
			buf_release(&b);
		}
		r.keys = wire_list(&keys, p->ring->nkeys);
		wire_key_format(&p->ring->keys[0], &first);
		r.primary_key = wire_bytes(first.data, first.len);
	}
	wire_put(out, &wire_key_response_form, &r);
	buf_release(&keys);
	buf_release(&first);
}

bool
pool_on_key_query(
    struct pool *p, const struct wire_query *q, struct buf *payload)
{
	enum pool_key_verb v = verb_of(q);
	struct err err = { 0 };
	bool ok;

	if (v == POOL_KEY_NVERBS)
		return false;
	ok = carry_out(p, v, q, &err) == 0;
	log_info("%s asked=%.*s ok=%d %s", pool_key_queries[v],
	    (int)q->source_node.n, (const char *)q->source_node.data, ok,
	    err.text);
	response_put(p, v, ok, err.text, payload);
	return true;
}
