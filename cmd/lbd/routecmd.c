#include "cmd/lbd/routecmd.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

/* What is left of a line. */
struct scan {
	struct arena *arena;
	const char *p, *end;
};

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
skip_blanks(struct scan *s)
{
	while (s->p < s->end && is_blank(*s->p))
		s->p++;
}

/* The next word, or NULL at the end of the line. */
static const char *
next_word(struct scan *s)
{
	const char *start;

	skip_blanks(s);
	start = s->p;
	while (s->p < s->end && !is_blank(*s->p))
		s->p++;
	if (s->p == start)
		return NULL;
	return arena_strndup(s->arena, start, (size_t)(s->p - start));
}

/* Takes the word if it comes next. */
static bool
take_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	skip_blanks(s);
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return false;
	if (s->p + n < s->end && !is_blank(s->p[n]))
		return false;
	s->p += n;
	return true;
}

/* Takes `word "text"` and hands out what stands between the quotes. */
static bool
take_quoted(struct scan *s, const char *word, const char **text, size_t *n)
{
	struct scan t = *s;
	const char *close;

	if (!take_word(&t, word))
		return false;
	skip_blanks(&t);
	if (t.p == t.end || *t.p != '"')
		return false;
	close = memchr(t.p + 1, '"', (size_t)(t.end - t.p - 1));
	if (close == NULL || (close + 1 < t.end && !is_blank(close[1])))
		return false;
	*text = t.p + 1;
	*n = (size_t)(close - *text);
	s->p = close + 1;
	return true;
}

/* "a , b" into "a" and "b". */
static void
split_tags(struct scan *s, const char *p, size_t n, struct routecmd *c)
{
	const char *end = p + n;
	size_t most = 1;

	for (const char *q = p; q < end; q++)
		most += *q == ',';
	c->tags = arena_alloc(s->arena, most * sizeof *c->tags);
	while (p <= end) {
		const char *stop = memchr(p, ',', (size_t)(end - p));
		const char *next = stop == NULL ? end + 1 : stop + 1;

		if (stop == NULL)
			stop = end;
		while (p < stop && is_blank(*p))
			p++;
		while (stop > p && is_blank(stop[-1]))
			stop--;
		c->tags[c->ntags++] =
		    arena_strndup(s->arena, p, (size_t)(stop - p));
		p = next;
	}
}

/* Keeps the options sorted; of equal keys the last one stays. */
static void
put_opt(struct routecmd *c, const char *key, const char *value)
{
	size_t i = 0;

	while (i < c->nopts && strcmp(c->opts[i].key, key) < 0)
		i++;
	if (i == c->nopts || strcmp(c->opts[i].key, key) != 0) {
		memmove(&c->opts[i + 1], &c->opts[i],
		    (c->nopts - i) * sizeof *c->opts);
		c->nopts++;
	}
	c->opts[i].key = key;
	c->opts[i].value = value;
}

static void
split_opts(struct scan *s, const char *p, size_t n, struct routecmd *c)
{
	struct scan t = { s->arena, p, p + n };
	const char *word;

	/* Every option but the last is followed by a blank. */
	c->opts = arena_alloc(s->arena, (n / 2 + 1) * sizeof *c->opts);
	while ((word = next_word(&t)) != NULL) {
		const char *eq = strchr(word, '=');

		if (eq == NULL)
			put_opt(c, word, "");
		else
			put_opt(c,
			    arena_strndup(s->arena, word, (size_t)(eq - word)),
			    eq + 1);
	}
}

/* An optional ` weight <w>`; -1 when w is no number. */
static int
take_weight(struct scan *s, struct routecmd *c, bool *found, struct err *err)
{
	const char *word;
	char *end;

	*found = take_word(s, "weight");
	if (!*found)
		return 0;
	word = next_word(s);
	if (word == NULL)
		return err_set(
		    err, ERR_BAD, "syntax error: weight value missing");
	c->weight = strtod(word, &end);
	if (*end != '\0' || !isfinite(c->weight))
		return err_set(
		    err, ERR_BAD, "syntax error: weight value invalid");
	return 0;
}

static bool
take_tags(struct scan *s, struct routecmd *c)
{
	const char *text;
	size_t n;

	if (!take_quoted(s, "tags", &text, &n))
		return false;
	split_tags(s, text, n, c);
	return true;
}

static bool
at_end(struct scan *s)
{
	skip_blanks(s);
	return s->p == s->end;
}

static int
parse_add(struct scan *s, struct routecmd *c, struct err *err)
{
	const char *text;
	bool found;
	size_t n;

	c->service = next_word(s);
	c->src = next_word(s);
	c->dst = next_word(s);
	if (c->dst == NULL)
		return err_set(err, ERR_BAD,
		    "syntax error: 'route add' needs a service, a source and a "
		    "destination");
	if (take_weight(s, c, &found, err) == -1)
		return -1;
	take_tags(s, c);
	if (take_quoted(s, "opts", &text, &n))
		split_opts(s, text, n, c);
	if (!at_end(s))
		return err_set(err, ERR_BAD,
		    "syntax error: 'route add' does not understand '%.*s'",
		    (int)(s->end - s->p > 80 ? 80 : s->end - s->p), s->p);
	return 0;
}

