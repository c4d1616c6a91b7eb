#include "common/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/unit.h"

/* What was logged last, and how many lines. */
struct heard {
	size_t nlines;
	enum log_level level;
	char line[LOG_LINE_MAX];
};

static void
hear(void *ctx, enum log_level level, const char *line)
{
	struct heard *h = ctx;

	h->nlines++;
	h->level = level;
	snprintf(h->line, sizeof h->line, "%s", line);
}

START_TEST(log_lines_name_level_and_program)
{
	struct heard h = { 0 };

	log_init("schedd", LOG_INFO);
	log_set_sink(hear, &h);
	log_warn("node lost node=%s", "7b96701e");
	ck_assert_int_eq(h.level, LOG_WARN);
	/* 2026-01-02T03:04:05.678Z, then the rest. */
	ck_assert_uint_gt(strlen(h.line), 24);
	ck_assert_int_eq(h.line[10], 'T');
	ck_assert_int_eq(h.line[23], 'Z');
	ck_assert_str_eq(
	    h.line + 24, " [WARN] schedd: node lost node=7b96701e");
	log_set_sink(NULL, NULL);
	log_warn("nobody hears this");
	ck_assert_uint_eq(h.nlines, 1);
}
END_TEST

START_TEST(log_leaves_out_what_is_below_its_level)
{
	struct heard h = { 0 };

	log_init("schedd", LOG_WARN);
	log_set_sink(hear, &h);
	log_info("no");
	log_debug("no");
	ck_assert_uint_eq(h.nlines, 0);
	log_error("yes");
	ck_assert_uint_eq(h.nlines, 1);
	log_set_level(LOG_TRACE);
	ck_assert_int_eq(log_get_level(), LOG_TRACE);
	log_trace("yes");
	ck_assert_uint_eq(h.nlines, 2);
	log_set_sink(NULL, NULL);
}
END_TEST

START_TEST(log_lets_nobody_forge_a_line)
{
	struct heard h = { 0 };

	log_init("schedd", LOG_INFO);
	log_set_sink(hear, &h);
	log_info(
	    "job=%s", "web\n2026-01-02 [ERROR] schedd: all is lost\x1b[2J");
	ck_assert_ptr_null(strchr(h.line, '\n'));
	ck_assert_ptr_null(strchr(h.line, '\x1b'));
	ck_assert_ptr_nonnull(strstr(h.line, "job=web?2026"));
	log_set_sink(NULL, NULL);
}
END_TEST

START_TEST(log_cuts_a_long_event_and_still_ends_its_line)
{
	char text[2 * LOG_LINE_MAX], got[3 * LOG_LINE_MAX];
	int ends[2], kept = dup(STDERR_FILENO);
	ssize_t n;

	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	ck_assert_int_eq(pipe(ends), 0);
	log_init("schedd", LOG_INFO);
	dup2(ends[1], STDERR_FILENO);
	log_info("%s", text);
	dup2(kept, STDERR_FILENO);
	n = read(ends[0], got, sizeof got);
	ck_assert_int_gt(n, LOG_LINE_MAX - 8);
	ck_assert_int_le(n, LOG_LINE_MAX);
	ck_assert_int_eq(got[n - 1], '\n');
	close(ends[0]);
	close(ends[1]);
	close(kept);
}
END_TEST

START_TEST(log_levels_are_read_in_either_case)
{
	enum log_level level = LOG_INFO;

	ck_assert_int_eq(log_level_parse("warn", &level), 0);
	ck_assert_int_eq(level, LOG_WARN);
	ck_assert_int_eq(log_level_parse("TRACE", &level), 0);
	ck_assert_int_eq(level, LOG_TRACE);
	ck_assert_int_eq(log_level_parse("err", &level), 0);
	ck_assert_int_eq(level, LOG_ERROR);
	ck_assert_int_eq(log_level_parse("loud", &level), -1);
	ck_assert_int_eq(level, LOG_ERROR);
	ck_assert_str_eq(log_level_name(LOG_DEBUG), "DEBUG");
}
END_TEST

UNIT_MAIN("log", log_lines_name_level_and_program,
    log_leaves_out_what_is_below_its_level, log_lets_nobody_forge_a_line,
    log_cuts_a_long_event_and_still_ends_its_line,
    log_levels_are_read_in_either_case)
