#include "cmd/nodeagent/driver_docker.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/nodeagent/docker_create.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "tests/lib/fakeengine.h"
#include "tests/lib/unit.h"

#define WAIT_MS 8000
#define NODE_ID "n1"
#define STATE(running, code, more)                                   \
	"{\"Id\":\"c1\",\"Image\":\"sha256:i\",\"State\":{"          \
	"\"Running\":" running ",\"ExitCode\":" code                 \
	",\"Pid\":7,\"FinishedAt\":"                                 \
	"\"2026-01-02T03:04:05Z\"" more "},\"Config\":{\"Labels\":{" \
	"\"rove.task.life\":\"1\"}}}"

static const char world_json[] =
    "{\"ID\":\"a1\",\"Name\":\"web.g[0]\",\"JobID\":\"web\","
    "\"TaskGroup\":\"g\",\"Job\":{\"ID\":\"web\",\"TaskGroups\":["
    "{\"Name\":\"g\",\"Tasks\":[{\"Name\":\"t\",\"Driver\":\"docker\"}]}]},"
    "\"AllocatedResources\":{\"Tasks\":{\"t\":{\"Cpu\":{\"CpuShares\":100},"
    "\"Memory\":{\"MemoryMB\":32}}}}}";

struct world {
	struct loop *loop;
	struct fake_engine fake;
	struct docker_options options;
	char dir[64], logs[96], pos[96];
	struct driver_host host;
	struct alloc alloc;
	struct node node;
	struct taskenv env;
	struct driver_task dt;
	struct taskproc *proc;
	struct proc_event last;
	char why[1500], notes[1500];
	bool seen, changed;
};

static void
on_change(void *ctx)
{
	((struct world *)ctx)->changed = true;
}

static void
on_event(void *ctx, struct taskproc *proc, const struct proc_event *e)
{
	struct world *w = ctx;

	(void)proc;
	if (e->kind == PROC_NOTE) {
		strcat(w->notes, e->why);
		return;
	}
	ck_assert(!w->seen);
	w->last = *e;
	snprintf(w->why, sizeof w->why, "%s", e->why != NULL ? e->why : "");
	w->seen = true;
}

static void
fill_task(struct world *w, const char *config)
{
	const struct task_group *g;
	struct task *task;
	struct err err;

	ck_assert_int_eq(rec_from_json(&alloc_type, &w->alloc, world_json,
			     strlen(world_json), &err),
	    0);
	g = alloc_group(&w->alloc);
	task = &w->alloc.job->task_groups[0].tasks[0];
	task->config = tree_from_json(config, strlen(config), &err);
	ck_assert_ptr_nonnull(task->config);
	taskenv_init(&w->env, &w->node, &w->alloc, g, task, &docker_dirs, NULL,
	    NULL, "global");
	w->dt = (struct driver_task){ .alloc_id = w->alloc.id,
		.alloc = &w->alloc,
		.task = task,
		.env = &w->env,
		.task_dir = w->dir,
		.alloc_dir = w->dir,
		.local_dir = w->dir,
		.secrets_dir = w->dir,
		.log_dir = w->logs,
		.life = 1 };
}

