/*
 * How the servers keep themselves a cluster.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "common/clock.h"
#include "common/text.h"
#include "common/tree.h"
#include "proto/autopilot.h"

#define CONFIGURATION "/v1/operator/autopilot/configuration"

static const char *
yes_no(bool b)
{
	return b ? "true" : "false";
}

/* --- the configuration --- */

static void
print_config(const struct autopilot_configuration *a)
{
	char contact[CLOCK_DUR_SIZE], stable[CLOCK_DUR_SIZE];

	clock_format_dur(a->last_contact_threshold, contact);
	clock_format_dur(a->server_stabilization_time, stable);
	printf("CleanupDeadServers = %s\n", yes_no(a->cleanup_dead_servers));
	printf("LastContactThreshold = %s\n", contact);
	printf("MaxTrailingLogs = %" PRIu64 "\n", a->max_trailing_logs);
	printf("MinQuorum = %" PRIu64 "\n", a->min_quorum);
	printf("ServerStabilizationTime = %s\n", stable);
	printf(
	    "EnableRedundancyZones = %s\n", yes_no(a->enable_redundancy_zones));
	printf("DisableUpgradeMigration = %s\n",
	    yes_no(a->disable_upgrade_migration));
	printf(
	    "EnableCustomUpgrades = %s\n", yes_no(a->enable_custom_upgrades));
}

int
operator_autopilot_get(const struct command *cmd, int argc, char **argv)
{
	struct autopilot_configuration a;
	struct cli c;
	struct err err;
	int status = cli_begin(&c, cmd, NULL, 0, argc, argv, 0, 0);

	if (status != CLI_GO)
		return status;
	if (client_get(&c.client, CONFIGURATION, NULL,
		&autopilot_configuration_type, &a, &err) == -1)
		return cli_end(&c,
		    cli_fail(&err, "Error querying Autopilot configuration"));
	print_config(&a);
	return cli_end(&c, 0);
}

/* What was typed; NULL: it stays as it is. */
struct wish {
	const char *cleanup, *contact, *trailing, *quorum, *stable, *zones,
	    *migration, *custom;
};

static int
set_bool(const char *name, const char *text, bool *v)
{
	if (text == NULL)
		return 0;
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return cli_fail(NULL, "-%s: expected true or false, got \"%s\"",
		    name, text);
	*v = strcmp(text, "true") == 0;
	return 0;
}

static int
set_count(const char *name, const char *text, uint64_t *v)
{
	if (text != NULL && text_parse_u64(text, v) == -1)
		return cli_fail(
		    NULL, "-%s: expected a number, got \"%s\"", name, text);
	return 0;
}

static int
set_dur(const char *name, const char *text, int64_t *v)
{
	if (text == NULL || clock_parse_dur(text, v) == 0)
		return 0;
	return cli_fail(
	    NULL, "-%s: expected a duration, got \"%s\"", name, text);
}

static int
apply(const struct wish *w, struct autopilot_configuration *a)
{
	return set_bool("cleanup-dead-servers", w->cleanup,
		   &a->cleanup_dead_servers) != 0 ||
	       set_dur("last-contact-threshold", w->contact,
		   &a->last_contact_threshold) != 0 ||
	       set_count("max-trailing-logs", w->trailing,
		   &a->max_trailing_logs) != 0 ||
	       set_count("min-quorum", w->quorum, &a->min_quorum) != 0 ||
	       set_dur("server-stabilization-time", w->stable,
		   &a->server_stabilization_time) != 0 ||
	       set_bool("enable-redundancy-zones", w->zones,
		   &a->enable_redundancy_zones) != 0 ||
	       set_bool("disable-upgrade-migration", w->migration,
		   &a->disable_upgrade_migration) != 0 ||
	       set_bool("enable-custom-upgrades", w->custom,
		   &a->enable_custom_upgrades) != 0;
}

/* Only if nobody has changed it since it was read. */
static int
update(struct cli *c, const struct wish *w)
{
	struct autopilot_configuration a;
	struct buf body = { 0 }, out = { 0 };
	char cas[32];
	struct err err;
	int rc;

	if (client_get(&c->client, CONFIGURATION, NULL,
		&autopilot_configuration_type, &a, &err) == -1)
		return cli_fail(&err, "Error querying Autopilot configuration");
	if (apply(w, &a) != 0)
		return 1;
	snprintf(cas, sizeof cas, "cas=%" PRIu64, a.modify_index);
	rec_to_json(&autopilot_configuration_type, &a, &body, 0);
	rc = client_call(
	    &c->client, "PUT", CONFIGURATION, cas, &body, &out, &err);
	if (rc == -1)
		rc = cli_fail(&err, "Error setting Autopilot configuration");
	else if (strncmp(buf_str(&out), "true", 4) != 0)
		rc = cli_fail(NULL,
		    "Configuration could not be atomically updated, please "
		    "try again");
	else
		puts("Configuration updated!");
	buf_release(&body);
	buf_release(&out);
	return rc;
}

