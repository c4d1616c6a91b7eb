#define PCRE2_CODE_UNIT_WIDTH 8
#include "common/regex.h"

#include <pcre2.h>
#include <string.h>

#include "common/mem.h"
#include "common/regex_impl.h"

/* \Z is no $; ^ stands before an end, too; each step can be counted. */
#define OPTIONS                                                     \
	(PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_AUTO_CALLOUT | \
	    PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX |           \
	    PCRE2_NEVER_BACKSLASH_C)

#define BYTES_PER_STEP 64 /* that are passed by for no more than a step */

struct regex {
	pcre2_code *code;
	pcre2_match_data *found;
	pcre2_match_context *match;
	uint32_t ngroups;
};

void
regex_free(struct regex *re)
{
	if (re == NULL)
		return;
	pcre2_match_context_free(re->match);
	pcre2_match_data_free(re->found);
	pcre2_code_free(re->code);
	free(re);
}

/* PCRE2's complaint, in Go's words where both mean the same. */
static int
refuse(int code, const char *pattern, size_t n, struct err *err)
{
	const char *what = NULL;
	char text[256];

	switch (code) {
	case PCRE2_ERROR_MISSING_CLOSING_PARENTHESIS:
		what = "missing closing )";
		break;
	case PCRE2_ERROR_UNMATCHED_CLOSING_PARENTHESIS:
		what = "unexpected )";
		break;
	case PCRE2_ERROR_QUANTIFIER_INVALID:
		what = "missing argument to repetition operator";
		break;
	case PCRE2_ERROR_PATTERN_TOO_LARGE:
	case PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP:
		what = "expression too large";
		break;
	case PCRE2_ERROR_DUPLICATE_SUBPATTERN_NAME:
		what = "invalid named capture";
		break;
	default:
		if (code < 0) /* the other complaints are above 0 */
			return err_set(err, ERR_BAD, "invalid UTF-8");
		break;
	}
	if (what == NULL) {
		if (pcre2_get_error_message(
			code, (PCRE2_UCHAR *)text, sizeof text) < 0)
			text[0] = '\0';
		what = text;
	}
	return err_set(err, ERR_BAD, "%s: `%.*s`", what, (int)n, pattern);
}

static int
compile(struct regex *re, const char *pattern, size_t n, struct err *err)
{
	pcre2_compile_context *c = pcre2_compile_context_create(NULL);
	PCRE2_SIZE at;
	int code;

	if (c == NULL)
		return err_set(err, ERR_BUSY, "out of memory");
	pcre2_set_newline(c, PCRE2_NEWLINE_LF);
	pcre2_set_parens_nest_limit(c, REGEX_MAX_DEPTH);
	re->code =
	    pcre2_compile((PCRE2_SPTR)pattern, n, OPTIONS, &code, &at, c);
	pcre2_compile_context_free(c);
	if (re->code == NULL)
		return refuse(code, pattern, n, err);
	pcre2_pattern_info(re->code, PCRE2_INFO_CAPTURECOUNT, &re->ngroups);
	if (++re->ngroups > REGEX_MAX_GROUPS)
		return err_set(err, ERR_BAD, "more than %d groups: `%.*s`",
		    REGEX_MAX_GROUPS - 1, (int)n, pattern);
	re->found = pcre2_match_data_create(REGEX_MAX_GROUPS, NULL);
	re->match = pcre2_match_context_create(NULL);
	if (re->found == NULL || re->match == NULL)
		return err_set(err, ERR_BUSY, "out of memory");
	pcre2_set_heap_limit(re->match, REGEX_MAX_HEAP_KB);
	return 0;
}

struct regex *
regex_new(const char *pattern, size_t n, struct err *err)
{
	struct regex *re;

	if (n > REGEX_MAX_PATTERN) {
		err_set(err, ERR_BAD, "expression too large: %zu bytes", n);
		return NULL;
	}
	if (regex_check(pattern, n, err) == -1)
		return NULL;
	re = xcalloc(1, sizeof *re);
	if (compile(re, pattern, n, err) == 0)
		return re;
	regex_free(re);
	return NULL;
}

size_t
regex_ngroups(const struct regex *re)
{
	return re->ngroups;
}

size_t
regex_group(const struct regex *re, const char *name, size_t n)
{
	char *copy = xstrndup(name, n);
	int i = pcre2_substring_number_from_name(re->code, (PCRE2_SPTR)copy);

	free(copy);
	return i > 0 ? (size_t)i : 0;
}

/* What a search may still cost. */
struct purse {
	size_t *left;
	size_t place; /* where in the text the last step was */
};

static bool
pay(size_t *left, size_t cost)
{
	bool enough = cost <= *left;

	*left -= enough ? cost : *left;
	return enough;
}

/* An item of the pattern is to be tried; those before may have gone far. */
static int
on_step(pcre2_callout_block *b, void *arg)
{
	struct purse *purse = arg;
	size_t at = b->current_position;
	size_t far = at > purse->place ? at - purse->place : purse->place - at;

	purse->place = at;
	return pay(purse->left, 1 + far / BYTES_PER_STEP) ? 0
							  : PCRE2_ERROR_CALLOUT;
}

int
regex_search(const struct regex *re, const char *text, size_t n, size_t from,
    size_t *at, size_t *budget)
{
	struct purse purse = { budget, from };
	const PCRE2_SIZE *where;
	int found;

	/* PCRE2 looks through all of it before. */
	if (!pay(budget, n / BYTES_PER_STEP))
		return -1;
	pcre2_set_callout(re->match, on_step, &purse);
	found = pcre2_match(re->code, (PCRE2_SPTR)(n > 0 ? text : ""), n, from,
	    0, re->found, re->match);
	if (found == PCRE2_ERROR_NOMATCH)
		return 0;
	if (found < 0)
		return -1;
	where = pcre2_get_ovector_pointer(re->found);
	for (size_t i = 0; at != NULL && i < 2 * (size_t)re->ngroups; i++)
		at[i] = i < 2 * (size_t)found ? where[i] : SIZE_MAX;
	return 1;
}
