/* A pattern, a NUL, and a text that is searched. */
#include <stdint.h>
#include <string.h>

#include "common/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *nul = n > 0 ? memchr(data, '\0', n) : NULL;
	size_t len = nul != NULL ? (size_t)(nul - data) : n;
	size_t at[2 * REGEX_MAX_GROUPS], budget = 100000;
	struct err err;
	struct regex *re = regex_new((const char *)data, len, &err);

	if (re == NULL || nul == NULL) {
		regex_free(re);
		return 0;
	}
	if (regex_search(
		re, (const char *)nul + 1, n - len - 1, 0, at, &budget) == 1 &&
	    (at[0] > at[1] || at[1] > n - len - 1))
		__builtin_trap();
	regex_free(re);
	return 0;
}