/* A world whose task is an ordinary container that runs. */
static void
open_world(struct world *w, const char *config)
{
	memset(w, 0, sizeof *w);
	log_set_level(LOG_ERROR);
	w->loop = loop_new();
	fake_engine_init(&w->fake, w->loop);
	snprintf(w->dir, sizeof w->dir, "%s/rove-test.XXXXXX", unit_tmp());
	ck_assert_ptr_nonnull(mkdtemp(w->dir));
	snprintf(w->logs, sizeof w->logs, "%s/logs", w->dir);
	snprintf(w->pos, sizeof w->pos, "%s/pos", w->dir);
	ck_assert_int_eq(mkdir(w->logs, 0700), 0);
	ck_assert_int_eq(mkdir(w->pos, 0700), 0);
	docker_options_init(&w->options);
	free(w->options.endpoint);
	w->options.endpoint = xstrdup(w->fake.endpoint);
	w->node.id = xstrdup(NODE_ID);
	fill_task(w, config);
	fake_engine_on(&w->fake, "GET", "/containers/json", 200, "[]");
	fake_engine_on(
	    &w->fake, "POST", "/containers/create", 201, "{\"Id\":\"c1\"}");
	fake_engine_on(&w->fake, "POST", "/c1/start", 204, "");
	fake_engine_on(&w->fake, "POST", "/c1/kill", 204, "");
	fake_engine_way(&w->fake, "POST", "/c1/wait", FAKE_HANG, "");
	fake_engine_way(&w->fake, "POST", "/c1/attach", FAKE_STREAM, "");
	fake_engine_way(&w->fake, "GET", "/c1/logs", FAKE_STREAM, "");
	fake_engine_on(&w->fake, "GET", "/json", 200, STATE("true", "0", ""));
	fake_engine_on(&w->fake, "GET", "/containers/json", 200, "[]");
	fake_engine_on(&w->fake, "DELETE", "/containers/", 204, "");
	w->host = (struct driver_host){ .loop = w->loop };
	w->host.docker =
	    docker_new(w->loop, &w->options, w->pos, NODE_ID, on_change, w);
}

static void
close_world(struct world *w)
{
	char cmd[128];

	if (w->proc != NULL)
		driver_docker.release(w->proc);
	docker_free(w->host.docker);
	fake_engine_release(&w->fake);
	taskenv_release(&w->env);
	rec_clear(&alloc_type, &w->alloc);
	rec_clear(&node_type, &w->node);
	rec_clear(&docker_options_type, &w->options);
	loop_free(w->loop);
	snprintf(cmd, sizeof cmd, "rm -rf %s", w->dir);
	ck_assert_int_eq(system(cmd), 0);
}

static void
expect(struct world *w, enum proc_event_kind kind)
{
	ck_assert_msg(
	    loop_wait(w->loop, &w->seen, WAIT_MS), "no event %d", (int)kind);
	ck_assert_msg(
	    w->last.kind == kind, "event %d: %s", (int)w->last.kind, w->why);
	w->seen = false;
}

/* Lets the loop run for so long: nothing must be told. */
static void
expect_silence(struct world *w, uint64_t ms)
{
	ck_assert_msg(!loop_wait(w->loop, &w->seen, ms), "event %d: %s",
	    (int)w->last.kind, w->why);
}

/* Until it has been asked so often. */
static void
expect_asked(struct world *w, const char *text, int n)
{
	for (int i = 0; i < 400; i++) {
		if (fake_engine_asked(&w->fake, text) == n)
			return;
		expect_silence(w, 10);
	}
	ck_abort_msg("%s asked %d times of %d:\n%s", text,
	    fake_engine_asked(&w->fake, text), n, buf_str(&w->fake.asked));
}

static void
start(struct world *w)
{
	w->proc = driver_docker.start(&w->host, &w->dt, on_event, w);
}

static void
recover(struct world *w)
{
	w->proc = driver_docker.recover(&w->host, &w->dt, on_event, w);
}

static void
release(struct world *w)
{
	driver_docker.release(w->proc);
	w->proc = NULL;
}

/* The container ends so, and says no more. */
static void
end(struct world *w, const char *state)
{
	while (w->fake.nheld < 2) /* its wait and its output */
		expect_silence(w, 5);
	fake_engine_on(&w->fake, "GET", "/c1/json", 200, state);
	fake_engine_on(&w->fake, "GET", "/c1/logs", 200, "");
	fake_engine_end(&w->fake, "/attach", "");
	fake_engine_end(&w->fake, "/logs", "");
	fake_engine_end(&w->fake, "/wait", "{\"StatusCode\":3}");
}

#define PLAIN "{\"image\":\"a:1\"}"

/* --- starting --- */

