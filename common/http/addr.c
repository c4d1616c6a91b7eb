#include "common/http/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/http/http.h"

#define BACKLOG 1024

static int
parse_unix(struct http_addr *a, const char *path, struct err *err)
{
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof a->sock.un.sun_path)
		return err_set(err, ERR_BAD, "unix:%s: bad socket path", path);
	a->sock.un.sun_family = AF_UNIX;
	memcpy(a->sock.un.sun_path, path, n + 1);
	a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return 0;
}

/* Splits at the last colon; brackets around an IPv6 address go. */
static int
split(struct http_addr *a, const char *text, struct err *err)
{
	const char *colon = strrchr(text, ':');
	const char *host = text;
	size_t n;

	if (colon == NULL || colon[1] == '\0' ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    strlen(colon + 1) > 5 || atoi(colon + 1) > 65535)
		return err_set(
		    err, ERR_BAD, "%s: expected host:port or unix:/path", text);
	n = (size_t)(colon - text);
	if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	} else if (memchr(host, ':', n) != NULL) {
		return err_set(
		    err, ERR_BAD, "%s: an IPv6 address needs brackets", text);
	}
	if (n > HTTP_NAME_MAX)
		return err_set(err, ERR_BAD, "host name is too long");
	memcpy(a->host, host, n);
	a->host[n] = '\0';
	snprintf(a->port, sizeof a->port, "%s", colon + 1);
	return 0;
}

int
http_addr_parse(struct http_addr *a, const char *text, struct err *err)
{
	uint16_t port;

	memset(a, 0, sizeof *a);
	if (strncmp(text, "unix:", 5) == 0) {
		text += 5;
		if (strncmp(text, "//", 2) == 0)
			text += 2;
		return parse_unix(a, text, err);
	}
	if (split(a, text, err) == -1)
		return -1;
	port = htons((uint16_t)atoi(a->port));
	if (a->host[0] == '\0' || strcmp(a->host, "localhost") == 0 ||
	    inet_pton(AF_INET, a->host, &a->sock.in.sin_addr) == 1) {
		a->sock.in.sin_family = AF_INET;
		a->sock.in.sin_port = port;
		a->len = sizeof a->sock.in;
		if (strcmp(a->host, "localhost") == 0)
			a->sock.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	} else if (inet_pton(AF_INET6, a->host, &a->sock.in6.sin6_addr) == 1) {
		a->sock.in6.sin6_family = AF_INET6;
		a->sock.in6.sin6_port = port;
		a->len = sizeof a->sock.in6;
	} else {
		a->is_name = true;
	}
	return 0;
}

int
http_addr_resolve(struct http_addr *a, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	int rc;

	if (!a->is_name)
		return 0;
	rc = getaddrinfo(a->host, a->port, &hints, &found);
	if (rc != 0)
		return err_set(
		    err, ERR_GONE, "%s: %s", a->host, gai_strerror(rc));
	memcpy(&a->sock, found->ai_addr, found->ai_addrlen);
	a->len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

void
http_addr_format(
    const union http_sock *s, socklen_t len, char out[HTTP_ADDR_SIZE])
{
	char ip[INET6_ADDRSTRLEN] = "";

	switch (s->sa.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &s->in.sin_addr, ip, sizeof ip);
		snprintf(out, HTTP_ADDR_SIZE, "%s:%u", ip,
		    (unsigned)ntohs(s->in.sin_port));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &s->in6.sin6_addr, ip, sizeof ip);
		snprintf(out, HTTP_ADDR_SIZE, "[%s]:%u", ip,
		    (unsigned)ntohs(s->in6.sin6_port));
		break;
	default:
		/* A client's end of a unix socket has no name. */
		if (len <= offsetof(struct sockaddr_un, sun_path))
			snprintf(out, HTTP_ADDR_SIZE, "unix:");
		else
			snprintf(
			    out, HTTP_ADDR_SIZE, "unix:%.108s", s->un.sun_path);
	}
}

void
http_addr_host(const char *text, char out[HTTP_NAME_MAX + 32])
{
	if (strncmp(text, "unix:", 5) == 0)
		snprintf(out, HTTP_NAME_MAX + 32, "127.0.0.1");
	else
		snprintf(out, HTTP_NAME_MAX + 32, "%s", text);
}

/* Small answers go out at once, and silent peers are asked whether they are
 * still there. */
static void
set_tcp(int fd, const union http_sock *s)
{
	const int one = 1, after_s = HTTP_ALIVE_AFTER_S,
		  every_s = HTTP_ALIVE_EVERY_S, probes = HTTP_ALIVE_PROBES;

	if (s->sa.sa_family == AF_UNIX)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &after_s, sizeof after_s);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof every_s);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

int
http_addr_connect(const union http_sock *s, socklen_t len)
{
	int fd = socket(
	    s->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	set_tcp(fd, s);
	if (connect(fd, &s->sa, len) == -1 && errno != EINPROGRESS) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* Removes a socket file that nobody listens at any more. */
static void
remove_stale(const struct http_addr *a)
{
	struct stat st;
	int fd;

	if (a->sock.sa.sa_family != AF_UNIX ||
	    lstat(a->sock.un.sun_path, &st) == -1 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return;
	if (connect(fd, &a->sock.sa, a->len) == -1 && errno == ECONNREFUSED)
		unlink(a->sock.un.sun_path);
	close(fd);
}

int
http_listen(const char *addr, bool reuse_port, struct err *err)
{
	struct http_addr a;
	int fd, one = 1;

	if (http_addr_parse(&a, addr, err) == -1 ||
	    http_addr_resolve(&a, err) == -1)
		return -1;
	fd = socket(
	    a.sock.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return err_sys(err, "%s", addr);
	remove_stale(&a);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (reuse_port)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	/* Accepted sockets inherit it: calls saved for each. */
	set_tcp(fd, &a.sock);
	if (bind(fd, &a.sock.sa, a.len) == -1 || listen(fd, BACKLOG) == -1) {
		if (errno == EADDRINUSE)
			err_set(err, ERR_CONFLICT, "%s: address in use", addr);
		else
			err_sys(err, "%s", addr);
		close(fd);
		return -1;
	}
	return fd;
}
