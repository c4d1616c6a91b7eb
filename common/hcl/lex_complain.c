/* What is said of tokens that no rule of the language uses. */
#include "common/hcl/internal.h"

struct complaint {
	enum hcl_tok type;
	bool once;
	const char *summary;
	const char *detail;
};

static const struct complaint complaints[] = {
	{ T_BIT_AND, true, "Unsupported operator",
	    "Bitwise operators are not supported. Did you mean boolean AND "
	    "(\"&&\")?" },
	{ T_BIT_OR, true, "Unsupported operator",
	    "Bitwise operators are not supported. Did you mean boolean OR "
	    "(\"||\")?" },
	{ T_BIT_NOT, true, "Unsupported operator",
	    "Bitwise operators are not supported. Did you mean boolean NOT "
	    "(\"!\")?" },
	{ T_BIT_XOR, true, "Unsupported operator",
	    "Bitwise operators are not supported." },
	{ T_STARSTAR, true, "Unsupported operator",
	    "\"**\" is not a supported operator. Exponentiation is not "
	    "supported as an operator." },
	{ T_APOSTROPHE, true, "Invalid character",
	    "Single quotes are not valid. Use double quotes (\") to enclose "
	    "strings." },
	{ T_BACKQUOTE, true, "Invalid character",
	    "The \"`\" character is not valid. To create a multi-line string, "
	    "use the \"heredoc\" syntax, like \"<<EOT\"." },
	{ T_SEMICOLON, true, "Invalid character",
	    "The \";\" character is not valid. Use newlines to separate "
	    "arguments and blocks, and commas to separate items in collection "
	    "values." },
	{ T_QUOTED_NEWLINE, false, "Invalid multi-line string",
	    "Quoted strings may not be split over multiple lines. To produce a "
	    "multi-line string, either use the \\n escape to represent a "
	    "newline character or use the \"heredoc\" multi-line template "
	    "syntax." },
	{ T_BAD_UTF8, true, "Invalid character encoding",
	    "All input files must be UTF-8 encoded. Ensure that UTF-8 encoding "
	    "is selected in your editor." },
	{ T_INVALID, false, "Invalid character",
	    "This character is not used within the language." },
};

static bool
is_curly_quote(const struct hcl_src *src, const struct hcl_token *t)
{
	size_t len;
	int32_t cp = hcl_utf8(src->text + t->start, t->end - t->start, &len);

	return cp >= 0x2018 && cp <= 0x201f;
}

void
hcl_lex_complain(const struct hcl_src *src, const struct hcl_token *t,
    bool *told, struct hcl_diags *d)
{
	struct hcl_range r = { src, t->start, t->end };
	const struct complaint *c = complaints;

	while (c->type != t->type)
		c++;
	if (c->once && told[t->type])
		return;
	told[t->type] = true;
	if (t->type <= T_BIT_XOR)
		for (int i = T_BIT_AND; i <= T_BIT_XOR; i++)
			told[i] = true;
	if (t->type == T_INVALID && is_curly_quote(src, t))
		hcl_diag_add(d, r, c->summary,
		    "\"Curly quotes\" are not valid here. These can sometimes "
		    "be inadvertently introduced when sharing code via "
		    "documents or discussion forums. It might help to replace "
		    "the character with a \"straight quote\".");
	else
		hcl_diag_add(d, r, c->summary, "%s", c->detail);
}
