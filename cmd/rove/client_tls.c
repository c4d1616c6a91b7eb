#include "cmd/rove/client_tls.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/mem.h"
#include "common/pem.h"
#include "common/tls.h"

static void
from_env(const char **member, const char *name)
{
	const char *value = getenv(name);

	if ((*member == NULL || **member == '\0') && value != NULL)
		*member = value;
	if (*member != NULL && **member == '\0')
		*member = NULL;
}

/* As Go reads a truth; what is none is not true. */
static bool
is_true(const char *text)
{
	static const char *const words[] = { "1", "t", "T", "true", "True",
		"TRUE" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

void
client_tls_from_env(struct client_tls *t)
{
	const char *skip = getenv("NOMAD_SKIP_VERIFY");

	from_env(&t->ca_cert, "NOMAD_CACERT");
	from_env(&t->ca_path, "NOMAD_CAPATH");
	from_env(&t->client_cert, "NOMAD_CLIENT_CERT");
	from_env(&t->client_key, "NOMAD_CLIENT_KEY");
	from_env(&t->server_name, "NOMAD_TLS_SERVER_NAME");
	if (skip != NULL && is_true(skip))
		t->skip_verify = true;
}

/* What cannot be looked at is left to its reader, who says why. */
static bool
is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == -1 || S_ISREG(st.st_mode);
}

/* All files of a directory, one behind the other. */
static int
read_dir(const char *dir, struct buf *out, struct err *err)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort), rc = 0;

	if (n == -1)
		return err_sys(err, "%s", dir);
	for (int i = 0; i < n; i++) {
		char *path = xasprintf("%s/%s", dir, names[i]->d_name);

		if (rc == 0 && names[i]->d_name[0] != '.' && is_file(path)) {
			rc = file_read(path, CLIENT_CAS_MAX, out, err);
			buf_addc(out, '\n');
		}
		free(path);
		free(names[i]);
	}
	free(names);
	return rc;
}

static int
read_file(const char *flag, const char *path, struct buf *out, struct err *err)
{
	if (path == NULL || file_read(path, TLS_FILE_MAX, out, err) == 0)
		return 0;
	return err_add(err, "%s", flag);
}

static int
read_files(const struct client_tls *t, struct buf *ca, struct buf *cert,
    struct buf *key, struct err *err)
{
	if ((t->client_cert == NULL) != (t->client_key == NULL))
		return err_set(err, ERR_BAD,
		    "Both client cert and client key must be provided");
	if (read_file("ca-cert", t->ca_cert, ca, err) == -1)
		return -1;
	if (t->ca_cert == NULL && t->ca_path != NULL &&
	    read_dir(t->ca_path, ca, err) == -1)
		return err_add(err, "ca-path");
	if (read_file("client-cert", t->client_cert, cert, err) == -1)
		return -1;
	return read_file("client-key", t->client_key, key, err);
}

/* What OpenSSL would refuse without a word of the file. */
static int
check_ca(const struct client_tls *t, const char *pem, struct err *err)
{
	bool is_file = t->ca_cert != NULL;
	STACK_OF(X509) *certs = pem_certs(pem);
	int n = sk_X509_num(certs);

	sk_X509_pop_free(certs, X509_free);
	return n > 0 ? 0
		     : err_set(err, ERR_BAD,
			   "%s: %s: there is no certificate in it",
			   is_file ? "ca-cert" : "ca-path",
			   is_file ? t->ca_cert : t->ca_path);
}

static int
check_own(const struct client_tls *t, const char *cert, const char *key,
    struct err *err)
{
	STACK_OF(X509) *certs = pem_certs(cert);
	EVP_PKEY *own = pem_key(key);
	int rc = 0;

	if (sk_X509_num(certs) <= 0)
		rc = err_set(err, ERR_BAD,
		    "client-cert: %s: there is no certificate in it",
		    t->client_cert);
	else if (own == NULL)
		rc = err_set(err, ERR_BAD,
		    "client-key: %s: there is no key in it that can be read "
		    "without a passphrase",
		    t->client_key);
	else if (X509_check_private_key(sk_X509_value(certs, 0), own) != 1)
		rc = err_set(err, ERR_BAD,
		    "client-key: %s: the key does not fit the certificate in "
		    "%s",
		    t->client_key, t->client_cert);
	EVP_PKEY_free(own);
	sk_X509_pop_free(certs, X509_free);
	ERR_clear_error();
	return rc;
}

void
client_tls_explain(const struct client_tls *t, struct err *err)
{
	struct err was;

	if (err == NULL || (strstr(err->text, "local issuer") == NULL &&
			       strstr(err->text, "self-signed") == NULL))
		return;
	was = *err;
	if (t->ca_cert != NULL || t->ca_path != NULL)
		err_set(err, was.code, "%s: no CA in %s has signed it",
		    was.text, t->ca_cert != NULL ? t->ca_cert : t->ca_path);
	else
		err_set(err, was.code,
		    "%s: -ca-cert or NOMAD_CACERT names the file of its CA",
		    was.text);
}

struct tls_keys *
client_tls_keys(const struct client_tls *t, const char *host, struct err *err)
{
	struct buf ca = { 0 }, cert = { 0 }, key = { 0 };
	bool own_ca = t->ca_cert != NULL || t->ca_path != NULL;
	struct tls_keys *k = NULL;

	if (read_files(t, &ca, &cert, &key, err) == 0 &&
	    (!own_ca || check_ca(t, buf_str(&ca), err) == 0) &&
	    (t->client_cert == NULL ||
		check_own(t, buf_str(&cert), buf_str(&key), err) == 0))
		k = tls_keys_new(
		    &(struct tls_keys_opts){ .ca = own_ca ? buf_str(&ca) : NULL,
			.cert = t->client_cert != NULL ? buf_str(&cert) : NULL,
			.key = buf_str(&key),
			.name = t->server_name != NULL ? t->server_name : host,
			.trusts_all = t->skip_verify,
			.is_person = true },
		    err);
	if (key.len > 0)
		explicit_bzero(key.data, key.len);
	buf_release(&ca);
	buf_release(&cert);
	buf_release(&key);
	return k;
}
