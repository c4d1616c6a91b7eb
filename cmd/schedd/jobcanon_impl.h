/*
 * What the files of jobcanon share. Becoming canonical has two steps, as the
 * recorded answers show them: what a client fills in before it sends a job
 * (canon_send_*), and what a server makes of it (canon_keep_*).
 */
#ifndef SCHEDD_JOBCANON_IMPL_H
#define SCHEDD_JOBCANON_IMPL_H

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "proto/job.h"

#define CANON_S INT64_C(1000000000)

/* Gives an absent optional number, boolean or duration its default. */
#define CANON_SET(p, m, v)                   \
	do {                                 \
		if (!(p)->has_##m) {         \
			(p)->m = (v);        \
			(p)->has_##m = true; \
		}                            \
	} while (0)

/* Forgets an optional number, boolean or duration. */
#define CANON_DROP(p, m) ((p)->m = 0, (p)->has_##m = false)

/* Gives absent text its default. */
static inline void
canon_text(char **s, const char *v)
{
	if (*s == NULL)
		*s = xstrdup(v);
}

/* The same for text where "" means absent, too. */
static inline void
canon_word(char **s, const char *v)
{
	if (*s == NULL || **s == '\0') {
		free(*s);
		*s = xstrdup(v);
	}
}

static inline const char *
canon_str(const char *s)
{
	return s == NULL ? "" : s;
}

/* Copies into dst the optional members that it lacks and src has. */
void canon_fill(const struct rec_type *t, void *dst, const void *src);

/* Makes a text upper case. */
void canon_upper(char *s);

/* An absent list or map becomes an empty one that is present, and a present
 * one without elements an absent one. */
void canon_present(void *list_member);
void canon_absent(void *list_member, size_t n);

void canon_affinities(struct affinity *a, size_t n);
void canon_spreads(struct spread *s, size_t n);

void canon_send_job(struct job *job, const char *region);
void canon_send_group(struct task_group *g, const struct job *job);
void canon_send_task(
    struct task *t, const struct task_group *g, const struct job *job);
/* task is NULL for a group's service. */
void canon_send_service(struct service *s, const struct task *task,
    const struct task_group *g, const struct job *job);

void canon_keep_job(struct job *job);
void canon_keep_group(struct task_group *g, const struct job *job);
void canon_keep_task(
    struct task *t, const struct task_group *g, const struct job *job);
void canon_keep_service(struct service *s, const char *task,
    const struct task_group *g, const struct job *job);
void canon_keep_networks(struct network_resource *nets, size_t n);
/* task may be NULL. */
void canon_keep_scaling(struct scaling_policy *p, int64_t count,
    const struct job *job, const struct task_group *g, const struct task *task);

#endif
