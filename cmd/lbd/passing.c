#include "cmd/lbd/passing.h"

#include <string.h>

#define SERVICE_MAINTENANCE "_service_maintenance:"

static bool
is_of_service(const struct passing_check *c)
{
	return c->service_id[0] != '\0' &&
	       strcmp(c->check_id, "serfHealth") != 0 &&
	       strcmp(c->check_id, "_node_maintenance") != 0 &&
	       strncmp(c->check_id, SERVICE_MAINTENANCE,
		   strlen(SERVICE_MAINTENANCE)) != 0;
}

static bool
has_status(const struct passing_check *c, const char *const *statuses,
    size_t nstatuses)
{
	for (size_t i = 0; i < nstatuses; i++)
		if (strcmp(c->status, statuses[i]) == 0)
			return true;
	return false;
}

/* Whether check c takes the instance that svc belongs to out of service. */
static bool
is_veto(const struct passing_check *svc, const struct passing_check *c)
{
	bool critical = strcmp(c->status, "critical") == 0;

	if (strcmp(c->check_id, "serfHealth") == 0)
		return critical;
	if (strcmp(c->check_id, "_node_maintenance") == 0)
		return true;
	return critical &&
	       strncmp(c->check_id, SERVICE_MAINTENANCE,
		   strlen(SERVICE_MAINTENANCE)) == 0 &&
	       strcmp(c->check_id + strlen(SERVICE_MAINTENANCE),
		   svc->service_id) == 0;
}

void
passing_filter(const struct passing_check *checks, size_t n,
    const char *const *statuses, size_t nstatuses, bool strict, bool *keep)
{
	for (size_t i = 0; i < n; i++) {
		const struct passing_check *svc = &checks[i];
		size_t total = 0, passing = 0;
		bool out = !is_of_service(svc);

		for (size_t k = 0; k < n && !out; k++) {
			const struct passing_check *c = &checks[k];

			if (strcmp(svc->node, c->node) != 0)
				continue;
			out = is_veto(svc, c);
			if (strcmp(svc->service_id, c->service_id) != 0)
				continue;
			total++;
			passing += has_status(c, statuses, nstatuses);
		}
		keep[i] = !out && passing > 0 && (!strict || passing == total);
	}
}
