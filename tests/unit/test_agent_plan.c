/*
 * The launcher's pure parts: its flags, and what it writes for the daemons.
 */
#include "proto/agent_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/gossipd/gossipd.h"
#include "cmd/lbd/lbd.h"
#include "cmd/metricsd/metricsd.h"
#include "cmd/nodeagent/config.h"
#include "cmd/rove/agent_conf.h"
#include "cmd/schedd/config.h"
#include "common/clock.h"
#include "common/mem.h"
#include "proto/agent_daemon.h"
#include "proto/agent_refuse.h"
#include "tests/lib/unit.h"

#define MAX_ARGS 32

static char eth0[] = "eth0", ip[] = "10.1.2.3";
static struct agent_iface iface = { eth0, ip, true };
static const struct agent_host host = { &iface, 1 };

/* Parses flags, parted by blanks. */
static int
parse(struct agent_args *a, const char *line, struct err *err)
{
	char *copy = xstrdup(line), *argv[MAX_ARGS], *save = NULL;
	int n = 0, rv;

	*a = (struct agent_args){ 0 };
	for (char *w = strtok_r(copy, " ", &save); w != NULL && n < MAX_ARGS;
	     w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	rv = agent_args_parse(a, n, argv, err);
	free(copy);
	return rv;
}

/* The config that flags and a file's text make. */
static void
make(struct agent_config *c, const char *line, const char *text)
{
	struct agent_config file = { 0 };
	struct agent_args a;
	struct buf ui = { 0 };
	struct err err;

	ck_assert_msg(parse(&a, line, &err) == 0, "%s", err.text);
	if (a.dev)
		agent_config_dev(c);
	else
		agent_config_default(c);
	ck_assert_msg(
	    agent_config_parse(&file, "a.hcl", text, strlen(text), &err) == 0,
	    "%s", err.text);
	agent_config_merge(c, &file);
	agent_config_merge(c, &a.config);
	ck_assert_msg(agent_config_settle(c, &host, NULL, 0, &ui) == 0, "%s",
	    buf_str(&ui));
	rec_clear(&agent_config_type, &file);
	agent_args_release(&a);
	buf_release(&ui);
}

static void
make_plan(struct plan *p, const char *line, const char *text)
{
	struct agent_config c = { 0 };

	make(&c, line, text);
	plan_make(p, &c, "/data", "/run/x");
	rec_clear(&agent_config_type, &c);
}

static const char *
conf_of(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->ndaemons; i++)
		if (strcmp(p->daemons[i].name, name) == 0)
			return buf_str(&p->daemons[i].conf);
	return NULL;
}

/* Reads what was written over the daemon's defaults, as the daemon does. */
static void
load(const struct plan *p, const char *name, const struct rec_type *t,
    void (*init)(void *config),
    int (*check)(const void *config, struct err *err), void *rec)
{
	const char *text = conf_of(p, name);
	char path[] = "/tmp/agent_plan.XXXXXX";
	int fd = mkstemp(path);
	struct err err;
	FILE *f;

	ck_assert_msg(text != NULL, "%s is not planned", name);
	f = fdopen(fd, "w");
	fputs(text, f);
	fclose(f);
	init(rec);
	ck_assert_msg(rec_from_conf(t, rec, path, &err) == 0, "%s", err.text);
	ck_assert_msg(check(rec, &err) == 0, "%s: %s", name, err.text);
	unlink(path);
}

START_TEST(flags_are_written_as_go_writes_them)
{
	struct agent_args a;
	struct err err;

	ck_assert_int_eq(parse(&a,
			     "--region=eu -dc vie -server=false -client "
			     "-config a -config=b -servers x,y:1 -meta k=v=w "
			     "-retry-join h1 -retry-join h2 -retry-interval 9s "
			     "-bootstrap-expect=3",
			     &err),
	    0);
	ck_assert_str_eq(a.config.region, "eu");
	ck_assert_str_eq(a.config.datacenter, "vie");
	ck_assert(!a.config.server.enabled && a.config.client.enabled);
	ck_assert_uint_eq(a.npaths, 2);
	ck_assert_str_eq(a.paths[1], "b");
	ck_assert_uint_eq(a.config.client.nservers, 2);
	ck_assert_str_eq(a.config.client.servers[1], "y:1");
	ck_assert_str_eq(
	    rec_kv_get(a.config.client.meta, a.config.client.nmeta, "k"),
	    "v=w");
	ck_assert_uint_eq(a.config.server.server_join.nretry_join, 2);
	ck_assert_int_eq(
	    a.config.server.server_join.retry_interval, 9 * CLOCK_NS_PER_S);
	ck_assert_int_eq(a.config.server.bootstrap_expect, 3);
	agent_args_release(&a);
}
END_TEST

