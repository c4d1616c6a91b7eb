/*
 * What the bus's own files share; nobody else includes this. All of nng is
 * behind it: bus.c (the table, asking once), bus_hub.c (its threads),
 * bus_ends.c and bus_line.c (connections and messages), bus_frame.c (their
 * bytes), bus_tls.c; bus_server.c with bus_answer.c, bus_peer.c with
 * bus_call.c; bus_pub.c and bus_sub.c with bus_topic.c.
 *
 * Of nng it is the streams. Its sockets are not: one that was closed while
 * something came waited for ever now and then (1.5.2: a length was read, the
 * connection is closed, and what should read the rest neither begins nor
 * ends), and with it every other that was closed later.
 */
#ifndef COMMON_BUS_NNG_H
#define COMMON_BUS_NNG_H

#include <pthread.h>
#include <sys/queue.h>

#include <nng/nng.h>

#include "common/bus.h"
#include "common/envelope.h"

/*
 * An operation of nng's, whose end is told on the loop's thread: fn is called
 * soon after. Its aio goes to nng, and is the loop's again when fn is called.
 */
enum bus_op_state { BUS_OP_IDLE, BUS_OP_ENDED, BUS_OP_TAKEN };
struct bus_op {
	struct bus_hub *hub;
	nng_aio *aio;
	TAILQ_ENTRY(bus_op) entry;
	void (*fn)(void *arg);
	void *arg;
	enum bus_op_state state; /* whether its end waits to be told */
};
TAILQ_HEAD(bus_ops, bus_op);

/* Bytes of messages that have come in part, of all lines of a hub. */
#define BUS_HUB_ROOM_MAX (128u << 20)

/* What operations of one owner share: their threads end here. */
struct bus_hub {
	struct loop *loop;
	struct loop_fd *watch;
	nng_aio *now; /* for what is waited for, which must end at once */
	struct bus_ops taken;
	int fd;
	bool busy, dead;
	size_t nroom; /* of its lines, see BUS_HUB_ROOM_MAX */

	pthread_mutex_t lock;
	struct bus_ops ended; /* on nng's threads */
	bool rung;
};

struct bus_hub *bus_hub_new(struct loop *l);
/* All its operations have been released. */
void bus_hub_free(struct bus_hub *h);
void bus_op_init(
    struct bus_op *op, struct bus_hub *h, void (*fn)(void *arg), void *arg);
/* As if it had ended. */
void bus_op_post(struct bus_op *op);
/* Calls it off, and waits until nng has let it go: what it is at must be
 * closed, for then that is at once. fn is not called any more. True: it had
 * ended, and that was not told. */
bool bus_op_release(struct bus_op *op);
void bus_op_free_aio(struct bus_op *op); /* after that */

/* A complaint about bad input: counted always, said once a minute. */
#define BUS_COMPLAIN_MS 60000
struct bus_complaint {
	uint64_t said_ms; /* 0: never */
	uint64_t unsaid;
};
void bus_complain(struct bus_complaint *c, uint64_t now_ms, const char *url,
    const char *what, uint64_t n);

int bus_url_check(const char *url, struct err *err);

/* err_set() with nng's words for rv. */
int bus_nng_err(struct err *err, int rv, const char *doing, const char *url);

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
/* Whether the other end of what came to a listener at an end's URL is this
 * process: nobody else's word is taken. */
bool bus_tls_is_own(nng_stream *stream);

/* bus_dial() for one who asks once. */
struct bus_peer *bus_dial_now(struct loop *l, const char *url, struct err *err);

/* The answer that carries a struct err. */
struct bus_failure {
	uint64_t code;
	char *text;
};
extern const struct rec_type bus_failure_type;

/* err_set() (code) of a message that would have n bytes, over BUS_MAX_MSG. */
void bus_too_long(
    struct err *err, enum err_code code, const char *what, size_t n);

#endif
