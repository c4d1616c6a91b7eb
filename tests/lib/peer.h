/*
 * The other end of a socket, for tests of servers and clients that live on
 * the test's own loop: sends raw bytes and collects what comes back, running
 * the loop meanwhile.
 */
#ifndef TESTS_LIB_PEER_H
#define TESTS_LIB_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/loop.h"

#define PEER_WAIT_MS 5000

struct peer {
	struct loop *loop;
	int fd;
	struct buf got;
	bool eof;   /* the other end has closed */
	bool reset; /* it has reset */
};

/* Connects to "ip:port" or "unix:/path". */
void peer_open(struct peer *p, struct loop *l, const char *addr);
/* A listening socket on loopback; its address goes to addr (64 bytes). */
int peer_listen(char *addr);
/* Waits for a connection to a listening socket. */
void peer_accept(struct peer *p, struct loop *l, int listener);
void peer_close(struct peer *p);

void peer_send(struct peer *p, const char *text);
void peer_send_bytes(struct peer *p, const void *bytes, size_t n);
/* Runs the loop until text is among what has come; false after a while. */
bool peer_expect(struct peer *p, const char *text);
/* Until so many bytes have come. */
bool peer_expect_bytes(struct peer *p, size_t n);
/* Until the other end has closed. */
bool peer_expect_end(struct peer *p);
/* Runs the loop for a while, reading nothing. */
void peer_idle(struct peer *p, uint64_t ms);
void peer_forget(struct peer *p); /* what has come */

#endif
