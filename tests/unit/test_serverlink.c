/* A node's calls, to servers that the test plays. */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/nodeagent/rmtree.h"
#include "cmd/nodeagent/serverlink_impl.h"
#include "cmd/nodeagent/store.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/nodemsg.h"
#include "tests/lib/unit.h"

#define TTL_MS   300 /* so a lease is renewed about every 125 ms */
#define RUN_MS   2500
#define NSERVERS 3

/* What one server says, and what it has heard. */
struct script {
	struct bus_server *bus;
	char url[64];
	enum err_code refuses; /* all calls; ERR_NONE: it serves */
	uint64_t index;
	bool full_pulls; /* allocations: a full, empty list at once */
	size_t ncalls, nleases, npulls, nevents, nregisters;
	uint64_t asked_index;       /* by the last pull */
	size_t nbacks, nbacks_lost; /* "back": heard; refused of them */
};

static struct world {
	char dir[64];
	struct nodeagent na;
	struct nodeagent_config config;
	struct script servers[NSERVERS];
	char *urls[NSERVERS]; /* of the config */
	char **told;          /* with each lease */
	size_t ntold;
	size_t nwarnings;
} w;

static bool
is_refused(struct script *s, struct bus_req *req)
{
	s->ncalls++;
	if (s->refuses != ERR_NONE)
		bus_refusef(req, s->refuses, "refused by the script");
	return s->refuses != ERR_NONE;
}

static void
on_lease(void *ctx, struct bus_req *req, const void *body)
{
	struct script *s = ctx;
	struct node_leased leased = { .known = true,
		.ttl_ms = TTL_MS,
		.index = s->index,
		.servers = w.told,
		.nservers = w.ntold };

	(void)body;
	if (is_refused(s, req))
		return;
	s->nleases++;
	bus_reply(req, &leased);
}

static void
on_register(void *ctx, struct bus_req *req, const void *body)
{
	struct script *s = ctx;

	s->nregisters++;
	on_lease(ctx, req, body);
}

static void
on_pull(void *ctx, struct bus_req *req, const void *body)
{
	struct script *s = ctx;
	const struct node_allocs *ask = body;
	struct node_allocs_news news = { .index = s->index, .full = true };

	if (is_refused(s, req))
		return;
	s->npulls++;
	s->asked_index = ask->index;
	if (!s->full_pulls)
		bus_refusef(req, ERR_INTERNAL, "no news today");
	else if (ask->index < s->index)
		bus_reply(req, &news);
	/* Or held until its deadline. */
}

static void
on_follow(void *ctx, struct bus_req *req, const void *body)
{
	(void)body;
	is_refused(ctx, req); /* or held until its deadline */
}

static void
on_events(void *ctx, struct bus_req *req, const void *body)
{
	struct script *s = ctx;
	struct indexed done = { .index = 1 };

	(void)body;
	if (is_refused(s, req))
		return;
	s->nevents++;
	bus_reply(req, &done);
}

static void
on_drain(void *ctx, struct bus_req *req, const void *body)
{
	struct script *s = ctx;
	const struct node_drain_ask *ask = body;
	struct node_drain_answer done = { .index = 1, .done = true };

	ck_assert(ask->back);
	if (++s->nbacks <= s->nbacks_lost)
		bus_refusef(req, ERR_NOT_LEADER, "it does not lead");
	else
		bus_reply(req, &done);
}

static const struct bus_route routes[] = {
	{ MSG_NODE_REGISTER, on_register },
	{ MSG_NODE_LEASE, on_lease },
	{ MSG_NODE_ALLOCS, on_pull },
	{ MSG_SERVICES_FOLLOW, on_follow },
	{ MSG_NODE_EVENTS, on_events },
	{ MSG_NODE_DRAIN, on_drain },
};

static void
on_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	w.nwarnings += level == LOG_WARN && strstr(line, "allocations") != NULL;
}

static void
serve(struct script *s, const char *url)
{
	struct err err;

	s->bus = bus_serve(
	    w.na.loop, url, routes, sizeof routes / sizeof routes[0], s, &err);
	ck_assert_msg(s->bus != NULL, "%s", err.text);
	if (s->url[0] == '\0')
		snprintf(s->url, sizeof s->url, "tcp://127.0.0.1:%d",
		    bus_server_port(s->bus));
}

static void
stop(struct script *s)
{
	bus_server_free(s->bus);
	s->bus = NULL;
}