START_TEST(flags_that_are_wrong_are_named)
{
	static const struct {
		const char *line, *says;
	} bad[] = {
		{ "-nope", "flag provided but not defined: -nope" },
		{ "-region", "flag needs an argument: -region" },
		{ "-client=perhaps",
		    "invalid value \"perhaps\" for flag -client" },
		{ "-bootstrap-expect x",
		    "invalid value \"x\" for flag -bootstrap-expect" },
		{ "-meta x", "Error parsing Client.Meta value: x" },
		{ "-dev x", "This command takes no arguments: x" },
	};
	struct agent_args a;
	struct err err;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ck_assert_int_eq(parse(&a, bad[i].line, &err), -1);
		ck_assert_str_eq(err.text, bad[i].says);
		agent_args_release(&a);
	}
}
END_TEST

START_TEST(every_flag_of_a_row_finds_its_row)
{
	struct agent_args a;
	struct err err;

	ck_assert_msg(
	    parse(&a,
		"-consul-address c:1 -consul-ssl -vault-enabled "
		"-vault-address v -acl-enabled -encrypt k -alloc-dir /a "
		"-log-json -eventlog-level x",
		&err) == 0,
	    "%s", err.text);
	ck_assert_str_eq(a.config.consuls[0].name, "default");
	ck_assert_str_eq(a.config.consuls[0].address, "c:1");
	ck_assert(a.config.consuls[0].has_ssl && a.config.consuls[0].ssl);
	ck_assert(a.config.vaults[0].has_enabled);
	ck_assert(a.config.acl.enabled && a.config.log_json);
	agent_args_release(&a);
}
END_TEST

