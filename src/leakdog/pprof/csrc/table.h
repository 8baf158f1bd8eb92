/* Rows that are kept once: what rows.c asks of table.c, which says how. */
#ifndef LEAKDOG_TABLE_H
#define LEAKDOG_TABLE_H

#include "kernel.h"

enum { ROW_STRINGS, ROW_MAPPINGS, ROW_FUNCTIONS, ROW_LOCATIONS, ROW_STACKS, ROW_TYPES, TABLES };

/* A table of rows that are kept once; table.py has the same fields in this order. Rows of numbers lie there as varints,
 * which most of them are a quarter as long as; equal rows are equal bytes, as each number is written in one way. `slots`
 * is a table of hashes: a row's number and one, 0 where there is none. There are more of them than rows that have room,
 * and their count is a power of two; or there are none, and no row can be looked up. */
typedef struct {
    uint8_t *data;
    int32_t *bounds; /* where each row begins, and the last one ends */
    int32_t *nth;    /* of how many before it a row is equal; known where there are slots */
    int32_t *slots;
    int64_t count, rows_room, bytes_room, slots_count;
} Table;

static inline int64_t end_of(const Table *table) { return table->bounds[table->count]; }

/* The number of the next row of a profile; it is added where it is not known, and -1 where there is no room for it. Two
 * equal rows of a profile are two rows of the table: the second is known as the second. `seen` is zero for each row of
 * the table before the first row of the profile. */
int64_t next_number(Table *table, const uint8_t *row, size_t size, int32_t *seen, const uint64_t *key);

#endif
