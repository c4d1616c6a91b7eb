/*
 * What the Docker Engine says, as records: only the members that we look at.
 *
 * Pure. Everything here comes from a program that is not ours: texts and
 * counts are bounded by the call that collected them (docker_engine.h), what
 * is missing is zero, and what has the wrong shape is an error.
 */
#ifndef NODEAGENT_DOCKER_ANSWER_H
#define NODEAGENT_DOCKER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rec.h"

#define DOCKER_MAX_LAYERS 512   /* of one pull; more are not counted */
#define DOCKER_MAX_LINE   65536 /* of a pull's stream; longer ends the pull */

/* GET /version */
struct docker_version {
	char *version;
	char *api_version;
	char *min_api_version;
};

/* GET /info */
struct docker_info {
	char *os_type;
	struct tree *runtimes; /* by name */
};

/* State of GET /containers/ID/json */
struct docker_state {
	bool running;
	bool oom_killed;
	int64_t exit_code;
	int64_t pid;
	char *error;
	int64_t started_at; /* ns since 1970 */
	int64_t finished_at;
	char *status; /* "created", "running", "exited" ... */
};

struct docker_container_config {
	struct rec_kv *labels;
	size_t nlabels;
	char *stop_signal; /* the image's */
};

struct docker_container {
	char *id;
	char *image; /* its id */
	struct docker_state state;
	struct docker_container_config config;
};

/* A row of GET /containers/json */
struct docker_listed {
	char *id;
	char **names; /* each with a slash before it */
	size_t nnames;
	struct rec_kv *labels;
	size_t nlabels;
	int64_t created; /* s since 1970 */
};

/* The answer to POST /containers/create, and to GET /images/X/json */
struct docker_id {
	char *id;
};

/* The answer to POST /containers/ID/wait */
struct docker_waited {
	int64_t status_code;
};

extern const struct rec_type docker_version_type, docker_info_type,
    docker_state_type, docker_container_config_type, docker_container_type,
    docker_listed_type, docker_id_type, docker_waited_type;

/* The list of GET /containers/json; each is to be cleared, the list freed. */
int docker_list_read(const char *text, size_t n, struct docker_listed **out,
    size_t *nout, struct err *err);

/* "API error (404): No such image: x": the message of an error's body, or as
 * much of the body as is text. */
void docker_error_text(
    int status, const char *body, size_t n, char *out, size_t size);

/* The gateway of GET /networks/bridge; "" when it tells none. */
void docker_bridge_ip(const char *text, size_t n, char out[64]);

/* "1.41" to 1041; 0 when it is no version. */
unsigned docker_api_number(const char *text);

/* --- a pull's progress --- */

enum docker_layer_state {
	DOCKER_LAYER_WAITING,
	DOCKER_LAYER_PULLING,
	DOCKER_LAYER_PULLED,
};

struct docker_layer {
	char id[24];
	enum docker_layer_state state;
	int64_t current, total; /* bytes */
};

/* A zeroed one is ready; docker_progress_release() it. */
struct docker_progress {
	struct docker_layer *layers;
	size_t nlayers, cap;
	bool any;          /* a line has come */
	struct buf line;   /* not yet whole */
	char failed[1024]; /* what the engine says went wrong; "" */
};

/* Some bytes of the stream. -1 when it is none of a pull: a line is no JSON
 * or too long; or when a line tells a failure, which is then in failed. */
int docker_progress_add(
    struct docker_progress *p, const char *bytes, size_t n, struct err *err);
/* "Pulled 1/3 (2.1MiB/9MiB) layers: 1 waiting/1 pulling - est 3.0s remaining"
 */
void docker_progress_text(const struct docker_progress *p, uint64_t elapsed_ms,
    char *out, size_t size);
void docker_progress_release(struct docker_progress *p);

#endif
