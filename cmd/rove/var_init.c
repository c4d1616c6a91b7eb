/*
 * A specification of a variable to begin with.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/rove/commands.h"

static const char sample_hcl[] =
    "# Where it is kept; `rove var put PATH @FILE` names another place.\n"
    "# path = \"path/to/variable\"\n"
    "# namespace = \"default\"\n"
    "\n"
    "# Its keys and their values.\n"
    "items {\n"
    "  key1 = \"value 1\"\n"
    "  key2 = \"value 2\"\n"
    "}\n";

static const char sample_json[] = "{\n"
				  "  \"Items\": {\n"
				  "    \"key1\": \"value 1\",\n"
				  "    \"key2\": \"value 2\"\n"
				  "  }\n"
				  "}\n";

static int
write_sample(const char *path, const char *text, bool quiet)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
	size_t n = strlen(text);

	if (fd == -1 && errno == EEXIST)
		return cli_fail(NULL, "File \"%s\" already exists", path);
	if (fd == -1 || write(fd, text, n) != (ssize_t)n || close(fd) == -1)
		return cli_fail(
		    NULL, "Failed to write '%s': %s", path, strerror(errno));
	if (!quiet)
		printf("Example variable specification written to %s\n", path);
	return 0;
}

int
var_init(const struct command *cmd, int argc, char **argv)
{
	const char *out = "hcl";
	bool quiet = false, is_json;
	const struct flag rows[] = {
		{ "out", FLAG_TEXT, &out, "<hcl|json>", "The form (hcl)." },
		{ "quiet", FLAG_BOOL, &quiet, NULL, "Without a word." },
	};
	struct cli c;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 0, 1);

	if (status != CLI_GO)
		return status;
	is_json = strcmp(out, "json") == 0;
	if (!is_json && strcmp(out, "hcl") != 0)
		return cli_end(&c,
		    cli_fail(NULL, "Invalid value for \"-out\"; valid values "
				   "are [hcl, json]"));
	return cli_end(&c, write_sample(c.argc > 0 ? c.argv[0]
					: is_json  ? "spec.nv.json"
						   : "spec.nv.hcl",
			       is_json ? sample_json : sample_hcl, quiet));
}
