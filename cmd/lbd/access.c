#include "cmd/lbd/access.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

/* An address of either family as 16 bytes; *v4 tells which it was. */
static int
parse_addr(const char *text, uint8_t out[16], bool *v4)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
		0xff };

	*v4 = inet_pton(AF_INET, text, out + 12) == 1;
	if (*v4) {
		memcpy(out, mapped, sizeof mapped);
		return 0;
	}
	return inet_pton(AF_INET6, text, out) == 1 ? 0 : -1;
}

static int
parse_net(struct access_net *net, const char *text, struct err *err)
{
	char addr[64];
	const char *slash = strchr(text, '/');
	size_t n = slash == NULL ? strlen(text) : (size_t)(slash - text);
	unsigned long bits;
	char *end;
	bool v4;

	if (n >= sizeof addr)
		return err_set(err, ERR_BAD, "'%s' is no address", text);
	memcpy(addr, text, n);
	addr[n] = '\0';
	if (parse_addr(addr, net->addr, &v4) == -1)
		return err_set(err, ERR_BAD, "'%s' is no address", addr);
	bits = v4 ? 32 : 128;
	if (slash != NULL) {
		unsigned long most = bits;

		bits = strtoul(slash + 1, &end, 10);
		if (slash[1] < '0' || slash[1] > '9' || *end != '\0' ||
		    bits > most)
			return err_set(
			    err, ERR_BAD, "'%s' is no network", text);
	}
	net->bits = (uint8_t)(v4 ? bits + 96 : bits);
	return 0;
}

int
access_parse(
    struct access_rules *rules, bool allow, const char *text, struct err *err)
{
	char *copy = xstrdup(text), *save = NULL;
	size_t cap = 0;
	int rc = 0;

	*rules = (struct access_rules){ .allow = allow };
	for (char *rule = strtok_r(copy, ",", &save); rule != NULL && rc == 0;
	     rule = strtok_r(NULL, ",", &save)) {
		rule += strspn(rule, " ");
		if (strncmp(rule, "ip:", 3) != 0) {
			rc = err_set(err, ERR_BAD,
			    "'%s' is no rule: it should begin with ip:", rule);
			break;
		}
		if (rules->nnets == ACCESS_MAX_RULES) {
			rc = err_set(err, ERR_BAD, "more than %d rules",
			    ACCESS_MAX_RULES);
			break;
		}
		rules->nets =
		    xgrow(rules->nets, rules->nnets, &cap, sizeof *rules->nets);
		rc = parse_net(&rules->nets[rules->nnets], rule + 3, err);
		if (rc == 0)
			rules->nnets++;
	}
	free(copy);
	if (rc == -1)
		access_release(rules);
	return rc;
}

void
access_release(struct access_rules *rules)
{
	free(rules->nets);
	*rules = (struct access_rules){ 0 };
}

static bool
is_inside(const struct access_net *net, const uint8_t addr[16])
{
	size_t whole = net->bits / 8u, rest = net->bits % 8u;

	if (memcmp(net->addr, addr, whole) != 0)
		return false;
	return rest == 0 ||
	       ((net->addr[whole] ^ addr[whole]) >> (8 - rest)) == 0;
}

bool
access_denies(const struct access_rules *rules, const char *addr)
{
	uint8_t bytes[16];
	bool v4;

	if (rules->nnets == 0)
		return false;
	if (parse_addr(addr, bytes, &v4) == -1)
		return true;
	for (size_t i = 0; i < rules->nnets; i++)
		if (is_inside(&rules->nets[i], bytes))
			return !rules->allow;
	return rules->allow;
}

bool
access_denies_list(const struct access_rules *rules, const char *xff)
{
	if (rules->nnets == 0)
		return false;
	while (*xff != '\0') {
		char addr[64];
		size_t n;

		xff += strspn(xff, " \t,");
		n = strcspn(xff, " \t,");
		if (n == 0)
			break;
		if (n >= sizeof addr)
			return true;
		memcpy(addr, xff, n);
		addr[n] = '\0';
		if (access_denies(rules, addr))
			return true;
		xff += n;
	}
	return false;
}
