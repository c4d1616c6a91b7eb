/* Where the command has its certificates from. */
#include "cmd/rove/client_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/tls_keys.h"
#include "tests/lib/tlsworld.h"
#include "tests/lib/unit.h"

struct world {
	struct tls_world *certs;
	char dir[64];
	char *file, *below; /* in it: a CA, and a directory */
	char *key, *other; /* and below: a server's key, a node's certificate */
};

static char *
put_file(const char *dir, const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static void
world_open(struct world *w)
{
	*w = (struct world){ .certs = tls_world_new(),
		.dir = "/tmp/test_client_tls.XXXXXX" };
	ck_assert_ptr_nonnull(mkdtemp(w->dir));
	w->file = put_file(w->dir, "ca.pem", w->certs->server_ca.cert);
	w->below = xasprintf("%s/below", w->dir);
	ck_assert_int_eq(mkdir(w->below, 0700), 0);
	w->key = put_file(w->below, "key.pem", w->certs->server.key);
	w->other = put_file(w->below, "node.pem", w->certs->node.cert);
}

static void
world_close(struct world *w)
{
	unlink(w->file);
	unlink(w->key);
	unlink(w->other);
	rmdir(w->below);
	ck_assert_int_eq(rmdir(w->dir), 0);
	free(w->file);
	free(w->below);
	free(w->key);
	free(w->other);
	tls_world_free(w->certs);
}

START_TEST(a_directory_of_cas_may_have_others_in_it)
{
	struct client_tls t = { 0 };
	struct tls_keys *k;
	struct world w;
	struct err err;

	world_open(&w);
	t.ca_path = w.dir;
	k = client_tls_keys(&t, "localhost", &err);
	ck_assert_msg(k != NULL, "%s", err.text);
	tls_keys_free(k);
	world_close(&w);
}
END_TEST

START_TEST(a_directory_without_cas_is_refused)
{
	struct client_tls t = { 0 };
	struct world w;
	struct err err;

	world_open(&w);
	unlink(w.other);
	t.ca_path = w.below;
	ck_assert_ptr_null(client_tls_keys(&t, "localhost", &err));
	t.ca_path = "/nowhere";
	ck_assert_ptr_null(client_tls_keys(&t, "localhost", &err));
	ck_assert_msg(
	    strncmp(err.text, "ca-path: /nowhere", 17) == 0, "%s", err.text);
	world_close(&w);
}
END_TEST

static void
is_refused(const struct client_tls *t, const char *file, const char *why)
{
	struct err err;

	ck_assert_ptr_null(client_tls_keys(t, "localhost", &err));
	ck_assert_msg(strstr(err.text, file) != NULL, "%s", err.text);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
}

START_TEST(a_file_that_is_another_one_is_named)
{
	struct client_tls t = { 0 };
	struct world w;

	world_open(&w);
	t.ca_cert = w.key;
	is_refused(&t, w.key, "there is no certificate in it");
	t.ca_cert = NULL;
	t.client_cert = w.other;
	t.client_key = w.key;
	is_refused(&t, w.key, "the key does not fit the certificate");
	is_refused(&t, w.other, "the key does not fit the certificate");
	t.client_key = w.other;
	is_refused(&t, w.other, "there is no key in it");
	t.client_cert = t.client_key = w.key;
	is_refused(&t, w.key, "client-cert");
	world_close(&w);
}
END_TEST

START_TEST(an_unknown_ca_is_told_with_the_way_to_name_it)
{
	struct client_tls t = { 0 };
	struct err err;

	err_set(&err, ERR_GONE, "tls: unable to get local issuer certificate");
	client_tls_explain(&t, &err);
	ck_assert_msg(strstr(err.text, "NOMAD_CACERT") != NULL, "%s", err.text);
	t.ca_cert = "/some/ca.pem";
	err_set(&err, ERR_GONE, "tls: unable to get local issuer certificate");
	client_tls_explain(&t, &err);
	ck_assert_msg(strstr(err.text, "/some/ca.pem") != NULL, "%s", err.text);
	err_set(&err, ERR_GONE, "Connection refused");
	client_tls_explain(&t, &err);
	ck_assert_str_eq(err.text, "Connection refused");
}
END_TEST

UNIT_MAIN("client_tls", a_file_that_is_another_one_is_named,
    an_unknown_ca_is_told_with_the_way_to_name_it,
    a_directory_of_cas_may_have_others_in_it,
    a_directory_without_cas_is_refused)
