#include "cmd/nodeagent/docker_config.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/nodeagent/docker_caps.h"
#include "cmd/nodeagent/docker_create.h"
#include "common/mem.h"
#include "common/text.h"
#include "tests/lib/unit.h"

static const char world_json[] =
    "{\"ID\":\"6f1c2f1a-0000-4000-8000-000000000001\",\"Name\":\"web.g[3]\","
    "\"Namespace\":\"default\",\"JobID\":\"web\",\"TaskGroup\":\"g\","
    "\"Job\":{\"ID\":\"web\",\"Name\":\"web\",\"Type\":\"service\","
    "\"TaskGroups\":[{\"Name\":\"g\",\"Tasks\":[{\"Name\":\"main\","
    "\"Driver\":\"docker\",\"User\":\"nobody\",\"Env\":{\"N\":\"7\"}}]}]},"
    "\"AllocatedResources\":{\"Tasks\":{\"main\":{\"Cpu\":{\"CpuShares\":500},"
    "\"Memory\":{\"MemoryMB\":64},\"Networks\":[{\"IP\":\"10.0.0.7\","
    "\"ReservedPorts\":[{\"Label\":\"lb\",\"Value\":9999}],"
    "\"DynamicPorts\":[{\"Label\":\"ui\",\"Value\":20100}]}]}},"
    "\"Shared\":{\"Ports\":[{\"Label\":\"http\","
    "\"Value\":23456,\"To\":80,\"HostIP\":\"127.0.0.1\"}]}}}";
static const char node_json[] =
    "{\"ID\":\"n1\",\"Name\":\"alpha\",\"NodeResources\":{\"Cpu\":"
    "{\"CpuShares\":4000,\"TotalCpuCores\":2}}}";

struct world {
	struct alloc alloc;
	struct node node;
	struct taskenv env;
	struct docker_options options;
	struct driver_task task;
};

static void
world_init(struct world *w)
{
	const struct task_group *g;
	struct err err;

	*w = (struct world){ 0 };
	ck_assert_int_eq(rec_from_json(&alloc_type, &w->alloc, world_json,
			     strlen(world_json), &err),
	    0);
	ck_assert_int_eq(rec_from_json(&node_type, &w->node, node_json,
			     strlen(node_json), &err),
	    0);
	g = alloc_group(&w->alloc);
	taskenv_init(&w->env, &w->node, &w->alloc, g, &g->tasks[0],
	    &docker_dirs, NULL, NULL, "global");
	docker_options_init(&w->options);
	w->task = (struct driver_task){ .alloc_id = w->alloc.id,
		.alloc = &w->alloc,
		.task = &g->tasks[0],
		.env = &w->env,
		.task_dir = "/d/6f/main",
		.alloc_dir = "/d/6f/alloc",
		.local_dir = "/d/6f/main/local",
		.secrets_dir = "/d/6f/main/secrets",
		.log_dir = "/d/6f/alloc/logs" };
}

static void
world_release(struct world *w)
{
	taskenv_release(&w->env);
	rec_clear(&alloc_type, &w->alloc);
	rec_clear(&node_type, &w->node);
	rec_clear(&docker_options_type, &w->options);
}

/* The body for a config in JSON, or NULL with err. */
static struct tree *
body_of(const struct world *w, const char *config_json, struct err *err)
{
	struct tree *config =
	    tree_from_json(config_json, strlen(config_json), err);
	struct docker_config c;
	struct docker_create create = { &c, &w->options, &w->task, "id", NULL };
	struct tree *body = NULL;
	struct buf b = { 0 };

	ck_assert_msg(config != NULL, "%s", config_json);
	if (docker_config_read(&c, config, &w->env, err) == 0) {
		if (docker_create_body(&create, &b, err) == 0) {
			body = tree_from_json(b.data, b.len, err);
			ck_assert_ptr_nonnull(body);
		}
		rec_clear(&docker_config_type, &c);
	}
	buf_release(&b);
	tree_free(config);
	return body;
}

