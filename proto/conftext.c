#include "proto/conftext.h"

#include <inttypes.h>

#include "common/clock.h"

void
conftext_quote(struct buf *b, const char *text)
{
	buf_addc(b, '"');
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_addf(b, "\\%c", *p);
		else if ((unsigned char)*p < 0x20)
			buf_addf(b, "\\x%02x", (unsigned)(unsigned char)*p);
		else
			buf_addc(b, *p);
	}
	buf_addc(b, '"');
}

/* A member that is text; what is absent is left to the daemon's default. */
void
conftext_put(struct buf *b, const char *name, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	buf_addf(b, "%s = ", name);
	conftext_quote(b, text);
	buf_adds(b, ";\n");
}

void
conftext_put_bool(struct buf *b, const char *name, bool value)
{
	buf_addf(b, "%s = %s;\n", name, value ? "true" : "false");
}

void
conftext_put_int(struct buf *b, const char *name, int64_t value)
{
	if (value != 0)
		buf_addf(b, "%s = %" PRId64 "L;\n", name, value);
}

void
conftext_put_dur(struct buf *b, const char *name, int64_t ns)
{
	char text[CLOCK_DUR_SIZE];

	if (ns <= 0)
		return;
	clock_format_dur(ns, text);
	conftext_put(b, name, text);
}

void
conftext_put_list(struct buf *b, const char *name, char *const *list, size_t n)
{
	buf_addf(b, "%s = (", name);
	for (size_t i = 0; i < n; i++) {
		buf_adds(b, i > 0 ? ", " : "");
		conftext_quote(b, list[i]);
	}
	buf_adds(b, ");\n");
}

/* Keys that are no names in libconfig stand in groups of their own. */
void
conftext_put_map(
    struct buf *b, const char *name, const struct rec_kv *kv, size_t n)
{
	if (n == 0)
		return;
	buf_addf(b, "%s = (", name);
	for (size_t i = 0; i < n; i++) {
		buf_adds(b, i > 0 ? ",\n    { key = " : "\n    { key = ");
		conftext_quote(b, kv[i].key);
		buf_adds(b, "; value = ");
		conftext_quote(b, kv[i].value);
		buf_adds(b, "; }");
	}
	buf_adds(b, ");\n");
}
