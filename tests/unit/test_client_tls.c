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
};

static void
world_open(struct world *w)
{
	FILE *f;

	*w = (struct world){ .certs = tls_world_new(),
		.dir = "/tmp/test_client_tls.XXXXXX" };
	ck_assert_ptr_nonnull(mkdtemp(w->dir));
	w->file = xasprintf("%s/ca.pem", w->dir);
	w->below = xasprintf("%s/below", w->dir);
	f = fopen(w->file, "we");
	ck_assert_ptr_nonnull(f);
	fputs(w->certs->server_ca.cert, f);
	fclose(f);
	ck_assert_int_eq(mkdir(w->below, 0700), 0);
}

static void
world_close(struct world *w)
{
	unlink(w->file);
	rmdir(w->below);
	ck_assert_int_eq(rmdir(w->dir), 0);
	free(w->file);
	free(w->below);
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
	t.ca_path = w.below;
	ck_assert_ptr_null(client_tls_keys(&t, "localhost", &err));
	t.ca_path = "/nowhere";
	ck_assert_ptr_null(client_tls_keys(&t, "localhost", &err));
	ck_assert_msg(
	    strncmp(err.text, "ca-path: /nowhere", 17) == 0, "%s", err.text);
	world_close(&w);
}
END_TEST

UNIT_MAIN("client_tls", a_directory_of_cas_may_have_others_in_it,
    a_directory_without_cas_is_refused)
