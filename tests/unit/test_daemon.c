/* A daemon's life: what it may do, whose its directories are, and its end,
 * which comes whatever release does. */
#include "common/daemon.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/mem.h"
#include "tests/lib/unit.h"

struct config {
	struct daemon_config common;
};
static const struct rec_field config_fields[] = {
	DAEMON_CONFIG_ROWS(struct config),
};
static const struct rec_type config_type = REC_TYPE(config, config_fields);

static void
config_init(void *config)
{
	(void)config;
}

static int
config_check(const void *config, struct err *err)
{
	(void)config;
	(void)err;
	return 0;
}

static void
end_it(void *arg)
{
	daemon_exit(arg, 0);
}

static int
start_well(struct daemon *d, struct err *err)
{
	(void)err;
	loop_post(d->loop, end_it, d);
	return 0;
}

static int
start_badly(struct daemon *d, struct err *err)
{
	(void)d;
	return err_set(err, ERR_BAD, "not today");
}

static void
release_never(struct daemon *d)
{
	(void)d;
	for (;;)
		pause();
}

static pid_t
begin(const char *dir, const char *name,
    int (*start)(struct daemon *d, struct err *err),
    void (*release)(struct daemon *d))
{
	const struct daemon_def def = { .name = name,
		.config_type = &config_type,
		.config_init = config_init,
		.config_check = config_check,
		.start = start,
		.release = release };
	char *argv[] = { xstrdup(name), xstrdup("-r"), xstrdup(dir), NULL };
	pid_t pid = fork();

	if (pid == 0)
		_exit(daemon_main(3, argv, &def));
	ck_assert_int_ne(pid, -1);
	for (size_t i = 0; argv[i] != NULL; i++)
		free(argv[i]);
	return pid;
}

static int
status_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(a_daemon_that_cannot_release_ends_all_the_same)
{
	char dir[] = "/tmp/rove-daemon-XXXXXX";
	char *cmd;
	time_t began = time(NULL);
	pid_t stuck, failed, well;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	stuck = begin(dir, "stuck", start_well, release_never);
	failed = begin(dir, "failed", start_badly, release_never);
	well = begin(dir, "well", start_well, NULL);
	ck_assert_int_eq(status_of(well), 0);
	ck_assert_int_lt(time(NULL) - began, DAEMON_STOP_S);
	ck_assert_int_eq(status_of(stuck), 0);
	ck_assert_int_eq(status_of(failed), 1);
	ck_assert_int_ge(time(NULL) - began, DAEMON_STOP_S - 1);
	cmd = xasprintf("rm -r %s", dir);
	ck_assert_int_eq(system(cmd), 0);
	free(cmd);
}
END_TEST

/* --- rights --- */

/* Is the line "NAME:\tvalue" in what the kernel says of this thread? */
static bool
status_is(const char *name, const char *value)
{
	FILE *f = fopen("/proc/thread-self/status", "r");
	char line[256], want[128];
	bool found = false;

	ck_assert_ptr_nonnull(f);
	snprintf(want, sizeof want, "%s:\t%s\n", name, value);
	while (!found && fgets(line, sizeof line, f) != NULL)
		found = strcmp(line, want) == 0;
	fclose(f);
	return found;
}

#define NO_CAPS   "0000000000000000"
#define LOW_PORTS "0000000000000400"

static bool
has_only(const char *caps)
{
	return status_is("CapEff", caps) && status_is("CapPrm", caps) &&
	       status_is("CapBnd", NO_CAPS) && status_is("CapAmb", NO_CAPS) &&
	       status_is("CapInh", NO_CAPS) && status_is("NoNewPrivs", "1") &&
	       geteuid() == getpwnam("nobody")->pw_uid;
}

static int
start_without_rights(struct daemon *d, struct err *err)
{
	loop_post(d->loop, end_it, d);
	return has_only(NO_CAPS) ? 0 : err_set(err, ERR_BAD, "rights");
}