/* Follows "HostConfig/Memory" and compares the JSON of what is there; NULL:
 * nothing is. */
static void
expect_in(const struct tree *body, const char *path, const char *json)
{
	char *copy = xstrdup(path), *save = NULL;
	struct buf b = { 0 };

	for (char *p = strtok_r(copy, " ", &save); p != NULL;
	     p = strtok_r(NULL, " ", &save))
		body = tree_get(body, p);
	free(copy);
	if (json == NULL) {
		ck_assert_msg(body == NULL, "%s is there", path);
		return;
	}
	ck_assert_msg(body != NULL, "%s is not there", path);
	tree_to_json(body, &b, 0);
	ck_assert_msg(
	    strcmp(b.data, json) == 0, "%s: %s, not %s", path, b.data, json);
	buf_release(&b);
}

struct want {
	const char *config, *path, *json;
};

static bool
has_env(const struct tree *body, const char *text)
{
	const struct tree *env = tree_get(body, "Env");

	for (size_t i = 0; i < env->nitems; i++)
		if (strcmp(env->items[i]->str, text) == 0)
			return true;
	return false;
}

static void
expect_all(const struct world *w, const struct want *wants, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct err err;
		struct tree *body = body_of(w, wants[i].config, &err);

		ck_assert_msg(
		    body != NULL, "%s: %s", wants[i].config, err.text);
		expect_in(body, wants[i].path, wants[i].json);
		tree_free(body);
	}
}

#define EXPECT_ALL(w, wants) \
	expect_all(w, wants, sizeof(wants) / sizeof((wants)[0]))

START_TEST(a_container_is_the_image_with_the_tasks_environment)
{
	static const struct want wants[] = {
		{ "{\"image\":\"a\"}", "Image", "\"id\"" },
		{ "{\"image\":\"a\"}", "User", "\"nobody\"" },
		{ "{\"image\":\"a\"}", "Cmd", NULL },
		{ "{\"image\":\"a\"}", "HostConfig NetworkMode",
		    "\"default\"" },
		{ "{\"image\":\"a\",\"command\":\"c\",\"args\":[\"${N}\",2]}",
		    "Cmd", "[\"c\",\"7\",\"2\"]" },
		{ "{\"image\":\"a\",\"entrypoint\":[\"/e\"],\"args\":[\"x\"]}",
		    "Entrypoint", "[\"/e\"]" },
		{ "{\"image\":\"a\",\"work_dir\":\"/w\"}", "WorkingDir",
		    "\"/w\"" },
		{ "{\"image\":\"a\",\"healthchecks\":[{\"disable\":true}]}",
		    "Healthcheck", "{\"Test\":[\"NONE\"]}" },
		{ "{\"image\":\"a\",\"labels\":[{\"x\":\"y\"}]}", "Labels x",
		    "\"y\"" },
		{ "{\"image\":\"a\"}", "Labels com.hashicorp.nomad.alloc_id",
		    "\"6f1c2f1a-0000-4000-8000-000000000001\"" },
		{ "{\"image\":\"a\"}", "Labels com.hashicorp.nomad.job_id",
		    NULL },
		{ "{\"image\":\"a\",\"tty\":\"true\"}", "Tty", "true" },
		{ "{\"image\":\"a\",\"interactive\":true}", "OpenStdin",
		    "true" },
	};
	struct world w;
	struct err err;
	struct tree *body;

	world_init(&w);
	EXPECT_ALL(&w, wants);
	body = body_of(&w, "{\"image\":\"a\"}", &err);
	ck_assert(has_env(body, "NOMAD_ALLOC_DIR=/alloc"));
	ck_assert(has_env(body, "NOMAD_PORT_ui=20100"));
	tree_free(body);
	body =
	    body_of(&w, "{\"image\":\"a\",\"port_map\":[{\"ui\":8080}]}", &err);
	ck_assert(has_env(body, "NOMAD_PORT_ui=8080"));
	ck_assert(has_env(body, "NOMAD_HOST_PORT_ui=20100"));
	tree_free(body);
	world_release(&w);
}
END_TEST

