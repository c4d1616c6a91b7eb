/*
 * Two jobs in JSON, a line each, as a peer may send them: made canonical,
 * checked and compared.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/jobcanon.h"
#include "cmd/schedd/jobdiff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What is canonical stays so, and each problem is a sentence. */
static void
settle(struct job *job)
{
	struct job again;
	char **problems, *warnings;
	size_t n;

	job_canonicalize(job, "global");
	rec_copy(&job_type, &again, job);
	job_canonicalize(&again, "global");
	assert(rec_equal(&job_type, job, &again));
	rec_clear(&job_type, &again);
	job_check(job, &problems, &n, &warnings);
	for (size_t i = 0; i < n; i++)
		assert(problems[i][0] != '\0');
	job_problems_free(problems, n);
	free(warnings);
}

static void
compare(const struct job *old, const struct job *new, bool same)
{
	struct job_diff diff;
	struct buf json = { 0 };

	job_diff(old, new, true, &diff);
	job_diff_annotate(&diff, NULL);
	if (same)
		assert(strcmp(diff.type, "None") == 0);
	rec_to_json(&job_diff_type, &diff, &json, 0);
	buf_release(&json);
	rec_clear(&job_diff_type, &diff);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data;
	const char *end = n == 0 ? NULL : memchr(text, '\n', n);
	struct job old, new;

	if (end == NULL || rec_from_json(&job_type, &old, text,
			       (size_t)(end - text), NULL) == -1)
		return 0;
	settle(&old);
	compare(&old, &old, true);
	compare(NULL, &old, false);
	if (rec_from_json(&job_type, &new, end + 1,
		n - (size_t)(end + 1 - text), NULL) == 0) {
		settle(&new);
		compare(&old, &new, false);
		rec_clear(&job_type, &new);
	}
	rec_clear(&job_type, &old);
	return 0;
}
