/*
 * rove: the cluster's command. The table says what there is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/table.h"
#include "common/log.h"
#include "common/mem.h"

static const struct command commands[] = {
	{ "agent", "", "Start the daemons that this machine needs", NULL,
	    agent_run, NULL },
	{ "agent-info", "", "What the agent says of itself", NULL, agent_info,
	    NULL },
	{ "alloc checks", "<allocation>",
	    "What the checks of an allocation's services say", NULL,
	    alloc_checks, "checks" },
	{ "alloc logs", "<allocation> [<task>]", "A task's log",
	    "Prints what a task has written so far, or with -f what it writes "
	    "from now on, too.",
	    alloc_logs, "logs" },
	{ "alloc restart", "<allocation> [<task>]",
	    "Restart an allocation's tasks", NULL, alloc_restart, NULL },
	{ "alloc signal", "<allocation> [<task>]",
	    "Send a signal to an allocation's tasks", NULL, alloc_signal,
	    NULL },
	{ "alloc status", "<allocation>", "One allocation and its tasks", NULL,
	    alloc_status, "alloc-status" },
	{ "alloc stop", "<allocation>", "Stop an allocation",
	    "Stops an allocation; the scheduler places another one for it, "
	    "and the evaluation is followed.",
	    alloc_stop, NULL },
	{ "deployment fail", "<deployment>", "Give a deployment up",
	    "Marks a deployment as failed: nothing more of the new version "
	    "is started, and groups with auto_revert go back to the last "
	    "stable one.",
	    deployment_fail, NULL },
	{ "deployment list", "", "The deployments", NULL, deployment_list,
	    NULL },
	{ "deployment pause", "<deployment>", "Hold a deployment", NULL,
	    deployment_pause, NULL },
	{ "deployment promote", "<deployment>",
	    "Let the canaries' version take over",
	    "Promotes the canaries of a deployment: the other allocations of "
	    "their groups are replaced, too.",
	    deployment_promote, NULL },
	{ "deployment resume", "<deployment>", "Go on with one that is held",
	    NULL, deployment_resume, NULL },
	{ "deployment status", "[<deployment>]",
	    "The deployments, or one of them", NULL, deployment_status, NULL },
	{ "eval list", "", "The evaluations", NULL, eval_list, NULL },
	{ "eval status", "<evaluation>", "One evaluation",
	    "Shows an evaluation: why it was made, how it went, and what could "
	    "not be placed. With -monitor the exit status is 2 when something "
	    "could not be placed.",
	    eval_status, "eval-status" },
	{ "job allocs", "<job>", "The allocations of a job", NULL, job_allocs,
	    NULL },
	{ "job deployments", "<job>", "The deployments of a job", NULL,
	    job_deployments, NULL },
	{ "job eval", "<job>", "Have the scheduler look at a job anew",
	    "Makes an evaluation of a job and follows it.", job_eval, NULL },
	{ "job history", "<job>", "The versions of a job", NULL, job_history,
	    NULL },
	{ "job init", "[<file>]", "Write a job file to begin with",
	    "Writes a job that serves a web page behind the load balancer to "
	    "example.nomad.hcl, or to the file that is named.",
	    job_init, "init" },
	{ "job inspect", "<job>", "A job as the servers keep it, as JSON", NULL,
	    job_inspect, "inspect" },
	{ "job plan", "<path>", "What running a job would change",
	    "Asks the scheduler what it would do if the job were registered, "
	    "and changes nothing. \"-\" is standard input.\n\n"
	    "The exit status is 0 when no allocation would be made or "
	    "destroyed, 1 when some would, 255 after an error.",
	    job_plan, "plan" },
	{ "job promote", "<job>", "Let the canaries' version take over",
	    "Promotes the canaries of the job's newest deployment.",
	    job_promote, NULL },
	{ "job revert", "<job> <version>", "Back to a former version",
	    "Registers a former version of a job anew and follows the "
	    "evaluation.",
	    job_revert, NULL },
	{ "job run", "<path>", "Run a job, or change it",
	    "Registers the job that a file describes and follows the "
	    "evaluation that places it, and then its deployment until that "
	    "is over. \"-\" is standard input. The file is HCL or JSON.\n\n"
	    "The exit status is 0, 1 after an error or when the deployment "
	    "is not successful, and 2 when the job is registered but "
	    "something could not be placed.",
	    job_run, "run" },
	{ "job scale", "<job> [<group>] <count>",
	    "Run more or fewer of a group",
	    "Changes the count of a group, whose name may be left out where "
	    "the job has only one, and follows the evaluation.",
	    job_scale, NULL },
	{ "job status", "[<job>]", "The jobs, or one of them", NULL, job_status,
	    NULL },
	{ "job stop", "<job> ...", "Stop a job", NULL, job_stop, "stop" },
	{ "job validate", "<path>", "Check a job file",
	    "Has the agent check the job that a file describes and changes "
	    "nothing.",
	    job_validate, "validate" },
	{ "node config", "[<addr> ...]", "Which servers a node knows",
	    "Asks the agent of a node, or with -update-servers tells it, "
	    "which servers there are.",
	    node_config, "client-config" },
	{ "node drain", "[<node>]", "Move everything away from a node", NULL,
	    node_drain, "node-drain" },
	{ "node eligibility", "[<node>]",
	    "Open or close a node for new allocations", NULL, node_eligibility,
	    NULL },
	{ "node status", "[<node>]", "The nodes, or one of them", NULL,
	    node_status, "node-status" },
	{ "operator autopilot get-config", "",
	    "How the servers keep themselves a cluster", NULL,
	    operator_autopilot_get, NULL },
	{ "operator autopilot health", "", "How well each server is", NULL,
	    operator_autopilot_health, NULL },
	{ "operator autopilot set-config", "",
	    "Change how the servers keep themselves a cluster", NULL,
	    operator_autopilot_set, NULL },
	{ "operator raft list-peers", "", "The servers as Raft knows them",
	    NULL, operator_raft_list_peers, NULL },
	{ "operator raft remove-peer", "", "Remove a server from the cluster",
	    "Removes a server that is gone for good. One that lives and is a "
	    "member of the pool is added again.",
	    operator_raft_remove_peer, NULL },
	{ "operator raft transfer-leadership", "", "Let another server lead",
	    NULL, operator_raft_transfer, NULL },
	{ "operator snapshot inspect", "<file>", "What a backup is", NULL,
	    operator_snapshot_inspect, NULL },
	{ "operator snapshot restore", "<file>", "Bring a backup back",
	    "Replaces all that the servers know by what a backup says. The "
	    "file is checked whole before anything is changed.",
	    operator_snapshot_restore, NULL },
	{ "operator snapshot save", "[<file>]",
	    "Write all that the servers know to a file", NULL,
	    operator_snapshot_save, NULL },
	{ "operator versions", "",
	    "Which program each server is, and its feature level",
	    "During an upgrade: a new feature comes into force when all "
	    "servers of the region know it.",
	    operator_versions, NULL },
	{ "server force-leave", "<node>",
	    "Let a failed server have left the pool", NULL, server_force_leave,
	    "server-force-leave" },
	{ "server join", "<addr> [<addr>...]",
	    "Let a server join a pool by others", NULL, server_join,
	    "server-join" },
	{ "server members", "", "The servers", NULL, server_members,
	    "server-members" },
	{ "service delete", "<service> <id>", "Take a registration away",
	    "Deletes one registration of a service. The node that made it "
	    "puts it back when something about it changes.",
	    service_delete, NULL },
	{ "service info", "<service>", "The instances of a service", NULL,
	    service_info, NULL },
	{ "service list", "", "The services", NULL, service_list, NULL },
	{ "status", "[<identifier>]", "Whatever has this identifier",
	    "Shows the job, allocation, evaluation or node that the "
	    "identifier, or a prefix of it, belongs to; without one, the jobs.",
	    status_any, NULL },
	{ "system gc", "", "Forget what is over", NULL, system_gc, NULL },
	{ "system reconcile summaries", "", "Count allocations anew",
	    "Has the leader count the allocations of every job anew, should "
	    "the summaries of jobs be wrong.",
	    system_reconcile_summaries, NULL },
	{ "tls ca create", "", "Create a certificate authority",
	    "Makes a key and the certificate of a CA that signs with it, in "
	    "<domain>-agent-ca-key.pem and <domain>-agent-ca.pem of the "
	    "working directory. A cluster needs two: one that signs servers, "
	    "one that signs nodes and people.",
	    tls_ca_create, NULL },
	{ "tls ca info", "<CA file>", "What is in a CA's certificate",
	    "Shows a CA's certificate: its serial number and names, when it "
	    "ends, and below which domains it may sign names (none: any).",
	    tls_ca_info, NULL },
	{ "tls cert create", "", "Create a certificate",
	    "Makes a key and a certificate that the CA signs, for a server, a "
	    "client (a node) or the command line, in "
	    "<region>-<role>-<domain>-key.pem and <region>-<role>-<domain>.pem "
	    "of the working directory.",
	    tls_cert_create, NULL },
	{ "tls cert info", "<certificate file>", "What is in a certificate",
	    "Shows a certificate: its serial number and names, who has signed "
	    "it, and when it ends.",
	    tls_cert_info, NULL },
	{ "var get", "<path>", "A variable",
	    "Shows a variable: as a table on a terminal, else as JSON.",
	    var_get, NULL },
	{ "var init", "[<file>]", "Write a specification to begin with",
	    "Writes the specification of a variable to spec.nv.hcl or "
	    "spec.nv.json, or to the file that is named, which must not be "
	    "there yet.",
	    var_init, NULL },
	{ "var list", "[<prefix>]", "The variables",
	    "Lists the variables whose paths begin with the prefix, without "
	    "what is in them.",
	    var_list, NULL },
	{ "var purge", "<path>", "Remove a variable", NULL, var_purge, NULL },
	{ "var put", "<path>|@<file>|- [@<file>|-] [<key>=<value> ...]",
	    "Write a variable",
	    "Writes a variable: from a specification, which is a file after "
	    "\"@\" or \"-\" for standard input, from items given as "
	    "arguments, or both; then the arguments win, and an empty value "
	    "takes the item out. A value of @<file> is what the file holds, "
	    "one of \"-\" what standard input does.\n\n"
	    "It is written only if it is as the specification's ModifyIndex "
	    "says: without one, if there is none of that path yet.",
	    var_put, NULL },
	{ "version", "", "The version", NULL, version_show, NULL },
};

#define NCOMMANDS (sizeof commands / sizeof commands[0])
/* There is no such command: what Nomad, and a shell, say then. */
#define NO_COMMAND 127

