/* schedctl: see schedctl(8). */
#include "common/ctl.h"
#include "proto/msg.h"

static const struct ctl_column job_columns[] = {
	{ "ID", "id" },
	{ "Type", "kind" },
	{ "Namespace", "name" },
	{ "Status", "status" },
	{ "Priority", "priority" },
	{ "Index", "index" },
	{ "Detail", "detail" },
};

static const struct ctl_column node_columns[] = {
	{ "ID", "id" },
	{ "Datacenter", "kind" },
	{ "Name", "name" },
	{ "Status", "status" },
	{ "Priority", "priority" },
	{ "Index", "index" },
	{ "Eligibility", "detail" },
};

static const struct ctl_column eval_columns[] = {
	{ "ID", "id" },
	{ "Type", "kind" },
	{ "Job", "name" },
	{ "Status", "status" },
	{ "Priority", "priority" },
	{ "Index", "index" },
	{ "Trigger", "detail" },
};

#define COLUMNS(c) c, sizeof(c) / sizeof((c)[0])

static const struct ctl_noun nouns[] = {
	{ "evals", "", "evaluations", MSG_EVALS, COLUMNS(eval_columns), NULL },
	{ "jobs", "", "jobs", MSG_JOBS, COLUMNS(job_columns), NULL },
	{ "nodes", "", "nodes", MSG_NODES, COLUMNS(node_columns), NULL },
};

int
main(int argc, char **argv)
{
	const struct ctl_def def = {
		.name = "schedctl",
		.daemon = "schedd",
		.nouns = nouns,
		.nnouns = sizeof nouns / sizeof nouns[0],
	};

	return ctl_main(argc, argv, &def);
}
