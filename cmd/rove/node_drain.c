/*
 * Nodes drained, and a drain followed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/change.h"
#include "cmd/rove/commands.h"
#include "cmd/rove/drainwatch.h"
#include "cmd/rove/find.h"
#include "common/clock.h"

#define NROWS(rows)          (sizeof(rows) / sizeof(rows)[0])
#define DRAIN_DEADLINE_NS    (CLOCK_NS_PER_S * 3600)
#define DRAIN_FORCE_NS       (-CLOCK_NS_PER_S)
#define DRAIN_NO_DEADLINE_NS 0

struct drain_flags {
	bool enable, disable, detach, force, no_deadline, ignore_system,
	    keep_ineligible, monitor, self;
	const char *deadline, *message;
	struct flag_texts meta;
	int64_t deadline_ns;
};

static int
check_deadline(struct drain_flags *f)
{
	if (f->force + f->no_deadline + (f->deadline != NULL) > 1)
		return cli_fail(NULL,
		    "-force, -no-deadline and -deadline exclude each other");
	f->deadline_ns = f->force         ? DRAIN_FORCE_NS
			 : f->no_deadline ? DRAIN_NO_DEADLINE_NS
					  : DRAIN_DEADLINE_NS;
	if (f->deadline != NULL &&
	    (clock_parse_dur(f->deadline, &f->deadline_ns) == -1 ||
		f->deadline_ns <= 0))
		return cli_fail(NULL,
		    "-deadline %s: a duration like \"30m\" or \"1h\" is "
		    "required",
		    f->deadline);
	return CLI_GO;
}

static int
check_drain(struct drain_flags *f, int argc)
{
	if (f->enable + f->disable > 1 ||
	    f->enable + f->disable + f->monitor == 0)
		return cli_fail(NULL,
		    "Either the '-enable' or '-disable' flag must be set, "
		    "unless using '-monitor'");
	if (f->disable && (f->force || f->no_deadline || f->deadline != NULL ||
			      f->ignore_system))
		return cli_fail(NULL,
		    "-disable can't be combined with the flags of a drain");
	if (f->enable && f->keep_ineligible)
		return cli_fail(
		    NULL, "-keep-ineligible belongs to -disable alone");
	for (size_t i = 0; i < f->meta.n; i++)
		if (strchr(f->meta.items[i], '=') == NULL)
			return cli_fail(NULL,
			    "-meta %s: <key>=<value> is required",
			    f->meta.items[i]);
	return find_check_self(f->self, argc) == CLI_GO ? check_deadline(f) : 1;
}

/* What people say about it, as one map. */
static struct tree *
meta_of(const struct drain_flags *f)
{
	struct tree *meta = tree_map();

	for (size_t i = 0; i < f->meta.n; i++) {
		const char *text = f->meta.items[i], *eq = strchr(text, '=');
		char *key = strndup(text, (size_t)(eq - text));

		tree_set(meta, key, tree_str(eq + 1));
		free(key);
	}
	if (f->message != NULL)
		tree_set(meta, f->enable ? "message" : "cancel_message",
		    tree_str(f->message));
	return meta;
}

static int
put_drain(struct cli *c, const struct drain_flags *f, const char *id)
{
	struct tree *body = tree_map(), *spec = tree_null(), *answer;
	char *path = client_path("/v1/node/", id, "/drain");
	int status;

	if (f->enable) {
		tree_free(spec);
		spec = tree_map();
		tree_set(spec, "Deadline", tree_int(f->deadline_ns));
		tree_set(spec, "IgnoreSystemJobs", tree_bool(f->ignore_system));
	}
	tree_set(body, "NodeID", tree_str(id));
	tree_set(body, "DrainSpec", spec);
	tree_set(
	    body, "MarkEligible", tree_bool(f->disable && !f->keep_ineligible));
	tree_set(body, "Meta", meta_of(f));
	status = change_put(c, path, body, "Error updating drain", &answer);
	tree_free(answer);
	free(path);
	return status;
}

/* What is said of a change; true if the drain is to be followed. */
static bool
tell_drain(const struct drain_flags *f, const char *id)
{
	if (f->disable || f->detach) {
		printf("Node \"%s\" drain strategy %s\n", id,
		    f->enable ? "set" : "unset");
	} else {
		drainwatch_say("Ctrl-C to stop monitoring: will not cancel the "
			       "node drain");
		drainwatch_say("Node \"%s\" drain strategy set", id);
	}
	return f->enable && !f->detach;
}

static int
drain(struct cli *c, const struct drain_flags *f, const char *id)
{
	bool changes = f->enable || f->disable;
	struct drainwatch w;
	int status = drainwatch_begin(&w, c, id, f->ignore_system);
	bool follows = !changes;

	if (status == 0 && changes) {
		status = put_drain(c, f, id);
		follows = status == 0 && tell_drain(f, id);
	} else if (status == 0) {
		drainwatch_say(
		    "Monitoring node \"%s\": Ctrl-C to detach monitoring", id);
	}
	if (status == 0 && follows)
		status = drainwatch_follow(&w, changes);
	drainwatch_end(&w);
	return status;
}

int
node_drain(const struct command *cmd, int argc, char **argv)
{
	struct drain_flags f = { 0 };
	const struct flag rows[] = {
		{ "enable", FLAG_BOOL, &f.enable, NULL, "Begin a drain." },
		{ "disable", FLAG_BOOL, &f.disable, NULL,
		    "End it; the node may be placed on again." },
		{ "deadline", FLAG_TEXT, &f.deadline, "<duration>",
		    "What runs then is stopped. Default = 1h" },
		{ "force", FLAG_BOOL, &f.force, NULL, "Stop all at once." },
		{ "no-deadline", FLAG_BOOL, &f.no_deadline, NULL,
		    "Wait for as long as it takes." },
		{ "ignore-system", FLAG_BOOL, &f.ignore_system, NULL,
		    "System jobs stay." },
		{ "keep-ineligible", FLAG_BOOL, &f.keep_ineligible, NULL,
		    "With -disable: nothing new is placed yet." },
		{ "m", FLAG_TEXT, &f.message, "<message>",
		    "Why; kept with the node's last drain." },
		{ "meta", FLAG_TEXTS, &f.meta, "<key>=<value>",
		    "More of that kind; may be given several times." },
		{ "detach", FLAG_BOOL, &f.detach, NULL,
		    "Return at once instead of at the end of the drain." },
		{ "monitor", FLAG_BOOL, &f.monitor, NULL,
		    "Only follow the drain that goes on." },
		{ "self", FLAG_BOOL, &f.self, NULL,
		    "The node that runs beside the agent that is asked." },
		/* Whoever types a prefix of an identifier means it. */
		{ "yes", FLAG_BOOL, NULL, NULL, NULL },
	};
	struct cli c;
	char *id;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 0, 1);

	if (status != CLI_GO)
		return status;
	status = check_drain(&f, c.argc);
	if (status == CLI_GO)
		status =
		    f.self ? find_self(&c, &id) : find_node(&c, c.argv[0], &id);
	if (status == CLI_GO) {
		status = drain(&c, &f, id);
		free(id);
	}
	return cli_end(&c, status);
}
