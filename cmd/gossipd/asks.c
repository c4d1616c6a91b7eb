#include "cmd/gossipd/asks.h"

int
asks_start(struct asks *a, uint64_t now_ms, const struct pool_query *q,
    ask_fn *fn, void *ctx, struct err *err)
{
	struct ask *one = a->list;

	while (one < a->list + ASKS_MAX && one->fn != NULL)
		one++;
	if (one == a->list + ASKS_MAX)
		return err_set(
		    err, ERR_BUSY, "%d queries are under way", ASKS_MAX);
	*one = (struct ask){ fn, ctx, 0 };
	if (pool_query(a->pool, now_ms, q, &one->id, err) == 0)
		return 0;
	*one = (struct ask){ 0 };
	return -1;
}

void
asks_forget(struct asks *a, const void *ctx)
{
	for (size_t i = 0; i < ASKS_MAX; i++)
		if (a->list[i].ctx == ctx)
			a->list[i] = (struct ask){ 0 };
}

void
asks_event(struct asks *a, const struct pool_event *ev)
{
	for (size_t i = 0; i < ASKS_MAX; i++) {
		struct ask one = a->list[i];

		if (one.fn == NULL || one.id != ev->id)
			continue;
		if (ev->type == POOL_EV_QUERY_DONE)
			a->list[i] = (struct ask){ 0 };
		one.fn(one.ctx, ev);
		return;
	}
}