START_TEST(docker_task_is_three_calls_and_ends_with_its_code)
{
	struct world w;

	open_world(&w, PLAIN);
	start(&w);
	expect(&w, PROC_STARTED);
	ck_assert_int_eq(fake_engine_asked(&w.fake, "POST"), 3);
	expect_asked(&w, "GET /v1.41/containers/c1/json", 1);
	expect_silence(&w, 20);
	ck_assert_int_eq(driver_docker.pid(w.proc), 7);
	ck_assert_ptr_nonnull(strstr(
	    w.fake.bodies.data, "\"com.hashicorp.nomad.alloc_id\":\"a1\""));
	ck_assert_ptr_nonnull(
	    strstr(w.fake.bodies.data, "\"rove.node.id\":\"" NODE_ID "\""));
	end(&w, STATE("false", "3", ""));
	expect(&w, PROC_ENDED);
	ck_assert_int_eq(w.last.end.exit_code, 3);
	ck_assert_str_eq(w.last.end.message,
	    "Docker container exited with non-zero exit code: 3");
	ck_assert_int_eq(
	    w.last.end.finished_at_ns, INT64_C(1767323045000000000));
	release(&w);
	expect_asked(&w, "DELETE /v1.41/containers/c1?force=1&v=1", 1);
	close_world(&w);
}
END_TEST

START_TEST(docker_oom_is_told)
{
	struct world w;

	open_world(&w, PLAIN);
	start(&w);
	expect(&w, PROC_STARTED);
	end(&w, STATE("false", "137", ",\"OOMKilled\":true"));
	expect(&w, PROC_ENDED);
	ck_assert(w.last.end.oom);
	ck_assert_str_eq(w.last.end.message, "OOM Killed");
	close_world(&w);
}
END_TEST

START_TEST(docker_image_is_fetched_only_where_it_is_missing)
{
	struct world w;

	open_world(&w, PLAIN);
	fake_engine_once(&w.fake, "POST", "/containers/create", 404,
	    "{\"message\":\"No such image: a:1\"}");
	fake_engine_on(
	    &w.fake, "POST", "/images/create", 200, "{\"status\":\"ok\"}\n");
	start(&w);
	expect(&w, PROC_STARTED);
	ck_assert_str_eq(w.notes, "Downloading image");
	ck_assert_int_eq(fake_engine_asked(&w.fake, "/containers/create"), 2);
	close_world(&w);
	open_world(&w, "{\"image\":\"a\"}"); /* what is called latest: always */
	fake_engine_on(
	    &w.fake, "POST", "/images/create", 404, "{\"message\":\"gone\"}");
	start(&w);
	expect(&w, PROC_FAILED);
	ck_assert_str_eq(w.notes, "Downloading image");
	ck_assert_str_eq(w.why, "Failed to pull `a`: API error (404): gone");
	ck_assert(!w.last.unrecoverable);
	ck_assert_int_eq(fake_engine_asked(&w.fake, "/containers/create"), 0);
	close_world(&w);
}
END_TEST

START_TEST(docker_leftover_of_the_same_name_is_removed)
{
	struct world w;

	open_world(&w, PLAIN);
	fake_engine_once(&w.fake, "POST", "/containers/create", 409,
	    "{\"message\":\"name in use\"}");
	start(&w);
	expect(&w, PROC_STARTED);
	ck_assert_int_eq(
	    fake_engine_asked(&w.fake, "DELETE /v1.41/containers/t-a1"), 1);
	close_world(&w);
	open_world(&w, "{\"image\":\"a:1\",\"container_exists_attempts\":2}");
	fake_engine_on(&w.fake, "POST", "/containers/create", 409,
	    "{\"message\":\"name in use\"}"); /* one that stays */
	start(&w);
	expect(&w, PROC_FAILED);
	ck_assert_ptr_nonnull(strstr(w.why, "name in use"));
	ck_assert(!w.last.unrecoverable);
	close_world(&w);
}
END_TEST

/* Our own removal of the one before is still under way. */
START_TEST(docker_leftover_that_goes_slowly_is_waited_for)
{
	struct world w;

	open_world(&w, PLAIN);
	for (int i = 0; i < 3; i++) {
		fake_engine_once(&w.fake, "POST", "/containers/create", 409,
		    "{\"message\":\"name in use\"}");
		fake_engine_once(&w.fake, "DELETE", "/t-a1", 409,
		    "{\"message\":\"removal is in progress\"}");
	}
	start(&w);
	expect_silence(&w, 900); /* 200 ms, 800 ms, 3200 ms */
	expect(&w, PROC_STARTED);
	ck_assert_int_eq(fake_engine_asked(&w.fake, "/containers/create"), 4);
	close_world(&w);
}
END_TEST

