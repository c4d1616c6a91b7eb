/*
 * A Docker Engine for tests: answers as its script says, and keeps what it
 * was asked.
 */
#ifndef TESTS_LIB_FAKEENGINE_H
#define TESTS_LIB_FAKEENGINE_H

#include "common/buf.h"
#include "common/http/http.h"

#define FAKE_MAX_RULES 32
#define FAKE_MAX_HELD  32

enum fake_way {
	FAKE_ANSWER, /* status and body */
	FAKE_HANG,   /* never an answer */
	FAKE_CUT,    /* announces more than the body has, and hangs up */
	FAKE_STREAM, /* the body, and the answer stays open */
};

struct fake_rule {
	const char *method, *path; /* a part of the target */
	int status;
	const char *body;
	enum fake_way way;
	bool once, used;
};

struct fake_engine {
	struct loop *loop;
	struct http_server *server;
	char dir[64], addr[96], endpoint[96];
	struct fake_rule rules[FAKE_MAX_RULES];
	size_t nrules;
	struct http_req *held[FAKE_MAX_HELD]; /* streams and those that hang */
	size_t nheld;
	struct buf asked;  /* "GET /version\n..." */
	struct buf bodies; /* of all requests, a line each */
};

/* Listens, and knows GET /version, /info and /networks/bridge. */
void fake_engine_init(struct fake_engine *f, struct loop *l);
void fake_engine_release(struct fake_engine *f);
/* From now on; the newest rule that fits is followed. */
void fake_engine_on(struct fake_engine *f, const char *method, const char *path,
    int status, const char *body);
void fake_engine_way(struct fake_engine *f, const char *method,
    const char *path, enum fake_way way, const char *body);
/* The next time only. */
void fake_engine_once(struct fake_engine *f, const char *method,
    const char *path, int status, const char *body);
/* Goes away, with all its connections; comes back. */
void fake_engine_stop(struct fake_engine *f);
void fake_engine_go_on(struct fake_engine *f);
/* How often something was asked whose line has this text. */
int fake_engine_asked(const struct fake_engine *f, const char *text);
/* Ends what is held, streams first told some more. */
void fake_engine_end(struct fake_engine *f, const char *path, const char *more);

#endif
