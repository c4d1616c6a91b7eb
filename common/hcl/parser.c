/* The parser's hands: reading tokens, telling mistakes, and finding its way
 * after one. */
#include "common/hcl/parser.h"

#include <stdlib.h>
#include <string.h>

void
parser_start(struct hcl_parser *p, struct hcl_file *file,
    const struct hcl_src *src, const struct hcl_tokens *toks,
    struct hcl_diags *d)
{
	*p = (struct hcl_parser){ .file = file,
		.arena = &file->arena,
		.src = src,
		.toks = toks->v,
		.ntoks = toks->n,
		.d = d };
	parser_newlines(p, true);
}

/* --- tokens --- */

struct hcl_token
parser_peek(struct hcl_parser *p)
{
	if (!p->newlines[p->nnewlines - 1])
		while (p->toks[p->at].type == T_NEWLINE)
			p->at++;
	return p->toks[p->at];
}

struct hcl_token
parser_read(struct hcl_parser *p)
{
	struct hcl_token t = parser_peek(p);

	p->prev = p->at;
	if (t.type != T_EOF)
		p->at++;
	return t;
}

struct hcl_range
parser_range(const struct hcl_parser *p, struct hcl_token t)
{
	return (struct hcl_range){ p->src, t.start, t.end };
}

struct hcl_range
parser_prev_range(const struct hcl_parser *p)
{
	return parser_range(p, p->toks[p->prev]);
}

bool
parser_is_word(const struct hcl_parser *p, struct hcl_token t, const char *word)
{
	size_t n = strlen(word);

	return t.type == T_IDENT && t.end - t.start == n &&
	       memcmp(p->src->text + t.start, word, n) == 0;
}

const char *
parser_text(struct hcl_parser *p, struct hcl_token t)
{
	return arena_strndup(p->arena, p->src->text + t.start, t.end - t.start);
}

void
parser_newlines(struct hcl_parser *p, bool matter)
{
	if (p->nnewlines < PARSER_MAX_NEWLINES)
		p->newlines[p->nnewlines] = matter;
	p->nnewlines++;
	if (p->nnewlines > PARSER_MAX_NEWLINES)
		p->nnewlines = PARSER_MAX_NEWLINES;
}

void
parser_newlines_end(struct hcl_parser *p)
{
	if (p->nnewlines > 1)
		p->nnewlines--;
}

/* --- mistakes --- */

void
parser_error(struct hcl_parser *p, struct hcl_token t, const char *summary,
    const char *detail)
{
	hcl_diag_add(p->d, parser_range(p, t), summary, "%s", detail);
}

void
parser_error_once(struct hcl_parser *p, struct hcl_token t, const char *summary,
    const char *detail)
{
	if (!p->recovering)
		parser_error(p, t, summary, detail);
}

size_t
parser_nerrors(const struct hcl_parser *p)
{
	return p->d->n + p->d->nmore;
}

bool
parser_failed_since(const struct hcl_parser *p, size_t nerrors)
{
	return p->recovering && parser_nerrors(p) > nerrors;
}

bool
parser_down(struct hcl_parser *p)
{
	if (p->depth < HCL_MAX_DEPTH) {
		p->depth++;
		return true;
	}
	if (p->toks[p->at].type != T_EOF)
		parser_error(p, p->toks[p->at], "Nesting too deep",
		    "Blocks and expressions may not be nested this deeply.");
	p->recovering = true;
	p->at = p->ntoks - 1;
	return false;
}

void
parser_up(struct hcl_parser *p)
{
	p->depth--;
}

static enum hcl_tok
opener_of(enum hcl_tok closing)
{
	static const enum hcl_tok openers[] = {
		[T_CBRACE] = T_OBRACE,
		[T_CBRACK] = T_OBRACK,
		[T_CPAREN] = T_OPAREN,
		[T_CQUOTE] = T_OQUOTE,
		[T_CHEREDOC] = T_OHEREDOC,
		[T_SEQ_END] = T_INTERP,
	};

	return closing < sizeof openers / sizeof openers[0] ? openers[closing]
							    : T_EOF;
}

struct hcl_token
parser_recover(struct hcl_parser *p, enum hcl_tok closing)
{
	enum hcl_tok opener = opener_of(closing), type;
	size_t nest = 0;

	p->recovering = true;
	for (;;) {
		struct hcl_token t = parser_read(p);

		type = t.type == T_CONTROL ? T_INTERP : t.type;
		if (type == T_EOF || (type == closing && nest == 0))
			return t;
		if (type == closing)
			nest--;
		else if (type == opener && opener != T_EOF)
			nest++;
	}
}

/* What is open, as parser_recover_item() meets it. */
struct open_list {
	enum hcl_tok v[HCL_MAX_DEPTH];
	size_t n;
};

static void
open_list_close(struct open_list *open, enum hcl_tok opener)
{
	while (open->n > 0 && open->v[open->n - 1] != opener)
		open->n--;
	if (open->n > 0)
		open->n--;
}

void
parser_recover_item(struct hcl_parser *p)
{
	struct open_list open = { .n = 0 };

	p->recovering = true;
	for (;;) {
		struct hcl_token t = parser_read(p);
		enum hcl_tok opener = opener_of(t.type);

		if (t.type == T_EOF || (t.type == T_NEWLINE && open.n == 0))
			return;
		if (t.type == T_CONTROL)
			t.type = T_INTERP;
		if (opener != T_EOF)
			open_list_close(&open, opener);
		else if ((t.type == T_OBRACE || t.type == T_OBRACK ||
			     t.type == T_OPAREN || t.type == T_OQUOTE ||
			     t.type == T_OHEREDOC || t.type == T_INTERP) &&
			 open.n < HCL_MAX_DEPTH)
			open.v[open.n++] = t.type;
	}
}

/* --- growing lists --- */

void *
parser_grow(struct hcl_parser *p, void *old, size_t n, size_t *cap, size_t size)
{
	void *bigger;

	if (n < *cap)
		return old;
	*cap = *cap == 0 ? 4 : *cap * 2;
	bigger = arena_alloc(p->arena, *cap * size);
	if (n > 0)
		memcpy(bigger, old, n * size);
	return bigger;
}

void
parser_push(struct hcl_parser *p, struct hcl_exprs *list, struct hcl_expr *e)
{
	list->v =
	    parser_grow(p, list->v, list->n, &list->cap, sizeof(*list->v));
	list->v[list->n++] = e;
}
