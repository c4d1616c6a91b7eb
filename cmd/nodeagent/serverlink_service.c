/* Services: ours, for the servers; everybody's, for the catalog. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/catalogapi.h"
#include "cmd/nodeagent/serverlink.h"
#include "cmd/nodeagent/serverlink_impl.h"
#include "common/mem.h"
#include "proto/msg.h"

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
		link_note_success(l, &l->push_services);
		link_forget_services(&l->put_sent);
		map_release(&l->removed_sent);
		loop_timer_set(l->push_timer, 0);
		return;
	}
	link_note_failure(l, &l->push_services, err);
	/* What came meanwhile is newer than what could not be sent. */
	MAP_FOREACH (e, &l->put_sent)
		if (!map_has(&l->put, map_key(e)) &&
		    !map_has(&l->removed, map_key(e)))
			map_put(&l->put, map_key(e), map_value(e));
		else
			free_service(map_value(e));
	map_release(&l->put_sent);
	MAP_FOREACH (e, &l->removed_sent)
		if (!map_has(&l->put, map_key(e)))
			map_add(&l->removed, map_key(e));
	map_release(&l->removed_sent);
	loop_timer_set(l->push_timer, link_retry_ms(l, &l->push_services));
}

/* Moves what goes into one update; the rest waits for the next. */
static void
choose_services(struct serverlink *l)
{
	struct map_entry *e;
	struct buf packed = { 0 };

	while ((e = map_first(&l->put)) != NULL) {
		rec_pack(&service_instance_type, map_value(e), &packed);
		if (packed.len > SERVERLINK_BATCH_BYTES &&
		    map_count(&l->put_sent) > 0)
			break;
		map_put(&l->put_sent, map_key(e), map_value(e));
		map_remove(&l->put, map_key(e));
	}
	while ((e = map_first(&l->removed)) != NULL &&
	       packed.len <= SERVERLINK_BATCH_BYTES) {
		buf_adds(&packed, map_key(e));
		map_put(&l->removed_sent, map_key(e), map_value(e));
		map_remove(&l->removed, map_key(e));
	}
	buf_release(&packed);
}

void
link_push_services(struct serverlink *l)
{
	struct services_update u = { .node_id = l->na->node.id,
		.secret_id = l->na->node.secret_id };

	if (map_count(&l->put) + map_count(&l->removed) == 0)
		return;
	choose_services(l);
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
	if (gone)
		catalogapi_remove(l->na->catalogapi, s);
	else
		catalogapi_put(l->na->catalogapi, s);
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
drop_unlisted_services(struct serverlink *l)
{
	struct map_entry *next;

	for (struct map_entry *e = map_first(&l->na->catalog.by_id); e != NULL;
	     e = next) {
		next = map_next(e);
		if (!link_cursor_lists(&l->services, map_key(e)))
			take_service_out(l, map_key(e));
	}
	link_cursor_forget(&l->services);
}

static void
on_no_services(struct serverlink *l, const struct err *err)
{
	if (err->code == ERR_TIMEOUT) {
		link_note_success(l, &l->follow);
		loop_timer_set(l->follow_timer, 0);
		return;
	}
	link_note_failure(l, &l->follow, err);
	loop_timer_set(l->follow_timer, link_retry_ms(l, &l->follow));
}

static void
on_services(void *ctx, const struct err *err, const void *reply)
{
	struct serverlink *l = ctx;
	const struct services_news *news = reply;

	l->following = false;
	if (err != NULL) {
		on_no_services(l, err);
		return;
	}
	if (!link_accept(
		l, &l->follow, &l->services, news->index, news->full)) {
		loop_timer_set(l->follow_timer, link_retry_ms(l, &l->follow));
		return;
	}
	link_note_success(l, &l->follow);
	link_cursor_move(
	    &l->services, news->index, news->full, news->at, news->after);
	for (size_t i = 0; i < news->nput; i++) {
		link_cursor_list(&l->services, news->put[i].id);
		if (catalog_put(
			&l->na->catalog, news->put[i].id, &news->put[i]))
			publish_service(l, &news->put[i], false);
	}
	for (size_t i = 0; i < news->nremove; i++)
		take_service_out(l, news->remove[i]);
	if (link_cursor_is_whole(&l->services))
		drop_unlisted_services(l);
	if (l->services.after == NULL)
		l->na->catalog.index = news->index;
	link_follow(l);
}

void
link_follow(void *arg)
{
	struct serverlink *l = arg;
	struct services_ask ask = { .index = l->services.index,
		.at = l->services.at,
		.after = l->services.after,
		.node_id = l->na->node.id,
		.secret_id = l->na->node.secret_id };

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
	map_add(&l->removed, id);
	loop_timer_set(l->push_timer, 0);
}
