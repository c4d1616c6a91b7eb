#include "common/regex_impl.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"

#define NONE SIZE_MAX

void
regex_free(struct regex *re)
{
	if (re == NULL)
		return;
	for (size_t i = 0; i < REGEX_MAX_GROUPS; i++)
		free(re->names[i]);
	free(re->v);
	free(re->ranges);
	free(re);
}

struct regex *
regex_new(const char *pattern, size_t n, struct err *err)
{
	struct regex *re = xcalloc(1, sizeof *re);

	if (regex_parse(re, pattern, n, err) == 0)
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
	for (size_t i = 1; i < re->ngroups; i++)
		if (re->names[i] != NULL && strlen(re->names[i]) == n &&
		    memcmp(re->names[i], name, n) == 0)
			return i;
	return 0;
}

/* --- what stands at a place --- */

#define NO_CHAR (-1)

/* The code point at p and its length. */
static int32_t
decode(const char *text, size_t n, size_t at, size_t *len)
{
	const uint8_t *p = (const uint8_t *)text + at;

	*len = 0;
	if (at >= n)
		return NO_CHAR;
	*len = 1;
	if (p[0] < 0x80)
		return p[0];
	*len = text_utf8_len(p, n - at);
	switch (*len) {
	case 2:
		return (p[0] & 0x1f) << 6 | (p[1] & 0x3f);
	case 3:
		return (p[0] & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f);
	case 4:
		return (p[0] & 0x07) << 18 | (p[1] & 0x3f) << 12 |
		       (p[2] & 0x3f) << 6 | (p[3] & 0x3f);
	default:
		*len = 1;
		return 0xfffd;
	}
}

static bool
is_word(const char *text, size_t n, size_t at)
{
	char c = at < n ? text[at] : '\0';

	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '_';
}

static bool
looks(enum regex_look look, const char *text, size_t n, size_t at)
{
	bool before = at > 0 && is_word(text, n, at - 1);

	switch (look) {
	case RE_TEXT_START:
		return at == 0;
	case RE_TEXT_END:
		return at == n;
	case RE_LINE_START:
		return at == 0 || text[at - 1] == '\n';
	case RE_LINE_END:
		return at == n || text[at] == '\n';
	case RE_WORD_EDGE:
		return before != is_word(text, n, at);
	case RE_NO_WORD_EDGE:
		return before == is_word(text, n, at);
	}
	return false;
}

