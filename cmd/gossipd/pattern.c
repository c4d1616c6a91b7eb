#include "cmd/gossipd/pattern.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

#define FLAGS (REG_EXTENDED | REG_NOSUB)

static bool
is_cheap(const char *pattern)
{
	if (strlen(pattern) > PATTERN_MAX)
		return false;
	for (const char *s = pattern; *s != '\0'; s++)
		if (*s == '{' || (*s == '\\' && isdigit((unsigned char)s[1])))
			return false;
	return true;
}

bool
pattern_is_usable(const char *pattern)
{
	regex_t re;

	if (!is_cheap(pattern) || regcomp(&re, pattern, FLAGS) != 0)
		return false;
	regfree(&re);
	return true;
}

static bool
search(const char *expr, const char *text)
{
	regex_t re;
	bool hit;

	if (regcomp(&re, expr, FLAGS) != 0)
		return false;
	hit = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return hit;
}

bool
pattern_matches(const char *pattern, const char *text)
{
	return is_cheap(pattern) && search(pattern, text);
}

bool
pattern_matches_all(const char *pattern, const char *text)
{
	char *whole;
	bool hit;

	if (pattern[0] == '\0')
		return true;
	if (!is_cheap(pattern))
		return false;
	whole = xasprintf("^(%s)$", pattern);
	hit = search(whole, text);
	free(whole);
	return hit;
}
