/*
 * Calls to a Docker Engine (or Podman's socket that speaks like one).
 *
 * One HTTP client for all calls of the daemon, over the engine's unix socket.
 * Each call ends in exactly one on_reply(), never from inside a function of
 * this header, unless it is cancelled before. A call that finds nobody, or
 * whose connection breaks, says so: whether the engine is there at all is
 * docker_health.h's to know.
 */
#ifndef NODEAGENT_DOCKER_ENGINE_H
#define NODEAGENT_DOCKER_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/loop.h"

#define DOCKER_SOCKET    "unix:///var/run/docker.sock"
#define DOCKER_MAX_BODY  (16u << 20) /* of a collected answer */
#define DOCKER_MAX_ERROR 65536       /* of what a refused stream tells */
#define DOCKER_MAX_CONNS 8192        /* two for each running container */

/* The span of API versions that we speak. An older engine is refused; a
 * newer one is asked in our newest, or in its oldest. */
#define DOCKER_API_OLDEST "1.24"
#define DOCKER_API_NEWEST "1.47"

/* How long the engine may take. */
#define DOCKER_ASK_MS    10000  /* to tell something */
#define DOCKER_CREATE_MS 60000  /* to make a container */
#define DOCKER_START_MS  120000 /* to start one */
#define DOCKER_REMOVE_MS 120000 /* to remove a container or an image */

struct docker_engine;
struct docker_call;

struct docker_reply {
	int status;         /* 0: no answer, see code */
	enum err_code code; /* ERR_GONE, ERR_TIMEOUT ... */
	const char *why;    /* NULL: it went well */
	const char *body;   /* collected; NUL-terminated */
	size_t len;
};
typedef void docker_on_reply(void *ctx, const struct docker_reply *r);
typedef void docker_on_piece(void *ctx, const char *p, size_t n);
typedef void docker_on_open(void *ctx);

/* All borrowed during the call only. */
struct docker_ask {
	const char *method;
	const char *path;          /* "/containers/json?all=1" */
	const char *body;          /* JSON, or NULL */
	bool has_file;             /* the body is a file instead */
	int file;                  /* taken over, and closed */
	const char *auth;          /* of X-Registry-Auth, or NULL */
	uint64_t timeout_ms;       /* 0: it has no end */
	bool unversioned;          /* without "/v1.41" before the path */
	docker_on_open *on_open;   /* a stream's 200, before its pieces */
	docker_on_piece *on_piece; /* the body as it comes, or NULL */
	docker_on_reply *on_reply;
	void *ctx;
};

/* endpoint is "unix:///path", "unix:/path" or "tcp://host:port". on_trouble
 * is called when a call finds nobody or runs out of time. */
struct docker_engine *docker_engine_new(struct loop *l, const char *endpoint,
    void (*on_trouble)(void *ctx), void *ctx);
void docker_engine_free(struct docker_engine *e); /* calls end silently */

/* The version that calls name from now on: "1.41". */
void docker_engine_set_api(struct docker_engine *e, const char *version);

struct docker_call *docker_engine_ask(
    struct docker_engine *e, const struct docker_ask *ask);
void docker_call_cancel(struct docker_call *call); /* NULL is fine */
/* Asks for something of which nobody waits to hear: a failure is logged. */
void docker_engine_tell(
    struct docker_engine *e, const char *method, const char *path);

#endif
