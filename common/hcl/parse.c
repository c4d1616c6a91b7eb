/* Whole texts: files, templates and single expressions. */
#include "common/hcl/parser.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

struct hcl_body *
hcl_parse_native(struct hcl_file *file, struct hcl_diags *d)
{
	struct hcl_tokens toks = { 0 };
	struct hcl_parser p;
	struct hcl_body *body;

	hcl_lex(&file->src, HCL_LEX_FILE, &toks, d);
	parser_start(&p, file, &file->src, &toks, d);
	body = parser_body(&p, T_EOF);
	body->range =
	    (struct hcl_range){ &file->src, 0, (uint32_t)file->src.n };
	free(toks.v);
	return body;
}

struct hcl_expr *
hcl_parse_template(
    struct hcl_file *file, const struct hcl_src *src, struct hcl_diags *d)
{
	struct hcl_tokens toks = { 0 };
	struct hcl_parser p;
	struct hcl_expr *e;

	hcl_lex(src, HCL_LEX_TEMPLATE, &toks, d);
	parser_start(&p, file, src, &toks, d);
	e = parser_template(&p, (struct hcl_range){ src, 0, 0 }, T_EOF, false);
	free(toks.v);
	return e;
}

static struct hcl_file *
new_file(const char *name, const char *text, size_t n, enum hcl_mode mode)
{
	struct hcl_file *file = xcalloc(1, sizeof *file);

	file->mode = mode;
	file->src.name = arena_strndup(&file->arena, name, strlen(name));
	file->src.text = arena_strndup(&file->arena, text, n);
	file->src.n = n;
	return file;
}

static struct hcl_body *
empty_body(struct hcl_file *file)
{
	struct hcl_body *body = arena_alloc(&file->arena, sizeof *body);

	body->file = file;
	body->range.src = &file->src;
	return body;
}

struct hcl_file *
hcl_parse(const char *name, const char *text, size_t n, enum hcl_mode mode,
    struct hcl_diags *d)
{
	struct hcl_file *file;

	if (n > HCL_MAX_BYTES) {
		file = new_file(name, "", 0, mode);
		hcl_diag_add(d, (struct hcl_range){ &file->src, 0, 0 },
		    "File too large", "A file may have %u bytes at most.",
		    HCL_MAX_BYTES);
		file->body = empty_body(file);
		return file;
	}
	if (mode == HCL_2 && hcl_looks_json(text, n))
		mode = HCL_JSON;
	file = new_file(name, text, n, mode);
	if (mode == HCL_JSON)
		file->body = hcl_parse_json(file, d);
	else
		file->body = hcl_parse_native(file, d);
	if (file->body == NULL)
		file->body = empty_body(file);
	file->body->mode = mode;
	return file;
}

struct hcl_expr *
hcl_parse_expr(struct hcl_file **file, const char *name, const char *text,
    size_t n, struct hcl_diags *d)
{
	struct hcl_tokens toks = { 0 };
	struct hcl_parser p;
	struct hcl_expr *e;
	struct hcl_token t;

	*file = new_file(name, text, n > HCL_MAX_BYTES ? 0 : n, HCL_2);
	(*file)->body = empty_body(*file);
	hcl_lex(&(*file)->src, HCL_LEX_FILE, &toks, d);
	parser_start(&p, *file, &(*file)->src, &toks, d);
	parser_newlines(&p, false);
	e = parser_expr(&p);
	t = parser_peek(&p);
	if (t.type != T_EOF)
		parser_error_once(&p, t, "Extra characters after expression",
		    "An expression was successfully parsed, but extra "
		    "characters were found after it.");
	free(toks.v);
	return e;
}

void
hcl_file_free(struct hcl_file *file)
{
	if (file == NULL)
		return;
	arena_release(&file->arena);
	free(file);
}

struct hcl_range
hcl_body_start(const struct hcl_body *body)
{
	struct hcl_range r = body->range;

	r.end = r.start;
	return r;
}

struct hcl_range
hcl_block_range(const struct hcl_block *block)
{
	if (block->nlabels == 0)
		return block->type_range;
	return hcl_range_over(
	    block->type_range, block->labels[block->nlabels - 1].range);
}
