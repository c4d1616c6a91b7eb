#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/ctl_impl.h"
#include "proto/catalog.h"
#include "proto/member.h"
#include "tests/lib/sample.h"
#include "tests/lib/unit.h"

static char id0[] = "a1", id1[] = "b22", name0[] = "two\twords\n", name1[] = "";
static char peer0[] = "x", peer1[] = "y";
static char *peers[] = { peer0, peer1 };

/* A list as a daemon would answer it. */
static const struct sample_alloc rows[] = {
	{ .id = id0, .name = name0, .job_version = 3, .score = 0.1 },
	{ .id = id1,
	    .name = name1,
	    .healthy = true,
	    .previous = peers,
	    .nprevious = 2 },
};
static const struct ctl_column columns[] = {
	{ "ID", "id" },
	{ "Name", "name" },
	{ "Version", "job_version" },
	{ "Score", "score" },
	{ "Healthy", "healthy" },
	{ "Previous", "previous" },
};

/* What ctl_print() writes to stdout. */
static const char *
printed(const struct ctl *c)
{
	static char got[8192];
	char path[] = "/tmp/test_ctl_print.XXXXXX";
	int fd = mkstemp(path), kept = dup(STDOUT_FILENO);
	ssize_t n;

	unlink(path);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	ctl_print(c, &sample_alloc_type, rows, 2, columns,
	    sizeof columns / sizeof columns[0]);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	n = pread(fd, got, sizeof got - 1, 0);
	close(fd);
	ck_assert_int_ge(n, 0);
	got[n] = '\0';
	return got;
}

START_TEST(ctl_print_gives_pipes_a_record_a_line_parted_by_tabs)
{
	const struct ctl c = { 0 };

	ck_assert_str_eq(printed(&c), "a1\ttwo words \t3\t0.1\tfalse\t\n"
				      "b22\t\t0\t0\ttrue\tx,y\n");
}
END_TEST

START_TEST(ctl_print_gives_the_head_when_asked)
{
	const struct ctl c = { .head = true };

	ck_assert_int_eq(
	    strncmp(printed(&c), "ID\tName\tVersion\tScore\t", 22), 0);
}
END_TEST

START_TEST(ctl_print_aligns_columns_on_a_terminal)
{
	const struct ctl c = { .is_terminal = true };

	ck_assert_str_eq(printed(&c),
	    "ID   Name        Version  Score  Healthy  Previous\n"
	    "a1   two words   3        0.1    false    \n"
	    "b22              0        0      true     x,y\n");
}
END_TEST

START_TEST(ctl_print_gives_whole_records_as_json_lines)
{
	const struct ctl c = { .json = true, .is_terminal = true };
	const char *text = printed(&c), *line = strchr(text, '\n');
	struct sample_alloc back;
	struct err err;

	ck_assert_ptr_nonnull(line);
	ck_assert_msg(rec_from_json(&sample_alloc_type, &back, text,
			  (size_t)(line - text), &err) == 0,
	    "%s", err.text);
	ck_assert_str_eq(back.name, "two\twords\n");
	rec_clear(&sample_alloc_type, &back);
	ck_assert_ptr_eq(strchr(line + 1, '\n'), text + strlen(text) - 1);
}
END_TEST

START_TEST(ctl_format_shows_every_kind_of_row)
{
	struct sample s;

	sample_fill(&s);
	for (size_t i = 0; i < sample_type.nfields; i++) {
		struct buf b = { 0 };

		ctl_format(&sample_type.fields[i], &s, &b);
		ck_assert_ptr_null(strpbrk(buf_str(&b), "\t\n"));
		if (strcmp(sample_type.fields[i].name, "meta") == 0)
			ck_assert_ptr_nonnull(strchr(buf_str(&b), '='));
		buf_release(&b);
	}
	rec_clear(&sample_type, &s);
}
END_TEST

START_TEST(ctl_list_is_the_first_list_of_records_wherever_it_stands)
{
	ck_assert_str_eq(ctl_list(&services_news_type)->name, "put");
	ck_assert_str_eq(ctl_list(&member_rows_type)->name, "members");
	ck_assert_ptr_null(ctl_list(&member_event_type));
}
END_TEST

UNIT_MAIN("ctl_print", ctl_print_gives_pipes_a_record_a_line_parted_by_tabs,
    ctl_print_gives_the_head_when_asked, ctl_print_aligns_columns_on_a_terminal,
    ctl_print_gives_whole_records_as_json_lines,
    ctl_format_shows_every_kind_of_row,
    ctl_list_is_the_first_list_of_records_wherever_it_stands)
