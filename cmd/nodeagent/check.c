#include "cmd/nodeagent/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/mem.h"

static bool
is(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b) == 0;
}

/* --- coming and going --- */

/* FNV-1a, 64 bits: the same check has the same id after a restart. */
static uint64_t
hash(uint64_t h, const void *p, size_t n)
{
	const unsigned char *s = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ s[i]) * UINT64_C(0x100000001b3);
	return h;
}

static char *
make_id(const struct check *c)
{
	struct buf packed = { 0 };
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	rec_pack(&service_check_type, &c->spec, &packed);
	h = hash(h, c->instance_id, strlen(c->instance_id) + 1);
	h = hash(h, packed.data, packed.len);
	h = hash(h, c->address, strlen(c->address) + 1);
	h = hash(h, &c->port, sizeof c->port);
	buf_release(&packed);
	return xasprintf("_nomad-check-%016" PRIx64, h);
}

static enum check_status
status_named(const char *name, enum check_status otherwise)
{
	for (enum check_status s = CHECK_PENDING; s <= CHECK_CRITICAL; s++)
		if (is(name, check_status_name(s)))
			return s;
	return otherwise;
}

void
check_init(struct check *c, struct run_time now)
{
	const struct check_restart *r = c->spec.check_restart;
	const char *why = check_cannot_run(&c->spec);

	c->id = make_id(c);
	c->status = status_named(
	    c->spec.initial_status, c->nomad ? CHECK_PENDING : CHECK_CRITICAL);
	if (why != NULL)
		c->status = CHECK_CRITICAL;
	c->output = xstrdup(why != NULL ? why : "");
	c->told = xstrdup(c->output);
	c->changed_at_ns = now.ns;
	c->grace_until_ms = now.ms;
	if (r != NULL && r->grace > 0)
		c->grace_until_ms += (uint64_t)(r->grace / CLOCK_NS_PER_MS);
}

void
check_release(struct check *c)
{
	free(c->id);
	free(c->instance_id);
	free(c->service);
	free(c->group);
	free(c->task);
	free(c->restarts);
	rec_clear(&service_check_type, &c->spec);
	free(c->address);
	free(c->output);
	free(c->told);
	*c = (struct check){ 0 };
}

void
check_recall(struct check *c, const struct instance_check *was)
{
	if (check_cannot_run(&c->spec) != NULL)
		return;
	c->status = status_named(was->status, c->status);
	c->changed_at_ns = was->changed_at;
	free(c->told);
	c->told = xstrdup(was->output != NULL ? was->output : "");
}

const char *
check_cannot_run(const struct service_check *spec)
{
	if (is(spec->type, "http") && is(spec->protocol, "https"))
		return "https checks are not run by this version of rove";
	if (is(spec->type, "http") || is(spec->type, "tcp"))
		return NULL;
	return is(spec->type, "grpc")
		   ? "grpc checks are not run by this version of rove"
	       : is(spec->type, "script")
		   ? "script checks are not run by this version of rove"
		   : "checks of this type are not run by this version of rove";
}

/* --- answers --- */

/* What an answer said is no text until proved: controls and bytes beyond
 * ASCII become question marks. */
static char *
clean(const char *text, size_t max)
{
	char *s = xstrndup(text, max);

	for (char *p = s; *p != '\0'; p++) {
		unsigned char u = (unsigned char)*p;

		if ((u < ' ' && u != '\n' && u != '\t') || u >= 127)
			*p = '?';
	}
	return s;
}

/* The status after so many answers of a kind; the old one while it is too
 * early to tell. */
static enum check_status
judge(const struct check *c, enum check_status said)
{
	int64_t critical = c->spec.failures_before_critical;
	int64_t warning = c->spec.failures_before_warning;

	if (said != CHECK_CRITICAL)
		return c->ngood >= c->spec.success_before_passing ? said
								  : c->status;
	if (c->nbad >= critical)
		return CHECK_CRITICAL;
	return c->nbad >= (warning > 0 ? warning : critical) ? CHECK_WARNING
							     : c->status;
}

