#include "common/tls.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"

static const struct rec_field tls_config_fields[] = {
	REC_BOOL(struct tls_config, 1, rpc, "rpc"),
	REC_BOOL(struct tls_config, 2, http, "http"),
	REC_STR(struct tls_config, 3, ca_file, "ca_file"),
	REC_STR(struct tls_config, 4, server_ca_file, "server_ca_file"),
	REC_STR(struct tls_config, 5, cert_file, "cert_file"),
	REC_STR(struct tls_config, 6, key_file, "key_file"),
	REC_BOOL(struct tls_config, 7, verify_server_hostname,
	    "verify_server_hostname"),
	REC_BOOL(
	    struct tls_config, 8, verify_https_client, "verify_https_client"),
};
const struct rec_type tls_config_type = REC_TYPE(tls_config, tls_config_fields);

void
tls_config_init(struct tls_config *c)
{
	*c = (struct tls_config){ 0 };
	c->ca_file = xstrdup("");
	c->server_ca_file = xstrdup("");
	c->cert_file = xstrdup("");
	c->key_file = xstrdup("");
}

static void
take_text(char **at, const char *text)
{
	free(*at);
	*at = xstrdup(text);
}

void
tls_config_take_files(struct tls_config *c, const struct tls_config *from)
{
	take_text(&c->ca_file, from->ca_file);
	take_text(&c->server_ca_file, from->server_ca_file);
	take_text(&c->cert_file, from->cert_file);
	take_text(&c->key_file, from->key_file);
}

bool
tls_is_on(const struct tls_config *c)
{
	return c->rpc || c->http;
}

void
tls_files_release(struct tls_files *f)
{
	if (f->key != NULL)
		explicit_bzero(f->key, strlen(f->key));
	free(f->ca);
	free(f->server_ca);
	free(f->cert);
	free(f->key);
	*f = (struct tls_files){ 0 };
}

int
tls_config_check(const struct tls_config *c, enum tls_role role,
    const char *region, struct err *err)
{
	struct tls_files f;
	int rc;

	if (c->verify_https_client && !c->http)
		return err_set(err, ERR_BAD,
		    "tls.verify_https_client protects nothing: tls.http is not "
		    "true");
	rc = tls_load(c, role, region, &f, err);
	tls_files_release(&f);
	return rc;
}

int
tls_make_keys(struct tls_keys **t, const struct tls_config *c,
    const struct tls_files *f, enum tls_trust trust, const char *region,
    struct err *err)
{
	bool servers = trust == TLS_DIAL_SERVERS || trust == TLS_LET_IN_SERVERS;
	char *both = xasprintf("%s\n%s", f->server_ca, f->ca);
	char *name = xasprintf("server.%s.nomad", region);
	struct tls_keys_opts o = { .listens = trust >= TLS_LET_IN_SERVERS,
		.ca = servers ? f->server_ca : both,
		.cert = f->cert,
		.key = f->key,
		.trusts_all =
		    trust == TLS_SERVE_API && !c->verify_https_client };
	int rc = 0;

	if (servers && c->verify_server_hostname)
		o.name = name;
	if (*t != NULL)
		rc = tls_keys_renew(*t, &o, err);
	else
		rc = (*t = tls_keys_new(&o, err)) != NULL ? 0 : -1;
	free(both);
	free(name);
	return rc == 0 ? 0 : err_add(err, "tls");
}

void
tls_warn(const struct tls_config *c, enum tls_role role,
    const struct tls_files *f, int64_t now_s)
{
	if (f->until_s - now_s < TLS_WARN_S)
		log_warn(
		    "tls: the certificate ends soon file=%s hours=%" PRId64,
		    c->cert_file, (f->until_s - now_s) / 3600);
	if (role == TLS_SERVER && c->rpc && *c->server_ca_file == '\0' &&
	    !c->verify_server_hostname)
		log_warn("tls: with neither server_ca_file nor "
			 "verify_server_hostname whoever has a certificate of "
			 "%s may speak as a server",
		    c->ca_file);
}
