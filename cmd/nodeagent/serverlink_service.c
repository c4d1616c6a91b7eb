/* Services: ours, for the servers; everybody's, for the catalog. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/serverlink.h"
#include "cmd/nodeagent/serverlink_impl.h"
#include "common/mem.h"
#include "proto/msg.h"

static int here; /* its address is a value for maps that are sets */

static void
free_service(struct service_instance *s)
{
	if (s == NULL)
		return;
	rec_clear(&service_instance_type, s);
	free(s);
}

void
link_forget_services(struct map *m)
{
	MAP_FOREACH (e, m)
		free_service(map_value(e));
	map_release(m);
}

static void
on_services_pushed(void *ctx, const struct err *err, const void *reply)
{
	struct serverlink *l = ctx;

	(void)reply;
	l->pushing_services = false;
	if (err == NULL) {
		link_forget_services(&l->put_sent);
		map_release(&l->removed_sent);
		loop_timer_set(l->push_timer, 0);
		return;
	}
	link_note_failure(l, err);
	/* What came meanwhile is newer than what could not be sent. */
	MAP_FOREACH (e, &l->put_sent)
		if (map_find(&l->put, map_key(e)) == NULL &&
		    map_find(&l->removed, map_key(e)) == NULL)
			map_put(&l->put, map_key(e), map_value(e));
		else
			free_service(map_value(e));
	map_release(&l->put_sent);
	MAP_FOREACH (e, &l->removed_sent)
		if (map_find(&l->put, map_key(e)) == NULL)
			map_put(&l->removed, map_key(e), &here);
	map_release(&l->removed_sent);
	loop_timer_set(l->push_timer, link_retry_ms(l));
}

void
link_push_services(struct serverlink *l)
{
	struct services_update u = { .node_id = l->na->node.id,
		.secret_id = l->na->node.secret_id };

	if (map_count(&l->put) + map_count(&l->removed) == 0)
		return;
	link_move_all(&l->put, &l->put_sent);
	link_move_all(&l->removed, &l->removed_sent);
	u.put = xcalloc(map_count(&l->put_sent), sizeof *u.put);
	MAP_FOREACH (e, &l->put_sent)
		u.put[u.nput++] =
		    *(const struct service_instance *)map_value(e);
	u.remove = xcalloc(map_count(&l->removed_sent), sizeof *u.remove);
	MAP_FOREACH (e, &l->removed_sent)
		u.remove[u.nremove++] = xstrdup(map_key(e));
	l->pushing_services = true;
	u.seq = link_next_seq(l);
	bus_call(l->peer, MSG_SERVICES_UPDATE, &u, SERVERLINK_LEASE_TIMEOUT_MS,
	    on_services_pushed, l);
	for (size_t i = 0; i < u.nremove; i++)
		free(u.remove[i]);
	free(u.remove);
	free(u.put); /* its parts belong to put_sent */
}

static void
publish_service(
    struct serverlink *l, const struct service_instance *s, bool gone)
{
	struct service_event e = { .gone = gone, .instance = *s };
	char topic[BUS_TOPIC_MAX + 1];

	snprintf(topic, sizeof topic, "service.%s", s->service_name);
	bus_publish(l->na->daemon->pub, topic, MSG_SERVICE, &e);
}

static void
take_service_out(struct serverlink *l, const char *id)
{
	struct service_instance *s = catalog_take(&l->na->catalog, id);

	if (s == NULL)
		return;
	publish_service(l, s, true);
	free_service(s);
}

static void
drop_unlisted_services(struct serverlink *l, const struct services_news *news)
{
	struct map_entry *next;

	for (struct map_entry *e = map_first(&l->na->catalog.by_id); e != NULL;
	     e = next) {
		bool listed = false;

		next = map_next(e);
		for (size_t i = 0; i < news->nput && !listed; i++)
			listed = strcmp(news->put[i].id, map_key(e)) == 0;
		if (!listed)
			take_service_out(l, map_key(e));
	}
}

static void
on_services(void *ctx, const struct err *err, const void *reply)
{
	struct serverlink *l = ctx;
	const struct services_news *news = reply;

	l->following = false;
	if (err != NULL) {
		if (err->code != ERR_TIMEOUT)
			link_note_failure(l, err);
		loop_timer_set(l->follow_timer,
		    err->code == ERR_TIMEOUT ? 0 : link_retry_ms(l));
		return;
	}
	for (size_t i = 0; i < news->nput; i++)
		if (catalog_put(
			&l->na->catalog, news->put[i].id, &news->put[i]))
			publish_service(l, &news->put[i], false);
	for (size_t i = 0; i < news->nremove; i++)
		take_service_out(l, news->remove[i]);
	if (news->full)
		drop_unlisted_services(l, news);
	l->na->catalog.index = news->index;
	link_follow(l);
}

void
link_follow(void *arg)
{
	struct serverlink *l = arg;
	struct services_ask ask = { .index = l->na->catalog.index };

	if (l->following || !l->registered)
		return;
	l->following = true;
	bus_call(l->peer, MSG_SERVICES_FOLLOW, &ask, SERVERLINK_HELD_MS,
	    on_services, l);
}

void
serverlink_put_service(struct serverlink *l, const struct service_instance *s)
{
	struct service_instance *own = xcalloc(1, sizeof *own);

	rec_copy(&service_instance_type, own, s);
	free_service(map_put(&l->put, s->id, own));
	map_remove(&l->removed, s->id);
	loop_timer_set(l->push_timer, 0);
}

void
serverlink_remove_service(struct serverlink *l, const char *id)
{
	free_service(map_remove(&l->put, id));
	map_put(&l->removed, id, &here);
	loop_timer_set(l->push_timer, 0);
}
