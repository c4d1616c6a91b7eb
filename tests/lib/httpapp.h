/*
 * A server for tests that does as it is told, and counts what it hears.
 */
#ifndef TESTS_LIB_HTTPAPP_H
#define TESTS_LIB_HTTPAPP_H

#include "common/http/http.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

struct http_app {
	struct loop *loop;
	struct http_server *server;
	struct http_req *req; /* the latest, until it is over */
	struct buf body;
	int nrequests, npieces, nends, ngone;
	bool pause, collect, early, drained;
	size_t most; /* of a collected body; 0: the server's limit */
	size_t left; /* of a stream that waits for room */
	int nrooms;
	bool inside; /* a function of http.h */
};

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST      "POST / HTTP/1.1\r\nHost: x\r\n"

/* Serves at an address of its own, with a peer that is connected to it. */
void http_app_init(struct http_app *a, struct peer *p);
/* The same, within limits. */
void http_app_begin(
    struct http_app *a, struct peer *p, const struct http_limits *limits);
void http_app_release(struct http_app *a, struct peer *p);

/* The handlers; ctx is the app. */
extern const struct http_ops http_app_ops;
/* Sends a request and waits until it is shown. */
void http_app_ask(struct http_app *a, struct peer *p, const char *text);

#endif
