#include "common/daemon_impl.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/mem.h"

#define LOW_PORTS (UINT64_C(1) << CAP_NET_BIND_SERVICE)

int
daemon_user_find(
    const struct daemon *d, const struct passwd **pw, struct err *err)
{
	const char *user = ((const struct daemon_config *)d->config)->user;

	*pw = NULL;
	if (user[0] == '\0' || geteuid() != 0)
		return 0;
	*pw = getpwnam(user);
	if (*pw == NULL)
		return err_set(err, ERR_BAD, "user: there is no %s", user);
	return 0;
}

/* Root that is to stay root keeps what root has. */
static bool
stays_root(const struct daemon *d, const struct passwd *pw)
{
	return d->def->needs_root || (pw == NULL && geteuid() == 0);
}

/* Of what this thread has, only these capabilities stay. */
static int
keep_only(uint64_t kept, struct err *err)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &head, sets) == -1)
		return err_sys(err, "capget");
	for (int i = 0; i < 2; i++) {
		sets[i].permitted &= (uint32_t)(kept >> (32 * i));
		sets[i].effective = sets[i].permitted;
		sets[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, sets) == -1)
		return err_sys(err, "capset");
	return 0;
}

/* What a program that we start could have at most; only root may lower it. */
static int
empty_bounding_set(struct err *err)
{
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL) /* that was the last */
			break;
		if (errno != EPERM)
			return err_sys(err, "drop capability %lu", cap);
	}
	return 0;
}

int
daemon_seal(struct daemon *d, struct err *err)
{
	const struct passwd *pw;

	if (daemon_user_find(d, &pw, err) == -1)
		return -1;
	if (stays_root(d, pw))
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_sys(err, "no_new_privs");
	if (empty_bounding_set(err) == -1)
		return -1;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1 &&
	    errno != EINVAL)
		return err_sys(err, "ambient capabilities");
	return 0;
}

/*
 * The run directory is root's until now: see daemon_dirs_open(). So are the
 * locks, which whoever starts the daemon as this user must be able to take.
 */
static int
give_away(struct daemon *d, const struct passwd *pw, struct err *err)
{
	const int locks[] = { d->impl->run_lock, d->impl->data_lock };
	char *dir = daemon_run_dir(d);
	int rv = 0;

	if (d->impl->run_lock != -1) /* it is not alone */
		rv = chown(dir, pw->pw_uid, pw->pw_gid);
	if (rv == -1)
		err_sys(err, "chown %s", dir);
	free(dir);
	for (size_t i = 0; i < sizeof locks / sizeof locks[0] && rv == 0; i++) {
		if (locks[i] == -1)
			continue;
		rv = fchown(locks[i], pw->pw_uid, pw->pw_gid);
		if (rv == -1)
			err_sys(err, "chown a lock file");
	}
	return rv;
}

static int
change_user(struct daemon *d, const struct passwd *pw, struct err *err)
{
	if (give_away(d, pw, err) == -1)
		return -1;
	if (d->def->low_ports && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1)
		return err_sys(err, "keep capabilities");
	if (initgroups(pw->pw_name, pw->pw_gid) == -1 ||
	    setgid(pw->pw_gid) == -1 || setuid(pw->pw_uid) == -1)
		return err_sys(err, "become user %s", pw->pw_name);
	return 0;
}

int
daemon_become_user(struct daemon *d, struct err *err)
{
	const struct passwd *pw;

	if (daemon_user_find(d, &pw, err) == -1)
		return -1;
	if (stays_root(d, pw))
		return 0;
	if (pw != NULL && change_user(d, pw, err) == -1)
		return -1;
	return keep_only(d->def->low_ports ? LOW_PORTS : 0, err);
}

int
daemon_ports_bound(struct daemon *d, struct err *err)
{
	if (!d->def->low_ports || geteuid() == 0)
		return 0;
	return keep_only(0, err);
}
