#include "common/bus.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/bus_nng.h"
#include "common/log.h"
#include "common/mem.h"

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

/* --- addresses, complaints --- */

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

void
bus_too_long(struct err *err, enum err_code code, const char *what, size_t n)
{
	err_set(err, code,
	    "%s would be a message of %zu bytes; the limit is %u", what, n,
	    BUS_MAX_MSG);
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
	struct ask a = { .reply = reply, .err = err };
	struct loop *l = loop_new();
	struct bus_peer *p = bus_dial_now(l, url, err);

	assert(def != NULL);
	a.type = def->reply;
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
