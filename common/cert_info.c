#include "common/cert_info.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "common/buf.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/pem.h"

static char *
serial_of(X509 *x)
{
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get_serialNumber(x), NULL);
	char *text = n != NULL ? BN_bn2dec(n) : NULL;
	char *copy = xstrdup(text != NULL ? text : "");

	OPENSSL_free(text);
	BN_free(n);
	return copy;
}

/* What was written to b, which is freed. */
static char *
written(BIO *b)
{
	char *text = NULL, *copy;
	long n = BIO_get_mem_data(b, &text);

	copy = xstrndup(n > 0 ? text : "", (size_t)n);
	BIO_free(b);
	return copy;
}

static BIO *
writer(void)
{
	BIO *b = BIO_new(BIO_s_mem());

	if (b == NULL)
		log_fatal("no memory for a certificate");
	return b;
}

static char *
common_name(const X509_NAME *name)
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	BIO *b = writer();

	if (at >= 0)
		ASN1_STRING_print_ex(b,
		    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)),
		    ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT);
	return written(b);
}

/* Characters beyond ASCII as they are. */
static char *
whole_name(const X509_NAME *name)
{
	BIO *b = writer();

	X509_NAME_print_ex(
	    b, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
	return written(b);
}

static char *
time_text(const ASN1_TIME *t)
{
	char text[64];
	struct tm tm = { 0 };

	ASN1_TIME_to_tm(t, &tm);
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S +0000 UTC", &tm);
	return xstrdup(text);
}

/* --- names --- */

static void
add_dns(struct buf *list, const ASN1_IA5STRING *s)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);

	if (list->len > 1)
		buf_addc(list, ' ');
	for (int i = 0; i < ASN1_STRING_length(s); i++)
		buf_addc(list, p[i] > ' ' && p[i] < 0x7f ? (char)p[i] : '?');
}

static void
add_addr(struct buf *list, const ASN1_OCTET_STRING *s)
{
	int n = ASN1_STRING_length(s);
	char text[INET6_ADDRSTRLEN] = "?";

	if (list->len > 1)
		buf_addc(list, ' ');
	if (n == 4 || n == 16)
		inet_ntop(n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(s),
		    text, sizeof text);
	buf_adds(list, text);
}

static void
read_names(struct cert_info *i, X509 *x)
{
	GENERAL_NAMES *all =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	struct buf dns = { 0 }, addrs = { 0 };

	buf_addc(&dns, '[');
	buf_addc(&addrs, '[');
	for (int n = 0; n < sk_GENERAL_NAME_num(all); n++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, n);

		if (name->type == GEN_DNS)
			add_dns(&dns, name->d.dNSName);
		else if (name->type == GEN_IPADD)
			add_addr(&addrs, name->d.iPAddress);
	}
	buf_addc(&dns, ']');
	buf_addc(&addrs, ']');
	i->dns_names = buf_take(&dns);
	i->addrs = buf_take(&addrs);
	GENERAL_NAMES_free(all);
}

static char *
read_zones(X509 *x)
{
	NAME_CONSTRAINTS *c =
	    X509_get_ext_d2i(x, NID_name_constraints, NULL, NULL);
	struct buf list = { 0 };
	int n = c != NULL ? sk_GENERAL_SUBTREE_num(c->permittedSubtrees) : 0;

	buf_addc(&list, '[');
	for (int i = 0; i < n; i++) {
		const GENERAL_NAME *name =
		    sk_GENERAL_SUBTREE_value(c->permittedSubtrees, i)->base;

		if (name->type == GEN_DNS)
			add_dns(&list, name->d.dNSName);
	}
	buf_addc(&list, ']');
	NAME_CONSTRAINTS_free(c);
	return buf_take(&list);
}

/* --- the whole --- */

int
cert_info_read(struct cert_info *i, const char *pem, struct err *err)
{
	X509 *x = pem_cert(pem);

	*i = (struct cert_info){ 0 };
	if (x == NULL)
		return err_set(
		    err, ERR_BAD, "there is no certificate in PEM in it");
	i->serial = serial_of(x);
	i->issuer = common_name(X509_get_issuer_name(x));
	i->subject = whole_name(X509_get_subject_name(x));
	i->until = time_text(X509_get0_notAfter(x));
	read_names(i, x);
	i->zones = read_zones(x);
	X509_free(x);
	ERR_clear_error();
	return 0;
}

void
cert_info_release(struct cert_info *i)
{
	free(i->serial);
	free(i->issuer);
	free(i->subject);
	free(i->until);
	free(i->dns_names);
	free(i->addrs);
	free(i->zones);
	*i = (struct cert_info){ 0 };
}
