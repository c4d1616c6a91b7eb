/*
 * What an expression of HCL comes to, as text.
 */
#ifndef TESTS_LIB_HCLVALUE_H
#define TESTS_LIB_HCLVALUE_H

/* The value of v in "v = ..." as JSON, or the first complaint; until the next
 * call. */
const char *hclvalue(const char *expr);

#endif
