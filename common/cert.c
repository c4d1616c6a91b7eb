#include "common/cert.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/pem.h"

#define DAY_S       86400L
#define EARLY_S     3600L
#define SERIAL_BITS 127

static int
failed(struct err *err, const char *what)
{
	unsigned long e = ERR_peek_last_error();
	const char *why = e != 0 ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	return err_set(err, ERR_INTERNAL, "%s: %s", what,
	    why != NULL ? why : "OpenSSL failed");
}

/* --- the parts --- */

/* The name that a CA gets without one tells it from others. */
static int
set_name(X509 *x, const struct cert_opts *o, const BIGNUM *serial)
{
	X509_NAME *name = X509_get_subject_name(x);
	char *text = BN_bn2dec(serial), own[128];
	const char *cn = o->common_name;
	int rv;

	if (cn == NULL || *cn == '\0') {
		snprintf(own, sizeof own, "rove Agent CA %s",
		    text != NULL ? text : "");
		cn = own;
	}
	OPENSSL_free(text);
	if (o->is_ca && X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
			    (const unsigned char *)"rove", -1, -1, 0) != 1)
		return 0;
	rv = X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
	return rv;
}

static int
set_serial_and_name(X509 *x, const struct cert_opts *o)
{
	BIGNUM *serial = BN_new();
	int rv = serial != NULL &&
		 BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ANY,
		     BN_RAND_BOTTOM_ANY) == 1 &&
		 BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x)) != NULL &&
		 set_name(x, o, serial) == 1;

	BN_free(serial);
	return rv;
}

static int
set_time(X509 *x, int64_t days)
{
	long until_s = (long)days * DAY_S;
	long from_s = days > 0 ? -EARLY_S : until_s - DAY_S;

	return X509_gmtime_adj(X509_getm_notBefore(x), from_s) != NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(x), until_s) != NULL;
}

static int
add_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	int rv;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (ext == NULL)
		return 0;
	rv = X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
	return rv;
}

/* "DNS:a,DNS:b": what is in a name must not be more than a name. */
static int
add_list(struct buf *out, const char *prefix, const char *const *items,
    size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (*items[i] == '\0' || strlen(items[i]) > 253 ||
		    strspn(items[i], "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789-._*:") != strlen(items[i]))
			return err_set(err, ERR_BAD,
			    "\"%s\" is no name for a certificate", items[i]);
		buf_addf(
		    out, "%s%s%s", out->len > 0 ? "," : "", prefix, items[i]);
	}
	return 0;
}

static int
add_names(X509 *x, X509 *issuer, const struct cert_opts *o, struct err *err)
{
	struct buf names = { 0 };
	int rc = add_list(&names, "DNS:", o->dns_names, o->ndns_names, err);

	if (rc == 0)
		rc = add_list(&names, "IP:", o->addrs, o->naddrs, err);
	if (rc == 0 && names.len > 0 &&
	    !add_ext(x, issuer, NID_subject_alt_name, buf_str(&names)))
		rc = failed(err, "names of the certificate");
	buf_release(&names);
	return rc;
}

static int
add_zones(X509 *x, const struct cert_opts *o, struct err *err)
{
	struct buf zones = { 0 }, value = { 0 };
	int rc = add_list(&zones, "permitted;DNS:", o->zones, o->nzones, err);

	buf_addf(&value, "critical,%s", buf_str(&zones));
	if (rc == 0 && o->nzones > 0 &&
	    !add_ext(x, x, NID_name_constraints, buf_str(&value)))
		rc = failed(err, "names that the CA may sign");
	buf_release(&value);
	buf_release(&zones);
	return rc;
}

