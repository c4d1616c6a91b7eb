#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/hcl1/impl.h"
#include "common/mem.h"
#include "common/rec_impl.h"

static const char *
source_name(const struct hcl1_source *s)
{
	static const char *const kinds[] = { "*ast.LiteralType",
		"*ast.ListType", "*ast.ObjectType" };

	if (s->node != NULL)
		return kinds[s->node->kind];
	return s->item != NULL ? "*ast.ObjectItem" : "*ast.ObjectList";
}

static struct hcl1_pos
source_pos(const struct hcl1_source *s)
{
	const struct hcl1_item *item = s->item;

	if (s->node != NULL)
		return s->node->pos;
	if (item == NULL && s->items.n > 0)
		item = s->items.v[0];
	if (item == NULL)
		return (struct hcl1_pos){ 0 };
	return item->nkeys > 0 ? item->keys[0].pos : item->value->pos;
}

/* --- where we are, for messages --- */

int
hcl1_enter_name(struct hcl1_fill *f, const char *name, struct err *err)
{
	if (f->depth == HCL1_MAX_DEPTH)
		return err_set(err, ERR_BAD,
		    "more than %d names inside each "
		    "other",
		    HCL1_MAX_DEPTH);
	f->path[f->depth++] = name;
	return 0;
}

static void
add_path(const struct hcl1_fill *f, struct buf *b)
{
	for (size_t i = 0; i < f->depth; i++)
		buf_addf(b, "%s%s", i > 0 ? "." : "", f->path[i]);
}

/* "At 2:13: root.client.x: sentence"; with no name, only the sentence. */
int
hcl1_refuse(const struct hcl1_fill *f, const struct hcl1_source *s, bool named,
    struct err *err, const char *what)
{
	struct hcl1_pos pos = source_pos(s);
	struct buf b = { 0 };

	if (named) {
		buf_adds(&b, "root.");
		add_path(f, &b);
		buf_adds(&b, ": ");
	}
	err_set(err, ERR_BAD, "At %" PRIu32 ":%" PRIu32 ": %s%s %s", pos.line,
	    pos.col, buf_str(&b), what, source_name(s));
	buf_release(&b);
	return -1;
}

int
hcl1_refuse_object(const struct hcl1_fill *f, const struct hcl1_source *s,
    const char *what, struct err *err)
{
	struct hcl1_pos pos = source_pos(s);
	struct buf b = { 0 };

	add_path(f, &b);
	err_set(err, ERR_BAD,
	    "At %" PRIu32 ":%" PRIu32
	    ": root.%s: not an object type for %s (%s)",
	    pos.line, pos.col, buf_str(&b), what, source_name(s));
	buf_release(&b);
	return -1;
}

/* --- single values --- */

static int
fill_bool(struct hcl1_fill *f, const struct hcl1_source *s, bool *out,
    struct err *err)
{
	const struct hcl1_node *n = s->node;

	if (n == NULL || n->kind != HCL1_LITERAL || n->type == HCL1_FLOAT ||
	    n->type == HCL1_HEREDOC)
		return hcl1_refuse(f, s, true, err, "unknown type");
	*out = strcmp(n->text, "1") == 0 || strcasecmp(n->text, "true") == 0;
	if (*out || strcmp(n->text, "0") == 0 ||
	    strcasecmp(n->text, "false") == 0)
		return 0;
	return err_set(
	    err, ERR_BAD, "decodeBool: Unknown value for boolean: %s", n->raw);
}

static int
no_number(const char *fn, const char *text, const char *why, struct err *err)
{
	return err_set(
	    err, ERR_BAD, "strconv.%s: parsing \"%s\": %s", fn, text, why);
}

static int
fill_int(struct hcl1_fill *f, const struct hcl1_source *s, int64_t *out,
    struct err *err)
{
	const struct hcl1_node *n = s->node;
	char *end;

	if (n == NULL || n->kind != HCL1_LITERAL ||
	    (n->type != HCL1_NUMBER && n->type != HCL1_STRING))
		return hcl1_refuse(f, s, true, err, "unknown type");
	errno = 0;
	*out = strtoll(n->text, &end, 0);
	if (n->text[0] == '\0' || *end != '\0' || n->text[0] == ' ')
		return no_number("ParseInt", n->text, "invalid syntax", err);
	if (errno == ERANGE)
		return no_number(
		    "ParseInt", n->text, "value out of range", err);
	return 0;
}

static int
fill_float(struct hcl1_fill *f, const struct hcl1_source *s, double *out,
    struct err *err)
{
	const struct hcl1_node *n = s->node;
	char *end;

	if (n == NULL || n->kind != HCL1_LITERAL ||
	    (n->type != HCL1_NUMBER && n->type != HCL1_FLOAT))
		return hcl1_refuse(f, s, true, err, "unknown type");
	*out = strtod(n->text, &end);
	if (*end != '\0')
		return no_number("ParseFloat", n->text, "invalid syntax", err);
	return 0;
}

/* Borrowed from the tree. */
int
hcl1_get_text(struct hcl1_fill *f, const struct hcl1_source *s,
    const char **out, struct err *err)
{
	const struct hcl1_node *n = s->node;

	*out = "";
	if (n == NULL || n->kind != HCL1_LITERAL)
		return hcl1_refuse(f, s, true, err, "unknown type for string");
	*out = n->text;
	return 0;
}

static int
fill_duration(struct hcl1_fill *f, const struct hcl1_source *s, int64_t *out,
    struct err *err)
{
	const char *text;
	struct buf b = { 0 };

	if (hcl1_get_text(f, s, &text, err) == -1)
		return -1;
	if (text[0] == '\0' || clock_parse_dur(text, out) == 0)
		return 0;
	if (f->bad_duration != NULL)
		return 0;
	add_path(f, &b);
	buf_addf(&b, " can't parse time duration %s", text);
	f->bad_duration = buf_take(&b);
	return 0;
}

int
hcl1_fill_scalar(struct hcl1_fill *f, const struct rec_field *row, void *rec,
    const struct hcl1_source *s, struct err *err)
{
	void *at = rec_at(rec, row->offset);
	const char *text;
	int rv = 0;

	switch ((int)row->kind) {
	case REC_K_BOOL:
		rv = fill_bool(f, s, at, err);
		break;
	case REC_K_I64:
	case REC_K_U64: /* agent files have no number beyond */
		rv = fill_int(f, s, at, err);
		break;
	case REC_K_F64:
		rv = fill_float(f, s, at, err);
		break;
	case REC_K_DUR:
		rv = fill_duration(f, s, at, err);
		break;
	case REC_K_STR:
		rv = hcl1_get_text(f, s, &text, err);
		if (rv == 0) {
			free(*(char **)at);
			*(char **)at = xstrdup(text);
		}
		break;
	default:
		return err_set(err, ERR_INTERNAL, "%s: no such row in HCL 1",
		    rec_file_name(row));
	}
	if (rv == 0 && rec_is_flagged(row))
		*rec_has(row, rec) = true;
	return rv;
}
