/*
 * What of a job is compared, under which names and in which order.
 */
#include "cmd/schedd/jobdiff_impl.h"
#include "common/mem.h"

#define SKIP(...)   ((const char *const[]){ __VA_ARGS__, NULL })
#define PARTS(list) .parts = list, .nparts = sizeof(list) / sizeof(list[0])
#define PLAIN(T)                                                      \
	static const struct diff_spec T##_spec = { .type = &T##_type, \
		.by_fields = true }

PLAIN(constraint);
PLAIN(affinity);
PLAIN(restart_policy);
PLAIN(migrate_strategy);
PLAIN(reschedule_policy);
PLAIN(ephemeral_disk);
PLAIN(disconnect_strategy);
PLAIN(dispatch_payload_config);
PLAIN(task_artifact);
PLAIN(volume_mount);
PLAIN(job_ui_link);
PLAIN(wait_config);
PLAIN(cni_config);
PLAIN(task_schedule_cron);

static const struct diff_spec update_strategy_spec = {
	.type = &update_strategy_type,
	.skip = SKIP("Stagger"),
	.by_fields = true
};
static const struct diff_spec consul_spec = { .type = &consul_type };
static const struct diff_spec log_config_spec = {
	.type = &log_config_type, .skip = SKIP("Enabled"), .by_fields = true
};

/* --- networks --- */

static const struct diff_spec static_port_spec = { .type = &port_type,
	.by_fields = true };
static const struct diff_spec dynamic_port_spec = { .type = &port_type,
	.skip = SKIP("Value", "IgnoreCollision"),
	.by_fields = true };

/* The lists of names that a network resolves with stand as fields, and only
 * those that there are. */
static void
add_names(struct flat *f, const char *name, char *const *list, size_t n)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%s", i > 0 ? "," : "", list[i]);
	if (n > 0)
		flat_add(f, xstrdup(name), buf_take(&b));
	buf_release(&b);
}

static void
flat_dns(struct flat *f, const struct network_resource *net)
{
	if (net == NULL || net->dns == NULL)
		return;
	add_names(f, "Servers", net->dns->servers, net->dns->nservers);
	add_names(f, "Searches", net->dns->searches, net->dns->nsearches);
	add_names(f, "Options", net->dns->options, net->dns->noptions);
}

static void
diff_dns(const void *old, const void *new, bool ctx, struct objects *out)
{
	struct flat a = { 0 }, b = { 0 };

	flat_dns(&a, old);
	flat_dns(&b, new);
	diff_flats("DNS", &a, &b, ctx, out);
}

static const struct diff_part network_parts[] = {
	{ .kind = DIFF_SET,
	    .member = "ReservedPorts",
	    .name = "Static Port",
	    .spec = &static_port_spec },
	{ .kind = DIFF_SET,
	    .member = "DynamicPorts",
	    .name = "Dynamic Port",
	    .spec = &dynamic_port_spec },
	{ .kind = DIFF_CALL, .member = "DNS", .call = diff_dns },
	{ .kind = DIFF_ONE, .member = "CNI", .spec = &cni_config_spec },
};
static const struct diff_spec network_spec = { .type = &network_resource_type,
	.skip = SKIP("Device", "CIDR", "IP", "MBits"),
	PARTS(network_parts) };

/* --- a task's resources --- */

static const struct diff_part device_parts[] = {
	{ .kind = DIFF_SET,
	    .member = "Constraints",
	    .name = "Constraint",
	    .spec = &constraint_spec },
	{ .kind = DIFF_SET,
	    .member = "Affinities",
	    .name = "Affinity",
	    .spec = &affinity_spec },
};
static const struct diff_spec device_spec = { .type = &requested_device_type,
	PARTS(device_parts) };
static const struct diff_part numa_parts[] = {
	{ .kind = DIFF_TEXTS, .member = "Devices" },
};
static const struct diff_spec numa_spec = { .type = &numa_resource_type,
	PARTS(numa_parts) };
static const struct diff_part resources_parts[] = {
	{ .kind = DIFF_SET,
	    .member = "Networks",
	    .name = "Network",
	    .spec = &network_spec },
	{ .kind = DIFF_NAMED,
	    .member = "Devices",
	    .name = "Device",
	    .spec = &device_spec,
	    .key = "Name" },
	{ .kind = DIFF_ONE, .member = "NUMA", .spec = &numa_spec },
};
static const struct diff_spec resources_spec = { .type = &resources_type,
	PARTS(resources_parts) };

/* --- the rest of a task --- */

static const struct diff_part vault_parts[] = {
	{ .kind = DIFF_TEXTS, .member = "Policies" },
};
static const struct diff_spec vault_spec = { .type = &vault_type,
	PARTS(vault_parts) };
static const struct diff_part script_parts[] = {
	{ .kind = DIFF_TEXTS, .member = "Args" },
};
static const struct diff_spec script_spec = { .type = &change_script_type,
	PARTS(script_parts) };
