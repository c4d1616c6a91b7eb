/*
 * A cluster's certificates: the CAs, and what they sign. Nobody is asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/rove/commands.h"
#include "common/cert.h"
#include "common/file.h"
#include "common/mem.h"

#define CA_DAYS    1825
#define CERT_DAYS  365
#define DOMAIN     "nomad"
#define PEM_MAX    (1u << 20)
#define ANY_DOMAIN "#DOMAIN#"

/* --- files --- */

static int
write_new(
    const char *path, mode_t mode, const struct buf *text, struct err *err)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	size_t done = 0;
	int rc = 0;

	if (fd == -1)
		return err_sys(err, "%s", path);
	while (done < text->len && rc == 0) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n == -1)
			rc = err_sys(err, "%s", path);
		else
			done += (size_t)n;
	}
	if (rc == 0 && fsync(fd) == -1)
		rc = err_sys(err, "%s", path);
	close(fd);
	if (rc == -1)
		unlink(path);
	return rc;
}

/* The two files of a certificate. */
struct pair {
	char *cert, *key;
};

static struct pair
pair_of(const char *stem)
{
	return (struct pair){ .cert = xasprintf("%s.pem", stem),
		.key = xasprintf("%s-key.pem", stem) };
}

static void
pair_release(struct pair *p)
{
	free(p->cert);
	free(p->key);
}

static bool
exists(const char *path, const char *what)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return false;
	cli_fail(NULL, "%s file '%s' already exists", what, path);
	return true;
}

/* Both or none. */
static int
pair_write(const struct pair *p, const struct buf *cert, const struct buf *key,
    struct err *err)
{
	if (write_new(p->key, 0600, key, err) == -1)
		return -1;
	if (write_new(p->cert, 0644, cert, err) == 0)
		return 0;
	unlink(p->key);
	return -1;
}

static int
make(const struct cert_opts *o, const struct pair *p, struct err *err)
{
	struct buf cert = { 0 }, key = { 0 };
	int rc = cert_make(o, &cert, &key, err);

	if (rc == 0)
		rc = pair_write(p, &cert, &key, err);
	if (key.len > 0)
		explicit_bzero(key.data, key.len);
	buf_release(&cert);
	buf_release(&key);
	return rc;
}

/* --- tls ca create --- */

struct ca_flags {
	struct flag_texts zones;
	const char *common_name, *domain;
	int64_t days;
	bool constrained;
};

static int
check_zones(const struct ca_flags *f)
{
	bool own = strcmp(f->domain, DOMAIN) != 0;

	if ((own || f->zones.n > 0) && !f->constrained)
		return cli_fail(NULL,
		    "Please provide the -name-constraint flag to use a custom "
		    "domain constraint");
	if (!own && f->constrained)
		return cli_fail(NULL,
		    "Please provide the -domain flag if you want to enable "
		    "custom domain constraints");
	if (*f->domain == '\0' || strchr(f->domain, '/') != NULL)
		return cli_fail(
		    NULL, "-domain: \"%s\" is no domain", f->domain);
	return 0;
}

static int
create_ca(const struct ca_flags *f)
{
	const char *zones[FLAG_MAX_TEXTS + 3] = { f->domain, "localhost",
		DOMAIN };
	struct cert_opts o = { .common_name = f->common_name,
		.days = f->days,
		.is_ca = true,
		.zones = zones };
	char *stem = xasprintf("%s-agent-ca", f->domain);
	struct pair p = pair_of(stem);
	struct err err;
	int status = 0;

	for (size_t i = 0; i < f->zones.n; i++)
		zones[3 + i] = f->zones.items[i];
	o.nzones = f->constrained ? 3 + f->zones.n : 0;
	if (exists(p.cert, "CA certificate") || exists(p.key, "CA key"))
		status = 1;
	else if (make(&o, &p, &err) == -1)
		status = cli_fail(&err, "Error creating the CA");
	else
		printf("==> CA certificate saved to: %s\n"
		       "==> CA certificate key saved to: %s\n",
		    p.cert, p.key);
	pair_release(&p);
	free(stem);
	return status;
}

