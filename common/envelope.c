#include "common/envelope.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

static const char magic[2] = { 'r', 'v' };

void
envelope_pack(const struct envelope *e, struct buf *out)
{
	char *p = buf_reserve(out, ENVELOPE_HEAD);
	uint16_t number = htobe16(e->number);
	uint64_t id = htobe64(e->id);
	uint32_t deadline_ms = htobe32(e->deadline_ms);

	assert(e->nregion <= ENVELOPE_TEXT_MAX);
	assert(e->ntoken <= ENVELOPE_TEXT_MAX);
	memcpy(p, magic, 2);
	p[2] = ENVELOPE_VERSION;
	p[3] = (char)e->flags;
	memcpy(p + 4, &number, 2);
	p[6] = (char)e->nregion;
	p[7] = (char)e->ntoken;
	memcpy(p + 8, &id, 8);
	memcpy(p + 16, &deadline_ms, 4);
	out->len += ENVELOPE_HEAD;
	buf_add(out, e->region, e->nregion);
	buf_add(out, e->token, e->ntoken);
}

int
envelope_unpack(struct envelope *e, const void *data, size_t n, struct err *err)
{
	const uint8_t *p = data;

	memset(e, 0, sizeof *e);
	if (n < ENVELOPE_HEAD)
		return err_set(err, ERR_BAD, "cut short at %zu bytes", n);
	if (memcmp(p, magic, 2) != 0)
		return err_set(err, ERR_BAD, "no message of ours");
	if (p[2] != ENVELOPE_VERSION)
		return err_set(err, ERR_BAD, "wire version %u", p[2]);
	e->flags = p[3];
	e->nregion = p[6];
	e->ntoken = p[7];
	if (n - ENVELOPE_HEAD < e->nregion + e->ntoken)
		return err_set(err, ERR_BAD, "cut short at %zu bytes", n);
	memcpy(&e->number, p + 4, 2);
	memcpy(&e->id, p + 8, 8);
	memcpy(&e->deadline_ms, p + 16, 4);
	e->number = be16toh(e->number);
	e->id = be64toh(e->id);
	e->deadline_ms = be32toh(e->deadline_ms);
	e->region = (const char *)p + ENVELOPE_HEAD;
	e->token = e->region + e->nregion;
	e->body = (const uint8_t *)e->token + e->ntoken;
	e->nbody = n - ENVELOPE_HEAD - e->nregion - e->ntoken;
	return 0;
}
