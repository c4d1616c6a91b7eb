#include "common/bus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/bus_nng.h"
#include "common/log.h"
#include "common/mem.h"

/* Retries are spread evenly between nothing and a wait that doubles from
 * the first to the last of these. An absent neighbour costs little to try. */
#define IPC_RETRY_MIN_MS  10
#define IPC_RETRY_MAX_MS  2000
#define TCP_RETRY_MIN_MS  100
#define TCP_RETRY_MAX_MS  5000
#define KEEN_RETRY_MIN_MS 20
#define KEEN_RETRY_MAX_MS 500

#define IPC_MODE          0660

/* What nng puts before a message of ours and counts as a part of it. */
#define NNG_HEADER_ROOM 64

static const struct rec_field bus_failure_fields[] = {
	REC_U64(struct bus_failure, 1, code, "Code"),
	REC_STR(struct bus_failure, 2, text, "Text"),
};
const struct rec_type bus_failure_type =
    REC_TYPE(bus_failure, bus_failure_fields);

/* nng releases what it closed on a thread of its own, which a program that
 * ends does not wait for. */
#ifdef __SANITIZE_ADDRESS__
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libnng";
}
#endif

/*
 * nng 1.5 greets a new ipc connection at once. When the other side has closed
 * by then, the EPIPE of that greeting becomes NNG_ECLOSED, which nng takes for
 * the end of its listener: it accepts nobody any more, for ever. Any local
 * process that connects and leaves would do that to us. A connection that was
 * reset, which is what has happened, ends nothing else; so this is the
 * program's sendmsg(), for libnng too.
 */
ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t n = syscall(SYS_sendmsg, fd, msg, flags);

	if (n == -1 && errno == EPIPE)
		errno = ECONNRESET;
	return n;
}

/* --- the table --- */

static const struct msg_def **by_number;
static size_t nnumbers;

void
bus_use(const struct msg_def *defs, size_t ndefs)
{
	size_t last = 0;

	for (size_t i = 0; i < ndefs; i++)
		if (defs[i].number > last)
			last = defs[i].number;
	free(by_number);
	nnumbers = last + 1;
	by_number = xcalloc(nnumbers, sizeof *by_number);
	for (size_t i = 0; i < ndefs; i++)
		by_number[defs[i].number] = &defs[i];
}

const struct msg_def *
bus_def(uint16_t number)
{
	return number < nnumbers ? by_number[number] : NULL;
}

/* --- bells and links --- */

static void
on_bell(void *arg, bool readable, bool writable)
{
	struct bus_bell *b = arg;
	uint64_t n;

	(void)readable;
	(void)writable;
	if (read(b->fd, &n, sizeof n) == -1)
		return;
	/* What is rung from here on is not seen by fn for sure. */
	atomic_store(&b->rung, false);
	b->fn(b->arg);
}

void
bus_bell_init(
    struct bus_bell *b, struct loop *l, void (*fn)(void *arg), void *arg)
{
	b->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (b->fd == -1)
		log_fatal("eventfd: %s", strerror(errno));
	atomic_init(&b->rung, false);
	b->fn = fn;
	b->arg = arg;
	b->watch = loop_fd_new(l, b->fd, on_bell, b);
	loop_fd_want(b->watch, true, false);
}

void
bus_bell_release(struct bus_bell *b)
{
	loop_fd_free(b->watch);
	close(b->fd);
	b->watch = NULL;
	b->fd = -1;
}

void
bus_bell_ring(struct bus_bell *b)
{
	uint64_t one = 1;

	if (!atomic_exchange(&b->rung, true))
		if (write(b->fd, &one, sizeof one) == -1)
			log_error("a bell is mute: %s", strerror(errno));
}

/* Runs on a thread of nng's. A pipe that never came up also goes down. */
static void
on_pipe(nng_pipe pipe, nng_pipe_ev what, void *arg)
{
	struct bus_link *k = arg;
	int id = nng_pipe_id(pipe);
	bool changed = true;

	pthread_mutex_lock(&k->lock);
	if (what == NNG_PIPE_EV_ADD_POST) {
		k->pipe = id;
		k->nups++;
	} else if (k->pipe == id) {
		k->pipe = 0;
		k->ndowns++;
	} else {
		changed = false;
	}
	pthread_mutex_unlock(&k->lock);
	if (changed)
		bus_bell_ring(k->bell);
}

