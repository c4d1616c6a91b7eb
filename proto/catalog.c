#include "proto/catalog.h"

static const struct rec_field instance_check_fields[] = {
	REC_STR(struct instance_check, 1, id, "ID"),
	REC_STR(struct instance_check, 2, name, "Name"),
	REC_STR(struct instance_check, 3, type, "Type"),
	REC_STR(struct instance_check, 4, status, "Status"),
	REC_STR(struct instance_check, 5, output, "Output"),
	REC_STR(struct instance_check, 6, notes, "Notes"),
	REC_TIME(struct instance_check, 7, changed_at, "ChangedAt"),
};
const struct rec_type instance_check_type =
    REC_TYPE(instance_check, instance_check_fields);

static const struct rec_field service_instance_fields[] = {
	REC_STR(struct service_instance, 1, id, "ID"),
	REC_STR(struct service_instance, 2, service_name, "ServiceName"),
	REC_STR(struct service_instance, 3, ns, "Namespace"),
	REC_STR(struct service_instance, 4, node_id, "NodeID"),
	REC_STR(struct service_instance, 20, node_name, "NodeName",
	    .flags = REC_NOJSON),
	REC_STR(struct service_instance, 5, datacenter, "Datacenter"),
	REC_STR(struct service_instance, 6, job_id, "JobID"),
	REC_STR(struct service_instance, 7, alloc_id, "AllocID"),
	REC_STRS(struct service_instance, 8, tags, "Tags", .flags = REC_EMPTY),
	REC_STR(struct service_instance, 9, address, "Address"),
	REC_I64(struct service_instance, 10, port, "Port"),
	REC_BOOL(struct service_instance, 11, critical, "Critical",
	    .flags = REC_NOJSON),
	REC_LIST(struct service_instance, 14, checks, instance_check, "Checks",
	    .flags = REC_NOJSON),
	REC_U64(struct service_instance, 12, create_index, "CreateIndex"),
	REC_U64(struct service_instance, 13, modify_index, "ModifyIndex"),
};
const struct rec_type service_instance_type =
    REC_TYPE(service_instance, service_instance_fields);

static const struct rec_field services_update_fields[] = {
	REC_STR(struct services_update, 1, node_id, "NodeID"),
	REC_STR(struct services_update, 2, secret_id, "SecretID",
	    .flags = REC_NOJSON),
	REC_LIST(struct services_update, 3, put, service_instance, "Put"),
	REC_STRS(struct services_update, 4, remove, "Remove"),
	REC_U64(struct services_update, 5, seq, "Seq"),
};
const struct rec_type services_update_type =
    REC_TYPE(services_update, services_update_fields);

static const struct rec_field services_ask_fields[] = {
	REC_U64(struct services_ask, 1, index, "Index"),
	REC_U64(struct services_ask, 2, at, "At"),
	REC_STR(struct services_ask, 3, after, "After"),
	REC_STR(struct services_ask, 4, node_id, "NodeID"),
	REC_STR(
	    struct services_ask, 5, secret_id, "SecretID", .flags = REC_NOJSON),
};
const struct rec_type services_ask_type =
    REC_TYPE(services_ask, services_ask_fields);

static const struct rec_field services_news_fields[] = {
	REC_U64(struct services_news, 1, index, "Index"),
	REC_BOOL(struct services_news, 2, full, "Full"),
	REC_LIST(struct services_news, 3, put, service_instance, "Put"),
	REC_STRS(struct services_news, 4, remove, "Remove"),
	REC_U64(struct services_news, 5, at, "At"),
	REC_STR(struct services_news, 6, after, "After"),
};
const struct rec_type services_news_type =
    REC_TYPE(services_news, services_news_fields);

static const struct rec_field service_event_fields[] = {
	REC_BOOL(struct service_event, 1, gone, "Gone"),
	REC_REC(
	    struct service_event, 2, instance, service_instance, "Instance"),
};
const struct rec_type service_event_type =
    REC_TYPE(service_event, service_event_fields);
