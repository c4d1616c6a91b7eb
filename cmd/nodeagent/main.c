/* nodeagent: see nodeagent.h and nodeagent(8). */
#include "cmd/nodeagent/nodeagent.h"
#include "proto/agent_daemon.h"

int
main(int argc, char **argv)
{
	const struct daemon_def def = {
		.name = "nodeagent",
		.config_type = &nodeagent_config_type,
		.config_init = nodeagent_config_init,
		.config_from_agent = agent_daemon_config,
		.config_check = nodeagent_config_check,
		.needs_root = true,
		.open_data_dir = true, /* tasks have users of their own */
		.start = nodeagent_start,
		.reload = nodeagent_reload,
		.rereads = true, /* certificates are renewed */
		.stop = nodeagent_stop,
		.release = nodeagent_release,
		.routes = nodeagent_routes,
		.nroutes = nodeagent_nroutes,
		.info = nodeagent_info,
		.metrics = nodeagent_metrics,
	};

	return daemon_main(argc, argv, &def);
}
