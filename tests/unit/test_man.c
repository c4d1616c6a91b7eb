/*
 * Do the manual pages name what there is? Each member of a daemon's config
 * must stand in its page, each message in wire(7), and the sample configs
 * must load. Run from the root of the tree.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/gossipd/gossipd.h"
#include "cmd/lbd/lbd.h"
#include "cmd/metricsd/metricsd.h"
#include "cmd/nodeagent/config.h"
#include "cmd/schedd/config.h"
#include "common/mem.h"
#include "proto/msg.h"
#include "tests/lib/unit.h"

static const struct known {
	const char *name;
	const struct rec_type *type;
	void (*init)(void *config);
	int (*check)(const void *config, struct err *err);
} daemons[] = {
	{ "gossipd", &gossipd_config_type, gossipd_config_init,
	    gossipd_config_check },
	{ "lbd", &lbd_config_type, lbd_config_init, lbd_config_check },
	{ "metricsd", &metricsd_config_type, metricsd_config_init,
	    metricsd_config_check },
	{ "nodeagent", &nodeagent_config_type, nodeagent_config_init,
	    nodeagent_config_check },
	{ "schedd", &schedd_config_type, schedd_config_init,
	    schedd_config_check },
};
#define NDAEMONS (sizeof daemons / sizeof daemons[0])

static void
read_page(const char *path, struct buf *out)
{
	char piece[4096];
	FILE *f = fopen(path, "r");
	size_t n;

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		buf_add(out, piece, n);
	fclose(f);
}

/* Whether one of the lines that begin with `head` has the word. */
static bool
has_word(const char *page, const char *head, const char *word)
{
	size_t nhead = strlen(head), nword = strlen(word);

	for (const char *line = strstr(page, head); line != NULL;
	     line = strstr(line + nhead, head)) {
		const char *at = line + nhead;

		while (*at != '\n' && *at != '\0') {
			size_t n;

			at += strspn(at, " ,");
			n = strcspn(at, " ,\n");
			if (n == nword && strncmp(at, word, n) == 0)
				return true;
			at += n;
		}
	}
	return false;
}

START_TEST(every_member_of_a_config_stands_in_its_page)
{
	for (size_t i = 0; i < NDAEMONS; i++) {
		const struct rec_type *t = daemons[i].type;
		char *path = xasprintf("man/%s.conf.5", daemons[i].name);
		struct buf page = { 0 };

		read_page(path, &page);
		for (size_t k = 0; k < t->nfields; k++) {
			const struct rec_field *f = &t->fields[k];
			const char *name = f->hcl != NULL ? f->hcl : f->name;

			ck_assert_msg(has_word(buf_str(&page), ".It Ic ", name),
			    "%s does not name %s", path, name);
		}
		buf_release(&page);
		free(path);
	}
}
END_TEST

START_TEST(every_message_stands_in_wire_7)
{
	struct buf page = { 0 };

	read_page("man/wire.7", &page);
	for (size_t i = 0; i < msg_ndefs; i++) {
		char *row = xasprintf(
		    ".It %u Ta %s Ta ", msg_defs[i].number, msg_defs[i].name);

		ck_assert_msg(strstr(buf_str(&page), row) != NULL,
		    "wire.7 does not have %s", msg_defs[i].name);
		free(row);
	}
	buf_release(&page);
}
END_TEST

START_TEST(every_sample_config_loads)
{
	for (size_t i = 0; i < NDAEMONS; i++) {
		const struct known *d = &daemons[i];
		char *path = xasprintf("cmd/%s/%s.conf", d->name, d->name);
		void *config = xcalloc(1, d->type->size);
		struct err err;

		d->init(config);
		ck_assert_msg(rec_from_conf(d->type, config, path, &err) == 0,
		    "%s", err.text);
		ck_assert_msg(
		    d->check(config, &err) == 0, "%s: %s", path, err.text);
		rec_clear(d->type, config);
		free(config);
		free(path);
	}
}
END_TEST

/* --- rove-operations(7) --- */

#define HANDBOOK "man/rove-operations.7"

/* Adds a file; texts that stand one after the other become one, as they do
 * for the compiler. */
static void
add_source(const char *path, struct buf *out)
{
	struct buf page = { 0 };

	read_page(path, &page);
	for (const char *p = buf_str(&page); *p != '\0'; p++) {
		const char *next = p + 1 + strspn(p + 1, " \t\n");

		if (*p == '"' && *next == '"')
			p = next;
		else
			buf_addc(out, *p);
	}
	buf_release(&page);
}

static void
read_sources(struct buf *out)
{
	static const char *const where[] = { "cmd/*/*.c", "common/*.c",
		"common/*/*.c" };
	glob_t files;

	for (size_t i = 0; i < sizeof where / sizeof where[0]; i++) {
		ck_assert_int_eq(glob(where[i], 0, NULL, &files), 0);
		for (size_t k = 0; k < files.gl_pathc; k++)
			add_source(files.gl_pathv[k], out);
		globfree(&files);
	}
}

