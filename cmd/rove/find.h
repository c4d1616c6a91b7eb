/*
 * From what people type to the one thing that they mean: an identifier, or
 * a prefix of it that only one has.
 *
 * Each returns CLI_GO and the whole identifier (the caller frees it), or the
 * exit status when there is none, or more than one: then it has said so.
 */
#ifndef ROVE_FIND_H
#define ROVE_FIND_H

#include "cmd/rove/cli.h"

/* A job whose name is exactly what was typed counts more than others that
 * begin so. The client's namespace becomes the job's. */
int find_job(struct cli *c, const char *typed, char **id);
/* cli_begin() of a command whose one argument is a job. When it is not CLI_GO
 * there is nothing to end. */
int find_begin_job(struct cli *c, const struct command *cmd,
    const struct flag *own, size_t n, int argc, char **argv, char **id);
/* As find_job(), in the namespace of the allocation. */
int find_alloc(struct cli *c, const char *typed, char **id);
/* The task of that name in the allocation whose whole identifier id is, or,
 * named being NULL, its only one. */
int find_task(struct cli *c, const char *id, const char *named, char **task);
int find_node(struct cli *c, const char *typed, char **id);
/* The node that runs beside the agent that is asked. */
int find_self(struct cli *c, char **id);
int find_eval(struct cli *c, const char *typed, char **id);
int find_deployment(struct cli *c, const char *typed, char **id);

/* CLI_GO when a node is named, or -self given; else it has said that one
 * of them must be. */
int find_check_self(bool self, int argc);

#endif
