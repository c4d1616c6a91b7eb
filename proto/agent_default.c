#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/agent.h"

/* By section, each member that is not zero. */
static const char defaults[] =
    "{\"ACL\":{\"Enabled\":false,\"PolicyTTL\":30000000000,"
    "\"RoleTTL\":30000000000,\"TokenTTL\":30000000000}"
    ",\"Autopilot\":{\"LastContactThreshold\":200000000,"
    "\"MaxTrailingLogs\":250,"
    "\"ServerStabilizationTime\":10000000000}"
    ",\"BindAddr\":\"0.0.0.0\""
    ",\"Client\":{\"Artifact\":{"
    "\"DecompressionFileCountLimit\":4096,"
    "\"DecompressionSizeLimit\":\"100GB\","
    "\"DisableArtifactInspection\":false,"
    "\"DisableFilesystemIsolation\":false,\"GCSTimeout\":\"30m\","
    "\"GitTimeout\":\"30m\",\"HTTPMaxSize\":\"100GB\","
    "\"HTTPReadTimeout\":\"30m\",\"HgTimeout\":\"30m\","
    "\"S3Timeout\":\"30m\",\"SetEnvironmentVariables\":\"\"},"
    "\"BindWildcardDefaultHostNetwork\":true,"
    "\"CNIConfigDir\":\"/opt/cni/config\","
    "\"CNIPath\":\"/opt/cni/bin:/usr/libexec/cni\","
    "\"ClientMaxPort\":14512,\"ClientMinPort\":14000,"
    "\"Enabled\":false,\"GCDiskUsageThreshold\":80,"
    "\"GCInodeUsageThreshold\":70,\"GCInterval\":60000000000,"
    "\"GCMaxAllocs\":50,\"GCParallelDestroys\":2,"
    "\"MaxDynamicPort\":32000,\"MaxKillTimeout\":\"30s\","
    "\"MinDynamicPort\":20000,\"NoHostUUID\":true,"
    "\"NodePool\":\"default\",\"NomadServiceDiscovery\":true,"
    "\"ServerJoin\":{\"RetryInterval\":30000000000},"
    "\"TemplateConfig\":{\"BlockQueryWaitTime\":300000000000,"
    "\"ConsulRetry\":{\"Attempts\":12,\"Backoff\":250000000,"
    "\"MaxBackoff\":60000000000},\"FunctionDenylist\":["
    "\"executeTemplate\",\"plugin\",\"writeToFile\"],"
    "\"MaxStale\":315360000000000000,\"NomadRetry\":{"
    "\"Attempts\":12,\"Backoff\":250000000,"
    "\"MaxBackoff\":60000000000},\"UseClientConsulToken\":false,"
    "\"VaultDefaultLeaseDuration\":300000000000,\"VaultRetry\":{"
    "\"Attempts\":12,\"Backoff\":250000000,"
    "\"MaxBackoff\":60000000000},\"Wait\":{\"Max\":240000000000,"
    "\"Min\":5000000000}},\"Users\":{\"MaxDynamicUser\":89999,"
    "\"MinDynamicUser\":80000}}"
    ",\"Consuls\":[{\"Addr\":\"localhost:8500\","
    "\"AutoAdvertise\":true,\"ChecksUseAdvertise\":false,"
    "\"ClientAutoJoin\":true,"
    "\"ClientHTTPCheckName\":\"Nomad Client HTTP Check\","
    "\"ClientServiceName\":\"nomad-client\",\"EnableSSL\":false,"
    "\"Name\":\"default\",\"ServerAutoJoin\":true,"
    "\"ServerHTTPCheckName\":\"Nomad Server HTTP Check\","
    "\"ServerRPCCheckName\":\"Nomad Server RPC Check\","
    "\"ServerSerfCheckName\":\"Nomad Server Serf Check\","
    "\"ServerServiceName\":\"nomad\","
    "\"ServiceIdentityAuthMethod\":\"nomad-workloads\","
    "\"TaskIdentityAuthMethod\":\"nomad-workloads\","
    "\"Timeout\":5000000000,\"VerifySSL\":true}]"
    ",\"Datacenter\":\"dc1\""
    ",\"DisableUpdateCheck\":false"
    ",\"Eventlog\":{\"Enabled\":false,\"Level\":\"error\"}"
    ",\"Limits\":{\"HTTPMaxConnsPerClient\":100,"
    "\"HTTPSHandshakeTimeout\":\"5s\","
    "\"RPCHandshakeTimeout\":\"5s\",\"RPCMaxConnsPerClient\":100}"
    ",\"LogLevel\":\"INFO\""
    ",\"Ports\":{\"HTTP\":4646,\"RPC\":4647,\"Serf\":4648}"
    ",\"RPC\":{\"AcceptBacklog\":256,"
    "\"ConnectionWriteTimeout\":10000000000,"
    "\"ConnectionWriteTimeoutHCL\":\"10s\","
    "\"DialTimeout\":10000000000,\"DialTimeoutHCL\":\"10s\","
    "\"KeepAliveInterval\":30000000000,"
    "\"KeepAliveIntervalHCL\":\"30s\","
    "\"StreamCloseTimeout\":300000000000,"
    "\"StreamCloseTimeoutHCL\":\"5m\","
    "\"StreamOpenTimeout\":75000000000,"
    "\"StreamOpenTimeoutHCL\":\"75s\"}"
    ",\"Region\":\"global\""
    ",\"Server\":{\"EnableEventBroker\":true,\"Enabled\":false,"
    "\"EventBufferSize\":100,\"JobMaxSourceSize\":\"1M\","
    "\"JobTrackedVersions\":6,\"PlanApplyPipeline\":1,"
    "\"PlanRejectionTracker\":{\"Enabled\":false,"
    "\"NodeThreshold\":100,\"NodeWindow\":300000000000},"
    "\"RaftProtocol\":3,\"Search\":{\"FuzzyEnabled\":true,"
    "\"LimitQuery\":20,\"LimitResults\":100,\"MinTermLength\":2},"
    "\"ServerJoin\":{\"RetryInterval\":30000000000}}"
    ",\"SyslogFacility\":\"LOCAL0\""
    ",\"Telemetry\":{\"CollectionInterval\":\"1s\","
    "\"DisableAllocationHookMetrics\":false,"
    "\"InMemoryCollectionInterval\":\"10s\","
    "\"InMemoryRetentionPeriod\":\"1m\"}"
    ",\"UI\":{\"ContentSecurityPolicy\":{\"ConnectSrc\":[\"*\"],"
    "\"DefaultSrc\":[\"'none'\"],\"FormAction\":[\"'none'\"],"
    "\"FrameAncestors\":[\"'none'\"],\"ImgSrc\":[\"'self'\","
    "\"data:\"],\"ScriptSrc\":[\"'self'\"],\"StyleSrc\":["
    "\"'self'\",\"'unsafe-inline'\"]},\"Enabled\":true,"
    "\"ShowCLIHints\":true}"
    ",\"Vaults\":[{\"Addr\":\"https://vault.service.consul:8200\","
    "\"ConnectionRetryIntv\":30000000000,"
    "\"JWTAuthBackendPath\":\"jwt-nomad\",\"Name\":\"default\"}]"
    "}";

