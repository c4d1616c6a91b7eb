/*
 * What the core says of what was asked: to whom it is told, when, and what
 * becomes of the asks that wait.
 */
#include <inttypes.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/raft/node_impl.h"

static void
fail_all(
    struct raft_node *node, struct raft_node_asks *asks, enum err_code code)
{
	struct raft_node_news *news;

	if (asks->head == NULL)
		return;
	news = raft_node_news_new(RAFT_NODE_ANSWER);
	for (struct raft_node_ask *a = asks->head; a != NULL; a = a->next)
		a->code = code;
	while (asks->head != NULL)
		raft_node_asks_add(&news->asks, raft_node_asks_take(asks));
	raft_node_tell(node, news);
}

static struct raft_node_ask *
take(struct raft_node_ask **at)
{
	struct raft_node_ask *ask = *at;

	*at = NULL;
	return ask;
}

void
raft_node_answer_proposed(struct raft_node *node, const struct raft_action *a)
{
	if (node->changing != NULL) {
		node->changing->index = a->proposed.first;
		node->changing->term = a->proposed.term;
		raft_node_asks_add(&node->waiting, take(&node->changing));
		return;
	}
	for (size_t i = 0; i < a->proposed.n; i++) {
		struct raft_node_ask *ask = raft_node_asks_take(&node->fresh);

		ask->index = a->proposed.first + i;
		ask->term = a->proposed.term;
		raft_node_asks_add(&node->waiting, ask);
	}
}

void
raft_node_answer_one(
    struct raft_node *node, struct raft_node_ask *ask, enum raft_refusal why)
{
	struct raft_node_news *news = raft_node_news_new(RAFT_NODE_ANSWER);

	ask->refusal = why;
	raft_node_asks_add(&news->asks, ask);
	raft_node_tell(node, news);
}

void
raft_node_answer_refused(struct raft_node *node, const struct raft_action *a)
{
	if (node->changing != NULL)
		raft_node_answer_one(
		    node, take(&node->changing), a->refused.why);
	else if (node->transferring != NULL &&
		 a->refused.id == (uint64_t)(uintptr_t)node->transferring)
		raft_node_answer_one(
		    node, take(&node->transferring), a->refused.why);
	else
		fail_all(node, &node->fresh,
		    a->refused.why == RAFT_BUSY ? ERR_BUSY : ERR_NOT_LEADER);
}

void
raft_node_answer_read(struct raft_node *node, uint64_t id, enum err_code code)
{
	struct raft_node_news *news = raft_node_news_new(RAFT_NODE_ANSWER);
	struct raft_node_asks rest = { 0 };
	struct raft_node_ask *a;

	while ((a = raft_node_asks_take(&node->reads)) != NULL) {
		bool is_it = (uint64_t)(uintptr_t)a == id;

		if (is_it)
			a->code = code;
		raft_node_asks_add(is_it ? &news->asks : &rest, a);
	}
	while ((a = raft_node_asks_take(&rest)) != NULL)
		raft_node_asks_add(&node->reads, a);
	raft_node_tell(node, news);
}

static void
tell_leader(struct raft_node *node, bool leads, uint64_t term)
{
	struct raft_node_news *news;

	if (node->leads == leads)
		return;
	node->leads = leads;
	news = raft_node_news_new(RAFT_NODE_LEADER);
	news->leads = leads;
	news->term = term;
	raft_node_tell(node, news);
}

static void
tell_follow(struct raft_node *node, const struct raft_action *a)
{
	struct raft_node_news *news = raft_node_news_new(RAFT_NODE_FOLLOW);

	news->leader = a->role.leader;
	news->term = a->role.term;
	raft_node_tell(node, news);
}

void
raft_node_answer_role(struct raft_node *node, const struct raft_action *a)
{
	log_debug("raft role=%s term=%" PRIu64 " leader=%" PRIu64,
	    raft_role_name(a->role.role), a->role.term, a->role.leader);
	tell_follow(node, a);
	if (a->role.role == RAFT_LEADER)
		return;
	fail_all(node, &node->fresh, ERR_NOT_LEADER);
	tell_leader(node, false, a->role.term);
	if (node->transferring != NULL)
		raft_node_answer_one(
		    node, take(&node->transferring), (enum raft_refusal)0);
	fail_all(node, &node->waiting, ERR_GONE);
	fail_all(node, &node->reads, ERR_NOT_LEADER);
}

/*
 * Committed entries go to the owner with their proposers. A proposer whose
 * index another leader's entry took gets no answer here:
 * raft_node_answer_role() has told him that the outcome is unknown.
 */
void
raft_node_answer_apply(struct raft_node *node, const struct raft_action *a)
{
	struct raft_node_news *news = raft_node_news_new(RAFT_NODE_APPLY);
	struct raft_status s;
	uint64_t leads_in = 0;

	raft_status(node->raft, &s);
	news->entries = xreallocarray(NULL, a->log.n, sizeof *news->entries);
	news->n = a->log.n;
	news->synced = s.synced;
	for (size_t i = 0; i < a->log.n; i++) {
		const struct raft_entry *e = &a->log.entries[i];
		const struct raft_node_ask *ask = node->waiting.head;

		news->entries[i] = *e;
		raft_bytes_ref(e->data);
		if (ask != NULL && ask->index == e->index &&
		    ask->term == e->term)
			raft_node_asks_add(
			    &news->asks, raft_node_asks_take(&node->waiting));
		if (e->type == RAFT_NOOP && e->term == s.term &&
		    s.role == RAFT_LEADER)
			leads_in = e->term;
	}
	raft_node_tell(node, news);
	if (leads_in != 0)
		tell_leader(node, true, leads_in);
}
