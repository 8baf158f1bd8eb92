/* The samples as columns, and the samples of a profile of which only values have changed. */
#include "kernel.h"

enum { LABEL_COLUMNS = 4 };

typedef struct {
    const int64_t *counts;
    uint64_t depth;
    Index locations;
    int64_t *values, *stack_offsets, *label_offsets, *labels;
    int32_t *stacks;
    uint64_t frames, label_rows;
    const uint8_t *body, *end;
    Trouble *trouble;
} Samples;

/* The row of an id; `count` where it has none. */
static inline uint64_t row_of(const Index *index, uint64_t id) {
    if (!index->ids) return id - 1 < index->count ? id - 1 : index->count;
    uint64_t low = 0, high = index->count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (index->ids[middle] < (int64_t)id) low = middle + 1;
        else high = middle;
    }
    return low < index->count && index->ids[low] == (int64_t)id ? (uint64_t)index->rows[low] : index->count;
}

static bool add_label(Samples *all, Span in) {
    uint64_t numbers[LABEL_COLUMNS], strings = (uint64_t)all->counts[STRINGS];
    if (!read_numbers(in, numbers, LABEL_COLUMNS, OF_LABEL, all->body, all->trouble)) return false;
    for (int i = 0; i < LABEL_COLUMNS; i++) {
        if (i != 2 && !check_text(numbers[i], strings, OF_LABEL, all->trouble)) return false;
        all->labels[i * all->counts[LABELS] + (int64_t)all->label_rows] = (int64_t)numbers[i];
    }
    all->label_rows++;
    return true;
}

static bool broken(const uint8_t *at, const uint8_t *body, Trouble *trouble) {
    return fail(trouble, BROKEN, OF_SAMPLE, (uint64_t)(at - body), 0);
}

/* Locations of a stack of which there are `size` so far; what lies too deep is looked at and left out. */
static bool read_stack(Samples *all, const Field *field, uint64_t *size) {
    Span in = field->payload;
    const Index locations = all->locations;
    uint64_t id = field->value, room = *size < all->depth ? all->depth - *size : 0, n = 0;
    int32_t *out = all->stacks + all->frames;
    while (field->type == VARINT ? !n : in.at < in.end) {
        if (field->type != VARINT && !read_short_varint(&in, all->end, &id))
            return broken(in.at, all->body, all->trouble);
        uint64_t row = row_of(&locations, id);
        if (row == locations.count) return fail(all->trouble, NO_ROW, OF_SAMPLE, id, OF_LOCATION);
        if (n++ < room) *out++ = (int32_t)row;
    }
    all->frames += n < room ? n : room;
    *size += n;
    return true;
}

/* The values of a sample that has `size` of them so far, of `types` that there is room for. */
static bool read_values(const Field *field, int64_t *values, uint64_t types, uint64_t *size, const uint8_t *end) {
    Span in = field->payload;
    uint64_t value = field->value, n = *size, first = n;
    while (field->type == VARINT ? n == first : in.at < in.end) {
        if (field->type != VARINT && !read_any_varint(&in, end, &value)) return false;
        if (n < types) values[n] = (int64_t)value;
        n++;
    }
    *size = n;
    return true;
}

static bool read_sample(Samples *all, Span in, uint64_t row) {
    uint64_t types = (uint64_t)all->counts[TYPES], size = 0, values = 0;
    while (in.at < in.end) {
        Field field;
        const uint8_t *start = in.at;
        if (!read_field(&in, &field)) return broken(start, all->body, all->trouble);
        bool fine = field.number == 1   ? read_stack(all, &field, &size)
                    : field.number == 2 ? read_values(&field, all->values + row * types, types, &values, all->end) ||
                                              broken(start, all->body, all->trouble)
                    : field.number == 3 ? add_label(all, field.payload)
                                        : true;
        if (!fine) return false;
    }
    if (values != types || !types) return fail(all->trouble, VALUES, (int64_t)types, row + 1, values);
    all->stack_offsets[row + 1] = (int64_t)all->frames;
    all->label_offsets[row + 1] = (int64_t)all->label_rows;
    return true;
}

