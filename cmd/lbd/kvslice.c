#include "cmd/lbd/kvslice.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

static struct kvslice_map *
last_map(struct kvslice *s)
{
	return &s->maps[s->nmaps - 1];
}

/* A quoted value from its first quote on; returns where it ends. */
static const char *
take_quoted(const char *p, struct buf *out)
{
	char quote = *p++;

	for (; *p != '\0' && *p != quote; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		buf_addc(out, *p);
	}
	return *p == quote ? p + 1 : p;
}

static const char *
take_value(const char *p, struct buf *out)
{
	while (*p != '\0' && *p != ';' && *p != ',') {
		if (out->len == 0 && (*p == '"' || *p == '\''))
			p = take_quoted(p, out);
		else
			buf_addc(out, *p++);
	}
	return p;
}

/* "key=value" or, where it is the map's first, "value". */
static const char *
take_pair(struct kvslice *s, const char *p)
{
	struct kvslice_map *m = last_map(s);
	struct buf value = { 0 };
	size_t n;
	char *key;

	p += strspn(p, " ");
	n = strcspn(p, "=;,");
	if (p[n] == '=') {
		key = xstrndup(p, n);
		key[strcspn(key, " ")] = '\0';
		p = take_value(p + n + 1, &value);
	} else {
		key = xstrdup("");
		p = take_value(p, &value);
	}
	if (m->nkv < KVSLICE_MAX && (key[0] != '\0' || value.len > 0))
		rec_kv_set(&m->kv, &m->nkv, key, buf_str(&value));
	free(key);
	buf_release(&value);
	return p;
}

void
kvslice_parse(struct kvslice *s, const char *text)
{
	bool fresh = true; /* the next pair begins a map */

	while (*text != '\0') {
		if (*text == ';' || *text == ',') {
			fresh |= *text++ == ',';
			continue;
		}
		if (fresh && s->nmaps == KVSLICE_MAX)
			return;
		s->nmaps += fresh;
		fresh = false;
		text = take_pair(s, text);
	}
}

void
kvslice_release(struct kvslice *s)
{
	for (size_t i = 0; i < s->nmaps; i++) {
		for (size_t k = 0; k < s->maps[i].nkv; k++) {
			free(s->maps[i].kv[k].key);
			free(s->maps[i].kv[k].value);
		}
		free(s->maps[i].kv);
	}
	*s = (struct kvslice){ 0 };
}

const char *
kvslice_get(const struct kvslice_map *m, const char *key)
{
	return rec_kv_get(m->kv, m->nkv, key);
}
