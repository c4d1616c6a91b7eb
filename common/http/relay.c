#include "common/http/relay.h"

#include <stdlib.h>
#include <string.h>

#include "common/http/hop.h"
#include "common/mem.h"

struct relay {
	void (*gone)(struct http_req *r);
	struct http_req *req;
	struct http_call *call;
	struct http_relay_how how;
	bool begun; /* the answer's head has gone out */
};

static void
end(struct relay *y)
{
	struct http_relay_how how = y->how;

	free(y);
	if (how.on_end != NULL)
		how.on_end(how.ctx);
}

static void
on_relay_gone(struct http_req *r)
{
	struct relay *y = http_req_data(r);

	http_call_cancel(y->call);
	end(y);
}

static void
on_drained(void *ctx, struct http_req *r)
{
	struct relay *y = http_req_data(r);

	(void)ctx;
	if (y != NULL)
		http_call_resume(y->call);
}

static void
on_head(void *ctx, const struct http_answer *a)
{
	struct relay *y = ctx;
	struct http_hops hops = http_hops_of(a->fields, a->nfields);

	for (size_t i = 0; i < a->nfields; i++)
		if (!http_hops_has(&hops, &a->fields[i]))
			http_add_field(y->req, &a->fields[i]);
	y->begun = true;
	if (y->how.on_begin != NULL)
		y->how.on_begin(y->how.ctx);
	http_begin(y->req, a->status, a->length);
}

static void
on_piece(void *ctx, const char *p, size_t n)
{
	struct relay *y = ctx;

	if (http_write(y->req, p, n))
		return;
	http_call_pause(y->call);
	http_on_drained(y->req, on_drained, NULL);
}

static void
on_answer(void *ctx, const struct err *err, const struct http_answer *a)
{
	struct relay *y = ctx;
	struct http_relay_how how = y->how;
	struct http_req *r = y->req;

	http_req_set_data(r, NULL);
	if (err != NULL && !y->begun) {
		free(y);
		how.on_lost(how.ctx, r, err, a->sent);
		return;
	}
	if (err == NULL)
		http_end(r);
	else
		http_abort(r); /* cut short: the client must not take it */
	end(y);
}

void
http_relay(struct http_client *to, struct http_req *r,
    const struct http_relay_how *how)
{
	static const struct http_call_ops ops = {
		.on_head = on_head, .on_piece = on_piece, .on_answer = on_answer
	};
	struct relay *y = xcalloc(1, sizeof *y);
	size_t nfields, len;
	const struct http_field *f = http_fields(r, &nfields);
	const char *body = http_body(r, &len);
	struct http_hops hops = http_hops_of(f, nfields);
	struct buf head = { 0 };

	for (size_t i = 0; i < nfields; i++)
		if (!http_hops_has(&hops, &f[i]))
			buf_addf(&head, "%s: %s\r\n", f[i].name, f[i].value);
	buf_adds(&head, how->extra != NULL ? how->extra : "");
	y->gone = on_relay_gone;
	y->req = r;
	y->how = *how;
	y->how.extra = NULL;
	http_req_set_data(r, y);
	y->call = http_call_begin(to, http_method(r), http_target(r), head.data,
	    head.len, (int64_t)len, how->begin_ms, &ops, y);
	http_call_limit_head(y->call);
	if (len > 0)
		http_call_write(y->call, body, len);
	http_call_end(y->call);
	buf_release(&head);
}
