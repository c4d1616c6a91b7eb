#include "cmd/nodeagent/nodetls.h"

#include <string.h>

#include "cmd/nodeagent/nodeagent.h"
#include "common/clock.h"
#include "common/log.h"

static void
warn_if_plain(const struct nodeagent_config *c)
{
	for (size_t i = 0; i < c->nservers; i++)
		if (strncmp(c->servers[i], "tcp://", 6) == 0 &&
		    !daemon_is_loopback(c->servers[i] + 6))
			log_warn("NOT ENCRYPTED: server=%s is asked without "
				 "TLS: who is in between reads and changes "
				 "what this machine runs",
			    c->servers[i]);
}

static int
make_keys(struct nodeagent *na, const struct nodeagent_config *c,
    const struct tls_files *f, struct err *err)
{
	const struct tls_config *t = &c->tls;

	if (t->rpc && tls_make_keys(&na->tls.dial, t, f, TLS_DIAL_SERVERS,
			  c->region, err) == -1)
		return -1;
	if (!t->http)
		return 0;
	if (tls_make_keys(&na->tls.api, t, f, TLS_SERVE_API, c->region, err) ==
	    -1)
		return -1;
	return tls_make_keys(
	    &na->tls.api_servers, t, f, TLS_DIAL_SERVERS, c->region, err);
}

int
nodetls_take(
    struct nodeagent *na, const struct nodeagent_config *c, struct err *err)
{
	struct tls_files f;
	int rc = tls_load(&c->tls, TLS_NODE, c->region, &f, err);

	if (rc == 0)
		rc = make_keys(na, c, &f, err);
	if (rc == 0 && tls_is_on(&c->tls))
		tls_warn(
		    &c->tls, TLS_NODE, &f, clock_wall_ns() / CLOCK_NS_PER_S);
	if (rc == 0 && !c->tls.rpc)
		warn_if_plain(c);
	tls_files_release(&f);
	bus_use_tls(na->tls.dial);
	return rc;
}

void
nodetls_serve(struct nodeagent *na)
{
	const struct nodeagent_config *c = na->config;

	if (c->tls.http)
		http_server_tls(na->http, na->tls.api);
	if (!c->tls.verify_https_client)
		daemon_warn_if_open("HTTP", c->http);
}

void
nodetls_close(struct nodeagent *na)
{
	bus_use_tls(NULL);
	tls_keys_free(na->tls.dial);
	tls_keys_free(na->tls.api);
	tls_keys_free(na->tls.api_servers);
}