void
bus_link_init(struct bus_link *k, nng_socket s, struct bus_bell *bell)
{
	memset(k, 0, sizeof *k);
	pthread_mutex_init(&k->lock, NULL);
	k->bell = bell;
	nng_pipe_notify(s, NNG_PIPE_EV_ADD_POST, on_pipe, k);
	nng_pipe_notify(s, NNG_PIPE_EV_REM_POST, on_pipe, k);
}

void
bus_link_release(struct bus_link *k)
{
	pthread_mutex_destroy(&k->lock);
}

void
bus_link_read(struct bus_link *k, uint64_t *nups, uint64_t *ndowns)
{
	pthread_mutex_lock(&k->lock);
	*nups = k->nups;
	*ndowns = k->ndowns;
	pthread_mutex_unlock(&k->lock);
}

/* --- sockets --- */

void
bus_complain(struct bus_complaint *c, uint64_t now_ms, const char *url,
    const char *what, uint64_t n)
{
	c->unsaid += n;
	if (c->said_ms != 0 && now_ms - c->said_ms < BUS_COMPLAIN_MS)
		return;
	log_warn("messages refused socket=%s count=%" PRIu64 " last=\"%s\"",
	    url, c->unsaid, what);
	c->said_ms = now_ms;
	c->unsaid = 0;
}

int
bus_nng_err(struct err *err, int rv, const char *doing, const char *url)
{
	enum err_code code = ERR_SYSTEM;

	if (rv == NNG_EADDRINUSE)
		code = ERR_CONFLICT;
	else if (rv == NNG_EADDRINVAL || rv == NNG_EINVAL)
		code = ERR_BAD;
	else if (rv == NNG_EPERM)
		code = ERR_DENIED;
	else if (rv == NNG_ECONNREFUSED || rv == NNG_ENOENT)
		code = ERR_GONE;
	return err_set(err, code, "%s %s: %s", doing, url, nng_strerror(rv));
}

int
bus_url_check(const char *url, struct err *err)
{
	const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	if (strncmp(url, "ipc://", 6) == 0) {
		if (url[6] != '/')
			return err_set(err, ERR_BAD,
			    "%s: the path must begin with /", url);
		if (strlen(url + 6) > room)
			return err_set(err, ERR_BAD,
			    "%s: a socket's path has at most %zu bytes", url,
			    room);
		return 0;
	}
	if (strncmp(url, "tcp://", 6) == 0 || bus_tls_is_url(url))
		return 0;
	return err_set(err, ERR_BAD,
	    "%s: expected ipc:///path, tcp://host:port or "
	    "tls+tcp://host:port",
	    url);
}

int
bus_socket_setup(nng_socket s)
{
	return nng_socket_set_size(
	    s, NNG_OPT_RECVMAXSZ, BUS_MAX_MSG + NNG_HEADER_ROOM);
}

int
bus_listen(
    nng_socket s, const char *url, nng_listener *listener, struct err *err)
{
	int rv = nng_listener_create(listener, s, url);

	if (rv == 0 && url[0] == 'i')
		rv = nng_listener_set_int(
		    *listener, NNG_OPT_IPC_PERMISSIONS, IPC_MODE);
	if (rv == 0 && url[0] == 't')
		rv =
		    nng_listener_set_bool(*listener, NNG_OPT_TCP_NODELAY, true);
	if (rv == 0 && url[0] == 't')
		rv = nng_listener_set_bool(
		    *listener, NNG_OPT_TCP_KEEPALIVE, true);
	if (rv == 0)
		rv = nng_listener_start(*listener, 0);
	return rv == 0 ? 0 : bus_nng_err(err, rv, "listen at", url);
}

