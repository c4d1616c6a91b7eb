/*
 * Stepping down: before a leader stops, another one leads, so that whoever
 * writes meanwhile waits for milliseconds and not for an election.
 */
#ifndef SCHEDD_STEPDOWN_H
#define SCHEDD_STEPDOWN_H

#include <stdbool.h>

struct schedd;

#define STEPDOWN_MS 1000

/* Once in a daemon's life; released by stepdown_close(), which takes NULL in
 * sd->stepdown. */
void stepdown_open(struct schedd *sd);
void stepdown_close(struct schedd *sd);

/* Lets another one lead, if this one does, and then calls done; at once when
 * there is no other, and after STEPDOWN_MS in any case. */
void stepdown_begin(struct schedd *sd, void (*done)(struct schedd *sd));
/* What comes meanwhile is for the next leader. */
bool stepdown_began(const struct schedd *sd);
/* Somebody leads, or nobody. */
void stepdown_led(struct schedd *sd);

#endif
