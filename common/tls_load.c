/* The files of the `tls` group: read, and checked against each other. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/file.h"
#include "common/mem.h"
#include "common/pem.h"
#include "common/tls.h"

/* The certificates of a file; the first is what it is about. */
struct chain {
	const char *member, *path; /* "tls.ca_file" */
	char *pem;
	STACK_OF(X509) * certs;
};

static void
chain_release(struct chain *ch)
{
	sk_X509_pop_free(ch->certs, X509_free);
	ch->certs = NULL;
	free(ch->pem);
	ch->pem = NULL;
}

static char *
read_text(const char *member, const char *path, struct err *err)
{
	struct buf b = { 0 };
	char *text = NULL;

	if (*path == '\0') {
		err_set(err, ERR_BAD, "%s must be set for TLS", member);
		return NULL;
	}
	if (file_read(path, TLS_FILE_MAX, &b, err) == -1) {
		err_add(err, "%s", member);
	} else {
		text = xstrdup(buf_str(&b));
		if (b.len > 0)
			explicit_bzero(b.data, b.len);
	}
	buf_release(&b);
	return text;
}

static int
chain_read(
    struct chain *ch, const char *member, const char *path, struct err *err)
{
	*ch = (struct chain){ .member = member, .path = path };
	ch->pem = read_text(member, path, err);
	if (ch->pem == NULL)
		return -1;
	ch->certs = pem_certs(ch->pem);
	if (sk_X509_num(ch->certs) > 0)
		return 0;
	chain_release(ch);
	return err_set(err, ERR_BAD, "%s: %s: there is no certificate in it",
	    member, path);
}

static int
cas_read(
    struct chain *ch, const char *member, const char *path, struct err *err)
{
	if (chain_read(ch, member, path, err) == -1)
		return -1;
	for (int i = 0; i < sk_X509_num(ch->certs); i++)
		if (X509_check_ca(sk_X509_value(ch->certs, i)) == 0) {
			chain_release(ch);
			return err_set(err, ERR_BAD,
			    "%s: %s: certificate %d is not that of a CA",
			    member, path, i + 1);
		}
	return 0;
}

/* --- one against the other --- */

static void
put_time(const ASN1_TIME *t, char *out, size_t size)
{
	struct tm tm = { 0 };

	ASN1_TIME_to_tm(t, &tm);
	strftime(out, size, "%Y-%m-%d %H:%M:%SZ", &tm);
}

static int
check_time(const struct chain *ch, int64_t *until_s, struct err *err)
{
	const X509 *x = sk_X509_value(ch->certs, 0);
	const ASN1_TIME *from = X509_get0_notBefore(x);
	const ASN1_TIME *until = X509_get0_notAfter(x);
	struct tm tm = { 0 };
	char text[32];

	if (X509_cmp_current_time(until) < 0) {
		put_time(until, text, sizeof text);
		return err_set(err, ERR_BAD,
		    "%s: %s: the certificate expired at %s", ch->member,
		    ch->path, text);
	}
	if (X509_cmp_current_time(from) > 0) {
		put_time(from, text, sizeof text);
		return err_set(err, ERR_BAD,
		    "%s: %s: the certificate is not valid before %s",
		    ch->member, ch->path, text);
	}
	ASN1_TIME_to_tm(until, &tm);
	*until_s = (int64_t)timegm(&tm);
	return 0;
}

static int
check_key(
    const struct chain *own, const char *pem, const char *path, struct err *err)
{
	EVP_PKEY *key = pem_key(pem);
	int rc = 0;

	if (key == NULL)
		rc = err_set(err, ERR_BAD,
		    "tls.key_file: %s: there is no key in it that can be read "
		    "without a passphrase",
		    path);
	else if (X509_check_private_key(sk_X509_value(own->certs, 0), key) != 1)
		rc = err_set(err, ERR_BAD,
		    "tls.key_file: %s: the key does not fit the certificate in "
		    "%s",
		    path, own->path);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return rc;
}

