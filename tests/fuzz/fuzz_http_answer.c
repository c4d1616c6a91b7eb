/*
 * Bytes as what a server answers, through the whole client half. The first
 * byte says how they are cut and what was asked. on_answer() comes once, and
 * says the same whether they come in one piece or in many.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/http/http.h"
#include "common/log.h"
#include "common/mem.h"

#define PIECES_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct asked {
	int nheads, nanswers;
	struct buf said;
	struct buf pieces;
	int upgraded; /* a descriptor, or -1 */
	struct http_call *call;
	bool can_upgrade;
};

static void
on_head(void *ctx, const struct http_answer *answer)
{
	struct asked *q = ctx;
	struct buf rest = { 0 }, unsent = { 0 };

	q->nheads++;
	buf_addf(&q->said, "%d %d %zu %lld\n", answer->status, answer->minor,
	    answer->nfields, (long long)answer->length);
	for (size_t i = 0; i < answer->nfields; i++)
		buf_addf(&q->said, "%s=%s\n", answer->fields[i].name,
		    answer->fields[i].value);
	if (answer->status != 101 || !q->can_upgrade)
		return;
	q->upgraded = http_call_upgrade(q->call, &rest, &unsent);
	buf_release(&rest);
	buf_release(&unsent);
}

static void
on_piece(void *ctx, const char *p, size_t n)
{
	struct asked *q = ctx;

	if (q->nheads != 1 || q->nanswers != 0 || n == 0)
		abort();
	buf_add(&q->pieces, p, n);
}

static void
on_answer(void *ctx, const struct err *err, const struct http_answer *answer)
{
	struct asked *q = ctx;

	q->nanswers++;
	buf_addf(&q->said, "%s\n", err == NULL ? "ok" : "failed");
	if (err == NULL && answer->status < 100)
		abort();
	if (err == NULL && answer->len > 0)
		buf_add(&q->said, answer->body, answer->len);
	if (err == NULL && q->pieces.len > 0)
		buf_add(&q->said, q->pieces.data, q->pieces.len);
}

static struct loop *loop;
static int listener;
static char path[64], dir[48];

static void
run(int turns)
{
	for (int i = 0; i < turns; i++)
		event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
}

static void
send_all(int fd, const uint8_t *p, size_t n, uint8_t cut)
{
	size_t step = cut == 0 ? n : n / PIECES_MAX + cut % 61 + 1;

	while (n > 0) {
		size_t take = n < step ? n : step;
		ssize_t sent = send(fd, p, take, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent == -1 && errno != EAGAIN)
			return;
		if (sent > 0) {
			p += sent;
			n -= (size_t)sent;
		}
		run(2);
	}
}

/* Serves whoever connects; a call that is sent again meets the same. */
static void
serve(struct asked *q, const uint8_t *p, size_t n, uint8_t cut)
{
	char sink[4096];

	for (int i = 0; i < 3 && q->nanswers == 0; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		run(3);
		if (fd == -1)
			continue;
		while (recv(fd, sink, sizeof sink, MSG_DONTWAIT) > 0)
			continue;
		send_all(fd, p, n, cut);
		run(2);
		close(fd);
		run(3);
	}
}

static struct buf
session(const uint8_t *p, size_t n, uint8_t how, uint8_t cut)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "GET" };
	static const struct http_call_ops streamed = { on_head, on_piece,
		on_answer, NULL };
	static const struct http_call_ops collected = { on_head, NULL,
		on_answer, NULL };
	struct asked q = { .upgraded = -1, .can_upgrade = how % 4 == 3 };
	struct http_client *c = http_client_new(loop, path);
	const char fields[] = "Host: fuzz\r\n";

	q.call = http_call_begin(c, methods[how % 4], "/", fields,
	    sizeof fields - 1, 0, 0, how & 4 ? &streamed : &collected, &q);
	http_call_end(q.call);
	run(3);
	serve(&q, p, n, cut);
	if (q.upgraded != -1)
		close(q.upgraded);
	else if (q.nanswers != 1)
		abort();
	http_client_free(c);
	if (q.nanswers > 1)
		abort();
	buf_release(&q.pieces);
	return q.said;
}

static void
clean_up(void)
{
	unlink(path + strlen("unix:"));
	rmdir(dir);
}

static void
start(void)
{
	struct err err;

	log_set_level(LOG_ERROR);
	snprintf(dir, sizeof dir, "/tmp/rove-fuzz-XXXXXX");
	if (mkdtemp(dir) == NULL)
		abort();
	snprintf(path, sizeof path, "unix:%s/s", dir);
	atexit(clean_up);
	listener = http_listen(path, false, &err);
	if (listener == -1)
		abort();
	loop = loop_new();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf whole, cut;

	if (loop == NULL)
		start();
	if (n < 1)
		return 0;
	whole = session(data + 1, n - 1, data[0], 0);
	cut = session(data + 1, n - 1, data[0], data[0] | 1);
	if (whole.len != cut.len ||
	    memcmp(buf_str(&whole), buf_str(&cut), whole.len) != 0) {
		fprintf(stderr, "whole:\n%s\ncut:\n%s\n", buf_str(&whole),
		    buf_str(&cut));
		abort();
	}
	buf_release(&whole);
	buf_release(&cut);
	return 0;
}