START_TEST(labels_are_added_as_the_node_says)
{
	static const struct want wants[] = {
		{ "{\"image\":\"a\"}", "Labels com.hashicorp.nomad.job_id",
		    "\"web\"" },
		{ "{\"image\":\"a\"}", "Labels com.hashicorp.nomad.job_name",
		    "\"web\"" },
		{ "{\"image\":\"a\"}", "Labels com.hashicorp.nomad.node_name",
		    "\"alpha\"" },
		{ "{\"image\":\"a\"}", "Labels com.hashicorp.nomad.node_id",
		    NULL },
	};
	struct world w;

	world_init(&w);
	w.options.extra_labels = xcalloc(2, sizeof *w.options.extra_labels);
	w.options.extra_labels[w.options.nextra_labels++] = xstrdup("job_*");
	w.options.extra_labels[w.options.nextra_labels++] =
	    xstrdup("node_name");
	EXPECT_ALL(&w, wants);
	world_release(&w);
}
END_TEST

START_TEST(a_container_gets_what_the_allocation_was_given)
{
	static const struct want wants[] = {
		{ "{\"image\":\"a\"}", "HostConfig Memory", "67108864" },
		{ "{\"image\":\"a\"}", "HostConfig MemorySwap", "67108864" },
		{ "{\"image\":\"a\"}", "HostConfig MemoryReservation", NULL },
		{ "{\"image\":\"a\",\"memory_hard_limit\":128}",
		    "HostConfig Memory", "134217728" },
		{ "{\"image\":\"a\",\"memory_hard_limit\":\"128\"}",
		    "HostConfig MemoryReservation", "67108864" },
		{ "{\"image\":\"a\"}", "HostConfig CpuShares", "500" },
		{ "{\"image\":\"a\"}", "HostConfig CpuQuota", NULL },
		/* An eighth of both cores. */
		{ "{\"image\":\"a\",\"cpu_hard_limit\":true}",
		    "HostConfig CpuQuota", "25000" },
		{ "{\"image\":\"a\",\"cpu_hard_limit\":true,"
		  "\"cpu_cfs_period\":50000}",
		    "HostConfig CpuQuota", "12500" },
		{ "{\"image\":\"a\",\"pids_limit\":9}", "HostConfig PidsLimit",
		    "9" },
		{ "{\"image\":\"a\",\"ulimit\":[{\"nofile\":\"1:2\"}]}",
		    "HostConfig Ulimits",
		    "[{\"Hard\":2,\"Name\":\"nofile\",\"Soft\":1}]" },
		{ "{\"image\":\"a\",\"ulimit\":{\"core\":0}}",
		    "HostConfig Ulimits",
		    "[{\"Hard\":0,\"Name\":\"core\",\"Soft\":0}]" },
	};
	struct world w;

	world_init(&w);
	EXPECT_ALL(&w, wants);
	world_release(&w);
}
END_TEST

#define HTTP_PORTS                                             \
	"{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":" \
	"\"23456\"}],\"80/udp\":[{\"HostIp\":\"127.0.0.1\","   \
	"\"HostPort\":\"23456\"}]}"

