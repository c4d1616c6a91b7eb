#include "cmd/gossipd/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/regex.h"

#define MAX_WORK 20000 /* steps of regex.h */

static struct regex *
compile(const char *pattern)
{
	size_t n = strlen(pattern);
	struct err err;

	return n > PATTERN_MAX ? NULL : regex_new(pattern, n, &err);
}

bool
pattern_is_usable(const char *pattern)
{
	struct regex *re = compile(pattern);

	regex_free(re);
	return re != NULL;
}

static bool
search(struct regex *re, const char *text)
{
	size_t budget = MAX_WORK;
	bool hit = re != NULL &&
		   regex_search(re, text, strlen(text), 0, NULL, &budget) == 1;

	regex_free(re);
	return hit;
}

bool
pattern_matches(const char *pattern, const char *text)
{
	return search(compile(pattern), text);
}

bool
pattern_matches_all(const char *pattern, const char *text)
{
	char *whole;
	struct err err;
	bool hit;

	if (pattern[0] == '\0')
		return true;
	if (!pattern_is_usable(pattern))
		return false;
	whole = xasprintf("^(?:%s)$", pattern);
	hit = search(regex_new(whole, strlen(whole), &err), text);
	free(whole);
	return hit;
}
