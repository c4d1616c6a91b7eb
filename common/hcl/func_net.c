/* Functions of networks: a prefix, and the addresses and networks in it. */
#include "common/hcl/func.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

typedef const struct hcl_value *value;

#define MAX_NEW_BITS 32 /* that one call may add to a prefix */

struct net {
	uint8_t addr[16];
	unsigned size;   /* bits of an address: 32 or 128 */
	unsigned prefix; /* bits that are the network's */
};

/* --- text --- */

/* The longest run of zero groups, of two at least; its length. */
static unsigned
zero_run(const uint8_t *addr, unsigned *start)
{
	unsigned best = 1, n = 0;

	for (unsigned i = 0; i < 8; i++) {
		n = addr[2 * i] == 0 && addr[2 * i + 1] == 0 ? n + 1 : 0;
		if (n > best) {
			best = n;
			*start = i + 1 - n;
		}
	}
	return best > 1 ? best : 0;
}

static void
put_addr(const uint8_t *addr, unsigned size, struct buf *out)
{
	unsigned start = 0, n;

	if (size == 32) {
		buf_addf(
		    out, "%u.%u.%u.%u", addr[0], addr[1], addr[2], addr[3]);
		return;
	}
	n = zero_run(addr, &start);
	for (unsigned i = 0; i < 8; i++) {
		if (n > 0 && i == start) {
			buf_adds(out, "::");
			i += n - 1;
			continue;
		}
		if (i > 0 && (n == 0 || i != start + n))
			buf_addc(out, ':');
		buf_addf(out, "%x", addr[2 * i] << 8 | addr[2 * i + 1]);
	}
}

static void
put_net(const struct net *n, struct buf *out)
{
	put_addr(n->addr, n->size, out);
	buf_addf(out, "/%u", n->prefix);
}