int
operator_autopilot_set(const struct command *cmd, int argc, char **argv)
{
	struct wish w = { 0 };
	const struct flag rows[] = {
		{ "cleanup-dead-servers", FLAG_TEXT, &w.cleanup, "<true|false>",
		    "Remove servers that have died." },
		{ "last-contact-threshold", FLAG_TEXT, &w.contact, "<duration>",
		    "Who is silent for longer is ill." },
		{ "max-trailing-logs", FLAG_TEXT, &w.trailing, "<n>",
		    "Who is more entries behind is ill." },
		{ "min-quorum", FLAG_TEXT, &w.quorum, "<n>",
		    "Keep so many voters, though they have died." },
		{ "server-stabilization-time", FLAG_TEXT, &w.stable,
		    "<duration>", "Kept, without effect." },
		{ "enable-redundancy-zones", FLAG_TEXT, &w.zones,
		    "<true|false>", "Kept, without effect." },
		{ "disable-upgrade-migration", FLAG_TEXT, &w.migration,
		    "<true|false>", "Kept, without effect." },
		{ "enable-custom-upgrades", FLAG_TEXT, &w.custom,
		    "<true|false>", "Kept, without effect." },
	};
	struct cli c;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 0, 0);

	if (status != CLI_GO)
		return status;
	return cli_end(&c, update(&c, &w));
}

/* --- health --- */

static void
print_health(const struct autopilot_health *h)
{
	struct buf rows = { 0 };
	char contact[CLOCK_DUR_SIZE], since[CLOCK_TIME_SIZE];

	printf("Healthy: %s\n", yes_no(h->healthy));
	printf("FailureTolerance: %" PRId64 "\n", h->failure_tolerance);
	printf("Leader: %s\n", lists_text(h->leader));
	puts("Voters: ");
	for (size_t i = 0; i < h->nvoters; i++)
		printf("\t%s\n", h->voters[i]);
	puts("Servers: ");
	table_row(&rows, "ID|Name|Address|SerfStatus|Version|Leader|Voter|"
			 "Healthy|LastContact|LastTerm|LastIndex|"
			 "StableSince");
	for (size_t i = 0; i < h->nservers; i++) {
		const struct autopilot_server *s = &h->servers[i];

		clock_format_dur(s->last_contact, contact);
		clock_format_time(s->stable_since, since);
		table_row(&rows,
		    "%s|%s|%s|%s|%s|%s|%s|%s|%s|%" PRIu64 "|%" PRIu64 "|%s",
		    lists_text(s->id), lists_text(s->name),
		    lists_text(s->address), lists_text(s->serf_status),
		    lists_text(s->version), yes_no(s->leader), yes_no(s->voter),
		    yes_no(s->healthy), contact, s->last_term, s->last_index,
		    s->stable_since != 0 ? since : "");
	}
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
}

/* A cluster that is not well answers 429, and tells why all the same. */
int
operator_autopilot_health(const struct command *cmd, int argc, char **argv)
{
	bool json = false;
	const struct flag rows[] = {
		{ "json", FLAG_BOOL, &json, NULL, "As JSON." },
	};
	struct autopilot_health h = { 0 };
	struct buf out = { 0 };
	struct cli c;
	struct err err;
	int status = cli_begin(&c, cmd, rows, 1, argc, argv, 0, 0);
	int rc;

	if (status != CLI_GO)
		return status;
	rc = client_call(&c.client, "GET", "/v1/operator/autopilot/health",
	    NULL, NULL, &out, &err);
	if (rc == -1 && strstr(err.text, "code: 429") != NULL)
		rc = 0;
	if (rc == 0)
		rc = rec_from_json(
		    &autopilot_health_type, &h, out.data, out.len, &err);
	status = 0;
	if (rc == -1)
		status = cli_fail(&err, "Error querying Autopilot health");
	else if (json)
		cli_print_json(&autopilot_health_type, &h);
	else
		print_health(&h);
	rec_clear(&autopilot_health_type, &h);
	buf_release(&out);
	return cli_end(&c, status);
}
