#include <stdlib.h>

#include "cmd/schedd/state.h"
#include "cmd/schedd/state_put.h"
#include "cmd/schedd/text.h"
#include "common/mem.h"

static struct sched_service_set *
set_have(struct sched_service_set **head, const char *key)
{
	struct sched_service_set *s;

	HASH_FIND_STR(*head, key, s);
	if (s != NULL)
		return s;
	s = xcalloc(1, sizeof *s);
	s->key = xstrdup(key);
	TAILQ_INIT(&s->services);
	HASH_ADD_KEYPTR(hh, *head, s->key, strlen(s->key), s);
	return s;
}

static void
set_unused(struct sched_service_set **head, struct sched_service_set *s)
{
	if (s->n > 0)
		return;
	HASH_DEL(*head, s);
	free(s->key);
	free(s);
}

static struct sched_service_set *
name_set(struct sched_state *st, const struct service_instance *rec)
{
	struct buf key = { 0 };
	struct sched_service_set *s;

	s = set_have(&st->services_by_name,
	    sched_key(&key, sched_str(rec->ns), sched_str(rec->service_name)));
	buf_release(&key);
	return s;
}

static void
link_service(struct sched_state *st, struct sched_service *s, uint64_t at)
{
	struct sched_service_set *set = name_set(st, &s->rec);

	TAILQ_INSERT_TAIL(&set->services, s, by_name);
	set->n++;
	set->index = at;
	sched_touch(st, SCHED_SERVICE, set->key);
	set = set_have(&st->services_by_alloc, sched_str(s->rec.alloc_id));
	TAILQ_INSERT_TAIL(&set->services, s, by_alloc);
	set->n++;
	TAILQ_INSERT_TAIL(&st->services_by_index, s, by_index);
	HASH_ADD_KEYPTR(hh, st->services, s->rec.id, strlen(s->rec.id), s);
	sched_touch_table(st, SCHED_SERVICES, at);
}

static void
unlink_service(struct sched_state *st, struct sched_service *s, uint64_t at)
{
	struct sched_service_set *set = name_set(st, &s->rec);

	TAILQ_REMOVE(&set->services, s, by_name);
	set->n--;
	set->index = at;
	sched_touch(st, SCHED_SERVICE, set->key);
	set_unused(&st->services_by_name, set);
	set = set_have(&st->services_by_alloc, sched_str(s->rec.alloc_id));
	TAILQ_REMOVE(&set->services, s, by_alloc);
	set->n--;
	set_unused(&st->services_by_alloc, set);
	TAILQ_REMOVE(&st->services_by_index, s, by_index);
	HASH_DEL(st->services, s);
	sched_touch_table(st, SCHED_SERVICES, at);
}

void
sched_put_service(
    struct sched_state *st, const struct service_instance *rec, uint64_t at)
{
	struct sched_service *s = sched_service_find(st, rec->id);
	uint64_t created = rec->create_index != 0 ? rec->create_index : at;

	if (s != NULL) {
		created = s->rec.create_index;
		unlink_service(st, s, at);
		rec_clear(&service_instance_type, &s->rec);
	} else {
		s = xcalloc(1, sizeof *s);
	}
	rec_copy(&service_instance_type, &s->rec, rec);
	s->rec.create_index = created;
	s->rec.modify_index = at;
	link_service(st, s, at);
}

void
sched_service_forget(
    struct sched_state *st, struct sched_service *s, uint64_t at)
{
	unlink_service(st, s, at);
	sched_gone_add(
	    &st->gone_services, at, sched_str(s->rec.node_id), s->rec.id);
	rec_clear(&service_instance_type, &s->rec);
	free(s);
}
