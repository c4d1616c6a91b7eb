/*
 * What daemons publish as metrics, as JSON, one message in each line: put
 * into metricsd's store, and out again in both of its forms. The JSON is
 * some; in the Prometheus text each line has a name and a value, whatever
 * names and labels came in.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/metricsd/metricsd.h"
#include "common/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
put_lines(struct store *s, const char *p, size_t n)
{
	const char *end = p + n;
	uint64_t now_ms = 1000;

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		struct metrics m;
		struct err err;

		if (lf == NULL)
			lf = end;
		if (rec_from_json(
			&metrics_type, &m, p, (size_t)(lf - p), &err) == 0) {
			store_put(s, &m, now_ms, (int64_t)now_ms * 1000000,
			    NULL, NULL);
			rec_clear(&metrics_type, &m);
		}
		now_ms += 700;
		store_tick(s, now_ms, (int64_t)now_ms * 1000000);
		p = lf + 1;
	}
}

static void
check_prometheus(const struct buf *out)
{
	const char *p = out->data, *end = p + out->len;

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));

		if (lf == NULL || lf == p)
			abort();
		if (*p != '#' && (strspn(p, "0123456789") > 0 ||
				     memchr(p, ' ', (size_t)(lf - p)) == NULL))
			abort();
		p = lf + 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct store_opts opts = { .interval_ms = 1000,
		.retention_ms = 5000,
		.host = "h",
		.filter_default = true };
	struct buf out = { 0 };
	struct store s;
	struct tree *t;
	struct err err;

	store_init(&s, &opts);
	put_lines(&s, (const char *)data, n);
	metrics_to_json(&s, &out, METRICS_PRETTY);
	t = tree_from_json(out.data, out.len, &err);
	if (t == NULL)
		abort();
	tree_free(t);
	buf_reset(&out);
	metrics_to_prometheus(&s, &out);
	check_prometheus(&out);
	buf_release(&out);
	store_release(&s);
	return 0;
}
