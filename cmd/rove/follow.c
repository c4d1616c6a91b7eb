#include "cmd/rove/follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rove/deployfollow.h"
#include "cmd/rove/monitor.h"
#include "cmd/rove/text.h"
#include "common/clock.h"
#include "common/mem.h"

/* Between looks at an agent that holds no answers back. */
#define UNHELD_WAIT_NS CLOCK_NS_PER_S

struct follow {
	struct cli *cli;
	struct monitor monitor;
	char *path;       /* of the evaluation */
	uint64_t index;   /* of what was seen of it */
	char *deployment; /* NULL: none so far */
};

static void
set_eval(struct follow *f, const char *eval_id)
{
	free(f->path);
	f->path = client_path("/v1/evaluation/", eval_id, "");
	f->index = 0;
}

/*
 * Asks for the allocations after the evaluation: they are made before it is
 * complete, so those of a complete one are all there.
 */
static int
look(struct follow *f, struct eval *e, struct alloc_stub **allocs, size_t *n,
    struct err *err)
{
	struct client *client = &f->cli->client;
	char *path;
	int rc;

	if (client_await(client, f->path, f->index, FOLLOW_WAIT_MS, &eval_type,
		e, err) == -1)
		return -1;
	f->index = client->index;
	if (e->id == NULL || e->status == NULL) {
		rec_clear(&eval_type, e);
		return err_set(err, ERR_BAD, "the answer is no evaluation");
	}
	path = xasprintf("%s/allocations", f->path);
	rc = client_list(client, path, NULL, &alloc_stub_type, allocs, n, err);
	free(path);
	if (rc == -1)
		rec_clear(&eval_type, e);
	return rc;
}

/* The run of a system job ends with its evaluation: its deployment goes on
 * as machines come and go. */
static void
note_deployment(struct follow *f, const struct eval *e)
{
	if (e->deployment_id == NULL || *e->deployment_id == '\0' ||
	    (e->type != NULL && strcmp(e->type, "system") == 0))
		return;
	free(f->deployment);
	f->deployment = xstrdup(e->deployment_id);
}

/* One look and what it says; *done when it was the last. */
static int
step(struct follow *f, bool *done, struct err *err)
{
	struct eval e;
	struct alloc_stub *allocs;
	struct buf out = { 0 };
	size_t n;

	if (look(f, &e, &allocs, &n, err) == -1)
		return -1;
	note_deployment(f, &e);
	switch (monitor_see(&f->monitor, &e, allocs, n, &out)) {
	case MONITOR_AGAIN:
		if (f->index == 0)
			cli_wait_ns(UNHELD_WAIT_NS);
		break;
	case MONITOR_DONE:
		*done = true;
		break;
	case MONITOR_CHAIN:
		fputs(buf_str(&out), stdout);
		buf_reset(&out);
		cli_wait_ns(e.wait);
		set_eval(f, e.next_eval);
		break;
	}
	fputs(buf_str(&out), stdout);
	fflush(stdout);
	buf_release(&out);
	client_free_list(&alloc_stub_type, allocs, n);
	rec_clear(&eval_type, &e);
	return 0;
}

/* Its deployment is that of the last evaluation that names one. */
static int
follow_chain(
    struct cli *c, const char *eval_id, size_t id_len, char **deployment)
{
	struct follow f = { .cli = c };
	struct err err;
	bool done = false;
	int rc = 0;

	monitor_init(&f.monitor, id_len);
	set_eval(&f, eval_id);
	while (rc == 0 && !done)
		rc = step(&f, &done, &err);
	if (rc == -1)
		rc = cli_fail(&err, "Error reading evaluation \"%s\"", eval_id);
	else
		rc = monitor_status(&f.monitor);
	*deployment = f.deployment;
	monitor_release(&f.monitor);
	free(f.path);
	return rc;
}

int
follow_eval_alone(struct cli *c, const char *eval_id, size_t id_len)
{
	char *deployment;
	int status = follow_chain(c, eval_id, id_len, &deployment);

	free(deployment);
	return status;
}

int
follow_eval(struct cli *c, const char *eval_id, size_t id_len)
{
	char *deployment;
	int status = follow_chain(c, eval_id, id_len, &deployment);

	if (status == 0 && deployment != NULL) {
		printf("==> Monitoring deployment \"%s\"\n",
		    text_id(deployment, id_len));
		status = deployfollow(c, deployment, id_len, "    ");
	}
	free(deployment);
	return status;
}
