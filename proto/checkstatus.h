/*
 * What a node answers of the checks of an allocation: in the API a map from
 * a check's id to this.
 */
#ifndef PROTO_CHECKSTATUS_H
#define PROTO_CHECKSTATUS_H

#include <stdint.h>

#include "common/rec.h"

struct alloc_check_status {
	char *id;
	char *check;
	char *group;
	char *mode; /* "healthiness", or "readiness": deployments wait not */
	char *output;
	char *service;
	char *task;          /* "": a service of the group */
	char *status;        /* "success", "failure" or "pending" */
	int64_t status_code; /* of HTTP; 0: none */
	int64_t timestamp;   /* of the newest run, in seconds */
};

extern const struct rec_type alloc_check_status_type;

#endif
