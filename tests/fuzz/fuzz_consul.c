/*
 * Requests to the catalog, one after the other: "METHOD TARGET\n", the body
 * up to a byte 0. Whatever they do, counts and marks stay true.
 */
#include <stdlib.h>
#include <string.h>

#include "common/catalog/consul.h"
#include "common/mem.h"
#include "common/text.h"

#define MAX_REQUESTS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
ask(struct registry *r, char *text, uint64_t now_ms)
{
	char *line = strsep(&text, "\n"), *method = strsep(&line, " "),
	     *path = strsep(&line, "?");
	struct consul_ask q = { .method = method,
		.path = path == NULL ? "" : path,
		.query = line == NULL ? "" : line,
		.body = text == NULL ? "" : text,
		.nbody = text == NULL ? 0 : strlen(text),
		.trusted = true,
		.now_ms = now_ms };
	struct consul_answer a;

	consul_answer(r, &q, &a);
	if (a.held)
		consul_watch_is_due(r, &a.watch);
	else if (a.status < 200 || a.status > 599)
		abort();
	consul_answer_release(&a);
}

static void
check(const struct registry *r)
{
	size_t nservices = 0, nchecks = 0;

	MAP_FOREACH (e, &r->nodes) {
		const struct registry_node *node = map_value(e);

		nservices += map_count(&node->services);
		nchecks += map_count(&node->checks);
	}
	if (nservices != r->nservices || nchecks != r->nchecks)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct entry_node node = { .node = text_borrow("n1"),
		.address = text_borrow("127.0.0.1"),
		.datacenter = text_borrow("dc1") };
	struct registry r;
	uint64_t now_ms = 1;

	registry_init(&r, "n1", 1);
	registry_put_node(&r, &node, NULL);
	for (int i = 0; n > 0 && i < MAX_REQUESTS; i++) {
		size_t len = strnlen((const char *)data, n);
		char *text = xstrndup((const char *)data, len);

		ask(&r, text, now_ms);
		free(text);
		now_ms += 10000;
		registry_tick(&r, now_ms);
		len += len < n;
		data += len;
		n -= len;
	}
	check(&r);
	registry_release(&r);
	return 0;
}
