#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobcheck_impl.h"
#include "common/mem.h"

#define MIN_CHECK_NS     INT64_C(1000000000)
#define MAX_SERVICE_NAME 63
#define MAX_NOTES        255 /* bytes of a check's notes */

/* A DNS label, each ${variable} in it counting as "ENV-VAR". */
static bool
is_service_name(const char *name)
{
	struct buf b = { 0 };
	bool ok;

	while (*name != '\0') {
		size_t n =
		    strncmp(name, "${", 2) == 0 ? strcspn(name, "}") : SIZE_MAX;

		if (n != SIZE_MAX && name[n] == '}') {
			buf_adds(&b, "ENV-VAR");
			name += n + 1;
		} else {
			buf_addc(&b, *name++);
		}
	}
	ok = b.len > 0 && b.len <= MAX_SERVICE_NAME && b.data[0] != '-' &&
	     b.data[b.len - 1] != '-';
	for (size_t i = 0; ok && i < b.len; i++)
		ok = isalnum((unsigned char)b.data[i]) || b.data[i] == '-';
	buf_release(&b);
	return ok;
}

/* --- checks; each tells the first thing that is wrong with it --- */

static bool
check_times(const struct service_check *c, struct problems *p)
{
	char a[CHECK_DUR_MAX], b[CHECK_DUR_MAX];

	check_dur(MIN_CHECK_NS, b);
	if (c->interval == 0)
		problem(p,
		    "missing required value interval. Interval cannot be less "
		    "than %s",
		    b);
	else if (c->interval < MIN_CHECK_NS)
		problem(p, "interval (%s) cannot be lower than %s",
		    check_dur(c->interval, a), b);
	else if (c->timeout == 0)
		problem(p,
		    "missing required value timeout. Timeout cannot be less "
		    "than %s",
		    b);
	else if (c->timeout < MIN_CHECK_NS)
		problem(p,
		    "timeout (%s) is lower than required minimum timeout %s",
		    check_dur(c->timeout, a), b);
	else
		return true;
	return false;
}

/* A scheme at the start makes a path a whole address. */
static bool
is_absolute_url(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) ||
	       (n > 0 && s[n] != '\0' && strchr("+-.", s[n]) != NULL))
		n++;
	return n > 0 && isalpha((unsigned char)s[0]) && s[n] == ':';
}

static bool
check_kind(const struct service_check *c, const char *const *kinds,
    const char *all, struct problems *p)
{
	if (!check_among(c->type, kinds))
		problem(p, "invalid check type (\"%s\"), must be one of %s",
		    check_str(c->type), all);
	else if (check_is(c->type, "http") && check_is(c->path, ""))
		problem(p, "http type must have http path");
	else if (check_is(c->type, "http") && is_absolute_url(c->path))
		problem(p, "http type must have relative http path");
	else if (check_is(c->type, "script") && check_is(c->command, ""))
		problem(p, "script type must have a valid script path");
	else
		return true;
	return false;
}

static bool
check_on_update(const struct service_check *c, struct problems *p)
{
	if (check_is(c->on_update, "ignore") && c->check_restart != NULL)
		problem(p, "on_update value \"ignore\" is not compatible with "
			   "check_restart");
	else if (check_is(c->on_update, "ignore_warnings") &&
		 c->check_restart != NULL && !c->check_restart->ignore_warnings)
		problem(p,
		    "on_update value \"ignore_warnings\" not supported with "
		    "check_restart ignore_warnings value \"false\"");
	else
		return true;
	return false;
}

static bool
check_words(const struct service_check *c, struct problems *p)
{
	static const char *const states[] = { "", "passing", "warning",
		"critical", NULL };
	static const char *const modes[] = { "", "host", "driver", "alloc",
		NULL };
	static const char *const updates[] = { "", "require_healthy",
		"ignore_warnings", "ignore", NULL };

	if (!check_among(c->initial_status, states))
		problem(p,
		    "invalid initial check state (%s), must be one of "
		    "\"passing\", \"warning\", \"critical\" or empty",
		    c->initial_status);
	else if (check_is(c->address_mode, "auto"))
		problem(p, "invalid address_mode \"auto\" - auto only valid "
			   "for services");
	else if (!check_among(c->address_mode, modes))
		problem(p, "invalid address_mode \"%s\"", c->address_mode);
	else if (!check_among(c->on_update, updates))
		problem(p,
		    "on_update must be \"require_healthy\", "
		    "\"ignore_warnings\", or \"ignore\"; got \"%s\"",
		    c->on_update);
	else
		return check_on_update(c, p);
	return false;
}

static bool
check_restarts(const struct service_check *c, struct problems *p)
{
	struct problems part = { 0 };
	char a[CHECK_DUR_MAX];
	size_t before = p->n;

	if (c->check_restart == NULL)
		return true;
	if (c->check_restart->limit < 0)
		problem(&part,
		    "limit must be greater than or equal to 0 but found "
		    "%" PRId64,
		    c->check_restart->limit);
	if (c->check_restart->grace < 0)
		problem(&part,
		    "grace period must be greater than or equal to 0 but "
		    "found %s",
		    check_dur(c->check_restart->grace, a));
	problem_part(p, &part, "%s", "");
	return p->n == before;
}

