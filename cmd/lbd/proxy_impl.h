/*
 * Inside proxy.c and its siblings: a request under way.
 */
#ifndef LBD_PROXY_IMPL_H
#define LBD_PROXY_IMPL_H

#include "cmd/lbd/admit.h"
#include "cmd/lbd/proxy.h"
#include "cmd/lbd/worker.h"

/* A request under way. It ends in proxy_finish(), whoever comes first: the
 * answer, the client's leaving, or a failure. */
struct passage {
	struct worker *w;
	struct view *view;
	struct http_req *r;     /* NULL once answered or gone */
	struct http_call *call; /* NULL while there is none */
	struct rtable_hit hit;
	struct upstream *up;
	struct loop_timer *patience; /* for the answer's head; NULL: endless */
	struct buf sent; /* the body so far, while it may be needed again */
	bool replayable; /* sent has all of it */
	bool websocket;
	bool body_ended;
	unsigned ntries;
	int64_t start_ns;
};

/* --- proxy.c --- */

/* Forgets the request; what is open of it must be closed before. */
void proxy_finish(struct passage *p);

/* --- proxy_answer.c --- */

void proxy_count(_Atomic uint64_t *c, uint64_t n);
void proxy_count_status(struct worker *w, int status);
/* What an answer took, since then until now. */
void proxy_count_time(struct worker *w, int64_t start_ns);
void proxy_answer_text(
    struct worker *w, struct http_req *r, int status, const char *text);
void proxy_answer_no_route(
    struct worker *w, struct view *v, struct http_req *r);
/* Whether the request goes no further than us; then it has been answered. */
bool proxy_answer_here(
    struct worker *w, struct http_req *r, const struct rtable_hit *hit);

/* --- proxy_call.c --- */

/* Whether the target was down a moment ago. */
bool proxy_is_spared(struct passage *p, const struct target *t);
/* The request as admit_ask() wants it. */
struct admit_asker proxy_asker(const struct http_req *r);
/* The next target of the route after this one that is worth asking and that
 * takes this request, or NULL. */
const struct target *proxy_next_target(
    struct passage *p, const struct target *t);
/* Asks the target; what the body has brought so far is sent again. */
int proxy_start_call(struct passage *p, struct err *err);
/* Answers with the status, or cuts the answer that has begun; ends the
 * passage. */
void proxy_fail(struct passage *p, int status);
/* The timer for the answer's head; arg is the passage. */
void proxy_on_impatient(void *arg);

#endif
