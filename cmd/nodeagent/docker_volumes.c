/* What of the node a container sees. */
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/allocdir.h"
#include "cmd/nodeagent/docker_create_impl.h"
#include "common/mem.h"

/* --- paths --- */

/* An absolute path without ".", ".." and needless slashes; caller frees. */
static char *
clean_path(const char *base, const char *path)
{
	char *whole =
	    *path == '/' ? xstrdup(path) : xasprintf("%s/%s", base, path);
	struct buf out = { 0 };
	char *save = NULL;

	for (char *part = strtok_r(whole, "/", &save); part != NULL;
	     part = strtok_r(NULL, "/", &save)) {
		if (strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") != 0) {
			buf_addf(&out, "/%s", part);
			continue;
		}
		while (out.len > 0 && out.data[--out.len] != '/')
			continue;
		if (out.data != NULL)
			out.data[out.len] = '\0';
	}
	free(whole);
	if (out.len == 0)
		buf_addc(&out, '/');
	return buf_take(&out);
}

int
docker_inside_check(const struct docker_inside *in, struct err *err)
{
	for (size_t i = 0; i < in->npaths; i++)
		if (allocdir_leads_out(in->root, in->paths[i]))
			return err_set(err, ERR_DENIED,
			    "volumes are not enabled; cannot mount host "
			    "path: \"%s%s\" leads out of the allocation",
			    in->root, in->paths[i]);
	return 0;
}

void
docker_inside_release(struct docker_inside *in)
{
	for (size_t i = 0; i < in->npaths; i++)
		free(in->paths[i]);
	free(in->paths);
	free(in->root);
	*in = (struct docker_inside){ 0 };
}

/* To be looked at again. */
static void
remember_inside(struct docker_inside *in, const char *root, const char *path)
{
	if (in->root == NULL)
		in->root = xstrdup(root);
	in->paths = xreallocarray(in->paths, in->npaths + 1, sizeof *in->paths);
	in->paths[in->npaths++] = xstrdup(path);
}

/* Whether a clean path lies in the allocation's directory, and no link leads
 * the engine, which follows them all, out of it. */
static bool
is_of_alloc(const struct docker_create *c, const char *path)
{
	const char *dir = c->task->alloc_dir;
	const char *slash = strrchr(dir, '/');
	size_t n = slash != NULL ? (size_t)(slash - dir) : 0;
	char *root;
	bool inside;

	if (n == 0 || strncmp(path, dir, n) != 0 ||
	    (path[n] != '\0' && path[n] != '/'))
		return false;
	root = xstrndup(dir, n);
	inside = !allocdir_leads_out(root, path + n);
	if (inside && c->inside != NULL)
		remember_inside(c->inside, root, path + n);
	free(root);
	return inside;
}

/* --- Binds --- */

static void
push_bind(const struct docker_create *c, struct tree *binds, const char *source,
    const char *target, const char *mode)
{
	const char *label = c->options->volumes.selinuxlabel;
	bool has_label = label != NULL && *label != '\0';
	bool has_mode = mode != NULL && *mode != '\0';
	char *bind = xasprintf("%s:%s%s%s%s%s", source, target,
	    has_mode || has_label ? ":" : "", has_mode ? mode : "",
	    has_mode && has_label ? "," : "", has_label ? label : "");

	tree_push(binds, tree_str(bind));
	free(bind);
}

/* Splits "source:target[:mode]" in place. */
static int
split_volume(
    char *spec, char **target, char **mode, const char *whole, struct err *err)
{
	*target = strchr(spec, ':');
	*mode = NULL;
	if (*target != NULL) {
		*(*target)++ = '\0';
		if ((*mode = strchr(*target, ':')) != NULL)
			*(*mode)++ = '\0';
	}
	if (*spec == '\0' || *target == NULL || **target != '/' ||
	    (*mode != NULL && (**mode == '\0' || strchr(*mode, ':') != NULL)))
		return err_set(err, ERR_BAD,
		    "invalid docker volume \"%s\": expected "
		    "source:/target[:mode]",
		    whole);
	return 0;
}

/* With a volume driver the source is a volume's name, without a path. */
static int
put_volume(const struct docker_create *c, struct tree *binds, const char *text,
    struct err *err)
{
	const char *driver = c->config->volume_driver;
	char *spec = xstrdup(text), *source = NULL, *target, *mode;
	int rv = split_volume(spec, &target, &mode, text, err);

	if (rv == 0)
		source = driver == NULL || *driver == '\0'
			     ? clean_path(c->task->task_dir, spec)
			     : xstrdup(spec);
	if (rv == 0 && !c->options->volumes.enabled && !is_of_alloc(c, source))
		rv = err_set(err, ERR_DENIED,
		    "volumes are not enabled; cannot mount host paths: \"%s\"",
		    text);
	if (rv == 0)
		push_bind(c, binds, source, target, mode);
	free(source);
	free(spec);
	return rv;
}

