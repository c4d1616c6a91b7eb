#include "tests/lib/gossip.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

static struct wire_bytes
bytes_of(const struct buf *b)
{
	return wire_bytes(b->data, b->len);
}

/* --- the parts of a message, made anew in place --- */

/* The room that rebuilt parts live in, until gossip_drop(). */
static struct kept {
	struct buf buf;
	struct kept *next;
} * kept;

struct buf *
gossip_keep(void)
{
	struct kept *k = xcalloc(1, sizeof *k);

	k->next = kept;
	kept = k;
	return &k->buf;
}

void
gossip_drop(void)
{
	for (struct kept *k; (k = kept) != NULL; free(k)) {
		kept = k->next;
		buf_release(&k->buf);
	}
}

static bool
remake(const struct wire_form *form, struct wire_bytes *bytes, size_t type)
{
	union {
		struct wire_member member;
		struct wire_key_request request;
		struct wire_key_response response;
	} msg;
	struct buf *out = gossip_keep();

	if (wire_get(form, wire_from(*bytes, type), &msg, NULL, NULL) == -1)
		return false;
	wire_put(out, form, &msg);
	*bytes = bytes_of(out);
	return true;
}

static bool
remake_meta(struct wire_bytes *meta)
{
	struct wire_bytes role, key, value;
	struct rec_kv *kv = NULL;
	struct wire_list tags;
	struct buf *out = gossip_keep();
	size_t n = 0;

	if (wire_tags_get(*meta, &tags, &role, NULL) == -1)
		return false;
	if (role.data != NULL)
		return true;
	kv = xcalloc(tags.count + 1, sizeof *kv);
	for (; wire_next_pair(&tags, &key, &value); n++) {
		kv[n].key = xstrndup((const char *)key.data, key.n);
		kv[n].value = xstrndup((const char *)value.data, value.n);
	}
	wire_tags_put(out, kv, n);
	for (size_t i = 0; i < n; i++) {
		free(kv[i].key);
		free(kv[i].value);
	}
	free(kv);
	*meta = bytes_of(out);
	return true;
}

static bool
remake_coord(struct wire_bytes *payload)
{
	struct wire_coord c;
	struct buf *out = gossip_keep();

	if (payload->data == NULL)
		return true;
	if (wire_coord_get(*payload, &c, NULL) == -1)
		return false;
	wire_coord_put(out, &c);
	*payload = bytes_of(out);
	return true;
}

static void
remake_events(struct wire_list *events)
{
	struct wire_list from = *events;
	struct wire_event event;
	struct buf *out = gossip_keep();

	if (from.data == NULL)
		return;
	while (wire_next_event(&from, &event))
		wire_put(out, &wire_event_form, &event);
	*events = wire_list(out, events->count);
}

static void
remake_slots(struct wire_list *slots)
{
	struct wire_list from = *slots;
	struct wire_slot slot;
	struct buf *out = gossip_keep();

	while (wire_next_slot(&from, &slot)) {
		if (slot.events.data == NULL) {
			wire_add_nil(out);
			continue;
		}
		remake_events(&slot.events);
		wire_put(out, &wire_slot_form, &slot);
	}
	*slots = wire_list(out, slots->count);
}

static void
remake_serf_lists(struct wire_serf_state *s)
{
	struct wire_list left = s->left_members, clocks = s->status_ltimes;
	struct buf *names = gossip_keep(), *times = gossip_keep();
	struct wire_bytes name;
	uint64_t ltime;

	while (wire_next_bytes(&left, &name))
		wire_add_str(names, name);
	while (wire_next_clock(&clocks, &name, &ltime)) {
		wire_add_str(times, name);
		wire_add_uint(times, ltime);
	}
	s->left_members = wire_list(names, s->left_members.count);
	s->status_ltimes = wire_list(times, s->status_ltimes.count);
	remake_slots(&s->events);
}

/* --- Serf's messages --- */

static bool
remake_payload(struct wire_bytes *payload)
{
	if (payload->n == 0)
		return true;
	switch (payload->data[0]) {
	case WIRE_SERF_CONFLICT_RESPONSE:
		return remake(&wire_member_form, payload, 1);
	case WIRE_SERF_KEY_REQUEST:
		return remake(&wire_key_request_form, payload, 1);
	case WIRE_SERF_KEY_RESPONSE:
		return remake(&wire_key_response_form, payload, 1);
	default:
		return true;
	}
}

