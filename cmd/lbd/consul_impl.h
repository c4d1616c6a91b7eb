/* What the parts of the Consul source share. */
#ifndef LBD_CONSUL_IMPL_H
#define LBD_CONSUL_IMPL_H

#include "cmd/lbd/consul.h"
#include "cmd/lbd/consuldoc.h"

struct consul;

/* One request that is held until there is news, again and again. */
struct consul_poll {
	struct consul *c;
	char *path; /* with its query, without the index */
	uint64_t index;
	uint64_t sent_ms;
	bool idle; /* the last answer came at once and was no news */
	struct http_call *call;
	struct loop_timer *timer; /* the next one is sent */
	/* With status 404 the body is empty. The next request is sent when
	 * consul_poll_next() says so. */
	void (*on_news)(struct consul *c, const char *body, size_t n);
};

void consul_poll_init(struct consul_poll *p, struct consul *c, char *path,
    void (*on_news)(struct consul *c, const char *body, size_t n));
void consul_poll_release(struct consul_poll *p);
/* At once, or, when something went wrong, a little later and from zero. */
void consul_poll_next(struct consul_poll *p, bool ok);

/* A service that is being asked for. */
struct consul_asked {
	struct consul *c;
	struct http_call *call; /* NULL: nothing is asked here */
};

struct consul_register; /* consul_register.c */

struct consul {
	struct lbd *lbd;
	const struct lbd_consul *config;
	struct http_client *client;
	char *token_line; /* "X-Consul-Token: ..."; NULL: none */
	bool up;
	struct http_call *self; /* the first question */
	struct loop_timer *start;
	struct consul_poll checks, routes, page;

	/* A round: every service that the checks name is asked for. */
	struct consuldoc_checks wanted;
	struct map_entry *next; /* the next service to ask for */
	struct consul_asked asked[CONSUL_MAX_ASKED];
	size_t nasked;
	bool failed;
	struct service_instance *found;
	size_t nfound;

	struct consul_register *reg; /* NULL: it does not register */
};

/* Any request but a held one. */
struct http_call *consul_call(struct consul *c, const char *method,
    const char *target, const struct buf *body, uint64_t timeout_ms,
    http_on_answer *on_answer, void *ctx);

struct consul_register *consul_register_new(struct consul *c);
void consul_register_free(struct consul_register *r);
void consul_register_leave(
    struct consul_register *r, void (*done)(void *ctx), void *ctx);

#endif
