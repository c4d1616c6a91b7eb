#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/metricsd/metricsd.h"
#include "common/http/addr.h"
#include "common/log.h"
#include "common/lookup.h"
#include "common/mem.h"

#define PACKET_MAX 1400 /* what passes any network in one piece */

/* No socket of a path, and not every address: somewhere to send to. */
static int
parse(const char *addr, struct http_addr *to, struct err *err)
{
	if (strncmp(addr, "unix:", 5) == 0 || addr[0] == ':')
		return err_set(err, ERR_BAD,
		    "statsd_address: expected host:port, found \"%s\"", addr);
	if (http_addr_parse(to, addr, err) == -1)
		return err_add(err, "statsd_address");
	return 0;
}

struct statsd {
	struct loop *loop;
	struct http_addr to;
	struct lookup *lookup; /* under way */
	struct loop_timer *retry;
	int fd; /* -1: not known where to yet */
	struct buf packet;
};

int
statsd_check(const char *addr, struct err *err)
{
	struct http_addr to;

	return parse(addr, &to, err);
}

/* An address that nothing can be sent to is as good as none. */
static int
aim(struct statsd *s, const struct sockaddr *sa, socklen_t len)
{
	s->fd =
	    socket(sa->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd == -1)
		return -1;
	if (connect(s->fd, sa, len) == 0)
		return 0;
	close(s->fd);
	s->fd = -1;
	return -1;
}

static void
on_found(
    void *ctx, const struct sockaddr_storage *addrs, size_t n, const char *why)
{
	struct statsd *s = ctx;

	s->lookup = NULL;
	for (size_t i = 0; i < n; i++)
		if (aim(s, (const struct sockaddr *)&addrs[i],
			addrs[i].ss_family == AF_INET
			    ? sizeof(struct sockaddr_in)
			    : sizeof(struct sockaddr_in6)) == 0)
			return;
	log_warn("statsd is not reached host=%s reason=\"%s\" again_ms=%d",
	    s->to.host, n == 0 ? why : strerror(errno), STATSD_RETRY_MS);
	loop_timer_set(s->retry, STATSD_RETRY_MS);
}

static void
look_up(void *arg)
{
	struct statsd *s = arg;

	s->lookup = lookup_new(
	    s->loop, s->to.host, (uint16_t)atoi(s->to.port), on_found, s);
}

struct statsd *
statsd_open(struct loop *l, const char *addr, struct err *err)
{
	struct statsd *s = xcalloc(1, sizeof *s);

	s->loop = l;
	s->fd = -1;
	if (parse(addr, &s->to, err) == -1) {
		free(s);
		return NULL;
	}
	s->retry = loop_timer_new(l, look_up, s);
	if (s->to.is_name)
		look_up(s);
	else if (aim(s, &s->to.sock.sa, s->to.len) == -1) {
		err_sys(err, "statsd_address: %s", addr);
		statsd_free(s);
		return NULL;
	}
	return s;
}

void
statsd_free(struct statsd *s)
{
	if (s == NULL)
		return;
	lookup_cancel(s->lookup);
	loop_timer_free(s->retry);
	if (s->fd != -1)
		close(s->fd);
	buf_release(&s->packet);
	free(s);
}

/* Nobody waits for it: what cannot be sent is lost. */
void
statsd_flush(struct statsd *s)
{
	if (s->fd != -1 && s->packet.len > 0 &&
	    send(s->fd, s->packet.data, s->packet.len, MSG_NOSIGNAL) == -1)
		(void)0;
	buf_reset(&s->packet);
}

/* Labels become part of the name, as go-metrics' sink has it. */
static void
add_part(struct buf *line, const char *part)
{
	for (; part != NULL && *part != '\0'; part++)
		buf_addc(line, strchr(":|@ \n", *part) != NULL ? '_' : *part);
}

void
statsd_send(
    struct statsd *s, const struct metric *m, double news, uint64_t nnews)
{
	struct buf line = { 0 };

	if ((m->kind != METRIC_GAUGE && nnews == 0) || !isfinite(news))
		return;
	add_part(&line, m->name);
	for (size_t i = 0; i < m->nlabels; i++) {
		buf_addc(&line, '.');
		add_part(&line, m->labels[i].value);
	}
	if (m->kind == METRIC_GAUGE)
		buf_addf(&line, ":%f|g\n", news);
	else if (m->kind == METRIC_COUNTER)
		buf_addf(&line, ":%f|c\n", news);
	else
		buf_addf(&line, ":%f|ms\n", news / (double)nnews);
	if (s->packet.len + line.len > PACKET_MAX)
		statsd_flush(s);
	if (line.len <= PACKET_MAX)
		buf_add(&s->packet, line.data, line.len);
	buf_release(&line);
}
