#include "cmd/gossipd/ctl_ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/ctl_impl.h"
#include "common/json.h"
#include "proto/member.h"
#include "proto/msg.h"

/* --- telling and asking all --- */

int
gossipctl_event(struct ctl *c, int argc, char **argv)
{
	struct member_user_event e = { .coalesce = true };
	struct err err;
	int o;

	while ((o = getopt(argc, argv, "+s")) != -1) {
		if (o != 's')
			return ctl_usage(c, argv[0]);
		e.coalesce = false;
	}
	if (argc - optind != 1 && argc - optind != 2)
		return ctl_usage(c, argv[0]);
	e.name = argv[optind];
	e.payload = argc - optind == 2 ? argv[optind + 1] : NULL;
	if (ctl_ask(c, MSG_MEMBER_EVENT, &e, NULL, &err) == -1)
		return ctl_fail(c, &err);
	return CTL_DONE;
}

struct query_options {
	struct member_query ask;
	char *nodes[GOSSIPCTL_FILTERS_MAX];
	struct rec_kv tags[GOSSIPCTL_FILTERS_MAX];
};

static bool
add_query_tag(struct member_query *q, char *arg)
{
	char *eq = strchr(arg, '=');

	if (eq == NULL || q->ntags == GOSSIPCTL_FILTERS_MAX)
		return false;
	*eq = '\0';
	q->tags[q->ntags++] = (struct rec_kv){ arg, eq + 1 };
	return true;
}

static bool
parse_relay(const char *arg, int64_t *copies)
{
	char *end;
	long n = strtol(arg, &end, 10);

	*copies = n;
	return end != arg && *end == '\0' && n >= 0 && n <= MEMBER_RELAY_MAX;
}

static bool
query_options(int argc, char **argv, struct query_options *q)
{
	struct member_query *ask = &q->ask;
	int64_t ns;
	int o;

	ask->nodes = q->nodes;
	ask->tags = q->tags;
	while ((o = getopt(argc, argv, "+n:r:t:w:")) != -1) {
		bool good = false;

		if (o == 'n' && ask->nnodes < GOSSIPCTL_FILTERS_MAX) {
			ask->nodes[ask->nnodes++] = optarg;
			good = true;
		} else if (o == 't') {
			good = add_query_tag(ask, optarg);
		} else if (o == 'r') {
			good = parse_relay(optarg, &ask->relay);
		} else if (o == 'w' && clock_parse_dur(optarg, &ns) == 0 &&
			   ns > 0) {
			ask->timeout_ms = ns / CLOCK_NS_PER_MS;
			good = true;
		}
		if (!good)
			return false;
	}
	if (argc - optind != 1 && argc - optind != 2)
		return false;
	ask->name = argv[optind];
	ask->payload = argc - optind == 2 ? argv[optind + 1] : NULL;
	return true;
}

static void
put_plain(struct buf *b, const char *text)
{
	size_t n = strlen(text);

	while (n > 0 && text[n - 1] == '\n')
		n--;
	for (size_t i = 0; i < n; i++)
		buf_addc(b, strchr("\t\n\r", text[i]) != NULL ? ' ' : text[i]);
}

void
gossipctl_say(const struct ctl *c, const struct gossipctl_cell *cells, size_t n)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct gossipctl_cell *cell = &cells[i];

		if (cell->text == NULL)
			continue;
		if (!c->json) {
			buf_adds(&b, i > 0 ? "\t" : "");
			put_plain(&b, cell->text);
			continue;
		}
		buf_addf(&b, "%s\"%s\":", i > 0 ? "," : "{", cell->name);
		if (cell->is_number)
			buf_adds(&b, cell->text);
		else
			json_put_text(&b, cell->text, strlen(cell->text));
	}
	printf("%s%s\n", buf_str(&b), c->json ? "}" : "");
	buf_release(&b);
}

static void
say_answer(const struct ctl *c, const char *name, const char *what,
    const char *payload)
{
	const struct gossipctl_cell cells[] = { { "Name", name, false },
		{ "What", what, false }, { "Payload", payload, false } };

	gossipctl_say(c, cells, 3);
}

