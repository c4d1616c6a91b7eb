#include "cmd/nodeagent/nodeagent.h"

#include <string.h>

#include "common/mem.h"
#include "tests/lib/unit.h"

static void
add_key(struct nodeagent_config *c, const char *key)
{
	size_t n = c->nallowed_metadata_keys_in_metrics++;

	c->allowed_metadata_keys_in_metrics = xreallocarray(
	    c->allowed_metadata_keys_in_metrics, n + 1, sizeof(char *));
	c->allowed_metadata_keys_in_metrics[n] = xstrdup(key);
}

START_TEST(reload_takes_what_the_manual_names)
{
	struct nodeagent_config was = { 0 }, is = { 0 };
	struct nodeagent na = { 0 };
	struct daemon d = { .config = &was, .state = &na };
	struct err err;

	nodeagent_config_init(&was);
	nodeagent_config_init(&is);
	was.common.log_level = xstrdup("info");
	is.common.log_level = xstrdup("debug");
	add_key(&was, "team");
	add_key(&is, "tier");
	add_key(&is, "team");
	is.gc_max_allocs++;
	is.stop_tasks_on_exit = !is.stop_tasks_on_exit;
	is.publish_allocation_metrics = !is.publish_allocation_metrics;
	is.publish_node_metrics = !is.publish_node_metrics;
	is.include_alloc_metadata_in_metrics =
	    !is.include_alloc_metadata_in_metrics;
	is.disable_allocation_hook_metrics =
	    !is.disable_allocation_hook_metrics;
	ck_assert_int_eq(nodeagent_reload(&d, &is, &err), 0);
	is.raw_exec = !is.raw_exec;
	ck_assert_int_eq(nodeagent_reload(&d, &is, &err), -1);
	ck_assert_ptr_nonnull(
	    strstr(err.text, "allowed_metadata_keys_in_metrics"));
	rec_clear(&nodeagent_config_type, &was);
	rec_clear(&nodeagent_config_type, &is);
}
END_TEST

UNIT_MAIN("lifecycle", reload_takes_what_the_manual_names)
