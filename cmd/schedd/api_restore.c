/*
 * A backup of the whole state, brought back.
 *
 * It is checked whole before anything is changed; then it goes into the log in
 * parts, so that all servers follow.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/api.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/raft/node.h"
#include "common/rng.h"
#include "proto/snapfile.h"

#define PATH "/v1/operator/snapshot"

struct upload {
	void (*gone)(struct http_req *r); /* first: see api.c */
	struct schedd *sd;
	struct http_req *req; /* NULL: the client has left */
	struct buf file;
	char id[RNG_UUID_SIZE];
	const uint8_t *state; /* in file */
	size_t nstate, at;
	bool proposed; /* a part is on its way: on_part() frees */
};

static void
upload_free(struct upload *u)
{
	if (u->sd->upload == u)
		u->sd->upload = NULL;
	if (u->req != NULL)
		http_req_set_data(u->req, NULL);
	buf_release(&u->file);
	free(u);
}

void
api_snapshot_release(struct schedd *sd)
{
	if (sd->upload != NULL)
		upload_free(sd->upload);
}

/* What has gone into the log without the last part changes nothing. */
static void
on_upload_gone(struct http_req *r)
{
	struct upload *u = http_req_data(r);

	u->req = NULL;
	if (!u->proposed)
		upload_free(u);
}

static void
upload_fail(struct upload *u, int status, const char *why)
{
	struct http_req *r = u->req;

	if (r != NULL) {
		log_warn(
		    "snapshot not restored peer=%s: %s", http_peer(r), why);
		http_req_set_data(r, NULL);
		u->req = NULL;
		http_fail(r, status, "snapshot not restored: %s", why);
	}
	upload_free(u);
}

static void on_part(void *ctx, const struct err *err, uint64_t index);

static void
propose_part(struct upload *u)
{
	size_t left = u->nstate - u->at;
	struct cmd_restore part = { .id = u->id,
		.offset = u->at,
		.bytes = { (uint8_t *)(uintptr_t)(u->state + u->at),
		    left < CMD_RESTORE_PART ? left : CMD_RESTORE_PART },
		.last = left <= CMD_RESTORE_PART };
	struct cmd cmd = { .time = loop_wall_ns(u->sd->loop),
		.restore = &part };
	struct buf packed = { 0 };
	struct err err;
	int rc;

	rec_pack_level(
	    &cmd_type, &cmd, sched_core_state(u->sd->core)->level, &packed);
	rc = raft_node_propose(
	    u->sd->raft, packed.data, packed.len, true, on_part, u, &err);
	buf_release(&packed);
	u->at += part.bytes.len;
	u->proposed = rc == 0;
	if (rc == -1)
		upload_fail(u, 500, err.text);
}

static void
on_part(void *ctx, const struct err *err, uint64_t index)
{
	struct upload *u = ctx;
	struct schedd *sd = u->sd;

	(void)index;
	u->proposed = false;
	if (err != NULL) {
		upload_fail(u, 500, err->text);
	} else if (u->at < u->nstate && u->req == NULL) {
		upload_free(u);
	} else if (u->at < u->nstate) {
		propose_part(u);
	} else if (strcmp(sched_core_restored(sd->core), u->id) != 0) {
		upload_fail(u, 500, "another one has begun meanwhile");
	} else {
		log_info("snapshot restored bytes=%zu index=%" PRIu64,
		    u->nstate, sched_core_state(sd->core)->index);
		if (u->req != NULL) {
			http_req_set_data(u->req, NULL);
			api_headers(
			    u->req, sched_core_state(sd->core)->index, true);
			http_reply(u->req, 200, NULL, NULL, 0);
			u->req = NULL;
		}
		upload_free(u);
	}
}

/* NULL: it has been refused. */
static struct upload *
upload_new(struct schedd *sd, struct http_req *r)
{
	struct upload *u;

	if (!sd->leading) {
		http_fail(r, 500, "No cluster leader");
		return NULL;
	}
	if (sd->upload != NULL) {
		http_fail(r, 429, "another snapshot is being restored");
		return NULL;
	}
	u = xcalloc(1, sizeof *u);
	*u = (struct upload){ .gone = on_upload_gone, .sd = sd, .req = r };
	sd->upload = u;
	http_req_set_data(r, u);
	return u;
}

bool
api_snapshot_is(const struct http_req *r)
{
	const char *method = http_method(r);
	bool writes = strcmp(method, "PUT") == 0 || strcmp(method, "POST") == 0;

	return writes && strcmp(http_path(r), PATH) == 0;
}

bool
api_snapshot_begin(struct schedd *sd, struct http_req *r)
{
	if (!sd->leading || !api_snapshot_is(r))
		return false;
	upload_new(sd, r);
	return true;
}

void
api_snapshot_body(struct http_req *r, const char *p, size_t n)
{
	struct upload *u = http_req_data(r);

	if (n > SNAPFILE_MAX - u->file.len)
		upload_fail(u, 413, "the file is too large");
	else
		buf_add(&u->file, p, n);
}

/* Everything is looked at before anything is changed. */
void
api_snapshot_end(struct http_req *r)
{
	struct upload *u = http_req_data(r);
	struct snapfile_head head = { 0 };
	struct rng rng;
	uint64_t seed;
	struct err err;

	if (snapfile_check(u->file.data, u->file.len, &head, &u->state,
		&u->nstate, &err) == -1 ||
	    sched_snapshot_check(u->state, u->nstate,
		sched_core_state(u->sd->core)->level, &err) == -1) {
		rec_clear(&snapfile_head_type, &head);
		upload_fail(u, 400, err.text);
		return;
	}
	rec_clear(&snapfile_head_type, &head);
	rng_secret(&seed, sizeof seed);
	rng_init(&rng, seed);
	rng_uuid(&rng, u->id);
	propose_part(u);
}

/* One that was collected, for this server leads only since then. */
void
api_snapshot_restore(void *ctx, struct http_req *r)
{
	struct upload *u = upload_new(ctx, r);
	size_t n;
	const char *body = http_body(r, &n);

	if (u == NULL)
		return;
	buf_add(&u->file, body, n);
	api_snapshot_end(r);
}
