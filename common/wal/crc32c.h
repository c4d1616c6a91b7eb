/*
 * CRC32C (Castagnoli), the checksum of all that is kept on disk. It finds
 * damage, not malice. The CPU's instruction is used where there is one.
 */
#ifndef COMMON_WAL_CRC32C_H
#define COMMON_WAL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from crc over n more bytes; start with any seed, 0 by custom. */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);

/* The same by table, on any machine; a test holds the two together. */
uint32_t crc32c_by_table(uint32_t crc, const void *p, size_t n);

#endif