static int
parse_del(struct scan *s, struct routecmd *c, struct err *err)
{
	if (!take_tags(s, c)) {
		c->service = next_word(s);
		if (c->service == NULL)
			return err_set(err, ERR_BAD,
			    "syntax error: 'route del' needs a service or "
			    "tags");
		if (!take_tags(s, c)) {
			c->src = next_word(s);
			c->dst = next_word(s);
		}
	}
	if (!at_end(s))
		return err_set(err, ERR_BAD,
		    "syntax error: 'route del' has words left over");
	return 0;
}

static int
parse_weight(struct scan *s, struct routecmd *c, struct err *err)
{
	bool found;

	c->src = next_word(s);
	if (c->src != NULL && take_weight(s, c, &found, err) == -1)
		return -1;
	if (c->src != NULL && !found) {
		c->service = c->src;
		c->src = next_word(s);
		if (take_weight(s, c, &found, err) == -1)
			return -1;
	}
	if (c->src == NULL || !found)
		return err_set(err, ERR_BAD,
		    "syntax error: 'route weight' needs a source and a weight");
	if (!take_tags(s, c) && c->service == NULL)
		return err_set(err, ERR_BAD,
		    "syntax error: 'route weight' needs a service or tags");
	if (!at_end(s))
		return err_set(err, ERR_BAD,
		    "syntax error: 'route weight' has words left over");
	return 0;
}

static int
parse_line(struct scan *s, struct routecmd *c, struct err *err)
{
	int rc;

	if (!take_word(s, "route"))
		return err_set(err, ERR_BAD, "syntax error: 'route' expected");
	if (take_word(s, "add")) {
		c->verb = ROUTECMD_ADD;
		rc = parse_add(s, c, err);
	} else if (take_word(s, "del")) {
		c->verb = ROUTECMD_DEL;
		rc = parse_del(s, c, err);
	} else if (take_word(s, "weight")) {
		c->verb = ROUTECMD_WEIGHT;
		rc = parse_weight(s, c, err);
	} else {
		return err_set(err, ERR_BAD,
		    "syntax error: 'add', 'del' or 'weight' expected");
	}
	if (c->service == NULL)
		c->service = "";
	if (c->src == NULL)
		c->src = "";
	if (c->dst == NULL)
		c->dst = "";
	return rc;
}

static bool
is_comment(const struct scan *s)
{
	size_t n = (size_t)(s->end - s->p);

	return n == 0 || *s->p == '#' ||
	       (n >= 2 && s->p[0] == '/' && s->p[1] == '/');
}

int
routecmd_parse(
    struct routecmd_list *list, const char *text, size_t n, struct err *err)
{
	const char *p = text, *end = text + n;
	size_t line = 0;

	if (n > ROUTECMD_MAX_TEXT)
		return err_set(err, ERR_BAD, "more than %u bytes of routes",
		    ROUTECMD_MAX_TEXT);
	if (memchr(text, '\0', n) != NULL)
		return err_set(err, ERR_BAD, "a NUL byte among the routes");
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		struct scan s = { &list->arena, p, nl == NULL ? end : nl };
		struct routecmd cmd = { 0 };

		cmd.line = ++line;
		p = nl == NULL ? end : nl + 1;
		skip_blanks(&s);
		if (is_comment(&s))
			continue;
		if (parse_line(&s, &cmd, err) == -1)
			return err_add(err, "line %zu", line);
		if (list->ncmds == ROUTECMD_MAX_CMDS)
			return err_set(err, ERR_BAD, "more than %d routes",
			    ROUTECMD_MAX_CMDS);
		list->cmds =
		    xgrow(list->cmds, list->ncmds, &list->cap, sizeof cmd);
		list->cmds[list->ncmds++] = cmd;
	}
	return 0;
}

void
routecmd_release(struct routecmd_list *list)
{
	arena_release(&list->arena);
	free(list->cmds);
	*list = (struct routecmd_list){ 0 };
}

const char *
routecmd_opt(const struct routecmd *c, const char *key)
{
	for (size_t i = 0; i < c->nopts; i++)
		if (strcmp(c->opts[i].key, key) == 0)
			return c->opts[i].value;
	return NULL;
}

const char *
routecmd_verb_name(enum routecmd_verb verb)
{
	switch (verb) {
	case ROUTECMD_ADD:
		return "route add";
	case ROUTECMD_DEL:
		return "route del";
	case ROUTECMD_WEIGHT:
		return "route weight";
	}
	return "";
}
