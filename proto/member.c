#include "proto/member.h"

static const struct rec_field member_fields[] = {
	REC_STR(struct member, 1, name, "Name"),
	REC_STR(struct member, 2, addr, "Addr"),
	REC_I64(struct member, 3, port, "Port"),
	REC_STRMAP(struct member, 4, tags, "Tags", .flags = REC_EMPTY),
	REC_STR(struct member, 5, status, "Status"),
	REC_I64(struct member, 6, protocol_min, "ProtocolMin"),
	REC_I64(struct member, 7, protocol_max, "ProtocolMax"),
	REC_I64(struct member, 8, protocol_cur, "ProtocolCur"),
	REC_I64(struct member, 9, delegate_min, "DelegateMin"),
	REC_I64(struct member, 10, delegate_max, "DelegateMax"),
	REC_I64(struct member, 11, delegate_cur, "DelegateCur"),
};
const struct rec_type member_type = REC_TYPE(member, member_fields);

static const struct rec_field member_rows_fields[] = {
	REC_LIST(struct member_rows, 1, members, member, "Members",
	    .flags = REC_EMPTY),
};
const struct rec_type member_rows_type =
    REC_TYPE(member_rows, member_rows_fields);

static const struct rec_field member_event_fields[] = {
	REC_STR(struct member_event, 1, what, "What"),
	REC_REC(struct member_event, 2, member, member, "Member"),
};
const struct rec_type member_event_type =
    REC_TYPE(member_event, member_event_fields);

static const struct rec_field member_join_fields[] = {
	REC_STRS(struct member_join, 1, addrs, "Addrs"),
};
const struct rec_type member_join_type =
    REC_TYPE(member_join, member_join_fields);

static const struct rec_field member_joined_fields[] = {
	REC_I64(struct member_joined, 1, joined, "Joined"),
	REC_STR(struct member_joined, 2, errors, "Errors"),
};
const struct rec_type member_joined_type =
    REC_TYPE(member_joined, member_joined_fields);

static const struct rec_field member_force_leave_fields[] = {
	REC_STR(struct member_force_leave, 1, node, "Node"),
	REC_BOOL(struct member_force_leave, 2, prune, "Prune"),
};
const struct rec_type member_force_leave_type =
    REC_TYPE(member_force_leave, member_force_leave_fields);

static const struct rec_field member_tags_fields[] = {
	REC_STRMAP(struct member_tags, 1, tags, "Tags", .flags = REC_EMPTY),
};
const struct rec_type member_tags_type =
    REC_TYPE(member_tags, member_tags_fields);

static const struct rec_field member_rtt_ask_fields[] = {
	REC_STR(struct member_rtt_ask, 1, from, "From"),
	REC_STR(struct member_rtt_ask, 2, to, "To"),
};
const struct rec_type member_rtt_ask_type =
    REC_TYPE(member_rtt_ask, member_rtt_ask_fields);

static const struct rec_field member_rtt_fields[] = {
	REC_F64(struct member_rtt, 1, seconds, "Seconds"),
};
const struct rec_type member_rtt_type = REC_TYPE(member_rtt, member_rtt_fields);

static const struct rec_field member_reach_fields[] = {
	REC_STRS(
	    struct member_reach, 1, answered, "Answered", .flags = REC_EMPTY),
	REC_STRS(struct member_reach, 2, silent, "Silent", .flags = REC_EMPTY),
};
const struct rec_type member_reach_type =
    REC_TYPE(member_reach, member_reach_fields);
