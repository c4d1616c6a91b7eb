/*
 * A cheap load of HTTP requests, for benches that write:
 *
 *	load -a HOST:PORT [-c CONNECTIONS] [-t SECONDS] [-n REQUESTS]
 *	     [-m METHOD] -p PATH [-b BODY | -f FILE]
 *
 * Each connection is kept and has one request in flight. "%d" in the path and
 * in the body becomes the request's number. Prints
 *
 *	RATE P50 P99 MAX GAP FAILED
 *
 * requests a second, milliseconds of an answer, the longest time in which none
 * came, and how many were answered by something else than 2xx. Plain epoll: it
 * shares its cores with the servers that it measures.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/mem.h"

#define MAX_CONNS  1024
#define MAX_ANSWER (256u << 10)

struct conn {
	int fd;
	int64_t began_ns;
	size_t got;
	char in[MAX_ANSWER];
};

struct load {
	const char *host, *method, *path;
	char *body;
	struct sockaddr_in addr;
	size_t nconns;
	uint64_t limit, sent, done, failed;
	int64_t began_ns, end_ns, last_ns, gap_ns;
	int ep;
	uint32_t *took_us; /* of each answer */
	size_t cap;
	struct buf out;
};

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* Text with "%d" in it. */
static void
add_numbered(struct buf *b, const char *text, uint64_t n)
{
	const char *at;

	while ((at = strstr(text, "%d")) != NULL) {
		buf_add(b, text, (size_t)(at - text));
		buf_addf(b, "%" PRIu64, n);
		text = at + 2;
	}
	buf_adds(b, text);
}

static void
connect_to(struct load *l, struct conn *c)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd == -1 ||
	    connect(c->fd, (struct sockaddr *)&l->addr, sizeof l->addr) == -1)
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	epoll_ctl(l->ep, EPOLL_CTL_ADD, c->fd, &ev);
}

static void
send_one(struct load *l, struct conn *c)
{
	struct buf *b = &l->out;
	static struct buf body;

	if (l->sent == l->limit || now_ns() >= l->end_ns)
		return;
	buf_reset(&body);
	add_numbered(&body, l->body, l->sent);
	buf_reset(b);
	buf_addf(b, "%s ", l->method);
	add_numbered(b, l->path, l->sent++);
	buf_addf(b, " HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n\r\n",
	    l->host, body.len);
	buf_add(b, body.data, body.len);
	c->got = 0;
	c->began_ns = now_ns();
	if (send(c->fd, b->data, b->len, MSG_NOSIGNAL) != (ssize_t)b->len)
		die("send");
}

/* Whether an answer is there, whole. */
static bool
is_whole(const struct conn *c)
{
	const char *body = memmem(c->in, c->got, "\r\n\r\n", 4), *field;
	size_t head;

	if (body == NULL)
		return false;
	head = (size_t)(body + 4 - c->in);
	for (field = c->in; field < body; field++) {
		if (strncasecmp(field, "\r\nContent-Length:", 17) == 0)
			return c->got - head >= strtoull(field + 17, NULL, 10);
		if (strncasecmp(field, "\r\nTransfer-Encoding: chunked", 28) ==
		    0)
			return c->got >= 5 &&
			       memcmp(c->in + c->got - 5, "0\r\n\r\n", 5) == 0;
	}
	return true; /* 204 */
}

static void
note(struct load *l, const struct conn *c)
{
	int64_t now = now_ns();

	l->took_us = xgrow(l->took_us, l->done, &l->cap, sizeof *l->took_us);
	l->took_us[l->done++] = (uint32_t)((now - c->began_ns) / 1000);
	if (now - l->last_ns > l->gap_ns)
		l->gap_ns = now - l->last_ns;
	l->last_ns = now;
	l->failed += c->in[9] != '2';
}

/* A connection that ends is a failure, and begun anew. */
static void
hear(struct load *l, struct conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->got, sizeof c->in - 1 - c->got, 0);

	if (n <= 0) {
		l->failed++;
		close(c->fd);
		connect_to(l, c);
		send_one(l, c);
		return;
	}
	c->got += (size_t)n;
	c->in[c->got] = '\0';
	if (!is_whole(c))
		return;
	note(l, c);
	send_one(l, c);
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double
percentile(const struct load *l, unsigned p)
{
	return l->done > 0 ? l->took_us[(l->done - 1) * p / 100] / 1000.0 : 0;
}

static void
report(struct load *l)
{
	double s = (double)(l->last_ns - l->began_ns) / 1e9;

	qsort(l->took_us, l->done, sizeof *l->took_us, by_size);
	printf("%.0f %.2f %.2f %.2f %.1f %" PRIu64 "\n",
	    s > 0 ? (double)(l->done - l->failed) / s : 0, percentile(l, 50),
	    percentile(l, 99), percentile(l, 100), (double)l->gap_ns / 1e6,
	    l->failed);
}

static void
run(struct load *l)
{
	struct conn *conns = xcalloc(l->nconns, sizeof *conns);
	struct epoll_event ev[64];

	l->ep = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < l->nconns; i++)
		connect_to(l, &conns[i]);
	l->began_ns = l->last_ns = now_ns();
	l->end_ns += l->began_ns;
	for (size_t i = 0; i < l->nconns; i++)
		send_one(l, &conns[i]);
	while (l->done < l->limit && now_ns() < l->end_ns) {
		int n = epoll_wait(l->ep, ev, 64, 100);

		for (int i = 0; i < n; i++)
			hear(l, ev[i].data.ptr);
	}
	for (size_t i = 0; i < l->nconns; i++)
		close(conns[i].fd);
	free(conns);
}

static char *
read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	struct buf b = { 0 };
	size_t n;

	if (f == NULL)
		die(path);
	while ((n = fread(buf_reserve(&b, 65536), 1, 65536, f)) > 0)
		b.len += n;
	fclose(f);
	return buf_take(&b);
}

static void
set_addr(struct load *l, char *text)
{
	char *colon = strrchr(text, ':');

	l->host = xstrdup(text);
	if (colon == NULL)
		die("-a: expected HOST:PORT");
	*colon = '\0';
	l->addr.sin_family = AF_INET;
	l->addr.sin_port = htons((uint16_t)atoi(colon + 1));
	if (inet_pton(AF_INET, text, &l->addr.sin_addr) != 1)
		die("-a: expected HOST:PORT");
}

int
main(int argc, char **argv)
{
	struct load l = { .method = "PUT",
		.nconns = 1,
		.limit = UINT64_MAX,
		.end_ns = 5000000000 };
	int o;

	l.body = xstrdup("");
	while ((o = getopt(argc, argv, "a:c:t:n:m:p:b:f:")) != -1) {
		if (o == 'a')
			set_addr(&l, optarg);
		else if (o == 'c')
			l.nconns = strtoull(optarg, NULL, 10);
		else if (o == 't')
			l.end_ns = (int64_t)(atof(optarg) * 1e9);
		else if (o == 'n')
			l.limit = strtoull(optarg, NULL, 10);
		else if (o == 'm')
			l.method = optarg;
		else if (o == 'p')
			l.path = optarg;
		else if (o == 'b')
			l.body = xstrdup(optarg);
		else if (o == 'f')
			l.body = read_file(optarg);
		else
			return 2;
	}
	if (l.path == NULL || l.host == NULL || l.nconns == 0 ||
	    l.nconns > MAX_CONNS)
		return 2;
	run(&l);
	report(&l);
	return 0;
}
