#include "common/wal/crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define CRC32C_POLY 0x82f63b78u /* reflected */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint32_t table[256];
static bool has_instruction;

static void
fill(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = (c >> 1) ^ ((c & 1) != 0 ? CRC32C_POLY : 0);
		table[i] = c;
	}
#if defined(__x86_64__)
	has_instruction = __builtin_cpu_supports("sse4.2") != 0;
#endif
}

uint32_t
crc32c_by_table(uint32_t crc, const void *p, size_t n)
{
	const uint8_t *s = p;

	pthread_once(&once, fill);
	crc = ~crc;
	while (n-- > 0)
		crc = (crc >> 8) ^ table[(crc ^ *s++) & 0xff];
	return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t crc, const void *p, size_t n)
{
	const uint8_t *s = p;
	uint64_t c = ~crc;

	for (; n >= 8; n -= 8, s += 8) {
		uint64_t word;

		memcpy(&word, s, sizeof word);
		c = __builtin_ia32_crc32di(c, word);
	}
	for (; n > 0; n--, s++)
		c = __builtin_ia32_crc32qi((uint32_t)c, *s);
	return ~(uint32_t)c;
}
#endif

uint32_t
crc32c(uint32_t crc, const void *p, size_t n)
{
	pthread_once(&once, fill);
#if defined(__x86_64__)
	if (has_instruction)
		return by_instruction(crc, p, n);
#endif
	return crc32c_by_table(crc, p, n);
}
