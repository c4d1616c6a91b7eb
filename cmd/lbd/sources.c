#include "cmd/lbd/sources.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/lbd/urltag.h"
#include "common/log.h"
#include "common/mem.h"

/* What is kept of an instance: the lines that it adds to the table. */
struct source_instance {
	char *lines; /* "" when none of its tags is a route */
};

static void
instance_free(struct source_instance *i)
{
	if (i == NULL)
		return;
	free(i->lines);
	free(i);
}

void
sources_init(struct sources *s, const struct rtable_options *options,
    const char *tag_prefix, const char *datacenter)
{
	*s = (struct sources){ .options = *options,
		.tag_prefix = xstrdup(tag_prefix),
		.datacenter = xstrdup(datacenter),
		.changed = true };
}

void
sources_set_datacenter(struct sources *s, const char *datacenter)
{
	free(s->datacenter);
	s->datacenter = xstrdup(datacenter);
}

static void
forget_instances(struct map *instances)
{
	MAP_FOREACH (e, instances)
		instance_free(map_value(e));
	map_release(instances);
}

void
sources_release(struct sources *s)
{
	forget_instances(&s->instances);
	free(s->tag_prefix);
	free(s->datacenter);
	buf_release(&s->file);
	buf_release(&s->manual);
	*s = (struct sources){ 0 };
}

static int
check_text(const struct sources *s, const char *text, size_t n, struct err *err)
{
	struct rtable *t = rtable_new(text, n, &s->options, err);

	if (t == NULL)
		return -1;
	rtable_unref(t);
	return 0;
}

/* Drops the lines that no table would take: one instance must not cost the
 * others their routes. */
static void
drop_wrong_lines(const struct sources *s, struct buf *lines, const char *id)
{
	struct buf good = { 0 };
	struct err err;
	const char *p = buf_str(lines);

	if (check_text(s, p, lines->len, NULL) == 0)
		return;
	while (*p != '\0') {
		size_t n = strcspn(p, "\n") + 1;

		if (check_text(s, p, n, &err) == 0)
			buf_add(&good, p, n);
		else
			log_warn("route of an instance is left out "
				 "instance=%s error=\"%s\"",
			    id, err.text);
		p += n;
	}
	buf_release(lines);
	*lines = good;
}

static char *
lines_of(const struct sources *s, const struct service_instance *i)
{
	struct urltag_service svc = { .name = i->service_name,
		.address = i->address,
		.port = (uint16_t)i->port,
		.tags = i->tags,
		.ntags = i->ntags };
	const struct urltag_var vars[] = { { "DC", s->datacenter },
		{ NULL, NULL } };
	struct buf lines = { 0 };
	struct err err;

	if (i->critical || svc.name == NULL || svc.address == NULL ||
	    svc.address[0] == '\0' || i->port <= 0 || i->port > 65535)
		return xstrdup("");
	if (urltag_commands(&svc, s->tag_prefix, vars, &lines, &err) > 0)
		log_warn("route of an instance is left out instance=%s "
			 "error=\"%s\"",
		    i->id, err.text);
	drop_wrong_lines(s, &lines, i->id);
	return buf_take(&lines);
}

int
sources_put(
    struct sources *s, const struct service_instance *instance, struct err *err)
{
	struct source_instance *old, *new;

	if (instance->id == NULL || instance->id[0] == '\0')
		return err_set(err, ERR_BAD, "an instance without an id");
	old = map_find(&s->instances, instance->id);
	if (old == NULL && map_count(&s->instances) >= SOURCES_MAX_INSTANCES)
		return err_set(err, ERR_BUSY, "more than %d instances",
		    SOURCES_MAX_INSTANCES);
	new = xcalloc(1, sizeof *new);
	new->lines = lines_of(s, instance);
	if (strcmp(old == NULL ? "" : old->lines, new->lines) != 0)
		s->changed = true;
	instance_free(map_put(&s->instances, instance->id, new));
	return 0;
}

void
sources_remove(struct sources *s, const char *id)
{
	struct source_instance *old = map_remove(&s->instances, id);

	if (old != NULL && old->lines[0] != '\0')
		s->changed = true;
	instance_free(old);
}

static bool
same_lines(const struct map *a, const struct map *b)
{
	if (map_count(a) != map_count(b))
		return false;
	MAP_FOREACH (e, a) {
		const struct source_instance *x = map_value(e),
					     *y = map_find(b, map_key(e));

		if (y == NULL || strcmp(x->lines, y->lines) != 0)
			return false;
	}
	return true;
}

int
sources_replace(struct sources *s, const struct service_instance *instances,
    size_t n, struct err *err)
{
	struct map old = s->instances;
	bool changed = s->changed;
	int rc = 0;

	s->instances = (struct map){ 0 };
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = sources_put(s, &instances[i], err);
	s->changed = changed || !same_lines(&old, &s->instances);
	forget_instances(&old);
	return rc;
}

