/*
 * Writing a variable: from a specification, from arguments, or both.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/var.h"
#include "common/file.h"
#include "common/mem.h"
#include "common/rec_hcl.h"
#include "common/text.h"

#define MAX_FILE (1u << 20) /* of a specification, and of a value */

struct wish {
	const char *check, *in, *out;
	bool force, verbose;
	bool stdin_used;
};

static int
read_source(struct wish *w, const char *ref, struct buf *out)
{
	struct err err;
	char block[4096];
	ssize_t n;

	if (*ref == '@') {
		if (file_read(ref + 1, MAX_FILE, out, &err) == -1)
			return cli_fail(&err, "Error reading \"%s\"", ref + 1);
		return strlen(buf_str(out)) == out->len
			   ? 0
			   : cli_fail(
				 NULL, "\"%s\": there is a NUL in it", ref + 1);
	}
	if (w->stdin_used)
		return cli_fail(NULL, "stdin already consumed");
	w->stdin_used = true;
	while ((n = read(STDIN_FILENO, block, sizeof block)) > 0 &&
	       out->len <= MAX_FILE)
		buf_add(out, block, (size_t)n);
	if (n == 0 && strlen(buf_str(out)) == out->len)
		return 0;
	return cli_fail(NULL,
	    n < 0 ? "Error reading from stdin"
		  : "stdin: more than %u bytes, or a NUL in them",
	    MAX_FILE);
}

static bool
is_ref(const char *arg)
{
	return *arg == '@' || strcmp(arg, "-") == 0;
}

/* The file's ending tells what it is; -in what standard input is. */
static bool
is_hcl(const struct wish *w, const char *ref)
{
	size_t n = strlen(ref);

	if (*ref == '@' && n > 5 && strcmp(ref + n - 5, ".json") == 0)
		return false;
	if (*ref == '@' && n > 4 && strcmp(ref + n - 4, ".hcl") == 0)
		return true;
	return w->in != NULL && strcmp(w->in, "hcl") == 0;
}

/* Of another path or namespace it is a copy, which must be new. */
static void
set_place(struct variable *v, const char *path, const char *ns)
{
	bool moved = path != NULL && !text_is_set(v->path);

	if (path != NULL && text_is_set(v->path) && strcmp(path, v->path) != 0)
		moved = true;
	if (text_is_set(ns) && text_is_set(v->ns) && strcmp(ns, v->ns) != 0)
		moved = true;
	if (path != NULL) {
		free(v->path);
		v->path = xstrdup(path);
	}
	if (text_is_set(ns)) {
		free(v->ns);
		v->ns = xstrdup(ns);
	}
	if (moved)
		v->modify_index = 0;
}

static int
read_spec(struct wish *w, const char *ref, struct variable *v)
{
	struct buf text = { 0 };
	struct err err;
	int rc = read_source(w, ref, &text);

	if (rc == 0 && is_hcl(w, ref))
		rc = rec_from_hcl_text(&variable_type, v,
		    *ref == '@' ? ref + 1 : "<stdin>", buf_str(&text), text.len,
		    HCL_2, NULL, 0, &err);
	else if (rc == 0)
		rc = rec_from_json(
		    &variable_type, v, buf_str(&text), text.len, &err);
	buf_release(&text);
	return rc == -1 ? cli_fail(&err, "Failed to parse variable data") : rc;
}

static void
drop_item(struct variable *v, const char *key)
{
	for (size_t i = 0; i < v->nitems; i++) {
		if (strcmp(v->items[i].key, key) != 0)
			continue;
		free(v->items[i].key);
		free(v->items[i].value);
		memmove(&v->items[i], &v->items[i + 1],
		    (--v->nitems - i) * sizeof *v->items);
		return;
	}
}

static int
take_item(struct wish *w, struct variable *v, const char *arg)
{
	const char *eq = strchr(arg, '='), *value;
	struct buf text = { 0 };
	char *key;
	int rc = 0;

	if (eq == NULL)
		return cli_fail(NULL,
		    "Failed to parse K=V data: invalid key/value pair \"%s\": "
		    "format must be key=value",
		    arg);
	key = xstrndup(arg, (size_t)(eq - arg));
	value = eq + 1;
	if (is_ref(value) && (rc = read_source(w, value, &text)) == 0)
		value = buf_str(&text);
	else if (value[0] == '\\' && value[1] == '@')
		value++;
	if (rc == 0 && *value == '\0')
		drop_item(v, key);
	else if (rc == 0)
		rec_kv_set(&v->items, &v->nitems, key, value);
	free(key);
	buf_release(&text);
	return rc;
}

