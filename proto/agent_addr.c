#include <arpa/inet.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "proto/agent.h"

/* --- the machine --- */

/* The interface of the default route, or "". */
static void
default_iface(char name[IFNAMSIZ])
{
	FILE *f = fopen("/proc/net/route", "re");
	char line[512];
	unsigned long dest;

	name[0] = '\0';
	if (f == NULL)
		return;
	while (fgets(line, sizeof line, f) != NULL) {
		char iface[16];

		if (sscanf(line, "%15s %lx", iface, &dest) == 2 && dest == 0) {
			snprintf(name, IFNAMSIZ, "%s", iface);
			break;
		}
	}
	fclose(f);
}

void
agent_host_read(struct agent_host *h)
{
	struct ifaddrs *all = NULL;
	char dflt[IFNAMSIZ];

	*h = (struct agent_host){ 0 };
	default_iface(dflt);
	if (getifaddrs(&all) == -1)
		return;
	for (struct ifaddrs *a = all; a != NULL; a = a->ifa_next) {
		struct agent_iface *i;
		char ip[NI_MAXHOST];

		if (a->ifa_addr == NULL || a->ifa_addr->sa_family != AF_INET ||
		    (a->ifa_flags & IFF_UP) == 0 ||
		    getnameinfo(a->ifa_addr, sizeof(struct sockaddr_in), ip,
			sizeof ip, NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		h->ifaces =
		    xreallocarray(h->ifaces, h->nifaces + 1, sizeof *h->ifaces);
		i = &h->ifaces[h->nifaces++];
		*i = (struct agent_iface){ xstrdup(a->ifa_name), xstrdup(ip),
			strcmp(a->ifa_name, dflt) == 0 };
	}
	freeifaddrs(all);
}

void
agent_host_release(struct agent_host *h)
{
	for (size_t i = 0; i < h->nifaces; i++) {
		free(h->ifaces[i].name);
		free(h->ifaces[i].ip);
	}
	free(h->ifaces);
	*h = (struct agent_host){ 0 };
}

/* --- templates --- */

static uint32_t
ip_bits(const char *ip)
{
	struct in_addr in;

	return inet_pton(AF_INET, ip, &in) == 1 ? ntohl(in.s_addr) : 0;
}

static bool
is_private(const char *ip)
{
	uint32_t b = ip_bits(ip);

	return b >> 24 == 10 || b >> 20 == 0xac1 || b >> 16 == 0xc0a8 ||
	       b >> 22 == 0x191;
}

static bool
is_public(const char *ip)
{
	uint32_t b = ip_bits(ip);

	return b != 0 && b >> 24 != 127 && b >> 16 != 0xa9fe && !is_private(ip);
}

/* The first address that fits; of the default route's interface if it must
 * be. "" when there is none, as templates have it. */
static char *
pick(const struct agent_host *host, bool (*fits)(const char *ip),
    const char *iface)
{
	for (size_t i = 0; i < host->nifaces; i++) {
		const struct agent_iface *f = &host->ifaces[i];

		if (iface != NULL
			? strcmp(f->name, iface) == 0
			: f->is_default && fits != NULL && fits(f->ip))
			return xstrdup(f->ip);
	}
	return xstrdup("");
}

/* One word of a template: up to a blank or a quote's end. */
static void
take_word(const char **p, char *out, size_t size)
{
	size_t n = 0;
	bool quoted;

	*p += strspn(*p, " \t");
	quoted = **p == '"';
	if (quoted)
		(*p)++;
	while (**p != '\0' && **p != '"' &&
	       (quoted || strchr(" \t}", **p) == NULL)) {
		if (n + 1 < size)
			out[n++] = **p;
		(*p)++;
	}
	if (quoted && **p == '"')
		(*p)++;
	out[n] = '\0';
}

char *
agent_addr_expand(
    const struct agent_host *host, const char *text, struct err *err)
{
	const char *p = strstr(text, "{{");
	char fn[64], arg[64];

	if (p == NULL) {
		if (strchr(text, ' ') != NULL) {
			err_set(err, ERR_BAD,
			    "Multiple addresses found (\"%s\"), please "
			    "configure one.",
			    text);
			return NULL;
		}
		return xstrdup(text);
	}
	p += 2;
	take_word(&p, fn, sizeof fn);
	take_word(&p, arg, sizeof arg);
	p += strspn(p, " \t");
	if (strncmp(p, "}}", 2) == 0 && p[2] == '\0') {
		if (strcmp(fn, "GetPrivateIP") == 0)
			return pick(host, is_private, NULL);
		if (strcmp(fn, "GetPublicIP") == 0)
			return pick(host, is_public, NULL);
		if (strcmp(fn, "GetInterfaceIP") == 0)
			return pick(host, NULL, arg);
	}
	err_set(err, ERR_BAD,
	    "unable to parse address template \"%s\": unable to parse template "
	    "\"%s\": template: sockaddr.Parse:1: function \"%s\" not defined",
	    text, text, fn);
	return NULL;
}
