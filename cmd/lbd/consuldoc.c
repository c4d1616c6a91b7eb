#include "cmd/lbd/consuldoc.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/lbd/passing.h"
#include "cmd/lbd/sources.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/tree.h"

static const char *
text_of(const struct tree *t, const char *name)
{
	const char *text = tree_get_str(t, name);

	return text == NULL ? "" : text;
}

static struct tree *
read_list(const char *json, size_t n, struct err *err)
{
	struct tree *t = tree_from_json(json, n, err);

	if (t == NULL || t->kind == TREE_LIST)
		return t;
	err_set(err, ERR_BAD, "expected an array");
	tree_free(t);
	return NULL;
}

/* --- checks --- */

static bool
has_prefix(const struct tree *tags, const char *prefix)
{
	if (tags == NULL || tags->kind != TREE_LIST)
		return false;
	for (size_t i = 0; i < tags->nitems; i++)
		if (tags->items[i]->kind == TREE_STR &&
		    strncmp(tags->items[i]->str, prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

/* Checks of nodes, and of services that ask for routes. */
static bool
is_of_interest(const struct tree *check, const char *prefix)
{
	return text_of(check, "ServiceID")[0] == '\0' ||
	       strncmp(text_of(check, "CheckID"),
		   "_service_maintenance:", strlen("_service_maintenance:")) ==
		   0 ||
	       has_prefix(tree_get(check, "ServiceTags"), prefix);
}

static int
compare_nodes(const void *a, const void *b)
{
	return strcmp(((const struct passing_check *)a)->node,
	    ((const struct passing_check *)b)->node);
}

static size_t
split_statuses(char *text, const char **out)
{
	size_t n = 0;
	char *one, *rest = text;

	while (
	    n < CONSULDOC_MAX_STATUSES && (one = strsep(&rest, ", ")) != NULL)
		if (one[0] != '\0')
			out[n++] = one;
	return n;
}

static void
keep_one(struct consuldoc_checks *c, const struct passing_check *check)
{
	char *id = xasprintf("%s.%s", check->node, check->service_id);

	map_add(&c->instances, id);
	map_add(&c->services, check->service_name);
	free(id);
}

/* The rule looks at one node's checks at a time. */
static void
keep_passing(struct consuldoc_checks *c, const struct passing_check *checks,
    size_t n, const struct consuldoc_rule *rule)
{
	char *text = xstrdup(rule->statuses);
	const char *statuses[CONSULDOC_MAX_STATUSES];
	size_t nstatuses = split_statuses(text, statuses);
	bool *keep = xcalloc(n + 1, sizeof *keep);

	for (size_t i = 0, k; i < n; i = k) {
		for (k = i + 1;
		     k < n && strcmp(checks[i].node, checks[k].node) == 0; k++)
			;
		passing_filter(&checks[i], k - i, statuses, nstatuses,
		    rule->strict, &keep[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (keep[i] && checks[i].service_name[0] != '\0')
			keep_one(c, &checks[i]);
	free(keep);
	free(text);
}

int
consuldoc_checks_read(struct consuldoc_checks *c, const char *json, size_t n,
    const struct consuldoc_rule *rule, struct err *err)
{
	struct tree *t = read_list(json, n, err);
	struct passing_check *checks;
	size_t nchecks = 0;

	if (t == NULL)
		return err_add(err, "health/state/any");
	checks = xcalloc(t->nitems + 1, sizeof *checks);
	for (size_t i = 0; i < t->nitems; i++) {
		const struct tree *check = t->items[i];

		if (!is_of_interest(check, rule->tag_prefix))
			continue;
		checks[nchecks++] = (struct passing_check){
			.node = text_of(check, "Node"),
			.check_id = text_of(check, "CheckID"),
			.service_id = text_of(check, "ServiceID"),
			.service_name = text_of(check, "ServiceName"),
			.status = text_of(check, "Status"),
		};
	}
	qsort(checks, nchecks, sizeof *checks, compare_nodes);
	keep_passing(c, checks, nchecks, rule);
	free(checks);
	tree_free(t);
	return 0;
}

void
consuldoc_checks_release(struct consuldoc_checks *c)
{
	map_release(&c->services);
	map_release(&c->instances);
}

/* --- instances --- */

static void
take_tags(struct service_instance *i, const struct tree *tags)
{
	if (tags == NULL || tags->kind != TREE_LIST)
		return;
	i->tags = xcalloc(tags->nitems + 1, sizeof *i->tags);
	for (size_t k = 0; k < tags->nitems; k++)
		if (tags->items[k]->kind == TREE_STR)
			i->tags[i->ntags++] = xstrdup(tags->items[k]->str);
}

static struct service_instance
instance_of(const struct tree *t, const char *id)
{
	const struct tree *port = tree_get(t, "ServicePort");
	const char *address = text_of(t, "ServiceAddress");
	struct service_instance i = {
		.id = xstrdup(id),
		.service_name = xstrdup(text_of(t, "ServiceName")),
		.address = xstrdup(
		    address[0] != '\0' ? address : text_of(t, "Address")),
		.port = port != NULL && port->kind == TREE_INT ? port->i : 0,
	};

	take_tags(&i, tree_get(t, "ServiceTags"));
	return i;
}

int
consuldoc_instances_read(const struct consuldoc_checks *c, const char *json,
    size_t n, struct service_instance **list, size_t *nlist, struct err *err)
{
	struct tree *t = read_list(json, n, err);

	if (t == NULL)
		return err_add(err, "catalog/service");
	for (size_t i = 0; i < t->nitems; i++) {
		const struct tree *one = t->items[i];
		char *id = xasprintf(
		    "%s.%s", text_of(one, "Node"), text_of(one, "ServiceID"));

		if (map_has(&c->instances, id) &&
		    *nlist < SOURCES_MAX_INSTANCES) {
			*list = xreallocarray(*list, *nlist + 1, sizeof **list);
			(*list)[(*nlist)++] = instance_of(one, id);
		}
		free(id);
	}
	tree_free(t);
	return 0;
}

/* --- keys --- */

static int
add_value(struct buf *out, const char *base64)
{
	size_t n = strlen(base64);
	char *room = buf_reserve(out, n);
	long len = json_parse_base64(base64, n, (uint8_t *)room);

	if (len == -1)
		return -1;
	out->len += (size_t)len;
	buf_add(out, "", 0);
	return 0;
}

int
consuldoc_keys_read(const char *json, size_t n, bool with_names,
    struct buf *out, struct err *err)
{
	struct tree *t = read_list(json, n, err);
	int rc = 0;

	if (t == NULL)
		return err_add(err, "kv");
	for (size_t i = 0; i < t->nitems && rc == 0; i++) {
		if (out->len > 0)
			buf_adds(out, "\n\n");
		if (with_names)
			buf_addf(
			    out, "# --- %s\n", text_of(t->items[i], "Key"));
		if (add_value(out, text_of(t->items[i], "Value")) == -1)
			rc = err_set(err, ERR_BAD, "kv: a value is no base64");
	}
	tree_free(t);
	return rc;
}

/* --- the agent --- */

char *
consuldoc_datacenter(const char *json, size_t n)
{
	struct tree *t = tree_from_json(json, n, NULL);
	const char *dc =
	    t == NULL ? NULL
		      : tree_get_str(tree_get(t, "Config"), "Datacenter");
	char *own = dc == NULL || dc[0] == '\0' ? NULL : xstrdup(dc);

	tree_free(t);
	return own;
}

bool
consuldoc_has_service(const char *json, size_t n, const char *id)
{
	struct tree *t = tree_from_json(json, n, NULL);
	bool has = t != NULL && tree_get(t, id) != NULL;

	tree_free(t);
	return has;
}