static const struct diff_part template_parts[] = {
	{ .kind = DIFF_ONE,
	    .member = "Wait",
	    .name = "Template",
	    .spec = &wait_config_spec },
	{ .kind = DIFF_ONE, .member = "ChangeScript", .spec = &script_spec },
};
static const struct diff_spec template_spec = {
	.type = &template_type, .sparse = true, PARTS(template_parts)
};

/* A lone template stays itself when it moves. */
static void
diff_templates(const void *old, const void *new, bool ctx, struct objects *out)
{
	static const struct diff_part named[] = { { .kind = DIFF_NAMED,
	    .member = "Templates",
	    .name = "Template",
	    .spec = &template_spec,
	    .key = "DestPath" } };
	static const struct diff_spec all = { .type = &task_type,
		PARTS(named) };
	const struct task *a = old, *b = new;

	if (a != NULL && b != NULL && a->ntemplates == 1 && b->ntemplates == 1)
		diff_object(&template_spec, "Template", &a->templates[0],
		    &b->templates[0], ctx, out);
	else
		diff_parts(&all, old, new, ctx, out);
}

static const struct diff_part identity_parts[] = {
	{ .kind = DIFF_TEXTS, .member = "Audience" },
};
static const struct diff_spec identity_spec = { .type = &workload_identity_type,
	PARTS(identity_parts) };
static const struct diff_part action_parts[] = {
	{ .kind = DIFF_TEXTS, .member = "Args" },
};
static const struct diff_spec action_spec = { .type = &action_type,
	PARTS(action_parts) };
static const struct diff_part secret_parts[] = {
	{ .kind = DIFF_TREE, .member = "Config" },
};
static const struct diff_spec secret_spec = { .type = &secret_type,
	PARTS(secret_parts) };

/* The hours of a schedule stand in the schedule itself. */
static void
diff_schedule(const void *old, const void *new, bool ctx, struct objects *out)
{
	const struct task *a = old, *b = new;

	diff_object(&task_schedule_cron_spec, "Schedule",
	    a == NULL || a->schedule == NULL ? NULL : a->schedule->cron,
	    b == NULL || b->schedule == NULL ? NULL : b->schedule->cron, ctx,
	    out);
}

static const struct diff_part task_parts[] = {
	{ .kind = DIFF_SET,
	    .member = "Constraints",
	    .name = "Constraint",
	    .spec = &constraint_spec },
	{ .kind = DIFF_SET,
	    .member = "Affinities",
	    .name = "Affinity",
	    .spec = &affinity_spec },
	{ .kind = DIFF_TREE, .member = "Config" },
	{ .kind = DIFF_ONE, .member = "Resources", .spec = &resources_spec },
	{ .kind = DIFF_ONE, .member = "LogConfig", .spec = &log_config_spec },
	{ .kind = DIFF_ONE,
	    .member = "DispatchPayload",
	    .spec = &dispatch_payload_config_spec },
	{ .kind = DIFF_SET,
	    .member = "Artifacts",
	    .name = "Artifact",
	    .spec = &task_artifact_spec },
	{ .kind = DIFF_CALL, .member = "Services", .call = diff_task_services },
	{ .kind = DIFF_ONE, .member = "Vault", .spec = &vault_spec },
	{ .kind = DIFF_ONE, .member = "Consul", .spec = &consul_spec },
	{ .kind = DIFF_CALL, .member = "Templates", .call = diff_templates },
	{ .kind = DIFF_ONE, .member = "Identity", .spec = &identity_spec },
	{ .kind = DIFF_NAMED,
	    .member = "Identities",
	    .name = "Identity",
	    .spec = &identity_spec,
	    .key = "Name" },
	{ .kind = DIFF_NAMED,
	    .member = "Actions",
	    .name = "Action",
	    .spec = &action_spec,
	    .key = "Name" },
	{ .kind = DIFF_SET,
	    .member = "VolumeMounts",
	    .name = "VolumeMount",
	    .spec = &volume_mount_spec },
	{ .kind = DIFF_NAMED,
	    .member = "Secrets",
	    .name = "Secret",
	    .spec = &secret_spec,
	    .key = "Name" },
	{ .kind = DIFF_CALL, .member = "Schedule", .call = diff_schedule },
};
const struct diff_spec diff_task_spec = {
	.type = &task_type, .skip = SKIP("Name"), PARTS(task_parts)
};

/* --- groups --- */

static const struct diff_part mount_options_parts[] = {
	{ .kind = DIFF_TEXTS, .member = "MountFlags" },
};
static const struct diff_spec mount_options_spec = {
	.type = &csi_mount_options_type, PARTS(mount_options_parts)
};
static const struct diff_part volume_parts[] = {
	{ .kind = DIFF_ONE,
	    .member = "MountOptions",
	    .spec = &mount_options_spec },
};
static const struct diff_spec volume_spec = { .type = &volume_request_type,
	PARTS(volume_parts) };
static const struct diff_part scaling_parts[] = {
	{ .kind = DIFF_TREE, .member = "Policy" },
};
static const struct diff_spec scaling_spec = { .type = &scaling_policy_type,
	.skip = SKIP(
	    "ID", "Type", "Namespace", "Target", "CreateIndex", "ModifyIndex"),
	.terse = true,
	PARTS(scaling_parts) };