/* Fills the columns of all samples, of a body that was counted: `columns` with the offsets of stacks, those of labels,
 * and labels; `stacks` with rows of locations.
 */
EXPORT int32_t leakdog_samples(const uint8_t *body, size_t size, const int64_t *counts, int64_t depth,
                               const int64_t *ids, const int64_t *rows, int64_t *values, int64_t *columns,
                               int32_t *stacks, Trouble *trouble) {
    Samples all = {.counts = counts, .depth = (uint64_t)depth, .values = values, .stacks = stacks, .body = body};
    all.end = body + size;
    all.locations = (Index){(uint64_t)counts[LOCATIONS], ids, rows};
    all.stack_offsets = columns;
    all.label_offsets = all.stack_offsets + counts[SAMPLES] + 1;
    all.labels = all.label_offsets + counts[SAMPLES] + 1;
    all.stack_offsets[0] = all.label_offsets[0] = 0;
    all.trouble = trouble;
    Span in = {body, body + size};
    uint64_t row = 0;
    Field field;
    while (in.at < in.end && read_field(&in, &field))
        if (field.number == SAMPLE && !read_sample(&all, field.payload, row++)) return false;
    return true;
}

static bool equal(Span a, Span b) { return left(a) == left(b) && !memcmp(a.at, b.at, left(a)); }

/* Whether a sample differs from the one before in nothing but its values, which are read. */
static bool same_but_values(Span before, Span now, int64_t *values, uint64_t types, const uint8_t *end) {
    uint64_t size = 0;
    while (now.at < now.end && before.at < before.end) {
        Field a, b;
        Span whole_a = before, whole_b = now;
        if (!read_field(&before, &a) || !read_field(&now, &b) || a.number != b.number) return false;
        whole_a.end = before.at;
        whole_b.end = now.at;
        if (b.number != 2) {
            if (!equal(whole_a, whole_b)) return false;
        } else if ((b.type != VARINT && b.type != DELIMITED) || !read_values(&b, values, types, &size, end)) {
            return false;
        }
    }
    return now.at == now.end && before.at == before.end && size == types;
}

/* Where fields that are there once are put, and how many bytes of them are still allowed. */
typedef struct {
    int64_t *header, bytes;
    uint64_t strings;
    const uint8_t *body;
} Rest;

/* The next field that is compared, and all its bytes, none at the end. What is there once is read in passing, into
 * `rest` if there is one; comments are compared. */
static bool next_compared(Span *in, Field *out, Span *whole, Rest *rest) {
    while (in->at < in->end) {
        Trouble ignored;
        whole->at = in->at;
        if (!read_field(in, out)) return false;
        whole->end = in->at;
        if (is_table(out) || out->number == COMMENT) return true;
        if (!rest) continue;
        rest->bytes -= (int64_t)left(*whole);
        if (rest->bytes < 0 || !read_header(out, rest->strings, rest->header, rest->body, &ignored)) return false;
    }
    whole->at = whole->end = in->end;
    return true;
}

/* Whether a body differs from a valid one before it in nothing but the values of samples and what is there once.
 *
 * `values`, which are those before, are then those of this one, and the header is filled. Nothing is said about what is
 * wrong: a body that is not so is read as if there was none before it.
 */
EXPORT int32_t leakdog_again(const uint8_t *body, size_t size, const uint8_t *before, size_t before_size, int64_t types,
                             int64_t strings, int64_t rest_bytes, int64_t *values, int64_t *header) {
    Span old = {before, before + before_size}, in = {body, body + size};
    Rest rest = {header, rest_bytes, (uint64_t)strings, body};
    for (;;) {
        Field a = {0}, b = {0};
        Span whole_a, whole_b;
        if (!next_compared(&old, &a, &whole_a, NULL) || !next_compared(&in, &b, &whole_b, &rest)) return false;
        if (!left(whole_a) || !left(whole_b)) return left(whole_a) == left(whole_b);
        if (a.number != b.number) return false;
        bool same = equal(whole_a, whole_b);
        if (b.number == SAMPLE) {
            same = same || (b.type == DELIMITED &&
                            same_but_values(a.payload, b.payload, values, (uint64_t)types, in.end));
            values += types;
        }
        if (!same) return false;
    }
}
