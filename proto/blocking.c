#include "proto/blocking.h"

#include <string.h>

#include "common/clock.h"

int
blocking_wait(const struct http_req *r, uint64_t *ms)
{
	char text[64];
	int64_t ns;

	*ms = BLOCKING_DEFAULT_MS;
	if (!http_param(r, "wait", text, sizeof text) || *text == '\0')
		return 0;
	if (clock_parse_dur(text, &ns) == -1)
		return -1;
	if (ns > 0)
		*ms = (uint64_t)(ns / CLOCK_NS_PER_MS);
	if (*ms > BLOCKING_MAX_MS)
		*ms = BLOCKING_MAX_MS;
	return 0;
}

uint64_t
blocking_begin_ms(const struct http_req *r)
{
	uint64_t wait_ms;
	char index[8];

	if (strcmp(http_path(r), "/v1/operator/snapshot") == 0)
		return BLOCKING_STATE_MS;
	if (!http_param(r, "index", index, sizeof index) || *index == '\0' ||
	    strcmp(index, "0") == 0)
		return BLOCKING_ANSWER_MS;
	blocking_wait(r, &wait_ms);
	return wait_ms + wait_ms / BLOCKING_JITTER_PARTS + BLOCKING_ANSWER_MS;
}
