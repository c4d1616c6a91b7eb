/* nodectl: see nodectl(8). */
#include "common/ctl.h"
#include "proto/msg.h"

static const struct ctl_column alloc_columns[] = {
	{ "ID", "id" },
	{ "Job", "job_id" },
	{ "Group", "group" },
	{ "Task", "task" },
	{ "Driver", "driver" },
	{ "Desired", "desired" },
	{ "Status", "status" },
	{ "PID", "pid" },
	{ "Restarts", "restarts" },
};

static const struct ctl_column service_columns[] = {
	{ "Service", "service_name" },
	{ "Address", "address" },
	{ "Port", "port" },
	{ "Job", "job_id" },
	{ "Allocation", "alloc_id" },
	{ "Tags", "tags" },
};

#define NCOLUMNS(a) (sizeof(a) / sizeof(a)[0])

static const struct ctl_noun nouns[] = {
	{ "allocs", "", "the tasks of this node's allocations", MSG_ALLOCS,
	    alloc_columns, NCOLUMNS(alloc_columns), NULL },
	{ "services", "", "all services of the cluster, as known here",
	    MSG_SERVICES, service_columns, NCOLUMNS(service_columns), NULL },
};

int
main(int argc, char **argv)
{
	const struct ctl_def def = {
		.name = "nodectl",
		.daemon = "nodeagent",
		.nouns = nouns,
		.nnouns = NCOLUMNS(nouns),
	};

	return ctl_main(argc, argv, &def);
}
