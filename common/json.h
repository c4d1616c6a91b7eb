/*
 * The pieces of JSON text, for whoever writes it by hand. All append.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* Quoted. Only ", \ and control bytes are escaped; what is no UTF-8 becomes
 * U+FFFD. */
void json_put_text(struct buf *out, const char *s, size_t n);

void json_put_int(struct buf *out, int64_t v);
void json_put_uint(struct buf *out, uint64_t v);

/* The shortest text that reads back the same; null if not finite. */
void json_put_float(struct buf *out, double v);

/* Quoted base64. */
void json_put_bytes(struct buf *out, const uint8_t *data, size_t n);

/* A newline and four blanks for each level. */
void json_put_indent(struct buf *out, size_t depth);

#define JSON_FLOAT_SIZE 40
/* A finite number's shortest text without quotes or exponent padding: "0.1",
 * "1e+21", "5e-324". Returns its length. */
size_t json_format_float(double v, char out[JSON_FLOAT_SIZE]);

/*
 * Base64 (standard alphabet, padded) to bytes. out has room for 3 bytes for
 * each 4 of text. Returns the number of bytes, or -1 when it is malformed.
 */
long json_parse_base64(const char *text, size_t n, uint8_t *out);

#endif
