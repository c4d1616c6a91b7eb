/* What a server has counted, told to people. */
#include <inttypes.h>
#include <stdio.h>

#include "common/http/http.h"

void
http_stats_info(const struct http_stats *s,
    void (*add)(void *ctx, const char *name, const char *value), void *ctx)
{
	const struct {
		const char *name;
		uint64_t value;
	} lines[] = {
		{ "http_conns", s->conns },
		{ "http_accepted", s->accepted },
		{ "http_requests", s->requests },
		{ "http_refused", s->refused },
		{ "http_truncated", s->truncated },
		{ "http_crowded", s->crowded },
		{ "http_timed_out", s->timed_out },
		{ "http_tls_refused", s->tls_refused },
	};
	char text[24];

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		snprintf(text, sizeof text, "%" PRIu64, lines[i].value);
		add(ctx, lines[i].name, text);
	}
}

void
http_stats_add(struct http_stats *sum, const struct http_stats *s)
{
	sum->conns += s->conns;
	sum->accepted += s->accepted;
	sum->requests += s->requests;
	sum->refused += s->refused;
	sum->truncated += s->truncated;
	sum->crowded += s->crowded;
	sum->timed_out += s->timed_out;
	sum->tls_refused += s->tls_refused;
}