/* Calls for each thing that an item of the section quotes. */
static size_t
each_quoted(const char *page, const char *section,
    void (*check)(const char *what, const char *sources), const char *sources)
{
	static const char head[] = "\n.It Ql ";
	const char *at = strstr(page, section), *end, *line;
	size_t n = 0;

	ck_assert_msg(at != NULL, "no section %s", section);
	end = strstr(at + 1, "\n.Sh ");
	while ((line = strstr(at, head)) != NULL && line < end) {
		char *text = xstrndup(line + sizeof head - 1,
		    strcspn(line + sizeof head - 1, "\n"));

		at = line + 1;
		for (char *next, *what = text; what != NULL; what = next) {
			next = strstr(what, " , ");
			if (next != NULL) {
				*next = '\0';
				next += 3;
			}
			check(what, sources);
			n++;
		}
		free(text);
	}
	return n;
}

static void
check_is_said(const char *what, const char *sources)
{
	ck_assert_msg(strstr(sources, what) != NULL,
	    HANDBOOK ": no program logs \"%s\"", what);
}

/* What a program says, and whether the handbook quotes some of it. */
struct wanted {
	const char *text;
	bool found;
};

static struct wanted wanted; /* each_quoted() has no context */

#define MIN_WORDS 8 /* characters */

static void
look_for_wanted(const char *what, const char *sources)
{
	(void)sources;
	wanted.found |= strstr(wanted.text, what) != NULL;
}

/* Seeks what each log_error() says, but for what begins with a value. */
static size_t
each_error(const char *sources, const char *page)
{
	static const char call[] = "log_error(";
	size_t n = 0;

	for (const char *at = sources; (at = strstr(at, call)) != NULL;) {
		char *text;

		at += sizeof call - 1;
		at += strspn(at, " \t\n");
		if (*at != '"' || strcspn(at + 1, "%\"") < MIN_WORDS)
			continue;
		text = xstrndup(at + 1, strcspn(at + 1, "\"\n"));
		wanted = (struct wanted){ .text = text };
		each_quoted(
		    page, "\n.Sh WHAT THE LOG SAYS", look_for_wanted, sources);
		ck_assert_msg(wanted.found,
		    HANDBOOK " does not tell what to do about \"%s\"", text);
		free(text);
		n++;
	}
	return n;
}

static void
check_is_told(const char *what, const char *sources)
{
	char *quoted = xasprintf("\"%s\"", what);

	ck_assert_msg(strstr(sources, quoted) != NULL,
	    HANDBOOK ": no program publishes %s", what);
	free(quoted);
}

/* The words of a command, up to its first argument. */
static void
check_is_command(const char *line, const char *sources)
{
	struct buf row = { 0 };
	const char *p = line;

	buf_adds(&row, "{ \"");
	for (;;) {
		size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz-");

		if (n == 0 || *p == '-' || strchr(" \n", p[n]) == NULL)
			break;
		buf_addf(&row, "%s%.*s", p == line ? "" : " ", (int)n, p);
		if (p[n] == '\n')
			break;
		p += n + strspn(p + n, " ");
	}
	buf_adds(&row, "\", ");
	ck_assert_msg(strstr(sources, buf_str(&row)) != NULL,
	    HANDBOOK ": no command %s", buf_str(&row));
	buf_release(&row);
}

START_TEST(the_handbook_quotes_what_there_is)
{
	struct buf page = { 0 }, sources = { 0 };
	const char *at;
	size_t ncommands = 0;

	read_page(HANDBOOK, &page);
	read_sources(&sources);
	ck_assert_uint_gt(each_quoted(buf_str(&page), "\n.Sh WHAT THE LOG SAYS",
			      check_is_said, buf_str(&sources)),
	    20);
	ck_assert_uint_gt(each_quoted(buf_str(&page), "\n.Sh WHAT TO WATCH",
			      check_is_told, buf_str(&sources)),
	    10);
	for (at = buf_str(&page); (at = strstr(at, "\n# rove ")) != NULL;) {
		at += strlen("\n# rove ");
		check_is_command(at, buf_str(&sources));
		ncommands++;
	}
	ck_assert_uint_gt(ncommands, 20);
	buf_release(&page);
	buf_release(&sources);
}
END_TEST

START_TEST(the_handbook_has_all_that_a_person_should_look_at)
{
	struct buf page = { 0 }, sources = { 0 };

	read_page(HANDBOOK, &page);
	read_sources(&sources);
	ck_assert_uint_gt(each_error(buf_str(&sources), buf_str(&page)), 20);
	buf_release(&page);
	buf_release(&sources);
}
END_TEST

UNIT_MAIN("man", every_member_of_a_config_stands_in_its_page,
    every_message_stands_in_wire_7, every_sample_config_loads,
    the_handbook_quotes_what_there_is,
    the_handbook_has_all_that_a_person_should_look_at)
