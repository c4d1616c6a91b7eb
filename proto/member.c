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
	REC_BOOL(struct member_join, 2, replay, "Replay"),
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

static const struct rec_field member_tags_edit_fields[] = {
	REC_STRMAP(struct member_tags_edit, 1, tags, "Tags"),
	REC_STRS(struct member_tags_edit, 2, deleted, "Deleted"),
};
const struct rec_type member_tags_edit_type =
    REC_TYPE(member_tags_edit, member_tags_edit_fields);

static const struct rec_field member_user_event_fields[] = {
	REC_STR(struct member_user_event, 1, name, "Name"),
	REC_STR(struct member_user_event, 2, payload, "Payload"),
	REC_BOOL(struct member_user_event, 3, coalesce, "Coalesce"),
};
const struct rec_type member_user_event_type =
    REC_TYPE(member_user_event, member_user_event_fields);

static const struct rec_field member_query_fields[] = {
	REC_STR(struct member_query, 1, name, "Name"),
	REC_STR(struct member_query, 2, payload, "Payload"),
	REC_STRS(struct member_query, 3, nodes, "Nodes"),
	REC_STRMAP(struct member_query, 4, tags, "Tags"),
	REC_I64(struct member_query, 5, timeout_ms, "TimeoutMs"),
	REC_I64(struct member_query, 6, relay, "Relay"),
};
const struct rec_type member_query_type =
    REC_TYPE(member_query, member_query_fields);

static const struct rec_field member_answer_fields[] = {
	REC_STR(struct member_answer, 1, from, "From"),
	REC_STR(struct member_answer, 2, payload, "Payload"),
};
const struct rec_type member_answer_type =
    REC_TYPE(member_answer, member_answer_fields);

static const struct rec_field member_answers_fields[] = {
	REC_STRS(struct member_answers, 1, acks, "Acks", .flags = REC_EMPTY),
	REC_LIST(struct member_answers, 2, answers, member_answer, "Answers",
	    .flags = REC_EMPTY),
};
const struct rec_type member_answers_type =
    REC_TYPE(member_answers, member_answers_fields);

static const struct rec_field member_keys_ask_fields[] = {
	REC_STR(struct member_keys_ask, 1, verb, "Verb"),
	REC_STR(struct member_keys_ask, 2, key, "Key"),
};
const struct rec_type member_keys_ask_type =
    REC_TYPE(member_keys_ask, member_keys_ask_fields);

static const struct rec_field member_keys_fields[] = {
	REC_MAP(struct member_keys, 1, keys, rec_ki, "Keys"),
	REC_STRMAP(struct member_keys, 2, messages, "Messages"),
	REC_I64(struct member_keys, 3, nmembers, "Members"),
	REC_I64(struct member_keys, 4, nresponses, "Responses"),
	REC_I64(struct member_keys, 5, nerrors, "Errors"),
	REC_STR(struct member_keys, 6, why, "Why"),
};
const struct rec_type member_keys_type =
    REC_TYPE(member_keys, member_keys_fields);

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
