#include "cmd/nodeagent/docker_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

static const struct rec_field docker_version_fields[] = {
	REC_STR(struct docker_version, 1, version, "Version"),
	REC_STR(struct docker_version, 2, api_version, "ApiVersion"),
	REC_STR(struct docker_version, 3, min_api_version, "MinAPIVersion"),
};
const struct rec_type docker_version_type =
    REC_TYPE(docker_version, docker_version_fields);

static const struct rec_field docker_info_fields[] = {
	REC_STR(struct docker_info, 1, os_type, "OSType"),
	REC_TREE(struct docker_info, 2, runtimes, "Runtimes"),
};
const struct rec_type docker_info_type =
    REC_TYPE(docker_info, docker_info_fields);

static const struct rec_field docker_state_fields[] = {
	REC_BOOL(struct docker_state, 1, running, "Running"),
	REC_BOOL(struct docker_state, 2, oom_killed, "OOMKilled"),
	REC_I64(struct docker_state, 3, exit_code, "ExitCode"),
	REC_I64(struct docker_state, 4, pid, "Pid"),
	REC_STR(struct docker_state, 5, error, "Error"),
	REC_TIME(struct docker_state, 6, started_at, "StartedAt"),
	REC_TIME(struct docker_state, 7, finished_at, "FinishedAt"),
	REC_STR(struct docker_state, 8, status, "Status"),
};
const struct rec_type docker_state_type =
    REC_TYPE(docker_state, docker_state_fields);

static const struct rec_field docker_container_config_fields[] = {
	REC_STRMAP(struct docker_container_config, 1, labels, "Labels"),
	REC_STR(struct docker_container_config, 2, stop_signal, "StopSignal"),
};
const struct rec_type docker_container_config_type =
    REC_TYPE(docker_container_config, docker_container_config_fields);

static const struct rec_field docker_container_fields[] = {
	REC_STR(struct docker_container, 1, id, "Id"),
	REC_STR(struct docker_container, 2, image, "Image"),
	REC_REC(struct docker_container, 3, state, docker_state, "State"),
	REC_REC(struct docker_container, 4, config, docker_container_config,
	    "Config"),
};
const struct rec_type docker_container_type =
    REC_TYPE(docker_container, docker_container_fields);

static const struct rec_field docker_listed_fields[] = {
	REC_STR(struct docker_listed, 1, id, "Id"),
	REC_STRS(struct docker_listed, 2, names, "Names"),
	REC_STRMAP(struct docker_listed, 3, labels, "Labels"),
	REC_I64(struct docker_listed, 4, created, "Created"),
};
const struct rec_type docker_listed_type =
    REC_TYPE(docker_listed, docker_listed_fields);

static const struct rec_field docker_id_fields[] = {
	REC_STR(struct docker_id, 1, id, "Id"),
};
const struct rec_type docker_id_type = REC_TYPE(docker_id, docker_id_fields);

static const struct rec_field docker_waited_fields[] = {
	REC_I64(struct docker_waited, 1, status_code, "StatusCode"),
};
const struct rec_type docker_waited_type =
    REC_TYPE(docker_waited, docker_waited_fields);

int
docker_list_read(const char *text, size_t n, struct docker_listed **out,
    size_t *nout, struct err *err)
{
	struct tree *t = tree_from_json(text, n, err);
	int rv = t != NULL ? 0 : -1;

	*out = NULL;
	*nout = 0;
	if (t != NULL && t->kind != TREE_LIST)
		rv = err_set(err, ERR_BAD, "expected a list of containers");
	for (size_t i = 0; rv == 0 && i < t->nitems; i++) {
		*out = xreallocarray(*out, *nout + 1, sizeof **out);
		rv = rec_from_tree(
		    &docker_listed_type, &(*out)[*nout], t->items[i], err);
		*nout += rv == 0;
	}
	tree_free(t);
	if (rv == 0)
		return 0;
	while (*nout > 0)
		rec_clear(&docker_listed_type, &(*out)[--*nout]);
	free(*out);
	*out = NULL;
	return -1;
}

/* The part of the body that is one line of text. */
static void
copy_line(const char *body, size_t n, char *out, size_t size)
{
	size_t len = 0;

	while (len < n && len < size - 1 && (unsigned char)body[len] >= ' ') {
		out[len] = body[len];
		len++;
	}
	out[len] = '\0';
}

void
docker_error_text(
    int status, const char *body, size_t n, char *out, size_t size)
{
	struct tree *t = tree_from_json(body, n, NULL);
	const char *said = tree_get_str(t, "message");
	char line[512];

	if (said != NULL)
		copy_line(said, strlen(said), line, sizeof line);
	else
		copy_line(body, n, line, sizeof line);
	snprintf(out, size, "API error (%d): %s", status, line);
	tree_free(t);
}

void
docker_bridge_ip(const char *text, size_t n, char out[64])
{
	struct tree *t = tree_from_json(text, n, NULL);
	const struct tree *config = tree_get(tree_get(t, "IPAM"), "Config");
	const char *ip = NULL;

	if (config != NULL && config->kind == TREE_LIST && config->nitems > 0)
		ip = tree_get_str(config->items[0], "Gateway");
	snprintf(out, 64, "%s", ip != NULL ? ip : "");
	tree_free(t);
}

unsigned
docker_api_number(const char *text)
{
	unsigned major = 0, minor = 0;
	char end;

	if (text == NULL ||
	    sscanf(text, "%3u.%3u%c", &major, &minor, &end) != 2)
		return 0;
	return major * 1000 + minor;
}

/* --- a pull's progress --- */

