#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

#include "cmd/gossipd/wire_crypt.h"
#include "cmd/gossipd/wire_impl.h"
#include "common/rng.h"

#define TAG_SIZE   16
#define BLOCK      16 /* version 0 pads to it */
#define BASE64_MAX 64 /* characters of a key */

_Static_assert(WIRE_SEAL_COST == 1 + WIRE_NONCE_SIZE + TAG_SIZE, "overhead");

static const EVP_CIPHER *
cipher_of(const struct wire_key *key)
{
	switch (key->n) {
	case 16:
		return EVP_aes_128_gcm();
	case 24:
		return EVP_aes_192_gcm();
	case 32:
		return EVP_aes_256_gcm();
	default:
		return NULL;
	}
}

int
wire_key_parse(const char *text, struct wire_key *out, struct err *err)
{
	unsigned char raw[BASE64_MAX];
	size_t n = strlen(text), npad = 0;
	int len;

	*out = (struct wire_key){ 0 };
	while (npad < 2 && npad < n && text[n - 1 - npad] == '=')
		npad++;
	if (n % 4 != 0 || n > BASE64_MAX ||
	    (len = EVP_DecodeBlock(raw, (const unsigned char *)text, (int)n)) ==
		-1)
		return err_set(err, ERR_BAD, "a key must be base64");
	out->n = (size_t)len - npad;
	if (out->n != 16 && out->n != 24 && out->n != 32) {
		out->n = 0;
		return err_set(err, ERR_BAD,
		    "a key must have 16, 24 or 32 bytes, not %zu",
		    (size_t)len - npad);
	}
	memcpy(out->data, raw, out->n);
	return 0;
}

void
wire_key_format(const struct wire_key *key, struct buf *out)
{
	unsigned char text[BASE64_MAX + 1];
	int n = EVP_EncodeBlock(text, key->data, (int)key->n);

	buf_add(out, text, (size_t)n);
}

void
wire_seal(struct buf *out, const struct wire_key *key, struct wire_bytes plain,
    struct wire_bytes aad)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[WIRE_NONCE_SIZE], tag[TAG_SIZE];
	uint8_t *to;
	int n, last;

	rng_secret(nonce, sizeof nonce);
	buf_addc(out, 1);
	buf_add(out, nonce, sizeof nonce);
	to = (uint8_t *)buf_reserve(out, plain.n);
	n = ctx != NULL &&
	    EVP_EncryptInit_ex(ctx, cipher_of(key), NULL, key->data, nonce) &&
	    EVP_EncryptUpdate(ctx, NULL, &n, aad.data, (int)aad.n) &&
	    EVP_EncryptUpdate(ctx, to, &n, plain.data, (int)plain.n) &&
	    EVP_EncryptFinal_ex(ctx, to + plain.n, &last) &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, tag);
	assert(n == 1);
	out->len += plain.n;
	buf_add(out, tag, TAG_SIZE);
	EVP_CIPHER_CTX_free(ctx);
}

static bool
open_with(const struct wire_key *key, struct wire_bytes sealed,
    struct wire_bytes aad, uint8_t *to)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const uint8_t *nonce = sealed.data + 1;
	const uint8_t *text = nonce + WIRE_NONCE_SIZE;
	uint8_t tag[TAG_SIZE];
	size_t n = sealed.n - WIRE_SEAL_COST;
	int len, last;
	bool good;

	memcpy(tag, text + n, TAG_SIZE);
	good =
	    ctx != NULL &&
	    EVP_DecryptInit_ex(ctx, cipher_of(key), NULL, key->data, nonce) &&
	    EVP_DecryptUpdate(ctx, NULL, &len, aad.data, (int)aad.n) &&
	    EVP_DecryptUpdate(ctx, to, &len, text, (int)n) &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) &&
	    EVP_DecryptFinal_ex(ctx, to + n, &last) > 0;
	EVP_CIPHER_CTX_free(ctx);
	return good;
}

/* Version 0 ends in as many bytes of padding as the last one says. */
static int
drop_padding(struct wire_bytes *plain, struct err *err)
{
	uint8_t npad = plain->n > 0 ? plain->data[plain->n - 1] : 0;

	if (npad == 0 || npad > BLOCK || npad > plain->n)
		return err_set(err, ERR_BAD, "sealed: wrong padding");
	plain->n -= npad;
	return 0;
}

int
wire_open(struct buf *room, const struct wire_ring *ring,
    struct wire_bytes sealed, struct wire_bytes aad, struct wire_bytes *plain,
    struct err *err)
{
	uint8_t *to;

	if (sealed.n < WIRE_SEAL_COST || sealed.n > WIRE_STREAM_MAX)
		return err_set(err, ERR_BAD, "sealed: cut short");
	if (sealed.data[0] > 1)
		return err_set(err, ERR_BAD, "sealed: version %u is unknown",
		    sealed.data[0]);
	to = (uint8_t *)buf_reserve(room, sealed.n);
	for (size_t i = 0; i < ring->nkeys; i++) {
		if (!open_with(&ring->keys[i], sealed, aad, to))
			continue;
		*plain = wire_bytes(to, sealed.n - WIRE_SEAL_COST);
		return sealed.data[0] == 0 ? drop_padding(plain, err) : 0;
	}
	return err_set(err, ERR_DENIED, "sealed: none of the keys opens it");
}
