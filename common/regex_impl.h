/*
 * Inside regex.c and regex_parse.c: a program, which the one runs and the
 * other makes with what regex_class.c and regex_repeat.c have.
 */
#ifndef COMMON_REGEX_IMPL_H
#define COMMON_REGEX_IMPL_H

#include <stdint.h>

#include "common/regex.h"

enum regex_op {
	RE_CHAR,  /* the code point x */
	RE_ANY,   /* any */
	RE_CLASS, /* one of y ranges from x on, or none of them */
	RE_SPLIT, /* goes on at x or else at y, from here */
	RE_JUMP,  /* goes on at x, from here */
	RE_SAVE,  /* this place is at[x] */
	RE_LOOK,  /* enum regex_look x holds here */
	RE_MATCH,
};

enum regex_look {
	RE_TEXT_START,
	RE_TEXT_END,
	RE_LINE_START,
	RE_LINE_END,
	RE_WORD_EDGE,
	RE_NO_WORD_EDGE,
};

struct regex_inst {
	uint8_t op;
	bool fold;   /* CHAR, CLASS: without regard to ASCII case */
	bool negate; /* CLASS */
	int32_t x, y;
};

struct regex_range {
	int32_t low, high;
};

struct regex {
	struct regex_inst *v;
	size_t n, cap;
	struct regex_range *ranges;
	size_t nranges, ranges_cap;
	size_t ngroups;
	char *names[REGEX_MAX_GROUPS]; /* NULL: it has none */
};

enum regex_flag {
	RE_FOLD = 1,   /* i */
	RE_LINES = 2,  /* m: ^ and $ at lines, too */
	RE_DOT_NL = 4, /* s: . takes a line feed */
	RE_LAZY = 8,   /* U */
};

struct regex_parser {
	struct regex *re;
	const char *start, *s, *end;
	unsigned flags;
	size_t depth;
	struct err *err;
};

/* A class by name. */
struct regex_set {
	const char *name;
	const char *pairs; /* of ASCII: first and last */
};

/* All that are bool return false for what is wrong, and p->err. */

/* Always false; the part of the pattern that is wrong is shown. */
bool regex_fail(
    struct regex_parser *p, const char *what, const char *from, const char *to);
bool regex_too_large(struct regex_parser *p);

/* The i-th byte that is left, NUL behind the end. */
char regex_peek(const struct regex_parser *p, size_t i);
bool regex_begins(const struct regex_parser *p, const char *with);

/* The next code point; what an escape stands for. */
bool regex_take_cp(struct regex_parser *p, int32_t *cp);
bool regex_take_escape(struct regex_parser *p, int32_t *cp);

/* Adds an instruction. */
bool regex_emit(struct regex_parser *p, enum regex_op op, int32_t x, int32_t y);

/* The same before what has been written from `at` on. */
bool regex_insert(
    struct regex_parser *p, size_t at, enum regex_op op, int32_t x, int32_t y);

/* How often: max REGEX_NO_END for no end. */
struct regex_repeat {
	unsigned min, max;
	bool lazy;
};
#define REGEX_NO_END UINT32_MAX

/* An operator at p->s; false, and nothing taken, when there is none. */
bool regex_take_repeat(struct regex_parser *p, struct regex_repeat *r);
/* Lets what stands from `at` on come so often. */
bool regex_repeat(
    struct regex_parser *p, size_t at, const struct regex_repeat *r);

/* \d, \S and their like at p->s; NULL when it is another escape. */
const struct regex_set *regex_perl_class(struct regex_parser *p, bool *negate);

/* Ranges are added to those of the pattern; regex_end_class() makes an
 * instruction of those from `from` on. */
bool regex_add_range(struct regex_parser *p, int32_t low, int32_t high);
bool regex_add_class(
    struct regex_parser *p, const struct regex_set *c, bool negate);
bool regex_end_class(struct regex_parser *p, size_t from, bool negate);

/* [...] at p->s. */
bool regex_parse_class(struct regex_parser *p);

/* Fills a zeroed program; -1 and err. */
int regex_parse(
    struct regex *re, const char *pattern, size_t n, struct err *err);

#endif