void
agent_config_default(struct agent_config *c)
{
	struct err err;

	if (rec_from_json(
		&agent_config_type, c, defaults, strlen(defaults), &err) == -1)
		log_fatal("the agent's defaults: %s", err.text);
}

static void
set(char **member, const char *text)
{
	free(*member);
	*member = xstrdup(text);
}

void
agent_config_dev(struct agent_config *c)
{
	struct agent_client *client = &c->client;

	agent_config_default(c);
	c->dev_mode = true;
	c->enable_debug = true;
	c->disable_anonymous_signature = true;
	set(&c->bind_addr, "127.0.0.1");
	set(&c->log_level, "DEBUG");
	c->server.enabled = true;
	c->server.bootstrap_expect = 1;
	client->enabled = true;
	client->gc_interval = 600 * CLOCK_NS_PER_S;
	client->gc_disk_usage_threshold = 99;
	client->gc_inode_usage_threshold = 99;
	set(&client->network_interface, "lo");
	rec_kv_set(&client->options, &client->noptions, "driver.docker.volumes",
	    "true");
	rec_kv_set(&client->options, &client->noptions,
	    "driver.raw_exec.enable", "true");
	rec_kv_set(&client->options, &client->noptions,
	    "test.tighten_network_timeouts", "true");
	c->telemetry.prometheus_metrics = true;
	c->telemetry.publish_allocation_metrics = true;
	c->telemetry.publish_node_metrics = true;
	c->telemetry.include_alloc_metadata_in_metrics = true;
}
