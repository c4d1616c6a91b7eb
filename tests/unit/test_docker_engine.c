#include "cmd/nodeagent/docker_engine.h"

#include <stdio.h>
#include <string.h>

#include "cmd/nodeagent/docker_answer.h"
#include "cmd/nodeagent/docker_health.h"
#include "cmd/nodeagent/docker_images.h"
#include "cmd/nodeagent/docker_pull.h"
#include "common/log.h"
#include "common/mem.h"
#include "tests/lib/fakeengine.h"
#include "tests/lib/unit.h"

#define WAIT_MS 5000

struct world {
	struct loop *loop;
	struct fake_engine fake;
	struct docker_engine *engine;
	struct docker_health *health;
	bool changed, answered, troubled, done;
	int nanswers;
	int status;
	enum err_code code;
	char why[2048];
	struct docker_pulls *pulls;
};

static void
on_trouble(void *ctx)
{
	struct world *w = ctx;

	w->troubled = true;
	if (w->health != NULL)
		docker_health_doubt(w->health);
}

static void
on_change(void *ctx)
{
	((struct world *)ctx)->changed = true;
}

static void
on_answer(void *ctx)
{
	struct world *w = ctx;

	w->answered = true;
	w->nanswers++;
}

static void
open_world(struct world *w)
{
	memset(w, 0, sizeof *w);
	log_set_level(LOG_ERROR);
	w->loop = loop_new();
	fake_engine_init(&w->fake, w->loop);
	w->engine = docker_engine_new(w->loop, w->fake.endpoint, on_trouble, w);
	w->pulls = docker_pulls_new(w->loop, w->engine);
}

static void
close_world(struct world *w)
{
	docker_pulls_free(w->pulls);
	docker_health_free(w->health);
	docker_engine_free(w->engine);
	fake_engine_release(&w->fake);
	loop_free(w->loop);
}

static void
begin_health(struct world *w)
{
	static const struct docker_health_ops ops = { on_change, on_answer };

	w->health = docker_health_new(w->loop, w->engine, &ops, w);
}

static void
await(struct world *w, bool *what)
{
	ck_assert(loop_wait(w->loop, what, WAIT_MS));
	*what = false;
}

static void
on_reply(void *ctx, const struct docker_reply *r)
{
	struct world *w = ctx;

	w->done = true;
	w->status = r->status;
	w->code = r->code;
	snprintf(w->why, sizeof w->why, "%s", r->why != NULL ? r->why : "");
}

static void
ask(struct world *w, const char *path, uint64_t timeout_ms)
{
	struct docker_ask ask = { .method = "GET",
		.path = path,
		.timeout_ms = timeout_ms,
		.on_reply = on_reply,
		.ctx = w };

	docker_engine_ask(w->engine, &ask);
	await(w, &w->done);
}

/* --- calls --- */

START_TEST(engine_tells_an_error_in_the_engines_words)
{
	struct world w;

	open_world(&w);
	docker_engine_set_api(w.engine, "1.41");
	fake_engine_on(&w.fake, "GET", "/containers/x", 404,
	    "{\"message\":\"No such container: x\"}");
	ask(&w, "/containers/x/json", 1000);
	ck_assert_int_eq(w.status, 404);
	ck_assert_str_eq(w.why, "API error (404): No such container: x");
	ck_assert_int_eq(
	    fake_engine_asked(&w.fake, "GET /v1.41/containers/x/json"), 1);
	fake_engine_on(&w.fake, "GET", "/containers/x", 500, "no JSON\n\n");
	ask(&w, "/containers/x/json", 1000);
	ck_assert_str_eq(w.why, "API error (500): no JSON");
	close_world(&w);
}
END_TEST