START_TEST(dev_plans_all_five_on_loopback)
{
	static const char *const names[] = { "metricsd", "gossipd", "schedd",
		"nodeagent", "lbd" };
	struct plan p;

	make_plan(&p, "-dev", "");
	ck_assert_uint_eq(p.ndaemons, 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_str_eq(p.daemons[i].name, names[i]);
	for (size_t i = 0; i < p.naddrs; i++)
		ck_assert_msg(strncmp(p.addrs[i].addr, "127.0.0.1:", 10) == 0,
		    "%s", p.addrs[i].addr);
	plan_release(&p);
}
END_TEST

START_TEST(each_daemon_reads_what_is_written_for_it)
{
	struct schedd_config s = { 0 };
	struct nodeagent_config n = { 0 };
	struct gossipd_config g = { 0 };
	struct metricsd_config m = { 0 };
	struct lbd_config l = { 0 };
	struct plan p;

	make_plan(&p, "-dev -region eu -node me",
	    "ports { http = 1000 rpc = 1001 serf = 1002 }\n"
	    "client { meta { \"a/b\" = \"c\\\"d\\n\" } }\n"
	    "server { heartbeat_grace = \"30s\" node_gc_threshold = \"3h\"\n"
	    "  rejoin_after_leave = true\n"
	    "  encrypt = \"cg8StVXbQJ0gPvMd9o7yrg==\"\n"
	    "  start_join = [\"a\"]\n"
	    "  server_join { retry_join = [\"b:1\", \"provider=x\"]\n"
	    "    retry_max = 3 retry_interval = \"15s\" } }\n"
	    "leave_on_terminate = true\n"
	    "autopilot { cleanup_dead_servers = false min_quorum = 3\n"
	    "  server_stabilization_time = \"3s\" }\n"
	    "telemetry { prefix_filter = [\"+nomad.raft\"] }\n"
	    "lb { proxy = \"127.0.0.1:7\" strategy = \"rr\" }\n");
	load(&p, "schedd", &schedd_config_type, schedd_config_init,
	    schedd_config_check, &s);
	ck_assert_str_eq(s.http, "127.0.0.1:1000");
	ck_assert_str_eq(s.rpc, "127.0.0.1:1001");
	ck_assert_str_eq(s.node_http, "127.0.0.1:1010");
	ck_assert_str_eq(s.region, "eu");
	ck_assert_int_eq(s.serf_port, 1002);
	ck_assert_str_eq(s.common.data_dir, "/data/server");
	ck_assert_int_eq(s.lease_grace, 30 * CLOCK_NS_PER_S);
	ck_assert_int_eq(s.node_gc_threshold, 3 * 3600 * CLOCK_NS_PER_S);
	ck_assert(!s.autopilot.cleanup_dead_servers);
	ck_assert_int_eq(s.autopilot.min_quorum, 3);
	ck_assert_int_eq(s.autopilot.max_trailing_logs, 250);
	ck_assert_int_eq(
	    s.autopilot.server_stabilization_time, 3 * CLOCK_NS_PER_S);
	load(&p, "nodeagent", &nodeagent_config_type, nodeagent_config_init,
	    nodeagent_config_check, &n);
	ck_assert_str_eq(n.name, "me");
	ck_assert_str_eq(n.http, "127.0.0.1:1010");
	ck_assert_str_eq(n.server_http, "127.0.0.1:1000");
	ck_assert_str_eq(n.servers[0], "ipc:///run/x/schedd/msg.sock");
	ck_assert_str_eq(n.network_interface, "lo");
	ck_assert_str_eq(rec_kv_get(n.meta, n.nmeta, "a/b"), "c\"d\n");
	ck_assert(n.raw_exec && n.stop_tasks_on_exit);
	load(&p, "gossipd", &gossipd_config_type, gossipd_config_init,
	    gossipd_config_check, &g);
	ck_assert_str_eq(g.bind, "127.0.0.1:1002");
	ck_assert_str_eq(g.name, "me.eu");
	ck_assert_str_eq(g.encrypt, "cg8StVXbQJ0gPvMd9o7yrg==");
	ck_assert_str_eq(g.join[0], "a");
	ck_assert_uint_eq(g.nretry_join, 1);
	ck_assert_str_eq(g.retry_join[0], "b:1");
	ck_assert_int_eq(g.retry_max, 3);
	ck_assert_int_eq(g.retry_interval, 15 * CLOCK_NS_PER_S);
	ck_assert(g.leave_on_terminate && !g.leave_on_interrupt);
	ck_assert_str_eq(g.snapshot, "/data/gossipd/snapshot");
	ck_assert(g.rejoin_after_leave);
	load(&p, "metricsd", &metricsd_config_type, metricsd_config_init,
	    metricsd_config_check, &m);
	ck_assert_str_eq(m.http, "127.0.0.1:1003");
	ck_assert_str_eq(m.prefix_filter[0], "+nomad.raft");
	ck_assert(m.prometheus_metrics && m.nsources == 4);
	load(
	    &p, "lbd", &lbd_config_type, lbd_config_init, lbd_config_check, &l);
	ck_assert_str_eq(l.proxy_addr, "127.0.0.1:7");
	ck_assert_str_eq(l.ui_addr, "127.0.0.1:9998");
	ck_assert_str_eq(l.strategy, "rr");
	rec_clear(&schedd_config_type, &s);
	rec_clear(&nodeagent_config_type, &n);
	rec_clear(&gossipd_config_type, &g);
	rec_clear(&metricsd_config_type, &m);
	rec_clear(&lbd_config_type, &l);
	plan_release(&p);
}
END_TEST

START_TEST(a_client_plans_nodeagent_and_metricsd_alone)
{
	struct nodeagent_config n = { 0 };
	struct plan p;

	make_plan(&p, "-client -servers s1,s2:9 -data-dir /d",
	    "client { server_join { retry_join = [\"s3\", "
	    "\"provider=aws tag=x\"] } }");
	ck_assert_uint_eq(p.ndaemons, 2);
	load(&p, "nodeagent", &nodeagent_config_type, nodeagent_config_init,
	    nodeagent_config_check, &n);
	ck_assert_uint_eq(n.nservers, 3);
	ck_assert_str_eq(n.servers[0], "tcp://s1:4647");
	ck_assert_str_eq(n.servers[1], "tcp://s2:9");
	ck_assert_str_eq(n.servers[2], "tcp://s3:4647");
	ck_assert_str_eq(n.http, "0.0.0.0:4646");
	ck_assert_str_eq(n.advertise_http, "10.1.2.3:4646");
	ck_assert(!n.raw_exec && !n.stop_tasks_on_exit);
	rec_clear(&nodeagent_config_type, &n);
	plan_release(&p);
}
END_TEST

START_TEST(raw_exec_is_off_unless_it_is_enabled)
{
	static const struct {
		const char *text;
		bool on;
	} cases[] = {
		{ "", false },
		{ "plugin \"raw_exec\" { config { enabled = true } }", true },
		{ "plugin \"raw_exec\" { config { enabled = false } }\n"
		  "client { options { \"driver.raw_exec.enable\" = \"1\" } }",
		    false },
		{ "client { options { \"driver.raw_exec.enable\" = \"1\" } }",
		    true },
		{ "plugin \"docker\" { config { enabled = true } }", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct agent_config c = { 0 };

		make(&c, "-client -data-dir /d", cases[i].text);
		ck_assert_msg(
		    plan_has_raw_exec(&c) == cases[i].on, "%s", cases[i].text);
		rec_clear(&agent_config_type, &c);
	}
}
END_TEST

/* The docker driver's options that a file and flags give the node. */
static void
load_docker(struct nodeagent_config *c, const char *line, const char *text)
{
	struct plan p;

	*c = (struct nodeagent_config){ 0 };
	make_plan(&p, line, text);
	load(&p, "nodeagent", &nodeagent_config_type, nodeagent_config_init,
	    nodeagent_config_check, c);
	plan_release(&p);
}

START_TEST(the_docker_plugin_block_reaches_the_node)
{
	struct nodeagent_config c;

	load_docker(&c, "-client -data-dir /d -servers 10.0.0.1",
	    "client { options { \"docker.privileged.enabled\" = \"true\" } }\n"
	    "plugin \"docker\" { config {\n"
	    "  endpoint = \"unix:///run/d.sock\"\n"
	    "  allow_caps = [\"all\"]\n"
	    "  volumes { enabled = true }\n"
	    "  auth { config = \"/root/.docker/config.json\" }\n"
	    "  gc { image = false\n dangling_containers {\n"
	    "    enabled = false\n period = \"9s\" } }\n"
	    "  logging { type = \"local\"\n config { max-size = 5 } }\n"
	    "  extra_labels = [\"job_*\"]\n"
	    "  pids_limit = 100\n"
	    "  nvidia_runtime = \"nvidia\" } }\n");
	ck_assert_str_eq(c.docker.endpoint, "unix:///run/d.sock");
	ck_assert(!c.docker.allow_privileged);
	ck_assert_uint_eq(c.docker.nallow_caps, 1);
	ck_assert(c.docker.volumes.enabled);
	ck_assert_str_eq(c.docker.auth.config, "/root/.docker/config.json");
	ck_assert(!c.docker.gc.image);
	ck_assert(c.docker.gc.container);
	ck_assert(!c.docker.gc.dangling_containers.enabled);
	ck_assert_int_eq(
	    c.docker.gc.dangling_containers.period, 9 * CLOCK_NS_PER_S);
	ck_assert_str_eq(c.docker.logging.type, "local");
	ck_assert_uint_eq(c.docker.logging.nconfig, 1);
	ck_assert_str_eq(c.docker.logging.config[0].value, "5");
	ck_assert_str_eq(c.docker.extra_labels[0], "job_*");
	ck_assert_int_eq(c.docker.pids_limit, 100);
	rec_clear(&nodeagent_config_type, &c);
}
END_TEST

START_TEST(dockers_options_of_old_count_where_there_is_no_block)
{
	struct nodeagent_config c;

	load_docker(&c, "-client -data-dir /d -servers 10.0.0.1",
	    "client { options {\n"
	    "  \"docker.volumes.enabled\" = \"1\"\n"
	    "  \"docker.volumes.selinuxlabel\" = \"z\"\n"
	    "  \"docker.cleanup.image.delay\" = \"1h\"\n"
	    "  \"docker.caps.whitelist\" = \"chown, kill\" } }\n");
	ck_assert(c.docker.volumes.enabled);
	ck_assert_str_eq(c.docker.volumes.selinuxlabel, "z");
	ck_assert_int_eq(c.docker.gc.image_delay, 3600 * CLOCK_NS_PER_S);
	ck_assert_uint_eq(c.docker.nallow_caps, 2);
	ck_assert_str_eq(c.docker.allow_caps[1], "kill");
	rec_clear(&nodeagent_config_type, &c);
	load_docker(&c, "-dev", "");
	ck_assert(c.docker.volumes.enabled);
	rec_clear(&nodeagent_config_type, &c);
	load_docker(&c, "-client -data-dir /d -servers 10.0.0.1", "");
	ck_assert(!c.docker.volumes.enabled);
	ck_assert_str_eq(c.docker.endpoint, "unix:///var/run/docker.sock");
	rec_clear(&nodeagent_config_type, &c);
}
END_TEST

START_TEST(lb_runs_when_asked_and_in_dev)
{
	struct plan p;

	make_plan(&p, "-server -data-dir /d", "");
	ck_assert_ptr_null(conf_of(&p, "lbd"));
	plan_release(&p);
	make_plan(&p, "-server -data-dir /d", "lb { enabled = true }");
	ck_assert_ptr_nonnull(conf_of(&p, "lbd"));
	plan_release(&p);
	make_plan(&p, "-dev", "lb { enabled = false }");
	ck_assert_ptr_null(conf_of(&p, "lbd"));
	plan_release(&p);
}
END_TEST

START_TEST(the_banner_warns_of_what_others_reach)
{
	struct agent_config c = { 0 };
	struct buf out = { 0 };
	struct plan p;

	make(&c, "-server -data-dir /d -dc vie", "");
	plan_make(&p, &c, "/d", "/r");
	agent_conf_banner(&c, &p, "/r", &out);
	ck_assert_ptr_nonnull(strstr(
	    buf_str(&out), "                Region: global (DC: vie)\n"));
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&out), "                Client: false\n"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out),
	    "==> WARNING: others than this machine can reach 0.0.0.0:4646"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "reach 0.0.0.0:4648"));
	buf_reset(&out);
	plan_release(&p);
	rec_clear(&agent_config_type, &c);
	make(&c, "-server -data-dir /d -encrypt cg8StVXbQJ0gPvMd9o7yrg==", "");
	plan_make(&p, &c, "/d", "/r");
	agent_conf_banner(&c, &p, "/r", &out);
	ck_assert_ptr_null(strstr(buf_str(&out), "reach 0.0.0.0:4648"));
	buf_reset(&out);
	plan_release(&p);
	rec_clear(&agent_config_type, &c);
	make(&c, "-dev", "");
	plan_make(&p, &c, "/d", "/r");
	agent_conf_banner(&c, &p, "/r", &out);
	ck_assert_ptr_null(strstr(buf_str(&out), "WARNING"));
	buf_release(&out);
	plan_release(&p);
	rec_clear(&agent_config_type, &c);
}
END_TEST

