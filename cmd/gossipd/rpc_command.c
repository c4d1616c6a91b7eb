#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/rpc_impl.h"
#include "common/mem.h"

uint64_t
rpc_now_ms(const struct rpc_client *c)
{
	return loop_now_ms(c->rpc->g->daemon->loop);
}

void
rpc_finish(struct rpc_client *c, int rv, const struct err *err)
{
	rpc_answer(c, c->head.seq, rv == 0 ? "" : err->text);
}

/* --- text --- */

char *
rpc_text(struct wire_bytes b)
{
	return xstrndup((const char *)b.data, b.n);
}

void
rpc_pairs(struct wire_list list, struct member_tags *out)
{
	struct wire_bytes key, value;

	while (wire_next_pair(&list, &key, &value)) {
		char *k = rpc_text(key), *v = rpc_text(value);

		rec_kv_set(&out->tags, &out->ntags, k, v);
		free(k);
		free(v);
	}
}

char **
rpc_texts(struct wire_list list, size_t *n)
{
	char **out = xcalloc(list.count + 1, sizeof *out);
	struct wire_bytes one;

	for (*n = 0; wire_next_bytes(&list, &one); ++*n)
		out[*n] = rpc_text(one);
	return out;
}

void
rpc_texts_free(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

/* --- being a member --- */

static void
on_joined(void *ctx, const struct join_result *r)
{
	struct rpc_wait *w = ctx;
	char *errors = xstrdup(r->njoined > 0 ? "" : r->errors);

	if (w->client != NULL) {
		rpc_answer(w->client, w->seq, errors);
		ipc_put_joined(&w->client->out, r->njoined);
		rpc_flush(w->client);
	}
	free(errors);
	rpc_wait_free(w);
}

static void
do_join(struct rpc_client *c, const struct ipc_body *b)
{
	struct rpc_wait *w = rpc_wait_new(c);
	char **addrs;
	size_t n;

	if (w == NULL)
		return;
	addrs = rpc_texts(b->existing, &n);
	if (n == 0 ||
	    !joins_start(c->rpc->g->joins, addrs, n, b->replay, on_joined, w)) {
		rpc_answer(c, w->seq, "no addresses, or too many");
		ipc_put_joined(&c->out, 0);
		rpc_wait_free(w);
	}
	rpc_texts_free(addrs, n);
}

static void
do_leave(struct rpc_client *c, const struct ipc_body *b)
{
	struct daemon *d = c->rpc->g->daemon;
	struct rpc_wait *w;

	(void)b;
	if (d->stopping) {
		rpc_answer(c, c->head.seq, "leaving already");
		return;
	}
	w = rpc_wait_new(c);
	if (w != NULL)
		gossipd_leave(c->rpc->g);
}

void
rpc_left(struct rpc *r)
{
	struct rpc_wait *next;

	for (struct rpc_wait *w = r->waits; w != NULL; w = next) {
		next = w->next;
		if (w->verb != IPC_LEAVE)
			continue;
		if (w->client != NULL) {
			rpc_answer(w->client, w->seq, "");
			rpc_flush(w->client);
		}
		rpc_wait_free(w);
	}
}

static void
do_force_leave(struct rpc_client *c, const struct ipc_body *b)
{
	char *node = rpc_text(b->node);
	struct err err;
	int rv = pool_force_leave(
	    c->rpc->g->pool, rpc_now_ms(c), node, b->prune, &err);

	rpc_finish(c, rv, &err);
	free(node);
}

static void
do_tags(struct rpc_client *c, const struct ipc_body *b)
{
	struct member_tags_edit edit = { 0 };
	struct member_tags set = { 0 };
	struct err err;
	int rv;

	rpc_pairs(b->tags, &set);
	edit.tags = set.tags;
	edit.ntags = set.ntags;
	edit.deleted = rpc_texts(b->deleted, &edit.ndeleted);
	rv = gossipd_edit_tags(c->rpc->g, &edit, &err);
	rpc_finish(c, rv, &err);
	rec_clear(&member_tags_edit_type, &edit);
}

static void
do_stop(struct rpc_client *c, const struct ipc_body *b)
{
	rpc_stop(c, b->stop);
	rpc_answer(c, c->head.seq, "");
}

/* --- who may --- */

static void
do_handshake(struct rpc_client *c, const struct ipc_body *b)
{
	if (c->greeted) {
		rpc_answer(c, c->head.seq, "Handshake already performed");
	} else if (b->version != IPC_VERSION) {
		rpc_answer(c, c->head.seq, "Unsupported IPC version");
	} else {
		c->greeted = true;
		rpc_answer(c, c->head.seq, "");
	}
}

/* In a time that does not tell how much of it was right. */
static bool
is_key(const char *key, struct wire_bytes given)
{
	size_t n = strlen(key);
	unsigned wrong = n != given.n;

	for (size_t i = 0; i < given.n; i++)
		wrong |= given.data[i] ^ (unsigned char)key[n > 0 ? i % n : 0];
	return wrong == 0;
}

static void
do_auth(struct rpc_client *c, const struct ipc_body *b)
{
	c->vouched = c->vouched || is_key(c->rpc->auth, b->auth_key);
	rpc_answer(
	    c, c->head.seq, c->vouched ? "" : "Invalid authentication token");
}

void
rpc_command(struct rpc_client *c, const struct ipc_body *b)
{
	static rpc_command_fn *const commands[IPC_NVERBS] = {
		[IPC_HANDSHAKE] = do_handshake,
		[IPC_AUTH] = do_auth,
		[IPC_EVENT] = rpc_user_event,
		[IPC_FORCE_LEAVE] = do_force_leave,
		[IPC_JOIN] = do_join,
		[IPC_MEMBERS] = rpc_members,
		[IPC_MEMBERS_FILTERED] = rpc_members,
		[IPC_STREAM] = rpc_stream_start,
		[IPC_STOP] = do_stop,
		[IPC_MONITOR] = rpc_monitor_start,
		[IPC_LEAVE] = do_leave,
		[IPC_TAGS] = do_tags,
		[IPC_QUERY] = rpc_query,
		[IPC_RESPOND] = rpc_respond,
		[IPC_INSTALL_KEY] = rpc_keys,
		[IPC_USE_KEY] = rpc_keys,
		[IPC_REMOVE_KEY] = rpc_keys,
		[IPC_LIST_KEYS] = rpc_keys,
		[IPC_STATS] = rpc_stats,
		[IPC_GET_COORDINATE] = rpc_coordinate,
	};
	enum ipc_verb v = c->head.verb;

	if (!c->vouched && v != IPC_HANDSHAKE && v != IPC_AUTH)
		rpc_answer(c, c->head.seq, "Authentication required");
	else
		commands[v](c, b);
}
