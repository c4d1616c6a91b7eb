#include "common/ctl.h"

#include <assert.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bus.h"
#include "common/clock.h"
#include "common/ctl_impl.h"
#include "common/daemon.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "proto/version.h"

int
ctl_ask(struct ctl *c, uint16_t number, const void *body, void *reply,
    struct err *err)
{
	return bus_ask(c->url, number, body, reply, c->timeout_ms, err);
}

int
ctl_fail(const struct ctl *c, const struct err *err)
{
	bool unreached = err->code == ERR_GONE || err->code == ERR_TIMEOUT;

	fprintf(stderr, "%s: %s\n", c->def->name, err->text);
	return unreached ? CTL_UNREACHED : CTL_REFUSED;
}

/* --- usage --- */

static void
print_verb(const char *name, const char *args, const char *says, FILE *to)
{
	fprintf(to, "  %s%s%-*s  %s\n", name, *args == '\0' ? "" : " ",
	    (int)(24 - strlen(name) - (*args == '\0' ? 0 : 1)), args, says);
}

static const struct ctl_verb *
verb_find(const struct ctl_verb *verbs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static void
print_options(const struct ctl_def *def, FILE *to)
{
	fprintf(to,
	    "usage: %s [-jH] [-r RUN_DIR] [-t TIMEOUT] VERB [ARG...]\n"
	    "  -j          print each record as JSON, one a line\n"
	    "  -H          print the head anywhere, as on a terminal\n"
	    "  -r RUN_DIR  the daemons' sockets are below it; else "
	    "ROVE_RUN_DIR, or\n"
	    "              " DAEMON_RUN_DIR "\n"
	    "  -t TIMEOUT  wait so long for an answer (5s)\n"
	    "  -h, -V      print this, or the version\n"
	    "verbs:\n",
	    def->name);
}

static void
print_usage(const struct ctl_def *def, FILE *to)
{
	size_t ncommon;
	const struct ctl_verb *common = ctl_common_verbs(&ncommon);

	print_options(def, to);
	for (size_t i = 0; i < def->nnouns; i++)
		print_verb(def->nouns[i].name, def->nouns[i].args,
		    def->nouns[i].says, to);
	for (size_t i = 0; i < def->nverbs; i++)
		print_verb(def->verbs[i].name, def->verbs[i].args,
		    def->verbs[i].says, to);
	for (size_t i = 0; i < ncommon; i++)
		if (verb_find(def->verbs, def->nverbs, common[i].name) == NULL)
			print_verb(
			    common[i].name, common[i].args, common[i].says, to);
}

/* The daemon's own verbs come first: they may replace a common one. */
static const struct ctl_verb *
any_verb_find(const struct ctl_def *def, const char *name)
{
	size_t ncommon;
	const struct ctl_verb *common = ctl_common_verbs(&ncommon);
	const struct ctl_verb *v = verb_find(def->verbs, def->nverbs, name);

	return v != NULL ? v : verb_find(common, ncommon, name);
}

static const struct ctl_noun *
noun_find(const struct ctl_def *def, const char *name)
{
	for (size_t i = 0; i < def->nnouns; i++)
		if (strcmp(def->nouns[i].name, name) == 0)
			return &def->nouns[i];
	return NULL;
}

int
ctl_usage(const struct ctl *c, const char *verb)
{
	const struct ctl_verb *v = any_verb_find(c->def, verb);
	const struct ctl_noun *n = noun_find(c->def, verb);

	const char *args = n != NULL ? n->args : v != NULL ? v->args : "";

	fprintf(stderr, "usage: %s %s%s%s\n", c->def->name, verb,
	    *args == '\0' ? "" : " ", args);
	return CTL_USAGE;
}

/* --- nouns --- */

const struct rec_field *
ctl_list(const struct rec_type *reply)
{
	for (size_t i = 0; i < reply->nfields; i++)
		if (reply->fields[i].shape == REC_LIST_OF &&
		    reply->fields[i].kind == REC_K_REC)
			return &reply->fields[i];
	return NULL;
}

static int
show_noun(struct ctl *c, const struct ctl_noun *n, int argc, char **argv)
{
	const struct msg_def *def = bus_def(n->number);
	const struct rec_field *list = ctl_list(def->reply);
	void *body = def->body == NULL ? NULL : xcalloc(1, def->body->size);
	char *reply = xcalloc(1, def->reply->size);
	struct err err;
	int rv = CTL_DONE;
	void *recs;
	size_t nrecs;

	assert(list != NULL); /* by our own table of nouns */
	if (n->body == NULL ? argc != 1 : n->body(argc, argv, body) == -1) {
		rv = ctl_usage(c, n->name);
	} else if (ctl_ask(c, n->number, body, reply, &err) == -1) {
		rv = ctl_fail(c, &err);
	} else {
		memcpy(&recs, reply + list->offset, sizeof recs);
		memcpy(&nrecs, reply + list->extra, sizeof nrecs);
		ctl_print(c, list->type, recs, nrecs, n->columns, n->ncolumns);
	}
	rec_clear(def->reply, reply);
	if (body != NULL)
		rec_clear(def->body, body);
	free(reply);
	free(body);
	return rv;
}

/* --- the program --- */

static int
parse_timeout(const char *text, uint64_t *ms)
{
	int64_t ns;

	if (clock_parse_dur(text, &ns) == -1) {
		char *end;
		long s = strtol(text, &end, 10);

		if (*text == '\0' || *end != '\0' || s <= 0 || s > 86400)
			return -1;
		ns = s * CLOCK_NS_PER_S;
	}
	if (ns <= 0)
		return -1;
	*ms = (uint64_t)((ns + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS);
	return 0;
}

static const struct option words[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

static int
parse_options(struct ctl *c, int argc, char **argv)
{
	int o;

	optind = 1;
	while ((o = getopt_long(argc, argv, "+r:t:jHhV", words, NULL)) != -1) {
		if (o == 'r') {
			c->run_dir = optarg;
		} else if (o == 'j') {
			c->json = true;
		} else if (o == 'H') {
			c->head = true;
		} else if (o == 'h') {
			print_usage(c->def, stdout);
			return 1;
		} else if (o == 'V') {
			printf("%s %s\n", c->def->name, ROVE_VERSION);
			return 1;
		} else if (o != 't') {
			print_usage(c->def, stderr);
			return -1;
		} else if (parse_timeout(optarg, &c->timeout_ms) == -1) {
			fprintf(stderr,
			    "%s: -t %s: a timeout is a number of seconds up "
			    "to 86400, or like \"500ms\", \"5s\" or \"1m\"\n",
			    c->def->name, optarg);
			return -1;
		}
	}
	if (optind < argc)
		return 0;
	print_usage(c->def, stderr);
	return -1;
}

static int
run(struct ctl *c, int argc, char **argv)
{
	const struct ctl_noun *noun = noun_find(c->def, argv[0]);
	const struct ctl_verb *verb = any_verb_find(c->def, argv[0]);

	if (noun == NULL && verb == NULL) {
		fprintf(
		    stderr, "%s: there is no verb %s\n", c->def->name, argv[0]);
		print_usage(c->def, stderr);
		return CTL_USAGE;
	}
	/* Verbs read options of their own. */
	optind = 1;
	return noun != NULL ? show_noun(c, noun, argc, argv)
			    : verb->fn(c, argc, argv);
}

int
ctl_main(int argc, char **argv, const struct ctl_def *def)
{
	struct ctl c = { .def = def, .timeout_ms = CTL_TIMEOUT_MS };
	int rv;

	c.run_dir = getenv("ROVE_RUN_DIR");
	if (c.run_dir == NULL)
		c.run_dir = DAEMON_RUN_DIR;
	rv = parse_options(&c, argc, argv);
	if (rv != 0)
		return rv == 1 ? CTL_DONE : CTL_USAGE;
	log_init(def->name, LOG_ERROR);
	bus_use(msg_defs, msg_ndefs);
	c.is_terminal = isatty(STDOUT_FILENO) != 0;
	c.url = daemon_url(c.run_dir, def->daemon, "ctl");
	rv = run(&c, argc - optind, argv + optind);
	free(c.url);
	if (fflush(stdout) != 0 && rv == CTL_DONE)
		rv = CTL_REFUSED;
	return rv;
}
