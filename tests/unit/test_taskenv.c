#include "cmd/nodeagent/taskenv.h"

#include <string.h>

#include "cmd/nodeagent/services.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

static const char world_json[] =
    "{\"ID\":\"6f1c2f1a-0000-4000-8000-000000000001\",\"Name\":\"web.g[3]\","
    "\"Namespace\":\"default\",\"JobID\":\"web\",\"TaskGroup\":\"g\","
    "\"Job\":{\"ID\":\"web\",\"Name\":\"web\",\"Type\":\"service\","
    "\"Meta\":{\"who\":\"job\",\"tier\":\"gold\"},"
    "\"TaskGroups\":[{\"Name\":\"g\","
    "\"Services\":[{\"Name\":\"${NOMAD_JOB_NAME}-all\",\"PortLabel\":\"http\","
    "\"Tags\":[\"urlprefix-/${NOMAD_TASK_NAME}x\",\"n-${node.unique.name}\"]}],"
    "\"Tasks\":[{\"Name\":\"main\",\"Driver\":\"raw_exec\","
    "\"Env\":{\"GREETING\":\"hi from ${NOMAD_ALLOC_INDEX}\",\"a-b\":\"c\"},"
    "\"Meta\":{\"who\":\"task\"},"
    "\"Services\":[{\"Name\":\"one\",\"PortLabel\":\"http\"}]}]}]},"
    "\"AllocatedResources\":{\"Tasks\":{\"main\":{\"Cpu\":{\"CpuShares\":150},"
    "\"Memory\":{\"MemoryMB\":64},\"Networks\":[{\"IP\":\"10.0.0.7\","
    "\"ReservedPorts\":[{\"Label\":\"lb\",\"Value\":9999}],"
    "\"DynamicPorts\":[{\"Label\":\"my-ui\",\"Value\":20100}]}]},"
    "\"side\":{\"Networks\":[{\"IP\":\"10.0.0.8\",\"ReservedPorts\":"
    "[{\"Label\":\"db\",\"Value\":5432}]}]}},\"Shared\":{\"Ports\":[{\"Label\":"
    "\"http\","
    "\"Value\":23456,\"To\":0,\"HostIP\":\"127.0.0.1\"}]}}}";
static const char node_json[] =
    "{\"ID\":\"n1\",\"Name\":\"alpha\",\"Datacenter\":\"dc1\","
    "\"Attributes\":{\"kernel.name\":\"linux\"},\"Meta\":{\"rack\":\"r7\"}}";

struct world {
	struct alloc *alloc;
	struct node node;
	struct taskenv env;
};

static void
world_init(struct world *w, char *const *inherit, char *const *deny)
{
	static const struct taskenv_dirs dirs = { "/a", "/l", "/s" };
	const struct task_group *g;
	struct err err;

	w->alloc = xcalloc(1, sizeof *w->alloc);
	ck_assert_int_eq(rec_from_json(&alloc_type, w->alloc, world_json,
			     strlen(world_json), &err),
	    0);
	ck_assert_int_eq(rec_from_json(&node_type, &w->node, node_json,
			     strlen(node_json), &err),
	    0);
	g = alloc_group(w->alloc);
	ck_assert_ptr_nonnull(g);
	taskenv_init(&w->env, &w->node, w->alloc, g, &g->tasks[0], &dirs,
	    inherit, deny, "global");
}

static void
world_release(struct world *w)
{
	taskenv_release(&w->env);
	rec_clear(&alloc_type, w->alloc);
	free(w->alloc);
	rec_clear(&node_type, &w->node);
}

static void
expect(const struct world *w, const char *name, const char *value)
{
	const char *is = taskenv_get(&w->env, name);

	ck_assert_msg(is != NULL, "%s is not there", name);
	ck_assert_str_eq(is, value);
}

START_TEST(taskenv_tells_a_task_who_and_where_it_is)
{
	struct world w = { 0 };

	world_init(&w, NULL, NULL);
	expect(&w, "NOMAD_ALLOC_ID", "6f1c2f1a-0000-4000-8000-000000000001");
	expect(&w, "NOMAD_SHORT_ALLOC_ID", "6f1c2f1a");
	expect(&w, "NOMAD_ALLOC_INDEX", "3");
	expect(&w, "NOMAD_TASK_NAME", "main");
	expect(&w, "NOMAD_GROUP_NAME", "g");
	expect(&w, "NOMAD_DC", "dc1");
	expect(&w, "NOMAD_REGION", "global");
	expect(&w, "NOMAD_CPU_LIMIT", "150");
	expect(&w, "NOMAD_MEMORY_LIMIT", "64");
	expect(&w, "NOMAD_ALLOC_DIR", "/a");
	expect(&w, "NOMAD_PORT_http", "23456");
	expect(&w, "NOMAD_ADDR_http", "127.0.0.1:23456");
	expect(&w, "NOMAD_HOST_PORT_http", "23456");
	world_release(&w);
}
END_TEST

