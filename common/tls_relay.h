/*
 * TLS for who speaks plain: a relay holds the TLS connections to others, and
 * for each of them a local socket, at whose other end the plain bytes are.
 *
 * nng 1.5 has TLS of its own, and its listener is dead for ever after a peer
 * that resets its connection as the handshake ends; so the bus speaks plain to
 * a relay. Everything belongs to one loop. A connection that ends at one side
 * ends at the other, after what was read before.
 *
 * Who is refused is counted, and told in the log once a minute.
 */
#ifndef COMMON_TLS_RELAY_H
#define COMMON_TLS_RELAY_H

#include <stdint.h>

#include "common/err.h"
#include "common/loop.h"
#include "common/tls_keys.h"

#define TLS_RELAY_MAX      16384 /* connections of one relay */
#define TLS_RELAY_SHAKING  1024  /* not open yet; the oldest makes room */
#define TLS_RELAY_SHAKE_MS 10000 /* from the connection to its end */
#define TLS_RELAY_END_MS   10000 /* for some of what is left at the end */
#define TLS_RELAY_SAY_MS   60000
#define TLS_RELAY_PIECE    16384 /* one record */

struct tls_relay;

/*
 * For a listening relay: the plain end of one who was let in, a connected,
 * non-blocking socket that becomes the relay's. peer is "10.0.0.1:4711".
 * -1: there is none now, and the peer is hung up on.
 */
typedef int tls_relay_open(void *ctx, const char *peer);

/* Listens at "host:port". keys are borrowed while the relay lives. */
struct tls_relay *tls_relay_listen(struct loop *l, const char *addr,
    struct tls_keys *keys, tls_relay_open *open, void *ctx, struct err *err);
/* One that dials "host:port", or takes connections made there; name as for
 * tls_keys_begin(). */
struct tls_relay *tls_relay_new(struct loop *l, const char *addr,
    struct tls_keys *keys, const char *name, struct err *err);
/* Dials, for the plain end fd, which is the relay's from now on. */
void tls_relay_carry(struct tls_relay *r, int fd);
/* Its connections are closed; of those of tls_relay_take() first goes out
 * what can without waiting. NULL is fine. */
void tls_relay_free(struct tls_relay *r);

struct tls_line; /* a connection in its handshake */

/*
 * Carries a connection that others have made or accepted: tcp is connected and
 * the relay's from now on, which speaks as its keys do. on_open is told how
 * the handshake ended: fd is the plain end, the caller's, or -1 and why. It
 * comes from the loop, and may free the relay. NULL: there is no room.
 *
 * Who speaks HTTP to such a listener in plain is told so. When the plain end
 * is shut down for writing, so is the connection, and what still comes is
 * read; then, or when it is closed, the other has TLS_RELAY_END_MS to take
 * something of what is left, again and again.
 */
typedef void tls_relay_opened(
    void *ctx, int fd, const char *peer, const char *why);
struct tls_line *tls_relay_take(struct tls_relay *r, int tcp, const char *peer,
    tls_relay_opened *on_open, void *ctx);
/* Before on_open is told, which it then is not. NULL is fine. */
void tls_line_cancel(struct tls_line *n);

int tls_relay_port(const struct tls_relay *r); /* of a listening one */

struct tls_relay_stats {
	uint64_t open;    /* now, those in their handshake included */
	uint64_t let_in;  /* whose handshake was good */
	uint64_t refused; /* who was not, or did not let us in */
};
struct tls_relay_stats tls_relay_stats(const struct tls_relay *r);
/* Why the last one was refused; NULL: none was. */
const char *tls_relay_why(const struct tls_relay *r);

#endif
