#include "proto/msg.h"

#include "common/raft/mail.h"
#include "proto/catalog.h"
#include "proto/ctl.h"
#include "proto/member.h"
#include "proto/metric.h"
#include "proto/nodemsg.h"
#include "proto/route.h"

const struct msg_def msg_defs[] = {
	{ MSG_CTL_PING, "ctl-ping", NULL, &ctl_pong_type },
	{ MSG_CTL_INFO, "ctl-info", NULL, &ctl_info_type },
	{ MSG_CTL_CONFIG, "ctl-config", NULL, &ctl_text_type },
	{ MSG_CTL_LOG_LEVEL, "ctl-log-level", &ctl_level_type,
	    &ctl_level_type },
	{ MSG_CTL_MONITOR, "ctl-monitor", &ctl_monitor_type, &ctl_logs_type },
	{ MSG_CTL_STOP, "ctl-stop", NULL, NULL },
	{ MSG_CTL_RELOAD, "ctl-reload", NULL, NULL },

	{ MSG_NODE_REGISTER, "node-register", &node_register_type,
	    &node_leased_type },
	{ MSG_NODE_LEASE, "node-lease", &node_lease_type, &node_leased_type },
	{ MSG_NODE_ALLOCS, "node-allocs", &node_allocs_type,
	    &node_allocs_news_type },
	{ MSG_NODE_UPDATE, "node-update", &node_update_type, &indexed_type },
	{ MSG_SERVICES_UPDATE, "services-update", &services_update_type,
	    &indexed_type },
	{ MSG_SERVICES_FOLLOW, "services-follow", &services_ask_type,
	    &services_news_type },
	{ MSG_NODE_EVENTS, "node-events", &node_event_put_type, &indexed_type },
	{ MSG_NODE_DRAIN, "node-drain", &node_drain_ask_type,
	    &node_drain_answer_type },

	{ MSG_RAFT_MAIL, "raft-mail", &raft_mail_type, &raft_mail_type },

	{ MSG_SERVICES, "services", NULL, &services_news_type },
	{ MSG_ALLOCS, "allocs", NULL, &alloc_rows_type },

	{ MSG_MEMBER_KEYS, "member-keys", &member_keys_ask_type,
	    &member_keys_type },
	{ MSG_MEMBERS, "members", NULL, &member_rows_type },
	{ MSG_MEMBER_JOIN, "member-join", &member_join_type,
	    &member_joined_type },
	{ MSG_MEMBER_LEAVE, "member-leave", NULL, NULL },
	{ MSG_MEMBER_FORCE_LEAVE, "member-force-leave",
	    &member_force_leave_type, NULL },
	{ MSG_MEMBER_TAGS, "member-tags", &member_tags_type, NULL },
	{ MSG_MEMBER_RTT, "member-rtt", &member_rtt_ask_type,
	    &member_rtt_type },
	{ MSG_MEMBER_REACH, "member-reach", NULL, &member_reach_type },
	{ MSG_MEMBER_TAGS_EDIT, "member-tags-edit", &member_tags_edit_type,
	    NULL },
	{ MSG_MEMBER_EVENT, "member-event", &member_user_event_type, NULL },
	{ MSG_MEMBER_QUERY, "member-query", &member_query_type,
	    &member_answers_type },

	{ MSG_METRICS, "metrics", &metrics_ask_type, &metrics_text_type },
	{ MSG_METRIC_GET, "metric-get", &metric_get_type, &metric_rows_type },

	{ MSG_ROUTES, "routes", NULL, &route_rows_type },
	{ MSG_ROUTE_ADD, "route-add", &route_edit_type, NULL },
	{ MSG_ROUTE_DEL, "route-del", &route_edit_type, NULL },

	{ MSG_JOBS, "jobs", NULL, &sched_rows_type },
	{ MSG_NODES, "nodes", NULL, &sched_rows_type },
	{ MSG_EVALS, "evals", NULL, &sched_rows_type },

	{ MSG_METRIC, "metric", &metrics_type, NULL },
	{ MSG_SERVICE, "service", &service_event_type, NULL },
	{ MSG_ALLOC, "alloc", &alloc_event_type, NULL },
	{ MSG_MEMBER, "member", &member_event_type, NULL },
};
const size_t msg_ndefs = sizeof msg_defs / sizeof msg_defs[0];
