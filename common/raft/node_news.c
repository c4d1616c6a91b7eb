/* What Raft's thread tells the owner. */
#include <stdlib.h>

#include "common/mem.h"
#include "common/raft/node_impl.h"

struct raft_node_news *
raft_node_news_new(enum raft_node_news_kind kind)
{
	struct raft_node_news *news = xcalloc(1, sizeof *news);

	news->kind = kind;
	return news;
}

void
raft_node_news_free(struct raft_node_news *news)
{
	for (size_t i = 0; i < news->n; i++)
		raft_bytes_unref(news->entries[i].data);
	free(news->entries);
	raft_node_asks_release(&news->asks);
	free(news);
}

void
raft_node_news_free_all(struct raft_node_news *news)
{
	struct raft_node_news *next;

	for (; news != NULL; news = next) {
		next = news->next;
		raft_node_news_free(news);
	}
}

void
raft_node_tell(struct raft_node *node, struct raft_node_news *news)
{
	if (node->untold == NULL)
		node->untold_end = &node->untold;
	*node->untold_end = news;
	node->untold_end = &news->next;
	if (!node->is_settling)
		raft_node_tell_now(node);
}

/* One post for all that gathers until the owner looks. */
void
raft_node_tell_now(struct raft_node *node)
{
	if (node->untold == NULL)
		return;
	pthread_mutex_lock(&node->lock);
	if (node->news == NULL) {
		node->news_end = &node->news;
		loop_post(node->opts.loop, raft_node_on_news, node);
	}
	*node->news_end = node->untold;
	node->news_end = node->untold_end;
	pthread_mutex_unlock(&node->lock);
	node->untold = NULL;
}

/* --- what the owner hears --- */

/* On Raft's thread, which has refused by now what was handed over to it after
 * it had ceased to lead. */
static void
tell_lost(void *arg)
{
	raft_node_tell(arg, raft_node_news_new(RAFT_NODE_LOST));
}

/*
 * Raft's thread ceases to lead before the owner hears of it. What the owner
 * handed over in between is refused, so that somebody else may be asked; but
 * that answer is still to come, and who is told of the end of the term first
 * takes the outcome for unknown.
 */
void
raft_node_take_leader(struct raft_node *node, const struct raft_node_news *news)
{
	raft_node_take_lost(node);
	node->owner_leads = news->leads;
	node->owner_term = news->term;
	if (news->leads) {
		node->opts.on_leader(node->opts.ctx, true, news->term);
		return;
	}
	node->is_losing = true;
	raft_node_refuse_unseen(node);
	loop_post(node->loop, tell_lost, node);
}

void
raft_node_take_lost(struct raft_node *node)
{
	if (!node->is_losing)
		return;
	node->is_losing = false;
	node->opts.on_leader(node->opts.ctx, false, node->owner_term);
}

/* Entries come by the thousand when many wrote, or a log is read again. The
 * owner applies so many in a turn of its loop, and hears others in between. */
#define TURN_ENTRIES 64
#define TURN_BYTES   (64u << 10)

static struct raft_node_news *
hear(struct raft_node *node)
{
	struct raft_node_news *news;

	pthread_mutex_lock(&node->lock);
	news = node->news;
	node->news = NULL;
	pthread_mutex_unlock(&node->lock);
	return news;
}

static void
take_all(struct raft_node *node)
{
	struct raft_node_share left = { .entries = TURN_ENTRIES,
		.bytes = TURN_BYTES };
	struct raft_node_news *news;

	for (;;) {
		if (node->heard == NULL)
			node->heard = hear(node);
		news = node->heard;
		if (news == NULL)
			return;
		if (!raft_node_take_news(node, news, &left))
			break;
		node->heard = news->next;
		raft_node_news_free(news);
	}
	node->has_more = true;
	loop_post(node->opts.loop, raft_node_on_more_news, node);
}

void
raft_node_on_news(void *arg)
{
	struct raft_node *node = arg;

	if (!node->has_more)
		take_all(node);
}

void
raft_node_on_more_news(void *arg)
{
	struct raft_node *node = arg;

	node->has_more = false;
	take_all(node);
}
