#include "cmd/rove/change.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/rove/follow.h"
#include "cmd/rove/text.h"

int
change_confirm(const char *fmt, ...)
{
	char answer[64];
	va_list ap;

	if (!isatty(STDIN_FILENO))
		return cli_fail(NULL,
		    "Only a prefix of the name was given, and there is no "
		    "terminal to ask at: give the whole name, or -yes");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" [y/N] ");
	fflush(stdout);
	if (fgets(answer, sizeof answer, stdin) == NULL)
		answer[0] = '\0';
	answer[strcspn(answer, "\r\n")] = '\0';
	if (strcmp(answer, "y") == 0)
		return CLI_GO;
	if (answer[0] == '\0' || answer[0] == 'n' || answer[0] == 'N') {
		puts("Nothing is changed");
		return 0;
	}
	return cli_fail(NULL,
	    "For confirmation, an exact \"y\" is required: nothing is "
	    "changed");
}

int
change_put(struct cli *c, const char *path, struct tree *body,
    const char *failed, struct tree **answer)
{
	struct buf in = { 0 }, out = { 0 };
	struct err err;
	int rc;

	*answer = NULL;
	tree_to_json(body, &in, 0);
	tree_free(body);
	rc = client_call(&c->client, "PUT", path, NULL, &in, &out, &err);
	if (rc == 0 && out.len > 0) {
		*answer = tree_from_json(buf_str(&out), out.len, &err);
		rc = *answer != NULL ? 0 : -1;
	}
	buf_release(&in);
	buf_release(&out);
	return rc == 0 ? 0 : cli_fail(&err, "%s", failed);
}

int
change_follow(
    struct cli *c, const struct change_flags *f, const struct tree *answer)
{
	const char *id = tree_get_str(answer, "EvalID");

	if (id == NULL || *id == '\0')
		return 0;
	if (f->detach) {
		printf("Evaluation ID: %s\n", id);
		return 0;
	}
	return (f->no_deployment ? follow_eval_alone : follow_eval)(
	    c, id, f->verbose ? TEXT_FULL_ID : TEXT_SHORT_ID);
}
