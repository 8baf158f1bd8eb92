/* Tables of rows that are kept once. Their arrays lie in one piece of memory for each table, or for all of a chain. */
#include "table.h"

static inline uint64_t rotated(uint64_t n, int bits) { return n << bits | n >> (64 - bits); }

static inline void sip_round(uint64_t v[4]) {
    v[0] += v[1], v[2] += v[3];
    v[1] = rotated(v[1], 13) ^ v[0], v[3] = rotated(v[3], 16) ^ v[2];
    v[0] = rotated(v[0], 32);
    v[2] += v[1], v[0] += v[3];
    v[1] = rotated(v[1], 17) ^ v[2], v[3] = rotated(v[3], 21) ^ v[0];
    v[2] = rotated(v[2], 32);
}

/* Less than eight bytes as a number: a copy of a length that is not known beforehand would take longer than a round. */
static inline uint64_t short_word(const uint8_t *data, size_t size) {
    uint64_t word = 0;
    if (size & 4) {
        uint32_t four;
        memcpy(&four, data, sizeof four);
        word = four, data += sizeof four;
    }
    for (size_t at = size & 4; at < size; at++) word |= (uint64_t)*data++ << 8 * at;
    return word;
}

/* SipHash-1-3 of a row, and of how many equal ones came before it: nobody who does not know the key can make many rows
 * that meet in one place. Source: Aumasson and Bernstein, SipHash: a fast short-input PRF (2012). */
static uint64_t hash(const uint8_t *data, size_t size, uint64_t nth, const uint64_t key[2]) {
    uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                     key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
    uint64_t last = (uint64_t)size << 56 | nth, word; /* there are no 2^31 rows */
    for (; size >= sizeof word; size -= sizeof word, data += sizeof word) {
        memcpy(&word, data, sizeof word);
        v[3] ^= word, sip_round(v), v[0] ^= word;
    }
    if (size) {
        word = short_word(data, size);
        v[3] ^= word, sip_round(v), v[0] ^= word;
    }
    v[3] ^= last, sip_round(v), v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++) sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The number of a row of which so many equal ones are before it; it is added where it is not known, and -1 where there
 * is no room for it. */
static int64_t number_of(Table *table, const uint8_t *row, size_t size, int32_t nth, const uint64_t *key) {
    uint64_t mask = (uint64_t)table->slots_count - 1, at = hash(row, size, (uint64_t)nth, key) & mask;
    for (; table->slots[at]; at = (at + 1) & mask) {
        int32_t known = table->slots[at] - 1, start = table->bounds[known];
        if (table->nth[known] == nth && (size_t)(table->bounds[known + 1] - start) == size &&
            !memcmp(table->data + start, row, size))
            return known;
    }
    int64_t end = end_of(table);
    if (table->count == table->rows_room || (int64_t)size > table->bytes_room - end) return -1;
    memmove(table->data + end, row, size); /* onto itself, where a table's own rows are looked up anew */
    table->bounds[table->count + 1] = (int32_t)(end + (int64_t)size);
    table->nth[table->count] = nth;
    table->slots[at] = (int32_t)(table->count + 1);
    return table->count++;
}

int64_t next_number(Table *table, const uint8_t *row, size_t size, int32_t *seen, const uint64_t *key) {
    int64_t first = number_of(table, row, size, 0, key);
    if (first < 0) return -1;
    int64_t found = seen[first] ? number_of(table, row, size, seen[first], key) : first;
    if (found >= 0) seen[first]++;
    return found;
}

/* Find the place of a row that is known to be no other's: it need not be compared with those that are there. */
static void place_known(Table *table, int64_t row, const uint64_t *key) {
    int32_t start = table->bounds[row];
    uint64_t mask = (uint64_t)table->slots_count - 1, nth = (uint64_t)table->nth[row];
    uint64_t at = hash(table->data + start, (size_t)(table->bounds[row + 1] - start), nth, key) & mask;
    while (table->slots[at]) at = (at + 1) & mask;
    table->slots[at] = (int32_t)(row + 1);
}

