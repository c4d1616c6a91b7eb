#include "cmd/rove/jobwords.h"

#include <stdio.h>

#include "common/tree.h"

void
jobwords_address(struct cli *c, const struct job *job)
{
	if (job->region != NULL && *job->region != '\0')
		client_set(&c->client.region, job->region);
	if (job->namespace != NULL && *job->namespace != '\0')
		client_set(&c->client.namespace, job->namespace);
}

int
jobwords_print(const struct job *job)
{
	struct tree *t = tree_map();
	struct buf out = { 0 };

	tree_set(t, "Job", rec_to_tree(&job_type, job));
	tree_to_json(t, &out, TREE_PRETTY);
	fputs(buf_str(&out), stdout);
	buf_release(&out);
	tree_free(t);
	return 0;
}
