#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/daemon_impl.h"
#include "common/mem.h"
#include "tests/lib/unit.h"

struct inner {
	int64_t depth;
};
static const struct rec_field inner_fields[] = {
	REC_I64(struct inner, 1, depth, "Depth"),
};
static const struct rec_type inner_type = REC_TYPE(inner, inner_fields);

/* A daemon's config with a member of each sort that -o treats apart. */
struct toy_config {
	struct daemon_config common;
	char *name;
	int64_t size;
	int64_t wait; /* ns */
	struct inner inner;
	char **peers;
	size_t npeers;
};
static const struct rec_field toy_fields[] = {
	DAEMON_CONFIG_ROWS(struct toy_config),
	REC_STR(struct toy_config, 1, name, "Name"),
	REC_I64(struct toy_config, 2, size, "Size"),
	REC_DUR(struct toy_config, 3, wait, "Wait"),
	REC_REC(struct toy_config, 4, inner, inner, "Inner"),
	REC_STRS(struct toy_config, 5, peers, "Peers"),
};
static const struct rec_type toy_type = REC_TYPE(toy_config, toy_fields);

static void
toy_init(void *config)
{
	struct toy_config *c = config;

	c->name = xstrdup("toy");
	c->size = 7;
}

static int
toy_check(const void *config, struct err *err)
{
	const struct toy_config *c = config;

	if (c->size >= 0)
		return 0;
	return err_set(err, ERR_BAD, "size must not be negative");
}

static const struct daemon_def toy = {
	.name = "toyd",
	.config_type = &toy_type,
	.config_init = toy_init,
	.config_check = toy_check,
};

static char toy_name[] = "toyd";

/* Options as on a command line, without the program's name. */
#define OPTIONS(o, ...) parse(o, (char *[]){ toy_name, __VA_ARGS__, NULL })

static int
parse(struct daemon_opts *o, char **argv)
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	return daemon_opts_parse(o, argc, argv, &toy);
}

/* The config of these options; NULL and a sentence when it is refused. */
static struct toy_config *
load(const struct daemon_opts *o, struct err *err)
{
	return daemon_config_load(&toy, o, err);
}

static void
expect_refused(struct daemon_opts *o, const char *why)
{
	struct err err = { 0 };

	ck_assert_ptr_null(load(o, &err));
	ck_assert_str_eq(err.text, why);
}

START_TEST(daemon_conf_begins_with_defaults)
{
	struct daemon_opts o = { .ready_fd = -1 };
	struct toy_config *c = load(&o, NULL);

	ck_assert_str_eq(c->name, "toy");
	ck_assert_str_eq(c->common.run_dir, DAEMON_RUN_DIR);
	ck_assert_str_eq(c->common.log_level, "INFO");
	ck_assert_str_eq(c->common.data_dir, "");
	daemon_config_free(&toy, c);
}
END_TEST

START_TEST(daemon_conf_file_overrides_defaults_and_options_the_file)
{
	char path[] = "/tmp/test_daemon_conf.XXXXXX", f[] = "-f", o1[] = "-o";
	char size[] = "size=9", r[] = "-r", dir[] = "/tmp/r";
	const char text[] = "name = \"file\"; size = 8; run_dir = \"/tmp/f\";";
	int fd = mkstemp(path);
	struct daemon_opts o;
	struct toy_config *c;
	struct err err;

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	ck_assert_int_eq(OPTIONS(&o, f, path, o1, size, r, dir), 0);
	c = load(&o, &err);
	unlink(path);
	ck_assert_msg(c != NULL, "%s", err.text);
	ck_assert_str_eq(c->name, "file");
	ck_assert_int_eq(c->size, 9);
	ck_assert_str_eq(c->common.run_dir, "/tmp/r");
	daemon_config_free(&toy, c);
}
END_TEST

START_TEST(daemon_conf_options_set_text_numbers_durations_and_parts)
{
	struct daemon_opts o = { .nsets = 6,
		.sets = { "name=two words \"and\" \\", "size=-0", "wait=1m30s",
		    "inner.depth=3", "peers=[ \"a\", \"b\" ]",
		    "log_level=debug" } };
	struct err err;
	struct toy_config *c = load(&o, &err);

	ck_assert_msg(c != NULL, "%s", err.text);
	ck_assert_str_eq(c->name, "two words \"and\" \\");
	ck_assert_int_eq(c->wait, INT64_C(90000000000));
	ck_assert_int_eq(c->inner.depth, 3);
	ck_assert_uint_eq(c->npeers, 2);
	ck_assert_str_eq(c->peers[1], "b");
	ck_assert_str_eq(c->common.log_level, "debug");
	daemon_config_free(&toy, c);
}
END_TEST

START_TEST(daemon_conf_refuses_with_the_option_named)
{
	struct daemon_opts o = { .nsets = 1 };

	o.sets[0] = "colour=red";
	expect_refused(&o, "-o colour=red: no member is called colour");
	o.sets[0] = "inner.width=3";
	expect_refused(&o, "-o inner.width=3: no member is called width");
	o.sets[0] = "name.x=3";
	expect_refused(&o, "-o name.x=3: no member is called x");
	o.sets[0] = "size=-1";
	expect_refused(&o, "size must not be negative");
	o.sets[0] = "run_dir=run";
	expect_refused(&o, "run_dir: run must begin with /");
	o.sets[0] = "log_level=loud";
	expect_refused(
	    &o, "log_level: loud is none of trace, debug, info, warn, error");
}
END_TEST

/* What would fail only when the socket is bound is told by -n already. */
START_TEST(daemon_conf_refuses_a_run_dir_too_long_for_sockets)
{
	struct daemon_opts o = { .ready_fd = -1 };
	char dir[200];
	struct toy_config *c;

	memset(dir, 'd', sizeof dir);
	dir[0] = '/';
	o.run_dir = dir;
	dir[107 - strlen("/toyd/ctl.sock") + 1] = '\0';
	ck_assert_ptr_null(load(&o, NULL));
	dir[107 - strlen("/toyd/ctl.sock")] = '\0';
	c = load(&o, NULL);
	ck_assert_ptr_nonnull(c);
	daemon_config_free(&toy, c);
}
END_TEST

START_TEST(daemon_conf_refuses_agent_files_for_who_reads_none)
{
	struct daemon_opts o = { .path = "/etc/nomad.d/nomad.hcl" };

	expect_refused(
	    &o, "/etc/nomad.d/nomad.hcl: toyd does not read agent files");
}
END_TEST

START_TEST(daemon_options_are_refused_with_usage)
{
	char strange[] = "-x", arg[] = "more", o1[] = "-o", bare[] = "size";
	char fd_opt[] = "-R", fd[] = "three";
	struct daemon_opts o;

	fclose(stderr);
	ck_assert_int_eq(OPTIONS(&o, strange), -1);
	ck_assert_int_eq(OPTIONS(&o, arg), -1);
	ck_assert_int_eq(OPTIONS(&o, o1, bare), -1);
	ck_assert_int_eq(OPTIONS(&o, fd_opt, fd), -1);
}
END_TEST

UNIT_MAIN("daemon_conf", daemon_conf_begins_with_defaults,
    daemon_conf_file_overrides_defaults_and_options_the_file,
    daemon_conf_options_set_text_numbers_durations_and_parts,
    daemon_conf_refuses_with_the_option_named,
    daemon_conf_refuses_a_run_dir_too_long_for_sockets,
    daemon_conf_refuses_agent_files_for_who_reads_none,
    daemon_options_are_refused_with_usage)
