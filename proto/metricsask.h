/*
 * /v1/metrics of a daemon that keeps no numbers itself: metricsd is asked over
 * the bus, and what it says is the answer.
 */
#ifndef PROTO_METRICSASK_H
#define PROTO_METRICSASK_H

#include "common/bus.h"
#include "common/http/http.h"

#define METRICSASK_TIMEOUT_MS 2000

/*
 * Answers r, later: with metricsd's answer in the format that r asks for, or
 * with 500 when it is out of reach. Until then http_req_data() of r is a
 * struct that begins with a function void (*)(struct http_req *); the
 * server's on_gone() calls it when the client has left.
 */
void metricsask_answer(struct bus_peer *metricsd, struct http_req *r);

#endif
