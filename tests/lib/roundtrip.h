/*
 * What the fuzzers ask of every record that a decoder accepts.
 */
#ifndef TESTS_LIB_ROUNDTRIP_H
#define TESTS_LIB_ROUNDTRIP_H

#include "common/rec.h"

/*
 * Unpacks n bytes as that type. If they are one: packing gives bytes that
 * unpack to an equal record and pack the same again; it copies, diffs with
 * its copy to nothing, and prints as JSON, as config and as a tree. Aborts
 * where one of that fails. Returns whether they are one.
 */
bool roundtrip_packed(const struct rec_type *type, const void *p, size_t n);

#endif
