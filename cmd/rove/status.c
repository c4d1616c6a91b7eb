/*
 * Whatever it is that has this identifier.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/text.h"
#include "common/http/http.h"
#include "common/mem.h"

/* What can be searched, and which command shows it. */
static const struct kind {
	const char *name, *path;
	bool is_uuid;
	int (*show)(const struct command *cmd, int argc, char **argv);
} kinds[] = {
	{ "Jobs", "/v1/jobs", false, job_status },
	{ "Allocations", "/v1/allocations", true, alloc_status },
	{ "Evaluations", "/v1/evaluations", true, eval_status },
	{ "Nodes", "/v1/nodes", true, node_status },
};

#define NKINDS    (sizeof kinds / sizeof kinds[0])
#define MAX_SHOWN 20 /* identifiers of each kind */

/* All that the lists have in common. */
struct found {
	char *id;
};

static const struct rec_field found_fields[] = {
	REC_STR(struct found, 1, id, "ID"),
};
static const struct rec_type found_type = REC_TYPE(found, found_fields);

struct match {
	struct found *items;
	size_t n;
	bool exact; /* one is what was typed, letter by letter */
};

static bool
is_uuid_prefix(const char *typed)
{
	return strlen(typed) >= 2 &&
	       typed[strspn(typed, "0123456789abcdefABCDEF-")] == '\0';
}

static int
search(struct cli *c, const struct kind *k, const char *typed, struct match *m)
{
	struct buf params = { 0 };
	struct err err;
	char *prefix;
	int rc;

	if (k->is_uuid && !is_uuid_prefix(typed))
		return 0;
	prefix =
	    xstrndup(typed, k->is_uuid ? text_id_prefix(typed) : strlen(typed));
	buf_adds(&params, "prefix=");
	http_escape(prefix, &params);
	rc = client_list(&c->client, k->path, buf_str(&params), &found_type,
	    &m->items, &m->n, &err);
	free(prefix);
	buf_release(&params);
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(lists_text(m->items[i].id), typed) == 0)
			m->exact = true;
	return rc == 0 ? 0
		       : cli_fail(&err,
			     "Error querying search with id: "
			     "\"%s\"",
			     typed);
}

static int
say_many(const char *typed, const struct match *all)
{
	fprintf(stderr, "Multiple matches found for id \"%s\"\n", typed);
	for (size_t k = 0; k < NKINDS; k++) {
		if (all[k].n == 0)
			continue;
		fprintf(stderr, "\n%s:\n", kinds[k].name);
		for (size_t i = 0; i < all[k].n && i < MAX_SHOWN; i++)
			fprintf(stderr, "%s%s", i > 0 ? ", " : "",
			    lists_text(all[k].items[i].id));
		fputc('\n', stderr);
	}
	return 1;
}

/* The kind to show: the only one with a match, or one with the very name. */
static int
choose(const char *typed, const struct match *all, const struct kind **kind)
{
	size_t nkinds = 0;

	*kind = NULL;
	for (size_t k = 0; k < NKINDS; k++) {
		if (all[k].exact) {
			*kind = &kinds[k];
			return CLI_GO;
		}
		if (all[k].n > 0) {
			nkinds++;
			*kind = &kinds[k];
		}
	}
	if (*kind == NULL)
		return cli_fail(NULL, "No matches found for id \"%s\"", typed);
	return nkinds == 1 ? CLI_GO : say_many(typed, all);
}

static int
find_kind(struct cli *c, const char *typed, const struct kind **kind)
{
	struct match all[NKINDS] = { { 0 } };
	int status = 0;

	for (size_t k = 0; status == 0 && k < NKINDS; k++)
		status = search(c, &kinds[k], typed, &all[k]);
	if (status == 0)
		status = choose(typed, all, kind);
	for (size_t k = 0; k < NKINDS; k++)
		client_free_list(&found_type, all[k].items, all[k].n);
	return status;
}

/* The words as they were typed are read again by the command that shows. */
int
status_any(const struct command *cmd, int argc, char **argv)
{
	bool verbose = false;
	const struct flag rows[] = {
		{ "verbose", FLAG_BOOL, &verbose, NULL,
		    "Whole identifiers and times." },
	};
	char **words = xcalloc((size_t)argc + 1, sizeof *words);
	const struct kind *kind = &kinds[0];
	struct cli c;
	int status;

	memcpy(words, argv, (size_t)argc * sizeof *words);
	status = cli_begin(&c, cmd, rows, 1, argc, argv, 0, 1);
	if (status == CLI_GO) {
		status = c.argc == 0 ? CLI_GO : find_kind(&c, c.argv[0], &kind);
		cli_end(&c, 0);
		if (status == CLI_GO)
			status = kind->show(cmd, argc, words);
	}
	free(words);
	return status;
}
