#include "cmd/lbd/fabio.h"
#include "cmd/lbd/lbd.h"
#include "proto/agent_daemon.h"

int
main(int argc, char **argv)
{
	static const struct daemon_def def = {
		.name = "lbd",
		.config_type = &lbd_config_type,
		.config_init = lbd_config_init,
		.config_from_agent = agent_daemon_config,
		.config_check = lbd_config_check,
		.low_ports = true,
		.start = lbd_start,
		.reload = lbd_reload,
		.rereads = true,
		.may_be_alone = true,
		.stop = lbd_stop,
		.release = lbd_release,
		.info = lbd_info,
		.metrics = lbd_metrics,
	};
	struct daemon_def own = def;

	own.routes = lbd_routes;
	own.nroutes = lbd_nroutes;
	if (fabio_is_meant(argv[0]))
		return fabio_main(argc, argv, &own);
	return daemon_main(argc, argv, &own);
}