int
tls_ca_create(const struct command *cmd, int argc, char **argv)
{
	struct ca_flags f = { .domain = DOMAIN, .days = CA_DAYS };
	const struct flag rows[] = {
		{ "additional-domain", FLAG_TEXTS, &f.zones, "<domain>",
		    "One more domain below which the CA may sign names, with "
		    "-name-constraint. May be given several times." },
		{ "common-name", FLAG_TEXT, &f.common_name, "<name>",
		    "The CA's name. Default = \"rove Agent CA\" and its serial "
		    "number." },
		{ "days", FLAG_COUNT, &f.days, "<n>",
		    "Days that it is valid. Default = 1825." },
		{ "domain", FLAG_TEXT, &f.domain, "<domain>",
		    "The cluster's domain, with -name-constraint. Default = "
		    "\"nomad\"." },
		{ "name-constraint", FLAG_BOOL, &f.constrained, NULL,
		    "The CA signs only names below -domain, "
		    "-additional-domain, localhost and nomad." },
	};
	struct cli c;
	int status = cli_begin(
	    &c, cmd, rows, sizeof rows / sizeof rows[0], argc, argv, 0, 0);

	if (status != CLI_GO)
		return status;
	status = f.days == 0 ? cli_fail(NULL, "-days: at least one")
			     : check_zones(&f);
	if (status == 0)
		status = create_ca(&f);
	return cli_end(&c, status);
}

/* --- tls cert create --- */

struct cert_flags {
	struct flag_texts dns_names, addrs;
	const char *ca, *key, *domain, *region, *cluster_region;
	int64_t days;
	bool server, client, cli;
};

/* What a certificate is for, as files and as people call it. */
struct role {
	const char *name, *label;
};

static const struct role *
role_of(const struct cert_flags *f)
{
	static const struct role server = { "server", "Server" };
	static const struct role client = { "client", "Client" };
	static const struct role cli = { "cli", "CLI" };

	if (f->server + f->client + f->cli != 1) {
		cli_fail(
		    NULL, "Please provide either -server, -client, or -cli");
		return NULL;
	}
	return f->server ? &server : f->client ? &client : &cli;
}

/* "#DOMAIN#-agent-ca.pem": Nomad's way to say it. */
static char *
with_domain(const char *path, const char *domain)
{
	const char *at = strstr(path, ANY_DOMAIN);

	if (at == NULL)
		return xstrdup(path);
	return xasprintf("%.*s%s%s", (int)(at - path), path, domain,
	    at + strlen(ANY_DOMAIN));
}

/* The names of the role; a client of the Nomad kind asks for the first. */
struct names {
	char *own, *nomad, *global; /* "server.eu.example", ... */
	const char *dns[FLAG_MAX_TEXTS + 4];
	size_t ndns;
	const char *addrs[FLAG_MAX_TEXTS + 1];
	size_t naddrs;
};

static void
names_init(struct names *n, const struct cert_flags *f, const struct role *role)
{
	*n = (struct names){ 0 };
	n->own = xasprintf("%s.%s.%s", role->name, f->region, f->domain);
	n->nomad = xasprintf("%s.%s." DOMAIN, role->name, f->region);
	n->global = xasprintf("%s.global." DOMAIN, role->name);
	for (size_t i = 0; i < f->dns_names.n; i++)
		n->dns[n->ndns++] = f->dns_names.items[i];
	n->dns[n->ndns++] = n->own;
	if (strcmp(n->nomad, n->own) != 0)
		n->dns[n->ndns++] = n->nomad;
	if (strcmp(n->global, n->nomad) != 0 && !f->server)
		n->dns[n->ndns++] = n->global;
	n->dns[n->ndns++] = "localhost";
	for (size_t i = 0; i < f->addrs.n; i++)
		n->addrs[n->naddrs++] = f->addrs.items[i];
	if (!f->cli)
		n->addrs[n->naddrs++] = "127.0.0.1";
}

static void
names_release(struct names *n)
{
	free(n->own);
	free(n->nomad);
	free(n->global);
}

static int
sign(const struct cert_flags *f, const struct role *role, const struct buf *ca,
    const struct buf *key, const struct pair *p, struct err *err)
{
	struct names n;
	struct cert_opts o;
	int rc;

	names_init(&n, f, role);
	o = (struct cert_opts){ .common_name = n.own,
		.days = f->days,
		.ca = buf_str(ca),
		.ca_key = buf_str(key),
		.dns_names = n.dns,
		.ndns_names = n.ndns,
		.addrs = n.addrs,
		.naddrs = n.naddrs };
	rc = make(&o, p, err);
	names_release(&n);
	return rc;
}

static void
say_saved(const struct role *role, const struct pair *p)
{
	printf("==> %s Certificate saved to %s\n", role->label, p->cert);
	printf("==> %s Certificate key saved to %s\n", role->label, p->key);
}

