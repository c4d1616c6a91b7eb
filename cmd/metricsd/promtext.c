#include "cmd/metricsd/promtext.h"

#include <stdbool.h>
#include <string.h>

#include "common/text.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void
promtext_name(struct buf *out, const char *name)
{
	if (*name >= '0' && *name <= '9')
		buf_addc(out, '_');
	for (; *name != '\0'; name++) {
		bool fits = (*name >= 'a' && *name <= 'z') ||
			    (*name >= 'A' && *name <= 'Z') ||
			    (*name >= '0' && *name <= '9');

		buf_addc(out, fits ? *name : '_');
	}
}

static void
add_value(struct buf *out, const char *value)
{
	const char *end = value + strlen(value);

	while (value < end) {
		const uint8_t *p = (const uint8_t *)value;
		size_t n =
		    *p < 0x80 ? 1 : text_utf8_len(p, (size_t)(end - value));

		if (*value == '\n')
			buf_adds(out, "\\n");
		else if (*value == '"' || *value == '\\')
			buf_addf(out, "\\%c", *value);
		else if (n == 0)
			buf_adds(out, REPLACEMENT);
		else
			buf_add(out, value, n);
		value += n > 0 ? n : 1;
	}
}

/* Whether the name is free: Prometheus takes none twice, and keeps one for
 * itself. */
static bool
is_free(const struct buf *names, const char *name)
{
	const char *at = buf_str(names);
	size_t n = strlen(name);

	if (strcmp(name, ",quantile,") == 0)
		return false;
	return n > 2 && strstr(at, name) == NULL;
}

void
promtext_labels(struct buf *out, const struct metric *m)
{
	struct buf names = { 0 }, name = { 0 }; /* ",a,b,", ",c," */
	size_t n = 0;

	for (size_t i = 0; i < m->nlabels; i++) {
		const struct rec_kv *l = &m->labels[i];

		buf_reset(&name);
		buf_addc(&name, ',');
		promtext_name(&name, l->key);
		buf_addc(&name, ',');
		if (!is_free(&names, buf_str(&name)))
			continue;
		buf_adds(&names, buf_str(&name));
		if (n++ > 0)
			buf_addc(out, ',');
		buf_add(out, name.data + 1, name.len - 2);
		buf_adds(out, "=\"");
		add_value(out, l->value != NULL ? l->value : "");
		buf_addc(out, '"');
	}
	buf_release(&names);
	buf_release(&name);
}