/* The letter's other case, or itself. */
static int32_t
other_case(int32_t cp)
{
	if ((cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z'))
		return cp ^ 0x20;
	return cp;
}

/* The ranges are sorted and apart. */
static bool
in_ranges(const struct regex *re, const struct regex_inst *in, int32_t cp)
{
	const struct regex_range *r = re->ranges + in->x;
	int32_t low = 0, high = in->y;

	while (low < high) {
		int32_t mid = low + (high - low) / 2;

		if (cp > r[mid].high)
			low = mid + 1;
		else if (cp < r[mid].low)
			high = mid;
		else
			return true;
	}
	return false;
}

static bool
takes(const struct regex *re, const struct regex_inst *in, int32_t cp)
{
	int32_t other = in->fold ? other_case(cp) : cp;

	switch ((enum regex_op)in->op) {
	case RE_CHAR:
		return cp == in->x || other == in->x;
	case RE_ANY:
		return cp != NO_CHAR;
	case RE_CLASS:
		return cp != NO_CHAR &&
		       (in_ranges(re, in, cp) || in_ranges(re, in, other)) !=
			   in->negate;
	case RE_SPLIT:
	case RE_JUMP:
	case RE_SAVE:
	case RE_LOOK:
	case RE_MATCH:
		break;
	}
	return false;
}

/* --- the search --- */

/* What a match may still become, the more wanted first: an instruction each,
 * and in at[] what its groups are so far. */
struct threads {
	uint32_t *pcs;
	size_t *at;     /* of the i-th: from i * nat on */
	uint32_t *seen; /* by instruction: the round in which it came */
	size_t n;
};

/* What is left to do when one is added: an instruction, or a group's place
 * to be put back. */
struct todo {
	uint32_t pc;
	uint32_t slot; /* pc is RESTORE: at[slot] becomes old */
	size_t old;
};
#define RESTORE UINT32_MAX

struct search {
	const struct regex *re;
	const char *text;
	size_t n;
	size_t nat;
	struct threads now, next;
	struct todo *todo;
	size_t *at; /* of the thread that is being added */
	uint32_t round;
	size_t *budget;
};

static void
threads_init(struct threads *t, size_t ninst, size_t nat)
{
	t->pcs = xcalloc(ninst, sizeof *t->pcs);
	t->seen = xcalloc(ninst, sizeof *t->seen);
	t->at = xcalloc(ninst * nat + 1, sizeof *t->at);
}

static void
threads_release(struct threads *t)
{
	free(t->pcs);
	free(t->seen);
	free(t->at);
}

static void
spend(struct search *s, size_t n)
{
	*s->budget -= n < *s->budget ? n : *s->budget;
}

static void
push(struct search *s, size_t *ntodo, size_t pc)
{
	s->todo[(*ntodo)++] = (struct todo){ .pc = (uint32_t)pc };
}

/* Follows what takes no character. */
static void
step(
    struct search *s, struct threads *t, size_t pc, size_t place, size_t *ntodo)
{
	const struct regex_inst *in = &s->re->v[pc];

	switch ((enum regex_op)in->op) {
	case RE_SPLIT:
		push(s, ntodo, pc + (size_t)in->y);
		push(s, ntodo, pc + (size_t)in->x);
		break;
	case RE_JUMP:
		push(s, ntodo, pc + (size_t)in->x);
		break;
	case RE_SAVE:
		if ((size_t)in->x < s->nat) {
			s->todo[(*ntodo)++] = (struct todo){ RESTORE,
				(uint32_t)in->x, s->at[in->x] };
			s->at[in->x] = place;
		}
		push(s, ntodo, pc + 1);
		break;
	case RE_LOOK:
		if (looks((enum regex_look)in->x, s->text, s->n, place))
			push(s, ntodo, pc + 1);
		break;
	case RE_CHAR:
	case RE_ANY:
	case RE_CLASS:
	case RE_MATCH:
		if (s->nat > 0)
			memcpy(t->at + t->n * s->nat, s->at,
			    s->nat * sizeof *s->at);
		t->pcs[t->n++] = (uint32_t)pc;
		break;
	}
}

/* Adds the instruction and what it leads to; s->at is as before then. */
static void
add(struct search *s, struct threads *t, size_t pc, size_t place)
{
	size_t ntodo = 0;

	push(s, &ntodo, pc);
	while (ntodo > 0) {
		const struct todo one = s->todo[--ntodo];

		if (one.pc == RESTORE) {
			s->at[one.slot] = one.old;
			continue;
		}
		if (t->seen[one.pc] == s->round)
			continue;
		t->seen[one.pc] = s->round;
		spend(s, 1 + s->nat / 8);
		step(s, t, one.pc, place, &ntodo);
	}
}

/* Lets all threads have the character; true when one of them has matched,
 * which ends those that are less wanted. */
static bool
turn(struct search *s, int32_t cp, size_t next_place, size_t *found)
{
	bool matched = false;

	s->next.n = 0;
	s->round++;
	for (size_t i = 0; i < s->now.n && !matched; i++) {
		size_t pc = s->now.pcs[i];
		const struct regex_inst *in = &s->re->v[pc];

		if (s->nat > 0)
			memcpy(s->at, s->now.at + i * s->nat,
			    s->nat * sizeof *s->at);
		if (in->op == RE_MATCH) {
			matched = true;
			if (s->nat > 0)
				memcpy(found, s->at, s->nat * sizeof *found);
		} else if (takes(s->re, in, cp)) {
			add(s, &s->next, pc + 1, next_place);
		}
	}
	return matched;
}

static int
run(struct search *s, size_t from, size_t *found)
{
	bool matched = false;
	size_t len;

	for (size_t at = from;; at += len) {
		int32_t cp = decode(s->text, s->n, at, &len);
		struct threads swap;

		if (!matched) {
			for (size_t i = 0; i < s->nat; i++)
				s->at[i] = NONE;
			add(s, &s->now, 0, at);
		}
		if (*s->budget == 0)
			return -1;
		matched |= turn(s, cp, at + len, found);
		swap = s->now;
		s->now = s->next;
		s->next = swap;
		if (cp == NO_CHAR || (matched && s->now.n == 0))
			return matched;
	}
}

int
regex_search(const struct regex *re, const char *text, size_t n, size_t from,
    size_t *at, size_t *budget)
{
	size_t nat = at != NULL ? 2 * re->ngroups : 0;
	struct search s = { .re = re,
		.text = text,
		.n = n,
		.nat = nat,
		.round = 1,
		.budget = budget };
	int rc;

	spend(&s, re->n);
	threads_init(&s.now, re->n, nat);
	threads_init(&s.next, re->n, nat);
	s.todo = xcalloc(3 * re->n + 1, sizeof *s.todo);
	s.at = xcalloc(nat + 1, sizeof *s.at);
	rc = run(&s, from, at);
	threads_release(&s.now);
	threads_release(&s.next);
	free(s.todo);
	free(s.at);
	return rc;
}