/* The variable that the arguments ask for, on the heap. */
static int
compose(struct cli *c, struct wish *w, struct variable *v)
{
	const char *first = c->argv[0];
	int at = 1, rc = 0;

	if (is_ref(first)) {
		rc = read_spec(w, first, v);
		first = NULL;
	} else if (c->argc > 1 && is_ref(c->argv[1])) {
		rc = read_spec(w, c->argv[at++], v);
	} else if (c->argc == 1) {
		return cli_fail(NULL, "Must supply data");
	}
	if (rc == 0)
		set_place(v, first, c->client.namespace);
	for (; rc == 0 && at < c->argc; at++)
		rc = take_item(w, v, c->argv[at]);
	if (rc == 0 && !text_is_set(v->path))
		rc = cli_fail(NULL, "variable requires path");
	return rc;
}

static int
put(struct cli *c, const struct wish *w, struct variable *v, enum var_form form)
{
	struct buf body = { 0 }, answer = { 0 };
	char *path = var_path(v->path), params[32];
	struct variable now;
	struct err err;
	int rc = 0;

	snprintf(params, sizeof params, "cas=%" PRIu64, v->modify_index);
	rec_to_json(&variable_type, v, &body, 0);
	if (client_call(&c->client, "PUT", path, w->force ? NULL : params,
		&body, &answer, &err) == -1 ||
	    rec_from_json(
		&variable_type, &now, answer.data, answer.len, &err) == -1) {
		rc = var_refused(&err, &answer, v->modify_index, true,
		    "Error creating variable");
	} else {
		if (form == VAR_NONE || w->verbose)
			fprintf(form == VAR_NONE ? stdout : stderr,
			    "Created variable \"%s\" with modify index "
			    "%" PRIu64 "\n",
			    now.path, now.modify_index);
		var_show(&now, form);
		rec_clear(&variable_type, &now);
	}
	free(path);
	buf_release(&body);
	buf_release(&answer);
	return rc;
}

static int
run(struct cli *c, struct wish *w)
{
	struct variable v = { 0 };
	int form = var_form_parse(w->out, VAR_NONE);
	int rc;

	if (form == -1 || !var_one_namespace(c))
		return 1;
	if (w->in != NULL && strcmp(w->in, "hcl") != 0 &&
	    strcmp(w->in, "json") != 0)
		return cli_fail(NULL, "Invalid value for \"-in\"; valid "
				      "values are [hcl, json]");
	rc = compose(c, w, &v);
	if (rc == 0 && w->check != NULL)
		rc = var_index_parse(w->check, &v.modify_index);
	if (rc == 0)
		rc = put(c, w, &v, (enum var_form)form);
	rec_clear(&variable_type, &v);
	return rc;
}

int
var_put(const struct command *cmd, int argc, char **argv)
{
	struct wish w = { 0 };
	const struct flag rows[] = {
		{ "check-index", FLAG_TEXT, &w.check, "<index>",
		    "Only if it has not changed since this index; 0: if it "
		    "is new." },
		{ "force", FLAG_BOOL, &w.force, NULL,
		    "Whatever there is already." },
		{ "in", FLAG_TEXT, &w.in, "<hcl|json>",
		    "What the specification is, where its file's ending does "
		    "not tell (json)." },
		{ "out", FLAG_TEXT, &w.out, "<hcl|json|none|table>",
		    "The form in which it is shown then." },
		{ "verbose", FLAG_BOOL, &w.verbose, NULL,
		    "The new index on standard error, too." },
	};
	struct cli c;
	int status = cli_begin(&c, cmd, rows, sizeof rows / sizeof rows[0],
	    argc, argv, 1, CLI_NO_MOST);

	if (status != CLI_GO)
		return status;
	return cli_end(&c, run(&c, &w));
}