START_TEST(ports_are_those_of_the_group_or_of_the_tasks_own_network)
{
	static const struct want wants[] = {
		{ "{\"image\":\"a\",\"ports\":[\"http\"]}",
		    "HostConfig PortBindings", HTTP_PORTS },
		{ "{\"image\":\"a\",\"ports\":[\"http\"]}", "ExposedPorts",
		    "{\"80/tcp\":{},\"80/udp\":{}}" },
		{ "{\"image\":\"a\"}", "HostConfig PortBindings 9999/tcp",
		    "[{\"HostIp\":\"10.0.0.7\",\"HostPort\":\"9999\"}]" },
		{ "{\"image\":\"a\",\"port_map\":[{\"ui\":8080}]}",
		    "HostConfig PortBindings 8080/udp",
		    "[{\"HostIp\":\"10.0.0.7\",\"HostPort\":\"20100\"}]" },
		{ "{\"image\":\"a\",\"ports\":[\"lb\"]}",
		    "HostConfig PortBindings 9999/udp",
		    "[{\"HostIp\":\"10.0.0.7\",\"HostPort\":\"9999\"}]" },
		{ "{\"image\":\"a\",\"network_mode\":\"host\"}",
		    "HostConfig PortBindings", NULL },
		{ "{\"image\":\"a\",\"network_mode\":\"host\"}",
		    "HostConfig NetworkMode", "\"host\"" },
		{ "{\"image\":\"a\",\"network_mode\":\"n\","
		  "\"network_aliases\":[\"x\"],\"ipv4_address\":\"10.1.1.1\"}",
		    "NetworkingConfig EndpointsConfig n",
		    "{\"Aliases\":[\"x\"],\"IPAMConfig\":{\"IPv4Address\":"
		    "\"10.1.1.1\"}}" },
		{ "{\"image\":\"a\",\"dns_servers\":[\"10.0.0.1\"]}",
		    "HostConfig Dns", "[\"10.0.0.1\"]" },
	};
	struct world w;

	world_init(&w);
	EXPECT_ALL(&w, wants);
	world_release(&w);
}
END_TEST

START_TEST(volumes_lie_in_the_allocation_unless_the_node_says_otherwise)
{
	static const struct want inside[] = {
		{ "{\"image\":\"a\",\"volumes\":[\"local/x:/x:ro\","
		  "\"../alloc/./y:/y\"]}",
		    "HostConfig Binds",
		    "[\"/d/6f/alloc:/alloc\",\"/d/6f/main/local:/local\","
		    "\"/d/6f/main/secrets:/secrets\","
		    "\"/d/6f/main/local/x:/x:ro\",\"/d/6f/alloc/y:/y\"]" },
		{ "{\"image\":\"a\",\"mount\":[{\"type\":\"bind\","
		  "\"source\":\"local\",\"target\":\"/l\",\"readonly\":true,"
		  "\"bind_options\":[{\"propagation\":\"rshared\"}]}]}",
		    "HostConfig Mounts",
		    "[{\"BindOptions\":{\"Propagation\":\"rshared\"},"
		    "\"ReadOnly\":true,\"Source\":\"/d/6f/main/local\","
		    "\"Target\":\"/l\",\"Type\":\"bind\"}]" },
		{ "{\"image\":\"a\",\"mounts\":[{\"type\":\"tmpfs\","
		  "\"target\":\"/t\",\"tmpfs_options\":{\"size\":4096}},"
		  "{\"target\":\"/v\",\"source\":\"vol\"}]}",
		    "HostConfig Mounts",
		    "[{\"Target\":\"/t\",\"TmpfsOptions\":{\"SizeBytes\":4096}"
		    ",\"Type\":\"tmpfs\"},{\"Source\":\"vol\",\"Target\":"
		    "\"/v\",\"Type\":\"volume\"}]" },
	};
	static const struct want outside[] = {
		{ "{\"image\":\"a\",\"volume_driver\":\"pxd\","
		  "\"volumes\":[\"name:/n\"]}",
		    "HostConfig VolumeDriver", "\"pxd\"" },
		{ "{\"image\":\"a\",\"mount\":{\"type\":\"bind\","
		  "\"source\":\"/etc\",\"target\":\"/e\"}}",
		    "HostConfig Mounts",
		    "[{\"Source\":\"/etc\",\"Target\":\"/e\",\"Type\":"
		    "\"bind\"}]" },
	};
	struct world w;

	world_init(&w);
	EXPECT_ALL(&w, inside);
	w.options.volumes.enabled = true;
	EXPECT_ALL(&w, outside);
	world_release(&w);
}
END_TEST