/* Find the places of a table's own rows. `seen` is for each row. */
static void place(Table *table, const uint64_t *key, int32_t *seen) {
    int64_t count = table->count;
    memset(table->slots, 0, (size_t)table->slots_count * sizeof *table->slots);
    memset(seen, 0, (size_t)count * sizeof *seen);
    table->count = 0;
    for (int64_t row = 0; row < count; row++)
        next_number(table, table->data + table->bounds[row], (size_t)(table->bounds[row + 1] - table->bounds[row]),
                    seen, key);
}

static int64_t size_of(const Table *table) {
    int64_t words = 1 + 2 * table->rows_room + table->slots_count;
    return (table->bytes_room + 7) / 8 * 8 + (words + 1) / 2 * 8;
}

/* Say where the arrays of a table are, in a piece of memory that has `size_of` bytes. */
static void lay(Table *table, uint8_t *room) {
    table->data = room;
    table->bounds = (int32_t *)(room + (table->bytes_room + 7) / 8 * 8);
    table->nth = table->bounds + table->rows_room + 1;
    table->slots = table->nth + table->rows_room;
}

/* A table that has room for so many rows and bytes, and a part of them more: one of so many, `spare`. */
static Table roomier(int64_t rows, int64_t bytes, int64_t spare, bool places) {
    Table table = {.rows_room = rows + rows / spare, .bytes_room = bytes + bytes / spare, .slots_count = places};
    while (places && table.slots_count <= table.rows_room + table.rows_room / 2) table.slots_count *= 2;
    return table;
}

/* Bytes of the arrays of a table with room for so many rows and bytes more, and places for them where rows are to be
 * looked up; -1 where these are too many. */
EXPORT int64_t leakdog_room(const Table *table, int64_t rows, int64_t bytes, int64_t spare, int64_t places) {
    Table wanted = roomier(table->count + rows, end_of(table) + bytes, spare, places);
    return wanted.bytes_room > INT32_MAX || wanted.slots_count > INT32_MAX ? -1 : size_of(&wanted);
}

/* Move a table to where there is such room. `seen` is for each of its rows. */
EXPORT int64_t leakdog_moved(Table *table, int64_t rows, int64_t bytes, int64_t spare, int64_t places, uint8_t *room,
                             const uint64_t *key, int32_t *seen) {
    Table wanted = roomier(table->count + rows, end_of(table) + bytes, spare, places);
    wanted.count = table->count;
    lay(&wanted, room);
    memcpy(wanted.bounds, table->bounds, (size_t)(table->count + 1) * sizeof *table->bounds);
    memcpy(wanted.data, table->data, (size_t)end_of(table));
    *table = wanted;
    if (places) place(table, key, seen);
    return true;
}

/* Add rows, for which there is room. They are told as bytes, and where each begins and the last one ends. */
EXPORT int64_t leakdog_extended(Table *table, const uint8_t *data, const int64_t *bounds, int64_t rows) {
    int64_t end = end_of(table);
    memcpy(table->data + end, data + bounds[0], (size_t)(bounds[rows] - bounds[0]));
    for (int64_t row = 1; row <= rows; row++)
        table->bounds[table->count + row] = (int32_t)(end + bounds[row] - bounds[0]);
    table->count += rows;
    table->slots_count = 0;
    return true;
}

/* Where rows of these numbers would begin, one after the other, and the last one end; false where one is not there. */
EXPORT int64_t leakdog_bounds(const Table *table, const int64_t *numbers, int64_t wanted, int64_t *bounds) {
    bounds[0] = 0;
    for (int64_t i = 0; i < wanted; i++) {
        if (numbers[i] < 0 || numbers[i] >= table->count) return false;
        bounds[i + 1] = bounds[i] + table->bounds[numbers[i] + 1] - table->bounds[numbers[i]];
    }
    return true;
}

