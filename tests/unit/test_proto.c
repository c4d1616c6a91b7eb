/*
 * Promises that hold of everything in proto/: tables that cover their
 * structs, and messages that somebody answers or publishes. Run from the root
 * of the tree, whose sources it reads.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "cmd/gossipd/gossipd.h"
#include "cmd/lbd/lbd.h"
#include "cmd/metricsd/metricsd.h"
#include "cmd/nodeagent/nodeagent.h"
#include "cmd/schedd/schedd.h"
#include "common/daemon_impl.h"
#include "common/mem.h"
#include "proto/agent.h"
#include "proto/alloc.h"
#include "proto/api.h"
#include "proto/autopilot.h"
#include "proto/catalog.h"
#include "proto/checkstatus.h"
#include "proto/cmd.h"
#include "proto/ctl.h"
#include "proto/eval.h"
#include "proto/job.h"
#include "proto/jobdiff.h"
#include "proto/jobspec_connect.h"
#include "proto/jobspec_impl.h"
#include "proto/member.h"
#include "proto/meter.h"
#include "proto/metric.h"
#include "proto/msg.h"
#include "proto/node.h"
#include "proto/nodemsg.h"
#include "proto/resources.h"
#include "proto/route.h"
#include "proto/saved.h"
#include "proto/service.h"
#include "proto/shim.h"
#include "proto/snapfile.h"
#include "proto/stats.h"
#include "proto/task.h"
#include "proto/variable.h"
#include "proto/version.h"
#include "tests/lib/unit.h"

#define TYPE(name)                          \
	{                                   \
#name "_type", &name##_type \
	}
static const struct {
	const char *name;
	const struct rec_type *type;
} types[] = {
	TYPE(agent_server_join),
	TYPE(agent_plan_rejection),
	TYPE(agent_search),
	TYPE(agent_preemption),
	TYPE(agent_scheduler_config),
	TYPE(agent_raft_bolt),
	TYPE(agent_raft_wal),
	TYPE(agent_raft_verification),
	TYPE(agent_raft_logstore),
	TYPE(agent_introduction),
	TYPE(agent_server),
	TYPE(agent_artifact),
	TYPE(agent_wait),
	TYPE(agent_retry),
	TYPE(agent_template),
	TYPE(agent_reserved),
	TYPE(agent_users),
	TYPE(agent_drain_on_shutdown),
	TYPE(agent_host_volume),
	TYPE(agent_host_network),
	TYPE(agent_fingerprint),
	TYPE(agent_client),
	TYPE(agent_identity),
	TYPE(agent_consul),
	TYPE(agent_vault),
	TYPE(agent_tls),
	TYPE(agent_telemetry),
	TYPE(agent_acl),
	TYPE(agent_autopilot),
	TYPE(agent_ui_csp),
	TYPE(agent_ui_link),
	TYPE(agent_ui_label),
	TYPE(agent_ui),
	TYPE(agent_limits),
	TYPE(agent_rpc),
	TYPE(agent_eventlog),
	TYPE(agent_license),
	TYPE(agent_reporting),
	TYPE(agent_sentinel_import),
	TYPE(agent_sentinel),
	TYPE(agent_audit_sink),
	TYPE(agent_audit_filter),
	TYPE(agent_audit),
	TYPE(agent_plugin),
	TYPE(agent_keyring),
	TYPE(agent_ports),
	TYPE(agent_addrs),
	TYPE(agent_lb),
	TYPE(agent_config),
	TYPE(task_scaling),
	TYPE(task_more),
	TYPE(inherited),
	TYPE(job_more),
	TYPE(mesh_gateway),
	TYPE(upstream),
	TYPE(expose_path),
	TYPE(expose),
	TYPE(transparent_proxy),
	TYPE(sidecar_proxy),
	TYPE(sidecar_service),
	TYPE(sidecar_task),
	TYPE(connect),
	TYPE(bind_address),
	TYPE(gateway_proxy),
	TYPE(gateway_sds),
	TYPE(gateway_tls),
	TYPE(header_changes),
	TYPE(ingress_tls),
	TYPE(ingress_service),
	TYPE(ingress_listener),
	TYPE(ingress),
	TYPE(linked_service),
	TYPE(terminating),
	TYPE(mesh),
	TYPE(gateway),
	TYPE(node_score_meta),
	TYPE(alloc_metric),
	TYPE(alloc_metric_entry),
	TYPE(alloc_deployment_status),
	TYPE(alloc_network_status),
	TYPE(desired_transition),
	TYPE(reschedule_event),
	TYPE(reschedule_tracker),
	TYPE(task_event),
	TYPE(task_state),
	TYPE(alloc_state),
	TYPE(alloc),
	TYPE(job_submission),
	TYPE(job_register_request),
	TYPE(job_register_response),
	TYPE(job_deregister_response),
	TYPE(job_validate_response),
	TYPE(job_plan_request),
	TYPE(job_plan_response),
	TYPE(task_group_summary),
	TYPE(job_children_summary),
	TYPE(job_summary),
	TYPE(job_stub),
	TYPE(job_versions_response),
	TYPE(scaling_event),
	TYPE(task_group_scale_status),
	TYPE(job_scale_status_response),
	TYPE(scaling_request),
	TYPE(eval_options),
	TYPE(job_evaluate_request),
	TYPE(alloc_stub),
	TYPE(node_stub),
	TYPE(deployment_update_response),
	TYPE(alloc_stop_response),
	TYPE(drain_spec),
	TYPE(node_update_drain_request),
	TYPE(node_drain_update_response),
	TYPE(node_eligibility_update_response),
	TYPE(node_purge_response),
	TYPE(agent_member),
	TYPE(server_members),
	TYPE(raft_member),
	TYPE(raft_configuration),
	TYPE(instance_check),
	TYPE(service_instance),
	TYPE(services_update),
	TYPE(services_ask),
	TYPE(services_news),
	TYPE(service_event),
	TYPE(cmd_job_register),
	TYPE(cmd_job_deregister),
	TYPE(cmd_job_stable),
	TYPE(cmd_node_register),
	TYPE(cmd_node_status),
	TYPE(cmd_node_drain),
	TYPE(cmd_eval_upsert),
	TYPE(job_key),
	TYPE(cmd_level),
	TYPE(cmd_reap),
	TYPE(cmd_alloc_client),
	TYPE(cmd_alloc_transition),
	TYPE(plan_stop),
	TYPE(deployment_change),
	TYPE(cmd_plan),
	TYPE(cmd_deployment),
	TYPE(cmd_restore),
	TYPE(cmd_variable),
	TYPE(cmd_node_pool),
	TYPE(node_pool),
	TYPE(node_pool_scheduler),
	TYPE(variable),
	TYPE(variable_metadata),
	TYPE(autopilot_configuration),
	TYPE(autopilot_server),
	TYPE(autopilot_health),
	TYPE(cmd),
	TYPE(ctl_pong),
	TYPE(ctl_line),
	TYPE(ctl_info),
	TYPE(ctl_text),
	TYPE(ctl_level),
	TYPE(ctl_monitor),
	TYPE(ctl_log),
	TYPE(ctl_logs),
	TYPE(desired_updates),
	TYPE(plan_annotations),
	TYPE(eval_stub),
	TYPE(eval),
	TYPE(deployment_state),
	TYPE(deployment),
	TYPE(preemption_config),
	TYPE(scheduler_configuration),
	TYPE(spread_target),
	TYPE(spread),
	TYPE(reschedule_policy),
	TYPE(migrate_strategy),
	TYPE(update_strategy),
	TYPE(ephemeral_disk),
	TYPE(disconnect_strategy),
	TYPE(csi_mount_options),
	TYPE(volume_request),
	TYPE(task_group),
	TYPE(periodic_config),
	TYPE(parameterized_job_config),
	TYPE(multiregion_strategy),
	TYPE(multiregion_region),
	TYPE(multiregion),
	TYPE(job_ui_link),
	TYPE(job_ui),
	TYPE(job_version_tag),
	TYPE(job),
	TYPE(field_diff),
	TYPE(object_diff),
	TYPE(task_diff),
	TYPE(task_group_diff),
	TYPE(job_diff),
	TYPE(member),
	TYPE(member_rows),
	TYPE(member_event),
	TYPE(member_join),
	TYPE(member_joined),
	TYPE(member_force_leave),
	TYPE(member_tags_edit),
	TYPE(member_user_event),
	TYPE(member_query),
	TYPE(member_answer),
	TYPE(member_answers),
	TYPE(member_keys_ask),
	TYPE(member_keys),
	TYPE(member_tags),
	TYPE(member_rtt_ask),
	TYPE(member_rtt),
	TYPE(member_reach),
	TYPE(metric),
	TYPE(metrics),
	TYPE(metrics_ask),
	TYPE(metrics_text),
	TYPE(metric_get),
	TYPE(metric_rows),
	TYPE(node_network_address),
	TYPE(node_network_resource),
	TYPE(node_device_instance),
	TYPE(node_device_resource),
	TYPE(node_cpu_resources),
	TYPE(node_memory_resources),
	TYPE(node_disk_resources),
	TYPE(node_resources),
	TYPE(node_reserved_cpu_resources),
	TYPE(node_reserved_memory_resources),
	TYPE(node_reserved_disk_resources),
	TYPE(node_reserved_network_resources),
	TYPE(node_reserved_resources),
	TYPE(driver_info),
	TYPE(host_volume_info),
	TYPE(host_network_info),
	TYPE(node_event),
	TYPE(drain_strategy),
	TYPE(drain_metadata),
	TYPE(node),
	TYPE(node_register),
	TYPE(node_lease),
	TYPE(node_leased),
	TYPE(node_allocs),
	TYPE(node_allocs_news),
	TYPE(node_update),
	TYPE(node_event_put),
	TYPE(node_drain_ask),
	TYPE(node_drain_answer),
	TYPE(indexed),
	TYPE(alloc_event),
	TYPE(alloc_row),
	TYPE(alloc_rows),
	TYPE(sched_row),
	TYPE(sched_rows),
	TYPE(dns_config),
	TYPE(cni_config),
	TYPE(port),
	TYPE(port_mapping),
	TYPE(network_resource),
	TYPE(constraint),
	TYPE(affinity),
	TYPE(requested_device),
	TYPE(numa_resource),
	TYPE(resources),
	TYPE(resources_entry),
	TYPE(allocated_cpu_resources),
	TYPE(allocated_memory_resources),
	TYPE(allocated_device_resource),
	TYPE(allocated_task_resources),
	TYPE(allocated_shared_resources),
	TYPE(task_lifecycle),
	TYPE(task_lifecycle_entry),
	TYPE(allocated_resources),
	TYPE(route_row),
	TYPE(route_rows),
	TYPE(route_edit),
	TYPE(task_saved),
	TYPE(alloc_saved),
	TYPE(servers_saved),
	TYPE(snapfile_head),
	TYPE(check_restart),
	TYPE(service_check),
	TYPE(service_weights),
	TYPE(workload_identity),
	TYPE(service),
	TYPE(shim_spec),
	TYPE(shim_status),
	TYPE(shim_order),
	TYPE(memory_stats),
	TYPE(cpu_stats),
	TYPE(resource_usage),
	TYPE(resource_usage_entry),
	TYPE(task_resource_usage),
	TYPE(alloc_resource_usage),
	TYPE(host_memory_stats),
	TYPE(host_cpu_stats),
	TYPE(host_disk_stats),
	TYPE(host_stats),
	TYPE(alloc_check_status),
	TYPE(alloc_file_info),
	TYPE(stream_frame),
	TYPE(restart_policy),
	TYPE(log_config),
	TYPE(task_artifact),
	TYPE(wait_config),
	TYPE(change_script),
	TYPE(template),
	TYPE(volume_mount),
	TYPE(dispatch_payload_config),
	TYPE(csi_plugin_config),
	TYPE(vault),
	TYPE(consul),
	TYPE(secret),
	TYPE(action),
	TYPE(task_schedule_cron),
	TYPE(task_schedule),
	TYPE(scaling_policy),
	TYPE(task),
};
#define NTYPES (sizeof types / sizeof types[0])

static void
read_file(const char *path, struct buf *out)
{
	char piece[4096];
	FILE *f = fopen(path, "rb");
	size_t n;

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		buf_add(out, piece, n);
	fclose(f);
}

/* Every file that fits the pattern, one after the other. */
static void
read_files(const char *pattern, struct buf *out)
{
	glob_t g;

	ck_assert_msg(glob(pattern, 0, NULL, &g) == 0, "no %s", pattern);
	for (size_t i = 0; i < g.gl_pathc; i++)
		read_file(g.gl_pathv[i], out);
	globfree(&g);
}

