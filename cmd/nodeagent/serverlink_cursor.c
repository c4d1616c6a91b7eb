/* How far we have followed what the servers tell in parts. */
#include <stdlib.h>

#include "cmd/nodeagent/serverlink_impl.h"
#include "common/mem.h"

bool
link_past_hear(struct link_past *p, uint64_t index, bool is_new)
{
	if (!is_new && index >= p->heard_index) {
		p->nbehind = 0;
		return false;
	}
	if (!is_new && ++p->nbehind < SERVERLINK_BEHIND)
		return false;
	*p = (struct link_past){ .heard_index = index };
	return true;
}

enum link_verdict
link_past_judge(
    struct link_past *p, const struct link_cursor *c, uint64_t index, bool full)
{
	if (!full && c->index == 0 && c->after == NULL)
		return LINK_STRAY;
	if (index < (full ? p->heard_index : c->index))
		return LINK_BEHIND;
	if (p->heard_index < index)
		p->heard_index = index;
	return LINK_NEWS;
}

void
link_cursor_move(struct link_cursor *c, uint64_t index, bool full, uint64_t at,
    const char *after)
{
	if (full)
		map_release(&c->listed);
	c->listing |= full;
	c->index = index;
	c->at = at;
	free(c->after);
	c->after = after == NULL || *after == '\0' ? NULL : xstrdup(after);
}

void
link_cursor_list(struct link_cursor *c, const char *id)
{
	if (c->listing)
		map_add(&c->listed, id);
}

bool
link_cursor_is_whole(const struct link_cursor *c)
{
	return c->listing && c->after == NULL;
}

bool
link_cursor_lists(const struct link_cursor *c, const char *id)
{
	return map_has(&c->listed, id);
}

void
link_cursor_forget(struct link_cursor *c)
{
	map_release(&c->listed);
	c->listing = false;
}

void
link_cursor_release(struct link_cursor *c)
{
	map_release(&c->listed);
	free(c->after);
	*c = (struct link_cursor){ 0 };
}
