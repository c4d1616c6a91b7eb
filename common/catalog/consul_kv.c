/* /v1/kv/...: keys and their values. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/catalog/consul_impl.h"
#include "common/json.h"

static void
put_key(struct buf *out, const struct registry_key *k)
{
	buf_adds(out, "{\"LockIndex\":0,\"Key\":");
	consul_put_text(out, k->key);
	buf_adds(out, ",\"Flags\":");
	json_put_uint(out, k->flags);
	buf_adds(out, ",\"Value\":");
	if (k->len == 0)
		buf_adds(out, "null");
	else
		json_put_bytes(out, (const uint8_t *)k->value, k->len);
	buf_adds(out, ",\"CreateIndex\":");
	json_put_uint(out, k->create_index);
	buf_adds(out, ",\"ModifyIndex\":");
	json_put_uint(out, k->modify_index);
	buf_addc(out, '}');
}

static void
not_found(struct consul_call *c)
{
	c->a->status = 404;
	c->a->type = NULL;
	buf_reset(&c->a->body);
}

/* All keys that begin with the path's. */
static void
read_many(struct consul_call *c, const char *prefix, bool only_names)
{
	struct buf *out = &c->a->body;
	size_t n;
	void **keys = consul_sorted(&c->r->keys, &n);

	for (size_t i = 0; i < n; i++) {
		const struct registry_key *k = keys[i];

		if (strncmp(k->key, prefix, strlen(prefix)) != 0)
			continue;
		buf_addc(out, out->len == 0 ? '[' : ',');
		if (only_names)
			consul_put_text(out, k->key);
		else
			put_key(out, k);
	}
	free(keys);
	if (out->len == 0)
		not_found(c);
	else
		buf_addc(out, ']');
}

void
consul_key_read(struct consul_call *c)
{
	const char *name = consul_path(c, "name");
	bool only_names = consul_has_param(c, "keys");
	const struct registry_key *k;

	if (only_names || consul_has_param(c, "recurse")) {
		read_many(c, name, only_names);
		return;
	}
	if (name[0] == '\0') {
		consul_fail(c, 400, "Missing key name");
		c->a->index = 0;
		return;
	}
	k = registry_find_key(c->r, name);
	if (k == NULL)
		not_found(c);
	else if (consul_has_param(c, "raw")) {
		c->a->type = "text/plain";
		buf_add(&c->a->body, k->value, k->len);
	} else {
		buf_addc(&c->a->body, '[');
		put_key(&c->a->body, k);
		buf_addc(&c->a->body, ']');
	}
}

/* ?cas=: only when the key's index is this one; 0: only when it is new. */
static bool
cas_holds(const struct consul_call *c, bool *is_valid)
{
	const struct registry_key *k =
	    registry_find_key(c->r, consul_path(c, "name"));
	char value[32], *end;
	size_t at = 0;
	uint64_t cas;

	*is_valid = true;
	if (!consul_param(c, "cas", &at, value, sizeof value))
		return true;
	errno = 0;
	cas = strtoull(value, &end, 10);
	*is_valid =
	    value[0] >= '0' && value[0] <= '9' && *end == '\0' && errno == 0;
	return cas == (k == NULL ? 0 : k->modify_index);
}

static uint64_t
flags_of(const struct consul_call *c)
{
	char value[32];
	size_t at = 0;

	consul_param(c, "flags", &at, value, sizeof value);
	return strtoull(value, NULL, 10);
}

/* True when the write is not to be made, and has been answered. */
static bool
refuse_cas(struct consul_call *c)
{
	bool is_valid, holds = cas_holds(c, &is_valid);

	if (!is_valid)
		consul_fail(c, 400, "Invalid cas");
	else if (!holds)
		buf_adds(&c->a->body, "false");
	return !is_valid || !holds;
}

void
consul_key_write(struct consul_call *c)
{
	struct err err;

	if (refuse_cas(c))
		return;
	if (registry_put_key(c->r, consul_path(c, "name"), c->ask->body,
		c->ask->nbody, flags_of(c), &err) == -1)
		consul_fail(
		    c, err.code == ERR_BUSY ? 500 : 413, "%s", err.text);
	else
		buf_adds(&c->a->body, "true");
}

/* With ?recurse everything that begins with the key goes. */
void
consul_key_delete(struct consul_call *c)
{
	const char *name = consul_path(c, "name");
	size_t n;
	void **keys;

	if (refuse_cas(c))
		return;
	if (!consul_has_param(c, "recurse"))
		registry_remove_key(c->r, name);
	else {
		keys = consul_sorted(&c->r->keys, &n);
		for (size_t i = 0; i < n; i++) {
			const struct registry_key *k = keys[i];

			if (strncmp(k->key, name, strlen(name)) == 0)
				registry_remove_key(c->r, k->key);
		}
		free(keys);
	}
	buf_adds(&c->a->body, "true");
}
