/* Rows of tables for the store: which are known, where they refer to others, in which order they come.
 *
 * Rows are bytes one after the other; `bounds` says where each begins and the last one ends. What they hold comes from
 * untrusted programs or from a damaged file, so every number in them is looked at before it is used as a place.
 * parts.py says what the columns of each table are; the numbers of tables are those there.
 */
#include "table.h"

enum { NO_TABLE = -1 };

/* Rows of a profile. Those of strings are told by where each begins, others by how many numbers each has. */
typedef struct {
    const int64_t *numbers;
    const int64_t *sizes;
    int64_t count;
} Rows;

/* A row of numbers as varints, into `out`, which has room for ten bytes a number; how many bytes it takes. */
static size_t write_row(const int64_t *row, int64_t size, uint8_t *out) {
    uint8_t *start = out;
    for (int64_t column = 0; column < size; column++) out = write_varint((uint64_t)row[column], out);
    return (size_t)(out - start);
}

/* Many rows in this way, and where each begins and the last one ends. */
EXPORT int64_t leakdog_written(const int64_t *numbers, const int64_t *sizes, int64_t count, uint8_t *out,
                               int64_t *bounds) {
    bounds[0] = 0;
    for (int64_t row = 0; row < count; row++) {
        bounds[row + 1] = bounds[row] + (int64_t)write_row(numbers, sizes[row], out + bounds[row]);
        numbers += sizes[row];
    }
    return true;
}

/* The table that a number in a row refers to. Of a stack, `depth` is the row's first number. */
static inline int referred(int64_t table, int64_t column, int64_t depth) {
    switch (table) {
    case ROW_MAPPINGS: return column == 3 || column == 4 ? ROW_STRINGS : NO_TABLE;
    case ROW_FUNCTIONS: return column < 3 ? ROW_STRINGS : NO_TABLE;
    case ROW_TYPES: return ROW_STRINGS;
    case ROW_LOCATIONS: return column == 0 ? ROW_MAPPINGS : column % 3 == 0 ? ROW_FUNCTIONS : NO_TABLE;
    case ROW_STACKS:
        if (column == 0) return NO_TABLE;
        if (column <= depth) return ROW_LOCATIONS;
        return ((uint64_t)column - 1 - (uint64_t)depth) % 4 != 2 ? ROW_STRINGS : NO_TABLE;
    default: return NO_TABLE;
    }
}

/* A row, with the new number of each row that it refers to, into `out`. Those of each table are in `maps` from `starts`
 * on. False where there is no such row. */
static bool renumber(const int64_t *row, int64_t size, int64_t table, const int64_t *maps, const int64_t *starts,
                     int64_t *out) {
    int64_t depth = size ? *row : 0;
    for (int64_t column = 0; column < size; column++) {
        int other = referred(table, column, depth);
        out[column] = row[column];
        if (other == NO_TABLE) continue;
        if (row[column] < 0 || row[column] >= starts[other + 1] - starts[other]) return false;
        out[column] = maps[starts[other] + row[column]];
    }
    return true;
}

/* All rows of a table in this way. */
EXPORT int64_t leakdog_renumbered(const int64_t *numbers, const int64_t *sizes, int64_t count, int64_t table,
                                  const int64_t *maps, const int64_t *starts, int64_t *out) {
    for (int64_t row = 0; row < count; row++) {
        if (!renumber(numbers, sizes[row], table, maps, starts, out)) return false;
        numbers += sizes[row];
        out += sizes[row];
    }
    return true;
}

/* Numbers in the tables of a chain for all rows of a profile, into `maps`, those of each table from `starts` on. Row 0
 * is none in all tables but that of the strings, and is not among the profile's rows.
 *
 * Returns TABLES; or a table that has no room for all of its rows: some are added then, and the same call with more room
 * adds the others; or -1 where a row refers to one that is not there. `seen` has room for the rows of any table, `row`
 * for three times the longest row.
 */
