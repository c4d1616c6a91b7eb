#include "common/text.h"

#include <stdio.h>
#include <stdlib.h>

void
text_add_float(struct buf *out, double v)
{
	for (int digits = 15; digits <= 17; digits++) {
		char text[40];

		snprintf(text, sizeof text, "%.*g", digits, v);
		if (digits == 17 || strtod(text, NULL) == v) {
			buf_adds(out, text);
			return;
		}
	}
}
