/* How nodes, services and checks look in answers. */
#include <stdlib.h>
#include <string.h>

#include "common/catalog/consul_impl.h"
#include "common/json.h"
#include "common/mem.h"

void
consul_put_text(struct buf *out, const char *text)
{
	if (text == NULL)
		text = "";
	json_put_text(out, text, strlen(text));
}

static void
put_member(struct buf *out, const char *before, const char *text)
{
	buf_adds(out, before);
	consul_put_text(out, text);
}

/* none: how a map that nobody has given looks. */
static void
put_pairs(struct buf *out, const struct rec_kv *kv, size_t n, const char *none)
{
	if (n == 0) {
		buf_adds(out, kv == NULL ? none : "{}");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		buf_addc(out, i == 0 ? '{' : ',');
		consul_put_text(out, kv[i].key);
		buf_addc(out, ':');
		consul_put_text(out, kv[i].value);
	}
	buf_addc(out, '}');
}

static void
put_tags(struct buf *out, char *const *tags, size_t n)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		consul_put_text(out, tags[i]);
	}
	buf_addc(out, ']');
}

static void
put_indexes(struct buf *out, uint64_t created, uint64_t modified)
{
	buf_adds(out, ",\"CreateIndex\":");
	json_put_uint(out, created);
	buf_adds(out, ",\"ModifyIndex\":");
	json_put_uint(out, modified);
	buf_addc(out, '}');
}

void
consul_put_node(struct buf *out, const struct entry_node *n)
{
	put_member(out, "{\"ID\":", n->id);
	put_member(out, ",\"Node\":", n->node);
	put_member(out, ",\"Address\":", n->address);
	put_member(out, ",\"Datacenter\":", n->datacenter);
	buf_adds(out, ",\"TaggedAddresses\":");
	put_pairs(out, n->tagged, n->ntagged, "null");
	buf_adds(out, ",\"Meta\":");
	put_pairs(out, n->meta, n->nmeta, "null");
	put_indexes(out, n->create_index, n->modify_index);
}

static void
put_weights(struct buf *out, const struct entry_weights *w)
{
	buf_adds(out, "{\"Passing\":");
	json_put_int(out, w == NULL ? 1 : w->passing);
	buf_adds(out, ",\"Warning\":");
	json_put_int(out, w == NULL ? 1 : w->warning);
	buf_addc(out, '}');
}

static void
put_tagged(struct buf *out, const char *before, const struct entry_service *s)
{
	if (s->ntagged == 0)
		return;
	buf_adds(out, before);
	for (size_t i = 0; i < s->ntagged; i++) {
		buf_addc(out, i == 0 ? '{' : ',');
		consul_put_text(out, s->tagged[i].key);
		put_member(out, ":{\"Address\":", s->tagged[i].place.address);
		buf_adds(out, ",\"Port\":");
		json_put_int(out, s->tagged[i].place.port);
		buf_addc(out, '}');
	}
	buf_addc(out, '}');
}

void
consul_put_service(
    struct buf *out, const struct registry_service *rs, bool of_agent)
{
	const struct entry_service *s = &rs->s;

	put_member(out, "{\"ID\":", s->id);
	put_member(out, ",\"Service\":", s->service);
	buf_adds(out, ",\"Tags\":");
	put_tags(out, s->tags, s->ntags);
	put_member(out, ",\"Address\":", s->address);
	put_tagged(out, ",\"TaggedAddresses\":", s);
	buf_adds(out, ",\"Meta\":");
	put_pairs(out, s->meta, s->nmeta, of_agent ? "{}" : "null");
	if (of_agent || s->port != 0) {
		buf_adds(out, ",\"Port\":");
		json_put_int(out, s->port);
	}
	buf_adds(out, ",\"Weights\":");
	put_weights(out, s->weights);
	buf_adds(out, ",\"EnableTagOverride\":");
	buf_adds(out, s->enable_tag_override ? "true" : "false");
	if (of_agent) {
		put_member(out, ",\"Datacenter\":", rs->node->n.datacenter);
		buf_addc(out, '}');
		return;
	}
	buf_adds(out, ",\"Proxy\":{\"Mode\":\"\",\"MeshGateway\":{},"
		      "\"Expose\":{}},\"Connect\":{},\"PeerName\":\"\"");
	put_indexes(out, s->create_index, s->modify_index);
}

