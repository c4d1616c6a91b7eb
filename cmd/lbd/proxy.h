/*
 * A request's way through: find its route, send it to the target with its
 * fields rewritten, stream the body there and the answer back. Either side
 * that is slow holds the other back.
 *
 * A target that cannot be reached is passed over for another one of the same
 * route, as long as nothing of the request has been sent and the other one
 * takes the request, too (admit.h).
 */
#ifndef LBD_PROXY_H
#define LBD_PROXY_H

#include "common/http/http.h"

#define PROXY_MAX_TRIES  3     /* targets asked for one request */
#define PROXY_MAX_REPLAY 65536 /* body bytes kept to be sent again */

/* For a worker's http_server; ctx is the struct worker. */
extern const struct http_ops proxy_ops;

#endif
