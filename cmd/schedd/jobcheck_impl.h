/*
 * What the files of jobcheck share: a list of problems, which may hold the
 * problems of a part as one sentence, and the checks of the parts.
 */
#ifndef SCHEDD_JOBCHECK_IMPL_H
#define SCHEDD_JOBCHECK_IMPL_H

#include "common/map.h"
#include "proto/job.h"

struct problems {
	char **list;
	size_t n;
	size_t cap;
};

void problem(struct problems *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* If the part has problems, adds them as one: "<fmt>2 errors occurred:..."
 * Empties the part in any case. */
void problem_part(struct problems *p, struct problems *part, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

void problems_release(struct problems *p);

/* Text that NULL cannot break. */
const char *check_str(const char *s);
bool check_is(const char *s, const char *word);
/* The text is one of the words, which NULL ends. */
bool check_among(const char *s, const char *const *words);

/* Where in a list a name was first seen, i being where it is now. */
size_t check_first(struct map *seen, const char *name, size_t i);

/* A duration as people read it: "1m30s", "100ms". */
#define CHECK_DUR_MAX 40
const char *check_dur(int64_t ns, char text[CHECK_DUR_MAX]);

/* Whether a path inside a task's folder leaves the allocation's. base is
 * where it starts: "task" or "task/local". */
bool check_escapes(const char *base, const char *path);

/* The job's own checks, and those that a server puts before and after. */
void check_job(const struct job *job, struct problems *p);
void check_admit_first(const struct job *job, struct problems *p);
void check_admit_last(const struct job *job, struct problems *p);
void check_warnings(const struct job *job, struct problems *p);
/* What job_canonicalize() will drop, for it is of no effect any more. */
void check_dropped(const struct job *job, struct problems *p);

void check_constraint(const struct constraint *c, struct problems *p);
void check_affinity(const struct affinity *a, struct problems *p);
void check_spread(const struct spread *s, struct problems *p);
void check_placement(const struct constraint *cs, size_t ncs,
    const struct affinity *as, size_t nas, bool is_system, struct problems *p);

void check_restart(const struct restart_policy *r, struct problems *p);
void check_reschedule(const struct reschedule_policy *r, struct problems *p);
void check_update(const struct update_strategy *u, struct problems *p);
void check_migrate(const struct migrate_strategy *m, struct problems *p);
void check_disconnect(const struct disconnect_strategy *d,
    const struct job *job, struct problems *p);
void check_scaling(const struct scaling_policy *s, struct problems *p);
void check_cron(const char *spec, struct problems *p);
void check_periodic(const struct periodic_config *c, struct problems *p);

void check_group(
    const struct task_group *g, const struct job *job, struct problems *p);
void check_networks(const struct task_group *g, struct problems *p);
void check_group_services(const struct task_group *g, struct problems *p);
void check_task_services(
    const struct task *t, const struct task_group *g, struct problems *p);
void check_service(const struct service *s, struct problems *p);

void check_task(const struct task *t, const struct task_group *g,
    const struct job *job, struct problems *p);
void check_resources(const struct resources *r, struct problems *p);
void check_template(const struct template *m, struct problems *p);
void check_artifact(const struct task_artifact *a, struct problems *p);
void check_identity(const struct workload_identity *w, struct problems *p);

#endif
