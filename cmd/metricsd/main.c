/* metricsd: see metricsd.h and metricsd(8). */
#include "cmd/metricsd/metricsd.h"
#include "proto/agent_daemon.h"

int
main(int argc, char **argv)
{
	const struct daemon_def def = {
		.name = "metricsd",
		.config_type = &metricsd_config_type,
		.config_init = metricsd_config_init,
		.config_from_agent = agent_daemon_config,
		.config_check = metricsd_config_check,
		.start = metricsd_start,
		.reload = metricsd_reload,
		.release = metricsd_release,
		.routes = metricsd_routes,
		.nroutes = metricsd_nroutes,
		.info = metricsd_info,
		.metrics = metricsd_metrics,
	};

	return daemon_main(argc, argv, &def);
}