bool
check_take(struct check *c, const struct check_answer *a, struct run_time now)
{
	enum check_status status;

	if (a->status == CHECK_CRITICAL) {
		c->nbad++;
		c->ngood = 0;
	} else {
		c->ngood++;
		c->nbad = 0;
	}
	free(c->output);
	c->output = clean(a->output, CHECK_MAX_OUTPUT);
	c->code = a->code;
	c->ran_at_ns = now.ns;
	status = judge(c, a->status);
	if (status == c->status)
		return false;
	c->status = status;
	c->changed_at_ns = now.ns;
	free(c->told);
	c->told = xstrndup(c->output, INSTANCE_CHECK_MAX_OUTPUT);
	return true;
}

enum check_status
check_status_of_http(int64_t code)
{
	return code >= 200 && code < 300 ? CHECK_PASSING
	       : code == 429             ? CHECK_WARNING
					 : CHECK_CRITICAL;
}

/* --- what follows --- */

bool
check_is_well(const struct check *c)
{
	if (c->status == CHECK_PASSING || is(c->spec.on_update, "ignore"))
		return true;
	return c->status == CHECK_WARNING &&
	       is(c->spec.on_update, "ignore_warnings");
}

bool
check_wants_restart(struct check *c, struct run_time now)
{
	const struct check_restart *r = c->spec.check_restart;
	bool ill = c->status == CHECK_CRITICAL;

	if (r == NULL || r->limit <= 0)
		return false;
	if (c->status == CHECK_WARNING)
		ill = !r->ignore_warnings;
	if (!ill) {
		c->ill_since_ms = 0;
		return false;
	}
	if (now.ms < c->grace_until_ms)
		return false;
	if (c->ill_since_ms == 0)
		c->ill_since_ms = now.ms;
	if (now.ms <
	    c->ill_since_ms + check_interval_ms(c) * (uint64_t)(r->limit - 1))
		return false;
	c->ill_since_ms = 0;
	c->grace_until_ms =
	    now.ms + (uint64_t)(r->grace > 0 ? r->grace / CLOCK_NS_PER_MS : 0);
	return true;
}

const char *
check_status_name(enum check_status status)
{
	static const char *const names[] = { [CHECK_PENDING] = "pending",
		[CHECK_PASSING] = "passing",
		[CHECK_WARNING] = "warning",
		[CHECK_CRITICAL] = "critical" };

	return names[status];
}

static uint64_t
at_least_ms(int64_t ns, uint64_t least_ms)
{
	uint64_t ms = ns > 0 ? (uint64_t)(ns / CLOCK_NS_PER_MS) : 0;

	return ms > least_ms ? ms : least_ms;
}

uint64_t
check_interval_ms(const struct check *c)
{
	return at_least_ms(c->spec.interval, CHECK_MIN_INTERVAL_MS);
}

uint64_t
check_timeout_ms(const struct check *c)
{
	return at_least_ms(c->spec.timeout, CHECK_MIN_TIMEOUT_MS);
}

uint64_t
check_first_ms(const struct check *c, struct rng *rng)
{
	uint64_t ms = check_interval_ms(c);

	return rng_below(rng, ms < CHECK_FIRST_MS ? ms : CHECK_FIRST_MS);
}

void
check_tell(const struct check *c, struct instance_check *out)
{
	*out = (struct instance_check){
		.id = xstrdup(c->id),
		.name = xstrdup(c->spec.name != NULL ? c->spec.name : ""),
		.type = xstrdup(c->spec.type != NULL ? c->spec.type : ""),
		.status = xstrdup(check_status_name(c->status)),
		.output = xstrdup(c->told),
		.notes = xstrdup(c->spec.notes != NULL ? c->spec.notes : ""),
		.changed_at = c->changed_at_ns,
	};
}