/* The commands whose names begin so. */
static void
list_commands(const char *prefix, FILE *to)
{
	struct buf rows = { 0 }, out = { 0 };

	for (size_t i = 0; i < NCOMMANDS; i++)
		if (strncmp(commands[i].name, prefix, strlen(prefix)) == 0)
			table_row(
			    &rows, "%s|%s", commands[i].name, commands[i].says);
	table_format(buf_str(&rows), TABLE_LIST, &out);
	fputs("    ", to);
	buf_reset(&rows);
	table_indent(buf_str(&out), 4, &rows);
	fprintf(to, "%s\n", buf_str(&rows));
	buf_release(&rows);
	buf_release(&out);
}

static int
usage(FILE *to, int status)
{
	fprintf(to, "Usage: rove [-version] [-help] <command> [args]\n\n"
		    "Commands:\n");
	list_commands("", to);
	return status;
}

static bool
is_help(const char *word)
{
	return strcmp(word, "-h") == 0 || strcmp(word, "-help") == 0 ||
	       strcmp(word, "--help") == 0;
}

/* A noun alone, or with a verb that there is none of. */
static int
usage_of_noun(const char *noun, const char *verb)
{
	bool asked = verb != NULL && is_help(verb);
	char *prefix = xasprintf("%s ", noun);
	FILE *to = asked ? stdout : stderr;

	if (verb != NULL && !asked)
		fprintf(
		    to, "rove %s: there is no subcommand \"%s\"\n", noun, verb);
	fprintf(to,
	    "Usage: rove %s <subcommand> [options] [args]\n\n"
	    "Subcommands:\n",
	    noun);
	list_commands(prefix, to);
	free(prefix);
	return asked ? 0 : 1;
}

