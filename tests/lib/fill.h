/*
 * A record of any type with something in every row.
 *
 * What a row gets depends on its name and tag alone, so a row that is added
 * later leaves the others as they were, and golden files differ in that row
 * only.
 */
#ifndef TESTS_LIB_FILL_H
#define TESTS_LIB_FILL_H

#include "common/rec.h"

/* Fills rec (whatever it held before) on the heap; rec_clear() it. A type
 * inside itself is entered once more and then left empty. */
void fill_rec(const struct rec_type *t, void *rec);

#endif
