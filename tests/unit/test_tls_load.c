/* What the files of `tls` must be: each mistake is named, with its file. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "common/mem.h"
#include "common/tls.h"
#include "tests/lib/tlsworld.h"
#include "tests/lib/unit.h"

/* A directory with all there is, and a config that is right for a server. */
struct desk {
	char dir[64];
	struct tls_world *certs;
	struct tls_config config;
};

static char *
put(const struct desk *d, const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", d->dir, name);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static void
set(char **member, char *path)
{
	free(*member);
	*member = path;
}

static struct desk
desk_open(void)
{
	struct desk d = { .dir = "/tmp/rove-tls-XXXXXX",
		.certs = tls_world_new() };

	ck_assert_ptr_nonnull(mkdtemp(d.dir));
	tls_config_init(&d.config);
	d.config.rpc = true;
	set(&d.config.ca_file, put(&d, "ca", d.certs->cluster_ca.cert));
	set(&d.config.server_ca_file, put(&d, "sca", d.certs->server_ca.cert));
	set(&d.config.cert_file, put(&d, "cert", d.certs->server.cert));
	set(&d.config.key_file, put(&d, "key", d.certs->server.key));
	return d;
}

static void
desk_close(struct desk *d)
{
	char *all = xasprintf("rm -r %s", d->dir);

	ck_assert_int_eq(system(all), 0);
	free(all);
	rec_clear(&tls_config_type, &d->config);
	tls_world_free(d->certs);
}

static void
expect_refused(const struct desk *d, enum tls_role role, const char *says)
{
	struct err err = { 0 };

	ck_assert_int_eq(
	    tls_config_check(&d->config, role, "global", &err), -1);
	ck_assert_msg(strstr(err.text, says) != NULL, "\"%s\" not in \"%s\"",
	    says, err.text);
}

START_TEST(what_is_right_is_taken)
{
	struct desk d = desk_open();
	struct tls_files f;
	struct err err;

	ck_assert_msg(tls_load(&d.config, TLS_SERVER, "global", &f, &err) == 0,
	    "%s", err.text);
	ck_assert_str_eq(f.ca, d.certs->cluster_ca.cert);
	ck_assert_str_eq(f.server_ca, d.certs->server_ca.cert);
	ck_assert_str_eq(f.key, d.certs->server.key);
	ck_assert(f.until_s > time(NULL) + 9 * 86400);
	tls_files_release(&f);
	ck_assert_ptr_null(f.key);
	/* A node may show what a server beside it shows, or its own. */
	ck_assert_int_eq(
	    tls_config_check(&d.config, TLS_NODE, "global", &err), 0);
	free(put(&d, "cert", d.certs->node.cert));
	free(put(&d, "key", d.certs->node.key));
	ck_assert_int_eq(
	    tls_config_check(&d.config, TLS_NODE, "global", &err), 0);
	/* Without a server CA the other is both. */
	set(&d.config.server_ca_file, xstrdup(""));
	ck_assert_int_eq(
	    tls_load(&d.config, TLS_SERVER, "global", &f, &err), 0);
	ck_assert_str_eq(f.server_ca, d.certs->cluster_ca.cert);
	tls_files_release(&f);
	/* Off, nothing is read. */
	d.config.rpc = false;
	set(&d.config.key_file, xstrdup("/nowhere"));
	ck_assert_int_eq(
	    tls_load(&d.config, TLS_SERVER, "global", &f, &err), 0);
	ck_assert_ptr_null(f.cert);
	desk_close(&d);
}
END_TEST

START_TEST(what_is_missing_or_no_certificate_is_named)
{
	struct desk d = desk_open();

	set(&d.config.key_file, xstrdup(""));
	expect_refused(&d, TLS_SERVER, "tls.key_file must be set");
	set(&d.config.key_file, xstrdup("/nowhere/key"));
	expect_refused(&d, TLS_SERVER, "tls.key_file: /nowhere/key: No such");
	set(&d.config.key_file, put(&d, "key", "nonsense"));
	expect_refused(&d, TLS_SERVER, "/key: there is no key in it");
	set(&d.config.cert_file, put(&d, "cert", "nonsense"));
	expect_refused(&d, TLS_SERVER, "/cert: there is no certificate in it");
	set(&d.config.server_ca_file, put(&d, "sca", d.certs->server.cert));
	expect_refused(&d, TLS_SERVER, "tls.server_ca_file: ");
	expect_refused(&d, TLS_SERVER, "is not that of a CA");
	set(&d.config.ca_file, put(&d, "ca", ""));
	expect_refused(&d, TLS_SERVER, "tls.ca_file: ");
	d.config.verify_https_client = true;
	expect_refused(
	    &d, TLS_SERVER, "tls.verify_https_client protects nothing");
	desk_close(&d);
}
END_TEST

START_TEST(what_does_not_belong_together_is_named)
{
	struct desk d = desk_open();

	free(put(&d, "key", d.certs->node.key));
	expect_refused(&d, TLS_SERVER, "/key: the key does not fit");
	free(put(&d, "key", d.certs->server.key));
	d.config.verify_server_hostname = true;
	ck_assert_int_eq(
	    tls_config_check(&d.config, TLS_SERVER, "global", NULL), 0);
	ck_assert_int_eq(
	    tls_config_check(&d.config, TLS_SERVER, "eu", NULL), -1);
	free(put(&d, "cert", d.certs->node.cert));
	free(put(&d, "key", d.certs->node.key));
	expect_refused(&d, TLS_SERVER, "/sca has not signed it");
	free(put(&d, "cert", d.certs->foreign.cert));
	free(put(&d, "key", d.certs->foreign.key));
	expect_refused(&d, TLS_NODE, "/ca has not signed it");
	free(put(&d, "cert", d.certs->old.cert));
	free(put(&d, "key", d.certs->old.key));
	expect_refused(&d, TLS_SERVER, "/cert: the certificate expired at 20");
	desk_close(&d);
}
END_TEST

/* Nobody is asked for a passphrase at the terminal. */
START_TEST(a_key_with_a_passphrase_is_refused)
{
	struct desk d = desk_open();
	BIO *in = BIO_new_mem_buf(d.certs->server.key, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	BIO *out = BIO_new_file(d.config.key_file, "w");

	ck_assert_int_eq(PEM_write_bio_PKCS8PrivateKey(
			     out, key, EVP_aes_128_cbc(), "x", 1, NULL, NULL),
	    1);
	BIO_free(out);
	BIO_free(in);
	EVP_PKEY_free(key);
	expect_refused(&d, TLS_SERVER, "without a passphrase");
	desk_close(&d);
}
END_TEST

UNIT_MAIN("tls_load", what_is_right_is_taken,
    what_is_missing_or_no_certificate_is_named,
    what_does_not_belong_together_is_named, a_key_with_a_passphrase_is_refused)
