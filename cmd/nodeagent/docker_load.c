#include "cmd/nodeagent/docker_load.h"

#include <stdlib.h>

#include "cmd/nodeagent/docker_answer.h"
#include "common/mem.h"

struct docker_load {
	struct docker_call *call;
	struct docker_progress progress; /* what it tells as it takes it */
	bool bad;
	struct err err;
	docker_on_load *on_load;
	void *ctx;
};

static void
on_piece(void *ctx, const char *p, size_t n)
{
	struct docker_load *d = ctx;

	if (!d->bad)
		d->bad = docker_progress_add(&d->progress, p, n, &d->err) == -1;
}

static void
on_reply(void *ctx, const struct docker_reply *r)
{
	struct docker_load *d = ctx;
	docker_on_load *on_load = d->on_load;
	struct err err = d->err;
	bool bad = d->bad;

	ctx = d->ctx;
	d->call = NULL;
	docker_load_free(d);
	on_load(ctx, bad ? err.text : r->why, !bad && r->code == ERR_GONE);
}

struct docker_load *
docker_load_new(
    struct docker_engine *e, int fd, docker_on_load *on_load, void *ctx)
{
	struct docker_load *d = xcalloc(1, sizeof *d);
	struct docker_ask ask = { .method = "POST",
		.path = "/images/load?quiet=1",
		.file = fd,
		.has_file = true,
		.timeout_ms = DOCKER_LOAD_MS,
		.on_piece = on_piece,
		.on_reply = on_reply,
		.ctx = d };

	d->on_load = on_load;
	d->ctx = ctx;
	d->call = docker_engine_ask(e, &ask);
	return d;
}

void
docker_load_free(struct docker_load *d)
{
	if (d == NULL)
		return;
	docker_call_cancel(d->call);
	docker_progress_release(&d->progress);
	free(d);
}
