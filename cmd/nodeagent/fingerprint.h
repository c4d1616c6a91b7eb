/*
 * What this machine is and has, under Nomad's attribute names.
 */
#ifndef NODEAGENT_FINGERPRINT_H
#define NODEAGENT_FINGERPRINT_H

#include <stdint.h>

#include "proto/node.h"

/* What the operator says instead of what is found; zero: what is found. */
struct fingerprint_wish {
	const char *network_interface; /* "": that of the default route */
	const char *data_dir;          /* whose file system counts */
	int64_t cpu_mhz, memory_mb, disk_mb;
	int64_t reserved_cpu_mhz, reserved_memory_mb, reserved_disk_mb;
	const char *reserved_ports;
	int64_t min_dynamic_port, max_dynamic_port;
};

/* Fills attributes, resources and reserved resources; what cannot be read is
 * left out. Maps are sorted. */
void fingerprint_node(struct node *node, const struct fingerprint_wish *wish);

#endif
