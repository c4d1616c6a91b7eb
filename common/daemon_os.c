#include "common/daemon_impl.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "common/mem.h"

#define USUAL_GROUP  "rove"
#define LOCK_WAIT_MS 2000
#define LOCK_POLL_MS 20

static const struct daemon_config *
common_of(const struct daemon *d)
{
	return d->config;
}

/* --- directories and locks --- */

/*
 * Whose it is and who may come in. Where the supervisor made it with the
 * control socket's group for what is made in it, that stays.
 */
static int
set_owner(
    const char *path, mode_t mode, const struct passwd *owner, struct err *err)
{
	struct stat st;

	if (owner != NULL && chown(path, owner->pw_uid, owner->pw_gid) == -1)
		return err_sys(err, "chown %s", path);
	if (stat(path, &st) == -1)
		return err_sys(err, "stat %s", path);
	/* A change of mode by who is not in its group would lose that. */
	if ((st.st_mode & 01777) == mode)
		return 0;
	/* Not ours: whoever made it said who may come in. */
	if (chmod(path, mode | (st.st_mode & S_ISGID)) == -1 && errno != EPERM)
		return err_sys(err, "chmod %s", path);
	return 0;
}

static const char *
user_name(uid_t uid, char name[64])
{
	const struct passwd *pw = getpwuid(uid);

	if (pw != NULL)
		snprintf(name, 64, "%s", pw->pw_name);
	else
		snprintf(name, 64, "user %lu", (unsigned long)uid);
	return name;
}

static bool
is_empty_dir(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	bool empty = dir != NULL;

	while (empty && (e = readdir(dir)) != NULL)
		empty =
		    strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
	if (dir != NULL)
		closedir(dir);
	return empty;
}

/* One that a daemon has used before, as root. */
static bool
was_a_data_dir(const char *path)
{
	char *lock = xasprintf("%s/lock", path);
	bool is = access(lock, F_OK) == 0;

	free(lock);
	return is;
}

/*
 * A directory that is there already may be a mistake: nobody's /var is given
 * away, and what was open to others is told before it is closed.
 */
static int
check_data_dir(
    const char *path, mode_t mode, const struct passwd *owner, struct err *err)
{
	uid_t want = owner != NULL ? owner->pw_uid : geteuid();
	char is[64], wants[64];
	struct stat st;

	if (stat(path, &st) == -1)
		return errno == ENOENT ? 0 : err_sys(err, "data_dir %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(
		    err, ERR_BAD, "data_dir %s is not a directory", path);
	if (st.st_uid != want && owner != NULL &&
	    (st.st_uid != 0 || (!is_empty_dir(path) && !was_a_data_dir(path))))
		return err_set(err, ERR_BAD,
		    "data_dir %s belongs to %s, not to %s", path,
		    user_name(st.st_uid, is), user_name(want, wants));
	if (st.st_uid != want && owner == NULL)
		log_warn("data_dir is another user's path=%s user=%s mode=%03o",
		    path, user_name(st.st_uid, is), st.st_mode & 0777);
	else if ((st.st_mode & 0777 & ~mode) != 0)
		log_warn("data_dir was open to others, which ends "
			 "path=%s mode=%03o",
		    path, st.st_mode & 0777);
	return 0;
}

static int
open_data_dir(struct daemon *d, const struct passwd *pw, struct err *err)
{
	const char *dir = common_of(d)->data_dir;
	mode_t mode = d->def->open_data_dir ? 0711 : 0700;

	if (dir[0] == '\0')
		return 0;
	if (check_data_dir(dir, mode, pw, err) == -1 ||
	    file_make_dirs(dir, mode, err) == -1 ||
	    set_owner(dir, mode, pw, err) == -1)
		return -1;
	d->impl->data_lock = daemon_lock_dir("data_dir", dir, err);
	return d->impl->data_lock == -1 ? -1 : 0;
}

static void
tell_holder(int fd, const char *what, const char *dir, struct err *err)
{
	char pid[32] = "";
	ssize_t n = pread(fd, pid, sizeof pid - 1, 0);

	if (n > 0)
		pid[strcspn(pid, "\n")] = '\0';
	err_set(err, ERR_CONFLICT, "%s %s is in use by process %s", what, dir,
	    n > 0 ? pid : "unknown");
}

/* Who is ending may take a moment to let go. */
static int
take_lock(int fd)
{
	for (int tries = LOCK_WAIT_MS / LOCK_POLL_MS;; tries--) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK || tries == 0)
			return -1;
		usleep(LOCK_POLL_MS * 1000);
	}
}