static int
put_binds(const struct docker_create *c, struct tree *host, struct err *err)
{
	const struct docker_config *config = c->config;
	struct tree *binds = tree_list();
	int rv = 0;

	tree_set(host, "Binds", binds);
	push_bind(c, binds, c->task->alloc_dir, docker_dirs.alloc, NULL);
	push_bind(c, binds, c->task->local_dir, docker_dirs.task, NULL);
	push_bind(c, binds, c->task->secrets_dir, docker_dirs.secrets, NULL);
	for (size_t i = 0; i < config->nvolumes && rv == 0; i++)
		rv = put_volume(c, binds, config->volumes[i], err);
	return rv;
}

/* --- Mounts --- */

static int
put_bind_mount(const struct docker_create *c, const struct docker_mount *m,
    struct tree *mount, struct err *err)
{
	char *source = clean_path(c->task->task_dir, m->source);
	struct tree *options;
	int rv = 0;

	if (!c->options->volumes.enabled && !is_of_alloc(c, source))
		rv = err_set(err, ERR_DENIED,
		    "volumes are not enabled; cannot mount host path: \"%s\"",
		    m->source);
	tree_set(mount, "Source", tree_str(source));
	if (m->bind_options != NULL) {
		options = tree_map();
		docker_put_text(
		    options, "Propagation", m->bind_options->propagation);
		tree_set(mount, "BindOptions", options);
	}
	free(source);
	return rv;
}

/* A volume driver's options reach as far as the node's own mounts do. */
static int
put_volume_mount(const struct docker_create *c, const struct docker_mount *m,
    struct tree *mount, struct err *err)
{
	const struct docker_mount_volume *v = m->volume_options;
	struct tree *options, *driver;

	docker_put_text(mount, "Source", m->source);
	if (v == NULL)
		return 0;
	options = tree_map();
	tree_set(mount, "VolumeOptions", options);
	if (v->no_copy)
		tree_set(options, "NoCopy", tree_bool(true));
	docker_put_map(options, "Labels", v->labels, v->nlabels);
	if (v->driver_config == NULL)
		return 0;
	if (!c->options->volumes.enabled)
		return err_set(err, ERR_DENIED,
		    "volumes are not enabled; cannot use volume driver \"%s\"",
		    v->driver_config->name != NULL ? v->driver_config->name
						   : "");
	driver = tree_map();
	docker_put_text(driver, "Name", v->driver_config->name);
	docker_put_map(driver, "Options", v->driver_config->options,
	    v->driver_config->noptions);
	tree_set(options, "DriverConfig", driver);
	return 0;
}

static void
put_tmpfs_mount(const struct docker_mount *m, struct tree *mount)
{
	struct tree *options;

	if (m->tmpfs_options == NULL)
		return;
	options = tree_map();
	tree_set(options, "SizeBytes", tree_int(m->tmpfs_options->size));
	if (m->tmpfs_options->mode != 0)
		tree_set(options, "Mode", tree_int(m->tmpfs_options->mode));
	tree_set(mount, "TmpfsOptions", options);
}

static int
put_mount(const struct docker_create *c, const struct docker_mount *m,
    struct tree *mounts, struct err *err)
{
	const char *type =
	    m->type != NULL && *m->type != '\0' ? m->type : "volume";
	struct tree *mount = tree_map();

	tree_push(mounts, mount);
	tree_set(mount, "Type", tree_str(type));
	tree_set(mount, "Target", tree_str(m->target));
	if (m->readonly)
		tree_set(mount, "ReadOnly", tree_bool(true));
	if (strcmp(type, "bind") == 0)
		return put_bind_mount(c, m, mount, err);
	if (strcmp(type, "volume") == 0)
		return put_volume_mount(c, m, mount, err);
	put_tmpfs_mount(m, mount);
	return 0;
}

static int
put_mounts(const struct docker_create *c, struct tree *host, struct err *err)
{
	const struct docker_config *config = c->config;
	struct tree *mounts = tree_list();

	tree_set(host, "Mounts", mounts);
	for (size_t i = 0; i < config->nmount; i++)
		if (put_mount(c, &config->mount[i], mounts, err) == -1)
			return -1;
	for (size_t i = 0; i < config->nmounts; i++)
		if (put_mount(c, &config->mounts[i], mounts, err) == -1)
			return -1;
	return 0;
}

int
docker_put_volumes(
    const struct docker_create *c, struct tree *host, struct err *err)
{
	const char *driver = c->config->volume_driver;

	if (driver != NULL && *driver != '\0' && !c->options->volumes.enabled)
		return err_set(err, ERR_DENIED,
		    "volumes are not enabled; cannot use volume driver \"%s\"",
		    driver);
	docker_put_text(host, "VolumeDriver", driver);
	if (put_binds(c, host, err) == -1)
		return -1;
	return put_mounts(c, host, err);
}
