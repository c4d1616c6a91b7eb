/* The end of a daemon's life: it comes, whatever release does. */
#include "common/daemon.h"

#include <stdio.h>
#include <string.h>
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

UNIT_MAIN("daemon", a_daemon_that_cannot_release_ends_all_the_same)
