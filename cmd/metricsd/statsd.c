#include <errno.h>
#include <math.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/metricsd/metricsd.h"
#include "common/mem.h"

#define PACKET_MAX 1400 /* what passes any network in one piece */

struct statsd {
	int fd;
	struct buf packet;
};

struct statsd *
statsd_open(const char *addr, struct err *err)
{
	const char *colon = strrchr(addr, ':');
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *ai;
	struct statsd *s;
	char *host;
	int rv;

	if (colon == NULL) {
		err_set(err, ERR_BAD,
		    "statsd_address: expected host:port, found \"%s\"", addr);
		return NULL;
	}
	host = xstrndup(addr, (size_t)(colon - addr));
	rv = getaddrinfo(host, colon + 1, &hints, &ai);
	free(host);
	if (rv != 0) {
		err_set(err, ERR_BAD, "statsd_address: %s: %s", addr,
		    gai_strerror(rv));
		return NULL;
	}
	s = xcalloc(1, sizeof *s);
	s->fd =
	    socket(ai->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd == -1 || connect(s->fd, ai->ai_addr, ai->ai_addrlen) == -1) {
		err_sys(err, "statsd_address: %s", addr);
		statsd_free(s);
		s = NULL;
	}
	freeaddrinfo(ai);
	return s;
}

void
statsd_free(struct statsd *s)
{
	if (s == NULL)
		return;
	if (s->fd != -1)
		close(s->fd);
	buf_release(&s->packet);
	free(s);
}

/* Nobody waits for it: what cannot be sent is lost. */
void
statsd_flush(struct statsd *s)
{
	if (s->packet.len > 0 &&
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
