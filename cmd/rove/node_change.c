/*
 * Nodes drained, and opened or closed for new allocations.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/change.h"
#include "cmd/rove/commands.h"
#include "cmd/rove/find.h"
#include "cmd/rove/follow.h"
#include "common/clock.h"
#include "proto/node.h"

#define NROWS(rows)          (sizeof(rows) / sizeof(rows)[0])
#define DRAIN_DEADLINE_NS    (CLOCK_NS_PER_S * 3600)
#define DRAIN_FORCE_NS       (-CLOCK_NS_PER_S)
#define DRAIN_NO_DEADLINE_NS 0

/* One of two flags, not both and not none. */
static int
check_either(bool enable, bool disable)
{
	if (enable != disable)
		return CLI_GO;
	return cli_fail(
	    NULL, "Exactly one of -enable and -disable must be given");
}

static int
set_eligibility(struct cli *c, const char *id, bool eligible)
{
	struct tree *body = tree_map(), *answer;
	char *path = client_path("/v1/node/", id, "/eligibility");
	int status;

	tree_set(body, "NodeID", tree_str(id));
	tree_set(body, "Eligibility",
	    tree_str(eligible ? "eligible" : "ineligible"));
	status = change_put(
	    c, path, body, "Error updating scheduling eligibility", &answer);
	if (status == 0)
		printf("Node \"%s\" scheduling eligibility set: %s for "
		       "scheduling\n",
		    id, eligible ? "eligible" : "ineligible");
	tree_free(answer);
	free(path);
	return status;
}

int
node_eligibility(const struct command *cmd, int argc, char **argv)
{
	bool enable = false, disable = false;
	const struct flag rows[] = {
		{ "enable", FLAG_BOOL, &enable, NULL,
		    "New allocations may be placed on it." },
		{ "disable", FLAG_BOOL, &disable, NULL,
		    "No new allocation is placed on it; those that run stay." },
	};
	struct cli c;
	char *id;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	status = check_either(enable, disable);
	if (status == CLI_GO)
		status = find_node(&c, c.argv[0], &id);
	if (status == CLI_GO) {
		status = set_eligibility(&c, id, enable);
		free(id);
	}
	return cli_end(&c, status);
}

/* --- drain --- */

struct drain_flags {
	bool enable, disable, detach, force, no_deadline, ignore_system,
	    keep_ineligible;
	const char *deadline;
	int64_t deadline_ns;
};

static int
check_drain(struct drain_flags *f)
{
	int status = check_either(f->enable, f->disable);

	if (status != CLI_GO)
		return status;
	if (f->disable && (f->force || f->no_deadline || f->deadline != NULL ||
			      f->ignore_system))
		return cli_fail(NULL,
		    "-disable can't be combined with the flags of a drain");
	if (f->force + f->no_deadline + (f->deadline != NULL) > 1)
		return cli_fail(NULL,
		    "-force, -no-deadline and -deadline exclude each other");
	if (f->enable && f->keep_ineligible)
		return cli_fail(
		    NULL, "-keep-ineligible belongs to -disable alone");
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

/* Comes back when the drain is over. */
static int
follow_drain(struct cli *c, const char *id)
{
	char *path = client_path("/v1/node/", id, "");
	struct node node;
	struct err err;
	uint64_t index = 0;
	bool over = false;
	int rc = 0;

	while (rc == 0 && !over) {
		rc = client_await(&c->client, path, index, FOLLOW_WAIT_MS,
		    &node_type, &node, &err);
		if (rc == -1)
			break;
		index = c->client.index;
		over = node.drain_strategy == NULL;
		rec_clear(&node_type, &node);
	}
	free(path);
	if (rc == -1)
		return cli_fail(&err, "Error querying node");
	printf("Drain complete for node %s\n", id);
	return 0;
}

static int
drain(struct cli *c, const struct drain_flags *f, const char *id)
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
	status = change_put(c, path, body, "Error updating drain", &answer);
	tree_free(answer);
	free(path);
	if (status != 0)
		return status;
	printf(
	    "Node \"%s\" drain strategy %s\n", id, f->enable ? "set" : "unset");
	return f->enable && !f->detach ? follow_drain(c, id) : 0;
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
		{ "detach", FLAG_BOOL, &f.detach, NULL,
		    "Return at once instead of at the end of the drain." },
		/* Whoever types a prefix of an identifier means it. */
		{ "yes", FLAG_BOOL, NULL, NULL, NULL },
	};
	struct cli c;
	char *id;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	status = check_drain(&f);
	if (status == CLI_GO)
		status = find_node(&c, c.argv[0], &id);
	if (status == CLI_GO) {
		status = drain(&c, &f, id);
		free(id);
	}
	return cli_end(&c, status);
}