static struct docker_layer *
layer_of(struct docker_progress *p, const char *id)
{
	struct docker_layer *l;

	for (size_t i = 0; i < p->nlayers; i++)
		if (strncmp(p->layers[i].id, id, sizeof p->layers[i].id - 1) ==
		    0)
			return &p->layers[i];
	if (p->nlayers >= DOCKER_MAX_LAYERS)
		return NULL;
	p->layers = xgrow(p->layers, p->nlayers, &p->cap, sizeof *p->layers);
	l = &p->layers[p->nlayers++];
	*l = (struct docker_layer){ 0 };
	snprintf(l->id, sizeof l->id, "%s", id);
	return l;
}

static int64_t
number(const struct tree *t, const char *name)
{
	const struct tree *v = tree_get(t, name);

	return v != NULL && v->kind == TREE_INT && v->i > 0 ? v->i : 0;
}

/* What the engine calls a layer's state; -1: the line is of no layer. */
static int
layer_state(const char *status)
{
	static const struct {
		const char *status;
		enum docker_layer_state state;
	} known[] = {
		{ "Pulling fs layer", DOCKER_LAYER_WAITING },
		{ "Waiting", DOCKER_LAYER_WAITING },
		{ "Downloading", DOCKER_LAYER_PULLING },
		{ "Verifying Checksum", DOCKER_LAYER_PULLING },
		{ "Download complete", DOCKER_LAYER_PULLED },
		{ "Extracting", DOCKER_LAYER_PULLED },
		{ "Pull complete", DOCKER_LAYER_PULLED },
		{ "Already exists", DOCKER_LAYER_PULLED },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(known[i].status, status) == 0)
			return (int)known[i].state;
	return -1;
}

static void
note_layer(struct docker_progress *p, const struct tree *line)
{
	const char *status = tree_get_str(line, "status");
	const char *id = tree_get_str(line, "id");
	const struct tree *detail = tree_get(line, "progressDetail");
	int state = status != NULL ? layer_state(status) : -1;
	struct docker_layer *l;

	if (state == -1 || id == NULL || (l = layer_of(p, id)) == NULL)
		return;
	l->state = (enum docker_layer_state)state;
	if (strcmp(status, "Downloading") == 0) {
		l->current = number(detail, "current");
		l->total = number(detail, "total");
	} else if (strcmp(status, "Download complete") == 0) {
		l->current = l->total;
	}
}

static int
read_line(
    struct docker_progress *p, const char *text, size_t n, struct err *err)
{
	struct tree *line = tree_from_json(text, n, err);
	const char *failed;
	int rv = 0;

	if (line == NULL)
		return err_add(err, "progress of the pull");
	p->any = true;
	failed = tree_get_str(tree_get(line, "errorDetail"), "message");
	if (failed == NULL)
		failed = tree_get_str(line, "error");
	if (failed != NULL) {
		copy_line(failed, strlen(failed), p->failed, sizeof p->failed);
		rv = err_set(err, ERR_BAD, "%s", p->failed);
	} else {
		note_layer(p, line);
	}
	tree_free(line);
	return rv;
}

static bool
is_blank(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strchr(" \t\r", s[i]) == NULL)
			return false;
	return true;
}

int
docker_progress_add(
    struct docker_progress *p, const char *bytes, size_t n, struct err *err)
{
	while (n > 0) {
		const char *nl = memchr(bytes, '\n', n);
		size_t part = nl != NULL ? (size_t)(nl - bytes) : n;
		int rv = 0;

		if (p->line.len + part > DOCKER_MAX_LINE)
			return err_set(err, ERR_BAD,
			    "progress of the pull: a line is longer than %d "
			    "bytes",
			    DOCKER_MAX_LINE);
		buf_add(&p->line, bytes, part);
		if (nl == NULL)
			return 0;
		if (!is_blank(p->line.data, p->line.len))
			rv = read_line(p, p->line.data, p->line.len, err);
		buf_reset(&p->line);
		if (rv == -1)
			return -1;
		bytes += part + 1;
		n -= part + 1;
	}
	return 0;
}

/* As people read sizes: four digits and a binary unit. */
static void
format_size(double bytes, char out[24])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t u = 0;

	while (bytes >= 1024 && u < sizeof units / sizeof units[0] - 1) {
		bytes /= 1024;
		u++;
	}
	snprintf(out, 24, "%.4g%s", bytes, units[u]);
}

void
docker_progress_text(const struct docker_progress *p, uint64_t elapsed_ms,
    char *out, size_t size)
{
	size_t count[DOCKER_LAYER_PULLED + 1] = { 0 };
	double current = 0, total = 0, left_s;
	char done[24], all[24];
	int n;

	if (!p->any) {
		snprintf(out, size, "No progress");
		return;
	}
	for (size_t i = 0; i < p->nlayers; i++) {
		count[p->layers[i].state]++;
		current += (double)p->layers[i].current;
		total += (double)p->layers[i].total;
	}
	format_size(current, done);
	format_size(total, all);
	n = snprintf(out, size,
	    "Pulled %zu/%zu (%s/%s) layers: %zu waiting/%zu pulling",
	    count[DOCKER_LAYER_PULLED], p->nlayers, done, all,
	    count[DOCKER_LAYER_WAITING], count[DOCKER_LAYER_PULLING]);
	if (current <= 0 || n < 0 || (size_t)n >= size)
		return;
	left_s = (double)elapsed_ms / 1000 * (total / current - 1);
	if (left_s > 0)
		snprintf(out + n, size - (size_t)n, " - est %.1fs remaining",
		    left_s);
}

void
docker_progress_release(struct docker_progress *p)
{
	free(p->layers);
	buf_release(&p->line);
	*p = (struct docker_progress){ 0 };
}
