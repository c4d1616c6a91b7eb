/*
 * How the servers keep themselves a cluster: what an operator says of it, and
 * how each of them is. Names are those of Nomad's API.
 */
#ifndef PROTO_AUTOPILOT_H
#define PROTO_AUTOPILOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/rec.h"

#define AUTOPILOT_MIN_QUORUM_MAX 9

struct autopilot_configuration {
	bool cleanup_dead_servers;
	int64_t last_contact_threshold; /* ns; who is silent longer is ill */
	uint64_t max_trailing_logs;     /* who is more entries behind, too */
	uint64_t min_quorum; /* voters that are kept, though they are dead */
	int64_t server_stabilization_time; /* ns */
	bool enable_redundancy_zones;      /* this and what follows is kept, */
	bool disable_upgrade_migration;    /* and changes nothing */
	bool enable_custom_upgrades;
	uint64_t create_index;
	uint64_t modify_index;
};

struct autopilot_server {
	char *id;
	char *name;
	char *address;
	char *serf_status;
	char *version;
	bool leader;
	int64_t last_contact; /* ns */
	uint64_t last_term;
	uint64_t last_index;
	bool healthy;
	bool voter;
	int64_t stable_since; /* 0: not known */
};

struct autopilot_health {
	bool healthy; /* all servers are */
	int64_t failure_tolerance;
	struct autopilot_server *servers;
	size_t nservers;
	char *leader; /* ids, here and below */
	char **voters;
	size_t nvoters;
};

extern const struct rec_type autopilot_configuration_type,
    autopilot_server_type, autopilot_health_type;

/* What holds until somebody says otherwise. */
void autopilot_init(struct autopilot_configuration *c);
int autopilot_check(const struct autopilot_configuration *c, struct err *err);

#endif
