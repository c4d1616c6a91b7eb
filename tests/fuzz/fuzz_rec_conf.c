/* Text as a config file: what is accepted prints in a form that loads again
 * and then prints the same. */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 itself forgets what it has read of a text that breaks off. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig";
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sample s = { 0 }, back = { 0 };
	struct buf once = { 0 }, twice = { 0 };
	struct err err;

	if (rec_from_conf_text(
		&sample_type, &s, "x.conf", (const char *)data, n, &err) == 0) {
		rec_to_conf(&sample_type, &s, &once);
		if (rec_from_conf_text(&sample_type, &back, "x.conf", once.data,
			once.len, &err) == -1)
			abort();
		rec_to_conf(&sample_type, &back, &twice);
		if (strcmp(buf_str(&once), buf_str(&twice)) != 0)
			abort();
	}
	rec_clear(&sample_type, &s);
	rec_clear(&sample_type, &back);
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