/* Says what it is going to do, does it, and says where the files are. */
static int
use_ca(const struct cert_flags *f, const struct role *role,
    const struct pair *p, const char *ca_path, const char *key_path)
{
	struct buf ca = { 0 }, key = { 0 };
	struct err err;
	int status = 0;

	if (file_read(ca_path, PEM_MAX, &ca, &err) == -1) {
		status = cli_fail(&err, "Error reading CA");
	} else if (file_read(key_path, PEM_MAX, &key, &err) == -1) {
		status = cli_fail(&err, "Error reading CA key");
	} else {
		if (f->server)
			cli_fail(NULL,
			    "==> WARNING: with a server's certificate one is a "
			    "server, and reads all that\n    the cluster "
			    "keeps. "
			    "Keep it on servers only, as safe as a CA's key.");
		printf(
		    "==> Using CA file %s and CA key %s\n", ca_path, key_path);
		if (sign(f, role, &ca, &key, p, &err) == -1)
			status =
			    cli_fail(&err, "Error creating the certificate");
		else
			say_saved(role, p);
	}
	if (key.len > 0)
		explicit_bzero(key.data, key.len);
	buf_release(&ca);
	buf_release(&key);
	return status;
}

static int
create_cert(const struct cert_flags *f, const struct role *role)
{
	char *stem = xasprintf("%s-%s-%s", f->region, role->name, f->domain);
	char *ca = with_domain(f->ca, f->domain);
	char *key = with_domain(f->key, f->domain);
	struct pair p = pair_of(stem);
	int status;

	if (strchr(stem, '/') != NULL)
		status = cli_fail(NULL, "\"%s\" cannot be a file's name", stem);
	else if (exists(p.cert, "Certificate") || exists(p.key, "Key"))
		status = 1;
	else
		status = use_ca(f, role, &p, ca, key);
	pair_release(&p);
	free(stem);
	free(ca);
	free(key);
	return status;
}

static int
check_cert_flags(const struct cert_flags *f)
{
	if (*f->ca == '\0')
		return cli_fail(NULL, "Please provide the ca");
	if (*f->key == '\0')
		return cli_fail(NULL, "Please provide the key");
	if (f->days == 0)
		return cli_fail(NULL, "-days: at least one");
	return 0;
}

#define CERT_ROWS 10

static void
cert_rows(struct cert_flags *f, struct flag rows[CERT_ROWS])
{
	const struct flag all[CERT_ROWS] = {
		{ "additional-dnsname", FLAG_TEXTS, &f->dns_names, "<name>",
		    "One more DNS name; localhost is one always. May be given "
		    "several times." },
		{ "additional-ipaddress", FLAG_TEXTS, &f->addrs, "<addr>",
		    "One more IP address; 127.0.0.1 is one of servers and "
		    "clients always. May be given several times." },
		{ "ca", FLAG_TEXT, &f->ca, "<file>",
		    "The CA's certificate. Default = #DOMAIN#-agent-ca.pem." },
		{ "cli", FLAG_BOOL, &f->cli, NULL, "For the command line." },
		{ "client", FLAG_BOOL, &f->client, NULL,
		    "For a client: a node." },
		{ "cluster-region", FLAG_TEXT, &f->cluster_region, "<region>",
		    "An older name of -region." },
		{ "days", FLAG_COUNT, &f->days, "<n>",
		    "Days that it is valid. Default = 365." },
		{ "domain", FLAG_TEXT, &f->domain, "<domain>",
		    "The cluster's domain. Default = \"nomad\"." },
		{ "key", FLAG_TEXT, &f->key, "<file>",
		    "The CA's key. Default = #DOMAIN#-agent-ca-key.pem." },
		{ "server", FLAG_BOOL, &f->server, NULL, "For a server." },
	};

	memcpy(rows, all, sizeof all);
}

int
tls_cert_create(const struct command *cmd, int argc, char **argv)
{
	struct cert_flags f = { .ca = ANY_DOMAIN "-agent-ca.pem",
		.key = ANY_DOMAIN "-agent-ca-key.pem",
		.domain = DOMAIN,
		.days = CERT_DAYS };
	struct flag rows[CERT_ROWS];
	const struct role *role;
	struct cli c;
	int status;

	cert_rows(&f, rows);
	status = cli_begin(&c, cmd, rows, CERT_ROWS, argc, argv, 0, 0);
	if (status != CLI_GO)
		return status;
	f.region = f.cluster_region != NULL  ? f.cluster_region
		   : c.client.region != NULL ? c.client.region
					     : "global";
	status = check_cert_flags(&f);
	role = status == 0 ? role_of(&f) : NULL;
	status = role == NULL ? 1 : create_cert(&f, role);
	return cli_end(&c, status);
}