static bool
is_noun(const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i < NCOMMANDS; i++)
		if (strncmp(commands[i].name, word, n) == 0 &&
		    commands[i].name[n] == ' ')
			return true;
	return false;
}

/* How many words of the line name the command; 0: it is another. */
static int
words_of(const struct command *c, int argc, char **argv)
{
	const char *word = c->name;
	int n = 0;

	if (c->alias != NULL && strcmp(c->alias, argv[1]) == 0)
		return 1;
	while (*word != '\0') {
		size_t len = strcspn(word, " ");

		if (++n >= argc || strlen(argv[n]) != len ||
		    strncmp(word, argv[n], len) != 0)
			return 0;
		word += len + (word[len] == ' ');
	}
	return n;
}

/* What words of the line are a noun, or a noun and a part of it, and the word
 * behind them (NULL: none). NULL when they are none; the caller frees it. */
static char *
noun_of(int argc, char **argv, const char **verb)
{
	char *noun = NULL, *longer;

	*verb = NULL;
	for (int i = 1; i < argc; i++) {
		longer = xasprintf("%s%s%s", noun != NULL ? noun : "",
		    noun != NULL ? " " : "", argv[i]);
		if (!is_noun(longer)) {
			free(longer);
			*verb = argv[i];
			break;
		}
		free(noun);
		noun = longer;
	}
	return noun;
}

int
main(int argc, char **argv)
{
	static char version[] = "version";
	const char *verb;
	char *noun;
	int status;

	log_init("rove", LOG_WARN);
	if (argc < 2)
		return usage(stderr, NO_COMMAND);
	if (is_help(argv[1]) || strcmp(argv[1], "help") == 0)
		return usage(stdout, 0);
	if (strcmp(argv[1], "-v") == 0 || strcmp(argv[1], "-version") == 0 ||
	    strcmp(argv[1], "--version") == 0)
		argv[1] = version;
	for (size_t i = 0; i < NCOMMANDS; i++) {
		int n = words_of(&commands[i], argc, argv);

		if (n > 0)
			return commands[i].run(
			    &commands[i], argc - n, argv + n);
	}
	if ((noun = noun_of(argc, argv, &verb)) != NULL) {
		status = usage_of_noun(noun, verb);
		free(noun);
		return status;
	}
	fprintf(stderr,
	    "rove: there is no command \"%s\"\n"
	    "For a list of commands try 'rove -h'\n",
	    argv[1]);
	return NO_COMMAND;
}
