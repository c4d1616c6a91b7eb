/* Certificates as they are made: whose they are, and what cannot be made. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "common/cert.h"
#include "common/cert_info.h"
#include "tests/lib/tlsworld.h"
#include "tests/lib/unit.h"

static X509 *
read_cert(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	ck_assert_ptr_nonnull(x);
	return x;
}

START_TEST(a_certificate_is_whose_it_says)
{
	const char *const names[] = { "server.eu.nomad", "localhost" };
	const char *const addrs[] = { "10.0.0.1", "fd00::1" };
	struct tls_pair ca;
	struct cert_opts o = { .common_name = "server.eu.nomad",
		.days = 3,
		.dns_names = names,
		.ndns_names = 2,
		.addrs = addrs,
		.naddrs = 2 };
	struct buf cert = { 0 }, key = { 0 };
	X509 *x, *by;

	tls_world_sign(&ca, NULL, "a CA", 10);
	o.ca = ca.cert;
	o.ca_key = ca.key;
	ck_assert_int_eq(cert_make(&o, &cert, &key, NULL), 0);
	x = read_cert(buf_str(&cert));
	by = read_cert(ca.cert);
	ck_assert_int_eq(X509_check_issued(by, x), X509_V_OK);
	ck_assert_int_eq(X509_check_ca(by), 1);
	ck_assert_int_eq(X509_check_ca(x), 0);
	ck_assert_int_eq(X509_check_host(x, names[0], 0, 0, NULL), 1);
	ck_assert_int_eq(X509_check_host(x, "client.eu.nomad", 0, 0, NULL), 0);
	ck_assert_int_eq(X509_check_ip_asc(x, "fd00::1", 0), 1);
	ck_assert_int_eq(X509_check_ip_asc(x, "10.0.0.2", 0), 0);
	ck_assert_int_eq(X509_check_purpose(x, X509_PURPOSE_SSL_SERVER, 0), 1);
	ck_assert_int_eq(X509_check_purpose(x, X509_PURPOSE_SSL_CLIENT, 0), 1);
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&key), "-----BEGIN EC PRIVATE KEY-----"));
	X509_free(x);
	X509_free(by);
	buf_release(&cert);
	buf_release(&key);
	tls_pair_release(&ca);
}
END_TEST

START_TEST(a_certificate_says_what_is_in_it)
{
	const char *const names[] = { "server.eu.nomad", "localhost" };
	const char *const addrs[] = { "10.0.0.1", "fd00::1" };
	const char *const zones[] = { "eu.nomad", "localhost" };
	struct cert_opts ca_opts = { .common_name = "a, \xc3\xbc\nCA",
		.days = 10,
		.is_ca = true,
		.zones = zones,
		.nzones = 2 };
	struct cert_opts o = { .common_name = "server.eu.nomad",
		.days = 3,
		.dns_names = names,
		.ndns_names = 2,
		.addrs = addrs,
		.naddrs = 2 };
	struct buf ca = { 0 }, ca_key = { 0 }, cert = { 0 }, key = { 0 };
	struct cert_info i;
	struct err err;

	ck_assert_int_eq(cert_make(&ca_opts, &ca, &ca_key, NULL), 0);
	ck_assert_int_eq(cert_info_read(&i, buf_str(&ca), &err), 0);
	ck_assert_str_eq(i.subject, "CN=a\\, \xc3\xbc\\0ACA,O=rove");
	ck_assert_str_eq(i.zones, "[eu.nomad localhost]");
	ck_assert_str_eq(i.dns_names, "[]");
	cert_info_release(&i);
	o.ca = buf_str(&ca);
	o.ca_key = buf_str(&ca_key);
	ck_assert_int_eq(cert_make(&o, &cert, &key, NULL), 0);
	ck_assert_int_eq(cert_info_read(&i, buf_str(&cert), &err), 0);
	ck_assert_str_eq(i.issuer, "a, \xc3\xbc\\0ACA");
	ck_assert_str_eq(i.subject, "CN=server.eu.nomad");
	ck_assert_str_eq(i.dns_names, "[server.eu.nomad localhost]");
	ck_assert_str_eq(i.addrs, "[10.0.0.1 fd00::1]");
	ck_assert_str_eq(i.zones, "[]");
	ck_assert_uint_eq(strspn(i.serial, "0123456789"), strlen(i.serial));
	ck_assert_uint_gt(strlen(i.serial), 20);
	ck_assert_ptr_nonnull(strstr(i.until, ":"));
	ck_assert_ptr_nonnull(strstr(i.until, " +0000 UTC"));
	cert_info_release(&i);
	ck_assert_int_eq(cert_info_read(&i, "nonsense", &err), -1);
	buf_release(&ca);
	buf_release(&ca_key);
	buf_release(&cert);
	buf_release(&key);
}
END_TEST

static void
expect_refused(const struct cert_opts *o, const char *says)
{
	struct buf cert = { 0 }, key = { 0 };
	struct err err = { 0 };

	ck_assert_int_eq(cert_make(o, &cert, &key, &err), -1);
	ck_assert_msg(strstr(err.text, says) != NULL, "\"%s\" not in \"%s\"",
	    says, err.text);
	buf_release(&cert);
	buf_release(&key);
}

START_TEST(what_cannot_be_signed_is_refused)
{
	struct tls_world *t = tls_world_new();
	struct cert_opts o = { .common_name = "x", .days = 1 };
	static const char *const injected[] = { "a,email:b" };
	static const char *const no_addr[] = { "10.0.0" };
	struct tls_pair old;

	o.ca = t->server_ca.cert;
	o.ca_key = t->cluster_ca.key;
	expect_refused(&o, "the CA's key does not fit");
	o.ca = t->server.cert;
	expect_refused(&o, "not that of a CA");
	o.ca = "x";
	expect_refused(&o, "the CA's certificate is none");
	o.ca = t->cluster_ca.cert;
	o.dns_names = injected;
	o.ndns_names = 1;
	expect_refused(&o, "\"a,email:b\" is no name");
	o.ndns_names = 0;
	o.addrs = no_addr;
	o.naddrs = 1;
	expect_refused(&o, "\"10.0.0\" is no IP address");
	o.naddrs = 0;
	o.days = CERT_DAYS_MAX + 1;
	expect_refused(&o, "at most 36500");
	o.days = 1;
	tls_world_sign(&old, NULL, "old", -1);
	o.ca = old.cert;
	o.ca_key = old.key;
	expect_refused(&o, "expired");
	tls_pair_release(&old);
	tls_world_free(t);
}
END_TEST

START_TEST(a_constrained_ca_signs_only_below_its_zones)
{
	static const char *const zones[] = { "nomad", "localhost" };
	static const char *const inside[] = { "server.eu.nomad" };
	static const char *const outside[] = { "example.com" };
	struct cert_opts ca = {
		.is_ca = true, .days = 3, .zones = zones, .nzones = 2
	};
	struct buf cert = { 0 }, key = { 0 }, own = { 0 };
	struct cert_opts o = { .common_name = "x", .days = 1 };

	ck_assert_int_eq(cert_make(&ca, &cert, &key, NULL), 0);
	o.ca = buf_str(&cert);
	o.ca_key = buf_str(&key);
	o.dns_names = inside;
	o.ndns_names = 1;
	ck_assert_int_eq(cert_make(&o, &own, &own, NULL), 0);
	o.dns_names = outside;
	expect_refused(&o, "the CA cannot sign this: permitted subtree");
	buf_release(&own);
	buf_release(&cert);
	buf_release(&key);
}
END_TEST

UNIT_MAIN("cert", a_certificate_is_whose_it_says,
    a_certificate_says_what_is_in_it, what_cannot_be_signed_is_refused,
    a_constrained_ca_signs_only_below_its_zones)