/* Servers, of which the node is told the first nhome by its config. */
static void
open_world(size_t nhome)
{
	struct err err;

	memset(&w, 0, sizeof w);
	snprintf(w.dir, sizeof w.dir, "/tmp/test_serverlink.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(w.dir));
	bus_use(msg_defs, msg_ndefs);
	log_set_sink(on_line, NULL);
	w.na.loop = loop_new();
	for (size_t i = 0; i < NSERVERS; i++) {
		serve(&w.servers[i], "tcp://127.0.0.1:0");
		w.servers[i].index = 10;
		w.urls[i] = w.servers[i].url;
	}
	w.config = (struct nodeagent_config){
		.servers = w.urls, .nservers = nhome, .server_http = ""
	};
	w.na.config = &w.config;
	w.na.node.id = "n1";
	w.na.node.secret_id = "s";
	w.na.node.status = "ready";
	catalog_init(&w.na.catalog, &service_instance_type);
	rng_init(&w.na.rng, 1);
	w.na.store = store_open(w.dir, &err);
	ck_assert_msg(w.na.store != NULL, "%s", err.text);
}

static void
open_link(void)
{
	struct err err;

	w.na.link = serverlink_new(&w.na, &err);
	ck_assert_msg(w.na.link != NULL, "%s", err.text);
	serverlink_start(w.na.link);
}

static void
run(uint64_t ms)
{
	bool never = false;

	loop_wait(w.na.loop, &never, ms);
}

static void
close_world(void)
{
	struct err err;

	serverlink_free(w.na.link);
	for (size_t i = 0; i < NSERVERS; i++)
		bus_server_free(w.servers[i].bus);
	store_close(w.na.store);
	catalog_release(&w.na.catalog);
	log_set_sink(NULL, NULL);
	loop_free(w.na.loop);
	ck_assert_int_eq(rmtree(AT_FDCWD, w.dir, &err), 0);
}

/* The one that is asked now. */
static struct script *
current(void)
{
	for (size_t i = 0; i < NSERVERS; i++)
		if (strcmp(w.servers[i].url,
			serverlink_state(w.na.link).server) == 0)
			return &w.servers[i];
	ck_abort_msg("%s", serverlink_state(w.na.link).server);
}

static size_t
all_leases(void)
{
	size_t n = 0;

	for (size_t i = 0; i < NSERVERS; i++)
		n += w.servers[i].nleases;
	return n;
}

START_TEST(a_pull_that_fails_backs_off_whatever_leases_do)
{
	open_world(1);
	open_link();
	run(RUN_MS);
	ck_assert_uint_ge(w.servers[0].nleases, 8);
	/* 10 ms, and twice as long after each: about eight in this time. */
	ck_assert_uint_ge(w.servers[0].npulls, 6);
	ck_assert_uint_le(w.servers[0].npulls, 10);
	ck_assert_uint_eq(w.nwarnings, 1);
	close_world();
}
END_TEST

START_TEST(a_server_that_goes_away_is_followed_by_the_next_at_once)
{
	struct script *first;
	size_t before;

	open_world(1);
	w.told =
	    (char *[]){ w.servers[0].url, w.servers[1].url, w.servers[2].url };
	w.ntold = 3;
	open_link();
	run(300);
	first = current();
	ck_assert_uint_ge(first->nleases, 1);
	before = all_leases();
	stop(first);
	serverlink_put_event(w.na.link, "Driver", "told whoever answers", "x");
	run(400);
	ck_assert_ptr_ne(current(), first);
	ck_assert_uint_ge(all_leases(), before + 1);
	ck_assert_uint_eq(current()->nevents, 1);
	ck_assert(serverlink_state(w.na.link).registered);
	ck_assert_uint_eq(current()->nregisters, 0);
	close_world();
}
END_TEST

START_TEST(one_that_does_not_lead_is_passed_over)
{
	open_world(3);
	w.servers[0].refuses = w.servers[1].refuses = ERR_NOT_LEADER;
	open_link();
	run(500);
	ck_assert_ptr_eq(current(), &w.servers[2]);
	ck_assert_uint_ge(w.servers[2].nleases, 2);
	ck_assert_uint_le(w.servers[0].ncalls + w.servers[1].ncalls, 12);
	close_world();
}
END_TEST

/* During an election nobody leads: they are asked ever more seldom. */
START_TEST(when_nobody_leads_the_pauses_grow)
{
	size_t calls = 0;

	open_world(3);
	for (size_t i = 0; i < NSERVERS; i++)
		w.servers[i].refuses = ERR_NOT_LEADER;
	open_link();
	run(3000);
	for (size_t i = 0; i < NSERVERS; i++) {
		ck_assert_uint_ge(w.servers[i].ncalls, 2);
		calls += w.servers[i].ncalls;
		w.servers[i].refuses = ERR_NONE;
	}
	ck_assert_uint_le(calls, 60);
	run(3500);
	ck_assert_uint_ge(all_leases(), 1);
	close_world();
}
END_TEST

START_TEST(all_down_for_long_and_then_one_is_back)
{
	open_world(3);
	open_link();
	run(300);
	for (size_t i = 0; i < NSERVERS; i++)
		stop(&w.servers[i]);
	serverlink_put_event(w.na.link, "Driver", "kept meanwhile", "x");
	run(4000);
	ck_assert_uint_eq(w.servers[1].nevents, 0);
	serve(&w.servers[1], w.servers[1].url);
	run(4000);
	ck_assert_ptr_eq(current(), &w.servers[1]);
	ck_assert_uint_eq(w.servers[1].nevents, 1);
	close_world();
}
END_TEST

/* A listener whose process is stopped: it takes connections, no more. */
START_TEST(one_that_hangs_is_left_in_time)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;
	char url[64];

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	snprintf(url, sizeof url, "tcp://127.0.0.1:%d", ntohs(at.sin_port));
	open_world(2);
	w.urls[0] = url;
	open_link();
	run(2 * SERVERLINK_CONNECT_MS);
	ck_assert_uint_ge(w.servers[1].nleases, 1);
	close(fd);
	close_world();
}
END_TEST