START_TEST(docker_start_that_fails_is_told_in_the_engines_words)
{
	struct world w;

	open_world(&w, PLAIN);
	fake_engine_on(&w.fake, "POST", "/c1/start", 400,
	    "{\"message\":\"port is already allocated\"}");
	start(&w);
	expect(&w, PROC_FAILED);
	ck_assert_str_eq(w.why, "Failed to start container c1: API error "
				"(400): port is already allocated");
	ck_assert(w.last.unrecoverable);
	release(&w);
	expect_asked(&w, "DELETE /v1.41/containers/c1", 1);
	close_world(&w);
}
END_TEST

START_TEST(docker_engine_that_fails_by_itself_is_asked_again)
{
	struct world w;

	open_world(&w, PLAIN);
	fake_engine_once(
	    &w.fake, "POST", "/c1/start", 500, "{\"message\":\"busy\"}");
	start(&w);
	expect(&w, PROC_STARTED);
	close_world(&w);
	open_world(&w, PLAIN); /* and in the end by another start */
	fake_engine_on(
	    &w.fake, "POST", "/c1/start", 503, "{\"message\":\"busy\"}");
	start(&w);
	expect(&w, PROC_FAILED);
	ck_assert(!w.last.unrecoverable);
	close_world(&w);
}
END_TEST

START_TEST(docker_config_that_is_wrong_is_hopeless)
{
	struct world w;

	open_world(&w, "{\"image\":\"a:1\",\"nonsense\":1}");
	start(&w);
	expect(&w, PROC_FAILED);
	ck_assert(w.last.unrecoverable);
	ck_assert_ptr_nonnull(strstr(w.why, "nonsense"));
	close_world(&w);
}
END_TEST

START_TEST(docker_answers_that_are_none_harm_nothing)
{
	struct world w;

	open_world(&w, PLAIN);
	fake_engine_on(&w.fake, "POST", "/containers/create", 201, "[nonsense");
	start(&w);
	expect(&w, PROC_FAILED);
	close_world(&w);
	open_world(&w, PLAIN);
	fake_engine_on(&w.fake, "GET", "/c1/json", 200, "{\"State\":7}");
	fake_engine_way(
	    &w.fake, "GET", "/c1/logs", FAKE_STREAM, "no frames at all");
	start(&w);
	expect(&w, PROC_STARTED);
	expect_silence(&w, 100);
	end(&w, STATE("false", "0", ""));
	expect(&w, PROC_ENDED);
	close_world(&w);
}
END_TEST

/* A sibling makes the task's directory "data" a link to the machine. */
static void
swap_in_a_link(struct world *w)
{
	char path[96];

	snprintf(path, sizeof path, "%s/data", w->dir);
	ck_assert_int_eq(symlink("/", path), 0);
}

START_TEST(docker_mount_that_became_a_link_is_refused)
{
	static const char config[] =
	    "{\"image\":\"a\",\"volumes\":[\"data:/data\"]}";
	struct world w;

	open_world(&w, config); /* while the image was fetched */
	fake_engine_way(&w.fake, "POST", "/images/create", FAKE_STREAM, "");
	start(&w);
	expect_asked(&w, "/images/create", 1);
	swap_in_a_link(&w);
	fake_engine_end(&w.fake, "/images/create", "{\"status\":\"ok\"}\n");
	expect(&w, PROC_FAILED);
	ck_assert_ptr_nonnull(strstr(w.why, "leads out of the allocation"));
	ck_assert_int_eq(fake_engine_asked(&w.fake, "/containers/create"), 0);
	close_world(&w);
	open_world(&w, config); /* while the container was made */
	fake_engine_on(
	    &w.fake, "POST", "/images/create", 200, "{\"status\":\"ok\"}\n");
	fake_engine_way(&w.fake, "POST", "/containers/create", FAKE_HANG, "");
	start(&w);
	expect_asked(&w, "/containers/create", 1);
	swap_in_a_link(&w);
	fake_engine_end(&w.fake, "/containers/create", "{\"Id\":\"c1\"}");
	expect(&w, PROC_FAILED);
	ck_assert_int_eq(fake_engine_asked(&w.fake, "/start"), 0);
	close_world(&w);
}
END_TEST