/* Whether one of the CAs leads to the certificate; why not, otherwise. */
static const char *
verify(const struct chain *own, const struct chain *cas)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	const char *why = NULL;

	for (int i = 0; i < sk_X509_num(cas->certs); i++)
		X509_STORE_add_cert(store, sk_X509_value(cas->certs, i));
	/* What is trusted need not have signed itself. */
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	if (X509_STORE_CTX_init(
		ctx, store, sk_X509_value(own->certs, 0), own->certs) != 1)
		why = "OpenSSL failed";
	else if (X509_verify_cert(ctx) != 1)
		why = X509_verify_cert_error_string(
		    X509_STORE_CTX_get_error(ctx));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return why;
}

static int
check_signer(const struct chain *own, const struct chain *cas, struct err *err)
{
	const char *why = verify(own, cas);

	if (why == NULL)
		return 0;
	return err_set(err, ERR_BAD,
	    "%s: %s: the CA in %s has not signed it: %s", own->member,
	    own->path, cas->path, why);
}

static int
check_name(const struct chain *own, const char *region, struct err *err)
{
	char *name = xasprintf("server.%s.nomad", region);
	int rc =
	    X509_check_host(sk_X509_value(own->certs, 0), name, 0, 0, NULL);

	if (rc != 1)
		err_set(err, ERR_BAD,
		    "%s: %s: the certificate does not bear the name %s, which "
		    "verify_server_hostname asks for",
		    own->member, own->path, name);
	free(name);
	return rc == 1 ? 0 : -1;
}

/* --- the whole --- */

struct chains {
	struct chain ca, server_ca, own;
};

static int
read_chains(struct chains *s, const struct tls_config *c, struct err *err)
{
	const char *server_ca = c->server_ca_file;

	if (cas_read(&s->ca, "tls.ca_file", c->ca_file, err) == -1)
		return -1;
	if (*server_ca != '\0' &&
	    cas_read(&s->server_ca, "tls.server_ca_file", server_ca, err) == -1)
		return -1;
	return chain_read(&s->own, "tls.cert_file", c->cert_file, err);
}

static int
check(const struct chains *s, const struct tls_config *c, enum tls_role role,
    const char *region, struct tls_files *f, struct err *err)
{
	bool two = s->server_ca.certs != NULL;
	bool by_server_ca = two && role == TLS_SERVER;

	/* A node beside a server may show the server's. */
	if (two && role == TLS_NODE && verify(&s->own, &s->server_ca) == NULL)
		by_server_ca = true;
	if (check_time(&s->own, &f->until_s, err) == -1 ||
	    check_key(&s->own, f->key, c->key_file, err) == -1 ||
	    check_signer(&s->own, by_server_ca ? &s->server_ca : &s->ca, err) ==
		-1)
		return -1;
	if (role == TLS_SERVER && c->verify_server_hostname)
		return check_name(&s->own, region, err);
	return 0;
}

int
tls_load(const struct tls_config *c, enum tls_role role, const char *region,
    struct tls_files *out, struct err *err)
{
	struct chains s = { 0 };
	int rc = -1;

	*out = (struct tls_files){ 0 };
	if (!tls_is_on(c))
		return 0;
	if (read_chains(&s, c, err) == 0)
		out->key = read_text("tls.key_file", c->key_file, err);
	if (out->key != NULL)
		rc = check(&s, c, role, region, out, err);
	if (rc == 0) {
		const struct chain *server =
		    s.server_ca.pem != NULL ? &s.server_ca : &s.ca;

		out->ca = xstrdup(s.ca.pem);
		out->server_ca = xstrdup(server->pem);
		out->cert = xstrdup(s.own.pem);
	}
	chain_release(&s.ca);
	chain_release(&s.server_ca);
	chain_release(&s.own);
	if (rc == -1)
		tls_files_release(out);
	return rc;
}