EXPORT int64_t leakdog_numbered(Table *tables, const Rows *rows, const uint64_t *key, int32_t *seen, int64_t *row,
                                int64_t *maps, const int64_t *starts) {
    for (int64_t t = 0; t < TABLES; t++) {
        Table *table = tables + t;
        const int64_t *numbers = rows[t].numbers, *sizes = rows[t].sizes;
        int64_t *out = maps + starts[t] + (t != ROW_STRINGS);
        memset(seen, 0, (size_t)table->rows_room * sizeof *seen);
        for (int64_t i = 0; i < rows[t].count; i++) {
            if (t == ROW_STRINGS) {
                out[i] = next_number(table, (const uint8_t *)numbers + sizes[i], (size_t)(sizes[i + 1] - sizes[i]),
                                     seen, key);
            } else {
                if (!renumber(numbers, sizes[i], t, maps, starts, row)) return -1;
                uint8_t *written = (uint8_t *)(row + sizes[i]);
                out[i] = next_number(table, written, write_row(row, sizes[i], written), seen, key);
                numbers += sizes[i];
            }
            if (out[i] < 0) return t;
        }
    }
    return TABLES;
}

/* A list of rows below `known`, and how many there are. */
typedef struct {
    int64_t *rows;
    int64_t count, known;
} Order;

static bool all_known(const int64_t *rows, int64_t count, int64_t known) {
    for (int64_t i = 0; i < count; i++)
        if (rows[i] < 0 || rows[i] >= known) return false;
    return true;
}

/* What turns an expected list of distinct rows into another, see order.py: into `out`, which has room for two numbers
 * a row and one; returns how many these are, or -1 where a row is not below `known`, as many as `places` has room for. */
EXPORT int64_t leakdog_edits(const int64_t *expected, int64_t expected_count, const int64_t *actual,
                             int64_t actual_count, int64_t known, int64_t *places, int64_t *out) {
    if (!all_known(expected, expected_count, known) || !all_known(actual, actual_count, known)) return -1;
    for (int64_t row = 0; row < known; row++) places[row] = expected_count + row;
    for (int64_t i = 0; i < expected_count; i++) places[expected[i]] = i;
    int64_t told = 1, before = -1, last = 0;
    out[0] = actual_count;
    for (int64_t i = 0; i < actual_count; i++) {
        int64_t jump = places[actual[i]] - before - 1;
        before = places[actual[i]];
        if (!jump) continue;
        out[told++] = i - last;
        out[told++] = jump;
        last = i;
    }
    return told == 1 && actual_count == expected_count ? 0 : told;
}

/* The list that edits told, into `out`; returns how long it is, or -1 where there is no room, or one of its rows is not
 * below `known`. */
EXPORT int64_t leakdog_applied(const int64_t *expected, int64_t expected_count, const int64_t *told,
                               int64_t told_count, int64_t known, int64_t *out, int64_t room) {
    int64_t count = told_count ? told[0] : expected_count, next = 1, at = 0;
    uint64_t place = 0;
    if (count < 0 || count > room) return -1;
    for (int64_t i = 0; i < count; i++, place++) {
        while (next + 1 < told_count && told[next] == i - at) {
            place += (uint64_t)told[next + 1];
            at = i;
            next += 2;
        }
        uint64_t row = place - (uint64_t)expected_count;
        if (place < (uint64_t)expected_count) row = (uint64_t)expected[place];
        if (row >= (uint64_t)known) return -1;
        out[i] = (int64_t)row;
    }
    return count;
}

/* Add to the orders of other tables the rows that those of a table refer to, each where it first is, and not row 0. */
static bool follow(const Table *tables, int64_t table, const Order *order, Order *needed, uint8_t *const *seen) {
    const uint8_t *end = tables[table].data + tables[table].bounds[tables[table].count];
    for (int64_t i = 0; i < order->count; i++) {
        const int32_t *bounds = tables[table].bounds + order->rows[i];
        Span in = {tables[table].data + bounds[0], tables[table].data + bounds[1]};
        uint64_t number, depth = 0;
        for (int64_t column = 0; in.at < in.end; column++) {
            if (!read_short_varint(&in, end, &number)) return false;
            if (!column) depth = number;
            int other = referred(table, column, (int64_t)depth);
            if (other == NO_TABLE) continue;
            if (number >= (uint64_t)needed[other].known) return false;
            if (seen[other][number]) continue;
            seen[other][number] = 1;
            needed[other].rows[needed[other].count++] = (int64_t)number;
        }
    }
    return true;
}

