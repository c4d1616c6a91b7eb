#include "common/bus_frame.h"

#include <string.h>

#include "common/bus.h"
#include "common/bytes.h"

#define LENGTH   8
#define IPC_KIND 1 /* a message, of nng's kinds on ipc */

void
bus_frame_greet(uint8_t to[BUS_GREETING], uint16_t kind)
{
	memcpy(to, "\0SP\0\0\0\0", BUS_GREETING);
	bytes_put_be(to + 4, kind, sizeof kind);
}

bool
bus_frame_is_greeting(const uint8_t p[BUS_GREETING], uint16_t kind)
{
	uint8_t expected[BUS_GREETING];

	bus_frame_greet(expected, kind);
	return memcmp(p, expected, sizeof expected) == 0;
}

size_t
bus_frame_lead(
    uint8_t to[BUS_FRAME_LEAD_MAX], bool is_ipc, const uint32_t *head, size_t n)
{
	size_t nhead = head == NULL ? 0 : sizeof *head, at = 0;

	if (is_ipc)
		to[at++] = IPC_KIND;
	bytes_put_be(to + at, nhead + n, LENGTH);
	at += LENGTH;
	if (head != NULL)
		bytes_put_be(to + at, *head, nhead);
	return at + nhead;
}

bool
bus_frame_look(const uint8_t *p, size_t n, bool is_ipc, struct bus_frame *f)
{
	size_t lead = is_ipc ? 1 + LENGTH : LENGTH;
	uint64_t len;

	*f = (struct bus_frame){ 0 };
	if (n < lead)
		return false;
	len = bytes_get_be(p + lead - LENGTH, LENGTH);
	if (is_ipc && p[0] != IPC_KIND)
		f->wrong = "no message";
	else if (len > BUS_MAX_MSG + BUS_FRAME_HEAD)
		f->wrong = "too large";
	if (f->wrong != NULL)
		return false;
	f->lead = lead;
	f->len = len;
	return n - lead >= len;
}

bool
bus_frame_take_head(const uint8_t **p, size_t *n, uint32_t *head)
{
	if (*n < sizeof *head)
		return false;
	*head = (uint32_t)bytes_get_be(*p, sizeof *head);
	*p += sizeof *head;
	*n -= sizeof *head;
	return (*head & BUS_FRAME_HEAD_END) != 0;
}
