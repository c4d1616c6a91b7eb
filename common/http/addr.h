/*
 * Socket addresses as people write them: "host:port", "[::1]:port",
 * ":port" (every address), "unix:/path".
 */
#ifndef COMMON_HTTP_ADDR_H
#define COMMON_HTTP_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/err.h"

#define HTTP_ADDR_SIZE 128 /* of an address as text */
#define HTTP_NAME_MAX  255 /* a longer host name is refused */

/*
 * All TCP connections, taken and made, are kept alive: a peer that vanishes
 * without a word is found out after a silence of HTTP_ALIVE_AFTER_S and
 * HTTP_ALIVE_PROBES questions without an answer, two minutes in all.
 */
#define HTTP_ALIVE_AFTER_S 60
#define HTTP_ALIVE_EVERY_S 15
#define HTTP_ALIVE_PROBES  4

union http_sock {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

struct http_addr {
	bool is_name;                 /* sock waits for a look-up of host */
	char host[HTTP_NAME_MAX + 1]; /* without brackets */
	char port[16];
	union http_sock sock;
	socklen_t len;
};

/* Splits, and fills sock where no look-up is needed. Never blocks. */
int http_addr_parse(struct http_addr *a, const char *text, struct err *err);
/* Looks a name up if it is one; blocks. */
int http_addr_resolve(struct http_addr *a, struct err *err);
void http_addr_format(
    const union http_sock *s, socklen_t len, char out[HTTP_ADDR_SIZE]);
/* What a client at this address is asked for in its Host field. */
void http_addr_host(const char *text, char out[HTTP_NAME_MAX + 32]);

/* A non-blocking socket whose connection is under way, or -1 with errno. */
int http_addr_connect(const union http_sock *s, socklen_t len);

#endif
