/* What the parts of the kernel share, and what Python calls. The same numbers are in kernel.py and
 * trouble.py.
 *
 * The kernel reads an uncompressed profile into arrays that Python has allocated by its counts, and compares rows of
 * tables for the store (rows.c, called by pprof/compiled.py). It allocates nothing, keeps nothing between calls and
 * reads nothing beyond the bytes it is given, which are those of untrusted programs.
 *
 * Schema: https://github.com/google/pprof/blob/main/proto/profile.proto
 */
#ifndef LEAKDOG_KERNEL_H
#define LEAKDOG_KERNEL_H

#include "wire.h"

#define EXPORT __attribute__((visibility("default")))

/* To be raised with every change of what is below: an old shared object is then not taken for this one. */
enum { VERSION = 5 };

/* Fields of a profile. */
enum {
    SAMPLE_TYPE = 1, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING_TABLE, DROP_FRAMES, KEEP_FRAMES, TIME_NANOS,
    DURATION_NANOS, PERIOD_TYPE, PERIOD, COMMENT, DEFAULT_SAMPLE_TYPE, DOC_URL, HEADER_FIELDS
};

/* What is counted. The repeated messages come first, each at its field's number less one; those up to LABELS have
 * limits of the same place. */
enum {
    TYPES, SAMPLES, MAPPINGS, LOCATIONS, FUNCTIONS, STRINGS, FRAMES, LINES, LABELS, COMMENTS, TEXT_BYTES, REST_BYTES,
    COUNTS
};
enum { MESSAGE_BYTES = LABELS + 1, FIELDS, DEPTH };

/* What can be wrong, and of which message. */
enum { FINE, CUT, BROKEN, MISTYPED, OVER_LIMIT, NO_STRINGS, FIRST_STRING, NO_STRING, NO_ROW, VALUES, TWO_PROFILES };
enum {
    OF_PROFILE, OF_SAMPLE_TYPE, OF_SAMPLE, OF_LABEL, OF_MAPPING, OF_LOCATION, OF_LINE, OF_FUNCTION, OF_COMMENT
};

/* What is wrong, of which message, and two numbers: where it is cut or broken the byte, else as trouble.py says it. */
typedef struct {
    int64_t code, message, first, second;
} Trouble;

/* Ids of a table: rows are ids less one, or are found by looking `ids` up, sorted, if there are any. */
typedef struct {
    uint64_t count;
    const int64_t *ids;
    const int64_t *rows;
} Index;

static inline bool fail(Trouble *trouble, int64_t code, int64_t message, uint64_t first, uint64_t second) {
    *trouble = (Trouble){code, message, (int64_t)first, (int64_t)second};
    return false;
}

/* Fields 1 to `most` of a message of numbers, zero where not written; the last one counts. */
bool read_numbers(Span in, uint64_t *out, uint32_t most, int64_t message, const uint8_t *body, Trouble *trouble);

/* A field that a profile has once, into `header` by its number; a period type into 0 and 1. Comments are left out. */
bool read_header(const Field *field, uint64_t strings, int64_t *header, const uint8_t *body, Trouble *trouble);

static inline bool check_text(uint64_t text, uint64_t strings, int64_t message, Trouble *trouble) {
    return text < strings || fail(trouble, NO_STRING, message, text, strings);
}

static inline bool is_table(const Field *field) { return field->number <= STRING_TABLE; }

#endif