#define HTTPS                                                     \
	"tls { http = true ca_file = \"/ca\" cert_file = \"/c\" " \
	"key_file = \"/k\" "

START_TEST(https_is_said_and_who_asks_for_certificates_is_not_warned_of)
{
	for (int verifies = 0; verifies < 2; verifies++) {
		struct agent_config c = { 0 };
		struct buf out = { 0 };
		struct plan p;

		make(&c, "-server -client -data-dir /d",
		    verifies ? HTTPS "verify_https_client = true }"
			     : HTTPS "}");
		plan_make(&p, &c, "/d", "/r");
		agent_conf_banner(&c, &p, "/r", &out);
		ck_assert_ptr_nonnull(
		    strstr(buf_str(&out), "schedd https 0.0.0.0:4646, rpc "));
		ck_assert_ptr_nonnull(
		    strstr(buf_str(&out), "nodeagent https 0.0.0.0:4656"));
		ck_assert_ptr_nonnull(
		    strstr(buf_str(&out), "metricsd http 0.0.0.0:4649"));
		ck_assert_int_eq(
		    strstr(buf_str(&out), "(schedd http), and neither") == NULL,
		    verifies);
		ck_assert_ptr_nonnull(
		    strstr(buf_str(&out), "(schedd rpc), and neither"));
		for (int i = 0; i < 2; i++) {
			const char *conf =
			    conf_of(&p, i == 0 ? "schedd" : "nodeagent");

			ck_assert_ptr_nonnull(strstr(conf, "http = true;"));
			ck_assert_int_eq(
			    strstr(conf, "verify_https_client = true;") != NULL,
			    verifies);
		}
		buf_release(&out);
		plan_release(&p);
		rec_clear(&agent_config_type, &c);
	}
}
END_TEST

