/*
 * What is in a certificate: rove tls ca info, rove tls cert info.
 */
#include <stdlib.h>

#include "cmd/rove/commands.h"
#include "cmd/rove/table.h"
#include "common/cert_info.h"
#include "common/file.h"
#include "common/tls.h"

static void
print(const struct cert_info *i, bool is_ca)
{
	struct buf rows = { 0 };

	table_row(&rows, "Serial Number|%s", i->serial);
	table_row(&rows, "Issuer CN|%s", i->issuer);
	table_row(&rows, "Common Name|%s", i->subject);
	table_row(&rows, "Expiry Date|%s", i->until);
	if (is_ca) {
		table_row(&rows, "Permitted DNS Domains|%s", i->zones);
	} else {
		table_row(&rows, "DNS Names|%s", i->dns_names);
		table_row(&rows, "IP Addresses|%s", i->addrs);
	}
	cli_print_table(&rows, TABLE_SPACES);
	buf_release(&rows);
}

static int
show(const char *path, bool is_ca)
{
	const char *what = is_ca ? "CA" : "certificate";
	struct cert_info i;
	struct buf text = { 0 };
	struct err err;
	int status = 0;

	if (file_read(path, TLS_FILE_MAX, &text, &err) == -1) {
		status = cli_fail(&err, "Error reading %s file", what);
	} else if (cert_info_read(&i, buf_str(&text), &err) == -1) {
		status =
		    cli_fail(&err, "Error reading %s file: %s", what, path);
	} else {
		print(&i, is_ca);
		cert_info_release(&i);
	}
	buf_release(&text);
	return status;
}

static int
info(const struct command *cmd, int argc, char **argv, bool is_ca)
{
	struct cli c;
	int status = cli_begin(&c, cmd, NULL, 0, argc, argv, 1, 1);

	if (status != CLI_GO)
		return status;
	return cli_end(&c, show(c.argv[0], is_ca));
}

int
tls_ca_info(const struct command *cmd, int argc, char **argv)
{
	return info(cmd, argc, argv, true);
}

int
tls_cert_info(const struct command *cmd, int argc, char **argv)
{
	return info(cmd, argc, argv, false);
}
