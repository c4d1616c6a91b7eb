#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cmd/gossipd/port.h"

int
gossip_addr_parse_default(
    const char *addr, char *host, size_t size, int64_t *port, int64_t def)
{
	const char *colon = strrchr(addr, ':'), *from = addr;
	size_t n = strlen(addr);
	char *end;

	*port = def;
	if (colon != NULL && (addr[0] != '[' || colon[-1] == ']') &&
	    colon != addr && (addr[0] == '[' || strchr(addr, ':') == colon)) {
		*port = strtol(colon + 1, &end, 10);
		if (colon[1] == '\0' || *end != '\0')
			return -1;
		n = (size_t)(colon - addr);
	}
	if (n > 1 && addr[0] == '[' && addr[n - 1] == ']') {
		from++;
		n -= 2;
	}
	if (*port < 0 || *port > 65535 || n == 0 || n >= size)
		return -1;
	memcpy(host, from, n);
	host[n] = '\0';
	return 0;
}

int
gossip_addr_parse(const char *addr, char *host, size_t size, int64_t *port)
{
	struct in6_addr v6;

	/* A bare IPv6 address has no port, though it has colons. */
	if (gossip_addr_parse_default(addr, host, size, port, -2) == -1 ||
	    (addr[0] != '[' && inet_pton(AF_INET6, host, &v6) == 1))
		return -1;
	return *port >= 0 ? 0 : -1;
}

bool
gossip_addr_numeric(const char *host, int64_t port, struct pool_addr *out)
{
	*out = (struct pool_addr){ .port = (uint16_t)port };
	if (inet_pton(AF_INET, host, out->ip) == 1)
		out->nip = 4;
	else if (inet_pton(AF_INET6, host, out->ip) == 1)
		out->nip = 16;
	return out->nip != 0;
}

void
gossip_addr_format(const struct pool_addr *a, char host[GOSSIP_ADDR_TEXT])
{
	if (a->nip == 0 || inet_ntop(a->nip == 4 ? AF_INET : AF_INET6, a->ip,
			       host, GOSSIP_ADDR_TEXT) == NULL)
		host[0] = '\0';
}

bool
gossip_addr_is_any(const struct pool_addr *a)
{
	static const uint8_t none[16];

	return memcmp(a->ip, none, a->nip) == 0;
}

/* How good an address is to be reached at: more is better. */
static int
rank_of(const struct pool_addr *a)
{
	const uint8_t *ip = a->ip;

	if (a->nip == 4)
		return ip[0] == 127 ? 1
		       : ip[0] == 10 ||
			       (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
			       (ip[0] == 192 && ip[1] == 168) ||
			       (ip[0] == 100 && (ip[1] & 0xc0) == 64)
			   ? 3
			   : 2;
	if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80)
		return 0; /* of one link only */
	return ip[0] == 0 ? 1 : (ip[0] & 0xfe) == 0xfc ? 3 : 2;
}

void
gossip_addr_own(struct pool_addr *a)
{
	struct ifaddrs *list = NULL;
	int best = 0;

	if (getifaddrs(&list) == -1)
		return;
	for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
		struct sockaddr_storage s = { 0 };
		struct pool_addr found;

		if (i->ifa_addr == NULL ||
		    i->ifa_addr->sa_family !=
			(a->nip == 4 ? AF_INET : AF_INET6))
			continue;
		memcpy(&s, i->ifa_addr,
		    a->nip == 4 ? sizeof(struct sockaddr_in)
				: sizeof(struct sockaddr_in6));
		gossip_addr_from_sock(&s, &found);
		if (rank_of(&found) <= best)
			continue;
		best = rank_of(&found);
		found.port = a->port;
		*a = found;
	}
	freeifaddrs(list);
}

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

unsigned
gossip_addr_to_sock(
    const struct pool_addr *a, int family, struct sockaddr_storage *out)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_port = htons(a->port) };
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_port = htons(a->port) };
	bool is_mapped =
	    a->nip == 16 && memcmp(a->ip, mapped, sizeof mapped) == 0;

	*out = (struct sockaddr_storage){ 0 };
	if (a->nip == 0 || (family == AF_INET && a->nip == 16 && !is_mapped))
		return 0;
	if (family == AF_INET) {
		memcpy(&four.sin_addr, a->ip + (is_mapped ? 12 : 0), 4);
		memcpy(out, &four, sizeof four);
		return sizeof four;
	}
	if (a->nip == 4) {
		memcpy(six.sin6_addr.s6_addr, mapped, sizeof mapped);
		memcpy(six.sin6_addr.s6_addr + 12, a->ip, 4);
	} else {
		memcpy(six.sin6_addr.s6_addr, a->ip, 16);
	}
	memcpy(out, &six, sizeof six);
	return sizeof six;
}

void
gossip_addr_from_sock(const struct sockaddr_storage *s, struct pool_addr *out)
{
	struct sockaddr_in6 six;
	struct sockaddr_in four;

	*out = (struct pool_addr){ 0 };
	if (s->ss_family == AF_INET) {
		memcpy(&four, s, sizeof four);
		out->nip = 4;
		memcpy(out->ip, &four.sin_addr, 4);
		out->port = ntohs(four.sin_port);
		return;
	}
	memcpy(&six, s, sizeof six);
	out->port = ntohs(six.sin6_port);
	if (memcmp(six.sin6_addr.s6_addr, mapped, sizeof mapped) == 0) {
		out->nip = 4;
		memcpy(out->ip, six.sin6_addr.s6_addr + 12, 4);
	} else {
		out->nip = 16;
		memcpy(out->ip, six.sin6_addr.s6_addr, 16);
	}
}
