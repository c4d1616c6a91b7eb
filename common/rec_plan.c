#include "common/rec_impl.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/mem.h"

/*
 * Plans are found by the address of their type. Chains only grow at their
 * head and nothing is ever taken out, so readers need no lock.
 */
#define NCHAINS 512

static _Atomic(struct rec_plan *) chains[NCHAINS];
static pthread_mutex_t build_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t
chain_of(const struct rec_type *t)
{
	uint64_t h = (uint64_t)(uintptr_t)t * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(h >> 55) % NCHAINS;
}

/* FNV-1a of the name in lower case. */
static uint32_t
name_hash(const char *name, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		h = (h ^ c) * 16777619u;
	}
	return h;
}

static int
by_name(const void *a, const void *b)
{
	const struct rec_json_row *ra = a, *rb = b;

	return strcmp(ra->field->json, rb->field->json);
}

static void
plan_json(struct rec_plan *p)
{
	const struct rec_type *t = p->type;

	p->json = xcalloc(t->nfields, sizeof *p->json);
	for (size_t i = 0; i < t->nfields; i++) {
		const struct rec_field *f = &t->fields[i];

		if (f->json == NULL || (f->flags & REC_NOJSON) != 0)
			continue;
		p->json[p->njson++] = (struct rec_json_row){
			.field = f,
			.key = xasprintf("\"%s\":", f->json),
			.nkey = strlen(f->json) + 3,
		};
	}
	qsort(p->json, p->njson, sizeof *p->json, by_name);
}

static void
plan_slots(struct rec_plan *p)
{
	p->nslots = 8;
	while (p->nslots < 2 * p->njson)
		p->nslots *= 2;
	p->slots = xcalloc(p->nslots, sizeof *p->slots);
	for (size_t i = 0; i < p->njson; i++) {
		const char *name = p->json[i].field->json;
		size_t at = name_hash(name, strlen(name)) & (p->nslots - 1);

		while (p->slots[at] != 0)
			at = (at + 1) & (p->nslots - 1);
		p->slots[at] = (uint16_t)(i + 1);
	}
}

static void
plan_tags(struct rec_plan *p)
{
	const struct rec_type *t = p->type;

	for (size_t i = 0; i < t->nfields; i++)
		if (t->fields[i].tag >= p->ntags)
			p->ntags = t->fields[i].tag + (size_t)1;
	p->tags = xcalloc(p->ntags, sizeof *p->tags);
	for (size_t i = 0; i < t->nfields; i++)
		p->tags[t->fields[i].tag] = (uint16_t)(i + 1);
}

static struct rec_plan *
chain_find(const struct rec_type *t, size_t at)
{
	struct rec_plan *p =
	    atomic_load_explicit(&chains[at], memory_order_acquire);

	while (p != NULL && p->type != t)
		p = p->next;
	return p;
}

static const struct rec_plan *
plan_build(const struct rec_type *t, size_t at)
{
	struct rec_plan *p;

	pthread_mutex_lock(&build_lock);
	p = chain_find(t, at);
	if (p == NULL) {
		p = xcalloc(1, sizeof *p);
		p->type = t;
		plan_json(p);
		plan_slots(p);
		plan_tags(p);
		p->next = atomic_load(&chains[at]);
		atomic_store_explicit(&chains[at], p, memory_order_release);
	}
	pthread_mutex_unlock(&build_lock);
	return p;
}

const struct rec_plan *
rec_plan_of(const struct rec_type *t)
{
	size_t at = chain_of(t);
	const struct rec_plan *p = chain_find(t, at);

	return p != NULL ? p : plan_build(t, at);
}

const struct rec_field *
rec_plan_find(const struct rec_plan *p, const char *name, size_t n)
{
	size_t at = name_hash(name, n) & (p->nslots - 1);

	for (; p->slots[at] != 0; at = (at + 1) & (p->nslots - 1)) {
		const struct rec_json_row *row = &p->json[p->slots[at] - 1];

		if (row->nkey == n + 3 &&
		    strncasecmp(row->field->json, name, n) == 0)
			return row->field;
	}
	return NULL;
}