START_TEST(engine_that_hangs_or_breaks_off_is_no_answer)
{
	struct world w;

	open_world(&w);
	fake_engine_way(&w.fake, "GET", "/hang", FAKE_HANG, "");
	fake_engine_way(&w.fake, "GET", "/cut", FAKE_CUT, "{\"Id\":");
	ask(&w, "/hang", 50);
	ck_assert_int_eq(w.status, 0);
	ck_assert_int_eq(w.code, ERR_TIMEOUT);
	ck_assert(w.troubled);
	w.troubled = false;
	ask(&w, "/cut", 1000);
	ck_assert_int_eq(w.status, 0);
	ck_assert(w.troubled);
	fake_engine_stop(&w.fake);
	ask(&w, "/none", 1000);
	ck_assert_int_eq(w.code, ERR_GONE);
	ck_assert_ptr_nonnull(strstr(w.why, "No such file"));
	close_world(&w);
}
END_TEST

START_TEST(engine_freed_with_calls_under_way_calls_nobody)
{
	struct world w;
	struct docker_ask ask = { .method = "GET",
		.path = "/hang",
		.on_reply = on_reply,
		.ctx = &w };
	bool never = false;

	open_world(&w);
	fake_engine_way(&w.fake, "GET", "/hang", FAKE_HANG, "");
	docker_engine_ask(w.engine, &ask);
	docker_engine_tell(w.engine, "GET", "/hang");
	loop_wait(w.loop, &never, 20);
	close_world(&w);
	ck_assert(!w.done);
}
END_TEST

/* --- health --- */

START_TEST(health_tells_what_the_engine_is)
{
	struct world w;
	const struct docker_facts *f;

	open_world(&w);
	begin_health(&w);
	await(&w, &w.changed);
	f = docker_health_facts(w.health);
	ck_assert(f->asked && f->detected && f->up);
	ck_assert_str_eq(f->version, "99.1");
	ck_assert_str_eq(f->os_type, "linux");
	ck_assert_str_eq(f->runtimes, "crun,runc");
	ck_assert_str_eq(f->bridge_ip, "172.17.0.1");
	ck_assert_int_eq(fake_engine_asked(&w.fake, "GET /version\n"), 1);
	ck_assert_int_eq(fake_engine_asked(&w.fake, "GET /v1.41/info\n"), 1);
	close_world(&w);
}
END_TEST

START_TEST(health_sees_the_engine_go_and_come_back)
{
	struct world w;
	const struct docker_facts *f;

	open_world(&w);
	begin_health(&w);
	await(&w, &w.changed);
	f = docker_health_facts(w.health);
	fake_engine_stop(&w.fake);
	ask(&w, "/x", 1000); /* who meets trouble lets it look */
	await(&w, &w.changed);
	ck_assert(f->detected && !f->up);
	fake_engine_go_on(&w.fake);
	w.answered = false;
	await(&w, &w.answered);
	ck_assert(f->up);
	/* Trouble that passes is told too: calls may be tried again. */
	docker_health_doubt(w.health);
	await(&w, &w.answered);
	close_world(&w);
}
END_TEST

START_TEST(health_without_an_engine_is_not_detected)
{
	struct world w;
	const struct docker_facts *f;

	open_world(&w);
	fake_engine_stop(&w.fake);
	begin_health(&w);
	await(&w, &w.changed);
	f = docker_health_facts(w.health);
	ck_assert(f->asked && !f->detected && !f->up);
	ck_assert_ptr_nonnull(strstr(f->why, "No such file"));
	close_world(&w);
}
END_TEST

static void
expect_api(const char *newest, const char *oldest, const char *asked)
{
	struct world w;
	char version[128], line[64];

	open_world(&w);
	snprintf(version, sizeof version,
	    "{\"ApiVersion\":\"%s\",\"MinAPIVersion\":\"%s\"}", newest, oldest);
	fake_engine_on(&w.fake, "GET", "/version", 200, version);
	begin_health(&w);
	await(&w, &w.changed);
	ck_assert(docker_health_facts(w.health)->up == (*asked != '\0'));
	snprintf(line, sizeof line, "GET /v%s/info\n", asked);
	ck_assert_int_eq(
	    fake_engine_asked(&w.fake, line), *asked != '\0' ? 1 : 0);
	close_world(&w);
}