/* The last task of an image ends; another that wants it is being started. */
START_TEST(docker_image_stays_while_a_start_may_want_it)
{
	struct world w;
	struct taskproc *first;
	bool never = false;

	open_world(&w, PLAIN);
	docker_free(w.host.docker);
	w.options.gc.image_delay = CLOCK_NS_PER_MS;
	w.host.docker =
	    docker_new(w.loop, &w.options, w.pos, NODE_ID, on_change, &w);
	start(&w);
	expect(&w, PROC_STARTED);
	expect_asked(&w, "/c1/json", 1);
	end(&w, STATE("false", "0", ""));
	expect(&w, PROC_ENDED);
	first = w.proc;
	fake_engine_way(&w.fake, "POST", "/containers/create", FAKE_HANG, "");
	start(&w);
	expect_asked(&w, "/containers/create", 2);
	driver_docker.release(first);
	loop_wait(w.loop, &never, 50);
	ck_assert_int_eq(fake_engine_asked(&w.fake, "DELETE /v1.41/images"), 0);
	release(&w); /* it comes to nothing */
	expect_asked(&w, "DELETE /v1.41/images/sha256:i", 1);
	close_world(&w);
}
END_TEST

/* --- the engine --- */

START_TEST(docker_without_an_engine_a_start_fails_by_name)
{
	struct world w;

	open_world(&w, PLAIN);
	fake_engine_stop(&w.fake);
	start(&w);
	expect(&w, PROC_FAILED);
	ck_assert_ptr_nonnull(
	    strstr(w.why, "Failed to connect to docker daemon: "));
	ck_assert(!w.last.unrecoverable);
	driver_docker.fingerprint(&w.host, &w.node);
	ck_assert(!w.node.drivers[0].detected && !w.node.drivers[0].healthy);
	close_world(&w);
}
END_TEST

START_TEST(docker_node_tells_what_the_engine_is)
{
	struct world w;

	open_world(&w, PLAIN);
	ck_assert(loop_wait(w.loop, &w.changed, WAIT_MS));
	driver_docker.fingerprint(&w.host, &w.node);
	driver_docker.fingerprint(&w.host, &w.node); /* again, no more */
	ck_assert_uint_eq(w.node.ndrivers, 1);
	ck_assert(w.node.drivers[0].healthy);
	ck_assert_str_eq(rec_kv_get(w.node.attributes, w.node.nattributes,
			     "driver.docker.version"),
	    "99.1");
	ck_assert_str_eq(rec_kv_get(w.node.attributes, w.node.nattributes,
			     "driver.docker.bridge_ip"),
	    "172.17.0.1");
	fake_engine_stop(&w.fake);
	w.changed = false;
	start(&w); /* meets trouble, and waits for the engine */
	ck_assert(loop_wait(w.loop, &w.changed, WAIT_MS));
	driver_docker.fingerprint(&w.host, &w.node);
	ck_assert(w.node.drivers[0].detected && !w.node.drivers[0].healthy);
	ck_assert_str_eq(w.node.drivers[0].health_description,
	    "Failed to connect to docker daemon");
	ck_assert_uint_eq(w.node.nattributes, 0);
	fake_engine_go_on(&w.fake);
	expect(&w, PROC_STARTED);
	close_world(&w);
}
END_TEST

