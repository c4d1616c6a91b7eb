/* schedd: see schedd.h and schedd(8). */
#include "cmd/schedd/schedd.h"
#include "cmd/schedd/tls.h"
#include "proto/agent_daemon.h"

int
main(int argc, char **argv)
{
	struct daemon_def def = {
		.name = "schedd",
		.config_type = &schedd_config_type,
		.config_init = schedd_config_init,
		.config_from_agent = agent_daemon_config,
		.config_check = schedd_config_check,
		.start = schedd_start,
		.defers_ready = true,
		.reload = schedd_reload,
		.rereads = true, /* certificates are renewed */
		.stop = schedd_stop,
		.release = schedd_release,
		.routes = schedd_routes,
		.ctl_routes = schedd_ctl_routes,
		.info = schedd_info,
		.metrics = schedd_metrics,
	};

	def.nroutes = schedd_nroutes;
	def.nctl_routes = schedd_nctl_routes;
	return daemon_main(argc, argv, &def);
}
