#include <assert.h>

#include "cmd/gossipd/wire_impl.h"

/* --- push/pull --- */

int
wire_push_pull_get(
    struct wire_bytes body, struct wire_push_pull *out, struct err *err)
{
	struct wire_push_pull_head head;
	struct wire_bytes rest;
	struct wire_in in;

	*out = (struct wire_push_pull){ 0 };
	if (wire_get(&wire_push_pull_head_form, body, &head, &rest, err) == -1)
		return -1;
	in = wire_in(rest);
	for (size_t i = 0; i < head.nnodes; i++) {
		struct wire_node node = { 0 };

		if (wire_read_form(&in, &wire_node_form, &node) == -1)
			return err_set(err, ERR_BAD,
			    "push/pull: node %zu of %u: %s", i, head.nnodes,
			    in.why);
	}
	if (wire_left(&in) < head.user_len)
		return err_set(err, ERR_BAD, "push/pull: user state cut short");
	out->join = head.join;
	out->nodes = (struct wire_list){ rest.data, (size_t)(in.p - rest.data),
		head.nnodes };
	out->user = wire_bytes(in.p, head.user_len);
	return 0;
}

bool
wire_next_node(struct wire_list *l, struct wire_node *out)
{
	while (l->count > 0) {
		struct wire_in in = wire_in(wire_bytes(l->data, l->n));
		int rv;

		*out = (struct wire_node){ 0 };
		rv = wire_read_form(&in, &wire_node_form, out);
		assert(rv == 0); /* else nobody has looked at them */
		l->data = in.p;
		l->n = wire_left(&in);
		l->count--;
		if (wire_node_form.check(out) == NULL)
			return true;
	}
	return false;
}

void
wire_push_pull_put(struct buf *out, const struct wire_push_pull *pp)
{
	struct wire_push_pull_head head = { (uint32_t)pp->nodes.count,
		(uint32_t)pp->user.n, pp->join };

	wire_put(out, &wire_push_pull_head_form, &head);
	buf_add(out, pp->nodes.data, pp->nodes.n);
	buf_add(out, pp->user.data, pp->user.n);
}

/* --- user messages --- */

struct user_head {
	uint32_t len;
};
static const struct wire_field user_head_fields[] = {
	WIRE_ROW("UserMsgLen", WIRE_U32, offsetof(struct user_head, len), 0),
};
static const struct wire_form user_head_form = { "user message", WIRE_USER,
	sizeof(struct user_head), user_head_fields, 1, NULL };

int
wire_stream_user_get(
    struct wire_bytes body, struct wire_bytes *user, struct err *err)
{
	struct user_head head;
	struct wire_bytes rest;

	if (wire_get(&user_head_form, body, &head, &rest, err) == -1)
		return -1;
	if (rest.n < head.len || head.len == 0)
		return err_set(err, ERR_BAD, "user message: cut short");
	*user = wire_bytes(rest.data, head.len);
	return 0;
}

/* --- is it complete? --- */

enum stage {
	START,
	HEAD,  /* the first value behind the type byte */
	NODES, /* of a push/pull */
	TAIL,  /* as many bytes as the head says: at is the end */
};

bool
wire_step_over(struct wire_scan *s, struct wire_bytes b, size_t max, bool *bad)
{
	while (s->pending > 0) {
		struct wire_in in;
		size_t nvalues, nbytes;

		if (s->at >= b.n)
			return false;
		in = wire_in(wire_from(b, s->at));
		if (wire_read_head(&in, &nvalues, &nbytes) == -1) {
			*bad = b.data[s->at] == 0xc1;
			return false;
		}
		s->at = (size_t)(in.p - b.data) + nbytes;
		s->pending += nvalues - 1;
		/* Each value takes a byte at least. */
		if (s->at + s->pending > max) {
			*bad = true;
			return false;
		}
	}
	return true;
}

/* The stream's first byte, and what can be said from it. */
static bool
begin(struct wire_scan *s, struct wire_bytes b)
{
	s->at = s->pending = 1;
	s->stage = HEAD;
	switch (b.data[0]) {
	case WIRE_PING:
	case WIRE_ACK:
	case WIRE_PUSH_PULL:
	case WIRE_USER:
	case WIRE_COMPRESS:
	case WIRE_ERR:
	case WIRE_ENCRYPT:
		return true;
	default:
		return false;
	}
}

/* The head is complete: what follows it. */
static bool
after_head(struct wire_scan *s, struct wire_bytes b)
{
	struct wire_bytes body = wire_bytes(b.data + 1, s->at - 1);
	struct wire_push_pull_head head;
	struct user_head user;

	s->stage = TAIL;
	if (b.data[0] == WIRE_USER) {
		if (wire_get(&user_head_form, body, &user, NULL, NULL) == -1)
			return false;
		s->at += user.len;
	} else if (b.data[0] == WIRE_PUSH_PULL) {
		if (wire_get(&wire_push_pull_head_form, body, &head, NULL,
			NULL) == -1)
			return false;
		s->stage = NODES;
		s->pending = head.nnodes;
		s->tail = head.user_len;
	}
	return s->at <= WIRE_STREAM_MAX;
}

static bool
scan_sealed(struct wire_scan *s, struct wire_bytes b)
{
	size_t len = 0;

	if (b.n < SEALED_HEAD)
		return true;
	for (size_t i = 1; i < SEALED_HEAD; i++)
		len = len << 8 | b.data[i];
	s->at = SEALED_HEAD + len;
	s->stage = TAIL;
	return len <= WIRE_STREAM_MAX;
}

/* False for bad; else as far as it can get with the bytes there are. */
static bool
advance(struct wire_scan *s, struct wire_bytes b)
{
	bool bad = false;

	if (s->stage == START && !begin(s, b))
		return false;
	if (s->stage == HEAD && b.data[0] == WIRE_ENCRYPT)
		return scan_sealed(s, b);
	if (s->stage == HEAD && wire_step_over(s, b, WIRE_STREAM_MAX, &bad) &&
	    s->at <= b.n && !after_head(s, b))
		return false;
	if (s->stage == NODES && wire_step_over(s, b, WIRE_STREAM_MAX, &bad)) {
		s->at += s->tail;
		s->stage = TAIL;
	}
	return !bad && s->at <= SEALED_HEAD + WIRE_STREAM_MAX;
}

enum wire_scanned
wire_scan(struct wire_scan *s, struct wire_bytes sofar, size_t *n)
{
	if (sofar.n == 0)
		return WIRE_MORE;
	if (!advance(s, sofar))
		return WIRE_BAD;
	if (s->stage != TAIL || s->at > sofar.n)
		return WIRE_MORE;
	*n = s->at;
	return WIRE_WHOLE;
}
