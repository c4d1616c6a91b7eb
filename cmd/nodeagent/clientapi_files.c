/* The paths below /v1/client/fs: an allocation's files and logs. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/nodeagent/clientapi_impl.h"
#include "cmd/nodeagent/fsapi.h"
#include "cmd/nodeagent/logstream.h"
#include "common/http/route.h"

void
clientapi_ls(void *ctx, struct http_req *r)
{
	if (clientapi_runner(ctx, r) != NULL)
		fsapi_ls(ctx, r, http_route_param(r, "id"));
}

void
clientapi_stat(void *ctx, struct http_req *r)
{
	if (clientapi_runner(ctx, r) != NULL)
		fsapi_stat(ctx, r, http_route_param(r, "id"));
}

/* These answer 400, and return false, when a parameter is wrong. */
static bool
read_flag(struct http_req *r, const char *name, bool *value)
{
	char text[16];

	if (!http_param(r, name, text, sizeof text))
		return true;
	*value = strcasecmp(text, "true") == 0 || strcasecmp(text, "t") == 0 ||
		 strcmp(text, "1") == 0;
	if (*value || strcasecmp(text, "false") == 0 ||
	    strcasecmp(text, "f") == 0 || strcmp(text, "0") == 0)
		return true;
	http_fail(r, 400, "error parsing %s: \"%s\" is no boolean", name, text);
	return false;
}

static bool
read_number(struct http_req *r, const char *name, int64_t *value)
{
	char text[32] = "", *end;

	http_param(r, name, text, sizeof text);
	errno = 0;
	*value = strtoll(text, &end, 10);
	if (*text != '\0' && *end == '\0' && errno == 0 && *value >= 0)
		return true;
	http_fail(r, 400, "error parsing %s: \"%s\"", name, text);
	return false;
}

static bool
read_path(struct http_req *r, char *path, size_t size)
{
	if (http_param(r, "path", path, size) && *path != '\0')
		return true;
	http_fail(r, 400, "must provide a file name");
	return false;
}

void
clientapi_cat(void *ctx, struct http_req *r)
{
	char path[PATH_MAX];
	struct logstream_ask ask = { .path = path, .plain = true };

	ask.alloc_id = http_route_param(r, "id");
	if (clientapi_runner(ctx, r) != NULL && read_path(r, path, sizeof path))
		logstream_start(ctx, r, &ask);
}

void
clientapi_readat(void *ctx, struct http_req *r)
{
	char path[PATH_MAX];
	struct logstream_ask ask = {
		.path = path, .plain = true, .has_limit = true
	};

	ask.alloc_id = http_route_param(r, "id");
	if (clientapi_runner(ctx, r) != NULL &&
	    read_path(r, path, sizeof path) &&
	    read_number(r, "offset", &ask.offset) &&
	    read_number(r, "limit", &ask.limit))
		logstream_start(ctx, r, &ask);
}

static bool
read_place(struct http_req *r, struct logstream_ask *ask)
{
	char text[16];

	if (http_has_param(r, "offset") &&
	    !read_number(r, "offset", &ask->offset))
		return false;
	if (!http_param(r, "origin", text, sizeof text))
		*text = '\0';
	ask->from_end = strcmp(text, "end") == 0;
	if (*text != '\0' && !ask->from_end && strcmp(text, "start") != 0) {
		http_fail(r, 400, "origin must be start or end");
		return false;
	}
	return true;
}

void
clientapi_stream(void *ctx, struct http_req *r)
{
	char path[PATH_MAX];
	struct logstream_ask ask = { .path = path, .follow = true };

	ask.alloc_id = http_route_param(r, "id");
	if (clientapi_runner(ctx, r) != NULL &&
	    read_path(r, path, sizeof path) &&
	    read_flag(r, "follow", &ask.follow) &&
	    read_flag(r, "plain", &ask.plain) && read_place(r, &ask))
		logstream_start(ctx, r, &ask);
}

/* The task of that name, when there can be logs of it. */
static bool
check_task(struct http_req *r, const struct runner *run, const char *name)
{
	for (size_t i = 0; i < run->run->ntasks; i++) {
		if (strcmp(run->run->tasks[i].task->name, name) != 0)
			continue;
		if (run->run->tasks[i].state.started_at != 0)
			return true;
		http_fail(r, 404,
		    "task \"%s\" not started yet. No logs available", name);
		return false;
	}
	http_fail(r, 400, "unknown task name \"%s\"", name);
	return false;
}

void
clientapi_logs(void *ctx, struct http_req *r)
{
	char task[256] = "", type[16] = "";
	struct logstream_ask ask = { .task = task, .type = type };
	struct runner *run = clientapi_runner(ctx, r);

	if (run == NULL)
		return;
	http_param(r, "task", task, sizeof task);
	http_param(r, "type", type, sizeof type);
	if (*task == '\0') {
		http_fail(r, 400, "must provide task name");
		return;
	}
	if (strcmp(type, "stdout") != 0 && strcmp(type, "stderr") != 0) {
		http_fail(r, 400, "must provide log type (stdout/stderr)");
		return;
	}
	ask.alloc_id = http_route_param(r, "id");
	if (check_task(r, run, task) && read_flag(r, "follow", &ask.follow) &&
	    read_flag(r, "plain", &ask.plain) && read_place(r, &ask))
		logstream_start(ctx, r, &ask);
}
