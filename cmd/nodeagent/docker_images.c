#include "cmd/nodeagent/docker_images.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/map.h"
#include "common/mem.h"

struct docker_images {
	struct loop *loop;
	struct docker_engine *engine;
	uint64_t delay_ms;
	struct map by_id; /* owned image */
	size_t nholds;    /* starts under way */
};

struct image {
	struct docker_images *all;
	char *id;
	size_t nusers;
	bool due; /* its time came during a start */
	struct loop_timer *timer;
};

struct docker_images *
docker_images_new(struct loop *l, struct docker_engine *e, uint64_t delay_ms)
{
	struct docker_images *d = xcalloc(1, sizeof *d);

	d->loop = l;
	d->engine = e;
	d->delay_ms = delay_ms;
	return d;
}

static void
image_free(struct image *i)
{
	loop_timer_free(i->timer);
	free(i->id);
	free(i);
}

void
docker_images_free(struct docker_images *d)
{
	if (d == NULL)
		return;
	MAP_FOREACH (e, &d->by_id)
		image_free(map_value(e));
	map_release(&d->by_id);
	free(d);
}

/* Refused while a container that is not ours uses it: then it stays. */
static void
on_removed(void *ctx, const struct docker_reply *r)
{
	(void)ctx;
	if (r->why != NULL && r->status != 404 && r->status != 409)
		log_warn("docker: image not removed: %s", r->why);
}

static void
on_timer(void *arg)
{
	struct image *i = arg;
	char *path;
	struct docker_ask ask = { .method = "DELETE",
		.timeout_ms = DOCKER_REMOVE_MS,
		.on_reply = on_removed };

	i->due = i->all->nholds > 0;
	if (i->due)
		return;
	ask.path = path = xasprintf("/images/%s?force=1", i->id);
	log_info("docker: image no longer used id=%s", i->id);
	docker_engine_ask(i->all->engine, &ask);
	map_remove(&i->all->by_id, i->id);
	image_free(i);
	free(path);
}

void
docker_images_use(struct docker_images *d, const char *id)
{
	struct image *i = d != NULL ? map_find(&d->by_id, id) : NULL;

	if (d == NULL)
		return;
	if (i == NULL) {
		i = xcalloc(1, sizeof *i);
		i->all = d;
		i->id = xstrdup(id);
		i->timer = loop_timer_new(d->loop, on_timer, i);
		map_put(&d->by_id, id, i);
	}
	i->nusers++;
	i->due = false;
	loop_timer_cancel(i->timer);
}

void
docker_images_drop(struct docker_images *d, const char *id)
{
	struct image *i = d != NULL ? map_find(&d->by_id, id) : NULL;

	if (i != NULL && --i->nusers == 0)
		loop_timer_set(i->timer, d->delay_ms);
}

void
docker_images_hold(struct docker_images *d)
{
	if (d != NULL)
		d->nholds++;
}

void
docker_images_let_go(struct docker_images *d)
{
	if (d == NULL || --d->nholds > 0)
		return;
	MAP_FOREACH (e, &d->by_id) {
		struct image *i = map_value(e);

		if (i->due)
			loop_timer_set(i->timer, 0);
	}
}
