#include "cmd/lbd/admit.h"

#include <string.h>
#include <strings.h>

#include "cmd/lbd/access.h"
#include "cmd/lbd/forward.h"

static bool
is_denied(const struct target *t, const struct admit_asker *asker)
{
	const char *ip;
	char addr[64];
	size_t n;

	if (t->access.nnets == 0)
		return false;
	if (forward_peer_ip(asker->peer, &ip, &n, NULL) == -1 ||
	    n >= sizeof addr)
		return true;
	memcpy(addr, ip, n);
	addr[n] = '\0';
	if (access_denies(&t->access, addr))
		return true;
	for (size_t i = 0; i < asker->nfields; i++) {
		const struct http_field *f = &asker->fields[i];

		if (strcasecmp(f->name, "X-Forwarded-For") == 0 &&
		    access_denies_list(&t->access, f->value))
			return true;
	}
	return false;
}

enum admit
admit_ask(const struct target *t, const struct admit_asker *asker)
{
	if (is_denied(t, asker))
		return ADMIT_DENIED;
	/* No scheme is configured: whatever it names is unknown. */
	if (t->auth[0] != '\0')
		return ADMIT_AUTH;
	if (t->redirect != 0)
		return ADMIT_REDIRECT;
	return t->scheme == TARGET_HTTP ? ADMIT_PASS : ADMIT_UNSPOKEN;
}

const struct target *
admit_next(const struct rtable_route *r, const struct target *t,
    const struct admit_asker *asker,
    bool (*is_spared)(void *ctx, const struct target *t), void *ctx)
{
	size_t at = (size_t)(t - r->targets);

	for (size_t i = 1; i < r->ntargets; i++) {
		const struct target *other =
		    &r->targets[(at + i) % r->ntargets];

		if (other->weight > 0 && other->upstream != t->upstream &&
		    admit_ask(other, asker) == ADMIT_PASS &&
		    !is_spared(ctx, other))
			return other;
	}
	return NULL;
}