int
daemon_lock_dir(const char *what, const char *dir, struct err *err)
{
	char *path = xasprintf("%s/lock", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd == -1) {
		err_sys(err, "open %s", path);
	} else if (take_lock(fd) == -1) {
		if (errno == EWOULDBLOCK)
			tell_holder(fd, what, dir, err);
		else
			err_sys(err, "lock %s", path);
		close(fd);
		fd = -1;
	} else if (ftruncate(fd, 0) == -1 ||
		   dprintf(fd, "%d\n", getpid()) < 0) {
		err_sys(err, "write %s", path);
		close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}

char *
daemon_run_dir(const struct daemon *d)
{
	return xasprintf("%s/%s", common_of(d)->run_dir, d->def->name);
}

int
daemon_dirs_open(struct daemon *d, struct err *err)
{
	const struct passwd root = { .pw_uid = 0 }, *pw;
	char *dir = daemon_run_dir(d);
	int rv = -1;

	/*
	 * Others may pass through it; the sockets' modes say who may speak.
	 * It is root's until daemon_become_user(), so that nobody can put a
	 * link in the place of the control socket while root makes it.
	 */
	if (daemon_user_find(d, &pw, err) == -1 ||
	    file_make_dirs(common_of(d)->run_dir, 0755, err) == -1 ||
	    file_make_dirs(dir, 0751, err) == -1 ||
	    set_owner(dir, 0751, pw != NULL ? &root : NULL, err) == -1)
		goto out;
	d->impl->run_lock = daemon_lock_dir("run_dir", dir, err);
	if (d->impl->run_lock != -1)
		rv = open_data_dir(d, pw, err);
out:
	free(dir);
	return rv;
}

void
daemon_dirs_close(struct daemon *d)
{
	if (d->impl->run_lock != -1)
		close(d->impl->run_lock);
	if (d->impl->data_lock != -1)
		close(d->impl->data_lock);
}

/* --- who we are --- */

void
daemon_set_group(struct daemon *d, const char *path)
{
	const char *named = common_of(d)->group;
	const struct group *gr =
	    getgrnam(named[0] != '\0' ? named : USUAL_GROUP);

	if (gr == NULL) {
		if (named[0] != '\0')
			log_warn("no such group group=%s", named);
		return;
	}
	if (chown(path, (uid_t)-1, gr->gr_gid) == -1 &&
	    (named[0] != '\0' || errno != EPERM))
		log_warn("control socket keeps its group path=%s group=%s "
			 "reason=\"%s\"",
		    path, gr->gr_name, strerror(errno));
}

/* In a directory that hands its group on, sockets have the wrong one. */
void
daemon_set_own_group(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && st.st_gid != getegid() &&
	    chown(path, (uid_t)-1, getegid()) == -1)
		log_warn("socket keeps its group path=%s reason=\"%s\"", path,
		    strerror(errno));
}

int
daemon_die_with_parent(pid_t parent, struct err *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1)
		return err_sys(err, "prctl");
	if (getppid() != parent)
		return err_set(err, ERR_GONE, "the parent is gone");
	return 0;
}

void
daemon_notify(const char *what)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t n = path == NULL ? 0 : strlen(path);
	int fd;

	if (n < 2 || n >= sizeof sa.sun_path)
		return;
	memcpy(sa.sun_path, path, n);
	if (path[0] == '@')
		sa.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	if (sendto(fd, what, strlen(what), MSG_NOSIGNAL,
		(const struct sockaddr *)&sa,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == -1)
		log_warn("systemd was not told reason=\"%s\"", strerror(errno));
	close(fd);
}

/* --- who can reach us --- */

bool
daemon_is_loopback(const char *addr)
{
	char host[INET6_ADDRSTRLEN];
	const char *end;
	struct in6_addr six;
	size_t n;

	if (addr[0] == '[') {
		addr++;
		end = strchr(addr, ']');
		n = end == NULL ? strlen(addr) : (size_t)(end - addr);
	} else {
		end = strchr(addr, ':');
		n = end == NULL || strchr(end + 1, ':') != NULL
			? strlen(addr)
			: (size_t)(end - addr);
	}
	if (n >= sizeof host)
		return false;
	memcpy(host, addr, n);
	host[n] = '\0';
	if (strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0)
		return true;
	return inet_pton(AF_INET6, host, &six) == 1 &&
	       IN6_IS_ADDR_LOOPBACK(&six);
}

void
daemon_warn_if_open(const char *what, const char *addr)
{
	if (daemon_is_loopback(addr))
		return;
	log_warn(
	    "OPEN TO THE NETWORK: %s listens at %s and neither TLS nor ACL "
	    "asks who is there: whoever reaches it commands this machine",
	    what, addr);
}

void
daemon_warn_if_shown(const char *what, const char *addr)
{
	if (!daemon_is_loopback(addr))
		log_warn("open to the network: %s listens at %s and shows to "
			 "whoever reaches it what it knows",
		    what, addr);
}
