/* Functions of ids and secrets: UUIDs, hashed passwords, RSA. */
#include "common/hcl/func.h"

#include <crypt.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "common/json.h"
#include "common/text.h"

typedef const struct hcl_value *value;

#define UUID_TEXT 36

/* --- UUIDs --- */

static value
uuid_value(struct hcl_call *c, uint8_t id[16], unsigned version)
{
	struct buf out = { 0 };

	id[6] = (uint8_t)((id[6] & 0x0f) | version << 4);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < 16; i++)
		buf_addf(&out, "%s%02x",
		    i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
	return hcl_func_text(c, &out);
}

static value
fn_uuidv4(struct hcl_call *c)
{
	uint8_t id[16];

	if (getrandom(id, sizeof id, 0) != sizeof id)
		return hcl_func_fail(c, "no random bytes are to be had");
	return uuid_value(c, id, 4);
}

/* 32 digits, with or without dashes. */
static bool
read_digits(const char *s, bool dashes, uint8_t id[16])
{
	for (size_t i = 0; i < 16; i++, s += 2) {
		if (dashes && (i == 4 || i == 6 || i == 8 || i == 10) &&
		    *s++ != '-')
			return false;
		if (text_hex(s[0]) == -1 || text_hex(s[1]) == -1)
			return false;
		id[i] = (uint8_t)(text_hex(s[0]) << 4 | text_hex(s[1]));
	}
	return true;
}

/* False and why (may quote s). */
static bool
read_uuid(const char *s, uint8_t id[16], char *why, size_t size)
{
	static const char urn[] = "urn:uuid:";
	size_t n = strlen(s), lead = sizeof urn - 1;

	if (n == UUID_TEXT + lead && strncasecmp(s, urn, lead) != 0) {
		snprintf(
		    why, size, "invalid urn prefix: \"%.*s\"", (int)lead, s);
		return false;
	}
	if (n == UUID_TEXT + lead) {
		s += lead;
	} else if (n == UUID_TEXT + 2) { /* braces */
		s++;
	} else if (n != UUID_TEXT && n != 32) {
		snprintf(why, size, "invalid UUID length: %zu", n);
		return false;
	}
	snprintf(why, size, "invalid UUID format");
	return read_digits(s, n != 32, id);
}

static value
fn_uuidv5(struct hcl_call *c)
{
	static const struct {
		const char *name, *id;
	} known[] = {
		{ "dns", "6ba7b810-9dad-11d1-80b4-00c04fd430c8" },
		{ "url", "6ba7b811-9dad-11d1-80b4-00c04fd430c8" },
		{ "oid", "6ba7b812-9dad-11d1-80b4-00c04fd430c8" },
		{ "x500", "6ba7b814-9dad-11d1-80b4-00c04fd430c8" },
	};
	const char *space = c->args[0]->str;
	struct buf text = { 0 };
	uint8_t id[SHA_DIGEST_LENGTH];
	char why[64];

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(space, known[i].name) == 0)
			space = known[i].id;
	if (!read_uuid(space, id, why, sizeof why))
		return hcl_func_fail(c,
		    "uuidv5() doesn't support namespace %.100s (%s)", space,
		    why);
	buf_add(&text, id, 16);
	buf_add(&text, c->args[1]->str, c->args[1]->len);
	SHA1((const uint8_t *)text.data, text.len, id);
	buf_release(&text);
	return uuid_value(c, id, 5);
}

/* --- passwords --- */

#define BCRYPT_COST     10
#define BCRYPT_MIN_COST 4
#define BCRYPT_MAX_COST 31
#define BCRYPT_MAX_TEXT 72
/* What 2^cost rounds are worth, in steps of evaluation. */
#define BCRYPT_STEPS 400

static bool
take_cost(struct hcl_call *c, unsigned long *cost)
{
	const char *why;
	value v;
	int64_t n;

	*cost = BCRYPT_COST;
	if (c->nargs > 2) {
		hcl_func_fail(c, "bcrypt() takes no more than two arguments");
		return false;
	}
	if (c->nargs < 2)
		return true;
	v = hcl_value_convert(c->ev->arena, c->args[1], HCL_V_NUMBER, &why);
	if (v == NULL || v->kind != HCL_V_NUMBER ||
	    !hcl_number_int64(v->num, &n)) {
		hcl_func_blame(c, 1, "a whole number is required");
		return false;
	}
	if (n > BCRYPT_MAX_COST) {
		hcl_func_fail(c,
		    "error occurred generating password crypto/bcrypt: cost "
		    "%lld is outside allowed inclusive range 4..31",
		    (long long)n);
		return false;
	}
	if (n >= BCRYPT_MIN_COST)
		*cost = (unsigned long)n;
	return true;
}

