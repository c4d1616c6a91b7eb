#include "proto/agent_daemon.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "proto/agent.h"
#include "proto/agent_plan.h"
#include "proto/agent_refuse.h"

/* All lines but the last are told; the last is what goes wrong, if anything
 * does. */
static int
tell(struct buf *ui, int rc, const char *path, struct err *err)
{
	char *line = ui->data, *end;
	size_t n = strlen(path);

	for (; line != NULL && *line != '\0'; line = end) {
		end = line + strcspn(line, "\n");
		if (*end != '\0')
			*end++ = '\0';
		if (rc == -1 && *end == '\0')
			return strncmp(line, path, n) == 0
				   ? err_set(err, ERR_BAD, "%s", line)
				   : err_set(
					 err, ERR_BAD, "%s: %s", path, line);
		if (*line != '\0')
			log_warn("agent file path=%s says=\"%s\"", path, line);
	}
	return rc;
}

static int
read_settled(struct agent_config *c, const char *path, struct err *err)
{
	struct agent_config file = { 0 };
	struct agent_host host;
	struct buf ui = { 0 };
	int rc;

	agent_config_default(c);
	if (agent_config_load(&file, path, err) == -1)
		return -1;
	agent_config_merge(c, &file);
	rec_clear(&agent_config_type, &file);
	agent_host_read(&host);
	rc = agent_config_settle(c, &host, getenv, 0, &ui);
	if (rc == 0)
		rc = agent_refuse(c, &ui);
	buf_addc(&ui, '\0');
	rc = tell(&ui, rc, path, err);
	agent_host_release(&host);
	buf_release(&ui);
	return rc;
}

static int
overlay(const struct daemon_def *def, void *config, const struct plan *p,
    const char *path, struct err *err)
{
	for (size_t i = 0; i < p->ndaemons; i++) {
		const struct plan_daemon *d = &p->daemons[i];

		if (strcmp(d->name, def->name) == 0)
			return rec_from_conf_text(def->config_type, config,
			    path, d->conf.data, d->conf.len, err);
	}
	return err_set(
	    err, ERR_BAD, "%s: it does not ask for %s", path, def->name);
}

int
agent_daemon_config(const struct daemon_def *def, void *config,
    const char *path, struct err *err)
{
	struct agent_config c = { 0 };
	struct plan plan;
	int rc = read_settled(&c, path, err);

	if (rc == 0) {
		/* A client may name each of its directories by itself. */
		plan_make(&plan, &c, text_or(c.data_dir, c.client.state_dir),
		    DAEMON_RUN_DIR);
		rc = overlay(def, config, &plan, path, err);
		plan_release(&plan);
	}
	rec_clear(&agent_config_type, &c);
	return rc;
}