int
bus_connect(nng_socket s, const char *url, enum bus_haste haste,
    nng_dialer *dialer, struct err *err)
{
	bool ipc = url[0] == 'i', tcp = url[0] == 't';
	nng_duration min_ms = ipc ? IPC_RETRY_MIN_MS : TCP_RETRY_MIN_MS;
	nng_duration max_ms = ipc ? IPC_RETRY_MAX_MS : TCP_RETRY_MAX_MS;
	int rv = nng_dialer_create(dialer, s, url);

	if (haste == BUS_KEEN) {
		min_ms = KEEN_RETRY_MIN_MS;
		max_ms = KEEN_RETRY_MAX_MS;
	}
	if (rv == 0)
		rv = nng_dialer_set_ms(*dialer, NNG_OPT_RECONNMINT, min_ms);
	if (rv == 0)
		rv = nng_dialer_set_ms(*dialer, NNG_OPT_RECONNMAXT, max_ms);
	if (rv == 0 && tcp)
		rv = nng_dialer_set_bool(*dialer, NNG_OPT_TCP_NODELAY, true);
	if (rv == 0 && tcp)
		rv = nng_dialer_set_bool(*dialer, NNG_OPT_TCP_KEEPALIVE, true);
	if (rv == 0)
		rv = nng_dialer_start(
		    *dialer, haste == BUS_NOW && ipc ? 0 : NNG_FLAG_NONBLOCK);
	return rv == 0 ? 0 : bus_nng_err(err, rv, "connect to", url);
}

static uint64_t
stat_of(nng_stat *of, const char *name)
{
	nng_stat *found = nng_stat_find(of, name);

	return found == NULL ? 0 : nng_stat_value(found);
}

/* nng_stat_find_listener() gives the first of all listeners (1.5.2). */
static nng_stat *
stats_of_listener(nng_stat *all, nng_listener listener)
{
	uint64_t id = (uint64_t)nng_listener_id(listener);

	for (nng_stat *of = nng_stat_child(all); of != NULL;
	     of = nng_stat_next(of))
		if (strcmp(nng_stat_name(of), "listener") == 0 &&
		    stat_of(of, "id") == id)
			return of;
	return NULL;
}

uint64_t
bus_refused_by_nng(nng_listener listener)
{
	nng_stat *all, *of;
	uint64_t n = 0;

	if (nng_stats_get(&all) != 0)
		return 0;
	of = stats_of_listener(all, listener);
	if (of != NULL)
		n = stat_of(of, "proto") + stat_of(of, "other") +
		    stat_of(of, "timeout") + stat_of(of, "reject");
	nng_stats_free(all);
	return n;
}

void
bus_too_long(struct err *err, enum err_code code, const char *what, size_t n)
{
	err_set(err, code,
	    "%s would be a message of %zu bytes; the limit is %u", what, n,
	    BUS_MAX_MSG);
}

nng_msg *
bus_msg(const struct buf *b)
{
	nng_msg *m;

	if (nng_msg_alloc(&m, 0) != 0 || nng_msg_append(m, b->data, b->len))
		log_fatal("no memory for a message of %zu bytes", b->len);
	return m;
}

/* --- asking once --- */

struct ask {
	void *reply;
	const struct rec_type *type;
	struct err *err;
	bool done, failed;
};

static void
on_answer(void *ctx, const struct err *err, const void *reply)
{
	struct ask *a = ctx;

	a->done = true;
	a->failed = err != NULL;
	if (err != NULL && a->err != NULL)
		*a->err = *err;
	if (reply != NULL && a->reply != NULL)
		rec_copy(a->type, a->reply, reply);
}

int
bus_ask(const char *url, uint16_t number, const void *body, void *reply,
    uint64_t timeout_ms, struct err *err)
{
	const struct msg_def *def = bus_def(number);
	struct ask a = { .reply = reply, .type = def->reply, .err = err };
	struct loop *l = loop_new();
	struct bus_peer *p = bus_dial_now(l, url, err);

	if (p == NULL) {
		loop_free(l);
		return -1;
	}
	bus_call(p, number, body, timeout_ms, on_answer, &a);
	/* The call's own deadline comes first; this is for its safety. */
	loop_wait(l, &a.done, timeout_ms + 1000);
	bus_peer_free(p); /* a call that is still there fails here */
	loop_free(l);
	return a.failed ? -1 : 0;
}