START_TEST(a_taken_port_is_named)
{
	struct plan_addr addr = { "schedd", "http", NULL };
	struct plan p = { .addrs = { addr }, .naddrs = 1 };
	struct err err;

	p.addrs[0].addr = xstrdup("192.0.2.1:1");
	ck_assert_int_eq(agent_conf_probe(&p, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "schedd http: address "
					       "192.0.2.1:1"));
	free(p.addrs[0].addr);
	p.addrs[0].addr = xstrdup("nonsense");
	ck_assert_int_eq(agent_conf_probe(&p, &err), -1);
	free(p.addrs[0].addr);
}
END_TEST

/* A file with the text; its path is at the start of what is said. */
static void
write_file(char *path, const char *text)
{
	FILE *f = fdopen(mkstemp(path), "w");

	fputs(text, f);
	fclose(f);
}

/* What the launcher says of a server and client with the text in line 2. */
static int
check_of(const char *text, struct buf *ui, struct buf *place)
{
	char path[] = "/tmp/agent_check.XXXXXX";
	struct agent_config c = { 0 }, file = { 0 };
	struct buf all = { 0 };
	struct err err;
	int rv;

	buf_addf(&all, "server { enabled = true }\n%s\n", text);
	write_file(path, buf_str(&all));
	agent_config_default(&c);
	ck_assert_msg(
	    agent_config_load(&file, path, &err) == 0, "%s", err.text);
	agent_config_merge(&c, &file);
	c.client.enabled = true;
	rv = agent_refuse(&c, ui);
	buf_addf(place, "%s:2: ", path);
	unlink(path);
	rec_clear(&agent_config_type, &file);
	rec_clear(&agent_config_type, &c);
	buf_release(&all);
	return rv;
}

