/*
 * What the bus's own files share; nobody else includes this. All of nng is
 * behind it: bus.c (the table, sockets, asking once), bus_tls.c, bus_server.c
 * with bus_context.c and bus_answer.c, bus_peer.c with bus_call.c, and
 * bus_topic.c.
 */
#ifndef COMMON_BUS_NNG_H
#define COMMON_BUS_NNG_H

#include <pthread.h>
#include <stdatomic.h>

#include <nng/nng.h>

#include "common/bus.h"
#include "common/envelope.h"

/*
 * A bell: nng's threads ring it, and fn runs on the loop's thread soon. Many
 * rings before the loop comes round are one call.
 */
struct bus_bell {
	int fd;
	struct loop_fd *watch;
	atomic_bool rung;
	void (*fn)(void *arg);
	void *arg;
};

void bus_bell_init(
    struct bus_bell *b, struct loop *l, void (*fn)(void *arg), void *arg);
void bus_bell_release(struct bus_bell *b);
void bus_bell_ring(struct bus_bell *b);

/* The link of a dialled socket, as nng's threads tell of it. */
struct bus_link {
	pthread_mutex_t lock;
	int pipe; /* the pipe that is up, or 0 */
	uint64_t nups, ndowns;
	struct bus_bell *bell;
};

void bus_link_init(struct bus_link *k, nng_socket s, struct bus_bell *bell);
void bus_link_release(struct bus_link *k);
void bus_link_read(struct bus_link *k, uint64_t *nups, uint64_t *ndowns);

/* A complaint about bad input: counted always, said once a minute. */
#define BUS_COMPLAIN_MS 60000
struct bus_complaint {
	uint64_t said_ms; /* 0: never */
	uint64_t unsaid;
	uint64_t seen; /* of nng's own count, see bus_refused_by_nng() */
};
void bus_complain(struct bus_complaint *c, uint64_t now_ms, const char *url,
    const char *what, uint64_t n);

int bus_url_check(const char *url, struct err *err);

/* err_set() with nng's words for rv. */
int bus_nng_err(struct err *err, int rv, const char *doing, const char *url);

/* What every socket gets: the size limit. */
int bus_socket_setup(nng_socket s);
int bus_listen(
    nng_socket s, const char *url, nng_listener *listener, struct err *err);
enum bus_haste {
	BUS_CALM,
	BUS_KEEN, /* a short backoff */
	BUS_NOW,  /* an ipc socket where nobody listens is told at once */
};

int bus_connect(nng_socket s, const char *url, enum bus_haste haste,
    nng_dialer *dialer, struct err *err);

/* --- bus_tls.c --- */

bool bus_tls_is_url(const char *url); /* tls+tcp://... */
/* Whether dialling it means TLS: it says so, or bus_use_tls() did. */
bool bus_tls_is_dialled(const char *url);

/* What stands between nng and others where there is TLS: a relay, and the URL
 * at which nng meets it. */
struct bus_tls_end;
struct tls_relay;
/* Listens at url for others; nng is to listen at the end's. */
struct bus_tls_end *bus_tls_end_listen(
    struct loop *l, const char *url, struct tls_keys *k, struct err *err);
/* Carries nng, which dials the end's URL, to url. name: see
 * bus_dial_named(). */
struct bus_tls_end *bus_tls_end_dial(
    struct loop *l, const char *url, const char *name, struct err *err);
void bus_tls_end_free(struct bus_tls_end *e); /* NULL is fine */
const char *bus_tls_end_url(const struct bus_tls_end *e);
const struct tls_relay *bus_tls_end_relay(const struct bus_tls_end *e);
/* A socket that listens at an end's URL takes no other process's word. */
void bus_tls_own_only(nng_socket s);

/* bus_dial() for one who asks once. */
struct bus_peer *bus_dial_now(struct loop *l, const char *url, struct err *err);

/* The lines that nng itself has closed on a listener: garbage, wrong protocol,
 * too large, silent too long; and those that the other side has closed, for
 * nng does not tell these apart. */
uint64_t bus_refused_by_nng(nng_listener listener);

/* The answer that carries a struct err. */
struct bus_failure {
	uint64_t code;
	char *text;
};
extern const struct rec_type bus_failure_type;

/* err_set() (code) of a message that would have n bytes, over BUS_MAX_MSG. */
void bus_too_long(
    struct err *err, enum err_code code, const char *what, size_t n);

/* A message of nng's with the bytes of b. */
nng_msg *bus_msg(const struct buf *b);

#endif
