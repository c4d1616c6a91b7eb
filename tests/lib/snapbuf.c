#include "tests/lib/snapbuf.h"

#include <string.h>

#include "common/buf.h"

int
snapbuf_write(void *ctx, const void *p, size_t n)
{
	buf_add(ctx, p, n);
	return 0;
}

long
snapbuf_read(void *ctx, void *p, size_t n)
{
	struct buf *b = ctx;

	if (n > b->len)
		n = b->len;
	if (n > 0)
		memcpy(p, b->data, n);
	buf_drop(b, n);
	return (long)n;
}
