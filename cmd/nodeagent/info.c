/* What nodectl info says of a nodeagent. */
#include <inttypes.h>
#include <stdio.h>

#include "cmd/nodeagent/catalogapi.h"
#include "cmd/nodeagent/checkrun.h"
#include "cmd/nodeagent/runner.h"
#include "cmd/nodeagent/serverlink.h"

void
nodeagent_info(struct daemon *d,
    void (*add)(void *ctx, const char *name, const char *value), void *ctx)
{
	const struct nodeagent *na = d->state;
	struct serverlink_state link = serverlink_state(na->link);
	struct http_stats http = http_server_stats(na->http);
	struct buf known = { 0 };
	char text[32];

	add(ctx, "node_id", na->node.id);
	add(ctx, "http", http_server_addr(na->http));
	add(ctx, "server", link.server);
	for (size_t i = 0; i < link.nservers; i++)
		buf_addf(&known, "%s%s", i > 0 ? "," : "", link.servers[i]);
	add(ctx, "known_servers", buf_str(&known));
	buf_release(&known);
	add(ctx, "registered", link.registered ? "true" : "false");
	snprintf(text, sizeof text, "%" PRIu64, link.ttl_ms);
	add(ctx, "lease_ttl_ms", text);
	snprintf(text, sizeof text, "%" PRIu64, link.index);
	add(ctx, "index", text);
	snprintf(text, sizeof text, "%zu", map_count(&na->runners));
	add(ctx, "allocations", text);
	snprintf(text, sizeof text, "%zu", runner_nrunning(na));
	add(ctx, "running", text);
	snprintf(text, sizeof text, "%zu", map_count(&na->catalog.by_id));
	add(ctx, "services", text);
	snprintf(text, sizeof text, "%zu", checkrun_njobs(na->checkrun));
	add(ctx, "checks", text);
	if (na->catalogapi != NULL) {
		add(ctx, "catalog_http", catalogapi_addr(na->catalogapi));
		snprintf(
		    text, sizeof text, "%zu", catalogapi_nheld(na->catalogapi));
		add(ctx, "catalog_held", text);
	}
	http_stats_info(&http, add, ctx);
}
