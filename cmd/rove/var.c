/*
 * Variables: shown, listed and removed. var_put.c writes them.
 */
#include "cmd/rove/var.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/lists.h"
#include "cmd/rove/table.h"
#include "common/hcl/hcl.h"
#include "common/http/http.h"
#include "common/mem.h"

#define NROWS(rows) (sizeof(rows) / sizeof(rows)[0])

/* --- what is shared --- */

int
var_form_parse(const char *out, enum var_form tty_form)
{
	static const char *const names[] = { "none", "table", "json", "hcl" };

	if (out == NULL)
		return (int)(isatty(STDOUT_FILENO) ? tty_form : VAR_JSON);
	for (size_t i = 0; i < NROWS(names); i++)
		if (strcmp(names[i], out) == 0)
			return (int)i;
	cli_fail(NULL, "Invalid value for \"-out\"; valid values are [hcl, "
		       "json, none, table]");
	return -1;
}

static void
show_table(const struct variable *v)
{
	struct buf rows = { 0 }, made = { 0 }, changed = { 0 };

	lists_when(v->create_time, true, 0, &made);
	lists_when(v->modify_time, true, 0, &changed);
	table_row(&rows, "Namespace|%s", lists_text(v->ns));
	table_row(&rows, "Path|%s", lists_text(v->path));
	table_row(&rows, "Create Time|%s", buf_str(&made));
	if (v->create_time != v->modify_time)
		table_row(&rows, "Modify Time|%s", buf_str(&changed));
	table_row(&rows, "Check Index|%" PRIu64, v->modify_index);
	cli_print_table(&rows, TABLE_KV);
	buf_reset(&rows);
	cli_heading("Items");
	for (size_t i = 0; i < v->nitems; i++)
		table_row(&rows, "%s|%s", v->items[i].key, v->items[i].value);
	cli_print_table(&rows, TABLE_KV);
	buf_release(&rows);
	buf_release(&made);
	buf_release(&changed);
}

