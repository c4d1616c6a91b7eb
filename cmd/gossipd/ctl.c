/* gossipctl: see gossipctl(8). */
#include "common/ctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/gossipd/ctl_ask.h"
#include "cmd/gossipd/pattern.h"
#include "cmd/gossipd/wire.h"
#include "common/bus.h"
#include "common/daemon.h"
#include "common/mem.h"
#include "common/rng.h"
#include "proto/member.h"
#include "proto/msg.h"

#define COLUMNS(a) (a), sizeof(a) / sizeof((a)[0])
#define HOUR_MS    3600000

/* --- members --- */

static const struct ctl_column member_columns[] = {
	{ "Name", "name" },
	{ "Address", "addr" },
	{ "Port", "port" },
	{ "Status", "status" },
	{ "Tags", "tags" },
};

enum filter_kind { FILTER_NAME, FILTER_STATUS, FILTER_TAG };

/* Each is a regular expression that must match the whole. */
struct filter {
	const char *tag; /* NULL: see which */
	enum filter_kind which;
	const char *pattern;
};

struct filters {
	struct filter list[GOSSIPCTL_FILTERS_MAX];
	size_t n;
};

static bool
add_filter(struct filters *f, enum filter_kind which, const char *tag,
    const char *text)
{
	struct filter *new = &f->list[f->n];

	if (f->n == GOSSIPCTL_FILTERS_MAX || !pattern_is_usable(text))
		return false;
	*new = (struct filter){ tag, which, text };
	f->n++;
	return true;
}

static bool
add_tag_filter(struct filters *f, char *arg)
{
	char *eq = strchr(arg, '=');

	if (eq == NULL)
		return false;
	*eq = '\0';
	return add_filter(f, FILTER_TAG, arg, eq + 1);
}

static bool
passes(const struct filters *f, const struct member *m)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct filter *one = &f->list[i];
		const char *text =
		    one->which == FILTER_NAME ? m->name
		    : one->which == FILTER_STATUS
			? m->status
			: rec_kv_get(m->tags, m->ntags, one->tag);

		if (!pattern_matches_all(
			one->pattern, text == NULL ? "" : text))
			return false;
	}
	return true;
}

static bool
members_options(struct ctl *c, int argc, char **argv, struct filters *f)
{
	int o;

	while ((o = getopt(argc, argv, "+jn:s:t:")) != -1) {
		bool good = true;

		if (o == 'j')
			c->json = true;
		else if (o == 'n')
			good = add_filter(f, FILTER_NAME, NULL, optarg);
		else if (o == 's')
			good = add_filter(f, FILTER_STATUS, NULL, optarg);
		else
			good = o == 't' && add_tag_filter(f, optarg);
		if (!good)
			return false;
	}
	return optind == argc;
}

static int
do_members(struct ctl *c, int argc, char **argv)
{
	struct ctl own = *c;
	struct filters f = { .n = 0 };
	struct member_rows rows = { 0 };
	struct err err;
	size_t n = 0;
	int rv = CTL_DONE;

	if (!members_options(&own, argc, argv, &f)) {
		rv = ctl_usage(c, argv[0]);
	} else if (ctl_ask(c, MSG_MEMBERS, NULL, &rows, &err) == -1) {
		rv = ctl_fail(c, &err);
	} else {
		for (size_t i = 0; i < rows.nmembers; i++)
			if (passes(&f, &rows.members[i])) {
				struct member m = rows.members[n];

				rows.members[n++] = rows.members[i];
				rows.members[i] = m;
			}
		ctl_print(&own, &member_type, rows.members, n,
		    COLUMNS(member_columns));
		rec_clear(&member_rows_type, &rows);
	}
	return rv;
}

/* --- monitor --- */

struct watcher {
	const struct ctl *ctl;
	bool done;
	int status;
};

static void
print_event(const struct ctl *c, const struct member_event *e)
{
	const struct member *m = &e->member;
	struct buf line = { 0 };

	if (c->json) {
		rec_to_json(&member_event_type, e, &line, 0);
	} else {
		buf_addf(&line, "%s\t%s\t%s\t%" PRId64 "\t%s\t", e->what,
		    m->name, m->addr, m->port, m->status);
		for (size_t i = 0; i < m->ntags; i++)
			buf_addf(&line, "%s%s=%s", i > 0 ? "," : "",
			    m->tags[i].key, m->tags[i].value);
	}
	puts(buf_str(&line));
	buf_release(&line);
}

