#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/rpc_impl.h"

static const char *const member_events[] = { [POOL_EV_JOIN] = "member-join",
	[POOL_EV_LEAVE] = "member-leave",
	[POOL_EV_FAILED] = "member-failed",
	[POOL_EV_UPDATE] = "member-update",
	[POOL_EV_REAP] = "member-reap" };
#define NMEMBER_EVENTS (sizeof member_events / sizeof member_events[0])

/* --- what a stream asks for: words, parted by commas --- */

static bool
is_word(const char *word, size_t n, const char *text)
{
	return strlen(text) == n && memcmp(word, text, n) == 0;
}

static bool
is_known_word(const char *word, size_t n)
{
	static const char *const others[] = { "", "*", "user", "query" };

	for (size_t i = 0; i < NMEMBER_EVENTS; i++)
		if (is_word(word, n, member_events[i]))
			return true;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (is_word(word, n, others[i]))
			return true;
	return (n > 5 && memcmp(word, "user:", 5) == 0) ||
	       (n > 6 && memcmp(word, "query:", 6) == 0);
}

/* Walks the words; with what NULL it looks whether all of them are known. */
static bool
filter_has(const char *filter, const char *what, const char *name)
{
	for (const char *w = filter;; w++) {
		size_t n = strcspn(w, ","), kind;

		if (what == NULL && !is_known_word(w, n))
			return false;
		if (what != NULL) {
			kind = strlen(what);
			if (is_word(w, n, "*") || is_word(w, n, "") ||
			    is_word(w, n, what))
				return true;
			if (name != NULL && n > kind && w[kind] == ':' &&
			    memcmp(w, what, kind) == 0 &&
			    is_word(w + kind + 1, n - kind - 1, name))
				return true;
		}
		w += n;
		if (*w == '\0')
			return what == NULL;
	}
}

/* --- starting and stopping --- */

static bool
has_stream(const struct rpc_client *c, uint64_t seq)
{
	for (size_t i = 0; i < RPC_STREAMS_MAX; i++)
		if (c->streams[i].filter != NULL && c->streams[i].seq == seq)
			return true;
	return false;
}

void
rpc_stream_start(struct rpc_client *c, const struct ipc_body *b)
{
	struct rpc_stream *s = c->streams;
	char *filter = rpc_text(b->type);
	const char *error = "";

	while (s < c->streams + RPC_STREAMS_MAX && s->filter != NULL)
		s++;
	if (has_stream(c, c->head.seq))
		error = "Stream with given sequence exists";
	else if (!filter_has(filter, NULL, NULL))
		error = "Invalid event filter";
	else if (s == c->streams + RPC_STREAMS_MAX)
		error = "too many streams";
	rpc_answer(c, c->head.seq, error);
	if (error[0] == '\0')
		*s = (struct rpc_stream){ c->head.seq, filter };
	else
		free(filter);
}

void
rpc_monitor_start(struct rpc_client *c, const struct ipc_body *b)
{
	char *level = rpc_text(b->level);
	enum log_level l = LOG_DEBUG;

	if (c->monitors) {
		rpc_answer(c, c->head.seq, "Monitor already exists");
	} else if (level[0] != '\0' && log_level_parse(level, &l) == -1) {
		rpc_answer(c, c->head.seq, "Unknown log level");
	} else {
		c->monitors = true;
		c->monitor_seq = c->head.seq;
		c->monitor_level = l;
		rpc_answer(c, c->head.seq, "");
	}
	free(level);
}

void
rpc_stop(struct rpc_client *c, uint64_t seq)
{
	for (size_t i = 0; i < RPC_STREAMS_MAX; i++) {
		if (c->streams[i].filter == NULL || c->streams[i].seq != seq)
			continue;
		free(c->streams[i].filter);
		c->streams[i] = (struct rpc_stream){ 0 };
	}
	if (c->monitors && c->monitor_seq == seq)
		c->monitors = false;
}

/* --- telling --- */

static void
put_record(struct buf *out, const char *what, const struct pool_event *ev)
{
	struct ipc_event e = { ev->ltime, ev->id, ev->name,
		wire_bytes(ev->npayload > 0 ? ev->payload : NULL, ev->npayload),
		ev->coalesce };
	struct ipc_member m;

	if (ev->type == POOL_EV_USER) {
		ipc_put_user_event(out, &e);
	} else if (ev->type == POOL_EV_QUERY) {
		ipc_put_query_event(out, &e);
	} else {
		m = rpc_member(&ev->member);
		ipc_put_member_event(out, what, &m);
	}
}

void
rpc_event(struct rpc *r, const struct pool_event *ev)
{
	const char *what, *name = NULL;

	if (ev->type < NMEMBER_EVENTS) {
		what = member_events[ev->type];
	} else if (ev->type == POOL_EV_USER || ev->type == POOL_EV_QUERY) {
		what = ev->type == POOL_EV_USER ? "user" : "query";
		name = ev->name;
	} else {
		return;
	}
	for (struct rpc_client *c = r->clients; c != NULL; c = c->next) {
		for (size_t i = 0; i < RPC_STREAMS_MAX; i++) {
			const struct rpc_stream *s = &c->streams[i];

			if (s->filter == NULL ||
			    !filter_has(s->filter, what, name))
				continue;
			rpc_answer(c, s->seq, "");
			put_record(&c->out, what, ev);
		}
		rpc_flush(c);
	}
}

void
rpc_log(struct rpc *r, enum log_level level, const char *line)
{
	for (struct rpc_client *c = r->clients; c != NULL; c = c->next) {
		if (!c->monitors || level < c->monitor_level)
			continue;
		rpc_answer(c, c->monitor_seq, "");
		ipc_put_log(&c->out, line);
		rpc_flush(c);
	}
}
