#include "cmd/rove/agent_tasks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"
#include "proto/shim.h"

#define MAX_SHIMS    65536 /* looked at in one round */
#define ROUNDS       20
#define ROUND_MS     50
#define QUIET_ROUNDS 2    /* nothing found so often: nothing is left */
#define END_MS       2000 /* a shim has so long to kill its task */

/* sun_path is short, so the way goes through a descriptor. */
static int
connect_ctl(int shims, const char *name)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int dir =
	    openat(shims, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int fd;

	if (dir == -1)
		return -1;
	snprintf(
	    sun.sun_path, sizeof sun.sun_path, "/proc/self/fd/%d/ctl", dir);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd != -1 &&
	    connect(fd, (const struct sockaddr *)&sun, sizeof sun) == -1) {
		close(fd);
		fd = -1;
	}
	close(dir);
	return fd;
}

/* Reads what the shim says until it hangs up. */
static void
wait_for_end(int fd)
{
	uint64_t until = clock_mono_ms() + END_MS, now;
	char packet[SHIM_MAX_PACKET];

	while ((now = clock_mono_ms()) < until) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, (int)(until - now)) != 1)
			continue;
		n = recv(fd, packet, sizeof packet, MSG_DONTWAIT);
		if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN))
			return;
	}
}

/* The shim kills what its task has started, which dies with the shim alone
 * only as far as it is the shim's child. */
static void
end_one(int fd)
{
	struct shim_order order = { .signal = SIGKILL, .kill_after_ms = 1 };
	struct ucred keeper = { 0 };
	socklen_t size = sizeof keeper;
	struct buf b = { 0 };

	rec_pack(&shim_order_type, &order, &b);
	if (send(fd, b.data, b.len, MSG_NOSIGNAL) != -1)
		wait_for_end(fd);
	buf_release(&b);
	/* As long as we are connected, the pid is the shim's. */
	if (send(fd, "", 1, MSG_NOSIGNAL) != -1 &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &keeper, &size) == 0 &&
	    keeper.pid > 1)
		kill(keeper.pid, SIGKILL);
}

/* How many shims were there to be ended; *nentries: those gone, too. */
static size_t
end_round(const char *path, size_t *nentries)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	size_t n = 0;

	*nentries = 0;
	if (dir == NULL)
		return 0;
	while ((e = readdir(dir)) != NULL && *nentries < MAX_SHIMS) {
		int fd;

		if (e->d_name[0] == '.')
			continue;
		(*nentries)++;
		fd = connect_ctl(dirfd(dir), e->d_name);
		if (fd == -1)
			continue;
		end_one(fd);
		close(fd);
		n++;
	}
	closedir(dir);
	return n;
}

/* A shim that was starting as its nodeagent ended does not listen at once:
 * hence more than one round. */
size_t
agent_tasks_end(const char *client_dir)
{
	const struct timespec pause = { .tv_nsec = ROUND_MS * 1000000L };
	char *path = xasprintf("%s/shims", client_dir);
	size_t total = 0, nentries;

	for (int i = 0, quiet = 0; i < ROUNDS && quiet < QUIET_ROUNDS; i++) {
		size_t n = end_round(path, &nentries);

		total += n;
		quiet = n == 0 ? quiet + 1 : 0;
		if (nentries == 0)
			break;
		nanosleep(&pause, NULL);
	}
	free(path);
	return total;
}
