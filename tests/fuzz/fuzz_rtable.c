/*
 * Route commands, tags and requests from outside: the text before the first
 * NUL is a table, the rest a host and a path that are looked up in it.
 */
#include <string.h>

#include "cmd/lbd/forward.h"
#include "cmd/lbd/rtable.h"
#include "cmd/lbd/urltag.h"
#include "common/mem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask(const struct rtable *t, const char *host, size_t nhost, const char *path,
    size_t npath)
{
	struct rng rng;
	uint32_t *turns = xcalloc(t->nroutes + 1, sizeof *turns);
	struct rtable_reader reader = { RTABLE_ROUND_ROBIN, &rng, turns };
	struct buf clean = { 0 }, url = { 0 };
	struct rtable_query q = { .host = host, .nhost = nhost };
	struct rtable_hit hit;
	bool same;

	rng_init(&rng, 1);
	if (npath > 0 && match_clean_path(path, npath, &clean, &same) == 0) {
		q.path = clean.data;
		q.npath = clean.len;
		q.sent_path = path;
		q.nsent_path = npath;
		if (rtable_lookup(t, &reader, &q, &hit, &url))
			forward_target(hit.target, same ? path : NULL, npath,
			    clean.data, clean.len, "q=1", &url);
	}
	buf_release(&clean);
	buf_release(&url);
	free(turns);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t n = strnlen(text, size), left = size - n;
	struct rtable_options o = { .matcher = size % 3 };
	struct rtable *t = rtable_new(text, n, &o, NULL);
	char *tag = xstrndup(text, n);
	char *tags[] = { tag };
	struct urltag_service svc = { "s", "h", 1, tags, 1 };
	struct buf out = { 0 };

	urltag_commands(&svc, URLTAG_PREFIX, NULL, &out, NULL);
	free(tag);
	if (t != NULL) {
		rtable_format(t, true, &out);
		if (left > 1) {
			const char *host = text + n + 1;
			size_t nhost = strnlen(host, left - 1);
			size_t npath = left - 1 - nhost;

			ask(t, host, nhost, npath > 0 ? host + nhost + 1 : NULL,
			    npath > 0 ? npath - 1 : 0);
		}
		rtable_unref(t);
	}
	buf_release(&out);
	return 0;
}
