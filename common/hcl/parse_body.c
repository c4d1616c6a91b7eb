#include "common/hcl/parser.h"

#include <stdlib.h>
#include <string.h>

#define ITEM_REQUIRED "Argument or block definition required"
#define ITEM_DETAIL   "An argument or block definition is required here."
#define ITEM_EQUALS                                                        \
	ITEM_DETAIL                                                        \
	" To set an argument, use the equals sign \"=\" to introduce the " \
	"argument value."

/* A body as it grows. */
struct body_builder {
	struct hcl_body *body;
	size_t attr_cap;
	size_t block_cap;
};

static void
add_attr(struct hcl_parser *p, struct body_builder *b, struct hcl_attr attr)
{
	struct hcl_body *body = b->body;

	for (size_t i = 0; i < body->nattrs; i++)
		if (strcmp(body->attrs[i].name, attr.name) == 0) {
			struct buf at = { 0 };

			hcl_range_format(body->attrs[i].name_range, &at);
			hcl_diag_add(p->d, attr.name_range,
			    "Attribute redefined",
			    "The argument \"%s\" was already set at %s. Each "
			    "argument may be set only once.",
			    attr.name, buf_str(&at));
			buf_release(&at);
			return;
		}
	if (body->nattrs == HCL_MAX_ATTRS) {
		hcl_diag_add(p->d, attr.name_range, "Too many arguments",
		    "A block may have %d arguments at most.", HCL_MAX_ATTRS);
		p->at = p->ntoks - 1;
		return;
	}
	body->attrs = parser_grow(
	    p, body->attrs, body->nattrs, &b->attr_cap, sizeof attr);
	body->attrs[body->nattrs++] = attr;
}

static void
parse_attr(struct hcl_parser *p, struct body_builder *b, struct hcl_token ident,
    bool single_line)
{
	struct hcl_attr attr = { .name = parser_text(p, ident),
		.name_range = parser_range(p, ident) };
	size_t nerrors = parser_nerrors(p);
	struct hcl_token end;

	parser_read(p); /* = */
	attr.expr = parser_expr(p);
	attr.range = hcl_range_over(attr.name_range, parser_prev_range(p));
	if (parser_failed_since(p, nerrors)) {
		parser_recover_item(p);
	} else if (!single_line) {
		end = parser_peek(p);
		if (end.type == T_NEWLINE || end.type == T_EOF) {
			parser_read(p);
		} else {
			if (end.type == T_COMMA)
				parser_error_once(p, end,
				    "Unexpected comma after argument",
				    "Argument definitions must be separated by "
				    "newlines, not commas. An argument "
				    "definition must end with a newline.");
			else
				parser_error_once(p, end,
				    "Missing newline after argument",
				    "An argument definition must end with a "
				    "newline.");
			parser_recover_item(p);
		}
	}
	add_attr(p, b, attr);
}

/* A quoted label or JSON-like name, up to and with its closing quote. */
static struct hcl_label
parse_label(struct hcl_parser *p)
{
	struct hcl_token open = parser_read(p), t;
	struct buf text = { 0 };
	struct hcl_label label;

	for (;;) {
		t = parser_read(p);
		if (t.type == T_CQUOTE)
			break;
		if (t.type == T_QUOTED_LIT) {
			parser_unescape(p, t, &text);
		} else if (t.type == T_INTERP || t.type == T_CONTROL) {
			char c = t.type == T_INTERP ? '$' : '%';

			hcl_diag_add(p->d, parser_range(p, t),
			    "Invalid string literal",
			    "Template sequences are not allowed in this "
			    "string. To include a literal \"%c\", double it "
			    "(as \"%c%c\") to escape it.",
			    c, c, c);
			parser_recover(p, T_SEQ_END);
		} else if (t.type == T_EOF) {
			parser_error(p, t, "Unterminated string literal",
			    "Unable to find the closing quote mark before the "
			    "end of the file.");
			break;
		} else {
			parser_error(p, t, "Invalid string literal",
			    "This item is not valid in a string literal.");
			parser_recover(p, T_CQUOTE);
			break;
		}
	}
	label.text = arena_strndup(p->arena, buf_str(&text), text.len);
	label.range =
	    hcl_range_over(parser_range(p, open), parser_prev_range(p));
	buf_release(&text);
	return label;
}

