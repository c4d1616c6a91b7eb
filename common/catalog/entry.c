#include "common/catalog/entry.h"

static const struct rec_field entry_weights_fields[] = {
	REC_I64(struct entry_weights, 1, passing, "Passing"),
	REC_I64(struct entry_weights, 2, warning, "Warning"),
};
const struct rec_type entry_weights_type =
    REC_TYPE(entry_weights, entry_weights_fields);

static const struct rec_field entry_place_fields[] = {
	REC_STR(struct entry_place, 1, address, "Address"),
	REC_I64(struct entry_place, 2, port, "Port"),
};
const struct rec_type entry_place_type =
    REC_TYPE(entry_place, entry_place_fields);

static const struct rec_field entry_tagged_fields[] = {
	REC_STR(struct entry_tagged, 1, key, "Key"),
	REC_REC(struct entry_tagged, 2, place, entry_place, "Place"),
};
const struct rec_type entry_tagged_type = {
	.name = "entry_tagged",
	.size = sizeof(struct entry_tagged),
	.fields = entry_tagged_fields,
	.nfields = sizeof entry_tagged_fields / sizeof entry_tagged_fields[0],
	.pair = true,
};

static const struct rec_field entry_node_fields[] = {
	REC_STR(struct entry_node, 1, id, "ID"),
	REC_STR(struct entry_node, 2, node, "Node"),
	REC_STR(struct entry_node, 3, address, "Address"),
	REC_STR(struct entry_node, 4, datacenter, "Datacenter"),
	REC_STRMAP(struct entry_node, 5, tagged, "TaggedAddresses"),
	REC_STRMAP(struct entry_node, 6, meta, "Meta", .opt = true),
	REC_U64(struct entry_node, 7, create_index, "CreateIndex"),
	REC_U64(struct entry_node, 8, modify_index, "ModifyIndex"),
};
const struct rec_type entry_node_type = REC_TYPE(entry_node, entry_node_fields);

static const struct rec_field entry_service_fields[] = {
	REC_STR(struct entry_service, 1, id, "ID"),
	REC_STR(struct entry_service, 2, service, "Service"),
	REC_STRS(struct entry_service, 3, tags, "Tags", .flags = REC_EMPTY),
	REC_STR(struct entry_service, 4, address, "Address"),
	REC_I64(struct entry_service, 5, port, "Port"),
	REC_STRMAP(struct entry_service, 6, meta, "Meta", .opt = true),
	REC_MAP(struct entry_service, 7, tagged, entry_tagged,
	    "TaggedAddresses", .flags = REC_OMIT),
	REC_PTR(struct entry_service, 8, weights, entry_weights, "Weights"),
	REC_BOOL(
	    struct entry_service, 9, enable_tag_override, "EnableTagOverride"),
	REC_U64(struct entry_service, 10, create_index, "CreateIndex"),
	REC_U64(struct entry_service, 11, modify_index, "ModifyIndex"),
};
const struct rec_type entry_service_type =
    REC_TYPE(entry_service, entry_service_fields);

static const struct rec_field entry_check_fields[] = {
	REC_STR(struct entry_check, 1, check_id, "CheckID"),
	REC_STR(struct entry_check, 2, name, "Name"),
	REC_STR(struct entry_check, 3, status, "Status"),
	REC_STR(struct entry_check, 4, notes, "Notes"),
	REC_STR(struct entry_check, 5, output, "Output"),
	REC_STR(struct entry_check, 6, service_id, "ServiceID"),
	REC_STR(struct entry_check, 7, service_name, "ServiceName"),
	REC_STR(struct entry_check, 8, type, "Type"),
	REC_STR(struct entry_check, 9, interval, "Interval"),
	REC_STR(struct entry_check, 10, timeout, "Timeout"),
	REC_U64(struct entry_check, 11, create_index, "CreateIndex"),
	REC_U64(struct entry_check, 12, modify_index, "ModifyIndex"),
};
const struct rec_type entry_check_type =
    REC_TYPE(entry_check, entry_check_fields);

static const struct rec_field entry_check_def_fields[] = {
	REC_STR(struct entry_check_def, 1, id, "ID"),
	REC_STR(struct entry_check_def, 2, check_id, "CheckID"),
	REC_STR(struct entry_check_def, 3, name, "Name"),
	REC_STR(struct entry_check_def, 4, notes, "Notes"),
	REC_STR(struct entry_check_def, 5, status, "Status"),
	REC_STR(struct entry_check_def, 6, service_id, "ServiceID"),
	REC_DUR(struct entry_check_def, 7, ttl, "TTL", .flags = REC_DURTEXT),
	REC_DUR(struct entry_check_def, 8, deregister_after,
	    "DeregisterCriticalServiceAfter", .flags = REC_DURTEXT),
};
const struct rec_type entry_check_def_type =
    REC_TYPE(entry_check_def, entry_check_def_fields);

static const struct rec_field entry_local_fields[] = {
	REC_STR(struct entry_local, 1, id, "ID"),
	REC_STR(struct entry_local, 2, name, "Name"),
	REC_STRS(struct entry_local, 3, tags, "Tags"),
	REC_STR(struct entry_local, 4, address, "Address"),
	REC_I64(struct entry_local, 5, port, "Port"),
	REC_STRMAP(struct entry_local, 6, meta, "Meta", .opt = true),
	REC_MAP(struct entry_local, 7, tagged, entry_tagged, "TaggedAddresses"),
	REC_PTR(struct entry_local, 8, weights, entry_weights, "Weights"),
	REC_BOOL(
	    struct entry_local, 9, enable_tag_override, "EnableTagOverride"),
	REC_PTR(struct entry_local, 10, check, entry_check_def, "Check"),
	REC_LIST(struct entry_local, 11, checks, entry_check_def, "Checks"),
};
const struct rec_type entry_local_type =
    REC_TYPE(entry_local, entry_local_fields);

static const struct rec_field entry_register_fields[] = {
	REC_STR(struct entry_register, 1, id, "ID"),
	REC_STR(struct entry_register, 2, node, "Node"),
	REC_STR(struct entry_register, 3, address, "Address"),
	REC_STR(struct entry_register, 4, datacenter, "Datacenter"),
	REC_STRMAP(struct entry_register, 5, tagged, "TaggedAddresses"),
	REC_STRMAP(
	    struct entry_register, 6, node_meta, "NodeMeta", .opt = true),
	REC_BOOL(struct entry_register, 7, skip_node_update, "SkipNodeUpdate"),
	REC_PTR(struct entry_register, 8, service, entry_service, "Service"),
	REC_PTR(struct entry_register, 9, check, entry_check, "Check"),
	REC_LIST(struct entry_register, 10, checks, entry_check, "Checks"),
};
const struct rec_type entry_register_type =
    REC_TYPE(entry_register, entry_register_fields);

static const struct rec_field entry_deregister_fields[] = {
	REC_STR(struct entry_deregister, 1, node, "Node"),
	REC_STR(struct entry_deregister, 2, service_id, "ServiceID"),
	REC_STR(struct entry_deregister, 3, check_id, "CheckID"),
};
const struct rec_type entry_deregister_type =
    REC_TYPE(entry_deregister, entry_deregister_fields);

static const struct rec_field entry_status_fields[] = {
	REC_STR(struct entry_status, 1, status, "Status"),
	REC_STR(struct entry_status, 2, output, "Output"),
};
const struct rec_type entry_status_type =
    REC_TYPE(entry_status, entry_status_fields);