static bool
remake_filters(struct wire_list *filters)
{
	struct wire_list from = *filters, names;
	struct wire_tag_filter tag;
	struct wire_bytes f;
	struct buf *out = gossip_keep();

	if (from.data == NULL)
		return true;
	while (wire_next_bytes(&from, &f)) {
		if (f.data[0] == WIRE_FILTER_NODE &&
		    wire_names_get(wire_from(f, 1), &names, NULL) == -1)
			return false;
		if (f.data[0] == WIRE_FILTER_TAG &&
		    wire_get(&wire_tag_filter_form, wire_from(f, 1), &tag, NULL,
			NULL) == -1)
			return false;
		wire_add_raw(out, f);
	}
	*filters = wire_list(out, filters->count);
	return true;
}

static bool remake_serf(struct buf *out, struct wire_bytes m);

static bool
remake_relay(struct buf *out, struct wire_bytes body)
{
	struct wire_relay relay;
	struct wire_bytes inner;

	if (wire_get(&wire_relay_form, body, &relay, &inner, NULL) == -1)
		return false;
	wire_put(out, &wire_relay_form, &relay);
	return remake_serf(out, inner);
}

static bool
remake_serf(struct buf *out, struct wire_bytes m)
{
	static const struct wire_form *const forms[] = {
		[WIRE_SERF_LEAVE] = &wire_leave_form,
		[WIRE_SERF_JOIN] = &wire_join_form,
		[WIRE_SERF_PUSH_PULL] = &wire_serf_state_form,
		[WIRE_SERF_USER_EVENT] = &wire_user_event_form,
		[WIRE_SERF_QUERY] = &wire_query_form,
		[WIRE_SERF_QUERY_RESPONSE] = &wire_query_response_form,
	};
	union {
		struct wire_intent intent;
		struct wire_serf_state state;
		struct wire_user_event event;
		struct wire_query query;
		struct wire_query_response response;
	} msg;
	uint8_t type = m.n > 0 ? m.data[0] : UINT8_MAX;

	if (type == WIRE_SERF_RELAY)
		return remake_relay(out, wire_from(m, 1));
	if (type >= sizeof forms / sizeof forms[0] ||
	    wire_get(forms[type], wire_from(m, 1), &msg, NULL, NULL) == -1)
		return false;
	if (type == WIRE_SERF_PUSH_PULL)
		remake_serf_lists(&msg.state);
	if (type == WIRE_SERF_QUERY && (!remake_filters(&msg.query.filters) ||
					   !remake_payload(&msg.query.payload)))
		return false;
	if (type == WIRE_SERF_QUERY_RESPONSE &&
	    !remake_payload(&msg.response.payload))
		return false;
	wire_put(out, forms[type], &msg);
	return true;
}

/* --- memberlist's messages --- */

static bool
remake_push_pull(struct buf *out, struct wire_bytes body)
{
	struct buf *nodes = gossip_keep(), *user = gossip_keep();
	struct wire_push_pull pp;
	struct wire_node node;
	size_t n = 0;

	if (wire_push_pull_get(body, &pp, NULL) == -1)
		return false;
	for (; wire_next_node(&pp.nodes, &node); n++) {
		if (!remake_meta(&node.meta))
			return false;
		wire_put(nodes, &wire_node_form, &node);
	}
	if (!remake_serf(user, pp.user))
		return false;
	pp.nodes = wire_list(nodes, n);
	pp.user = bytes_of(user);
	wire_push_pull_put(out, &pp);
	return true;
}

bool
gossip_remake(struct buf *out, struct wire_bytes m)
{
	static const struct wire_form *const forms[] = {
		[WIRE_PING] = &wire_ping_form,
		[WIRE_INDIRECT_PING] = &wire_indirect_ping_form,
		[WIRE_ACK] = &wire_ack_form,
		[WIRE_SUSPECT] = &wire_suspect_form,
		[WIRE_ALIVE] = &wire_alive_form,
		[WIRE_DEAD] = &wire_dead_form,
		[WIRE_NACK] = &wire_nack_form,
		[WIRE_ERR] = &wire_err_form,
	};
	union {
		struct wire_ping ping;
		struct wire_indirect_ping indirect;
		struct wire_ack ack;
		struct wire_alive alive;
		struct wire_accusation accusation;
		struct wire_nack nack;
		struct wire_err err;
	} msg;
	uint8_t type = m.data[0];

	if (type == WIRE_PUSH_PULL)
		return remake_push_pull(out, wire_from(m, 1));
	if (type == WIRE_USER) {
		buf_addc(out, WIRE_USER);
		return remake_serf(out, wire_from(m, 1));
	}
	if (type >= sizeof forms / sizeof forms[0] || forms[type] == NULL ||
	    wire_get(forms[type], wire_from(m, 1), &msg, NULL, NULL) == -1)
		return false;
	if (type == WIRE_ACK && !remake_coord(&msg.ack.payload))
		return false;
	if (type == WIRE_ALIVE && !remake_meta(&msg.alive.meta))
		return false;
	wire_put(out, forms[type], &msg);
	return true;
}