START_TEST(taskenv_tells_of_the_ports_of_tasks)
{
	struct world w = { 0 };

	world_init(&w, NULL, NULL);
	expect(&w, "NOMAD_IP_lb", "10.0.0.7");
	expect(&w, "NOMAD_PORT_lb", "9999");
	expect(&w, "NOMAD_ADDR_lb", "10.0.0.7:9999");
	expect(&w, "NOMAD_ADDR_my_ui", "10.0.0.7:20100");
	expect(&w, "NOMAD_IP_side_db", "10.0.0.8");
	expect(&w, "NOMAD_PORT_side_db", "5432");
	expect(&w, "NOMAD_ADDR_side_db", "10.0.0.8:5432");
	ck_assert_ptr_null(taskenv_get(&w.env, "NOMAD_PORT_db"));
	ck_assert_ptr_null(taskenv_get(&w.env, "NOMAD_PORT_main_lb"));
	world_release(&w);
}
END_TEST

START_TEST(taskenv_lets_the_nearest_meta_win)
{
	struct world w = { 0 };

	world_init(&w, NULL, NULL);
	expect(&w, "NOMAD_META_who", "task");
	expect(&w, "NOMAD_META_WHO", "task");
	expect(&w, "NOMAD_META_tier", "gold");
	world_release(&w);
}
END_TEST

START_TEST(taskenv_expands_what_it_knows_and_leaves_the_rest)
{
	static const struct {
		const char *text, *becomes;
	} cases[] = {
		{ "plain", "plain" },
		{ "${NOMAD_PORT_http}", "23456" },
		{ "${env[\"NOMAD_DC\"]}", "dc1" },
		{ "${node.unique.name}/${attr.kernel.name}", "alpha/linux" },
		{ "rack ${meta.rack}", "rack r7" },
		{ "${nothing.known}", "${nothing.known}" },
		{ "${unclosed", "${unclosed" },
		{ "$5 and ${}", "$5 and ${}" },
	};
	struct world w = { 0 };

	world_init(&w, NULL, NULL);
	expect(&w, "GREETING", "hi from 3");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *got = taskenv_expand(&w.env, cases[i].text);

		ck_assert_str_eq(got, cases[i].becomes);
		free(got);
	}
	world_release(&w);
}
END_TEST

START_TEST(taskenv_inherits_all_but_what_is_denied)
{
	static char path[] = "PATH=/bin", token[] = "TOKEN=x",
		    key[] = "AWS_KEY=x", deny_1[] = "TOKEN", deny_2[] = "AWS_*";
	char *inherit[] = { path, token, key, NULL },
	     *deny[] = { deny_1, deny_2, NULL };
	struct world w = { 0 };

	world_init(&w, inherit, deny);
	expect(&w, "PATH", "/bin");
	ck_assert_ptr_null(taskenv_get(&w.env, "TOKEN"));
	ck_assert_ptr_null(taskenv_get(&w.env, "AWS_KEY"));
	world_release(&w);
}
END_TEST

START_TEST(services_come_with_running_tasks_and_go_with_a_stop)
{
	struct world w = { 0 };
	struct run_time now = { 1, 1 };
	struct service_list list = { 0 };
	struct alloc_run *run;

	world_init(&w, NULL, NULL);
	run = alloc_run_new(w.alloc, 1, 1000, now, NULL);
	alloc_run_tick(run, now);
	services_of(run, &w.node, "global", now, &list);
	ck_assert_uint_eq(list.nitems, 0);
	alloc_run_started(run, 0, now);
	services_of(run, &w.node, "global", now, &list);
	ck_assert_uint_eq(list.nitems, 2);
	ck_assert_str_eq(list.items[0].service_name, "one");
	ck_assert_str_eq(list.items[1].service_name, "web-all");
	ck_assert_str_eq(list.items[1].tags[1], "n-alpha");
	ck_assert_str_eq(list.items[1].address, "127.0.0.1");
	ck_assert_int_eq(list.items[1].port, 23456);
	ck_assert_ptr_nonnull(service_list_find(&list, list.items[0].id));
	service_list_release(&list);
	alloc_run_stop(run, now);
	services_of(run, &w.node, "global", now, &list);
	ck_assert_uint_eq(list.nitems, 0);
	w.alloc = xcalloc(1, sizeof *w.alloc); /* the run owned the other */
	alloc_run_free(run);
	world_release(&w);
}
END_TEST

UNIT_MAIN("taskenv", taskenv_tells_a_task_who_and_where_it_is,
    taskenv_tells_of_the_ports_of_tasks, taskenv_lets_the_nearest_meta_win,
    taskenv_expands_what_it_knows_and_leaves_the_rest,
    taskenv_inherits_all_but_what_is_denied,
    services_come_with_running_tasks_and_go_with_a_stop)