START_TEST(known_servers_are_found_again_after_a_restart)
{
	open_world(1);
	w.told = (char *[]){ w.servers[1].url, w.servers[2].url };
	w.ntold = 2;
	open_link();
	run(300);
	serverlink_free(w.na.link);
	stop(&w.servers[0]); /* the only one that the config names */
	w.servers[1].nleases = w.servers[2].nleases = 0;
	open_link();
	ck_assert_uint_eq(serverlink_state(w.na.link).nservers, 3);
	run(1500);
	ck_assert_uint_ge(w.servers[1].nleases + w.servers[2].nleases, 1);
	close_world();
}
END_TEST

START_TEST(what_is_followed_goes_on_by_index_at_the_next_server)
{
	struct script *first;

	open_world(2);
	for (size_t i = 0; i < NSERVERS; i++) {
		w.servers[i].full_pulls = true;
		w.servers[i].index = 100;
	}
	open_link();
	run(300);
	first = current();
	ck_assert_uint_eq(first->asked_index, 100);
	stop(first);
	run(500);
	ck_assert_ptr_ne(current(), first);
	ck_assert_uint_eq(current()->asked_index, 100);
	close_world();
}
END_TEST

/* A full list of an earlier time would end what was begun since. */
START_TEST(a_list_from_the_past_is_not_taken)
{
	struct link_retry retry = { .what = "allocations" };
	struct link_cursor c = { 0 };
	struct serverlink *l;

	open_world(1);
	w.servers[0].index = 100;
	open_link();
	run(300);
	l = w.na.link;
	ck_assert_uint_eq(l->past.heard_index, 100);
	ck_assert(!link_accept(l, &retry, &c, 99, true));
	ck_assert(link_accept(l, &retry, &c, 100, true));
	c.index = 100;
	ck_assert(!link_accept(l, &retry, &c, 99, false));
	ck_assert(link_accept(l, &retry, &c, 120, false));
	/* One lease behind is a deposed leader's; three are a lost past. */
	link_hear_index(l, 50, false);
	ck_assert_uint_eq(l->past.heard_index, 120);
	link_hear_index(l, 51, false);
	link_hear_index(l, 52, false);
	ck_assert_uint_eq(l->past.heard_index, 52);
	ck_assert_uint_eq(l->allocs.index, 0);
	close_world();
}
END_TEST

START_TEST(a_node_that_drained_itself_says_that_it_is_back_until_it_is_heard)
{
	char mark[96];
	int fd;

	open_world(1);
	w.config.common.data_dir = w.dir;
	snprintf(mark, sizeof mark, "%s/drained", w.dir);
	fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ne(fd, -1);
	close(fd);
	w.servers[0].nbacks_lost = 2;
	open_link();
	run(1500);
	ck_assert_uint_eq(w.servers[0].nregisters, 1);
	ck_assert_uint_eq(w.servers[0].nbacks, 3);
	ck_assert_int_ne(access(mark, F_OK), 0);
	close_world();
}
END_TEST

UNIT_MAIN("serverlink", a_pull_that_fails_backs_off_whatever_leases_do,
    a_server_that_goes_away_is_followed_by_the_next_at_once,
    one_that_does_not_lead_is_passed_over, when_nobody_leads_the_pauses_grow,
    all_down_for_long_and_then_one_is_back, one_that_hangs_is_left_in_time,
    known_servers_are_found_again_after_a_restart,
    what_is_followed_goes_on_by_index_at_the_next_server,
    a_list_from_the_past_is_not_taken,
    a_node_that_drained_itself_says_that_it_is_back_until_it_is_heard)