int
sources_set_file(struct sources *s, const char *text, size_t n, struct err *err)
{
	if (check_text(s, text, n, err) == -1)
		return -1;
	buf_reset(&s->file);
	buf_add(&s->file, text, n);
	s->changed = true;
	return 0;
}

/* --- by hand --- */

static void
whole_text(const struct sources *s, const struct buf *manual, struct buf *out)
{
	struct buf lines = { 0 };

	MAP_FOREACH (e, &s->instances) {
		const struct source_instance *i = map_value(e);

		buf_adds(&lines, i->lines);
	}
	urltag_sort_lines(&lines);
	buf_addf(out, "%s\n%s\n%s", buf_str(&lines), buf_str(&s->file),
	    buf_str(manual));
	buf_release(&lines);
}

/* Whether `route del` means what a `route add` gave. */
static bool
takes_back(const struct routecmd *del, const struct routecmd *add)
{
	if (add->verb != ROUTECMD_ADD || del->ntags > 0)
		return false;
	return strcmp(del->service, add->service) == 0 &&
	       (del->src[0] == '\0' || strcmp(del->src, add->src) == 0) &&
	       (del->dst[0] == '\0' || strcmp(del->dst, add->dst) == 0);
}

/* One line of text with one command in it. */
static int
parse_one(const char *line, size_t n, struct routecmd_list *list)
{
	*list = (struct routecmd_list){ 0 };
	if (routecmd_parse(list, line, n, NULL) == -1 || list->ncmds != 1) {
		routecmd_release(list);
		return -1;
	}
	return 0;
}

/* Copies the manual lines without those that del takes back. */
static void
copy_without(
    const struct buf *manual, const struct routecmd *del, struct buf *out)
{
	const char *p = buf_str(manual);

	while (*p != '\0') {
		size_t n = strcspn(p, "\n") + 1;
		struct routecmd_list list;

		if (parse_one(p, n, &list) == 0) {
			if (!takes_back(del, &list.cmds[0]))
				buf_add(out, p, n);
			routecmd_release(&list);
		}
		p += n;
	}
}

/* The table's own form, to see whether a change changes anything. */
static int
form_of(const struct sources *s, const struct buf *manual, struct buf *form,
    struct err *err)
{
	struct buf text = { 0 };
	struct rtable *t;

	whole_text(s, manual, &text);
	t = rtable_new(text.data, text.len, &s->options, err);
	buf_release(&text);
	if (t == NULL)
		return -1;
	rtable_format(t, true, form);
	rtable_unref(t);
	return 0;
}

static int
edit_line(struct sources *s, const char *line, size_t n,
    const struct routecmd *cmd, struct err *err)
{
	struct buf with = { 0 }, without = { 0 }, a = { 0 }, b = { 0 };
	int rc = -1;

	if (cmd->verb == ROUTECMD_DEL)
		copy_without(&s->manual, cmd, &without);
	else
		buf_add(&without, buf_str(&s->manual), s->manual.len);
	buf_add(&with, buf_str(&without), without.len);
	buf_addf(&with, "%.*s\n", (int)n, line);
	if (form_of(s, &with, &a, err) == -1 ||
	    form_of(s, &without, &b, err) == -1)
		goto out;
	buf_release(&s->manual);
	if (cmd->verb == ROUTECMD_DEL &&
	    strcmp(buf_str(&a), buf_str(&b)) == 0) {
		s->manual = without;
		without = (struct buf){ 0 };
	} else {
		s->manual = with;
		with = (struct buf){ 0 };
	}
	s->changed = true;
	rc = 0;
out:
	buf_release(&with);
	buf_release(&without);
	buf_release(&a);
	buf_release(&b);
	return rc;
}

static size_t
count_lines(const struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += text->data[i] == '\n';
	return n;
}

int
sources_edit(struct sources *s, const char *text, struct err *err)
{
	struct routecmd_list list = { 0 };
	struct buf before = { 0 };
	int rc = routecmd_parse(&list, text, strlen(text), err);

	buf_add(&before, buf_str(&s->manual), s->manual.len);
	if (rc == 0 &&
	    count_lines(&s->manual) + list.ncmds > SOURCES_MAX_MANUAL)
		rc = err_set(err, ERR_BUSY, "more than %d commands by hand",
		    SOURCES_MAX_MANUAL);
	for (size_t i = 0; i < list.ncmds && rc == 0; i++) {
		const char *line = text;

		for (size_t k = 1; k < list.cmds[i].line; k++)
			line = strchr(line, '\n') + 1;
		rc =
		    edit_line(s, line, strcspn(line, "\n"), &list.cmds[i], err);
	}
	if (rc == -1) {
		buf_release(&s->manual);
		s->manual = before;
		before = (struct buf){ 0 };
	}
	buf_release(&before);
	routecmd_release(&list);
	return rc;
}

void
sources_text(struct sources *s, struct buf *out)
{
	whole_text(s, &s->manual, out);
	s->changed = false;
}