static bool
is_listed(const char *name, size_t n)
{
	for (size_t i = 0; i < NTYPES; i++)
		if (strlen(types[i].name) == n &&
		    strncmp(types[i].name, name, n) == 0)
			return true;
	return false;
}

START_TEST(every_table_covers_its_struct)
{
	for (size_t i = 0; i < NTYPES; i++)
		ck_assert_msg(rec_covers(types[i].type),
		    "%s: a row is missing, or stands in the wrong place",
		    types[i].name);
}
END_TEST

/* So that the test above cannot overlook one. */
START_TEST(every_type_in_the_headers_is_asked)
{
	static const char word[] = "extern const struct rec_type";
	struct buf text = { 0 };
	size_t nfound = 0;

	read_files("proto/*.h", &text);
	for (const char *at = strstr(buf_str(&text), word); at != NULL;
	     at = strstr(at, word)) {
		at += strlen(word);
		while (*at != ';') {
			size_t n;

			at += strspn(at, " \t\n,");
			n = strcspn(at, " \t\n,;");
			ck_assert_msg(is_listed(at, n),
			    "%.*s is not in this test's table", (int)n, at);
			nfound++;
			at += n;
		}
	}
	ck_assert_uint_eq(nfound, NTYPES);
	buf_release(&text);
}
END_TEST

