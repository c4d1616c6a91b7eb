/*
 * The bus with TLS: a relay holds the connections to others, and nng speaks
 * to it in plain through an abstract socket that nobody else may use.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <nng/nng.h>

#include "common/bus.h"
#include "common/bus_nng.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/rng.h"
#include "common/tls_relay.h"

#define SCHEME          "tls+tcp://"
#define NAME_SIZE       64
#define BACKLOG         128

#define ACCEPT_AGAIN_MS 50 /* after there were no descriptors left */

struct bus_tls_end {
	struct loop *loop;
	char name[NAME_SIZE];
	char url[NAME_SIZE + 16];
	struct tls_relay *relay;
	struct bus_complaint crowded; /* of a listening one */
	int fd; /* where nng comes to be carried to a dialled one, or -1 */
	struct loop_fd *watch;
	struct loop_timer *again;
};

/* That tcp:// is dialled with; threads dial. */
static _Atomic(struct tls_keys *) dialling;

void
bus_use_tls(struct tls_keys *k)
{
	atomic_store(&dialling, k);
}

bool
bus_tls_is_url(const char *url)
{
	return strncmp(url, SCHEME, sizeof SCHEME - 1) == 0;
}

bool
bus_tls_is_dialled(const char *url)
{
	return bus_tls_is_url(url) || (strncmp(url, "tcp://", 6) == 0 &&
					  atomic_load(&dialling) != NULL);
}

/* --- the socket between --- */

static socklen_t
name_addr(const struct bus_tls_end *e, struct sockaddr_un *sa)
{
	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(sa->sun_path + 1, e->name, strlen(e->name));
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   strlen(e->name));
}

static struct bus_tls_end *
end_new(struct loop *l)
{
	struct bus_tls_end *e = xcalloc(1, sizeof *e);
	uint64_t chance[2];

	rng_secret(chance, sizeof chance);
	e->loop = l;
	snprintf(e->name, sizeof e->name, "rove-bus-%016llx%016llx",
	    (unsigned long long)chance[0], (unsigned long long)chance[1]);
	snprintf(e->url, sizeof e->url, "abstract://%s", e->name);
	e->fd = -1;
	return e;
}

void
bus_tls_end_free(struct bus_tls_end *e)
{
	if (e == NULL)
		return;
	tls_relay_free(e->relay);
	loop_fd_free(e->watch);
	loop_timer_free(e->again);
	if (e->fd != -1)
		close(e->fd);
	free(e);
}

const char *
bus_tls_end_url(const struct bus_tls_end *e)
{
	return e->url;
}

const struct tls_relay *
bus_tls_end_relay(const struct bus_tls_end *e)
{
	return e->relay;
}

static struct tls_keys *
keys_or_fail(struct tls_keys *k, const char *url, struct err *err)
{
	if (k == NULL)
		err_set(err, ERR_BAD,
		    "%s: there is no certificate to show to others", url);
	return k;
}

/* --- listening --- */

/* nng takes no more, or the system: the peer comes again. */
static void
say_crowded(struct bus_tls_end *e, const char *peer, const char *why)
{
	struct bus_complaint *c = &e->crowded;
	uint64_t now_ms = loop_now_ms(e->loop);

	c->unsaid++;
	if (c->said_ms != 0 && now_ms - c->said_ms < BUS_COMPLAIN_MS)
		return;
	log_warn("no room for a connection peer=%s count=%" PRIu64
		 " reason=\"%s\"",
	    peer, c->unsaid, why);
	c->said_ms = now_ms;
	c->unsaid = 0;
}

/* One who was let in: a connection to nng. */
static int
on_let_in(void *ctx, const char *peer)
{
	struct bus_tls_end *e = ctx;
	struct sockaddr_un sa;
	socklen_t len = name_addr(e, &sa);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd != -1 && connect(fd, (const struct sockaddr *)&sa, len) == 0)
		return fd;
	say_crowded(e, peer, strerror(errno));
	if (fd != -1)
		close(fd);
	return -1;
}

struct bus_tls_end *
bus_tls_end_listen(
    struct loop *l, const char *url, struct tls_keys *k, struct err *err)
{
	struct bus_tls_end *e;

	if (keys_or_fail(k, url, err) == NULL)
		return NULL;
	e = end_new(l);
	e->relay =
	    tls_relay_listen(l, strstr(url, "://") + 3, k, on_let_in, e, err);
	if (e->relay != NULL)
		return e;
	err_add(err, "listen at %s", url);
	bus_tls_end_free(e);
	return NULL;
}

bool
bus_tls_is_own(nng_stream *stream)
{
	uint64_t pid;

	return nng_stream_get_uint64(stream, NNG_OPT_IPC_PEER_PID, &pid) == 0 &&
	       pid == (uint64_t)getpid();
}

/* --- dialling --- */

static bool
is_own(int fd)
{
	struct ucred who;
	socklen_t len = sizeof who;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
	       who.pid == getpid();
}

static void
on_nng(void *arg, bool readable, bool writable)
{
	struct bus_tls_end *e = arg;
	int fd;

	(void)readable;
	(void)writable;
	fd = accept4(e->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd == -1 && errno != EAGAIN) {
		loop_fd_want(e->watch, false, false);
		loop_timer_set(e->again, ACCEPT_AGAIN_MS);
	}
	if (fd == -1)
		return;
	if (is_own(fd))
		tls_relay_carry(e->relay, fd);
	else
		close(fd);
}

static void
on_again(void *arg)
{
	struct bus_tls_end *e = arg;

	loop_fd_want(e->watch, true, false);
}

static int
meet_nng(struct bus_tls_end *e, struct err *err)
{
	struct sockaddr_un sa;
	socklen_t len = name_addr(e, &sa);

	e->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (e->fd == -1 ||
	    bind(e->fd, (const struct sockaddr *)&sa, len) == -1 ||
	    listen(e->fd, BACKLOG) == -1)
		return err_sys(err, "a socket for TLS");
	e->again = loop_timer_new(e->loop, on_again, e);
	e->watch = loop_fd_new(e->loop, e->fd, on_nng, e);
	loop_fd_want(e->watch, true, false);
	return 0;
}

struct bus_tls_end *
bus_tls_end_dial(
    struct loop *l, const char *url, const char *name, struct err *err)
{
	struct tls_keys *k = keys_or_fail(atomic_load(&dialling), url, err);
	struct bus_tls_end *e;

	if (k == NULL)
		return NULL;
	e = end_new(l);
	e->relay = tls_relay_new(l, strstr(url, "://") + 3, k, name, err);
	if (e->relay != NULL && meet_nng(e, err) == 0)
		return e;
	err_add(err, "connect to %s", url);
	bus_tls_end_free(e);
	return NULL;
}