/* The engine follows links; the task may have put some. */
START_TEST(a_volume_does_not_follow_a_link_out_of_the_allocation)
{
	char root[128], *task, *alloc, *inside, *outside;
	struct world w;
	struct err err;
	struct tree *body;

	snprintf(root, sizeof root, "%s/docker-vol-XXXXXX", unit_tmp());
	ck_assert_ptr_nonnull(mkdtemp(root));
	task = xasprintf("%s/main", root);
	alloc = xasprintf("%s/alloc", root);
	inside = xasprintf("%s/in", task);
	outside = xasprintf("%s/out", task);
	ck_assert_int_eq(mkdir(task, 0755), 0);
	ck_assert_int_eq(mkdir(alloc, 0755), 0);
	ck_assert_int_eq(symlink("../alloc", inside), 0);
	ck_assert_int_eq(symlink("/etc", outside), 0);
	world_init(&w);
	w.task.task_dir = task;
	w.task.alloc_dir = alloc;
	body =
	    body_of(&w, "{\"image\":\"a\",\"volumes\":[\"in/new:/e\"]}", &err);
	ck_assert_msg(body != NULL, "%s", err.text);
	tree_free(body);
	ck_assert_ptr_null(
	    body_of(&w, "{\"image\":\"a\",\"volumes\":[\"out/x:/e\"]}", &err));
	ck_assert_str_eq(err.text,
	    "volumes are not enabled; cannot mount host paths: \"out/x:/e\"");
	world_release(&w);
	unlink(inside);
	unlink(outside);
	rmdir(task);
	rmdir(alloc);
	rmdir(root);
	free(task);
	free(alloc);
	free(inside);
	free(outside);
}
END_TEST

START_TEST(a_seccomp_profile_goes_along_whole)
{
	char path[128], *config;
	struct world w;
	struct err err;
	struct tree *body;
	int fd;

	snprintf(path, sizeof path, "%s/docker-sec-XXXXXX", unit_tmp());
	ck_assert_int_ne(fd = mkstemp(path), -1);
	ck_assert_int_eq(write(fd, "{ \"a\": [] }\n", 12), 12);
	close(fd);
	config = xasprintf(
	    "{\"image\":\"a\",\"security_opt\":[\"seccomp=%s\"]}", path);
	world_init(&w);
	body = body_of(&w, config, &err);
	ck_assert_msg(body != NULL, "%s", err.text);
	expect_in(
	    body, "HostConfig SecurityOpt", "[\"seccomp={\\\"a\\\":[]}\"]");
	tree_free(body);
	world_release(&w);
	unlink(path);
	free(config);
}
END_TEST

