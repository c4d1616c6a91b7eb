#include <stdlib.h>

#include "cmd/lbd/lbd.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/msg.h"

#define ASK_TIMEOUT_MS 5000
#define ASK_AGAIN_MS   10   /* the first time; then twice as long each time */
#define ASK_LATEST_MS  1000 /* ... up to this */

/*
 * Changes come by themselves; a snapshot is asked for when the link comes
 * up and whenever something may have been missed. What comes in while it is
 * under way is applied at once and makes us ask again, since the snapshot
 * may be older.
 */
struct follow {
	struct lbd *lbd;
	struct bus_sub *sub;
	struct bus_peer *peer;
	struct loop_timer *retry;
	uint64_t again_ms;
	bool up;
	bool asking;
	bool again;
};

static void ask(struct follow *f);

static void
take_snapshot(struct follow *f, const struct services_news *news)
{
	struct err err;

	if (sources_replace(&f->lbd->sources, news->put, news->nput, &err) ==
	    -1)
		log_error("services are incomplete error=\"%s\"", err.text);
	lbd_changed(f->lbd);
	log_debug("services known ninstances=%zu", news->nput);
}

static void
on_snapshot(void *ctx, const struct err *err, const void *reply)
{
	struct follow *f = ctx;
	const struct services_news *news = reply;
	bool known = err == NULL && (news->index > 0 || news->nput > 0);

	f->asking = false;
	/* A nodeagent that has just started may not know its services yet:
	 * an empty answer must not take the routes away. */
	if (known)
		take_snapshot(f, news);
	else if (err != NULL)
		log_debug("no services from nodeagent error=\"%s\"", err->text);
	if (!known && f->up) {
		loop_timer_set(f->retry, f->again_ms);
		f->again_ms *= 2;
		if (f->again_ms > ASK_LATEST_MS)
			f->again_ms = ASK_LATEST_MS;
	} else if (f->again)
		ask(f);
}

static void
ask(struct follow *f)
{
	f->again = f->asking;
	if (f->asking)
		return;
	f->asking = true;
	bus_call(f->peer, MSG_SERVICES, NULL, ASK_TIMEOUT_MS, on_snapshot, f);
}

static void
on_retry(void *arg)
{
	ask(arg);
}

static void
on_event(void *ctx, const char *topic, uint16_t number, uint64_t seq, bool gap,
    const void *body)
{
	struct follow *f = ctx;
	const struct service_event *e = body;
	struct err err;

	(void)topic;
	(void)seq;
	if (number == MSG_SERVICE && e != NULL && e->instance.id != NULL) {
		if (e->gone)
			sources_remove(&f->lbd->sources, e->instance.id);
		else if (sources_put(&f->lbd->sources, &e->instance, &err) ==
			 -1)
			log_error(
			    "a service is left out error=\"%s\"", err.text);
		if (f->lbd->sources.changed)
			lbd_changed(f->lbd);
	}
	if (gap || f->asking)
		ask(f);
}

static void
on_link(void *ctx, bool up)
{
	struct follow *f = ctx;

	if (up == f->up)
		return;
	f->up = up;
	if (up) {
		log_info("nodeagent is there");
		f->again_ms = ASK_AGAIN_MS;
		ask(f);
	} else {
		log_warn("nodeagent is gone: routes stay as they are");
		loop_timer_cancel(f->retry);
	}
}

struct follow *
follow_new(struct lbd *l, const char *run_dir, struct err *err)
{
	struct follow *f = xcalloc(1, sizeof *f);
	char *pub = daemon_url(run_dir, "nodeagent", "pub");
	char *msg = daemon_url(run_dir, "nodeagent", "msg");

	f->lbd = l;
	f->retry = loop_timer_new(l->daemon->loop, on_retry, f);
	f->peer = bus_dial(l->daemon->loop, msg, err);
	if (f->peer != NULL)
		f->sub = bus_subscribe(
		    l->daemon->loop, pub, "service.", on_event, f, err);
	if (f->sub != NULL)
		bus_sub_on_link(f->sub, on_link);
	free(pub);
	free(msg);
	if (f->sub == NULL) {
		follow_free(f);
		return NULL;
	}
	return f;
}

void
follow_free(struct follow *f)
{
	if (f == NULL)
		return;
	/* The peer's last callbacks still see the rest. */
	f->up = false;
	f->again = false;
	if (f->sub != NULL)
		bus_sub_free(f->sub);
	if (f->peer != NULL)
		bus_peer_free(f->peer);
	loop_timer_free(f->retry);
	free(f);
}

bool
follow_is_up(const struct follow *f)
{
	return f != NULL && f->up;
}