START_TEST(what_would_only_seem_to_protect_is_refused_with_its_place)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "acl { enabled = true }", "acl.enabled is not supported by "
					    "this version" },
		{ "tls { rpc = true verify_https_client = true }",
		    "tls.verify_https_client protects nothing" },
		{ "tls { rpc_upgrade_mode = true }",
		    "tls.rpc_upgrade_mode is not supported" },
		{ "tls { rpc = true tls_min_version = \"tls13\" }",
		    "tls.tls_min_version is not supported" },
		{ "tls { cert_file = \"/c\" }",
		    "tls.cert_file protects nothing" },
		{ "server { encrypt = \"cg8StVXbQJ0gPvMd9o7y\" }",
		    "server.encrypt: a key must have 16, 24 or 32 bytes, not "
		    "15" },
		{ "server { bootstrap_expect = 10 }",
		    "server.bootstrap_expect = 10: expected 1 to 9" },
		{ "ports { rpc = 2 }\nserver { bootstrap_expect = 3 }",
		    "ports.rpc = 2: schedd hears other servers at 2 less" },
		{ "log_level = \"LOUD\"", "log_level = \"LOUD\": expected" },
		{ "ports { http = 99999 }", "ports.http = 99999: expected" },
		{ "ports { rpc = -1 }", "ports.rpc = -1: expected a port" },
		{ "ports { http = 65530 }",
		    "ports.http = 65530: nodeagent listens at 10 more" },
		{ "lb { enabled = true proxy = \"127.0.0.1:0\" }",
		    "lb.proxy = \"127.0.0.1:0\": expected" },
		{ "plugin \"docker\" { config { allow_priviledged = true } }",
		    "plugin \"docker\": config has no option "
		    "\"allow_priviledged\"" },
		{ "plugin \"docker\" { config { tls { cert = \"/c\" } gc { "
		  "image = true delay = \"1m\" } } }",
		    "plugin \"docker\": config has no option \"gc.delay\"" },
		{ "plugin \"raw_exec\" { config { enable = true } }",
		    "plugin \"raw_exec\": config has no option \"enable\"" },
		{ "plugin \"raw_exec\" { config { enabled = true "
		  "denied_host_uids = \"0\" } }",
		    "denied_host_uids is not supported by this version" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct buf ui = { 0 }, place = { 0 };

		ck_assert_msg(check_of(bad[i].text, &ui, &place) == -1,
		    "%s is taken", bad[i].text);
		ck_assert_msg(
		    strstr(buf_str(&ui), buf_str(&place)) == buf_str(&ui),
		    "%s: %s", bad[i].text, buf_str(&ui));
		ck_assert_msg(strstr(buf_str(&ui), bad[i].says) != NULL,
		    "%s: %s", bad[i].text, buf_str(&ui));
		buf_release(&ui);
		buf_release(&place);
	}
}
END_TEST

START_TEST(joins_that_a_cloud_would_name_are_warned_of)
{
	struct buf ui = { 0 }, place = { 0 };

	ck_assert_int_eq(check_of("server { server_join { retry_join = "
				  "[\"a\"] } }",
			     &ui, &place),
	    0);
	ck_assert_str_eq(buf_str(&ui), "");
	buf_reset(&place);
	ck_assert_int_eq(check_of("server { server_join { retry_join = "
				  "[\"provider=gce\"] } }",
			     &ui, &place),
	    0);
	ck_assert_msg(strstr(buf_str(&ui), buf_str(&place)) == buf_str(&ui),
	    "%s", buf_str(&ui));
	ck_assert_ptr_nonnull(strstr(buf_str(&ui), "WARNING: \"provider=gce\" "
						   "in server.server_join."));
	buf_reset(&ui);
	ck_assert_int_eq(check_of("client { servers = [\"a\", "
				  "\"provider=aws x=y\"] }",
			     &ui, &place),
	    0);
	ck_assert_ptr_nonnull(strstr(buf_str(&ui), "WARNING: \"provider=aws "
						   "x=y\" in client.servers"));
	buf_reset(&ui);
	ck_assert_int_eq(check_of("log_level = \"off\"", &ui, &place), 0);
	ck_assert_str_eq(buf_str(&ui), "");
	buf_release(&ui);
	buf_release(&place);
}
END_TEST

/* What gossipd is to tell others, on a machine with those addresses. */
static int
advertised(const struct agent_host *h, bool dev, struct buf *out)
{
	struct agent_config c = { 0 };
	int rv;

	if (dev)
		agent_config_dev(&c);
	else
		agent_config_default(&c);
	c.server.enabled = true;
	free(c.bind_addr);
	free(c.data_dir);
	c.bind_addr = xstrdup("0.0.0.0");
	c.data_dir = xstrdup("/d");
	rv = agent_config_settle(&c, h, NULL, 0, out);
	if (rv == 0) {
		buf_reset(out);
		buf_adds(out, c.advertise.serf);
	}
	rec_clear(&agent_config_type, &c);
	return rv;
}