static const struct diff_part group_parts[] = {
	{ .kind = DIFF_SET,
	    .member = "Constraints",
	    .name = "Constraint",
	    .spec = &constraint_spec },
	{ .kind = DIFF_SET,
	    .member = "Affinities",
	    .name = "Affinity",
	    .spec = &affinity_spec },
	{ .kind = DIFF_ONE,
	    .member = "RestartPolicy",
	    .spec = &restart_policy_spec },
	{ .kind = DIFF_ONE,
	    .member = "Migrate",
	    .spec = &migrate_strategy_spec },
	{ .kind = DIFF_ONE,
	    .member = "ReschedulePolicy",
	    .spec = &reschedule_policy_spec },
	{ .kind = DIFF_ONE,
	    .member = "EphemeralDisk",
	    .spec = &ephemeral_disk_spec },
	{ .kind = DIFF_ONE,
	    .member = "Disconnect",
	    .spec = &disconnect_strategy_spec },
	{ .kind = DIFF_ONE, .member = "Consul", .spec = &consul_spec },
	{ .kind = DIFF_ONE, .member = "Update", .spec = &update_strategy_spec },
	{ .kind = DIFF_SET,
	    .member = "Networks",
	    .name = "Network",
	    .spec = &network_spec },
	{ .kind = DIFF_CALL,
	    .member = "Services",
	    .call = diff_group_services },
	{ .kind = DIFF_NAMED,
	    .member = "Volumes",
	    .name = "Volume",
	    .spec = &volume_spec,
	    .key = "" },
	{ .kind = DIFF_ONE, .member = "Scaling", .spec = &scaling_spec },
};
const struct diff_spec diff_group_spec = { .type = &task_group_type,
	.skip = SKIP("Name"),
	.sparse = true,
	PARTS(group_parts) };

/* --- jobs --- */

static const struct diff_part periodic_parts[] = {
	{ .kind = DIFF_TEXTS, .member = "Specs" },
};
static const struct diff_spec periodic_spec = { .type = &periodic_config_type,
	PARTS(periodic_parts) };
static const struct diff_part parameterized_parts[] = {
	{ .kind = DIFF_TEXTS, .member = "MetaOptional" },
	{ .kind = DIFF_TEXTS, .member = "MetaRequired" },
};
static const struct diff_spec parameterized_spec = {
	.type = &parameterized_job_config_type, PARTS(parameterized_parts)
};
static const struct diff_part region_parts[] = {
	{ .kind = DIFF_TEXTS, .member = "Datacenters" },
};
static const struct diff_spec region_spec = { .type = &multiregion_region_type,
	PARTS(region_parts) };
static const struct diff_spec strategy_spec = {
	.type = &multiregion_strategy_type, .by_fields = true
};

/* Without a multiregion block there is a strategy all the same: zero. */
static void
diff_strategy(const void *old, const void *new, bool ctx, struct objects *out)
{
	static const struct multiregion_strategy zero = { .has_max_parallel =
							      true };
	const struct multiregion *a = old, *b = new;

	diff_object(&strategy_spec, "Strategy",
	    a == NULL || a->strategy == NULL ? &zero : a->strategy,
	    b == NULL || b->strategy == NULL ? &zero : b->strategy, ctx, out);
}

static const struct diff_part multiregion_parts[] = {
	{ .kind = DIFF_NAMED,
	    .member = "Regions",
	    .name = "Region",
	    .spec = &region_spec,
	    .key = "Name" },
	{ .kind = DIFF_CALL, .member = "Strategy", .call = diff_strategy },
};
static const struct diff_spec multiregion_spec = { .type = &multiregion_type,
	PARTS(multiregion_parts) };
static const struct diff_part ui_parts[] = {
	{ .kind = DIFF_SET,
	    .member = "Links",
	    .name = "Link",
	    .spec = &job_ui_link_spec },
};
static const struct diff_spec ui_spec = { .type = &job_ui_type,
	PARTS(ui_parts) };

static const struct diff_part job_parts[] = {
	{ .kind = DIFF_TEXTS, .member = "Datacenters" },
	{ .kind = DIFF_SET,
	    .member = "Constraints",
	    .name = "Constraint",
	    .spec = &constraint_spec },
	{ .kind = DIFF_SET,
	    .member = "Affinities",
	    .name = "Affinity",
	    .spec = &affinity_spec },
	{ .kind = DIFF_ONE, .member = "Periodic", .spec = &periodic_spec },
	{ .kind = DIFF_ONE,
	    .member = "ParameterizedJob",
	    .spec = &parameterized_spec },
	{ .kind = DIFF_ONE,
	    .member = "Multiregion",
	    .spec = &multiregion_spec },
	{ .kind = DIFF_ONE, .member = "UI", .spec = &ui_spec },
};
const struct diff_spec diff_job_spec = { .type = &job_type,
	.skip = SKIP("ID", "Status", "StatusDescription", "Version", "Stable",
	    "SubmitTime", "CreateIndex", "ModifyIndex", "JobModifyIndex",
	    "NomadTokenID"),
	PARTS(job_parts) };
