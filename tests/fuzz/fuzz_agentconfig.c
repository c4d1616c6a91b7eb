/* Text as an agent file: whatever loads merges over the defaults, settles or
 * is refused, and what daemons would be given has an end. */
#include <stdlib.h>
#include <string.h>

#include "proto/agent_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Look-ups of names would leave the machine: only numbers stay. */
static void
keep_numeric(char **addr)
{
	if (*addr != NULL && strspn(*addr, "0123456789.") != strlen(*addr)) {
		free(*addr);
		*addr = NULL;
	}
}

static void
settle(const struct agent_config *file)
{
	static char name[] = "eth0", ip[] = "10.1.2.3";
	struct agent_iface iface = { name, ip, true };
	struct agent_host host = { &iface, 1 };
	struct agent_config c = { 0 };
	struct buf ui = { 0 };
	struct plan p;

	agent_config_default(&c);
	agent_config_merge(&c, file);
	agent_config_merge(&c, file);
	keep_numeric(&c.bind_addr);
	keep_numeric(&c.addresses.http);
	keep_numeric(&c.addresses.rpc);
	keep_numeric(&c.addresses.serf);
	if (agent_config_settle(&c, &host, NULL, 0, &ui) == 0) {
		plan_make(&p, &c, "/data", "/run");
		plan_release(&p);
	}
	buf_release(&ui);
	rec_clear(&agent_config_type, &c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct agent_config file = { 0 };
	struct err err;

	if (agent_config_parse(&file, "a.hcl", (const char *)data, n, &err) ==
	    0)
		settle(&file);
	rec_clear(&agent_config_type, &file);
	return 0;
}
