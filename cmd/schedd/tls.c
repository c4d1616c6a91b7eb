#include "cmd/schedd/tls.h"

#include <stdlib.h>

#include "cmd/schedd/schedd.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/rec.h"

/* All those of what is on. */
static int
make_keys(struct schedd *sd, const struct schedd_config *c,
    const struct tls_files *f, struct err *err)
{
	const struct tls_config *t = &c->tls;
	const struct {
		struct tls_keys **keys;
		enum tls_trust trust;
		bool wanted;
	} all[] = {
		{ &sd->tls.dial, TLS_DIAL_SERVERS, t->rpc },
		{ &sd->tls.raft, TLS_LET_IN_SERVERS, t->rpc },
		{ &sd->tls.rpc, TLS_LET_IN_ALL, t->rpc },
		{ &sd->tls.api, TLS_SERVE_API, t->http },
		{ &sd->tls.api_servers, TLS_DIAL_SERVERS, t->http },
		{ &sd->tls.api_nodes, TLS_DIAL_ALL, tls_is_on(t) },
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (all[i].wanted && tls_make_keys(all[i].keys, t, f,
					 all[i].trust, c->region, err) == -1)
			return -1;
	return 0;
}

static int
take(struct schedd *sd, const struct schedd_config *c, struct err *err)
{
	const struct tls_config *t = &c->tls;
	struct tls_files f;
	int rc = tls_load(t, TLS_SERVER, c->region, &f, err);

	if (rc == 0)
		rc = make_keys(sd, c, &f, err);
	if (rc == 0 && tls_is_on(t))
		tls_warn(t, TLS_SERVER, &f, clock_wall_ns() / CLOCK_NS_PER_S);
	tls_files_release(&f);
	return rc;
}

int
schedd_tls_open(struct schedd *sd, struct err *err)
{
	int rc = take(sd, sd->config, err);

	bus_use_tls(sd->tls.dial);
	return rc;
}

void
schedd_tls_close(struct schedd *sd)
{
	bus_use_tls(NULL);
	tls_keys_free(sd->tls.dial);
	tls_keys_free(sd->tls.raft);
	tls_keys_free(sd->tls.rpc);
	tls_keys_free(sd->tls.api);
	tls_keys_free(sd->tls.api_servers);
	tls_keys_free(sd->tls.api_nodes);
}

int
schedd_reload(struct daemon *d, const void *config, struct err *err)
{
	const struct schedd_config *is = config, *was = d->config;
	struct schedd_config same = { 0 };
	bool ok;

	rec_copy(&schedd_config_type, &same, is);
	free(same.common.log_level);
	same.common.log_level = xstrdup(was->common.log_level);
	tls_config_take_files(&same.tls, &was->tls);
	ok = rec_equal(&schedd_config_type, &same, was);
	rec_clear(&schedd_config_type, &same);
	if (!ok)
		return err_set(err, ERR_BAD,
		    "only log_level and the files of tls change without a "
		    "restart");
	return take(d->state, is, err);
}