START_TEST(docker_engine_that_is_away_loses_no_task)
{
	struct world w;

	open_world(&w, PLAIN);
	start(&w);
	expect(&w, PROC_STARTED);
	expect_asked(&w, "/c1/wait", 1);
	fake_engine_stop(&w.fake);
	expect_silence(&w, 100);
	driver_docker.signal(w.proc, SIGTERM, 60000); /* when it is back */
	driver_docker.signal(w.proc, SIGUSR1, 0);
	fake_engine_go_on(&w.fake);
	expect_asked(&w, "/c1/kill?signal=15", 1);
	expect_asked(&w, "/c1/kill?signal=10", 1);
	ck_assert_int_eq(fake_engine_asked(&w.fake, "/c1/wait"), 2);
	fake_engine_stop(&w.fake);
	expect_silence(&w, 100);
	fake_engine_on(
	    &w.fake, "GET", "/c1/json", 200, STATE("false", "9", ""));
	fake_engine_on(&w.fake, "GET", "/c1/logs", 200, "");
	fake_engine_go_on(&w.fake);
	expect(&w, PROC_ENDED);
	ck_assert_int_eq(w.last.end.exit_code, 9);
	close_world(&w);
}
END_TEST

START_TEST(docker_that_is_not_enabled_starts_nothing)
{
	struct world w;

	open_world(&w, PLAIN);
	docker_free(w.host.docker);
	w.options.enabled = false;
	w.host.docker =
	    docker_new(w.loop, &w.options, w.pos, NODE_ID, on_change, &w);
	start(&w);
	expect(&w, PROC_FAILED);
	ck_assert_str_eq(w.why, "driver docker is not enabled");
	release(&w);
	recover(&w);
	expect(&w, PROC_VANISHED);
	driver_docker.fingerprint(&w.host, &w.node);
	ck_assert(!w.node.drivers[0].detected);
	close_world(&w);
}
END_TEST

/* --- taking up --- */

START_TEST(docker_task_that_runs_is_found)
{
	struct world w;

	open_world(&w, PLAIN);
	recover(&w);
	expect(&w, PROC_FOUND);
	ck_assert_int_eq(
	    fake_engine_asked(&w.fake, "GET /v1.41/containers/t-a1/json"), 1);
	ck_assert_int_eq(fake_engine_asked(&w.fake, "create"), 0);
	end(&w, STATE("false", "0", ""));
	expect(&w, PROC_ENDED);
	ck_assert_str_eq(w.last.end.message, "");
	close_world(&w);
}
END_TEST

START_TEST(docker_task_that_ended_meanwhile_is_told_once)
{
	struct world w;

	open_world(&w, PLAIN);
	fake_engine_on(
	    &w.fake, "GET", "/t-a1/json", 200, STATE("false", "4", ""));
	fake_engine_on(&w.fake, "GET", "/c1/logs", 200, "");
	recover(&w);
	expect(&w, PROC_ENDED);
	ck_assert_int_eq(w.last.end.exit_code, 4);
	release(&w);
	expect_silence(&w, 50);
	close_world(&w);
}
END_TEST

START_TEST(docker_task_of_which_nothing_is_left_has_vanished)
{
	struct world w;

	open_world(&w, PLAIN);
	fake_engine_on(&w.fake, "GET", "/t-a1/json", 404, "{}");
	recover(&w);
	expect(&w, PROC_VANISHED);
	close_world(&w);
	open_world(&w, PLAIN); /* what is there is of another start */
	w.dt.life = 2;
	recover(&w);
	expect(&w, PROC_VANISHED);
	release(&w);
	expect_asked(&w, "DELETE /v1.41/containers/c1", 1);
	close_world(&w);
	open_world(&w, PLAIN); /* it was made, and never started */
	fake_engine_on(&w.fake, "GET", "/t-a1/json", 200,
	    STATE("false", "0", ",\"Status\":\"created\""));
	recover(&w);
	expect(&w, PROC_VANISHED);
	close_world(&w);
}
END_TEST

START_TEST(docker_task_waits_for_an_engine_that_comes_late)
{
	struct world w;

	open_world(&w, PLAIN);
	fake_engine_stop(&w.fake);
	recover(&w);
	expect_silence(&w, 100);
	driver_docker.signal(w.proc, SIGHUP, 0);
	driver_docker.signal(w.proc, 0, 60000);
	fake_engine_go_on(&w.fake);
	expect(&w, PROC_FOUND);
	expect_asked(&w, "/c1/kill?signal=1\n", 1);
	expect_asked(&w, "/c1/kill?signal=15\n", 1);
	close_world(&w);
}
END_TEST

