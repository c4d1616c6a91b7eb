/* gossipctl: see gossipctl(8). */
#include "common/ctl.h"
#include "proto/msg.h"

static const struct ctl_column member_columns[] = {
	{ "Name", "name" },
	{ "Address", "addr" },
	{ "Port", "port" },
	{ "Status", "status" },
	{ "Tags", "tags" },
};

static const struct ctl_noun nouns[] = {
	{ "members", "", "who is in the pool", MSG_MEMBERS, member_columns,
	    sizeof member_columns / sizeof member_columns[0], NULL },
};

int
main(int argc, char **argv)
{
	const struct ctl_def def = {
		.name = "gossipctl",
		.daemon = "gossipd",
		.nouns = nouns,
		.nnouns = sizeof nouns / sizeof nouns[0],
	};

	return ctl_main(argc, argv, &def);
}
