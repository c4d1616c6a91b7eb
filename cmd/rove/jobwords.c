#include "cmd/rove/jobwords.h"

#include <stdio.h>
#include <string.h>

#include "common/tree.h"

void
jobwords_address(struct cli *c, const struct job *job)
{
	if (job->region != NULL && *job->region != '\0')
		client_set(&c->client.region, job->region);
	if (job->namespace != NULL && *job->namespace != '\0')
		client_set(&c->client.namespace, job->namespace);
}

void
jobwords_warn(const char *warnings)
{
	size_t n = warnings != NULL ? strlen(warnings) : 0;

	while (n > 0 && warnings[n - 1] == '\n')
		n--;
	if (n == 0)
		return;
	fflush(stdout);
	fprintf(stderr, "Job Warnings:\n%.*s\n\n", (int)n, warnings);
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