START_TEST(health_settles_on_a_version_that_both_speak)
{
	expect_api("1.24", "1.12", "1.24");
	expect_api("1.47", "1.24", "1.47");
	expect_api("1.90", "1.44", DOCKER_API_NEWEST);
	expect_api("1.90", "1.80", "1.80");
	expect_api("1.23", "1.12", "");
	expect_api("", "", "");
	expect_api("junk", "2", "");
}
END_TEST

START_TEST(health_takes_hostile_answers_for_none)
{
	static const char *const bad[] = { "", "null", "[]", "{", "42",
		"{\"Version\":7}", "{\"ApiVersion\":{}}" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct world w;

		open_world(&w);
		fake_engine_on(&w.fake, "GET", "/version", 200, bad[i]);
		begin_health(&w);
		await(&w, &w.changed);
		ck_assert_msg(!docker_health_facts(w.health)->up, "%s", bad[i]);
		close_world(&w);
	}
}
END_TEST

/* --- pulls --- */

struct puller {
	bool done, gone;
	char why[1200];
	int nreports;
};

static void
on_done(void *ctx, const char *why, bool gone)
{
	struct puller *p = ctx;

	ck_assert(!p->done);
	p->done = true;
	p->gone = gone;
	snprintf(p->why, sizeof p->why, "%s", why != NULL ? why : "");
}

static void
on_progress(void *ctx, const char *text)
{
	(void)text;
	((struct puller *)ctx)->nreports++;
}

static const struct docker_pull_ops pull_ops = { on_done, on_progress };

static struct docker_waiter *
pull(struct world *w, struct puller *p, uint64_t timeout_ms,
    uint64_t activity_ms)
{
	struct docker_pull_wish wish = { .image = "a/b:1",
		.target = "/images/create?fromImage=a%2Fb&tag=1",
		.timeout_ms = timeout_ms,
		.activity_ms = activity_ms };

	memset(p, 0, sizeof *p);
	return docker_pull_join(w->pulls, &wish, &pull_ops, p);
}

START_TEST(pull_is_shared_by_who_wants_the_same)
{
	struct world w;
	struct puller a, b, c;
	struct docker_waiter *gone;
	bool never = false;

	open_world(&w);
	fake_engine_way(&w.fake, "POST", "/images/create", FAKE_STREAM,
	    "{\"status\":\"Pulling fs layer\",\"id\":\"l1\"}\n");
	pull(&w, &a, WAIT_MS, WAIT_MS);
	gone = pull(&w, &b, WAIT_MS, WAIT_MS);
	pull(&w, &c, WAIT_MS, WAIT_MS);
	loop_wait(w.loop, &never, 20);
	docker_pull_leave(gone);
	fake_engine_end(&w.fake, "/images", "{\"status\":\"Done\"}\n");
	await(&w, &a.done);
	ck_assert(c.done && !b.done);
	ck_assert_str_eq(a.why, "");
	ck_assert_int_eq(fake_engine_asked(&w.fake, "/images/create"), 1);
	close_world(&w);
}
END_TEST

START_TEST(pull_that_nobody_waits_for_is_given_up)
{
	struct world w;
	struct puller a;
	bool never = false;

	open_world(&w);
	fake_engine_way(&w.fake, "POST", "/images/create", FAKE_STREAM, "");
	docker_pull_leave(pull(&w, &a, WAIT_MS, WAIT_MS));
	loop_wait(w.loop, &never, 20);
	ck_assert(!a.done);
	ck_assert_uint_eq(w.fake.nheld, 0);
	close_world(&w);
}
END_TEST

