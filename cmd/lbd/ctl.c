#include "common/ctl.h"

#include <string.h>

#include "common/buf.h"
#include "proto/msg.h"
#include "proto/route.h"

/* A route command from arguments: what the shell has unquoted is quoted
 * again, for `tags` and `opts` take one quoted text. */
static void
join(struct buf *text, const char *verb, int argc, char **argv)
{
	buf_addf(text, "route %s", verb);
	for (int i = 0; i < argc; i++) {
		bool quote = i > 0 && argv[i][0] != '"' &&
			     (strcmp(argv[i - 1], "tags") == 0 ||
				 strcmp(argv[i - 1], "opts") == 0);

		buf_addf(text, quote ? " \"%s\"" : " %s", argv[i]);
	}
}

static int
verb_route(struct ctl *c, int argc, char **argv)
{
	struct buf text = { 0 };
	struct route_edit edit = { 0 };
	struct err err;
	bool add;
	int rc;

	if (argc < 3)
		return ctl_usage(c, argv[0]);
	add = strcmp(argv[1], "add") == 0;
	if (!add && strcmp(argv[1], "del") != 0)
		return ctl_usage(c, argv[0]);
	join(&text, argv[1], argc - 2, argv + 2);
	edit.text = text.data;
	rc = ctl_ask(c, add ? MSG_ROUTE_ADD : MSG_ROUTE_DEL, &edit, NULL, &err);
	buf_release(&text);
	return rc == -1 ? ctl_fail(c, &err) : CTL_DONE;
}

static const struct ctl_column route_columns[] = {
	{ "Service", "service" },
	{ "Source", "src" },
	{ "Destination", "dst" },
	{ "Weight", "weight" },
	{ "Options", "opts" },
	{ "Tags", "tags" },
};

static const struct ctl_noun nouns[] = {
	{ "routes", "", "the routing table, one target a line", MSG_ROUTES,
	    route_columns, sizeof route_columns / sizeof route_columns[0],
	    NULL },
};

static const struct ctl_verb verbs[] = {
	{ "route", "add SERVICE SOURCE URL [PART ...] | del SERVICE ...",
	    "adds or deletes routes by hand", verb_route },
};

int
main(int argc, char **argv)
{
	static const struct ctl_def def = { .name = "lbctl",
		.daemon = "lbd",
		.verbs = verbs,
		.nverbs = sizeof verbs / sizeof verbs[0],
		.nouns = nouns,
		.nnouns = sizeof nouns / sizeof nouns[0] };

	return ctl_main(argc, argv, &def);
}
