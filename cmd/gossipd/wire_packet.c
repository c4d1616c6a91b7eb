#include <assert.h>
#include <string.h>

#include "cmd/gossipd/wire_crypt.h"
#include "cmd/gossipd/wire_impl.h"

#define CRC_SIZE 4
#define ALGO_LZW 0

struct compress {
	uint8_t algo;
	struct wire_bytes data;
};
static const struct wire_field compress_fields[] = {
	WIRE_ROW("Algo", WIRE_U8, offsetof(struct compress, algo), 0),
	WIRE_ROW("Buf", WIRE_RAW, offsetof(struct compress, data), 1),
};
static const struct wire_form compress_form = { "compress", WIRE_COMPRESS,
	sizeof(struct compress), compress_fields, 2, NULL };

static bool
has_keys(const struct wire_ring *ring)
{
	return ring != NULL && ring->nkeys > 0;
}

static struct wire_bytes
bytes_of(const struct buf *b)
{
	return wire_bytes(b->data, b->len);
}

/* CRC-32 of IEEE 802.3, four bits at a time. */
static uint32_t
crc32_of(struct wire_bytes b)
{
	static const uint32_t table[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8,
		0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0,
		0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < b.n; i++) {
		crc ^= b.data[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

static void
add_u32(struct buf *out, uint32_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_addc(out, (char)(v >> shift & 0xff));
}

static uint32_t
get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* --- wrapping --- */

static void
put_compressed(struct buf *out, struct wire_bytes message)
{
	struct buf small = { 0 };
	struct compress c = { ALGO_LZW, { NULL, 0 } };

	wire_lzw_encode(&small, message);
	c.data = bytes_of(&small);
	wire_put(out, &compress_form, &c);
	buf_release(&small);
}

static void
put_with_crc(struct buf *out, struct wire_bytes message)
{
	buf_addc(out, WIRE_CRC);
	add_u32(out, crc32_of(message));
	buf_add(out, message.data, message.n);
}

void
wire_wrap_packet(
    struct buf *out, const struct wire_wrap *how, struct wire_bytes message)
{
	struct buf small = { 0 }, plain = { 0 };

	if (how->compress) {
		put_compressed(&small, message);
		if (small.len < message.n)
			message = bytes_of(&small);
	}
	if (!has_keys(how->ring)) {
		if (how->crc)
			put_with_crc(out, message);
		else
			buf_add(out, message.data, message.n);
	} else {
		if (how->crc) {
			put_with_crc(&plain, message);
			message = bytes_of(&plain);
		}
		wire_seal(
		    out, &how->ring->keys[0], message, wire_bytes(NULL, 0));
	}
	buf_release(&small);
	buf_release(&plain);
}

void
wire_wrap_stream(
    struct buf *out, const struct wire_wrap *how, struct wire_bytes message)
{
	struct buf small = { 0 }, head = { 0 };

	if (how->compress) {
		put_compressed(&small, message);
		message = bytes_of(&small);
	}
	if (has_keys(how->ring)) {
		buf_addc(&head, WIRE_ENCRYPT);
		add_u32(&head, (uint32_t)(message.n + WIRE_SEAL_COST));
		buf_add(out, head.data, head.len);
		wire_seal(out, &how->ring->keys[0], message, bytes_of(&head));
	} else {
		buf_add(out, message.data, message.n);
	}
	buf_release(&small);
	buf_release(&head);
}

void
wire_compound_put(struct buf *out, const struct wire_bytes *parts, size_t n)
{
	assert(n > 0 && n <= WIRE_PARTS_MAX);
	buf_addc(out, WIRE_COMPOUND);
	buf_addc(out, (char)n);
	for (size_t i = 0; i < n; i++) {
		assert(parts[i].n > 0 && parts[i].n <= UINT16_MAX);
		buf_addc(out, (char)(parts[i].n >> 8));
		buf_addc(out, (char)(parts[i].n & 0xff));
	}
	for (size_t i = 0; i < n; i++)
		buf_add(out, parts[i].data, parts[i].n);
}

/* --- taking apart --- */

struct peel {
	void (*on)(void *ctx, struct wire_bytes message);
	void *ctx;
	size_t room; /* bytes that may still be unpacked */
	struct err *err;
};

static int peel(struct peel *p, struct wire_bytes m, unsigned depth);

static int
unpack(struct wire_bytes body, size_t max, struct buf *out, struct err *err)
{
	struct compress c;

	if (wire_get(&compress_form, body, &c, NULL, err) == -1)
		return -1;
	if (c.algo != ALGO_LZW)
		return err_set(
		    err, ERR_BAD, "compress: algorithm %u is unknown", c.algo);
	return wire_lzw_decode(out, c.data, max, err);
}

static int
peel_compressed(struct peel *p, struct wire_bytes body, unsigned depth)
{
	struct buf plain = { 0 };
	int rv = unpack(body, p->room, &plain, p->err);

	p->room -= plain.len;
	if (rv == 0)
		rv = peel(p, bytes_of(&plain), depth);
	buf_release(&plain);
	return rv;
}

/* One bad part does not spoil the others. */
static int
peel_compound(struct peel *p, struct wire_bytes body, unsigned depth)
{
	size_t n = body.n > 0 ? body.data[0] : 0;
	struct wire_bytes rest;
	int rv = 0;

	if (body.n < 1 + 2 * n)
		return err_set(p->err, ERR_BAD, "compound: cut short");
	rest = wire_from(body, 1 + 2 * n);
	for (size_t i = 0; i < n; i++) {
		const uint8_t *len = body.data + 1 + 2 * i;
		size_t part = (size_t)len[0] << 8 | len[1];

		if (part > rest.n)
			return err_set(p->err, ERR_BAD,
			    "compound: part %zu of %zu is cut short", i, n);
		if (peel(p, wire_bytes(rest.data, part), depth) == -1)
			rv = -1;
		rest = wire_from(rest, part);
	}
	return rv;
}

static int
peel(struct peel *p, struct wire_bytes m, unsigned depth)
{
	if (m.n == 0)
		return err_set(p->err, ERR_BAD, "an empty message");
	if (depth > WIRE_NEST_MAX)
		return err_set(p->err, ERR_BAD, "nested too deeply");
	switch (m.data[0]) {
	case WIRE_COMPOUND:
		return peel_compound(p, wire_from(m, 1), depth + 1);
	case WIRE_COMPRESS:
		return peel_compressed(p, wire_from(m, 1), depth + 1);
	case WIRE_CRC:
	case WIRE_ENCRYPT:
	case WIRE_LABEL:
		return err_set(
		    p->err, ERR_BAD, "type %u has no place there", m.data[0]);
	default:
		p->on(p->ctx, m);
		return 0;
	}
}

static int
check_crc(struct wire_bytes *m, struct err *err)
{
	if (m->n == 0 || m->data[0] != WIRE_CRC)
		return 0;
	if (m->n <= 1 + CRC_SIZE)
		return err_set(err, ERR_BAD, "CRC: nothing behind it");
	if (get_u32(m->data + 1) != crc32_of(wire_from(*m, 1 + CRC_SIZE)))
		return err_set(err, ERR_BAD, "CRC: wrong");
	*m = wire_from(*m, 1 + CRC_SIZE);
	return 0;
}

int
wire_peel_packet(const struct wire_ring *ring, struct wire_bytes packet,
    void (*on)(void *ctx, struct wire_bytes message), void *ctx,
    struct err *err)
{
	struct peel p = { on, ctx, WIRE_PACKET_MAX, err };
	struct buf room = { 0 };
	int rv = 0;

	if (packet.n > WIRE_PACKET_MAX)
		return err_set(err, ERR_BAD, "packet: too large");
	if (has_keys(ring))
		rv = wire_open(
		    &room, ring, packet, wire_bytes(NULL, 0), &packet, err);
	if (rv == 0 && check_crc(&packet, err) == 0)
		rv = peel(&p, packet, 0);
	else
		rv = -1;
	buf_release(&room);
	return rv;
}

/* --- streams --- */

static int
open_stream(const struct wire_ring *ring, struct wire_bytes *m,
    struct buf *room, struct err *err)
{
	bool sealed = m->n > 0 && m->data[0] == WIRE_ENCRYPT;

	if (!sealed && has_keys(ring))
		return err_set(err, ERR_DENIED,
		    "Encryption is configured but remote state is not "
		    "encrypted");
	if (!sealed)
		return 0;
	if (!has_keys(ring))
		return err_set(err, ERR_DENIED,
		    "Remote state is encrypted and encryption is not "
		    "configured");
	if (m->n < SEALED_HEAD || m->n - SEALED_HEAD < get_u32(m->data + 1))
		return err_set(err, ERR_BAD, "sealed: cut short");
	return wire_open(room, ring,
	    wire_bytes(m->data + SEALED_HEAD, get_u32(m->data + 1)),
	    wire_bytes(m->data, SEALED_HEAD), m, err);
}

int
wire_peel_stream(const struct wire_ring *ring, struct wire_bytes stream,
    struct buf *room, struct wire_bytes *message, struct err *err)
{
	struct buf plain = { 0 };
	int rv;

	if (open_stream(ring, &stream, room, err) == -1)
		return -1;
	if (stream.n == 0)
		return err_set(err, ERR_BAD, "an empty message");
	*message = stream;
	if (stream.data[0] != WIRE_COMPRESS)
		return 0;
	rv = unpack(wire_from(stream, 1), WIRE_STREAM_MAX, &plain, err);
	buf_release(room);
	*room = plain;
	*message = bytes_of(room);
	if (rv == 0 && message->n == 0)
		rv = err_set(err, ERR_BAD, "an empty message");
	return rv;
}