static void
check_nomad_check(const struct service_check *c, struct problems *p)
{
	static const char *const kinds[] = { "tcp", "http", NULL };
	static const char *const methods[] = { "", "GET", "HEAD", "POST", "PUT",
		"PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", NULL };

	if (!check_kind(c, kinds, "tcp, http", p) || !check_times(c, p) ||
	    !check_words(c, p) || !check_restarts(c, p))
		return;
	if (c->expose)
		problem(p, "expose may only be set for Consul service checks");
	else if (check_is(c->on_update, "ignore_warnings"))
		problem(p, "on_update may only be set to ignore_warnings for "
			   "Consul service checks");
	else if (c->check_restart != NULL && c->check_restart->ignore_warnings)
		problem(p, "ignore_warnings on check_restart only supported "
			   "for Consul service checks");
	else if (check_is(c->address_mode, "driver"))
		problem(p, "address_mode = driver may only be set for Consul "
			   "service checks");
	else if (check_is(c->type, "http") && !check_among(c->method, methods))
		problem(p,
		    "method type \"%s\" not supported in Nomad http check",
		    c->method);
	else if (c->success_before_passing != 0)
		problem(p, "success_before_passing may only be set for Consul "
			   "service checks");
	else if (c->failures_before_critical != 0)
		problem(p, "failures_before_critical may only be set for "
			   "Consul service checks");
	else if (c->failures_before_warning != 0)
		problem(p, "failures_before_warning may only be set for "
			   "Consul service checks");
	else if (!check_is(c->tls_server_name, ""))
		problem(p, "tls_server_name may only be set for Consul "
			   "service checks");
}

static void
check_consul_check(const struct service_check *c, struct problems *p)
{
	static const char *const kinds[] = { "grpc", "tcp", "http", "script",
		NULL };
	static const char *const counted[] = { "tcp", "http", "grpc", NULL };
	static const char *const exposed[] = { "http", "grpc", NULL };
	bool counts = check_among(c->type, counted);

	if (!check_kind(c, kinds, "grpc, tcp, http, script", p) ||
	    !check_times(c, p) || !check_words(c, p) || !check_restarts(c, p))
		return;
	if (c->expose && !check_among(c->type, exposed))
		problem(p, "expose may only be set on HTTP or gRPC checks");
	else if (c->success_before_passing > 0 && !counts)
		problem(p,
		    "success_before_passing not supported for check of type "
		    "\"%s\"",
		    c->type);
	else if (c->failures_before_critical > 0 && !counts)
		problem(p,
		    "failures_before_critical not supported for check of type "
		    "\"%s\"",
		    c->type);
	else if (c->failures_before_warning > 0 && !counts)
		problem(p,
		    "failures_before_warning not supported for check of type "
		    "\"%s\"",
		    c->type);
	else if (strlen(check_str(c->notes)) > MAX_NOTES)
		problem(p, "notes must not be longer than %d characters",
		    MAX_NOTES);
}

/* --- services --- */

static bool
needs_port(const struct service_check *c)
{
	static const char *const kinds[] = { "grpc", "http", "tcp", NULL };

	return check_among(c->type, kinds);
}

static void
check_consul_service(const struct service *s, struct problems *p)
{
	const struct tree *native = tree_get(s->connect, "Native");

	for (size_t i = 0; i < s->nchecks; i++) {
		const struct service_check *c = &s->checks[i];
		struct problems part = { 0 };

		if (check_is(s->port_label, "") &&
		    check_is(c->port_label, "") && needs_port(c)) {
			problem(p,
			    "Check %s invalid: check requires a port but "
			    "neither check nor service \"%s\" have a port",
			    check_str(c->name), check_str(s->name));
			continue;
		}
		check_consul_check(c, &part);
		if (part.n > 0)
			problem(p, "Check %s invalid: %s", check_str(c->name),
			    part.list[0]);
		problems_release(&part);
	}
	if (native != NULL && native->kind == TREE_BOOL && native->b &&
	    check_is(s->task_name, ""))
		problem(p,
		    "Service %s is Connect Native and requires setting the "
		    "task",
		    check_str(s->name));
}

static void
check_service_words(const struct service *s, struct problems *p)
{
	static const char *const modes[] = { "", "auto", "host", "driver",
		"alloc", "alloc_ipv6", NULL };
	static const char *const updates[] = { "", "require_healthy", "ignore",
		"ignore_warnings", NULL };

	if (!is_service_name(check_str(s->name)))
		problem(p,
		    "Service name must be valid per RFC 1123 and can contain "
		    "only alphanumeric characters or dashes and must be no "
		    "longer than 63 characters: \"%s\"",
		    check_str(s->name));
	if (check_among(s->address_mode, modes)) {
		if (!check_is(s->address, "") &&
		    !check_is(s->address_mode, "") &&
		    !check_is(s->address_mode, "auto"))
			problem(p, "Service address_mode must be \"auto\" if "
				   "address is set");
	} else
		problem(p,
		    "Service address_mode must be \"auto\", \"host\", or "
		    "\"driver\"; not \"%s\"",
		    s->address_mode);
	if (!check_among(s->on_update, updates))
		problem(p,
		    "Service on_update must be \"require_healthy\", "
		    "\"ignore_warnings\", or \"ignore\"; not \"%s\"",
		    s->on_update);
}

void
check_service(const struct service *s, struct problems *p)
{
	check_service_words(s, p);
	if (s->identity != NULL)
		check_identity(s->identity, p);
	if (check_is(s->provider, "consul")) {
		check_consul_service(s, p);
	} else if (check_is(s->provider, "nomad")) {
		for (size_t i = 0; i < s->nchecks; i++)
			check_nomad_check(&s->checks[i], p);
		if (s->connect != NULL)
			problem(p, "Service with provider nomad cannot include "
				   "Connect blocks");
	} else {
		problem(p,
		    "Service provider must be \"consul\", or \"nomad\"; not "
		    "\"%s\"",
		    check_str(s->provider));
	}
}
