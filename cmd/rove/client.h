/*
 * The agent's HTTP API, asked one thing at a time.
 *
 * An answer that is no success becomes an error that says what Nomad's
 * client says: "Unexpected response code: 404 (job not found)", with
 * ERR_NOT_FOUND, ERR_DENIED or ERR_BAD. ERR_GONE and ERR_TIMEOUT name the
 * agent's address.
 */
#ifndef ROVE_CLIENT_H
#define ROVE_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "cmd/rove/client_tls.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/rec.h"

#define CLIENT_DEFAULT_ADDR "http://127.0.0.1:4646"
#define CLIENT_TIMEOUT_MS   60000
#define CLIENT_TRY_MS       3000
#define CLIENT_MAX_LISTS    32 /* kinds of records that are asked in lists */

struct client {
	char *shown; /* the address as people wrote it */
	char *addr;  /* "host:port" or "unix:/path" */
	bool is_https;
	struct client_tls tls; /* then: how; its names are borrowed */
	struct tls_keys *keys; /* made for the first call */
	char *region, *namespace, *token; /* NULL: the agent decides */
	uint64_t index;                   /* X-Nomad-Index of the last answer */
	uint64_t timeout_ms; /* of one call, beyond what it waits for news */
};

/* What is NULL comes from the environment: NOMAD_ADDR, NOMAD_REGION,
 * NOMAD_NAMESPACE, NOMAD_TOKEN. For HTTPS tls may be set before the first
 * call, which fails if it is wrong. */
int client_init(struct client *c, const char *address, const char *region,
    const char *namespace, const char *token, struct err *err);
void client_release(struct client *c);
void client_set(char **member, const char *value); /* region or namespace */

/* "/v1/job/" + the escaped id + after; the caller frees it. */
char *client_path(const char *before, const char *id, const char *after);

/*
 * One call. params is a query without '?', or NULL; body (JSON) too. out
 * receives the answer's body. Region, namespace and token are added.
 */
int client_call(struct client *c, const char *method, const char *path,
    const char *params, const struct buf *body, struct buf *out,
    struct err *err);

/*
 * A GET whose answer is a record (on the heap: rec_clear() it). An answer of
 * null, and a failure, leave it zeroed.
 */
int client_get(struct client *c, const char *path, const char *params,
    const struct rec_type *type, void *rec, struct err *err);

/* The same for what one can do without, such as a node's figures: waits for
 * CLIENT_TRY_MS at most. */
int client_try(struct client *c, const char *path, const char *params,
    const struct rec_type *type, void *rec);

/* As client_get(), but comes back only when the index is higher, or wait_ms
 * over; at once for index 0. */
int client_await(struct client *c, const char *path, uint64_t index,
    uint64_t wait_ms, const struct rec_type *type, void *rec, struct err *err);

/* A PUT of a record; type and rec of the answer, which is as with
 * client_get(), may be NULL. */
int client_put(struct client *c, const char *path, const char *params,
    const struct rec_type *body_type, const void *body,
    const struct rec_type *type, void *rec, struct err *err);

/* A GET whose answer is a list; client_free_list() it. On failure it is empty.
 */
int client_list(struct client *c, const char *path, const char *params,
    const struct rec_type *type, void *items, size_t *n, struct err *err);
void client_free_list(const struct rec_type *type, void *items, size_t n);

/* A GET whose answer is handed over as it comes, until on_piece is false. */
int client_stream(struct client *c, const char *path, const char *params,
    bool (*on_piece)(void *ctx, const char *p, size_t n), void *ctx,
    struct err *err);

#endif