static void
block_header_error(struct hcl_parser *p, struct hcl_token t)
{
	static const char summary[] = "Invalid block definition";

	if (t.type == T_EQUAL)
		parser_error(p, t, summary,
		    "The equals sign \"=\" indicates an argument definition, "
		    "and must not be used when defining a block.");
	else if (t.type == T_NEWLINE)
		parser_error(p, t, summary,
		    "A block definition must have block content delimited by "
		    "\"{\" and \"}\", starting on the same line as the block "
		    "header.");
	else
		parser_error_once(p, t, summary,
		    "Either a quoted string block label or an opening brace "
		    "(\"{\") is expected here.");
}

/* Labels and the opening brace; false when there is none. */
static bool
parse_block_header(struct hcl_parser *p, struct hcl_block *block)
{
	size_t cap = 0;

	for (;;) {
		struct hcl_token t = parser_peek(p);
		struct hcl_label label;

		if (t.type == T_OBRACE) {
			parser_read(p);
			block->open_range = parser_range(p, t);
			return true;
		}
		if (t.type == T_OQUOTE) {
			label = parse_label(p);
		} else if (t.type == T_IDENT) {
			parser_read(p);
			label.text = parser_text(p, t);
			label.range = parser_range(p, t);
		} else {
			block_header_error(p, t);
			parser_recover_item(p);
			block->open_range = parser_range(p, t);
			return false;
		}
		block->labels = parser_grow(
		    p, block->labels, block->nlabels, &cap, sizeof label);
		block->labels[block->nlabels++] = label;
	}
}

/* The one argument of a block that is written on one line. */
static void
parse_single_attr(struct hcl_parser *p, struct body_builder *b)
{
	struct hcl_token ident = parser_read(p), next;

	if (ident.type != T_IDENT) {
		parser_recover_item(p);
		parser_error(p, ident, ITEM_REQUIRED, ITEM_DETAIL);
		return;
	}
	next = parser_peek(p);
	if (next.type == T_EQUAL) {
		parse_attr(p, b, ident, true);
	} else if (next.type == T_OQUOTE || next.type == T_OBRACE ||
		   next.type == T_IDENT) {
		parser_recover_item(p);
		hcl_diag_add(p->d,
		    hcl_range_over(
			parser_range(p, ident), parser_range(p, next)),
		    "Argument definition required",
		    "A single-line block definition can contain only a single "
		    "argument. If you meant to define argument \"%s\", use an "
		    "equals sign to assign it a value. To define a nested "
		    "block, place it on a line of its own within its parent "
		    "block.",
		    parser_text(p, ident));
	} else {
		parser_recover_item(p);
		parser_error(p, ident, ITEM_REQUIRED, ITEM_EQUALS);
	}
}

static struct hcl_body *
parse_single_line(struct hcl_parser *p)
{
	static const char summary[] =
	    "Invalid single-argument block definition";
	struct body_builder b = { 0 };
	struct hcl_range start = parser_prev_range(p);
	struct hcl_token t;

	b.body = arena_alloc(p->arena, sizeof *b.body);
	b.body->file = p->file;
	parse_single_attr(p, &b);
	t = parser_peek(p);
	if (t.type == T_CBRACE) {
		parser_read(p);
	} else {
		if (t.type == T_COMMA)
			parser_error(p, t, summary,
			    "Single-line block syntax can include only one "
			    "argument definition. To define multiple "
			    "arguments, use the multi-line block syntax with "
			    "one argument definition per line.");
		else if (t.type == T_NEWLINE)
			parser_error(p, t, summary,
			    "An argument definition on the same line as its "
			    "containing block creates a single-line block "
			    "definition, which must also be closed on the same "
			    "line. Place the block's closing brace immediately "
			    "after the argument definition.");
		else
			parser_error_once(p, t, summary,
			    "A single-line block definition must end with a "
			    "closing brace immediately after its single "
			    "argument definition.");
		parser_recover(p, T_CBRACE);
	}
	b.body->end_range = parser_prev_range(p);
	b.body->range = hcl_range_over(start, b.body->end_range);
	return b.body;
}