static int
add_exts(X509 *x, X509 *issuer, const struct cert_opts *o, struct err *err)
{
	int ok = add_ext(x, issuer, NID_basic_constraints,
	    o->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");

	ok =
	    ok && add_ext(x, issuer, NID_key_usage,
		      o->is_ca ? "critical,digitalSignature,keyCertSign,cRLSign"
			       : "critical,digitalSignature,keyEncipherment");
	if (ok && !o->is_ca)
		ok = add_ext(
		    x, issuer, NID_ext_key_usage, "serverAuth,clientAuth");
	ok = ok && add_ext(x, issuer, NID_subject_key_identifier, "hash");
	ok = ok && add_ext(x, issuer, NID_authority_key_identifier, "keyid");
	if (!ok)
		return failed(err, "the certificate's extensions");
	return o->is_ca ? add_zones(x, o, err) : add_names(x, issuer, o, err);
}

/* --- the CA that signs --- */

struct signer {
	X509 *cert;
	EVP_PKEY *key;
};

static void
signer_release(struct signer *s)
{
	X509_free(s->cert);
	EVP_PKEY_free(s->key);
}

static int
signer_read(struct signer *s, const struct cert_opts *o, struct err *err)
{
	*s = (struct signer){ pem_cert(o->ca), pem_key(o->ca_key) };
	if (s->cert == NULL)
		err_set(err, ERR_BAD, "the CA's certificate is none in PEM");
	else if (s->key == NULL)
		err_set(err, ERR_BAD, "the CA's key is none in PEM");
	else if (X509_check_ca(s->cert) != 1)
		err_set(
		    err, ERR_BAD, "the CA's certificate is not that of a CA");
	else if (X509_check_private_key(s->cert, s->key) != 1)
		err_set(err, ERR_BAD,
		    "the CA's key does not fit the CA's certificate");
	else
		return 0;
	ERR_clear_error();
	signer_release(s);
	return -1;
}

/* What was signed must be of use: the CA has not ended, and signs such names.
 */
static int
verify(X509 *x, X509 *ca, struct err *err)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int rc = 0;

	X509_STORE_add_cert(store, ca);
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	if (X509_STORE_CTX_init(ctx, store, x, NULL) != 1)
		rc = failed(err, "the certificate");
	else if (X509_verify_cert(ctx) != 1)
		rc = err_set(err, ERR_BAD, "the CA cannot sign this: %s",
		    X509_verify_cert_error_string(
			X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return rc;
}

/* --- the whole --- */

static int
put(X509 *x, EVP_PKEY *key, struct buf *cert_out, struct buf *key_out,
    struct err *err)
{
	BIO *cert = BIO_new(BIO_s_mem()), *secret = BIO_new(BIO_s_secmem());
	char *p;
	long n;
	int ok = PEM_write_bio_X509(cert, x) == 1 &&
		 PEM_write_bio_PrivateKey_traditional(
		     secret, key, NULL, NULL, 0, NULL, NULL) == 1;

	if (ok) {
		n = BIO_get_mem_data(cert, &p);
		buf_add(cert_out, p, (size_t)n);
		n = BIO_get_mem_data(secret, &p);
		buf_add(key_out, p, (size_t)n);
	}
	BIO_free(cert);
	BIO_free(secret);
	return ok ? 0 : failed(err, "the certificate as PEM");
}

static int
check(const struct cert_opts *o, struct err *err)
{
	struct in6_addr room;

	if (o->days > CERT_DAYS_MAX)
		return err_set(err, ERR_BAD,
		    "%" PRId64 " days: at most %d are possible", o->days,
		    CERT_DAYS_MAX);
	if (o->ndns_names > CERT_NAMES_MAX || o->naddrs > CERT_NAMES_MAX ||
	    o->nzones > CERT_NAMES_MAX)
		return err_set(
		    err, ERR_BAD, "more than %d names", CERT_NAMES_MAX);
	for (size_t i = 0; i < o->naddrs; i++)
		if (inet_pton(AF_INET, o->addrs[i], &room) != 1 &&
		    inet_pton(AF_INET6, o->addrs[i], &room) != 1)
			return err_set(err, ERR_BAD, "\"%s\" is no IP address",
			    o->addrs[i]);
	return 0;
}

/* issuer's parts are NULL for a CA, which signs itself. */
static int
make(X509 *x, EVP_PKEY *key, const struct signer *issuer,
    const struct cert_opts *o, struct err *err)
{
	X509 *by = issuer->cert != NULL ? issuer->cert : x;

	if (X509_set_version(x, X509_VERSION_3) != 1 ||
	    !set_serial_and_name(x, o) || !set_time(x, o->days) ||
	    X509_set_issuer_name(x, X509_get_subject_name(by)) != 1 ||
	    X509_set_pubkey(x, key) != 1)
		return failed(err, "the certificate");
	if (add_exts(x, by, o, err) == -1)
		return -1;
	if (X509_sign(
		x, issuer->key != NULL ? issuer->key : key, EVP_sha256()) == 0)
		return failed(err, "the signature");
	if (issuer->cert != NULL && o->days > 0)
		return verify(x, issuer->cert, err);
	return 0;
}

int
cert_make(const struct cert_opts *o, struct buf *cert, struct buf *key,
    struct err *err)
{
	struct signer issuer = { 0 };
	EVP_PKEY *own;
	X509 *x;
	int rc = -1;

	if (check(o, err) == -1 ||
	    (!o->is_ca && signer_read(&issuer, o, err) == -1))
		return -1;
	own = EVP_EC_gen("P-256");
	x = X509_new();
	if (own == NULL || x == NULL)
		failed(err, "a new key");
	else if (make(x, own, &issuer, o, err) == 0)
		rc = put(x, own, cert, key, err);
	X509_free(x);
	EVP_PKEY_free(own);
	signer_release(&issuer);
	return rc;
}
