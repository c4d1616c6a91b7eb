#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/gossipd/pattern.h"
#include "cmd/gossipd/rpc_impl.h"
#include "common/mem.h"
#include "proto/version.h"

/* --- members --- */

struct ipc_member
rpc_member(const struct pool_view *v)
{
	return (struct ipc_member){ .name = v->name,
		.status = pool_status_name(v->status),
		.addr = wire_bytes(v->addr.ip, v->addr.nip),
		.port = v->addr.port,
		.vsn = v->vsn,
		.tags = v->tags,
		.ntags = v->ntags };
}

struct filter {
	char *name, *status;
	struct member_tags tags;
};

static void
filter_release(struct filter *f)
{
	free(f->name);
	free(f->status);
	rec_clear(&member_tags_type, &f->tags);
}

static bool
filter_is_usable(const struct filter *f)
{
	for (size_t i = 0; i < f->tags.ntags; i++)
		if (!pattern_is_usable(f->tags.tags[i].value))
			return false;
	return pattern_is_usable(f->name) && pattern_is_usable(f->status);
}

static bool
filter_passes(const struct filter *f, const struct pool_view *v)
{
	for (size_t i = 0; i < f->tags.ntags; i++) {
		const char *value =
		    rec_kv_get(v->tags, v->ntags, f->tags.tags[i].key);

		if (!pattern_matches_all(
			f->tags.tags[i].value, value == NULL ? "" : value))
			return false;
	}
	return pattern_matches_all(f->name, v->name) &&
	       pattern_matches_all(f->status, pool_status_name(v->status));
}

void
rpc_members(struct rpc_client *c, const struct ipc_body *b)
{
	const struct pool *p = c->rpc->g->pool;
	struct buf list = { 0 };
	struct pool_view v;
	struct filter f;
	size_t at = 0, n = 0;

	f = (struct filter){ rpc_text(b->name), rpc_text(b->status), { 0 } };
	rpc_pairs(b->tags, &f.tags);
	if (!filter_is_usable(&f)) {
		c->ends = true; /* without a word, as an agent does */
		filter_release(&f);
		return;
	}
	while (pool_next(p, &at, &v)) {
		struct ipc_member m = rpc_member(&v);

		if (!filter_passes(&f, &v))
			continue;
		ipc_put_member(&list, &m);
		n++;
	}
	rpc_answer(c, c->head.seq, "");
	ipc_put_members(&c->out, n);
	buf_add(&c->out, list.data, list.len);
	buf_release(&list);
	filter_release(&f);
}

/* --- numbers --- */

static void
add_number(struct member_tags *t, const char *name, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	rec_kv_set(&t->tags, &t->ntags, name, text);
}

static void
add_runtime(struct member_tags *t)
{
	struct utsname u = { 0 };
	long ncpus = sysconf(_SC_NPROCESSORS_ONLN);

	uname(&u);
	rec_kv_set(&t->tags, &t->ntags, "os", "linux");
	rec_kv_set(&t->tags, &t->ntags, "arch", u.machine);
	rec_kv_set(&t->tags, &t->ntags, "version", "rove " ROVE_VERSION);
	add_number(t, "cpu_count", ncpus > 0 ? (uint64_t)ncpus : 1);
}

static void
add_pool(struct member_tags *t, const struct pool *p)
{
	struct pool_info i;

	pool_info(p, &i);
	add_number(t, "members", i.nmembers);
	add_number(t, "failed", i.nfailed);
	add_number(t, "left", i.nleft);
	add_number(t, "health_score", i.health);
	add_number(t, "member_time", i.member_time);
	add_number(t, "event_time", i.event_time);
	add_number(t, "query_time", i.query_time);
	add_number(t, "intent_queue", i.queue_intents);
	add_number(t, "event_queue", i.queue_events);
	add_number(t, "query_queue", i.queue_queries);
	add_number(t, "coordinate_resets", i.coord_resets);
	rec_kv_set(
	    &t->tags, &t->ntags, "encrypted", i.encrypted ? "true" : "false");
}

void
rpc_stats(struct rpc_client *c, const struct ipc_body *b)
{
	const struct gossipd *g = c->rpc->g;
	const struct rec_kv agent = { (char *)"name", g->name };
	struct member_tags runtime = { 0 }, serf = { 0 };
	struct pool_view self;

	pool_self(g->pool, &self);
	(void)b;
	add_runtime(&runtime);
	add_pool(&serf, g->pool);
	rpc_answer(c, c->head.seq, "");
	ipc_put_stats(&c->out,
	    (const struct ipc_section[]){ { "agent", &agent, 1 },
		{ "runtime", runtime.tags, runtime.ntags },
		{ "serf", serf.tags, serf.ntags },
		{ "tags", self.tags, self.ntags },
		{ "event_handlers", NULL, 0 } },
	    5);
	rec_clear(&member_tags_type, &runtime);
	rec_clear(&member_tags_type, &serf);
}

void
rpc_coordinate(struct rpc_client *c, const struct ipc_body *b)
{
	const struct gossipd *g = c->rpc->g;
	char *node = rpc_text(b->node);
	struct pool_view v = { 0 };

	if (strcmp(node, g->name) == 0)
		pool_self(g->pool, &v);
	else if (!pool_find(g->pool, node, &v))
		v.coord = NULL;
	rpc_answer(c, c->head.seq, "");
	ipc_put_coord(&c->out, v.coord);
	free(node);
}