/* What becomes of a pull that is answered so. */
static void
expect_pull(enum fake_way way, int status, const char *body, const char *want)
{
	struct world w;
	struct puller a;

	open_world(&w);
	if (way == FAKE_ANSWER)
		fake_engine_on(&w.fake, "POST", "/images/create", status, body);
	else
		fake_engine_way(&w.fake, "POST", "/images/create", way, body);
	pull(&w, &a, 300, 100);
	await(&w, &a.done);
	ck_assert_msg(strstr(a.why, want) != NULL, "%s: %s", body, a.why);
	close_world(&w);
}

START_TEST(pull_fails_by_name)
{
	char *line = xmalloc(DOCKER_MAX_LINE + 10);

	memset(line, 'x', DOCKER_MAX_LINE + 9);
	line[DOCKER_MAX_LINE + 9] = '\0';
	expect_pull(FAKE_ANSWER, 404, "{\"message\":\"no such thing\"}",
	    "Failed to pull `a/b:1`: API error (404): no such thing");
	expect_pull(FAKE_ANSWER, 200,
	    "{\"error\":\"x\",\"errorDetail\":{\"message\":\"denied\"}}\n",
	    "Failed to pull `a/b:1`: denied");
	expect_pull(FAKE_ANSWER, 200, "{\"error\":\"full disk\"}\n",
	    "Failed to pull `a/b:1`: full disk");
	expect_pull(FAKE_ANSWER, 200, "no JSON\n", "progress of the pull");
	expect_pull(FAKE_ANSWER, 200, line, "longer than");
	expect_pull(
	    FAKE_STREAM, 0, "", "no progress within pull_activity_timeout");
	expect_pull(FAKE_HANG, 0, "", "pull_activity_timeout of 100ms");
	free(line);
}
END_TEST

START_TEST(pull_has_a_limit_whatever_it_tells)
{
	struct world w;
	struct puller a;

	open_world(&w);
	fake_engine_way(&w.fake, "POST", "/images/create", FAKE_STREAM, "");
	pull(&w, &a, 50, WAIT_MS);
	await(&w, &a.done);
	ck_assert_str_eq(a.why,
	    "Failed to pull `a/b:1`: not done within image_pull_timeout of "
	    "50ms");
	close_world(&w);
}
END_TEST

START_TEST(pull_of_an_engine_that_goes_is_no_fault_of_the_image)
{
	struct world w;
	struct puller a;
	bool never = false;

	open_world(&w);
	fake_engine_way(&w.fake, "POST", "/images/create", FAKE_STREAM, "");
	pull(&w, &a, WAIT_MS, WAIT_MS);
	loop_wait(w.loop, &never, 20);
	fake_engine_stop(&w.fake);
	await(&w, &a.done);
	ck_assert(a.gone);
	close_world(&w);
}
END_TEST

START_TEST(pull_is_hopeless_only_where_the_image_is_not_there)
{
	ck_assert(!docker_pull_is_recoverable(
	    "Failed to pull `x`: Error: image a/b:1 not found"));
	ck_assert(docker_pull_is_recoverable(
	    "Failed to pull `x`: API error (404): manifest unknown"));
	ck_assert(docker_pull_is_recoverable(""));
}
END_TEST

/* --- images --- */

START_TEST(images_go_a_while_after_their_last_user)
{
	struct world w;
	struct docker_images *images;
	bool never = false;

	open_world(&w);
	docker_engine_set_api(w.engine, "1.41");
	images = docker_images_new(w.loop, w.engine, 30);
	docker_images_use(images, "sha256:1");
	docker_images_use(images, "sha256:1");
	docker_images_drop(images, "sha256:1");
	loop_wait(w.loop, &never, 60);
	ck_assert_int_eq(fake_engine_asked(&w.fake, "DELETE"), 0);
	docker_images_drop(images, "sha256:1");
	docker_images_use(images, "sha256:1"); /* in time */
	loop_wait(w.loop, &never, 60);
	ck_assert_int_eq(fake_engine_asked(&w.fake, "DELETE"), 0);
	docker_images_drop(images, "sha256:1");
	loop_wait(w.loop, &never, 80);
	ck_assert_int_eq(
	    fake_engine_asked(&w.fake, "DELETE /v1.41/images/sha256:1?force=1"),
	    1);
	docker_images_drop(images, "sha256:2"); /* never used */
	docker_images_free(images);
	docker_images_use(NULL, "sha256:1"); /* not counted at all */
	docker_images_drop(NULL, "sha256:1");
	close_world(&w);
}
END_TEST

