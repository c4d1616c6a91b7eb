/*
 * What we call ourselves.
 */
#ifndef PROTO_VERSION_H
#define PROTO_VERSION_H

#define ROVE_VERSION "0.1.0"

/* The version of Nomad's API that we answer as: clients look at it. */
#define ROVE_NOMAD_VERSION "1.9.7"

#endif