/* Clears what is below the prefix, or sets it. */
static void
fill(struct net *n, bool ones)
{
	for (unsigned i = n->prefix; i < n->size; i++)
		if (ones)
			n->addr[i / 8] |= (uint8_t)(0x80 >> i % 8);
		else
			n->addr[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
}

/* "address/bits" without what is below them. */
static bool
parse(const char *text, struct net *n)
{
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : 0;
	char addr[INET6_ADDRSTRLEN];
	unsigned long bits;

	if (slash == NULL || len >= sizeof addr || slash[1] == '\0' ||
	    strspn(slash + 1, "0123456789") != strlen(slash + 1) ||
	    strlen(slash + 1) > 3)
		return false;
	memcpy(addr, text, len);
	addr[len] = '\0';
	n->size = strchr(addr, ':') != NULL ? 128 : 32;
	if (inet_pton(n->size == 32 ? AF_INET : AF_INET6, addr, n->addr) != 1)
		return false;
	bits = strtoul(slash + 1, NULL, 10);
	if (bits > n->size)
		return false;
	n->prefix = (unsigned)bits;
	fill(n, false);
	return true;
}

/* --- arguments --- */

static bool
take_net(struct hcl_call *c, struct net *n)
{
	if (strlen(c->args[0]->str) == c->args[0]->len &&
	    parse(c->args[0]->str, n))
		return true;
	hcl_func_fail(c, "invalid CIDR expression: invalid CIDR address: %s",
	    c->args[0]->str);
	return false;
}

static bool
take_int(struct hcl_call *c, size_t i, int64_t *n)
{
	if (hcl_number_int64(c->args[i]->num, n))
		return true;
	hcl_func_fail(c, "value must be a whole number, between "
			 "-9223372036854775808 and 9223372036854775807 "
			 "inclusive");
	return false;
}

static value
addr_value(struct hcl_call *c, const struct net *n)
{
	struct buf out = { 0 };

	put_addr(n->addr, n->size, &out);
	return hcl_func_text(c, &out);
}

static value
net_value(struct hcl_call *c, const struct net *n)
{
	struct buf out = { 0 };

	put_net(n, &out);
	return hcl_func_text(c, &out);
}

/* Whether a number of so many bits can be num. */
static bool
fits(uint64_t num, unsigned bits)
{
	return bits >= 64 || num >> bits == 0;
}

/* Puts num in the bits that end at bit `end`. */
static void
insert(struct net *n, uint64_t num, unsigned end)
{
	for (; num != 0 && end > 0; num >>= 1) {
		end--;
		if ((num & 1) != 0)
			n->addr[end / 8] |= (uint8_t)(0x80 >> end % 8);
	}
}

/* --- the functions --- */

/* Numbers below zero count from the end. */
static value
fn_cidrhost(struct hcl_call *c)
{
	struct net n;
	int64_t num;
	uint64_t k;

	if (!take_net(c, &n) || !take_int(c, 1, &num))
		return NULL;
	k = num < 0 ? (uint64_t) - (num + 1) : (uint64_t)num;
	if (!fits(k, n.size - n.prefix))
		return hcl_func_fail(c,
		    "prefix of %u does not accommodate a host numbered %lld",
		    n.prefix,
		    num < 0
			? (long long)(UINT64_C(1) << (n.size - n.prefix)) + num
			: (long long)num);
	insert(&n, k, n.size);
	if (num < 0)
		for (unsigned i = n.prefix; i < n.size; i++)
			n.addr[i / 8] ^= (uint8_t)(0x80 >> i % 8);
	return addr_value(c, &n);
}

static value
fn_cidrnetmask(struct hcl_call *c)
{
	struct net n;

	if (!take_net(c, &n))
		return NULL;
	memset(n.addr, 0xff, sizeof n.addr);
	fill(&n, false);
	return addr_value(c, &n);
}

static value
fn_cidrsubnet(struct hcl_call *c)
{
	struct net n;
	int64_t bits, num;

	if (!take_net(c, &n) || !take_int(c, 1, &bits) || !take_int(c, 2, &num))
		return NULL;
	if (bits > MAX_NEW_BITS)
		return hcl_func_fail(
		    c, "may not extend prefix by more than 32 bits");
	if (bits < 0)
		return hcl_func_fail(c, "may not shorten prefix");
	if (n.prefix + (unsigned)bits > n.size)
		return hcl_func_fail(c,
		    "insufficient address space to extend prefix of %u by %d",
		    n.prefix, (int)bits);
	if (num < 0 || !fits((uint64_t)num, (unsigned)bits))
		return hcl_func_fail(c,
		    "prefix extension of %d does not accommodate a subnet "
		    "numbered %lld",
		    (int)bits, (long long)num);
	n.prefix += (unsigned)bits;
	insert(&n, (uint64_t)num, n.prefix);
	return net_value(c, &n);
}

/* The first network with that prefix behind n; false where none is. */
static bool
next_net(struct net *n, unsigned prefix)
{
	unsigned i = n->size / 8;
	bool carry = true;

	fill(n, true);
	n->prefix = prefix;
	fill(n, true);
	while (carry && i > 0)
		carry = ++n->addr[--i] == 0;
	return !carry;
}

static bool
is_inside(const struct net *n, const struct net *all)
{
	struct net up = *n;

	up.prefix = all->prefix;
	fill(&up, false);
	return memcmp(up.addr, all->addr, all->size / 8) == 0;
}

/* The prefix that argument i asks for; 0 and c->why. */
static unsigned
take_prefix(struct hcl_call *c, size_t i, const struct net *all)
{
	int64_t bits;

	if (!hcl_number_int64(c->args[i]->num, &bits)) {
		hcl_func_blame(c, i, "a whole number is required");
		return 0;
	}
	if (bits < 1)
		hcl_func_blame(c, i, "must extend prefix by at least one bit");
	else if (bits > MAX_NEW_BITS)
		hcl_func_blame(
		    c, i, "may not extend prefix by more than 32 bits");
	else if (all->prefix + (unsigned)bits > all->size)
		hcl_func_blame(c, i,
		    "would extend prefix to %u bits, which is too long for an "
		    "%s address",
		    all->prefix + (unsigned)bits,
		    all->size == 32 ? "IPv4" : "IPv6");
	else
		return all->prefix + (unsigned)bits;
	return 0;
}

static value
no_room(struct hcl_call *c, size_t i, unsigned prefix, const struct net *after)
{
	struct buf text = { 0 };

	put_net(after, &text);
	hcl_func_blame(c, i,
	    "not enough remaining address space for a subnet with a prefix of "
	    "%u bits after %s",
	    prefix, buf_str(&text));
	buf_release(&text);
	return NULL;
}

static value
fn_cidrsubnets(struct hcl_call *c)
{
	const struct hcl_value **items =
	    arena_alloc(c->ev->arena, c->nargs * sizeof(*items));
	struct net all, n;

	if (strlen(c->args[0]->str) != c->args[0]->len ||
	    !parse(c->args[0]->str, &all))
		return hcl_func_blame(c, 0,
		    "invalid CIDR expression: invalid CIDR address: %s",
		    c->args[0]->str);
	n = all;
	for (size_t i = 1; i < c->nargs; i++) {
		unsigned prefix = take_prefix(c, i, &all);
		const struct net before = n;

		if (prefix == 0)
			return NULL;
		if (i == 1)
			n.prefix = prefix;
		else if (!next_net(&n, prefix) || !is_inside(&n, &all))
			return no_room(c, i, prefix, &before);
		items[i - 1] = net_value(c, &n);
	}
	return hcl_value_seq(c->ev->arena, HCL_V_LIST, items, c->nargs - 1);
}

#define PREFIX                                \
	{                                     \
		"prefix", HCL_P_STRING, false \
	}
#define NUMBER(n)                      \
	{                              \
		n, HCL_P_NUMBER, false \
	}
#define NONE                           \
	{                              \
		NULL, HCL_P_ANY, false \
	}

const struct hcl_func hcl_net_funcs[] = {
	{ "cidrhost", fn_cidrhost, { PREFIX, NUMBER("hostnum") }, 2, NONE },
	{ "cidrnetmask", fn_cidrnetmask, { PREFIX }, 1, NONE },
	{ "cidrsubnet", fn_cidrsubnet,
	    { PREFIX, NUMBER("newbits"), NUMBER("netnum") }, 3, NONE },
	{ "cidrsubnets", fn_cidrsubnets, { PREFIX }, 1, NUMBER("newbits") },
};
const size_t hcl_nnet_funcs = sizeof hcl_net_funcs / sizeof hcl_net_funcs[0];