static int
start_at_a_low_port(struct daemon *d, struct err *err)
{
	loop_post(d->loop, end_it, d);
	if (!has_only(LOW_PORTS))
		return err_set(err, ERR_BAD, "no right to bind, or more");
	if (daemon_ports_bound(d, err) == -1)
		return -1;
	return has_only(NO_CAPS) ? 0 : err_set(err, ERR_BAD, "it stays");
}

/* As nobody; its exit status. */
static int
live_as_nobody(const char *dir, const char *data, bool low_ports,
    int (*start)(struct daemon *d, struct err *err))
{
	const struct daemon_def def = { .name = "well",
		.config_type = &config_type,
		.config_init = config_init,
		.config_check = config_check,
		.low_ports = low_ports,
		.start = start };
	char *argv[] = { xstrdup("well"), xstrdup("-r"), xstrdup(dir),
		xstrdup("-o"), xstrdup("user=nobody"), xstrdup("-o"),
		xasprintf("data_dir=%s", data), NULL };
	pid_t pid = fork();

	if (pid == 0)
		_exit(daemon_main(7, argv, &def));
	ck_assert_int_ne(pid, -1);
	for (size_t i = 0; argv[i] != NULL; i++)
		free(argv[i]);
	return status_of(pid);
}

static void
remove_dir(const char *dir)
{
	char *cmd = xasprintf("rm -r %s", dir);

	ck_assert_int_eq(system(cmd), 0);
	free(cmd);
}

START_TEST(a_daemon_keeps_no_right_of_root)
{
	char dir[] = "/tmp/rove-daemon-XXXXXX";

	if (geteuid() != 0)
		return; /* nobody to become */
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0755), 0);
	ck_assert_int_eq(
	    live_as_nobody(dir, "", false, start_without_rights), 0);
	ck_assert_int_eq(live_as_nobody(dir, "", true, start_at_a_low_port), 0);
	remove_dir(dir);
}
END_TEST

/* What stat says of it as "user mode". */
static void
expect_dir(const char *path, const char *user, mode_t mode)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_str_eq(getpwuid(st.st_uid)->pw_name, user);
	ck_assert_int_eq(st.st_mode & 07777, mode);
}

START_TEST(a_data_dir_is_the_users_alone)
{
	char dir[] = "/tmp/rove-daemon-XXXXXX";
	char *data, *file;

	if (geteuid() != 0)
		return;
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0755), 0);
	data = xasprintf("%s/data", dir);
	file = xasprintf("%s/data/file", dir);
	/* Made, and given to the user; so is an empty one. */
	ck_assert_int_eq(
	    live_as_nobody(dir, data, false, start_without_rights), 0);
	expect_dir(data, "nobody", 0700);
	remove_dir(data);
	ck_assert_int_eq(mkdir(data, 0755), 0);
	ck_assert_int_eq(
	    live_as_nobody(dir, data, false, start_without_rights), 0);
	expect_dir(data, "nobody", 0700);
	/* What was open is closed. */
	ck_assert_int_eq(chmod(data, 0755), 0);
	ck_assert_int_eq(
	    live_as_nobody(dir, data, false, start_without_rights), 0);
	expect_dir(data, "nobody", 0700);
	/* What root has put something into is not given away. */
	remove_dir(data);
	ck_assert_int_eq(mkdir(data, 0755), 0);
	ck_assert_int_eq(close(open(file, O_CREAT | O_WRONLY, 0600)), 0);
	ck_assert_int_eq(
	    live_as_nobody(dir, data, false, start_without_rights), 1);
	expect_dir(data, "root", 0755);
	remove_dir(dir);
	free(data);
	free(file);
}
END_TEST

UNIT_MAIN("daemon", a_daemon_that_cannot_release_ends_all_the_same,
    a_daemon_keeps_no_right_of_root, a_data_dir_is_the_users_alone)
