#include "cmd/nodeagent/docker_caps.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/buf.h"

/* By number, as in <linux/capability.h>. */
static const char *const names[] = { "chown", "dac_override", "dac_read_search",
	"fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
	"linux_immutable", "net_bind_service", "net_broadcast", "net_admin",
	"net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio",
	"sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot",
	"sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod",
	"lease", "audit_write", "audit_control", "setfcap", "mac_override",
	"mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read",
	"perfmon", "bpf", "checkpoint_restore" };

#define NNAMES   (sizeof names / sizeof names[0])
#define ALL_CAPS ((UINT64_C(1) << NNAMES) - 1)

static const char *const defaults[] = { "audit_write", "chown", "dac_override",
	"fowner", "fsetid", "kill", "mknod", "net_bind_service", "setfcap",
	"setgid", "setpcap", "setuid", "sys_chroot" };

/* The bits of a name; 0 when it is none. */
static uint64_t
bits_of(const char *name)
{
	if (strcasecmp(name, "all") == 0)
		return ALL_CAPS;
	if (strncasecmp(name, "cap_", 4) == 0)
		name += 4;
	for (size_t i = 0; i < NNAMES; i++)
		if (strcasecmp(name, names[i]) == 0)
			return UINT64_C(1) << i;
	return 0;
}

/* What Docker gives a container that asks for nothing. */
static uint64_t
docker_basis(void)
{
	uint64_t set = bits_of("net_raw");

	for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
		set |= bits_of(defaults[i]);
	return set;
}

const char *const *
docker_caps_default(size_t *n)
{
	*n = sizeof defaults / sizeof defaults[0];
	return defaults;
}

bool
docker_caps_known(const char *name)
{
	return bits_of(name) != 0;
}

static int
read_set(const char *what, char *const *list, size_t n, uint64_t *set,
    struct err *err)
{
	*set = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t bits = bits_of(list[i]);

		if (bits == 0)
			return err_set(err, ERR_BAD,
			    "%s: there is no capability \"%s\"", what, list[i]);
		*set |= bits;
	}
	return 0;
}

/* All names of a set in their own order; "ALL" for the whole of it. */
static struct tree *
set_to_tree(uint64_t set)
{
	struct tree *list = tree_list();

	if (set == ALL_CAPS) {
		tree_push(list, tree_str("ALL"));
		return list;
	}
	for (size_t i = 0; i < NNAMES; i++) {
		char name[32] = "CAP_";

		if ((set >> i & 1) == 0)
			continue;
		for (size_t k = 0; names[i][k] != '\0'; k++)
			name[4 + k] = (char)toupper((unsigned char)names[i][k]);
		tree_push(list, tree_str(name));
	}
	return list;
}

static int
refuse(uint64_t set, struct err *err)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < NNAMES; i++)
		if ((set >> i & 1) != 0)
			buf_addf(&b, "%s%s", b.len > 0 ? ", " : "", names[i]);
	err_set(err, ERR_DENIED,
	    "driver does not allow the following capabilities: %s",
	    buf_str(&b));
	buf_release(&b);
	return -1;
}

int
docker_caps_settle(const struct docker_caps_ask *ask, struct tree **add,
    struct tree **drop, struct err *err)
{
	uint64_t allowed, wanted, unwanted, basis = docker_basis();

	*add = *drop = NULL;
	if (read_set("allow_caps", ask->allow, ask->nallow, &allowed, err) ==
		-1 ||
	    read_set("cap_add", ask->add, ask->nadd, &wanted, err) == -1 ||
	    read_set("cap_drop", ask->drop, ask->ndrop, &unwanted, err) == -1)
		return -1;
	if ((wanted & ~allowed) != 0)
		return refuse(wanted & ~allowed, err);
	/* What stands in both lists is added, as where "all" is dropped. */
	unwanted |= unwanted == ALL_CAPS ? 0 : basis & ~allowed;
	if (unwanted != ALL_CAPS)
		unwanted &= ~wanted;
	*add = set_to_tree(wanted);
	*drop = set_to_tree(unwanted);
	return 0;
}
