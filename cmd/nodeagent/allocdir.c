#include "cmd/nodeagent/allocdir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/mem.h"

static int
make_dir(int at, const char *name, mode_t mode, struct err *err)
{
	int fd;

	if (mkdirat(at, name, mode) == -1 && errno != EEXIST) {
		err_sys(err, "%s", name);
		return -1;
	}
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		err_sys(err, "%s", name);
	else if (fchmod(fd, mode) == -1) /* whatever the umask is */
		err_sys(err, "%s", name);
	return fd;
}

struct sub {
	const char *name;
	mode_t mode;
};

static int
make_tree(int at, const char *name, mode_t mode, const struct sub *subs,
    size_t nsubs, struct err *err)
{
	int fd = make_dir(at, name, mode, err);
	int rv = fd == -1 ? -1 : 0;

	for (size_t i = 0; i < nsubs && rv == 0; i++) {
		int sub = make_dir(fd, subs[i].name, subs[i].mode, err);

		rv = sub == -1 ? -1 : 0;
		if (sub != -1)
			close(sub);
	}
	if (fd != -1)
		close(fd);
	return rv;
}

int
allocdir_make(const char *base, const struct alloc *alloc,
    const struct task_group *group, struct err *err)
{
	/* Tasks read each other's output, but only their keepers write it:
	 * so logs is ours, and in the sticky directory above it nobody can put
	 * another in its place. */
	static const struct sub shared[] = { { "data", 0777 }, { "logs", 0755 },
		{ "tmp", 01777 } };
	/* A container's processes are whom its image says, whom nobody here
	 * knows; and no other container sees its secrets. */
	struct sub of_task[] = { { "secrets", 0700 }, { "local", 0777 },
		{ "tmp", 01777 }, { "private", 0700 } };
	int base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = -1, rv = -1;

	if (base_fd == -1) {
		err_sys(err, "%s", base);
		goto out;
	}
	if ((fd = make_dir(base_fd, alloc->id, 0755, err)) == -1)
		goto out;
	rv = make_tree(fd, "alloc", 01777, shared, 3, err);
	for (size_t i = 0; i < group->ntasks && rv == 0; i++) {
		const struct task *t = &group->tasks[i];

		of_task[0].mode =
		    t->driver != NULL && strcmp(t->driver, "docker") == 0
			? 0777
			: 0700;
		rv = make_tree(fd, t->name, 0777, of_task, 4, err);
	}
out:
	if (fd != -1)
		close(fd);
	if (base_fd != -1)
		close(base_fd);
	return rv == 0 ? 0 : err_add(err, "%s/%s", base, alloc->id);
}

void
allocdir_paths_init(struct allocdir_paths *p, const char *base,
    const char *alloc_id, const char *task)
{
	p->alloc = xasprintf("%s/%s/alloc", base, alloc_id);
	p->logs = xasprintf("%s/logs", p->alloc);
	p->root = xasprintf("%s/%s/%s", base, alloc_id, task);
	p->local = xasprintf("%s/local", p->root);
	p->secrets = xasprintf("%s/secrets", p->root);
}

void
allocdir_paths_release(struct allocdir_paths *p)
{
	free(p->alloc);
	free(p->logs);
	free(p->root);
	free(p->local);
	free(p->secrets);
	*p = (struct allocdir_paths){ 0 };
}

/* "task/secrets/x", "task/private": not for clients. */
static bool
is_private(const char *path)
{
	const char *second = strchr(path, '/');
	size_t n;

	if (second == NULL || strncmp(path, "alloc/", 6) == 0)
		return false;
	n = strcspn(++second, "/");
	return (n == 7 && strncmp(second, "secrets", n) == 0) ||
	       (n == 7 && strncmp(second, "private", n) == 0);
}

/* The real path of an open file. */
static void
real_path(int fd, char out[PATH_MAX])
{
	char proc[64];
	ssize_t n;

	snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
	n = readlink(proc, out, PATH_MAX - 1);
	out[n > 0 ? n : 0] = '\0';
}

/* Whether what was opened, all links followed, is a client's to read. */
static bool
may_be_read(int root_fd, int fd)
{
	char root[PATH_MAX], path[PATH_MAX];
	size_t n;

	real_path(root_fd, root);
	real_path(fd, path);
	n = strlen(root);
	if (n == 0 || strncmp(root, path, n) != 0)
		return false;
	return path[n] == '\0' || (path[n] == '/' && !is_private(path + n + 1));
}

static int
open_beneath(int root_fd, const char *path, int flags, struct err *err)
{
	struct open_how how = { .flags = (unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int fd;

	path += strspn(path, "/");
	fd = (int)syscall(
	    SYS_openat2, root_fd, *path != '\0' ? path : ".", &how, sizeof how);
	if (fd != -1 && !may_be_read(root_fd, fd)) {
		err_set(err, ERR_DENIED, "Reading secret file prohibited: %s",
		    path);
		close(fd);
		return -1;
	}
	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR))
		err_set(
		    err, ERR_NOT_FOUND, "%s: no such file or directory", path);
	else if (fd == -1)
		err_sys(err, "%s", path);
	return fd;
}

int
allocdir_open(const char *base, const char *alloc_id, const char *path,
    int flags, struct err *err)
{
	/* "..", or the trash, with the secrets of whoever was there. */
	bool is_id = *alloc_id != '\0' && *alloc_id != '.' &&
		     strchr(alloc_id, '/') == NULL;
	char *root = xasprintf("%s/%s", base, alloc_id);
	int root_fd = -1, fd;

	if (is_id)
		root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(root);
	if (root_fd == -1) {
		err_set(
		    err, ERR_NOT_FOUND, "Unknown allocation \"%s\"", alloc_id);
		return -1;
	}
	fd = open_beneath(root_fd, path, flags, err);
	close(root_fd);
	return fd;
}

bool
allocdir_leads_out(const char *root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	int at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), fd, why;

	if (at == -1)
		return errno != ENOENT;
	path += strspn(path, "/");
	fd = (int)syscall(
	    SYS_openat2, at, *path != '\0' ? path : ".", &how, sizeof how);
	why = errno;
	if (fd != -1)
		close(fd);
	close(at);
	return fd == -1 && why != ENOENT;
}
