/*
 * What we call ourselves.
 */
#ifndef PROTO_VERSION_H
#define PROTO_VERSION_H

#define ROVE_VERSION "0.1.0"

/*
 * The feature level that this program knows: what may stand in the servers'
 * log and in their snapshots. A cluster is at the level that all its servers
 * know, its leader raises it, and it never falls; a program refuses a state
 * above its own. Rows and commands that came with a level say so
 * (common/rec.h).
 *
 *	1  what there was before levels were kept
 *	2  the level itself
 *	3  node pools that people describe
 *
 * Built with -DROVE_FEATURE_LEVEL=1 a program is as an older one.
 */
#ifndef ROVE_FEATURE_LEVEL
#define ROVE_FEATURE_LEVEL 3
#endif

/* The version of Nomad's API that we answer as: clients look at it. */
#define ROVE_NOMAD_VERSION "1.9.7"

#endif
