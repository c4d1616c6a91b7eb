/* The servers that this node knows: told, and replaced. */
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/clientapi_impl.h"
#include "cmd/nodeagent/serverlink.h"
#include "cmd/nodeagent/serverset.h"
#include "common/mem.h"

/* As people write it: a TCP address without its scheme. */
static const char *
shown(const char *url)
{
	return strncmp(url, "tcp://", 6) == 0 ? url + 6 : url;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In order; borrowed texts in a list on the heap. */
static const char **
sorted(const struct serverlink_state *link)
{
	const char **list = xcalloc(link->nservers, sizeof *list);

	for (size_t i = 0; i < link->nservers; i++)
		list[i] = shown(link->servers[i]);
	qsort(list, link->nservers, sizeof *list, by_text);
	return list;
}

char *
clientapi_known_servers(const struct nodeagent *na)
{
	struct serverlink_state link = serverlink_state(na->link);
	const char **list = sorted(&link);
	struct buf out = { 0 };

	for (size_t i = 0; i < link.nservers; i++)
		buf_addf(&out, "%s%s", i > 0 ? "," : "", list[i]);
	free(list);
	return buf_take(&out);
}

void
clientapi_servers(void *ctx, struct http_req *r)
{
	const struct nodeagent *na = ctx;
	struct serverlink_state link = serverlink_state(na->link);
	const char **list = sorted(&link);
	struct tree *t = tree_list();

	for (size_t i = 0; i < link.nservers; i++)
		tree_push(t, tree_str(list[i]));
	free(list);
	clientapi_reply(r, t);
}

/* One more is read than is taken, so that too many are refused. */
void
clientapi_servers_set(void *ctx, struct http_req *r)
{
	struct nodeagent *na = ctx;
	char *addrs[SERVERSET_MAX + 1];
	size_t n = http_params(r, "address", addrs, SERVERSET_MAX + 1);
	struct err err;

	if (n == 0)
		http_fail(r, 400, "missing server address");
	else if (serverlink_set_servers(na->link, addrs, n, &err) == -1)
		http_fail(r, 400, "%s", err.text);
	else
		http_reply(r, 200, NULL, NULL, 0);
	while (n > 0)
		free(addrs[--n]);
}