/* Copy these rows to `out`. */
EXPORT int64_t leakdog_picked(const Table *table, const int64_t *numbers, int64_t wanted, uint8_t *out) {
    for (int64_t i = 0; i < wanted; i++) {
        size_t size = (size_t)(table->bounds[numbers[i] + 1] - table->bounds[numbers[i]]);
        memcpy(out, table->data + table->bounds[numbers[i]], size);
        out += size;
    }
    return true;
}

/* The tables of a chain without what they are looked up by: of each how many rows there are and how many bytes these are,
 * then of each the rows, and how long each is with a bit for whether it is equal to rows before it, and to how many.
 * Row 0 is left out, as it is empty. Rows can be looked up. Returns how many bytes this is; `out` has room for twenty for
 * each table and row beside the rows. */
EXPORT int64_t leakdog_folded(const Table *tables, uint8_t *out) {
    uint8_t *start = out;
    for (const Table *table = tables; table < tables + TABLES; table++) {
        out = write_varint((uint64_t)table->count, out);
        out = write_varint((uint64_t)end_of(table), out);
    }
    for (const Table *table = tables; table < tables + TABLES; table++) {
        for (int64_t row = 1; row < table->count; row++) {
            uint64_t size = (uint64_t)(table->bounds[row + 1] - table->bounds[row]), nth = (uint64_t)table->nth[row];
            out = write_varint(size << 1 | (nth != 0), out);
            if (nth) out = write_varint(nth, out);
        }
        memcpy(out, table->data, (size_t)end_of(table));
        out += end_of(table);
    }
    return out - start;
}

/* How many bytes the arrays of tables take that were folded, with room for more: of all a part of so many. They are told
 * how many rows they have. -1 where this was not folded. */
EXPORT int64_t leakdog_folded_room(Table *tables, const uint8_t *folded, int64_t size, int64_t spare) {
    Span in = {folded, folded + size};
    int64_t all = 0;
    for (Table *table = tables; table < tables + TABLES; table++) {
        uint64_t rows, bytes;
        if (!read_varint(&in, &rows) || !read_varint(&in, &bytes)) return -1;
        if (!rows || rows > (uint64_t)size || bytes > (uint64_t)size) return -1;
        *table = roomier((int64_t)rows, (int64_t)bytes, spare, true);
        table->count = (int64_t)rows;
        all += size_of(table);
    }
    return all;
}

/* How long the rows of a table are that was folded, and to how many before it each is equal. */
static bool read_sizes(Table *table, Span *in) {
    uint64_t number, end = 0, nth;
    table->bounds[0] = table->bounds[1] = table->nth[0] = 0;
    for (int64_t row = 1; row < table->count; row++) {
        if (!read_short_varint(in, in->end, &number) || number >> 1 > (uint64_t)table->bytes_room - end) return false;
        table->bounds[row + 1] = (int32_t)(end += number >> 1);
        nth = 0;
        if (number & 1 && (!read_varint(in, &nth) || nth > (uint64_t)row)) return false;
        table->nth[row] = (int32_t)nth;
    }
    return true;
}

/* The tables that were folded, in a piece of memory of this size. */
EXPORT int64_t leakdog_unfolded(Table *tables, const uint8_t *folded, int64_t size, uint8_t *room, const uint64_t *key) {
    Span in = {folded, folded + size};
    uint64_t number;
    for (int64_t i = 0; i < 2 * TABLES; i++)
        if (!read_varint(&in, &number)) return false;
    for (Table *table = tables; table < tables + TABLES; room += size_of(table), table++) {
        lay(table, room);
        if (!read_sizes(table, &in) || (size_t)end_of(table) > left(in)) return false;
        memcpy(table->data, in.at, (size_t)end_of(table));
        in.at += end_of(table);
        memset(table->slots, 0, (size_t)table->slots_count * sizeof *table->slots);
        for (int64_t row = 0; row < table->count; row++) place_known(table, row, key);
    }
    return true;
}
