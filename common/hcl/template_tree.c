/* Pieces of a template as a tree: %{if} and %{for} take what follows. */
#include "common/hcl/template.h"

#include <string.h>

struct nest {
	struct hcl_parser *p;
	const struct pieces *list;
	size_t at;
};

static struct hcl_expr *nest_piece(struct nest *n);

static struct hcl_expr *
piece_text(struct nest *n, const struct piece *piece)
{
	return parser_literal(n->p,
	    hcl_value_string(n->p->arena, piece->text, piece->len),
	    piece->range);
}

static struct hcl_expr *
bad_piece(struct nest *n, const struct piece *piece)
{
	return parser_new(n->p, HCL_E_BAD, piece->range);
}

static const char *
piece_name(enum piece_kind kind)
{
	return kind == P_ELSE ? "else" : kind == P_ENDIF ? "endif" : "endfor";
}

static void
nest_error(struct nest *n, const struct piece *end, const struct piece *open,
    const char *detail_before, const char *detail_after)
{
	struct buf summary = { 0 }, at = { 0 };

	if (open != NULL)
		hcl_range_format(open->range, &at);
	if (end->kind == P_END)
		buf_adds(&summary, "Unexpected end of template");
	else
		buf_addf(
		    &summary, "Unexpected %s directive", piece_name(end->kind));
	hcl_diag_add(n->p->d, end->range, buf_str(&summary), "%s%s%s",
	    detail_before, buf_str(&at), detail_after);
	buf_release(&summary);
	buf_release(&at);
}

/* What stands between a directive and its end, as one template. */
static struct hcl_expr *
as_template(struct nest *n, struct hcl_exprs *parts, struct hcl_range at)
{
	struct hcl_expr *e;

	if (parts->n == 0)
		parser_push(n->p, parts,
		    parser_literal(
			n->p, hcl_value_string(n->p->arena, "", 0), at));
	e = parser_new(n->p, HCL_E_TEMPLATE, at);
	e->parts = parts->v;
	e->nparts = parts->n;
	return e;
}

static struct hcl_expr *
nest_if(struct nest *n, const struct piece *open)
{
	struct hcl_exprs parts[2] = { { 0 }, { 0 } };
	struct hcl_expr *e = parser_new(n->p, HCL_E_COND, open->range);
	size_t side = 0;

	for (;;) {
		const struct piece *piece = &n->list->v[n->at];

		if (piece->kind < P_ELSE) {
			parser_push(n->p, &parts[side], nest_piece(n));
			continue;
		}
		if (piece->kind == P_END) {
			nest_error(n, piece, open, "The if directive at ",
			    " is missing its corresponding endif directive.");
			return bad_piece(n, piece);
		}
		n->at++;
		if (piece->kind == P_ENDIF)
			break;
		if (piece->kind == P_ELSE && side == 0) {
			side = 1;
			continue;
		}
		if (piece->kind == P_ELSE)
			nest_error(n, piece, open,
			    "Already in the else clause for the if started at ",
			    ".");
		else
			nest_error(n, piece, open,
			    "Expecting an endif directive for the if started "
			    "at ",
			    ".");
		return bad_piece(n, piece);
	}
	e->one = open->expr;
	e->two = as_template(n, &parts[0], open->range);
	e->three = as_template(n, &parts[1], open->range);
	return e;
}

static struct hcl_expr *
nest_for(struct nest *n, const struct piece *open)
{
	struct hcl_exprs parts = { 0 };
	struct hcl_expr *join = parser_new(n->p, HCL_E_JOIN, open->range);
	struct hcl_expr *e = parser_new(n->p, HCL_E_FOR, open->range);

	for (;;) {
		const struct piece *piece = &n->list->v[n->at];

		if (piece->kind < P_ELSE) {
			parser_push(n->p, &parts, nest_piece(n));
			continue;
		}
		if (piece->kind == P_END) {
			nest_error(n, piece, open, "The for directive at ",
			    " is missing its corresponding endfor directive.");
			return bad_piece(n, piece);
		}
		n->at++;
		if (piece->kind == P_ENDFOR)
			break;
		if (piece->kind == P_ELSE)
			nest_error(n, piece, NULL,
			    "An else clause is not expected for a for "
			    "directive.",
			    "");
		else
			nest_error(n, piece, open,
			    "Expecting an endfor directive corresponding to "
			    "the for directive at ",
			    ".");
		return bad_piece(n, piece);
	}
	e->one = open->expr;
	e->two = as_template(n, &parts, open->range);
	e->loop = open->loop;
	join->one = e;
	return join;
}

static struct hcl_expr *
nest_piece(struct nest *n)
{
	const struct piece *piece = &n->list->v[n->at++];
	struct hcl_expr *e;

	switch (piece->kind) {
	case P_TEXT:
		return piece_text(n, piece);
	case P_INTERP:
		return piece->expr;
	case P_IF:
	case P_FOR:
		if (!parser_down(n->p))
			return bad_piece(n, piece);
		e = piece->kind == P_IF ? nest_if(n, piece)
					: nest_for(n, piece);
		parser_up(n->p);
		return e;
	case P_ELSE:
	case P_ENDIF:
	case P_ENDFOR:
	case P_END:
		break;
	}
	nest_error(n, piece, NULL,
	    "The control directives within this template are unbalanced.", "");
	return bad_piece(n, piece);
}

struct hcl_expr *
parser_template(struct hcl_parser *p, struct hcl_range open,
    enum hcl_tok closing, bool flush)
{
	struct pieces list = { 0 };
	struct nest n = { p, &list, 0 };
	struct hcl_exprs parts = { 0 };
	struct hcl_expr *e;

	parser_newlines(p, true);
	template_pieces(p, &list, closing);
	parser_newlines_end(p);
	open = hcl_range_over(open, parser_prev_range(p));
	if (flush)
		template_flush(&list);
	template_join(p, &list);
	if (list.n == 2 && list.v[0].kind == P_INTERP) {
		e = parser_new(p, HCL_E_WRAP, open);
		e->one = list.v[0].expr;
		return e;
	}
	while (n.at < list.n - 1)
		parser_push(p, &parts, nest_piece(&n));
	e = parser_new(p, HCL_E_TEMPLATE, open);
	e->parts = parts.v;
	e->nparts = parts.n;
	return e;
}