START_TEST(a_machine_without_a_private_address_advertises_what_it_has)
{
	static char lo[] = "lo", local[] = "127.0.0.1", e1[] = "e1",
		    e2[] = "e2", ip1[] = "192.0.2.1", ip2[] = "198.51.100.2";
	struct agent_iface ifaces[] = { { lo, local, false },
		{ e1, ip1, false }, { e2, ip2, true } };
	struct agent_host h = { ifaces, 3 };
	struct buf out = { 0 };

	ck_assert_int_eq(advertised(&h, false, &out), 0);
	ck_assert_str_eq(buf_str(&out), "198.51.100.2:4648");
	h.nifaces = 2;
	ck_assert_int_eq(advertised(&h, false, &out), 0);
	ck_assert_str_eq(buf_str(&out), "192.0.2.1:4648");
	h.nifaces = 1;
	buf_reset(&out);
	ck_assert_int_eq(advertised(&h, false, &out), -1);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&out), "no address but loopback: set bind_addr"));
	ck_assert_int_eq(advertised(&h, true, &out), 0);
	ck_assert_str_eq(buf_str(&out), "127.0.0.1:4648");
	buf_release(&out);
}
END_TEST

START_TEST(telemetry_reaches_every_daemon_that_it_is_about)
{
	struct schedd_config s = { 0 };
	struct nodeagent_config n = { 0 };
	struct metricsd_config m = { 0 };
	struct plan p;

	make_plan(&p, "-dev -node me",
	    "telemetry {\n"
	    "collection_interval = \"3s\"\n"
	    "prometheus_metrics = true\n"
	    "publish_allocation_metrics = true\n"
	    "disable_hostname = true\n"
	    "use_node_name = true\n"
	    "filter_default = false\n"
	    "allowed_metadata_keys_in_metrics = [\"owner\"]\n"
	    "disable_allocation_hook_metrics = true\n"
	    "disable_dispatched_job_summary_metrics = true\n"
	    "statsd_address = \"127.0.0.1:8125\"\n"
	    "}\n");
	load(&p, "schedd", &schedd_config_type, schedd_config_init,
	    schedd_config_check, &s);
	ck_assert_int_eq(s.common.collection_interval, 3 * CLOCK_NS_PER_S);
	ck_assert(s.disable_dispatched_job_summary_metrics);
	load(&p, "nodeagent", &nodeagent_config_type, nodeagent_config_init,
	    nodeagent_config_check, &n);
	ck_assert_int_eq(n.common.collection_interval, 3 * CLOCK_NS_PER_S);
	ck_assert(n.publish_allocation_metrics && n.publish_node_metrics);
	ck_assert(n.include_alloc_metadata_in_metrics);
	ck_assert_str_eq(n.allowed_metadata_keys_in_metrics[0], "owner");
	ck_assert(n.disable_allocation_hook_metrics);
	load(&p, "metricsd", &metricsd_config_type, metricsd_config_init,
	    metricsd_config_check, &m);
	ck_assert(m.prometheus_metrics && m.disable_hostname);
	ck_assert(m.use_node_name && !m.filter_default);
	ck_assert_str_eq(m.node_name, "me");
	ck_assert_str_eq(m.statsd_address, "127.0.0.1:8125");
	rec_clear(&schedd_config_type, &s);
	rec_clear(&nodeagent_config_type, &n);
	rec_clear(&metricsd_config_type, &m);
	plan_release(&p);
}
END_TEST

START_TEST(numbers_are_not_asked_for_too_often)
{
	struct nodeagent_config n = { 0 };
	struct plan p;

	make_plan(&p, "-dev", "telemetry { collection_interval = \"1ms\" }\n");
	load(&p, "nodeagent", &nodeagent_config_type, nodeagent_config_init,
	    nodeagent_config_check, &n);
	ck_assert_int_eq(n.common.collection_interval, DAEMON_MIN_COLLECTION);
	rec_clear(&nodeagent_config_type, &n);
	plan_release(&p);
}
END_TEST

/* -1 and what is said, or 0: of a daemon that is given the file itself. */
static int
config_from(const struct daemon_def *def, void *config, const char *text,
    struct err *err)
{
	char path[] = "/tmp/agent_daemon.XXXXXX.hcl";
	int fd = mkstemps(path, 4), rv;

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	log_init("test", LOG_ERROR);
	rv = agent_daemon_config(def, config, path, err);
	unlink(path);
	return rv;
}

