/* What a snapshot holds beside the records of proto/. */
#include "cmd/schedd/snapshot_impl.h"

static const struct rec_field snap_meta_fields[] = {
	REC_U64(struct snap_meta, 1, index, "Index"),
	REC_U64(struct snap_meta, 2, frames, "Frames"),
	REC_U64(struct snap_meta, 3, index_base, "IndexBase"),
	REC_U64(struct snap_meta, 4, level, "Level", .level = 2),
};
const struct rec_type snap_meta_type = REC_TYPE(snap_meta, snap_meta_fields);

static const struct rec_field snap_table_fields[] = {
	REC_U64(struct snap_table, 1, table, "Table"),
	REC_U64(struct snap_table, 2, index, "Index"),
};
const struct rec_type snap_table_type = REC_TYPE(snap_table, snap_table_fields);

static const struct rec_field snap_group_fields[] = {
	REC_STR(struct snap_group, 1, name, "Name"),
	REC_I64(struct snap_group, 2, queued, "Queued"),
	REC_LIST(struct snap_group, 3, events, scaling_event, "Events"),
};
const struct rec_type snap_group_type = REC_TYPE(snap_group, snap_group_fields);

static const struct rec_field snap_job_fields[] = {
	REC_STR(struct snap_job, 1, ns, "Namespace"),
	REC_STR(struct snap_job, 2, id, "ID"),
	REC_U64(struct snap_job, 3, kept, "Kept"),
	REC_U64(struct snap_job, 4, summary_index, "SummaryIndex"),
	REC_LIST(struct snap_job, 5, groups, snap_group, "Groups"),
};
const struct rec_type snap_job_type = REC_TYPE(snap_job, snap_job_fields);

static const struct rec_field snap_held_fields[] = {
	REC_U64(struct snap_held, 1, place, "Place"),
};
const struct rec_type snap_held_type = REC_TYPE(snap_held, snap_held_fields);

static const struct rec_field snap_client_fields[] = {
	REC_STR(struct snap_client, 1, client, "Client"),
	REC_U64(struct snap_client, 2, request, "Request"),
	REC_U64(struct snap_client, 3, index, "Index"),
	REC_I64(struct snap_client, 4, code, "Code"),
	REC_STR(struct snap_client, 5, text, "Text"),
};
const struct rec_type snap_client_type =
    REC_TYPE(snap_client, snap_client_fields);