static void
on_news(void *ctx, const char *topic, uint16_t number, uint64_t seq, bool gap,
    const void *body)
{
	struct watcher *w = ctx;

	(void)topic;
	(void)seq;
	(void)gap;
	if (number != MSG_MEMBER || body == NULL)
		return;
	print_event(w->ctl, body);
	if (fflush(stdout) != 0)
		w->done = true; /* nobody reads any more */
}

/* gossipd has gone. */
static void
on_link(void *ctx, bool up)
{
	struct watcher *w = ctx;

	if (up)
		return;
	w->status = CTL_UNREACHED;
	w->done = true;
}

static int
follow(struct ctl *c)
{
	struct loop *l = loop_new();
	struct watcher w = { .ctl = c, .status = CTL_DONE };
	char *url = daemon_url(c->run_dir, c->def->daemon, "pub");
	struct member_rows rows = { 0 };
	struct bus_sub *sub;
	struct err err;

	/* Says at once, and not never, that nobody is there. */
	if (ctl_ask(c, MSG_MEMBERS, NULL, &rows, &err) == -1 ||
	    (sub = bus_subscribe(l, url, "member.", on_news, &w, &err)) ==
		NULL) {
		free(url);
		loop_free(l);
		return ctl_fail(c, &err);
	}
	rec_clear(&member_rows_type, &rows);
	bus_sub_on_link(sub, on_link);
	while (!w.done)
		loop_wait(l, &w.done, HOUR_MS);
	bus_sub_free(sub);
	free(url);
	loop_free(l);
	return w.status;
}

/* Its options are those of the log, which every ctl has by this name. */
static int
do_monitor(struct ctl *c, int argc, char **argv)
{
	struct ctl own = *c;

	if (argc == 2 && strcmp(argv[1], "-j") == 0)
		own.json = true;
	if (argc == 1 || own.json != c->json)
		return follow(&own);
	return ctl_follow_log(c, argc, argv);
}

/* --- steering --- */

static int
do_join(struct ctl *c, int argc, char **argv)
{
	bool replay = argc > 1 && strcmp(argv[1], "-replay") == 0;
	struct member_join ask = { argv + 1 + replay, (size_t)argc - 1 - replay,
		replay };
	struct member_joined joined = { 0 };
	struct err err;
	int rv;

	if (ask.naddrs == 0)
		return ctl_usage(c, argv[0]);
	if (ctl_ask(c, MSG_MEMBER_JOIN, &ask, &joined, &err) == -1)
		return ctl_fail(c, &err);
	if (joined.errors != NULL && joined.errors[0] != '\0')
		fprintf(stderr, "%s\n", joined.errors);
	printf("%" PRId64 "\n", joined.joined);
	rv = joined.joined > 0 ? CTL_DONE : CTL_REFUSED;
	rec_clear(&member_joined_type, &joined);
	return rv;
}

static int
do_leave(struct ctl *c, int argc, char **argv)
{
	struct ctl own = *c;
	struct err err;

	if (argc != 1)
		return ctl_usage(c, argv[0]);
	if (own.timeout_ms < GOSSIPCTL_WAIT_MS)
		own.timeout_ms = GOSSIPCTL_WAIT_MS;
	if (ctl_ask(&own, MSG_MEMBER_LEAVE, NULL, NULL, &err) == -1)
		return ctl_fail(c, &err);
	return CTL_DONE;
}

static int
do_force_leave(struct ctl *c, int argc, char **argv)
{
	struct member_force_leave ask = { 0 };
	struct err err;

	if (argc == 3 &&
	    (strcmp(argv[1], "-prune") == 0 || strcmp(argv[1], "-p") == 0))
		ask.prune = true;
	else if (argc != 2 || argv[1][0] == '-')
		return ctl_usage(c, argv[0]);
	ask.node = argv[argc - 1];
	if (ctl_ask(c, MSG_MEMBER_FORCE_LEAVE, &ask, NULL, &err) == -1)
		return ctl_fail(c, &err);
	return CTL_DONE;
}

