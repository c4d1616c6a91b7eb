#include "common/tls_keys.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/mem.h"
#include "common/pem.h"
#include "common/tls_bio.h"

struct tls_keys {
	pthread_mutex_t lock;
	SSL_CTX *ctx;
	char *name;
	bool listens;
};

static const char *
reason(void)
{
	unsigned long e = ERR_peek_last_error();
	const char *why = e != 0 ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	return why != NULL ? why : "OpenSSL failed";
}

static int
bad(struct err *err, const char *what)
{
	return err_set(err, ERR_BAD, "%s: %s", what, reason());
}

/* Whom one of these has signed; NULL: whom the machine trusts. */
static int
trust(SSL_CTX *ctx, const char *pem, struct err *err)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	STACK_OF(X509) * cas;
	int n;

	if (pem == NULL)
		return SSL_CTX_set_default_verify_paths(ctx) == 1
			   ? 0
			   : bad(err, "the machine's CA certificates");
	cas = pem_certs(pem);
	n = sk_X509_num(cas);
	for (int i = 0; i < n; i++) {
		X509_STORE_add_cert(store, sk_X509_value(cas, i));
		SSL_CTX_add_client_CA(ctx, sk_X509_value(cas, i));
	}
	sk_X509_pop_free(cas, X509_free);
	if (n == 0)
		return err_set(err, ERR_BAD, "CA certificates: there are none");
	/* What is trusted need not have signed itself. */
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	return 0;
}

/* The first is ours; the others lead to its CA. */
static int
show(SSL_CTX *ctx, const struct tls_keys_opts *o, struct err *err)
{
	STACK_OF(X509) *certs = pem_certs(o->cert);
	EVP_PKEY *key = pem_key(o->key);
	bool ok = sk_X509_num(certs) > 0 &&
		  SSL_CTX_use_certificate(ctx, sk_X509_value(certs, 0)) == 1;
	int rc = 0;

	for (int i = 1; ok && i < sk_X509_num(certs); i++)
		ok = SSL_CTX_add1_chain_cert(ctx, sk_X509_value(certs, i)) == 1;
	if (!ok)
		rc = bad(err, "certificate");
	else if (key == NULL || SSL_CTX_use_PrivateKey(ctx, key) != 1)
		rc = bad(err, "key");
	EVP_PKEY_free(key);
	sk_X509_pop_free(certs, X509_free);
	return rc;
}

static int
fill(SSL_CTX *ctx, const struct tls_keys_opts *o, struct err *err)
{
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/* Who has shown a certificate once shows it each time. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_num_tickets(ctx, 0);
	/* What leads to a CA is in the file, and not sought each time. */
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				  SSL_MODE_RELEASE_BUFFERS |
				  SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_verify(ctx,
	    o->trusts_all ? SSL_VERIFY_NONE
			  : SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
	    NULL);
	if (!o->is_person &&
	    (o->ca == NULL || o->cert == NULL || o->key == NULL))
		return err_set(err, ERR_BAD,
		    "CA certificates, a certificate and its key are needed");
	if (trust(ctx, o->ca, err) == -1)
		return -1;
	return o->cert != NULL ? show(ctx, o, err) : 0;
}

static SSL_CTX *
ctx_new(const struct tls_keys_opts *o, struct err *err)
{
	SSL_CTX *ctx =
	    SSL_CTX_new(o->listens ? TLS_server_method() : TLS_client_method());

	ERR_clear_error();
	if (ctx == NULL) {
		err_set(err, ERR_SYSTEM, "TLS: %s", reason());
		return NULL;
	}
	if (fill(ctx, o, err) == 0)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

struct tls_keys *
tls_keys_new(const struct tls_keys_opts *o, struct err *err)
{
	SSL_CTX *ctx = ctx_new(o, err);
	struct tls_keys *k;

	if (ctx == NULL)
		return NULL;
	k = xcalloc(1, sizeof *k);
	k->ctx = ctx;
	k->listens = o->listens;
	if (o->name != NULL)
		k->name = xstrdup(o->name);
	pthread_mutex_init(&k->lock, NULL);
	return k;
}

int
tls_keys_renew(
    struct tls_keys *k, const struct tls_keys_opts *o, struct err *err)
{
	SSL_CTX *old, *ctx = ctx_new(o, err);

	if (ctx == NULL)
		return -1;
	pthread_mutex_lock(&k->lock);
	old = k->ctx;
	k->ctx = ctx;
	pthread_mutex_unlock(&k->lock);
	SSL_CTX_free(old); /* connections hold what they began with */
	return 0;
}

void
tls_keys_free(struct tls_keys *k)
{
	if (k == NULL)
		return;
	SSL_CTX_free(k->ctx);
	pthread_mutex_destroy(&k->lock);
	free(k->name);
	free(k);
}

/* A name, or an address as text. */
static int
ask_for_name(SSL *ssl, const char *name)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	char *copy; /* OpenSSL's macro wants one that it might change */
	int rc;

	if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
		return 1;
	ERR_clear_error();
	copy = xstrdup(name);
	rc = SSL_set1_host(ssl, name) == 1 &&
	     SSL_set_tlsext_host_name(ssl, copy) == 1;
	free(copy);
	return rc;
}

SSL *
tls_keys_begin(struct tls_keys *k, int fd, const char *name)
{
	BIO *bio = tls_bio_new(fd);
	SSL *ssl;

	pthread_mutex_lock(&k->lock);
	ssl = SSL_new(k->ctx);
	pthread_mutex_unlock(&k->lock);
	if (name == NULL)
		name = k->name;
	if (ssl == NULL || bio == NULL ||
	    (k->name != NULL && !ask_for_name(ssl, name))) {
		BIO_free(bio);
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_bio(ssl, bio, bio);
	if (k->listens)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

const char *
tls_keys_why(const SSL *ssl)
{
	long v = SSL_get_verify_result(ssl);

	if (ERR_GET_REASON(ERR_peek_last_error()) ==
		SSL_R_CERTIFICATE_VERIFY_FAILED &&
	    v != X509_V_OK) {
		ERR_clear_error();
		return X509_verify_cert_error_string(v);
	}
	if (ERR_peek_last_error() == 0)
		return "the connection was closed";
	if (ERR_GET_REASON(ERR_peek_last_error()) ==
	    SSL_R_WRONG_VERSION_NUMBER) {
		ERR_clear_error();
		return "what came is no TLS";
	}
	return reason();
}
