/* What lives here and nowhere else: checks that expire, and keys. */
#include <stdlib.h>
#include <string.h>

#include "common/catalog/registry.h"
#include "common/catalog/registry_impl.h"
#include "common/mem.h"

/* --- checks that expire --- */

static struct registry_check *
find_local(const struct registry *r, const char *id)
{
	struct registry_node *n = registry_find_node(r, r->self);
	struct registry_check *c = n == NULL ? NULL : map_find(&n->checks, id);

	return c != NULL && c->owner == REGISTRY_LOCAL ? c : NULL;
}

static void
set_text(char **at, const char *text)
{
	char *old = *at;

	*at = xstrdup(text);
	free(old);
}

/* The catalog hears of an output only along with a change of status: a
 * check that says its time of day must not wake everybody. */
static void
set_status(
    struct registry *r, const char *id, const char *status, const char *output)
{
	struct registry_check *c = find_local(r, id);
	struct entry_check new = { 0 };

	if (c == NULL || strcmp(c->c.status, status) == 0)
		return;
	rec_copy(&entry_check_type, &new, &c->c);
	set_text(&new.status, status);
	set_text(&new.output, output);
	registry_put_check(r, r->self, &new, REGISTRY_LOCAL, NULL);
	rec_clear(&entry_check_type, &new);
}

bool
registry_update_check(struct registry *r, const char *id, const char *status,
    const char *output, uint64_t now_ms)
{
	struct registry_check *c = find_local(r, id);

	if (c == NULL)
		return false;
	if (output != NULL)
		set_text(&c->output, output);
	if (status == NULL)
		return true;
	c->due_ms = c->ttl_ms == 0 ? 0 : now_ms + c->ttl_ms;
	if (strcmp(status, "critical") != 0)
		c->critical_ms = 0;
	else if (c->critical_ms == 0)
		c->critical_ms = now_ms;
	set_status(r, id, status, output == NULL ? "" : output);
	return true;
}

void
registry_set_ttl(struct registry *r, const char *id, uint64_t ttl_ms,
    uint64_t forget_ms, uint64_t now_ms)
{
	struct registry_check *c = find_local(r, id);

	if (c == NULL)
		return;
	c->ttl_ms = ttl_ms;
	c->due_ms = ttl_ms == 0 ? 0 : now_ms + ttl_ms;
	c->forget_ms = forget_ms;
	c->critical_ms = strcmp(c->c.status, "critical") == 0 ? now_ms : 0;
}

/* Expires one check; true when its service has to go. */
static bool
tick_check(
    struct registry *r, const char *id, uint64_t now_ms, uint64_t *next_ms)
{
	struct registry_check *c = find_local(r, id);
	uint64_t at = 0;

	if (c == NULL)
		return false;
	if (c->due_ms != 0 && c->due_ms <= now_ms) {
		registry_update_check(r, id, "critical", "TTL expired", now_ms);
		c->due_ms = 0;
	}
	if (c->due_ms != 0)
		at = c->due_ms;
	if (c->critical_ms != 0 && c->forget_ms != 0) {
		uint64_t gone_ms = c->critical_ms + c->forget_ms;

		if (gone_ms <= now_ms)
			return true;
		if (at == 0 || gone_ms < at)
			at = gone_ms;
	}
	if (at != 0 && (*next_ms == 0 || at < *next_ms))
		*next_ms = at;
	return false;
}

/* The first check whose service has to go, or NULL. */
static const struct registry_check *
tick_all(struct registry *r, const struct registry_node *n, uint64_t now_ms,
    uint64_t *next_ms)
{
	*next_ms = 0;
	MAP_FOREACH (e, &n->checks)
		if (tick_check(r, map_key(e), now_ms, next_ms))
			return map_value(e);
	return NULL;
}

/* A check that another registration took over is of another service. */
static void
forget(struct registry *r, const struct registry_check *c)
{
	char *service = xstrdup(c->c.service_id == NULL ? "" : c->c.service_id);
	char *check = xstrdup(c->c.check_id);

	if (!registry_remove_service(r, r->self, service))
		registry_remove_check(r, r->self, check);
	free(service);
	free(check);
}

uint64_t
registry_tick(struct registry *r, uint64_t now_ms)
{
	const struct registry_node *n = registry_find_node(r, r->self);
	const struct registry_check *gone;
	uint64_t next_ms = 0;

	while (n != NULL && (gone = tick_all(r, n, now_ms, &next_ms)) != NULL)
		forget(r, gone);
	return next_ms;
}

/* --- keys --- */

static void
free_key(struct registry_key *k)
{
	if (k == NULL)
		return;
	free(k->key);
	free(k->value);
	free(k);
}

void
registry_free_keys(struct registry *r)
{
	MAP_FOREACH (e, &r->keys)
		free_key(map_value(e));
	map_release(&r->keys);
}

const struct registry_key *
registry_find_key(const struct registry *r, const char *key)
{
	return map_find(&r->keys, key);
}

int
registry_put_key(struct registry *r, const char *key, const char *value,
    size_t n, uint64_t flags, struct err *err)
{
	struct registry_key *old = map_find(&r->keys, key), *k;
	size_t was = old == NULL ? 0 : old->len;

	if (registry_check_name("key name", key, err) == -1)
		return -1;
	if (n > REGISTRY_MAX_VALUE)
		return err_set(err, ERR_BAD, "value exceeds %u byte limit",
		    REGISTRY_MAX_VALUE);
	if ((old == NULL && map_count(&r->keys) >= REGISTRY_MAX_KEYS) ||
	    r->value_bytes - was + n > REGISTRY_MAX_VALUES)
		return err_set(err, ERR_BUSY, "too many keys or values");
	k = xcalloc(1, sizeof *k);
	k->key = xstrdup(key);
	k->value = xmalloc(n + 1);
	memcpy(k->value, value, n);
	k->value[n] = '\0';
	k->len = n;
	k->flags = flags;
	k->modify_index = registry_change(r);
	k->create_index = old == NULL ? k->modify_index : old->create_index;
	r->value_bytes += n - was;
	free_key(map_put(&r->keys, key, k));
	registry_touch(r, MARK_KEY, key);
	return 0;
}

bool
registry_remove_key(struct registry *r, const char *key)
{
	struct registry_key *k = map_remove(&r->keys, key);

	if (k == NULL)
		return false;
	r->value_bytes -= k->len;
	registry_change(r);
	registry_touch(r, MARK_KEY, key);
	free_key(k); /* key may be its own */
	return true;
}
