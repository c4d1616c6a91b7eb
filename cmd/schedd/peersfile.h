/*
 * peers.json: an operator's word that the servers it names are all that are
 * left of the cluster.
 *
 * The file stands in the log's directory and has Nomad's form:
 *
 *	[
 *	  { "id": "<server id>", "address": "10.0.0.1:4645",
 *	    "non_voter": false }
 *	]
 *
 * id is what `rove operator raft list-peers` and the file server-id of the
 * data directory say, address the one of Raft. It is read before the log is
 * opened; see common/raft/recover.h for what is done then. Afterwards it is
 * in the directory that was put aside.
 */
#ifndef SCHEDD_PEERSFILE_H
#define SCHEDD_PEERSFILE_H

#include <stddef.h>

#include "common/err.h"
#include "common/raft/raft.h"

#define PEERSFILE_NAME      "peers.json"
#define PEERSFILE_MAX_BYTES 65536

/* The server that reads it. */
struct peersfile_self {
	const char *id;   /* as people know it */
	const char *addr; /* "host:port" that it tells others; "": alone */
};

/*
 * Fills the config from n bytes. Refused, with the line where there is one:
 * what is no such JSON, unknown members, ids that are none or are there
 * twice, addresses that are none, no voter, and a file that does not name
 * this server or names another address for it. name is for the sentence.
 */
int peersfile_parse(struct raft_config *out, const char *name, const char *text,
    size_t n, const struct peersfile_self *self, struct err *err);

/* 1: there was a file in dir and the log in it is recovered; 0: there was
 * none; -1: it is refused, and nothing has changed. */
int peersfile_recover(
    const char *dir, const struct peersfile_self *self, struct err *err);

#endif
