#include "cmd/rove/difftext.h"

#include <inttypes.h>
#include <string.h>

/* The widest name and mark among members, so that they stand in columns. */
struct widths {
	size_t name, mark;
};

static const char *
mark_of(const char *type)
{
	if (type == NULL)
		return "";
	if (strcmp(type, "Added") == 0)
		return "+ ";
	if (strcmp(type, "Deleted") == 0)
		return "- ";
	return strcmp(type, "Edited") == 0 ? "+/- " : "";
}

static bool
is_type(const char *type, const char *what)
{
	return type != NULL && strcmp(type, what) == 0;
}

static size_t
larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static void
put_blanks(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_addc(out, ' ');
}

/* The mark at `indent`, filled up to the width of the widest. */
static void
put_mark(const char *type, size_t indent, size_t width, struct buf *out)
{
	const char *mark = mark_of(type);

	put_blanks(out, indent);
	buf_adds(out, mark);
	put_blanks(out, width - strlen(mark));
}

static void
put_quoted(const char *s, struct buf *out)
{
	buf_addc(out, '"');
	for (; s != NULL && *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c == '\n')
			buf_adds(out, "\\n");
		else if (c == '\t')
			buf_adds(out, "\\t");
		else if (c == '\r')
			buf_adds(out, "\\r");
		else if (c < 0x20 || c == 0x7f)
			buf_addf(out, "\\x%02x", c);
		else
			buf_addc(out, (char)c);
	}
	buf_addc(out, '"');
}

static void
put_notes(char *const *notes, size_t n, struct buf *out)
{
	if (n == 0)
		return;
	buf_adds(out, " (");
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s%s", i > 0 ? ", " : "", notes[i]);
	buf_addc(out, ')');
}

/* --- fields and objects --- */

static struct widths
widths_of(const struct field_diff *fields, size_t nfields,
    const struct object_diff *objects, size_t nobjects)
{
	struct widths w = { 0 };

	for (size_t i = 0; i < nfields; i++) {
		w.name = larger(w.name,
		    fields[i].name != NULL ? strlen(fields[i].name) : 0);
		w.mark = larger(w.mark, strlen(mark_of(fields[i].type)));
	}
	for (size_t i = 0; i < nobjects; i++)
		w.mark = larger(w.mark, strlen(mark_of(objects[i].type)));
	return w;
}

static void
put_field(
    const struct field_diff *f, size_t indent, struct widths w, struct buf *out)
{
	const char *name = f->name != NULL ? f->name : "";

	put_mark(f->type, indent, w.mark, out);
	buf_addf(out, "%s: ", name);
	put_blanks(out, w.name - strlen(name));
	if (is_type(f->type, "Deleted") || is_type(f->type, "Edited"))
		put_quoted(f->old, out);
	if (is_type(f->type, "Edited"))
		buf_adds(out, " => ");
	if (!is_type(f->type, "Deleted"))
		put_quoted(f->new, out);
	put_notes(f->annotations, f->nannotations, out);
}

static void put_members(const struct field_diff *fields, size_t nfields,
    const struct object_diff *objects, size_t nobjects, size_t indent,
    struct widths w, struct buf *out);

static void
put_object(const struct object_diff *o, size_t indent, struct widths w,
    struct buf *out)
{
	size_t fill = w.mark - strlen(mark_of(o->type));

	put_mark(o->type, indent, w.mark, out);
	buf_addf(out, "%s {\n", o->name != NULL ? o->name : "");
	put_members(o->fields, o->nfields, o->objects, o->nobjects,
	    indent + fill + 2,
	    widths_of(o->fields, o->nfields, o->objects, o->nobjects), out);
	buf_addc(out, '\n');
	put_blanks(out, indent + w.mark);
	buf_addc(out, '}');
}

/* Newlines stand between the members, not after the last. */
static void
put_members(const struct field_diff *fields, size_t nfields,
    const struct object_diff *objects, size_t nobjects, size_t indent,
    struct widths w, struct buf *out)
{
	for (size_t i = 0; i < nfields; i++) {
		if (i > 0)
			buf_addc(out, '\n');
		put_field(&fields[i], indent, w, out);
	}
	for (size_t i = 0; i < nobjects; i++) {
		if (i > 0 || nfields > 0)
			buf_addc(out, '\n');
		put_object(&objects[i], indent, w, out);
	}
}

/* --- tasks, groups, the job --- */

static void
put_task(const struct task_diff *t, size_t indent, size_t mark, bool verbose,
    struct buf *out)
{
	put_mark(t->type, indent, mark, out);
	buf_addf(out, "Task: \"%s\"", t->name != NULL ? t->name : "");
	put_notes(t->annotations, t->nannotations, out);
	if (is_type(t->type, "None") ||
	    (!is_type(t->type, "Edited") && !verbose))
		return;
	buf_addc(out, '\n');
	put_members(t->fields, t->nfields, t->objects, t->nobjects, indent + 2,
	    widths_of(t->fields, t->nfields, t->objects, t->nobjects), out);
}

static void
put_updates(const struct rec_ki *updates, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s%" PRId64 " %s", i > 0 ? ", " : " (",
		    updates[i].value, updates[i].key);
	buf_adds(out, n > 0 ? ")\n" : "\n");
}

static void
put_group(
    const struct task_group_diff *g, size_t mark, bool verbose, struct buf *out)
{
	size_t fill = mark - strlen(mark_of(g->type)), indent = fill + 2;
	struct widths w =
	    widths_of(g->fields, g->nfields, g->objects, g->nobjects);

	for (size_t i = 0; i < g->ntasks; i++)
		w.mark = larger(w.mark, strlen(mark_of(g->tasks[i].type)));
	put_mark(g->type, 0, mark, out);
	buf_addf(out, "Task Group: \"%s\"", g->name != NULL ? g->name : "");
	put_updates(g->updates, g->nupdates, out);
	if ((is_type(g->type, "Edited") || verbose) &&
	    g->nfields + g->nobjects > 0) {
		put_members(g->fields, g->nfields, g->objects, g->nobjects,
		    indent, w, out);
		buf_addc(out, '\n');
	}
	for (size_t i = 0; i < g->ntasks; i++) {
		put_task(&g->tasks[i], indent, w.mark, verbose, out);
		buf_addc(out, '\n');
	}
}

void
difftext_format(const struct job_diff *d, bool verbose, struct buf *out)
{
	struct widths w =
	    widths_of(d->fields, d->nfields, d->objects, d->nobjects);

	for (size_t i = 0; i < d->ntask_groups; i++)
		w.mark =
		    larger(w.mark, strlen(mark_of(d->task_groups[i].type)));
	buf_addf(out, "%sJob: \"%s\"\n", mark_of(d->type),
	    d->id != NULL ? d->id : "");
	if ((is_type(d->type, "Edited") || verbose) &&
	    d->nfields + d->nobjects > 0) {
		put_members(
		    d->fields, d->nfields, d->objects, d->nobjects, 0, w, out);
		buf_addc(out, '\n');
	}
	for (size_t i = 0; i < d->ntask_groups; i++) {
		put_group(&d->task_groups[i], w.mark, verbose, out);
		buf_addc(out, '\n');
	}
	while (out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
}
