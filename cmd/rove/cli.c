#include "cmd/rove/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"

struct common {
	const char *address, *region, *namespace, *token;
	struct client_tls tls;
};

#define NCOMMON 13

static void
common_rows(struct common *c, struct flag rows[NCOMMON])
{
	const struct flag all[NCOMMON] = {
		{ "address", FLAG_TEXT, &c->address, "<addr>",
		    "The address of the agent. Overrides NOMAD_ADDR. Default = "
		    "http://127.0.0.1:4646" },
		{ "region", FLAG_TEXT, &c->region, "<region>",
		    "The region to ask. Overrides NOMAD_REGION. Default = the "
		    "agent's own." },
		{ "namespace", FLAG_TEXT, &c->namespace, "<namespace>",
		    "The namespace to ask; \"*\" is all of them, for commands "
		    "that list. Overrides NOMAD_NAMESPACE." },
		{ "token", FLAG_TEXT, &c->token, "<secret>",
		    "The secret of the access token. Overrides NOMAD_TOKEN." },
		{ "ca-cert", FLAG_TEXT, &c->tls.ca_cert, "<path>",
		    "CA certificates in PEM that sign the agent's, for "
		    "https://. "
		    "Overrides NOMAD_CACERT. Default = the machine's." },
		{ "ca-path", FLAG_TEXT, &c->tls.ca_path, "<path>",
		    "A directory of such files, without -ca-cert. Overrides "
		    "NOMAD_CAPATH." },
		{ "client-cert", FLAG_TEXT, &c->tls.client_cert, "<path>",
		    "A certificate in PEM to show to the agent. Overrides "
		    "NOMAD_CLIENT_CERT." },
		{ "client-key", FLAG_TEXT, &c->tls.client_key, "<path>",
		    "Its key. Overrides NOMAD_CLIENT_KEY." },
		{ "tls-server-name", FLAG_TEXT, &c->tls.server_name, "<name>",
		    "The name that the agent's certificate must bear, if not "
		    "that of the address. Overrides NOMAD_TLS_SERVER_NAME." },
		{ "tls-skip-verify", FLAG_BOOL, &c->tls.skip_verify, NULL,
		    "Take any certificate: whoever is in between can read and "
		    "change all. Overrides NOMAD_SKIP_VERIFY." },
		/* Taken so that scripts written for Nomad run. */
		{ "no-color", FLAG_BOOL, NULL, NULL, NULL },
		{ "force-color", FLAG_BOOL, NULL, NULL, NULL },
		{ "ui", FLAG_BOOL, NULL, NULL, NULL },
	};

	memcpy(rows, all, sizeof all);
}

static void
put_paragraphs(const char *text, struct buf *out)
{
	while (*text != '\0') {
		const char *end = strstr(text, "\n\n");
		size_t n = end != NULL ? (size_t)(end - text) : strlen(text);
		struct buf one = { 0 };

		buf_add(&one, text, n);
		buf_addc(out, '\n');
		table_wrap(buf_str(&one), 2, out);
		buf_addc(out, '\n');
		buf_release(&one);
		text += end != NULL ? n + 2 : n;
	}
}

/* How the command is used, to stdout. Returns 0. */
static int
usage(const struct command *cmd, const struct flag *own, size_t n)
{
	struct common values = { 0 };
	struct flag rows[NCOMMON];
	struct flags common = { rows, NCOMMON, NULL };
	struct flags table = { own, n, NULL };
	struct buf out = { 0 };

	common_rows(&values, rows);
	buf_addf(&out, "Usage: rove %s [options]%s%s\n", cmd->name,
	    *cmd->args != '\0' ? " " : "", cmd->args);
	if (cmd->alias != NULL)
		buf_addf(&out, "Alias: rove %s\n", cmd->alias);
	put_paragraphs(cmd->help != NULL ? cmd->help : cmd->says, &out);
	buf_adds(&out, "\nGeneral Options:\n");
	flags_usage(&common, &out);
	if (n > 0) {
		buf_adds(&out, "\nOptions:\n");
		flags_usage(&table, &out);
	}
	fputs(buf_str(&out), stdout);
	buf_release(&out);
	return 0;
}

static int
hint(const struct command *cmd)
{
	fprintf(stderr, "For additional help try 'rove %s -h'\n", cmd->name);
	return 1;
}

static int
wrong_count(const struct command *cmd, int least, int most)
{
	if (most == 0)
		fputs("This command takes no arguments\n", stderr);
	else if (most == 1)
		fprintf(stderr, "This command takes %s: %s\n",
		    least == 1 ? "one argument" : "either no arguments or one",
		    cmd->args);
	else
		fprintf(stderr, "This command takes these arguments: %s\n",
		    cmd->args);
	return hint(cmd);
}

int
cli_begin(struct cli *c, const struct command *cmd, const struct flag *own,
    size_t n, int argc, char **argv, int least, int most)
{
	struct common values = { 0 };
	struct flag rows[NCOMMON];
	struct flags common = { rows, NCOMMON, NULL };
	struct flags table = { own, n, &common };
	struct err err;
	bool help;

	*c = (struct cli){ .cmd = cmd, .now_ns = clock_wall_ns() };
	setvbuf(stdout, NULL, _IOLBF, 0);
	common_rows(&values, rows);
	if (flags_parse(&table, &argc, argv, &help, &err) == -1) {
		cli_fail(&err, "%s", "");
		return hint(cmd);
	}
	if (help)
		return usage(cmd, own, n);
	c->argc = argc - 1;
	c->argv = argv + 1;
	if (c->argc < least || c->argc > most)
		return wrong_count(cmd, least, most);
	if (client_init(&c->client, values.address, values.region,
		values.namespace, values.token, &err) == -1)
		return cli_fail(&err, "Error initializing client");
	c->client.tls = values.tls;
	return CLI_GO;
}

int
cli_end(struct cli *c, int status)
{
	client_release(&c->client);
	/* What was written line by line may have failed long ago. */
	if ((fflush(stdout) == EOF || ferror(stdout)) && status == 0)
		return 1;
	return status;
}

int
cli_fail(const struct err *err, const char *fmt, ...)
{
	struct buf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (err != NULL)
		buf_addf(&text, "%s%s", text.len > 0 ? ": " : "", err->text);
	fflush(stdout);
	fprintf(stderr, "%s\n", buf_str(&text));
	buf_release(&text);
	return 1;
}

void
cli_print_table(const struct buf *rows, enum table_form form)
{
	struct buf out = { 0 };

	table_format(buf_str(rows), form, &out);
	puts(buf_str(&out));
	buf_release(&out);
}

void
cli_heading(const char *text)
{
	printf("\n%s\n", text);
}

void
cli_wait_ns(int64_t ns)
{
	struct timespec t = { .tv_sec = ns / CLOCK_NS_PER_S,
		.tv_nsec = ns % CLOCK_NS_PER_S };

	if (ns > 0)
		nanosleep(&t, NULL);
}

int
cli_print_answer(struct cli *c, const char *path)
{
	struct buf out = { 0 };
	struct err err;
	int rc =
	    client_call(&c->client, "GET", path, "pretty", NULL, &out, &err);

	if (rc == 0)
		fputs(buf_str(&out), stdout);
	buf_release(&out);
	return rc == 0 ? 0 : cli_fail(&err, "Error querying %s", path);
}

void
cli_print_json(const struct rec_type *type, const void *rec)
{
	struct buf out = { 0 };

	rec_to_json(type, rec, &out, REC_JSON_PRETTY);
	fputs(buf_str(&out), stdout);
	buf_release(&out);
}
