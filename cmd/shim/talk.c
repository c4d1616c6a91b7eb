/* Who asks how the task is, and orders what becomes of it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/shim/shim.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/log.h"
#include "proto/shim.h"

static void
drop_client(struct shim *s, int i)
{
	close(s->clients[i]);
	s->clients[i] = -1;
}

static void
tell(struct shim *s, int i)
{
	struct buf b = { 0 };

	rec_pack(&shim_status_type, &s->status, &b);
	if (send(s->clients[i], b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	    -1)
		drop_client(s, i);
	buf_release(&b);
}

void
shim_tell_all(struct shim *s)
{
	for (int i = 0; i < SHIM_MAX_CLIENTS; i++)
		if (s->clients[i] != -1)
			tell(s, i);
}

void
shim_add_client(struct shim *s, int fd)
{
	for (int i = 0; i < SHIM_MAX_CLIENTS; i++)
		if (s->clients[i] == -1) {
			s->clients[i] = fd;
			return;
		}
	close(fd);
}

int
shim_listen(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
	unlink(path);
	if (fd == -1 ||
	    bind(fd, (const struct sockaddr *)&sun, sizeof sun) == -1 ||
	    listen(fd, SHIM_MAX_CLIENTS) == -1)
		log_fatal("%s: %s", path, strerror(errno));
	return fd;
}

static uint64_t
later(uint64_t now_ms, uint64_t after_ms)
{
	return after_ms > UINT64_MAX - now_ms ? UINT64_MAX : now_ms + after_ms;
}

/* The task has ended while its end is not on disk: its pid may be another's
 * by then. */
static bool
is_over(const struct shim *s)
{
	return s->save_at_ms != 0;
}

void
shim_obey(struct shim *s, int i)
{
	char packet[SHIM_MAX_PACKET];
	struct shim_order order;
	ssize_t n = recv(s->clients[i], packet, sizeof packet, MSG_DONTWAIT);

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			drop_client(s, i);
		return;
	}
	if (rec_unpack(&shim_order_type, &order, packet, (size_t)n, NULL,
		NULL) == -1) {
		drop_client(s, i);
		return;
	}
	if (order.signal > 0 && order.signal < NSIG && !is_over(s))
		kill((pid_t)s->status.pid, (int)order.signal);
	if (order.kill_after_ms > 0 && !is_over(s))
		s->kill_at_ms = later(clock_mono_ms(), order.kill_after_ms);
	if (order.end_taken && is_over(s))
		s->done = true;
}
