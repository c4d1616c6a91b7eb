#include "common/pem.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/log.h"

static int
no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

static BIO *
reader(const char *pem)
{
	BIO *b = BIO_new_mem_buf(pem, -1);

	if (b == NULL)
		log_fatal("no memory to read PEM");
	return b;
}

STACK_OF(X509) * pem_certs(const char *pem)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	BIO *b = reader(pem);
	X509 *x;

	while ((x = PEM_read_bio_X509(b, NULL, no_passphrase, NULL)) != NULL)
		if (sk_X509_push(all, x) == 0)
			log_fatal("no memory for a certificate");
	BIO_free(b);
	ERR_clear_error();
	return all;
}

X509 *
pem_cert(const char *pem)
{
	BIO *b = reader(pem);
	X509 *x = PEM_read_bio_X509(b, NULL, no_passphrase, NULL);

	BIO_free(b);
	ERR_clear_error();
	return x;
}

EVP_PKEY *
pem_key(const char *pem)
{
	BIO *b = reader(pem);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(b, NULL, no_passphrase, NULL);

	BIO_free(b);
	ERR_clear_error();
	return key;
}
