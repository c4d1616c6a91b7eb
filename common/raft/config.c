/* Who the servers are: as bytes in the log, and as majorities. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/raft/core.h"

/*
 * One byte of version, then for each server eight of id, one of voice, one of
 * the address' length, and the address.
 */
enum { CONFIG_VERSION = 2, SERVER_BYTES = 10 };

struct raft_bytes *
raft_bytes_new(const void *p, size_t len)
{
	struct raft_bytes *b = xmalloc(sizeof *b + len);

	atomic_init(&b->refs, 1);
	b->len = len;
	if (p == NULL)
		memset(b->data, 0, len);
	else
		memcpy(b->data, p, len);
	return b;
}

struct raft_bytes *
raft_bytes_ref(struct raft_bytes *b)
{
	if (b != NULL)
		atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

void
raft_bytes_unref(struct raft_bytes *b)
{
	if (b == NULL)
		return;
	if (atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
		free(b);
}

struct raft_bytes *
raft_config_format(const struct raft_config *c)
{
	size_t n = 1 + c->n * SERVER_BYTES;
	struct raft_bytes *b;
	unsigned char *p;

	for (size_t i = 0; i < c->n; i++)
		n += strlen(c->servers[i].addr);
	b = raft_bytes_new(NULL, n);
	p = b->data;
	*p++ = CONFIG_VERSION;
	for (size_t i = 0; i < c->n; i++) {
		const struct raft_server *s = &c->servers[i];
		size_t len = strlen(s->addr);

		for (int k = 0; k < 8; k++)
			*p++ = (unsigned char)(s->id >> (8 * k));
		*p++ = (unsigned char)s->voice;
		*p++ = (unsigned char)len;
		memcpy(p, s->addr, len);
		p += len;
	}
	return b;
}

int
raft_config_check(const struct raft_config *c)
{
	size_t nvoters = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct raft_server *s = &c->servers[i];

		if (s->id == 0 || raft_config_slot(c, s->id) != i)
			return -1;
		if (s->voice != RAFT_VOTER && s->voice != RAFT_LEARNER)
			return -1;
		nvoters += s->voice == RAFT_VOTER;
	}
	return nvoters > 0 ? 0 : -1;
}

/* Takes one server off the front; -1 when it is cut short or too long. */
static int
parse_server(struct raft_server *s, const unsigned char **p, size_t *left)
{
	size_t len;

	if (*left < SERVER_BYTES)
		return -1;
	for (int k = 0; k < 8; k++)
		s->id |= (uint64_t)(*p)[k] << (8 * k);
	s->voice = (enum raft_voice)(*p)[8];
	len = (*p)[9];
	if (len > RAFT_ADDR_MAX || *left - SERVER_BYTES < len ||
	    memchr(*p + SERVER_BYTES, 0, len) != NULL)
		return -1;
	memcpy(s->addr, *p + SERVER_BYTES, len);
	*p += SERVER_BYTES + len;
	*left -= SERVER_BYTES + len;
	return 0;
}

int
raft_config_parse(struct raft_config *c, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	*c = (struct raft_config){ 0 };
	if (len < 1 || p[0] != CONFIG_VERSION)
		return -1;
	p++;
	len--;
	while (len > 0) {
		if (c->n == RAFT_SERVERS_MAX ||
		    parse_server(&c->servers[c->n++], &p, &len) == -1)
			return -1;
	}
	return raft_config_check(c);
}

struct raft_entry
raft_bootstrap_entry(const struct raft_config *c)
{
	return (struct raft_entry){ .index = 1,
		.term = 1,
		.type = RAFT_CONFIG,
		.data = raft_config_format(c) };
}

size_t
raft_config_slot(const struct raft_config *c, uint64_t id)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (c->servers[i].id == id)
			break;
	return i;
}

bool
raft_config_equal(const struct raft_config *a, const struct raft_config *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->servers[i].id != b->servers[i].id ||
		    a->servers[i].voice != b->servers[i].voice ||
		    strcmp(a->servers[i].addr, b->servers[i].addr) != 0)
			return false;
	return true;
}

bool
raft_is_voter(const struct raft *r, uint64_t id)
{
	size_t i = raft_config_slot(&r->config, id);

	return i < r->config.n && r->config.servers[i].voice == RAFT_VOTER;
}

size_t
raft_nvoters(const struct raft *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->config.n; i++)
		n += r->config.servers[i].voice == RAFT_VOTER;
	return n;
}

bool
raft_is_majority(const struct raft *r, unsigned slots)
{
	size_t n = 0;

	for (size_t i = 0; i < r->config.n; i++)
		if (r->config.servers[i].voice == RAFT_VOTER)
			n += (slots >> i) & 1;
	return n >= raft_nvoters(r) / 2 + 1;
}

/*
 * Entries are looked at before they enter the log (raft_entries_check), so
 * one that cannot be read here is our own mistake.
 */
uint64_t
raft_config_at(const struct raft *r, uint64_t index, struct raft_config *c)
{
	for (uint64_t i = index; i >= raft_log_first(&r->log); i--) {
		const struct raft_entry *e = raft_log_at(&r->log, i);
		int rv;

		if (e->type != RAFT_CONFIG)
			continue;
		rv = raft_config_parse(c, e->data->data, e->data->len);
		assert(rv == 0);
		return i;
	}
	*c = r->snap.config;
	return r->snap.config_index;
}