int
gossipctl_query(struct ctl *c, int argc, char **argv)
{
	struct query_options q = { 0 };
	struct member_answers got = { 0 };
	struct ctl own = *c;
	struct err err;

	if (!query_options(argc, argv, &q))
		return ctl_usage(c, argv[0]);
	own.timeout_ms += GOSSIPCTL_WAIT_MS + (uint64_t)q.ask.timeout_ms;
	if (ctl_ask(&own, MSG_MEMBER_QUERY, &q.ask, &got, &err) == -1)
		return ctl_fail(c, &err);
	for (size_t i = 0; i < got.nacks; i++)
		say_answer(c, got.acks[i], "ack", NULL);
	for (size_t i = 0; i < got.nanswers; i++)
		say_answer(c, got.answers[i].from, "response",
		    got.answers[i].payload != NULL ? got.answers[i].payload
						   : "");
	rec_clear(&member_answers_type, &got);
	return CTL_DONE;
}

/* --- steering the pool --- */

static int
print_keys(struct ctl *c, const struct member_keys *k)
{
	for (size_t i = 0; i < k->nkeys; i++) {
		char members[24];
		const struct gossipctl_cell cells[] = {
			{ "Key", k->keys[i].key, false },
			{ "Members", members, true },
		};

		snprintf(members, sizeof members, "%" PRId64, k->keys[i].value);
		gossipctl_say(c, cells, 2);
	}
	for (size_t i = 0; i < k->nmessages; i++)
		fprintf(stderr, "%s: %s\n", k->messages[i].key,
		    k->messages[i].value);
	if (k->why == NULL || k->why[0] == '\0')
		return CTL_DONE;
	fprintf(stderr, "%s: %s\n", c->def->name, k->why);
	return CTL_REFUSED;
}

int
gossipctl_keys(struct ctl *c, int argc, char **argv)
{
	struct member_keys_ask ask = { 0 };
	struct member_keys got = { 0 };
	struct ctl own = *c;
	struct err err;
	bool lists = argc == 2 && strcmp(argv[1], "-list") == 0;
	int rv;

	if (!lists && (argc != 3 || argv[1][0] != '-'))
		return ctl_usage(c, argv[0]);
	ask.verb = argv[1] + 1;
	ask.key = lists ? NULL : argv[2];
	own.timeout_ms += GOSSIPCTL_WAIT_MS;
	if (ctl_ask(&own, MSG_MEMBER_KEYS, &ask, &got, &err) == -1)
		return ctl_fail(c, &err);
	rv = print_keys(c, &got);
	rec_clear(&member_keys_type, &got);
	return rv;
}

/* -set TAG=VALUE and -delete TAG, in any order. */
static bool
add_edit(struct member_tags_edit *e, const char *option, char *arg)
{
	char *eq = strchr(arg, '=');

	if (strcmp(option, "-delete") == 0) {
		e->deleted[e->ndeleted++] = arg;
		return true;
	}
	if (strcmp(option, "-set") != 0 || eq == NULL)
		return false;
	*eq = '\0';
	e->tags[e->ntags++] = (struct rec_kv){ arg, eq + 1 };
	return true;
}

int
gossipctl_tags(struct ctl *c, int argc, char **argv)
{
	struct rec_kv tags[GOSSIPCTL_FILTERS_MAX];
	char *deleted[GOSSIPCTL_FILTERS_MAX];
	struct member_tags_edit edit = { .tags = tags, .deleted = deleted };
	struct err err;

	if (argc < 3 || argc % 2 == 0 || argc > 2 * GOSSIPCTL_FILTERS_MAX)
		return ctl_usage(c, argv[0]);
	for (int i = 1; i < argc; i += 2)
		if (!add_edit(&edit, argv[i], argv[i + 1]))
			return ctl_usage(c, argv[0]);
	if (ctl_ask(c, MSG_MEMBER_TAGS_EDIT, &edit, NULL, &err) == -1)
		return ctl_fail(c, &err);
	return CTL_DONE;
}