static value
fn_bcrypt(struct hcl_call *c)
{
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data data = { 0 };
	const char *hash;
	unsigned long cost;

	if (!take_cost(c, &cost))
		return NULL;
	if (c->args[0]->len > BCRYPT_MAX_TEXT)
		return hcl_func_fail(c,
		    "error occurred generating password bcrypt: password "
		    "length exceeds 72 bytes");
	if (strlen(c->args[0]->str) != c->args[0]->len)
		return hcl_func_blame(c, 0, "it holds a NUL");
	if (!hcl_func_afford(c, (size_t)BCRYPT_STEPS << cost))
		return NULL;
	if (crypt_gensalt_rn("$2a$", cost, NULL, 0, salt, sizeof salt) == NULL)
		return hcl_func_fail(c, "this hash is not available here");
	hash = crypt_rn(c->args[0]->str, salt, &data, sizeof data);
	if (hash == NULL)
		return hcl_func_fail(c, "this hash is not available here");
	return hcl_value_string(c->ev->arena, hash, strlen(hash));
}

/* --- RSA --- */

#define RSA_MAX_BITS 8192
#define RSA_STEPS    200000 /* what it is worth, in steps of evaluation */

static int
no_passphrase(char *out, int size, int writing, void *ctx)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

/* A private key of RSA; NULL and c->why. */
static EVP_PKEY *
read_key(struct hcl_call *c, const char *pem, size_t n)
{
	BIO *bio;
	EVP_PKEY *key;

	if (strstr(pem, "-----BEGIN ") == NULL) {
		hcl_func_fail(c, "failed to parse key: no key found");
		return NULL;
	}
	if (strstr(pem, "ENCRYPTED") != NULL) {
		hcl_func_fail(c, "failed to parse key: this private key is "
				 "passphrase protected");
		return NULL;
	}
	bio = BIO_new_mem_buf(pem, (int)n);
	key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (key == NULL) {
		hcl_func_fail(c, "failed to parse key: invalid private key");
	} else if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA ||
		   EVP_PKEY_get_bits(key) > RSA_MAX_BITS) {
		hcl_func_fail(c, "invalid private key type");
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

/* PKCS #1 v1.5. */
static value
decrypt(struct hcl_call *c, EVP_PKEY *key, const uint8_t *in, size_t n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t len = (size_t)EVP_PKEY_get_size(key);
	uint8_t *out = arena_alloc(c->ev->arena, len + 1);
	bool good = ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;

	/* Newer libraries give noise for what was not meant for the key. */
	if (good)
		EVP_PKEY_CTX_ctrl_str(ctx, "rsa_pkcs1_implicit_rejection", "0");
	good = good && EVP_PKEY_decrypt(ctx, out, &len, in, n) == 1;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	if (!good)
		return hcl_func_fail(
		    c, "failed to decrypt: crypto/rsa: decryption error");
	return hcl_value_string(c->ev->arena, (const char *)out, len);
}

static value
fn_rsadecrypt(struct hcl_call *c)
{
	value in = c->args[0];
	uint8_t *bytes = arena_alloc(c->ev->arena, in->len + 4);
	long n = json_parse_base64(in->str, in->len, bytes);
	EVP_PKEY *key;
	value v;

	if (n < 0)
		return hcl_func_fail(c,
		    "failed to decode input \"%.100s\": cipher text must be "
		    "base64-encoded",
		    in->str);
	if (!hcl_func_afford(c, RSA_STEPS))
		return NULL;
	key = read_key(c, c->args[1]->str, c->args[1]->len);
	if (key == NULL)
		return NULL;
	v = decrypt(c, key, bytes, (size_t)n);
	EVP_PKEY_free(key);
	return v;
}

#define STR(n)                         \
	{                              \
		n, HCL_P_STRING, false \
	}
#define NONE                           \
	{                              \
		NULL, HCL_P_ANY, false \
	}

const struct hcl_func hcl_secret_funcs[] = {
	{ "bcrypt", fn_bcrypt, { STR("str") }, 1,
	    { "cost", HCL_P_ANY, false } },
	{ "rsadecrypt", fn_rsadecrypt, { STR("ciphertext"), STR("privatekey") },
	    2, NONE },
	{ "uuidv4", fn_uuidv4, { NONE }, 0, NONE },
	{ "uuidv5", fn_uuidv5, { STR("namespace"), STR("name") }, 2, NONE },
};
const size_t hcl_nsecret_funcs =
    sizeof hcl_secret_funcs / sizeof hcl_secret_funcs[0];
