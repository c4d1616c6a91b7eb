/* metricsctl: see metricsctl(8). */
#include "common/ctl.h"
#include "common/mem.h"
#include "proto/metric.h"
#include "proto/msg.h"

static const struct ctl_column metric_columns[] = {
	{ "Name", "name" },
	{ "Labels", "labels" },
	{ "Value", "value" },
	{ "Count", "count" },
};

static int
get_body(int argc, char **argv, void *body)
{
	struct metric_get *ask = body;

	if (argc > 2)
		return -1;
	if (argc == 2)
		ask->glob = xstrdup(argv[1]);
	return 0;
}

static const struct ctl_noun nouns[] = {
	{ "get", "[GLOB]", "the numbers whose name fits", MSG_METRIC_GET,
	    metric_columns, sizeof metric_columns / sizeof metric_columns[0],
	    get_body },
};

int
main(int argc, char **argv)
{
	const struct ctl_def def = {
		.name = "metricsctl",
		.daemon = "metricsd",
		.nouns = nouns,
		.nnouns = sizeof nouns / sizeof nouns[0],
	};

	return ctl_main(argc, argv, &def);
}