START_TEST(a_daemon_by_itself_takes_its_part_of_the_file)
{
	static const char text[] = "data_dir = \"/d\"\n"
				   "datacenter = \"dc9\"\n"
				   "bind_addr = \"127.0.0.1\"\n"
				   "advertise { http = \"10.0.0.1\" rpc = "
				   "\"10.0.0.1\" serf = \"10.0.0.1\" }\n"
				   "server { enabled = true "
				   "bootstrap_expect = 3 }\n";
	const struct daemon_def schedd = { .name = "schedd",
		.config_type = &schedd_config_type };
	const struct daemon_def nodeagent = { .name = "nodeagent",
		.config_type = &nodeagent_config_type };
	struct schedd_config s = { 0 };
	struct nodeagent_config n = { 0 };
	struct err err;

	schedd_config_init(&s);
	ck_assert_msg(
	    config_from(&schedd, &s, text, &err) == 0, "%s", err.text);
	ck_assert_str_eq(s.datacenter, "dc9");
	ck_assert_str_eq(s.common.data_dir, "/d/server");
	ck_assert_int_eq(s.bootstrap_expect, 3);
	nodeagent_config_init(&n);
	ck_assert_int_eq(config_from(&nodeagent, &n, text, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "does not ask for nodeagent"));
	ck_assert_int_eq(config_from(&schedd, &s,
			     "server { enabled = true }\n"
			     "acl { enabled = true }\n",
			     &err),
	    -1);
	rec_clear(&schedd_config_type, &s);
	rec_clear(&nodeagent_config_type, &n);
}
END_TEST

START_TEST(a_client_that_drains_itself_has_the_time_to)
{
	struct nodeagent_config n = { 0 };
	struct schedd_config s = { 0 };
	struct plan p;

	make_plan(&p, "-server -client -bind 127.0.0.1",
	    "data_dir = \"/data\" leave_on_terminate = true\n"
	    "advertise { http = \"127.0.0.1\" rpc = \"127.0.0.1\"\n"
	    "  serf = \"127.0.0.1\" }\n"
	    "server { min_heartbeat_ttl = \"10s\" heartbeat_grace = \"10s\"\n"
	    "  max_heartbeats_per_second = 50.0\n"
	    "  failover_heartbeat_ttl = \"5m\" job_gc_interval = \"1m\" }\n"
	    "client { drain_on_shutdown { deadline = \"2m\"\n"
	    "  ignore_system_jobs = true } }\n");
	load(&p, "nodeagent", &nodeagent_config_type, nodeagent_config_init,
	    nodeagent_config_check, &n);
	ck_assert(n.leave_on_terminate && !n.leave_on_interrupt);
	ck_assert(n.drain_on_shutdown.enabled && !n.drain_on_shutdown.force);
	ck_assert(n.drain_on_shutdown.ignore_system_jobs);
	ck_assert_int_eq(n.drain_on_shutdown.deadline, 120 * CLOCK_NS_PER_S);
	for (size_t i = 0; i < p.ndaemons; i++)
		if (strcmp(p.daemons[i].name, "nodeagent") == 0)
			ck_assert_uint_gt(p.daemons[i].stop_ms, 120000);
	load(&p, "schedd", &schedd_config_type, schedd_config_init,
	    schedd_config_check, &s);
	ck_assert_int_eq(s.lease_min, 10 * CLOCK_NS_PER_S);
	ck_assert_int_eq(s.lease_rate, 50);
	ck_assert_int_eq(s.failover_ttl, 300 * CLOCK_NS_PER_S);
	ck_assert_int_eq(s.job_gc_interval, 60 * CLOCK_NS_PER_S);
	ck_assert_int_eq(s.gc_interval, 300 * CLOCK_NS_PER_S);
	rec_clear(&nodeagent_config_type, &n);
	rec_clear(&schedd_config_type, &s);
	plan_release(&p);
}
END_TEST

UNIT_MAIN("agent_plan", a_client_that_drains_itself_has_the_time_to,
    flags_are_written_as_go_writes_them, flags_that_are_wrong_are_named,
    every_flag_of_a_row_finds_its_row, dev_plans_all_five_on_loopback,
    each_daemon_reads_what_is_written_for_it,
    telemetry_reaches_every_daemon_that_it_is_about,
    numbers_are_not_asked_for_too_often,
    a_client_plans_nodeagent_and_metricsd_alone,
    raw_exec_is_off_unless_it_is_enabled,
    the_docker_plugin_block_reaches_the_node,
    dockers_options_of_old_count_where_there_is_no_block,
    lb_runs_when_asked_and_in_dev, the_banner_warns_of_what_others_reach,
    https_is_said_and_who_asks_for_certificates_is_not_warned_of,
    a_taken_port_is_named,
    what_would_only_seem_to_protect_is_refused_with_its_place,
    joins_that_a_cloud_would_name_are_warned_of,
    a_machine_without_a_private_address_advertises_what_it_has,
    a_daemon_by_itself_takes_its_part_of_the_file)