START_TEST(what_the_node_does_not_allow_is_refused_by_name)
{
	static const struct {
		const char *config, *why;
	} cases[] = {
		{ "{\"image\":\"a\",\"privileged\":true}",
		    "Docker privileged mode is disabled on this Nomad agent" },
		{ "{\"image\":\"a\",\"cap_add\":[\"CAP_SYS_TIME\",\"bpf\"]}",
		    "driver does not allow the following capabilities: "
		    "sys_time, bpf" },
		{ "{\"image\":\"a\",\"cap_add\":[\"fly\"]}",
		    "cap_add: there is no capability \"fly\"" },
		{ "{\"image\":\"a\",\"volumes\":[\"/etc:/e\"]}",
		    "volumes are not enabled; cannot mount host paths: "
		    "\"/etc:/e\"" },
		{ "{\"image\":\"a\",\"volumes\":[\"../../7f/x:/e\"]}",
		    "volumes are not enabled; cannot mount host paths: "
		    "\"../../7f/x:/e\"" },
		{ "{\"image\":\"a\",\"volumes\":[\"../../6f2:/e\"]}",
		    "volumes are not enabled; cannot mount host paths: "
		    "\"../../6f2:/e\"" },
		{ "{\"image\":\"a\",\"volumes\":[\"x\"]}",
		    "invalid docker volume \"x\": expected "
		    "source:/target[:mode]" },
		{ "{\"image\":\"a\",\"volume_driver\":\"pxd\"}",
		    "volumes are not enabled; cannot use volume driver "
		    "\"pxd\"" },
		{ "{\"image\":\"a\",\"mount\":[{\"type\":\"bind\","
		  "\"source\":\"/etc\",\"target\":\"/e\"}]}",
		    "volumes are not enabled; cannot mount host path: "
		    "\"/etc\"" },
		{ "{\"image\":\"a\",\"mount\":[{\"target\":\"/e\","
		  "\"volume_options\":[{\"driver_config\":[{\"name\":"
		  "\"local\"}]}]}]}",
		    "volumes are not enabled; cannot use volume driver "
		    "\"local\"" },
		{ "{\"image\":\"a\",\"ports\":[\"db\"]}",
		    "Port \"db\" not found, check network block" },
		{ "{\"image\":\"a\",\"security_opt\":[\"seccomp=/no/p\"]}",
		    "seccomp profile (/no/p): open: No such file or "
		    "directory" },
		{ "{\"image\":\"a\",\"security_opt\":[\"seccomp:/dev/null\"]}",
		    "seccomp profile (/dev/null): not a regular file" },
		{ "{\"image\":\"a\",\"runtime\":\"kata\"}",
		    "requested runtime \"kata\" is not allowed" },
		{ "{\"image\":\"a\",\"ulimit\":{\"nofile\":\"x\"}}",
		    "Malformed soft ulimit nofile: x" },
		{ "{\"image\":\"a\",\"dns_servers\":[\"x\"]}",
		    "invalid ip for container dns server: x" },
		{ "{\"image\":\"a\",\"pids_limit\":101}",
		    "pids_limit cannot be greater than nomad plugin config "
		    "pids_limit: 100" },
	};
	struct world w;

	world_init(&w);
	w.options.pids_limit = 100;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err err;
		struct tree *body = body_of(&w, cases[i].config, &err);

		ck_assert_msg(body == NULL, "%s passes", cases[i].config);
		ck_assert_str_eq(err.text, cases[i].why);
	}
	world_release(&w);
}
END_TEST

START_TEST(capabilities_are_dockers_less_what_the_node_withholds)
{
	static const struct want wants[] = {
		{ "{\"image\":\"a\"}", "HostConfig CapAdd", "[]" },
		{ "{\"image\":\"a\"}", "HostConfig CapDrop",
		    "[\"CAP_NET_RAW\"]" },
		{ "{\"image\":\"a\",\"cap_drop\":[\"all\"],"
		  "\"cap_add\":[\"chown\"]}",
		    "HostConfig CapDrop", "[\"ALL\"]" },
		{ "{\"image\":\"a\",\"cap_drop\":[\"all\"],"
		  "\"cap_add\":[\"chown\"]}",
		    "HostConfig CapAdd", "[\"CAP_CHOWN\"]" },
		{ "{\"image\":\"a\",\"security_opt\":[\"seccomp=unconfined\","
		  "\"no-new-privileges\"]}",
		    "HostConfig SecurityOpt",
		    "[\"seccomp=unconfined\",\"no-new-privileges\"]" },
		{ "{\"image\":\"a\",\"cap_drop\":[\"Mknod\"]}",
		    "HostConfig CapDrop", "[\"CAP_NET_RAW\",\"CAP_MKNOD\"]" },
	};
	struct world w;

	world_init(&w);
	EXPECT_ALL(&w, wants);
	world_release(&w);
}
END_TEST

