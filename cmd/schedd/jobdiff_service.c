/*
 * Services have no name that stays: which of them became which is guessed
 * from name, port and place.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobdiff_impl.h"
#include "common/mem.h"

#define SKIP(...)   ((const char *const[]){ __VA_ARGS__, NULL })
#define MAX_GUESSED 512 /* services compared with one another */

static const struct diff_spec check_restart_spec = {
	.type = &check_restart_type, .by_fields = true
};
static const struct diff_part check_parts[] = {
	{ .kind = DIFF_LISTS, .member = "Header" },
	{ .kind = DIFF_ONE,
	    .member = "CheckRestart",
	    .spec = &check_restart_spec },
};
static const struct diff_spec check_spec = { .type = &service_check_type,
	.skip = SKIP("Advertise"),
	.parts = check_parts,
	.nparts = 2 };
static const struct diff_spec weights_spec = { .type = &service_weights_type,
	.by_fields = true };
static const struct diff_part identity_parts[] = {
	{ .kind = DIFF_TEXTS, .member = "Audience" },
};
static const struct diff_spec identity_spec = {
	.type = &workload_identity_type, .parts = identity_parts, .nparts = 1
};

/* --- service meshes: carried as trees, shown as what they mean --- */

/* Members that are shown whether they are there or not. */
struct leaf {
	const char *name;
	const char *otherwise;
};

static const struct leaf connect_leaves[] = { { "Native", "false" },
	{ NULL, NULL } };
static const struct leaf sidecar_leaves[] = {
	{ "DisableDefaultTCPCheck", "false" }, { "Port", "" }, { NULL, NULL }
};
static const struct leaf proxy_leaves[] = { { "LocalServiceAddress", "" },
	{ "LocalServicePort", "0" }, { NULL, NULL } };
static const struct leaf upstream_leaves[] = { { "Datacenter", "" },
	{ "DestinationName", "" }, { "DestinationNamespace", "" },
	{ "DestinationPartition", "" }, { "DestinationPeer", "" },
	{ "DestinationType", "" }, { "LocalBindAddress", "" },
	{ "LocalBindPort", "0" }, { "LocalBindSocketMode", "" },
	{ "LocalBindSocketPath", "" }, { NULL, NULL } };

static void
flat_leaves(struct flat *f, const struct tree *t, const struct leaf *leaves)
{
	for (; t != NULL && leaves->name != NULL; leaves++) {
		const struct tree *v = tree_get(t, leaves->name);
		struct flat one = { 0 };

		if (v != NULL && v->kind != TREE_MAP && v->kind != TREE_LIST &&
		    v->kind != TREE_NULL)
			flat_tree(&one, v);
		flat_add(f, xstrdup(leaves->name),
		    xstrdup(
			one.n == 1 ? one.pairs[0].text : leaves->otherwise));
		flat_release(&one);
	}
}

typedef void tree_parts_fn(const struct tree *old, const struct tree *new,
    bool ctx, struct objects *out);

/* A tree as an object: its leaves, and its parts if there are some. */
static void
diff_node(const char *name, const struct leaf *leaves, tree_parts_fn *parts,
    const struct tree *old, const struct tree *new, bool ctx,
    struct objects *out)
{
	struct flat a = { 0 }, b = { 0 };
	struct fields f = { 0 };
	struct objects inner = { 0 };
	struct object_diff o = { .name = NULL };

	if ((old == NULL && new == NULL) ||
	    (old != NULL && new != NULL &&tree_equal(old, new)))
		return;
	flat_leaves(&a, old, leaves);
	flat_leaves(&b, new, leaves);
	fields_flats(&f, &a, &b, ctx);
	if (parts != NULL)
		parts(old, new, ctx, &inner);
	o.name = xstrdup(name);
	o.type = xstrdup(diff_type(old, new));
	o.fields = f.list;
	o.nfields = f.n;
	o.objects = inner.list;
	o.nobjects = inner.n;
	objects_add(out, &o);
}

/* What has no table of its own is shown as it stands. */
static void
diff_rest(const char *name, const struct tree *old, const struct tree *new,
    bool ctx, struct objects *out)
{
	struct flat a = { 0 }, b = { 0 };

	flat_tree(&a, tree_get(old, name));
	flat_tree(&b, tree_get(new, name));
	diff_flats(name, &a, &b, ctx, out);
}

static bool
is_in(const struct tree *list, const struct tree *v)
{
	for (size_t i = 0; list != NULL && i < list->nitems; i++)
		if (tree_equal(list->items[i], v))
			return true;
	return false;
}

static const struct tree *
list_in(const struct tree *t, const char *name)
{
	const struct tree *v = tree_get(t, name);

	return v != NULL && v->kind == TREE_LIST && v->nitems <= MAX_GUESSED
		   ? v
		   : NULL;
}

static void
diff_upstreams(const struct tree *old, const struct tree *new, bool ctx,
    struct objects *out)
{
	const struct tree *a = list_in(old, "Upstreams");
	const struct tree *b = list_in(new, "Upstreams");
	size_t from = out->n;