START_TEST(numbers_and_names_of_messages_are_unique)
{
	for (size_t i = 0; i < msg_ndefs; i++)
		for (size_t k = 0; k < i; k++) {
			ck_assert_msg(msg_defs[i].number != msg_defs[k].number,
			    "%s and %s have one number", msg_defs[i].name,
			    msg_defs[k].name);
			ck_assert_str_ne(msg_defs[i].name, msg_defs[k].name);
		}
}
END_TEST

START_TEST(every_number_has_its_line_in_the_table)
{
	struct buf header = { 0 }, table = { 0 };

	read_file("proto/msg.h", &header);
	read_file("proto/msg.c", &table);
	for (const char *at = strstr(buf_str(&header), "\tMSG_"); at != NULL;
	     at = strstr(at + 1, "\tMSG_")) {
		char *row =
		    xasprintf("{ %.*s,", (int)strcspn(at + 1, " ="), at + 1);

		ck_assert_msg(strstr(buf_str(&table), row) != NULL,
		    "msg.c has no %s", row);
		free(row);
	}
	buf_release(&header);
	buf_release(&table);
}
END_TEST

static bool
is_routed(const struct bus_route *routes, size_t n, uint16_t number)
{
	for (size_t i = 0; i < n; i++)
		if (routes[i].number == number)
			return true;
	return false;
}

