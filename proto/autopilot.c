#include "proto/autopilot.h"

static const struct rec_field autopilot_configuration_fields[] = {
	REC_BOOL(struct autopilot_configuration, 1, cleanup_dead_servers,
	    "CleanupDeadServers"),
	REC_DUR(struct autopilot_configuration, 2, last_contact_threshold,
	    "LastContactThreshold", .flags = REC_DURTEXT),
	REC_U64(struct autopilot_configuration, 3, max_trailing_logs,
	    "MaxTrailingLogs"),
	REC_U64(struct autopilot_configuration, 4, min_quorum, "MinQuorum"),
	REC_DUR(struct autopilot_configuration, 5, server_stabilization_time,
	    "ServerStabilizationTime", .flags = REC_DURTEXT),
	REC_BOOL(struct autopilot_configuration, 6, enable_redundancy_zones,
	    "EnableRedundancyZones"),
	REC_BOOL(struct autopilot_configuration, 7, disable_upgrade_migration,
	    "DisableUpgradeMigration"),
	REC_BOOL(struct autopilot_configuration, 8, enable_custom_upgrades,
	    "EnableCustomUpgrades"),
	REC_U64(struct autopilot_configuration, 9, create_index, "CreateIndex"),
	REC_U64(
	    struct autopilot_configuration, 10, modify_index, "ModifyIndex"),
};
const struct rec_type autopilot_configuration_type =
    REC_TYPE(autopilot_configuration, autopilot_configuration_fields);

static const struct rec_field autopilot_server_fields[] = {
	REC_STR(struct autopilot_server, 1, id, "ID"),
	REC_STR(struct autopilot_server, 2, name, "Name"),
	REC_STR(struct autopilot_server, 3, address, "Address"),
	REC_STR(struct autopilot_server, 4, serf_status, "SerfStatus"),
	REC_STR(struct autopilot_server, 5, version, "Version"),
	REC_BOOL(struct autopilot_server, 6, leader, "Leader"),
	REC_DUR(struct autopilot_server, 7, last_contact, "LastContact",
	    .flags = REC_DURTEXT),
	REC_U64(struct autopilot_server, 8, last_term, "LastTerm"),
	REC_U64(struct autopilot_server, 9, last_index, "LastIndex"),
	REC_BOOL(struct autopilot_server, 10, healthy, "Healthy"),
	REC_BOOL(struct autopilot_server, 11, voter, "Voter"),
	REC_TIME(struct autopilot_server, 12, stable_since, "StableSince"),
};
const struct rec_type autopilot_server_type =
    REC_TYPE(autopilot_server, autopilot_server_fields);

static const struct rec_field autopilot_health_fields[] = {
	REC_BOOL(struct autopilot_health, 1, healthy, "Healthy"),
	REC_I64(
	    struct autopilot_health, 2, failure_tolerance, "FailureTolerance"),
	REC_LIST(
	    struct autopilot_health, 3, servers, autopilot_server, "Servers"),
	REC_STR(struct autopilot_health, 4, leader, "Leader"),
	REC_STRS(struct autopilot_health, 5, voters, "Voters"),
};
const struct rec_type autopilot_health_type =
    REC_TYPE(autopilot_health, autopilot_health_fields);

void
autopilot_init(struct autopilot_configuration *c)
{
	*c = (struct autopilot_configuration){
		.cleanup_dead_servers = true,
		.last_contact_threshold = INT64_C(200000000),
		.max_trailing_logs = 250,
		.server_stabilization_time = INT64_C(10000000000),
	};
}

int
autopilot_check(const struct autopilot_configuration *c, struct err *err)
{
	if (c->last_contact_threshold < 0 || c->server_stabilization_time < 0)
		return err_set(err, ERR_BAD, "a duration must not be negative");
	if (c->min_quorum > AUTOPILOT_MIN_QUORUM_MAX)
		return err_set(err, ERR_BAD,
		    "MinQuorum must not be more than %d",
		    AUTOPILOT_MIN_QUORUM_MAX);
	return 0;
}
