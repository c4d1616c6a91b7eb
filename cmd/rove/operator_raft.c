/*
 * The servers as Raft knows them.
 */
#include <stdio.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "common/http/http.h"

static void
print_peers(const struct raft_configuration *config)
{
	struct buf rows = { 0 };

	table_row(&rows, "Node|ID|Address|State|Voter|RaftProtocol");
	for (size_t i = 0; i < config->nservers; i++) {
		const struct raft_member *s = &config->servers[i];

		table_row(&rows, "%s|%s|%s|%s|%s|%s", lists_text(s->node),
		    lists_text(s->id), lists_text(s->address),
		    s->leader ? "leader" : "follower",
		    s->voter ? "true" : "false", lists_text(s->raft_protocol));
	}
	cli_print_table(&rows, TABLE_SPACES);
	buf_release(&rows);
}

int
operator_raft_list_peers(const struct command *cmd, int argc, char **argv)
{
	bool stale = false;
	const struct flag rows[] = {
		{ "stale", FLAG_BOOL, &stale, NULL,
		    "As the server that is asked knows them, though it may "
		    "not lead." },
	};
	struct raft_configuration config;
	struct cli c;
	struct err err;
	int status = cli_begin(&c, cmd, rows, 1, argc, argv, 0, 0);

	if (status != CLI_GO)
		return status;
	if (client_get(&c.client, "/v1/operator/raft/configuration",
		stale ? "stale" : NULL, &raft_configuration_type, &config,
		&err) == -1)
		return cli_end(&c, cli_fail(&err, "Error getting peers"));
	print_peers(&config);
	rec_clear(&raft_configuration_type, &config);
	return cli_end(&c, 0);
}

/* What tells one of the peers from the others. */
struct peer {
	const char *address, *id;
};

/* One of the two must be given. "" when it is so, else what is wrong. */
static const char *
check_peer(const struct peer *p, const char *missing)
{
	if (p->address == NULL && p->id == NULL)
		return missing;
	if (p->address != NULL && p->id != NULL)
		return "cannot give both an address and id";
	return "";
}

/* Asks for a change of the peer; what fails begins with `failed`, and what
 * was done is told as "<done> with id". */
static int
change_peer(struct cli *c, const char *method, const char *path,
    const struct peer *p, const char *failed, const char *done)
{
	const char *by = p->address != NULL ? "address" : "id";
	const char *value = p->address != NULL ? p->address : p->id;
	struct buf params = { 0 }, out = { 0 };
	struct err err;
	int rc;

	buf_addf(&params, "%s=", by);
	http_escape(value, &params);
	rc = client_call(
	    &c->client, method, path, buf_str(&params), NULL, &out, &err);
	buf_release(&params);
	buf_release(&out);
	if (rc == -1)
		return cli_fail(&err, "%s", failed);
	printf("%s with %s \"%s\"\n", done, by, value);
	return 0;
}

/* What is done to one server, and how that is told. */
struct peer_work {
	const char *method, *path;
	const char *wanted; /* what to say when neither flag is given */
	const char *failed, *done;
};

static int
on_peer(
    const struct command *cmd, int argc, char **argv, const struct peer_work *w)
{
	struct peer p = { 0 };
	const struct flag rows[] = {
		{ "peer-address", FLAG_TEXT, &p.address, "<addr>",
		    "The server with this address, \"ip:port\"." },
		{ "peer-id", FLAG_TEXT, &p.id, "<id>",
		    "The server with this id." },
	};
	const char *wrong;
	struct cli c;
	int status = cli_begin(&c, cmd, rows, 2, argc, argv, 0, 0);

	if (status != CLI_GO)
		return status;
	wrong = check_peer(&p, w->wanted);
	if (*wrong != '\0')
		status = cli_fail(NULL, "%s: %s", w->failed, wrong);
	else
		status =
		    change_peer(&c, w->method, w->path, &p, w->failed, w->done);
	return cli_end(&c, status);
}

int
operator_raft_remove_peer(const struct command *cmd, int argc, char **argv)
{
	static const struct peer_work work = { "DELETE",
		"/v1/operator/raft/peer",
		"an address or id is required for the peer to remove",
		"Error removing peer", "Removed peer" };

	return on_peer(cmd, argc, argv, &work);
}

int
operator_raft_transfer(const struct command *cmd, int argc, char **argv)
{
	static const struct peer_work work = { "PUT",
		"/v1/operator/raft/transfer-leadership",
		"an address or id is required for the destination peer",
		"Error transferring leadership to peer",
		"Transferred leadership to peer" };

	return on_peer(cmd, argc, argv, &work);
}