/* --- measuring --- */

static int
do_rtt(struct ctl *c, int argc, char **argv)
{
	struct member_rtt_ask ask = { 0 };
	struct member_rtt rtt = { 0 };
	struct err err;
	char ms[32];

	if (argc != 2 && argc != 3)
		return ctl_usage(c, argv[0]);
	ask.to = argv[1];
	ask.from = argc == 3 ? argv[2] : NULL;
	if (ctl_ask(c, MSG_MEMBER_RTT, &ask, &rtt, &err) == -1)
		return ctl_fail(c, &err);
	snprintf(
	    ms, sizeof ms, c->json ? "%.3f" : "%.3f ms", rtt.seconds * 1000);
	gossipctl_say(
	    c, &(struct gossipctl_cell){ "Milliseconds", ms, true }, 1);
	return CTL_DONE;
}

static void
say_reached(struct ctl *c, char *const *names, size_t n, const char *what)
{
	for (size_t i = 0; i < n; i++)
		gossipctl_say(c,
		    (struct gossipctl_cell[]){
			{ "Name", names[i], false }, { "What", what, false } },
		    2);
}

static int
do_reachability(struct ctl *c, int argc, char **argv)
{
	struct member_reach reach = { 0 };
	struct ctl own = *c;
	struct err err;
	int rv;

	if (argc != 1)
		return ctl_usage(c, argv[0]);
	if (own.timeout_ms < GOSSIPCTL_WAIT_MS)
		own.timeout_ms = GOSSIPCTL_WAIT_MS;
	if (ctl_ask(&own, MSG_MEMBER_REACH, NULL, &reach, &err) == -1)
		return ctl_fail(c, &err);
	say_reached(c, reach.answered, reach.nanswered, "answered");
	say_reached(c, reach.silent, reach.nsilent, "silent");
	rv = reach.nsilent == 0 ? CTL_DONE : CTL_REFUSED;
	rec_clear(&member_reach_type, &reach);
	return rv;
}

static int
do_keygen(struct ctl *c, int argc, char **argv)
{
	struct wire_key key = { .n = WIRE_KEY_MAX };
	struct buf text = { 0 };

	if (argc != 1)
		return ctl_usage(c, argv[0]);
	rng_secret(key.data, key.n);
	wire_key_format(&key, &text);
	puts(buf_str(&text));
	buf_release(&text);
	return CTL_DONE;
}

static const struct ctl_verb verbs[] = {
	{ "members", "[-j] [-n NAME] [-s STATUS] [-t TAG=VALUE]",
	    "who is in the pool; by regular expressions", do_members },
	{ "monitor", "[-j | -a | -l LEVEL]",
	    "follow what happens to members; -a, -l: the log", do_monitor },
	{ "join", "[-replay] ADDR...",
	    "join a pool by these members; -replay: hear its last events",
	    do_join },
	{ "leave", "", "leave the pool, and stop", do_leave },
	{ "force-leave", "[-prune] NAME",
	    "a failed member has left; -prune: forget it", do_force_leave },
	{ "event", "[-s] NAME [PAYLOAD]",
	    "tell all; -s: not to be joined with others of its name",
	    gossipctl_event },
	{ "query",
	    "[-n NAME] [-r COPIES] [-t TAG=VALUE] [-w TIME] NAME [PAYLOAD]",
	    "ask all, or some, and list who answers what", gossipctl_query },
	{ "keys", "-list | -install KEY | -use KEY | -remove KEY",
	    "the keys of all members", gossipctl_keys },
	{ "tags", "[-set TAG=VALUE] [-delete TAG]",
	    "change what the member says of itself", gossipctl_tags },
	{ "reachability", "", "who answers a question to all",
	    do_reachability },
	{ "rtt", "NAME [NAME]", "the round trip between two members", do_rtt },
	{ "keygen", "", "a new key for encryption", do_keygen },
};

int
main(int argc, char **argv)
{
	const struct ctl_def def = {
		.name = "gossipctl",
		.daemon = "gossipd",
		.verbs = verbs,
		.nverbs = sizeof verbs / sizeof verbs[0],
	};

	return ctl_main(argc, argv, &def);
}
