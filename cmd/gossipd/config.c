#include <string.h>

#include "cmd/gossipd/gossipd.h"
#include "common/clock.h"
#include "common/mem.h"

#define SECOND CLOCK_NS_PER_S

static const struct rec_field gossipd_config_fields[] = {
	DAEMON_CONFIG_ROWS(struct gossipd_config),
	REC_STR(struct gossipd_config, 1, name, "Name"),
	REC_STR(struct gossipd_config, 2, region, "Region"),
	REC_STR(struct gossipd_config, 3, datacenter, "Datacenter"),
	REC_STR(struct gossipd_config, 4, bind, "Bind"),
	REC_STR(struct gossipd_config, 5, advertise, "Advertise"),
	REC_STRMAP(struct gossipd_config, 6, tags, "Tags"),
	REC_STR(struct gossipd_config, 7, profile, "Profile"),
	REC_STRS(struct gossipd_config, 8, join, "Join"),
	REC_STRS(struct gossipd_config, 9, retry_join, "RetryJoin"),
	REC_DUR(struct gossipd_config, 10, retry_interval, "RetryInterval"),
	REC_I64(struct gossipd_config, 11, retry_max, "RetryMax"),
	REC_STR(
	    struct gossipd_config, 12, encrypt, "Encrypt", .flags = REC_NOJSON),
	REC_BOOL(struct gossipd_config, 13, compression, "Compression"),
	REC_BOOL(
	    struct gossipd_config, 14, leave_on_interrupt, "LeaveOnInterrupt"),
	REC_BOOL(
	    struct gossipd_config, 15, leave_on_terminate, "LeaveOnTerminate"),
	REC_DUR(
	    struct gossipd_config, 16, reconnect_timeout, "ReconnectTimeout"),
	REC_DUR(
	    struct gossipd_config, 17, tombstone_timeout, "TombstoneTimeout"),
	REC_STR(struct gossipd_config, 18, rpc, "RPC"),
	REC_STR(struct gossipd_config, 19, rpc_auth, "RPCAuth",
	    .flags = REC_NOJSON),
	REC_STR(struct gossipd_config, 20, snapshot, "Snapshot"),
	REC_BOOL(
	    struct gossipd_config, 21, rejoin_after_leave, "RejoinAfterLeave"),
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
	c->profile = xstrdup("lan");
	c->retry_interval = 30 * SECOND;
	c->encrypt = xstrdup("");
	c->compression = true;
	c->reconnect_timeout = 72 * 3600 * SECOND;
	c->tombstone_timeout = 24 * 3600 * SECOND;
	c->rpc = xstrdup("");
	c->rpc_auth = xstrdup("");
	c->snapshot = xstrdup("");
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
check_rpc(const char *addr, struct err *err)
{
	struct pool_addr a;
	char host[256];
	int64_t port;

	if (addr[0] == '\0' ||
	    (gossip_addr_parse(addr, host, sizeof host, &port) == 0 &&
		gossip_addr_numeric(host, port, &a)))
		return 0;
	return err_set(err, ERR_BAD,
	    "rpc: expected an address and a port, found \"%s\"", addr);
}

static int
check_word(const char *name, const char *word, struct err *err)
{
	if (word[0] != '\0' && strcspn(word, " \t\r\n\"") == strlen(word))
		return 0;
	return err_set(err, ERR_BAD,
	    "%s: expected a word without blanks, found \"%s\"", name, word);
}

static int
check_list(const char *name, char *const *addrs, size_t n, struct err *err)
{
	char host[256];
	int64_t port;

	if (n > JOIN_MAX_ADDRS)
		return err_set(err, ERR_BAD, "%s: more than %d addresses", name,
		    JOIN_MAX_ADDRS);
	for (size_t i = 0; i < n; i++)
		if (gossip_addr_parse_default(
			addrs[i], host, sizeof host, &port, 0) == -1)
			return err_set(err, ERR_BAD,
			    "%s: expected host or host:port, found \"%s\"",
			    name, addrs[i]);
	return 0;
}

static int
check_joins(const struct gossipd_config *c, struct err *err)
{
	if (check_list("join", c->join, c->njoin, err) == -1 ||
	    check_list("retry_join", c->retry_join, c->nretry_join, err) == -1)
		return -1;
	if (c->retry_interval < SECOND)
		return err_set(
		    err, ERR_BAD, "retry_interval: must be at least 1s");
	if (c->retry_max < 0)
		return err_set(err, ERR_BAD, "retry_max: must not be negative");
	return 0;
}

static int
check_rest(const struct gossipd_config *c, struct err *err)
{
	struct wire_key key;

	if (strcmp(c->profile, "lan") != 0 && strcmp(c->profile, "wan") != 0 &&
	    strcmp(c->profile, "local") != 0)
		return err_set(err, ERR_BAD,
		    "profile: expected lan, wan or local, found \"%s\"",
		    c->profile);
	if (c->encrypt[0] != '\0' &&
	    wire_key_parse(c->encrypt, &key, err) == -1)
		return err_add(err, "encrypt");
	if (c->reconnect_timeout < SECOND || c->tombstone_timeout < SECOND)
		return err_set(err, ERR_BAD,
		    "reconnect_timeout and tombstone_timeout must be at "
		    "least 1s");
	return 0;
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
	if (check_rpc(c->rpc, err) == -1)
		return -1;
	if (c->name[0] != '\0' && check_word("name", c->name, err) == -1)
		return -1;
	if (check_word("region", c->region, err) == -1 ||
	    check_word("datacenter", c->datacenter, err) == -1)
		return -1;
	if (check_joins(c, err) == -1)
		return -1;
	return check_rest(c, err);
}
