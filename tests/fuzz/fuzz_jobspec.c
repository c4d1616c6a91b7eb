/* Any bytes as a job file. What it gives must print and read back. */
#include <assert.h>
#include <stdint.h>

#include "proto/jobspec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const vars[] = { "a=1", "b=[\"x\", 2]" };
	struct jobspec_options o = {
		.vars = vars, .nvars = 2, .no_files = true, .loose = true
	};
	struct buf json = { 0 };
	struct err err = { 0 };
	struct job job, again;

	if (jobspec_parse("fuzz", (const char *)data, n, &o, &job, &err) ==
	    -1) {
		assert(err.text[0] != '\0');
		return 0;
	}
	rec_to_json(&job_type, &job, &json, 0);
	assert(
	    rec_from_json(&job_type, &again, json.data, json.len, &err) == 0);
	rec_clear(&job_type, &again);
	rec_clear(&job_type, &job);
	buf_release(&json);
	return 0;
}
