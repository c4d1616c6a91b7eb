/*
 * The checks of an allocation's services, where they stand beside more.
 */
#ifndef ROVE_ALLOC_CHECKS_H
#define ROVE_ALLOC_CHECKS_H

#include "cmd/rove/cli.h"

/* Asks the node for them and prints a line for each, under a heading.
 * Nothing when there are none, or when the node does not answer. */
void alloc_checks_show_short(struct cli *c, const char *id);

#endif