START_TEST(a_config_with_an_error_says_where_it_is)
{
	static const struct {
		const char *config, *why;
	} cases[] = {
		{ "{}", "docker: image name required for docker driver" },
		{ "{\"image\":\"a\",\"imgae\":1}",
		    "docker: config has no option \"imgae\"" },
		{ "{\"image\":\"a\",\"mount\":[{\"x\":1}]}",
		    "docker: config.mount has no option \"x\"" },
		{ "{\"image\":\"a\",\"args\":\"x\"}",
		    "docker: config.args: expected a list" },
		{ "{\"image\":\"a\",\"args\":[[]]}",
		    "docker: config.args: expected text" },
		{ "{\"image\":\"a\",\"pids_limit\":\"many\"}",
		    "docker: config.pids_limit: expected a whole number" },
		{ "{\"image\":\"a\",\"pids_limit\":-1}",
		    "docker: pids_limit must not be negative" },
		{ "{\"image\":\"a\",\"tty\":2}",
		    "docker: config.tty: expected true or false" },
		{ "{\"image\":\"a\",\"auth\":[{},{}]}",
		    "docker: config.auth: expected at most one block" },
		{ "{\"image\":\"a\",\"devices\":[{}]}",
		    "docker: host path must be set in configuration for "
		    "devices" },
		{ "{\"image\":\"a\",\"cpu_cfs_period\":1000001}",
		    "docker: invalid value for cpu_cfs_period: 1000001" },
		{ "{\"image\":\"a\",\"port_map\":[{\"x\":70000}]}",
		    "docker: port_map: 70000 of \"x\" is no port" },
	};
	struct err err;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tree *t = tree_from_json(
		    cases[i].config, strlen(cases[i].config), &err);

		ck_assert_int_eq(docker_config_check(t, &err), -1);
		ck_assert_str_eq(err.text, cases[i].why);
		tree_free(t);
	}
	ck_assert_int_eq(docker_config_check(NULL, &err), -1);
}
END_TEST

START_TEST(a_number_may_wait_for_its_reference)
{
	const char text[] = "{\"image\":\"${X}\",\"pids_limit\":\"${N}\","
			    "\"image_pull_timeout\":\"${T}\"}";
	struct err err;
	struct tree *t = tree_from_json(text, strlen(text), &err);

	ck_assert_msg(docker_config_check(t, &err) == 0, "%s", err.text);
	tree_free(t);
}
END_TEST

START_TEST(every_table_covers_its_struct)
{
	static const struct rec_type *const types[] = { &docker_config_type,
		&docker_device_type, &docker_healthchecks_type,
		&docker_logging_type, &docker_bind_options_type,
		&docker_tmpfs_options_type, &docker_volume_driver_type,
		&docker_mount_volume_type, &docker_mount_type,
		&docker_auth_type, &docker_options_type,
		&docker_auth_options_type, &docker_dangling_options_type,
		&docker_gc_options_type, &docker_volume_options_type,
		&docker_logging_options_type };

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		ck_assert_msg(rec_covers(types[i]), "%s", types[i]->name);
}
END_TEST

START_TEST(a_containers_name_has_no_slash)
{
	struct task task = { .name = text_borrow("a/b") };
	struct driver_task t = { .alloc_id = "6f", .task = &task };
	char *name = docker_container_name(&t);

	ck_assert_str_eq(name, "a_b-6f");
	free(name);
}
END_TEST

UNIT_MAIN("docker_config", a_container_is_the_image_with_the_tasks_environment,
    labels_are_added_as_the_node_says,
    a_container_gets_what_the_allocation_was_given,
    ports_are_those_of_the_group_or_of_the_tasks_own_network,
    volumes_lie_in_the_allocation_unless_the_node_says_otherwise,
    a_volume_does_not_follow_a_link_out_of_the_allocation,
    a_seccomp_profile_goes_along_whole,
    what_the_node_does_not_allow_is_refused_by_name,
    capabilities_are_dockers_less_what_the_node_withholds,
    a_config_with_an_error_says_where_it_is,
    a_number_may_wait_for_its_reference, every_table_covers_its_struct,
    a_containers_name_has_no_slash)