/* --- answers --- */

START_TEST(answer_progress_counts_layers_and_bytes)
{
	static const char lines[] =
	    "{\"status\":\"Pulling from a/b\",\"id\":\"1\"}\r\n"
	    "{\"status\":\"Already exists\",\"id\":\"l0\"}\n"
	    "{\"status\":\"Waiting\",\"id\":\"l2\"}\n"
	    "{\"status\":\"Downloading\",\"id\":\"l1\","
	    "\"progressDetail\":{\"current\":1024,\"total\":3072}}\n\n";
	struct docker_progress p = { 0 };
	char text[256];
	struct err err;

	docker_progress_text(&p, 1000, text, sizeof text);
	ck_assert_str_eq(text, "No progress");
	for (size_t i = 0; i < sizeof lines - 1; i++)
		ck_assert_int_eq(
		    docker_progress_add(&p, lines + i, 1, &err), 0);
	docker_progress_text(&p, 1000, text, sizeof text);
	ck_assert_str_eq(text, "Pulled 1/3 (1KiB/3KiB) layers: 1 waiting/1 "
			       "pulling - est 2.0s remaining");
	docker_progress_release(&p);
}
END_TEST

START_TEST(answer_lists_are_read_whole_or_not_at_all)
{
	static const char *const bad[] = { "{}", "[1]", "[{\"Id\":1}]", "[",
		"[{\"Id\":\"a\"},{\"Labels\":[]}]" };
	static const char good[] =
	    "[{\"Id\":\"a\",\"Names\":[\"/x\"],\"Labels\":{\"k\":\"v\"}}]";
	struct docker_listed *list;
	struct err err;
	size_t n;

	ck_assert_int_eq(
	    docker_list_read(good, strlen(good), &list, &n, &err), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(list[0].names[0], "/x");
	rec_clear(&docker_listed_type, &list[0]);
	free(list);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(
		    docker_list_read(bad[i], strlen(bad[i]), &list, &n, &err),
		    -1);
}
END_TEST

START_TEST(answer_records_cover_their_structs)
{
	ck_assert(rec_covers(&docker_version_type));
	ck_assert(rec_covers(&docker_info_type));
	ck_assert(rec_covers(&docker_state_type));
	ck_assert(rec_covers(&docker_container_config_type));
	ck_assert(rec_covers(&docker_container_type));
	ck_assert(rec_covers(&docker_listed_type));
	ck_assert(rec_covers(&docker_id_type));
	ck_assert(rec_covers(&docker_waited_type));
}
END_TEST

UNIT_MAIN("docker_engine", engine_tells_an_error_in_the_engines_words,
    engine_that_hangs_or_breaks_off_is_no_answer,
    engine_freed_with_calls_under_way_calls_nobody,
    health_tells_what_the_engine_is, health_sees_the_engine_go_and_come_back,
    health_without_an_engine_is_not_detected,
    health_settles_on_a_version_that_both_speak,
    health_takes_hostile_answers_for_none, pull_is_shared_by_who_wants_the_same,
    pull_that_nobody_waits_for_is_given_up, pull_fails_by_name,
    pull_has_a_limit_whatever_it_tells,
    pull_of_an_engine_that_goes_is_no_fault_of_the_image,
    pull_is_hopeless_only_where_the_image_is_not_there,
    images_go_a_while_after_their_last_user,
    answer_progress_counts_layers_and_bytes,
    answer_lists_are_read_whole_or_not_at_all,
    answer_records_cover_their_structs)