/* A quoted text of HCL. */
static void
add_quoted(struct buf *out, const char *s)
{
	buf_addc(out, '"');
	for (; *s != '\0'; s++) {
		if (*s == '\n')
			buf_adds(out, "\\n");
		else if (*s == '\r')
			buf_adds(out, "\\r");
		else if (*s == '\t')
			buf_adds(out, "\\t");
		else if ((*s == '$' || *s == '%') && s[1] == '{')
			buf_addf(out, "%c%c", *s, *s);
		else if (*s == '"' || *s == '\\')
			buf_addf(out, "\\%c", *s);
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

static void
show_hcl(const struct variable *v)
{
	struct buf out = { 0 };

	buf_adds(&out, "namespace    = ");
	add_quoted(&out, lists_text(v->ns));
	buf_adds(&out, "\npath         = ");
	add_quoted(&out, lists_text(v->path));
	buf_addf(&out,
	    "\ncreate_index = %" PRIu64 "  # Set by server\n"
	    "modify_index = %" PRIu64
	    "  # Set by server; consulted for check-and-set\n"
	    "create_time  = %" PRId64 "  # Set by server\n"
	    "modify_time  = %" PRId64 "  # Set by server\n\nitems = {\n",
	    v->create_index, v->modify_index, v->create_time, v->modify_time);
	for (size_t i = 0; i < v->nitems; i++) {
		buf_adds(&out, "  ");
		add_quoted(&out, v->items[i].key);
		buf_adds(&out, " = ");
		add_quoted(&out, v->items[i].value);
		buf_addc(&out, '\n');
	}
	buf_adds(&out, "}\n");
	fputs(buf_str(&out), stdout);
	buf_release(&out);
}

void
var_show(const struct variable *v, enum var_form form)
{
	if (form == VAR_TABLE)
		show_table(v);
	else if (form == VAR_JSON)
		cli_print_json(&variable_type, v);
	else if (form == VAR_HCL)
		show_hcl(v);
}

bool
var_one_namespace(const struct cli *c)
{
	if (c->client.namespace == NULL ||
	    strcmp(c->client.namespace, "*") != 0)
		return true;
	cli_fail(NULL, "The wildcard namespace (\"*\") is not valid for this "
		       "command.");
	return false;
}

int
var_index_parse(const char *text, uint64_t *index)
{
	char *end;

	errno = 0;
	*index = strtoull(text, &end, 10);
	if (errno == ERANGE)
		return cli_fail(NULL,
		    "Invalid -check-index value \"%s\": out of range for "
		    "uint64",
		    text);
	if (*text < '0' || *text > '9' || *end != '\0')
		return cli_fail(NULL,
		    "Invalid -check-index value \"%s\": not parsable as "
		    "uint64",
		    text);
	return 0;
}

char *
var_path(const char *path)
{
	struct buf out = { 0 };
	size_t n;

	buf_adds(&out, "/v1/var/");
	for (;; path += n + 1) {
		char *part;

		n = strcspn(path, "/");
		part = xstrndup(path, n);
		http_escape(part, &out);
		free(part);
		if (path[n] == '\0')
			break;
		buf_addc(&out, '/');
	}
	return buf_take(&out);
}

int
var_refused(const struct err *err, const struct buf *answer, uint64_t index,
    bool may_force, const char *failed)
{
	struct variable v;
	struct buf when = { 0 };

	if (strstr(err->text, "code: 409") == NULL ||
	    rec_from_json(
		&variable_type, &v, buf_str(answer), answer->len, NULL) == -1)
		return cli_fail(err, "%s", failed);
	fputs("\nCheck-and-Set conflict\n\n", stderr);
	fprintf(stderr,
	    "    Your provided check-index (%" PRIu64
	    ") does not match the server-side index\n    (%" PRIu64 ").\n",
	    index, v.modify_index);
	if (v.modify_index > 0) {
		lists_when(v.modify_time, true, 0, &when);
		fprintf(stderr,
		    "    The server-side item was last updated on %s.\n",
		    buf_str(&when));
	}
	fprintf(stderr,
	    "    If you are sure you want to perform this operation, add "
	    "the%s\n"
	    "    -check-index=%" PRIu64
	    " flag before the positional arguments.\n",
	    may_force ? " -force or" : "", v.modify_index);
	buf_release(&when);
	rec_clear(&variable_type, &v);
	return 1;
}

/* --- get --- */

static int
get(struct cli *c, const char *item, enum var_form form)
{
	char *path = var_path(c->argv[0]);
	struct variable v;
	struct err err;
	const char *value;
	int rc = client_get(&c->client, path, NULL, &variable_type, &v, &err);

	free(path);
	if (rc == -1 && err.code == ERR_NOT_FOUND)
		return cli_fail(NULL, "Variable not found");
	if (rc == -1)
		return cli_fail(&err, "Error retrieving variable");
	value = item != NULL ? rec_kv_get(v.items, v.nitems, item) : NULL;
	if (item == NULL)
		var_show(&v, form);
	else if (value != NULL)
		fputs(value, stdout);
	else
		rc = cli_fail(
		    NULL, "Variable does not contain \"%s\" item", item);
	rec_clear(&variable_type, &v);
	return rc;
}

int
var_get(const struct command *cmd, int argc, char **argv)
{
	const char *item = NULL, *out = NULL;
	const struct flag rows[] = {
		{ "item", FLAG_TEXT, &item, "<key>",
		    "Only what this item holds, without a newline." },
		{ "out", FLAG_TEXT, &out, "<hcl|json|none|table>",
		    "The form of it." },
	};
	struct cli c;
	int form;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	form = var_form_parse(out, VAR_TABLE);
	if (form == -1 || !var_one_namespace(&c))
		return cli_end(&c, 1);
	return cli_end(&c, get(&c, item, (enum var_form)form));
}

/* --- list --- */

static void
print_list(const struct variable_metadata *list, size_t n)
{
	struct buf rows = { 0 }, when = { 0 };

	table_row(&rows, "Namespace|Path|Last Updated");
	for (size_t i = 0; i < n; i++) {
		buf_reset(&when);
		lists_when(list[i].modify_time, true, 0, &when);
		table_row(&rows, "%s|%s|%s", lists_text(list[i].ns),
		    lists_text(list[i].path), buf_str(&when));
	}
	cli_print_table(&rows, TABLE_LIST);
	buf_release(&rows);
	buf_release(&when);
}

static int
list(struct cli *c, const char *target, bool quiet)
{
	struct variable_metadata *all;
	struct err err;
	size_t n;

	if (client_list(&c->client, target, NULL, &variable_metadata_type, &all,
		&n, &err) == -1)
		return cli_fail(&err, "Error retrieving vars");
	if (n == 0 && !quiet)
		puts("No matching variables found");
	else if (!quiet)
		print_list(all, n);
	for (size_t i = 0; quiet && i < n; i++)
		puts(lists_text(all[i].path));
	client_free_list(&variable_metadata_type, all, n);
	return 0;
}

int
var_list(const struct command *cmd, int argc, char **argv)
{
	bool json = false, quiet = false;
	const struct flag rows[] = {
		{ "json", FLAG_BOOL, &json, NULL, "As JSON." },
		{ "q", FLAG_BOOL, &quiet, NULL, "Only the paths." },
	};
	struct cli c;
	struct buf target = { 0 };
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 0, 1);

	if (status != CLI_GO)
		return status;
	buf_adds(&target, "/v1/vars");
	if (c.argc == 1) {
		buf_adds(&target, "?prefix=");
		http_escape(c.argv[0], &target);
	}
	status = json ? cli_print_answer(&c, buf_str(&target))
		      : list(&c, buf_str(&target), quiet);
	buf_release(&target);
	return cli_end(&c, status);
}

/* --- purge --- */

static int
purge(struct cli *c, const char *check)
{
	struct buf answer = { 0 };
	char *path, params[32];
	struct err err;
	uint64_t index = 0;
	int rc = check != NULL ? var_index_parse(check, &index) : 0;

	if (rc != 0 || !var_one_namespace(c))
		return 1;
	path = var_path(c->argv[0]);
	snprintf(params, sizeof params, "cas=%" PRIu64, index);
	if (client_call(&c->client, "DELETE", path,
		check != NULL ? params : NULL, NULL, &answer, &err) == -1)
		rc = var_refused(
		    &err, &answer, index, false, "Error purging variable");
	else
		printf("Successfully purged variable \"%s\"!\n", c->argv[0]);
	free(path);
	buf_release(&answer);
	return rc;
}

int
var_purge(const struct command *cmd, int argc, char **argv)
{
	const char *check = NULL;
	const struct flag rows[] = {
		{ "check-index", FLAG_TEXT, &check, "<index>",
		    "Only if it has not changed since this index." },
	};
	struct cli c;
	int status = cli_begin(&c, cmd, rows, NROWS(rows), argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	return cli_end(&c, purge(&c, check));
}
