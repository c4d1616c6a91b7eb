#include "proto/agent_tls.h"

#include <string.h>

#include "common/text.h"
#include "proto/agent_plan.h"
#include "proto/conftext.h"

void
agent_tls_put(const struct agent_config *c, struct buf *b)
{
	const struct agent_tls *t = &c->tls;

	if (!t->rpc && !t->http)
		return;
	buf_adds(b, "tls = {\n");
	conftext_put_bool(b, "rpc", t->rpc);
	conftext_put_bool(b, "http", t->http);
	conftext_put(b, "ca_file", t->ca_file);
	conftext_put(b, "server_ca_file", t->server_ca_file);
	conftext_put(b, "cert_file", t->cert_file);
	conftext_put(b, "key_file", t->key_file);
	conftext_put_bool(
	    b, "verify_server_hostname", t->verify_server_hostname);
	conftext_put_bool(b, "verify_https_client", t->verify_https_client);
	buf_adds(b, "};\n");
}

/* What says how, and nothing says what. */
static const char *
idle(const struct agent_tls *t)
{
	const struct {
		const char *path;
		bool on;
	} names[] = {
		{ "tls.verify_server_hostname", t->verify_server_hostname },
		{ "tls.ca_file", text_is_set(t->ca_file) },
		{ "tls.server_ca_file", text_is_set(t->server_ca_file) },
		{ "tls.cert_file", text_is_set(t->cert_file) },
		{ "tls.key_file", text_is_set(t->key_file) },
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].on)
			return names[i].path;
	return NULL;
}

/* TLS 1.2 is the least that is spoken, whatever is asked for. */
static bool
asks_for_more(const char *min_version)
{
	return text_is_set(min_version) && strcmp(min_version, "tls10") != 0 &&
	       strcmp(min_version, "tls11") != 0 &&
	       strcmp(min_version, "tls12") != 0;
}

const char *
agent_tls_refused(const struct agent_tls *t, const char **why)
{
	*why = "is not supported by this version: nothing would be protected "
	       "by it";
	if (t->rpc_upgrade_mode)
		return "tls.rpc_upgrade_mode";
	if (text_is_set(t->tls_cipher_suites))
		return "tls.tls_cipher_suites";
	if (asks_for_more(t->tls_min_version))
		return "tls.tls_min_version";
	*why = "protects nothing: tls.http is not true";
	if (t->verify_https_client && !t->http)
		return "tls.verify_https_client";
	*why = "protects nothing: neither tls.rpc nor tls.http is true";
	return t->rpc || t->http ? NULL : idle(t);
}

bool
agent_tls_is_https(const struct agent_tls *t, const struct plan_addr *a)
{
	return t->http && strcmp(a->what, "http") == 0 &&
	       strcmp(a->daemon, "metricsd") != 0;
}

bool
agent_tls_guards(const struct agent_tls *t, const struct plan_addr *a)
{
	if (agent_tls_is_https(t, a))
		return t->verify_https_client;
	return t->rpc &&
	       (strcmp(a->what, "rpc") == 0 || strcmp(a->what, "raft") == 0);
}
