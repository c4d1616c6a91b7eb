#include "tests/lib/httpapp.h"

#include <unistd.h>

#include "common/http/http.h"
#include "common/log.h"
#include "tests/lib/peer.h"
#include "tests/lib/unit.h"

static void
on_request(void *ctx, struct http_req *r)
{
	struct http_app *a = ctx;

	ck_assert(!a->inside);
	a->nrequests++;
	a->req = r;
	if (a->pause)
		http_req_pause(r);
	if (a->collect && a->most > 0)
		http_collect_most(r, a->most);
	else if (a->collect)
		http_collect(r);
	if (a->early)
		http_reply(r, 200, NULL, "early", 5);
}

static void
on_body(void *ctx, struct http_req *r, const char *p, size_t n)
{
	struct http_app *a = ctx;

	ck_assert(!a->inside && !a->early && !a->collect);
	ck_assert_ptr_eq(a->req, r);
	a->npieces++;
	buf_add(&a->body, p, n);
}

static void
on_end(void *ctx, struct http_req *r)
{
	struct http_app *a = ctx;

	ck_assert(!a->inside && !a->early);
	ck_assert_ptr_eq(a->req, r);
	a->nends++;
}

/* Who waits for it begins with the function that lets go of it. */
static void
on_gone(void *ctx, struct http_req *r)
{
	void (**gone)(struct http_req * req) = http_req_data(r);
	struct http_app *a = ctx;

	ck_assert(!a->inside);
	ck_assert_ptr_eq(a->req, r);
	a->req = NULL;
	a->ngone++;
	if (gone != NULL)
		(*gone)(r);
}

const struct http_ops http_app_ops = { on_request, on_body, on_end, on_gone };

void
http_app_begin(
    struct http_app *a, struct peer *p, const struct http_limits *limits)
{
	struct err err;

	log_set_level(LOG_ERROR);
	*a = (struct http_app){ .loop = loop_new() };
	a->server = http_server_new(
	    a->loop, "127.0.0.1:0", limits, &http_app_ops, a, &err);
	ck_assert_msg(a->server != NULL, "%s", err.text);
	peer_open(p, a->loop, http_server_addr(a->server));
}

void
http_app_init(struct http_app *a, struct peer *p)
{
	http_app_begin(a, p, NULL);
}

void
http_app_release(struct http_app *a, struct peer *p)
{
	peer_close(p);
	http_server_free(a->server);
	loop_free(a->loop);
	buf_release(&a->body);
}

/* Sends a request and waits until it is shown. */
void
http_app_ask(struct http_app *a, struct peer *p, const char *text)
{
	int n = a->nrequests;

	peer_send(p, text);
	for (int i = 0; i < 500 && a->nrequests == n; i++)
		peer_idle(p, 2);
	ck_assert_int_eq(a->nrequests, n + 1);
}
