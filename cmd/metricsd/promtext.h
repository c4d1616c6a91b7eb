/*
 * Names and labels as Prometheus' text format writes them. Pure.
 */
#ifndef CMD_METRICSD_PROMTEXT_H
#define CMD_METRICSD_PROMTEXT_H

#include "common/buf.h"
#include "proto/metric.h"

/* What a name may not hold becomes an underscore: "nomad.client.uptime" is
 * nomad_client_uptime. */
void promtext_name(struct buf *out, const char *name);

/* key="value",key="value": values escaped, bytes that are no UTF-8 replaced,
 * in the order of the record. */
void promtext_labels(struct buf *out, const struct metric *m);

#endif
