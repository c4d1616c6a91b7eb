/* gossipd: see gossipd.h and gossipd(8). */
#include "cmd/gossipd/gossipd.h"
#include "proto/agent_daemon.h"

int
main(int argc, char **argv)
{
	const struct daemon_def def = {
		.name = "gossipd",
		.config_type = &gossipd_config_type,
		.config_init = gossipd_config_init,
		.config_from_agent = agent_daemon_config,
		.config_check = gossipd_config_check,
		.start = gossipd_start,
		.reload = gossipd_reload,
		.stop = gossipd_stop,
		.release = gossipd_release,
		.routes = gossipd_routes,
		.nroutes = gossipd_nroutes,
		.ctl_routes = gossipd_ctl_routes,
		.nctl_routes = gossipd_nctl_routes,
		.info = gossipd_info,
		.metrics = gossipd_metrics,
	};

	return daemon_main(argc, argv, &def);
}
