/* What a plan goes by: what an agent's configuration asks for. */
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "proto/agent_plan.h"

char *
plan_client_dir(const struct agent_config *c, const char *data_dir)
{
	const char *own = text_or(c->client.state_dir, NULL);

	return own != NULL ? xstrdup(own) : xasprintf("%s/client", data_dir);
}

bool
plan_has_raft(const struct agent_config *c)
{
	const struct agent_server *s = &c->server;
	const struct agent_server_join *j = &s->server_join;

	return s->enabled && !c->dev_mode &&
	       (s->bootstrap_expect > 0 || s->nretry_join > 0 ||
		   s->nstart_join > 0 || j->nretry_join > 0 ||
		   j->nstart_join > 0);
}

bool
plan_has_lb(const struct agent_config *c)
{
	if (c->lb != NULL && c->lb->has_enabled)
		return c->lb->enabled;
	return c->dev_mode;
}

/* true, "true", 1 and "1". */
static bool
is_on(const struct tree *v)
{
	if (v == NULL)
		return false;
	return (v->kind == TREE_BOOL && v->b) ||
	       (v->kind == TREE_INT && v->i == 1) ||
	       (v->kind == TREE_STR &&
		   (strcmp(v->str, "true") == 0 || strcmp(v->str, "1") == 0));
}

bool
plan_has_raw_exec(const struct agent_config *c)
{
	const char *option = rec_kv_get(
	    c->client.options, c->client.noptions, "driver.raw_exec.enable");

	for (size_t i = 0; i < c->nplugins; i++)
		if (strcmp(c->plugins[i].name, "raw_exec") == 0) {
			const struct tree *on =
			    tree_get(c->plugins[i].config, "enabled");

			if (on != NULL)
				return is_on(on);
		}
	return option != NULL &&
	       (strcmp(option, "true") == 0 || strcmp(option, "1") == 0);
}