void
consul_put_instance(struct buf *out, const struct registry_service *rs)
{
	const struct entry_service *s = &rs->s;
	const struct entry_node *n = &rs->node->n;

	put_member(out, "{\"ID\":", n->id);
	put_member(out, ",\"Node\":", n->node);
	put_member(out, ",\"Address\":", n->address);
	put_member(out, ",\"Datacenter\":", n->datacenter);
	buf_adds(out, ",\"TaggedAddresses\":");
	put_pairs(out, n->tagged, n->ntagged, "null");
	buf_adds(out, ",\"NodeMeta\":");
	put_pairs(out, n->meta, n->nmeta, "null");
	put_member(out, ",\"ServiceKind\":\"\",\"ServiceID\":", s->id);
	put_member(out, ",\"ServiceName\":", s->service);
	buf_adds(out, ",\"ServiceTags\":");
	put_tags(out, s->tags, s->ntags);
	put_member(out, ",\"ServiceAddress\":", s->address);
	put_tagged(out, ",\"ServiceTaggedAddresses\":", s);
	buf_adds(out, ",\"ServiceWeights\":");
	put_weights(out, s->weights);
	buf_adds(out, ",\"ServiceMeta\":");
	put_pairs(out, s->meta, s->nmeta, "{}");
	buf_adds(out, ",\"ServicePort\":");
	json_put_int(out, s->port);
	buf_adds(out, ",\"ServiceSocketPath\":\"\","
		      "\"ServiceEnableTagOverride\":");
	buf_adds(out, s->enable_tag_override ? "true" : "false");
	buf_adds(out,
	    ",\"ServiceProxy\":{\"Mode\":\"\",\"MeshGateway\":{},"
	    "\"Expose\":{}},\"ServiceConnect\":{},\"ServiceLocality\":null");
	put_indexes(out, s->create_index, s->modify_index);
}

/* The agent shows each check with a definition that says nothing. */
static void
put_definition(struct buf *out, bool of_agent)
{
	if (!of_agent) {
		buf_adds(out, ",\"Definition\":{}");
		return;
	}
	buf_adds(out,
	    ",\"Definition\":{\"Interval\":\"0s\",\"Timeout\":\"0s\","
	    "\"DeregisterCriticalServiceAfter\":\"0s\",\"HTTP\":\"\","
	    "\"Header\":null,\"Method\":\"\",\"Body\":\"\","
	    "\"TLSServerName\":\"\",\"TLSSkipVerify\":false,\"TCP\":\"\","
	    "\"TCPUseTLS\":false,\"UDP\":\"\",\"GRPC\":\"\","
	    "\"OSService\":\"\",\"GRPCUseTLS\":false}");
}

static void
put_check_tags(struct buf *out, const struct registry_node *n,
    const struct entry_check *c, bool of_agent)
{
	const struct registry_service *s =
	    c->service_id == NULL ? NULL
				  : map_find(&n->services, c->service_id);

	buf_adds(out, ",\"ServiceTags\":");
	if (s != NULL && s->s.ntags > 0)
		put_tags(out, s->s.tags, s->s.ntags);
	else
		buf_adds(out, of_agent ? "null" : "[]");
}

void
consul_put_check(struct buf *out, const struct registry_node *n,
    const struct registry_check *rc, enum consul_form form)
{
	const struct entry_check *c = &rc->c;
	bool of_agent = form != CONSUL_CATALOG;

	put_member(out, "{\"Node\":", n->n.node);
	put_member(out, ",\"CheckID\":", c->check_id);
	put_member(out, ",\"Name\":", c->name);
	put_member(out, ",\"Status\":", c->status);
	put_member(out, ",\"Notes\":", c->notes);
	put_member(out, ",\"Output\":",
	    of_agent && rc->output != NULL ? rc->output : c->output);
	put_member(out, ",\"ServiceID\":", c->service_id);
	put_member(out, ",\"ServiceName\":", c->service_name);
	put_check_tags(out, n, c, of_agent);
	put_member(out, ",\"Type\":", form == CONSUL_BARE ? NULL : c->type);
	if (!of_agent) {
		put_member(out, ",\"Interval\":", c->interval);
		put_member(out, ",\"Timeout\":", c->timeout);
	}
	buf_adds(out, ",\"ExposedPort\":0");
	put_definition(out, of_agent);
	put_indexes(out, of_agent ? 0 : c->create_index,
	    of_agent ? 0 : c->modify_index);
}

struct keyed {
	const char *key;
	void *value;
};

static int
compare_keyed(const void *a, const void *b)
{
	return strcmp(
	    ((const struct keyed *)a)->key, ((const struct keyed *)b)->key);
}

void **
consul_sorted(const struct map *m, size_t *n)
{
	size_t max = map_count(m), i = 0;
	struct keyed *all = xcalloc(max + 1, sizeof *all);
	void **values = xcalloc(max + 1, sizeof *values);

	MAP_FOREACH (e, m)
		all[i++] = (struct keyed){ map_key(e), map_value(e) };
	qsort(all, max, sizeof *all, compare_keyed);
	for (i = 0; i < max; i++)
		values[i] = all[i].value;
	free(all);
	*n = max;
	return values;
}
