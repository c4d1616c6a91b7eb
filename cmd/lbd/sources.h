/*
 * Where routes come from: the tags of service instances, a file, and
 * commands given by hand, in this order. Later commands see the routes of
 * earlier ones, so an operator has the last word.
 *
 * There is no I/O here: who hears of instances puts them in, and asks for
 * the table's text when something has changed.
 */
#ifndef LBD_SOURCES_H
#define LBD_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/lbd/rtable.h"
#include "common/buf.h"
#include "common/err.h"
#include "common/map.h"
#include "proto/catalog.h"

#define SOURCES_MAX_INSTANCES 100000
#define SOURCES_MAX_MANUAL    1000 /* lines given by hand */

struct sources {
	struct rtable_options options; /* by which lines are judged */
	char *tag_prefix;
	char *datacenter;     /* what $DC in a tag stands for */
	struct map instances; /* id: struct source_instance */
	struct buf file, manual;
	bool changed; /* since the last sources_text() */
};

void sources_init(struct sources *s, const struct rtable_options *options,
    const char *tag_prefix, const char *datacenter);
void sources_release(struct sources *s);
/* For instances that are put from now on. */
void sources_set_datacenter(struct sources *s, const char *datacenter);

/*
 * Puts or replaces an instance; one that is critical counts as gone. Tags
 * that give no valid route are left out, which is logged once for each time
 * that the instance changes. -1 when there are too many.
 */
int sources_put(struct sources *s, const struct service_instance *instance,
    struct err *err);
void sources_remove(struct sources *s, const char *id);

/* Replaces all instances by these. */
int sources_replace(struct sources *s, const struct service_instance *instances,
    size_t n, struct err *err);

/* Replaces the file's text, if it is valid by itself. */
int sources_set_file(
    struct sources *s, const char *text, size_t n, struct err *err);

/*
 * Adds commands given by hand. A `route del` first takes back what a `route
 * add` by hand of the same service, source and destination (as far as they
 * are named) gave, and stays in force only if it also deletes something
 * else. Refused when the whole table would not be valid.
 */
int sources_edit(struct sources *s, const char *text, struct err *err);

/* Appends the text of the whole table. */
void sources_text(struct sources *s, struct buf *out);

#endif