/* The order of a table is expected from those that refer to it, so they come first. */
static const int WALK[TABLES] = {ROW_STACKS, ROW_LOCATIONS, ROW_FUNCTIONS, ROW_MAPPINGS, ROW_TYPES, ROW_STRINGS};

/* Go through the tables of a chain, each in its own order, from the stacks on, which are expected as given; so is what
 * comes first of the strings.
 *
 * Either `given` are these orders, and into `out` come the edits that tell them; or they are those edits, and into `out`
 * come the orders. Each begins at its place in `given_starts` and `out_starts`; `counts` are how long those in `out`
 * are. `scratch` has room for three numbers for each row of all tables. False where anything refers to what is not
 * there.
 */
EXPORT int64_t leakdog_walked(const Table *tables, const int64_t *lead, int64_t lead_count, const int64_t *stacks,
                              int64_t stacks_count, int64_t tell, const int64_t *given, const int64_t *given_starts,
                              int64_t *out, const int64_t *out_starts, int64_t *counts, int64_t *scratch) {
    Order needed[TABLES];
    uint8_t *seen[TABLES];
    int64_t all = 0;
    for (int64_t t = 0; t < TABLES; t++) all += tables[t].count;
    int64_t *places = scratch, *orders = scratch + all;
    uint8_t *flags = (uint8_t *)(scratch + 2 * all);
    memset(flags, 0, (size_t)all);
    for (int64_t t = 0; t < TABLES; orders += tables[t].count, flags += tables[t].count, t++) {
        needed[t] = (Order){orders, 0, tables[t].count};
        seen[t] = flags;
        seen[t][0] = 1;
    }
    if (!all_known(lead, lead_count, needed[ROW_STRINGS].known)) return false;
    for (int64_t i = 0; i < lead_count; i++) {
        if (seen[ROW_STRINGS][lead[i]]) continue;
        seen[ROW_STRINGS][lead[i]] = 1;
        needed[ROW_STRINGS].rows[needed[ROW_STRINGS].count++] = lead[i];
    }
    for (int64_t i = 0; i < TABLES; i++) {
        int t = WALK[i];
        Order expected = needed[t], own;
        if (t == ROW_STACKS) expected = (Order){(int64_t *)stacks, stacks_count, tables[t].count};
        if (t == ROW_MAPPINGS || t == ROW_TYPES)
            for (expected.count = 0; expected.count + 1 < tables[t].count; expected.count++)
                expected.rows[expected.count] = expected.count + 1;
        const int64_t *from = given + given_starts[t];
        int64_t from_count = given_starts[t + 1] - given_starts[t], *to = out + out_starts[t];
        if (tell) {
            counts[t] = leakdog_edits(expected.rows, expected.count, from, from_count, tables[t].count, places, to);
            own = (Order){(int64_t *)from, from_count, tables[t].count};
        } else {
            int64_t room = out_starts[t + 1] - out_starts[t];
            counts[t] = leakdog_applied(expected.rows, expected.count, from, from_count, tables[t].count, to, room);
            own = (Order){to, counts[t], tables[t].count};
        }
        if (counts[t] < 0 || (t != ROW_STRINGS && !follow(tables, t, &own, needed, seen))) return false;
    }
    return true;
}

/* Rows made of the rows of several tables side by side. */
EXPORT int64_t leakdog_beside(int64_t rows_count, int64_t tables, const Rows *rows, int64_t *out) {
    const int64_t *at[TABLES];
    for (int64_t i = 0; i < tables; i++) at[i] = rows[i].numbers;
    for (int64_t row = 0; row < rows_count; row++)
        for (int64_t i = 0; i < tables; i++) {
            int64_t size = rows[i].sizes[row];
            memcpy(out, at[i], (size_t)size * 8);
            out += size;
            at[i] += size;
        }
    return true;
}