	for (size_t i = 0; a != NULL && i < a->nitems; i++)
		if (!is_in(b, a->items[i]))
			diff_node("ConsulUpstreams", upstream_leaves, NULL,
			    a->items[i], NULL, ctx, out);
	for (size_t i = 0; b != NULL && i < b->nitems; i++)
		if (!is_in(a, b->items[i]))
			diff_node("ConsulUpstreams", upstream_leaves, NULL,
			    NULL, b->items[i], ctx, out);
	objects_sort(out, from);
}

/* The transparent proxy stands there even when it is nothing. */
static void
proxy_parts(const struct tree *old, const struct tree *new, bool ctx,
    struct objects *out)
{
	size_t from;

	diff_upstreams(old, new, ctx, out);
	diff_rest("Expose", old, new, ctx, out);
	from = out->n;
	diff_rest("TransparentProxy", old, new, ctx, out);
	if (out->n == from) {
		struct object_diff o = { .type = xstrdup("None"),
			.name = xstrdup("TransparentProxy") };

		objects_add(out, &o);
	}
	diff_rest("Config", old, new, ctx, out);
}

static void
sidecar_parts(const struct tree *old, const struct tree *new, bool ctx,
    struct objects *out)
{
	diff_node("ConsulProxy", proxy_leaves, proxy_parts,
	    tree_get(old, "Proxy"), tree_get(new, "Proxy"), ctx, out);
}

static void
connect_parts(const struct tree *old, const struct tree *new, bool ctx,
    struct objects *out)
{
	diff_node("SidecarService", sidecar_leaves, sidecar_parts,
	    tree_get(old, "SidecarService"), tree_get(new, "SidecarService"),
	    ctx, out);
	diff_rest("SidecarTask", old, new, ctx, out);
	diff_rest("Gateway", old, new, ctx, out);
}

static void
diff_connect(const void *old, const void *new, bool ctx, struct objects *out)
{
	const struct service *a = old, *b = new;

	diff_node("ConsulConnect", connect_leaves, connect_parts,
	    a == NULL ? NULL : a->connect, b == NULL ? NULL : b->connect, ctx,
	    out);
}

/* --- services --- */

static const struct diff_part service_parts[] = {
	{ .kind = DIFF_TEXTS, .member = "CanaryTags" },
	{ .kind = DIFF_TEXTS, .member = "Tags" },
	{ .kind = DIFF_NAMED,
	    .member = "Checks",
	    .name = "Check",
	    .spec = &check_spec,
	    .key = "Name" },
	{ .kind = DIFF_CALL, .member = "Connect", .call = diff_connect },
	{ .kind = DIFF_ONE, .member = "Weights", .spec = &weights_spec },
	{ .kind = DIFF_ONE, .member = "Identity", .spec = &identity_spec },
};
static const struct diff_spec service_spec = { .type = &service_type,
	.parts = service_parts,
	.nparts = sizeof service_parts / sizeof service_parts[0] };

static bool
same_text(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

/*
 * The new service that an old one became: its name tells most, then its
 * port, then its place. Two of the three, or the name alone, will do.
 */
static size_t
find_match(const struct service *s, size_t at, const struct service *list,
    size_t n, const bool *taken)
{
	int best = 2;
	size_t found = SIZE_MAX;

	for (size_t i = 0; i < n; i++) {
		int score =
		    (i == at ? 1 : 0) +
		    (same_text(s->port_label, list[i].port_label) ? 2 : 0) +
		    (same_text(s->name, list[i].name) ? 3 : 0);

		if (!taken[i] && score > best) {
			best = score;
			found = i;
		}
	}
	return found;
}

static void
diff_services(const struct service *old, size_t nold, const struct service *new,
    size_t nnew, bool ctx, struct objects *out)
{
	bool *taken = xcalloc(nnew + 1, sizeof *taken);
	size_t from = out->n, match;

	for (size_t i = 0; i < nold; i++) {
		match = i;
		if (nold != 1 || nnew != 1)
			match = find_match(&old[i], i, new,
			    nnew < MAX_GUESSED ? nnew : MAX_GUESSED, taken);
		if (match != SIZE_MAX)
			taken[match] = true;
		diff_object(&service_spec, "Service", &old[i],
		    match == SIZE_MAX ? NULL : &new[match], ctx, out);
	}
	for (size_t i = 0; i < nnew; i++)
		if (!taken[i])
			diff_object(
			    &service_spec, "Service", NULL, &new[i], ctx, out);
	objects_sort(out, from);
	free(taken);
}

void
diff_group_services(
    const void *old, const void *new, bool ctx, struct objects *out)
{
	const struct task_group *a = old, *b = new;

	diff_services(a == NULL ? NULL : a->services,
	    a == NULL ? 0 : a->nservices, b == NULL ? NULL : b->services,
	    b == NULL ? 0 : b->nservices, ctx, out);
}

void
diff_task_services(
    const void *old, const void *new, bool ctx, struct objects *out)
{
	const struct task *a = old, *b = new;

	diff_services(a == NULL ? NULL : a->services,
	    a == NULL ? 0 : a->nservices, b == NULL ? NULL : b->services,
	    b == NULL ? 0 : b->nservices, ctx, out);
}
