#include <inttypes.h>
#include <string.h>

#include "common/file.h"
#include "common/hcl1/hcl1.h"
#include "common/mem.h"
#include "proto/agent.h"

static const struct hcl1_key *find(struct hcl1_items items, const char *path);

/* Within a block, or in JSON a list of them. */
static const struct hcl1_key *
find_in(const struct hcl1_node *node, const char *path)
{
	const struct hcl1_key *found = NULL;

	if (node->kind == HCL1_OBJECT)
		return find(node->items, path);
	for (size_t i = 0; node->kind == HCL1_LIST && i < node->nlist; i++)
		if (node->list[i]->kind == HCL1_OBJECT) {
			const struct hcl1_key *inner =
			    find(node->list[i]->items, path);

			found = inner != NULL ? inner : found;
		}
	return found;
}

/* The last of the items that the path leads to: it is the one in force. */
static const struct hcl1_key *
find(struct hcl1_items items, const char *path)
{
	size_t n = strcspn(path, ".");
	const struct hcl1_key *found = NULL;

	for (size_t i = 0; i < items.n; i++) {
		const struct hcl1_key *key = &items.v[i]->keys[0], *inner;

		if (strlen(key->text) != n ||
		    strncasecmp(key->text, path, n) != 0)
			continue;
		inner = path[n] == '\0'
			    ? key
			    : find_in(items.v[i]->value, path + n + 1);
		found = inner != NULL ? inner : found;
	}
	return found;
}

char *
agent_config_where(const struct agent_config *c, const char *path)
{
	char *where = NULL;

	for (size_t i = c->nfiles; i > 0 && where == NULL; i--) {
		struct arena arena = { 0 };
		struct buf text = { 0 };
		struct hcl1_items items;
		const struct hcl1_key *key = NULL;

		if (file_read(c->files[i - 1], AGENT_MAX_FILE, &text, NULL) ==
			0 &&
		    hcl1_parse(
			&arena, buf_str(&text), text.len, &items, NULL) == 0)
			key = find(items, path);
		if (key != NULL)
			where = xasprintf(
			    "%s:%" PRIu32, c->files[i - 1], key->pos.line);
		buf_release(&text);
		arena_release(&arena);
	}
	return where;
}
