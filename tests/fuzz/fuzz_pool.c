/*
 * Packets and streams of strangers, to a pool with members. The first byte
 * chooses which of the two, and whether there is a key; the rest are messages,
 * each with two bytes of length before it. Whatever they say, the pool goes on,
 * keeps to its bounds and sends what can be read; a pool with a key is not
 * changed at all.
 */
#include <stdlib.h>

#include "common/log.h"
#include "tests/lib/poolone.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct poolone o;

static void
hear(const uint8_t *bytes, size_t n, bool stream)
{
	static const struct pool_addr from = { { 10, 0, 0, 9 }, 4, 1 };
	struct buf reply = { 0 };

	if (stream)
		pool_stream(
		    o.pool, o.now_ms, &from, (const char *)bytes, n, &reply);
	else
		poolone_packet(&o, bytes, n);
	buf_release(&reply);
}

static void
check(void)
{
	struct pool_info info;
	struct pool_view v;

	pool_self(o.pool, &v);
	assert(v.status == POOL_ALIVE && v.addr.ip[3] == 1);
	pool_info(o.pool, &info);
	assert(info.nmembers <= POOL_MEMBERS_MAX);
	assert(info.queue_members <= POOL_BROADCASTS);
	assert(o.pool->event_bytes <= POOL_EVENT_BYTES);
	/* Without the key nobody is heard. */
	if (o.ring.nkeys > 0)
		assert(info.nmembers == 3 && info.nfailed == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool stream = size > 0 && data[0] % 2 == 1;

	log_set_level(LOG_ERROR);
	poolone_init(&o, size > 0 && data[0] % 4 >= 2);
	poolone_alive(&o, "m2", 1);
	poolone_alive(&o, "m3", 1);
	for (size_t at = 1; at + 2 <= size;) {
		size_t n = (size_t)data[at] << 8 | data[at + 1];

		at += 2;
		if (n > size - at)
			n = size - at;
		hear(data + at, n, stream);
		at += n;
	}
	check();
	poolone_pass(&o, 1500);
	poolone_release(&o);
	return 0;
}
