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
