#include <string.h>

#include "cmd/gossipd/gossipd.h"
#include "common/mem.h"

static const struct rec_field gossipd_config_fields[] = {
	DAEMON_CONFIG_ROWS(struct gossipd_config),
	REC_STR(struct gossipd_config, 1, name, "Name"),
	REC_STR(struct gossipd_config, 2, region, "Region"),
	REC_STR(struct gossipd_config, 3, datacenter, "Datacenter"),
	REC_STR(struct gossipd_config, 4, bind, "Bind"),
	REC_STR(struct gossipd_config, 5, advertise, "Advertise"),
	REC_STRMAP(struct gossipd_config, 6, tags, "Tags"),
};
const struct rec_type gossipd_config_type =
    REC_TYPE(gossipd_config, gossipd_config_fields);

void
gossipd_config_init(void *config)
{
	struct gossipd_config *c = config;

	c->name = xstrdup("");
	c->region = xstrdup("global");
	c->datacenter = xstrdup("dc1");
	c->bind = xstrdup("127.0.0.1:4648");
	c->advertise = xstrdup("");
}

static int
check_addr(const char *name, const char *addr, struct err *err)
{
	char host[256];
	int64_t port;

	if (gossip_addr_parse(addr, host, sizeof host, &port) == 0)
		return 0;
	return err_set(
	    err, ERR_BAD, "%s: expected host:port, found \"%s\"", name, addr);
}

static int
check_word(const char *name, const char *word, struct err *err)
{
	if (word[0] != '\0' && strcspn(word, " \t\r\n\"") == strlen(word))
		return 0;
	return err_set(err, ERR_BAD,
	    "%s: expected a word without blanks, found \"%s\"", name, word);
}

int
gossipd_config_check(const void *config, struct err *err)
{
	const struct gossipd_config *c = config;

	if (check_addr("bind", c->bind, err) == -1)
		return -1;
	if (c->advertise[0] != '\0' &&
	    check_addr("advertise", c->advertise, err) == -1)
		return -1;
	if (c->name[0] != '\0' && check_word("name", c->name, err) == -1)
		return -1;
	if (check_word("region", c->region, err) == -1)
		return -1;
	return check_word("datacenter", c->datacenter, err);
}
