/*
 * Any bytes as what comes on a connection of the bus: what a message is does
 * not depend on the pieces it comes in, and no more is waited for than may be.
 */
#include <stdlib.h>
#include <string.h>

#include "common/bus.h"
#include "common/bus_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
expect(bool ok)
{
	if (!ok)
		abort();
}

/* As it is told when only so much of it has come. */
static void
look_at_part(
    const uint8_t *p, size_t n, bool is_ipc, const struct bus_frame *whole)
{
	struct bus_frame f;
	bool is_whole = bus_frame_look(p, n, is_ipc, &f);

	if (f.lead == 0) {
		expect(!is_whole);
		expect(f.wrong == NULL || f.wrong == whole->wrong);
		return;
	}
	expect(f.wrong == NULL && f.lead == whole->lead && f.len == whole->len);
	expect(is_whole == (n >= f.lead + f.len));
}

static void
check_message(
    const uint8_t *p, bool is_ipc, const struct bus_frame *f, uint32_t *sum)
{
	uint8_t lead[BUS_FRAME_LEAD_MAX];
	const uint8_t *body = p + f->lead;
	size_t n = f->len;
	uint32_t head;

	expect(bus_frame_lead(lead, is_ipc, NULL, f->len) == f->lead);
	expect(memcmp(lead, p, f->lead) == 0);
	if (!bus_frame_take_head(&body, &n, &head))
		return;
	expect(n == f->len - BUS_FRAME_HEAD);
	expect(
	    bus_frame_lead(lead, is_ipc, &head, n) == f->lead + BUS_FRAME_HEAD);
	expect(memcmp(lead, p, f->lead + BUS_FRAME_HEAD) == 0);
	for (size_t i = 0; i < n; i++)
		*sum += body[i];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	bool is_ipc = n % 2 != 0;
	struct bus_frame f;
	uint32_t sum = 0;
	size_t at = 0;

	if (n >= BUS_GREETING && bus_frame_is_greeting(data, BUS_REQ))
		at = BUS_GREETING;
	for (bool is_whole = true; is_whole; at += f.lead + f.len) {
		is_whole = bus_frame_look(data + at, n - at, is_ipc, &f);
		expect(f.len <= BUS_MAX_MSG + BUS_FRAME_HEAD);
		for (size_t i = 0; i < n - at && i < 32; i++)
			look_at_part(data + at, i, is_ipc, &f);
		if (is_whole)
			check_message(data + at, is_ipc, &f, &sum);
	}
	return sum == UINT32_MAX; /* it is read */
}