START_TEST(docker_task_that_is_let_go_goes_on)
{
	struct world w;

	open_world(&w, PLAIN);
	start(&w);
	expect(&w, PROC_STARTED);
	release(&w);
	expect_silence(&w, 50);
	ck_assert_int_eq(fake_engine_asked(&w.fake, "DELETE"), 0);
	close_world(&w);
}
END_TEST

START_TEST(docker_start_that_nobody_wants_is_given_up)
{
	struct world w;

	open_world(&w, "{\"image\":\"a\"}");
	fake_engine_way(&w.fake, "POST", "/images/create", FAKE_STREAM, "");
	start(&w);
	expect_asked(&w, "/images/create", 1);
	driver_docker.abandon(w.proc);
	expect(&w, PROC_VANISHED);
	release(&w);
	expect_silence(&w, 20);
	ck_assert_uint_eq(w.fake.nheld, 0);
	close_world(&w);
	open_world(&w, PLAIN); /* it is running already */
	start(&w);
	expect(&w, PROC_STARTED);
	driver_docker.abandon(w.proc);
	expect_silence(&w, 20);
	close_world(&w);
}
END_TEST

/* --- signals --- */

START_TEST(docker_task_that_does_not_heed_is_killed)
{
	struct world w;

	open_world(&w, PLAIN);
	start(&w);
	expect(&w, PROC_STARTED);
	driver_docker.signal(w.proc, SIGUSR1, 0);
	driver_docker.signal(w.proc, SIGINT, 50);
	expect_asked(&w, "/c1/kill?signal=2", 1);
	expect_asked(&w, "/c1/kill?signal=9", 1);
	ck_assert_int_eq(fake_engine_asked(&w.fake, "/kill?signal=10"), 1);
	end(&w, STATE("false", "137", ""));
	expect(&w, PROC_ENDED);
	close_world(&w);
}
END_TEST

START_TEST(docker_signal_whose_connection_broke_is_sent_again)
{
	struct world w;

	open_world(&w, PLAIN);
	start(&w);
	expect(&w, PROC_STARTED);
	expect_asked(&w, "/c1/json", 1);
	fake_engine_way(&w.fake, "POST", "/c1/kill", FAKE_HANG, "");
	driver_docker.signal(w.proc, SIGUSR1, 0);
	expect_asked(&w, "/c1/kill?signal=10", 1);
	fake_engine_on(&w.fake, "POST", "/c1/kill", 204, "");
	fake_engine_stop(&w.fake);
	expect_silence(&w, 50);
	fake_engine_go_on(&w.fake);
	expect_asked(&w, "/c1/kill?signal=10", 2);
	expect_silence(&w, 50);
	ck_assert_int_eq(fake_engine_asked(&w.fake, "/c1/kill"), 2);
	close_world(&w);
}
END_TEST

/* The signal that a container gets when its task names none. */
static void
expect_stop_by(const char *stop_signal, const char *sent)
{
	struct world w;
	char *json =
	    xasprintf("{\"Id\":\"c1\",\"State\":{\"Running\":true,\"Pid\":7},"
		      "\"Config\":{%s\"Labels\":{\"rove.task.life\":\"1\"}}}",
		stop_signal);

	open_world(&w, PLAIN);
	fake_engine_on(&w.fake, "GET", "/c1/json", 200, json);
	start(&w);
	expect(&w, PROC_STARTED);
	expect_asked(&w, "/c1/json", 1);
	expect_silence(&w, 20);
	driver_docker.signal(w.proc, 0, 60000);
	expect_asked(&w, sent, 1);
	close_world(&w);
	free(json);
}

START_TEST(docker_task_is_stopped_by_the_signal_of_its_image)
{
	expect_stop_by("\"StopSignal\":\"SIGQUIT\",", "/c1/kill?signal=3");
	expect_stop_by("\"StopSignal\":\"SIGODD\",", "/c1/kill?signal=15");
	expect_stop_by("", "/c1/kill?signal=15");
}
END_TEST

