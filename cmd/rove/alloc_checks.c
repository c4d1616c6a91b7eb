/*
 * What the checks of an allocation's services say.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/alloc_checks.h"
#include "cmd/rove/commands.h"
#include "cmd/rove/find.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "cmd/rove/text.h"
#include "common/clock.h"
#include "common/mem.h"
#include "proto/checkstatus.h"

struct checks {
	struct alloc_check_status *items;
	size_t n;
};

static void
release(struct checks *all)
{
	for (size_t i = 0; i < all->n; i++)
		rec_clear(&alloc_check_status_type, &all->items[i]);
	free(all->items);
}

static int
by_place(const void *a, const void *b)
{
	const struct alloc_check_status *x = a, *y = b;
	int d = strcmp(lists_text(x->service), lists_text(y->service));

	if (d == 0)
		d = strcmp(lists_text(x->task), lists_text(y->task));
	if (d == 0)
		d = strcmp(lists_text(x->check), lists_text(y->check));
	return d != 0 ? d : strcmp(lists_text(x->id), lists_text(y->id));
}

/* The members of the map that the node answers. */
static int
read_map(const struct tree *map, struct checks *out, struct err *err)
{
	if (map->kind != TREE_MAP)
		return err_set(err, ERR_BAD, "the answer is no map");
	out->items = xcalloc(map->nmembers, sizeof *out->items);
	for (size_t i = 0; i < map->nmembers; i++) {
		if (rec_from_tree(&alloc_check_status_type, &out->items[out->n],
			map->members[i].value, err) == -1)
			return -1;
		out->n++;
	}
	qsort(out->items, out->n, sizeof *out->items, by_place);
	return 0;
}

static int
ask(struct cli *c, const char *id, struct checks *out, struct err *err)
{
	char *path = client_path("/v1/client/allocation/", id, "/checks");
	struct buf body = { 0 };
	struct tree *map = NULL;
	int rc = client_call(&c->client, "GET", path, NULL, NULL, &body, err);

	*out = (struct checks){ 0 };
	if (rc == 0) {
		map = tree_from_json(buf_str(&body), body.len, err);
		rc = map != NULL ? read_map(map, out, err) : -1;
	}
	tree_free(map);
	buf_release(&body);
	free(path);
	return rc;
}

static const char *
task_of(const struct alloc_check_status *s)
{
	return *lists_text(s->task) != '\0' ? s->task : "(group)";
}

static void
print_one(const struct alloc_check_status *s)
{
	struct buf rows = { 0 }, when = { 0 };

	text_time(s->timestamp * CLOCK_NS_PER_S, &when);
	table_row(&rows, "ID|=|%s", lists_text(s->id));
	table_row(&rows, "Name|=|%s", lists_text(s->check));
	table_row(&rows, "Group|=|%s", lists_text(s->group));
	table_row(&rows, "Task|=|%s", task_of(s));
	table_row(&rows, "Service|=|%s", lists_text(s->service));
	table_row(&rows, "Status|=|%s", lists_text(s->status));
	if (s->status_code > 0)
		table_row(&rows, "StatusCode|=|%" PRId64, s->status_code);
	table_row(&rows, "Mode|=|%s", lists_text(s->mode));
	table_row(
	    &rows, "Timestamp|=|%s", when.len > 0 ? buf_str(&when) : "never");
	table_row(&rows, "Output|=|%s", lists_text(s->output));
	cli_print_table(&rows, TABLE_LIST);
	puts("");
	buf_release(&when);
	buf_release(&rows);
}

static int
print_json(struct cli *c, const char *id)
{
	char *path = client_path("/v1/client/allocation/", id, "/checks");
	int status = cli_print_answer(c, path);

	free(path);
	return status;
}

static int
show(struct cli *c, const char *id)
{
	struct checks all;
	struct err err;

	if (ask(c, id, &all, &err) == -1) {
		release(&all);
		return cli_fail(&err, "Error querying allocation checks");
	}
	printf("Status of %zu Nomad Service Checks\n\n", all.n);
	for (size_t i = 0; i < all.n; i++)
		print_one(&all.items[i]);
	release(&all);
	return 0;
}

void
alloc_checks_show_short(struct cli *c, const char *id)
{
	struct checks all;
	struct buf rows = { 0 };
	struct err err;

	if (ask(c, id, &all, &err) == 0 && all.n > 0) {
		table_row(&rows, "Service|Task|Name|Mode|Status");
		for (size_t i = 0; i < all.n; i++)
			table_row(&rows, "%s|%s|%s|%s|%s",
			    lists_text(all.items[i].service),
			    task_of(&all.items[i]),
			    lists_text(all.items[i].check),
			    lists_text(all.items[i].mode),
			    lists_text(all.items[i].status));
		cli_heading("Nomad Service Checks:");
		cli_print_table(&rows, TABLE_LIST);
	}
	buf_release(&rows);
	release(&all);
}

int
alloc_checks(const struct command *cmd, int argc, char **argv)
{
	bool json = false, verbose = false;
	const struct flag rows[] = {
		{ "json", FLAG_BOOL, &json, NULL, "As JSON." },
		{ "verbose", FLAG_BOOL, &verbose, NULL,
		    "Taken for the sake of habit: all is shown." },
	};
	struct cli c;
	char *id;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	status = find_alloc(&c, c.argv[0], &id);
	if (status == CLI_GO) {
		status = json ? print_json(&c, id) : show(&c, id);
		free(id);
	}
	return cli_end(&c, status);
}
