/*
 * Inside docker_log*.c: where the files end in what the engine tells once more.
 * Its records have times, but nothing says which of them the files have: so
 * the files' last bytes are sought in them.
 */
#ifndef NODEAGENT_DOCKER_LOG_SEARCH_H
#define NODEAGENT_DOCKER_LOG_SEARCH_H

#include "cmd/nodeagent/docker_log.h"

/* Only what was written since the mark is looked for. Freed by free(). */
struct docker_log_search *docker_log_search_new(
    const struct docker_log_stream *s);
/* The next bytes of a record of that time; before: how many of it came
 * before these. s->search is there. */
void docker_log_search_text(struct docker_log_stream *s, int64_t time,
    uint64_t before, const char *p, size_t n);

#endif