#define LISTED(id, name, created, labels)                              \
	"{\"Id\":\"" id "\",\"Names\":[" name "],\"Created\":" created \
	",\"Labels\":{" labels "}}"
#define OF_ALLOC(id) "\"com.hashicorp.nomad.alloc_id\":\"" id "\""
#define OF_NODE(id)  "\"rove.node.id\":\"" id "\""

START_TEST(docker_containers_of_no_task_are_removed)
{
	struct world w;

	open_world(&w, PLAIN);
	fake_engine_on(&w.fake, "GET", "/containers/json", 200,
	    "[" LISTED("c1", "\"/t-a1\"", "1",
		OF_ALLOC("a1") "," OF_NODE(NODE_ID)) "," LISTED("c2",
		"\"/t-a2\"", "1",
		OF_ALLOC("a2") "," OF_NODE(
		    NODE_ID)) ","
			      "{\"Id\":\"c3\",\"Names\":[\"/"
			      "x\"],\"Created\":1,\"Labels\":null}," LISTED(
				  "c4", "", "9999999999",
				  OF_ALLOC("a4") "," OF_NODE(NODE_ID)) "]");
	recover(&w);
	expect(&w, PROC_FOUND);
	expect_asked(&w, "DELETE /v1.41/containers/c2?", 1);
	expect_silence(&w, 50);
	ck_assert_int_eq(fake_engine_asked(&w.fake, "DELETE"), 1);
	close_world(&w);
}
END_TEST

/* Of Nomad, of another node, and of somebody who copied one of our labels. */
START_TEST(docker_containers_of_others_are_never_removed)
{
	struct world w;

	open_world(&w, PLAIN);
	fake_engine_on(&w.fake, "GET", "/containers/json", 200,
	    "[" LISTED("c2", "\"/t-a2\"", "1", OF_ALLOC("a2")) "," LISTED("c3",
		"\"/t-a3\"", "1",
		OF_ALLOC("a3") "," OF_NODE("n2")) "," LISTED("c4", "\"/t-a4\"",
		"1", OF_NODE(NODE_ID)) "," LISTED("c5", "\"/t-a5\"", "1",
		OF_ALLOC("a5") "," OF_NODE(NODE_ID)) "]");
	recover(&w);
	expect(&w, PROC_FOUND);
	expect_asked(&w, "DELETE /v1.41/containers/c5?", 1);
	expect_silence(&w, 50);
	ck_assert_int_eq(fake_engine_asked(&w.fake, "DELETE"), 1);
	close_world(&w);
}
END_TEST

UNIT_MAIN("driver_docker", docker_task_is_three_calls_and_ends_with_its_code,
    docker_oom_is_told, docker_image_is_fetched_only_where_it_is_missing,
    docker_leftover_of_the_same_name_is_removed,
    docker_leftover_that_goes_slowly_is_waited_for,
    docker_start_that_fails_is_told_in_the_engines_words,
    docker_engine_that_fails_by_itself_is_asked_again,
    docker_config_that_is_wrong_is_hopeless,
    docker_answers_that_are_none_harm_nothing,
    docker_image_stays_while_a_start_may_want_it,
    docker_mount_that_became_a_link_is_refused,
    docker_without_an_engine_a_start_fails_by_name,
    docker_node_tells_what_the_engine_is,
    docker_that_is_not_enabled_starts_nothing,
    docker_engine_that_is_away_loses_no_task, docker_task_that_runs_is_found,
    docker_task_that_ended_meanwhile_is_told_once,
    docker_task_of_which_nothing_is_left_has_vanished,
    docker_task_waits_for_an_engine_that_comes_late,
    docker_task_that_is_let_go_goes_on,
    docker_start_that_nobody_wants_is_given_up,
    docker_task_that_does_not_heed_is_killed,
    docker_signal_whose_connection_broke_is_sent_again,
    docker_task_is_stopped_by_the_signal_of_its_image,
    docker_containers_of_no_task_are_removed,
    docker_containers_of_others_are_never_removed)