/* How often a daemon, or all of them, answers the message. */
static size_t
count_answers(uint16_t number)
{
	const struct daemon_def none = { 0 };
	size_t ncommon, n = 0;
	struct bus_route *common = daemon_ctl_routes(&none, &ncommon);

	n += is_routed(common, ncommon, number);
	n += is_routed(gossipd_routes, gossipd_nroutes, number);
	n += is_routed(lbd_routes, lbd_nroutes, number);
	n += is_routed(metricsd_routes, metricsd_nroutes, number);
	n += is_routed(nodeagent_routes, nodeagent_nroutes, number);
	n += is_routed(gossipd_ctl_routes, gossipd_nctl_routes, number);
	n += is_routed(schedd_routes, schedd_nroutes, number);
	n += is_routed(schedd_ctl_routes, schedd_nctl_routes, number);
	/* Raft's own thread hears it: see common/raft/peers.h. */
	n += number == MSG_RAFT_MAIL;
	free(common);
	return n;
}

/* The number's name in msg.h, "MSG_ALLOC"; caller frees. */
static char *
name_of(const char *header, uint16_t number)
{
	for (const char *at = strstr(header, "\tMSG_"); at != NULL;
	     at = strstr(at + 1, "\tMSG_")) {
		const char *is = at + strcspn(at, "=");

		if (*is == '=' && strtoul(is + 1, NULL, 10) == number)
			return xstrndup(at + 1, strcspn(at + 1, " ="));
	}
	ck_abort_msg("msg.h has no number %u", number);
	return NULL;
}

/* Whether some bus_publish...() in the text carries the message. */
static bool
is_published(const char *text, const char *name)
{
	static const char call[] = "bus_publish";

	for (const char *at = strstr(text, call); at != NULL;
	     at = strstr(at + 1, call)) {
		const char *found = strstr(at, name);

		if (found != NULL && found < at + strcspn(at, ";") &&
		    found[strlen(name)] == ',')
			return true;
	}
	return false;
}

START_TEST(every_message_is_answered_or_published)
{
	struct buf header = { 0 }, sources = { 0 };

	read_file("proto/msg.h", &header);
	read_files("cmd/*/*.c", &sources);
	read_file("proto/meter.c", &sources);
	for (size_t i = 0; i < msg_ndefs; i++) {
		const struct msg_def *def = &msg_defs[i];
		char *name = name_of(buf_str(&header), def->number);
		size_t n = count_answers(def->number);

		if (is_published(buf_str(&sources), name))
			ck_assert_msg(def->reply == NULL && n == 0,
			    "%s is published and answered", def->name);
		else
			ck_assert_msg(
			    n == 1, "%zu daemons answer %s", n, def->name);
		free(name);
	}
	buf_release(&header);
	buf_release(&sources);
}
END_TEST

UNIT_MAIN("proto", every_table_covers_its_struct,
    every_type_in_the_headers_is_asked,
    numbers_and_names_of_messages_are_unique,
    every_number_has_its_line_in_the_table,
    every_message_is_answered_or_published)