static void
parse_block(
    struct hcl_parser *p, struct body_builder *b, struct hcl_token ident)
{
	struct hcl_block block = { .type = parser_text(p, ident),
		.type_range = parser_range(p, ident) };
	struct hcl_token t;

	if (!parse_block_header(p, &block)) {
		block.body = arena_alloc(p->arena, sizeof *block.body);
		block.body->file = p->file;
		block.body->range = block.type_range;
	} else {
		t = parser_peek(p);
		if (t.type == T_NEWLINE || t.type == T_EOF ||
		    t.type == T_CBRACE)
			block.body = parser_body(p, T_CBRACE);
		else
			block.body = parse_single_line(p);
		t = parser_peek(p);
		if (t.type == T_NEWLINE || t.type == T_EOF) {
			parser_read(p);
		} else {
			parser_error_once(p, t,
			    "Missing newline after block definition",
			    "A block definition must end with a newline.");
			parser_recover_item(p);
		}
	}
	b->body->blocks = parser_grow(
	    p, b->body->blocks, b->body->nblocks, &b->block_cap, sizeof block);
	b->body->blocks[b->body->nblocks++] = block;
}

static void
parse_item(struct hcl_parser *p, struct body_builder *b)
{
	struct hcl_token ident = parser_read(p), next = parser_peek(p);

	if (next.type == T_EQUAL) {
		parse_attr(p, b, ident, false);
	} else if (next.type == T_OQUOTE || next.type == T_OBRACE ||
		   next.type == T_IDENT) {
		parse_block(p, b, ident);
	} else {
		parser_recover_item(p);
		parser_error(p, ident, ITEM_REQUIRED, ITEM_EQUALS);
	}
}

static void
body_error(struct hcl_parser *p, struct hcl_token t, struct hcl_range start)
{
	if (p->recovering)
		return;
	if (t.type == T_OQUOTE)
		parser_error(p, t, "Invalid argument name",
		    "Argument names must not be quoted.");
	else if (t.type == T_EOF)
		hcl_diag_add(p->d, start, "Unclosed configuration block", "%s",
		    "There is no closing brace for this block before the end "
		    "of the file. This may be caused by incorrect brace "
		    "nesting elsewhere in this file.");
	else
		parser_error(p, t, ITEM_REQUIRED, ITEM_DETAIL);
}

struct hcl_body *
parser_body(struct hcl_parser *p, enum hcl_tok end)
{
	struct body_builder b = { 0 };
	struct hcl_range start = parser_prev_range(p);
	struct hcl_token t;

	b.body = arena_alloc(p->arena, sizeof *b.body);
	b.body->file = p->file;
	b.body->range = start;
	if (!parser_down(p))
		return b.body;
	parser_newlines(p, true);
	while ((t = parser_peek(p)).type != end) {
		if (t.type == T_NEWLINE) {
			parser_read(p);
		} else if (t.type == T_IDENT) {
			parse_item(p, &b);
		} else {
			body_error(p, t, start);
			parser_recover(p, end);
			break;
		}
	}
	if (t.type == end)
		parser_read(p);
	parser_newlines_end(p);
	parser_up(p);
	b.body->end_range = parser_prev_range(p);
	b.body->range = hcl_range_over(start, b.body->end_range);
	return b.body;
}
