/* The second pass: everything that samples refer to, as columns. */
#include "kernel.h"

/* Columns one after the other, and which row of each table comes next. `counts` says how long they are. */
typedef struct {
    int64_t *types, *mappings, *flags, *locations, *line_offsets, *lines, *functions, *text_offsets, *comments;
    uint64_t *mapping_ids, *location_ids, *function_ids;
    uint8_t *text;
    const int64_t *counts;
    uint64_t next[COUNTS];
    const uint8_t *body;
    Trouble *trouble;
} Tables;

enum { MAPPING_COLUMNS = 5, FLAGS = 4, LOCATION_COLUMNS = 3, LINE_COLUMNS = 3, FUNCTION_COLUMNS = 4 };

static Tables lay_out(const int64_t *counts, int64_t *columns, uint64_t *ids, uint8_t *text) {
    Tables all = {.counts = counts, .text = text, .mapping_ids = ids};
    all.location_ids = all.mapping_ids + counts[MAPPINGS];
    all.function_ids = all.location_ids + counts[LOCATIONS];
    all.types = columns;
    all.mappings = all.types + 2 * counts[TYPES];
    all.flags = all.mappings + MAPPING_COLUMNS * counts[MAPPINGS];
    all.locations = all.flags + FLAGS * counts[MAPPINGS];
    all.line_offsets = all.locations + LOCATION_COLUMNS * counts[LOCATIONS];
    all.lines = all.line_offsets + counts[LOCATIONS] + 1;
    all.functions = all.lines + LINE_COLUMNS * counts[LINES];
    all.text_offsets = all.functions + FUNCTION_COLUMNS * counts[FUNCTIONS];
    all.comments = all.text_offsets + counts[STRINGS] + 1;
    all.line_offsets[0] = all.text_offsets[0] = 0;
    return all;
}

/* The next row of a table. There is one: bytes that were counted do not change. */
static uint64_t next_row(Tables *all, int what) { return all->next[what]++; }

static bool check_texts(const Tables *all, const uint64_t *texts, int count, int64_t message) {
    for (int i = 0; i < count; i++)
        if (!check_text(texts[i], (uint64_t)all->counts[STRINGS], message, all->trouble)) return false;
    return true;
}

static void store(int64_t *columns, int64_t rows, uint64_t row, const uint64_t *numbers, int count) {
    for (int i = 0; i < count; i++) columns[i * rows + (int64_t)row] = (int64_t)numbers[i];
}

static bool read_type(Tables *all, Span in) {
    uint64_t numbers[2], row = next_row(all, TYPES);
    if (!read_numbers(in, numbers, 2, OF_SAMPLE_TYPE, all->body, all->trouble)) return false;
    store(all->types + 2 * row, 1, 0, numbers, 2);
    return check_texts(all, numbers, 2, OF_SAMPLE_TYPE);
}

static bool read_mapping(Tables *all, Span in) {
    uint64_t numbers[10], row = next_row(all, MAPPINGS);
    if (!read_numbers(in, numbers, 10, OF_MAPPING, all->body, all->trouble)) return false;
    all->mapping_ids[row] = numbers[0];
    store(all->mappings, all->counts[MAPPINGS], row, numbers + 1, MAPPING_COLUMNS);
    for (int i = 0; i < FLAGS; i++) all->flags[FLAGS * row + (uint64_t)i] = numbers[6 + i] != 0;
    return check_texts(all, numbers + 4, 2, OF_MAPPING);
}

static bool read_function(Tables *all, Span in) {
    uint64_t numbers[5], row = next_row(all, FUNCTIONS);
    if (!read_numbers(in, numbers, 5, OF_FUNCTION, all->body, all->trouble)) return false;
    all->function_ids[row] = numbers[0];
    store(all->functions, all->counts[FUNCTIONS], row, numbers + 1, FUNCTION_COLUMNS);
    return check_texts(all, numbers + 1, 3, OF_FUNCTION);
}

static bool read_line(Tables *all, Span in) {
    uint64_t numbers[LINE_COLUMNS], row = next_row(all, LINES);
    if (!read_numbers(in, numbers, LINE_COLUMNS, OF_LINE, all->body, all->trouble)) return false;
    store(all->lines, all->counts[LINES], row, numbers, LINE_COLUMNS);
    return true;
}

static bool read_location(Tables *all, Span in) {
    uint64_t numbers[6] = {0}, row = next_row(all, LOCATIONS);
    while (in.at < in.end) {
        Field field;
        const uint8_t *start = in.at;
        if (!read_field(&in, &field))
            return fail(all->trouble, BROKEN, OF_LOCATION, (uint64_t)(start - all->body), 0);
        if (field.number == 4) {
            if (!read_line(all, field.payload)) return false;
        } else if (field.number <= 5) {
            numbers[field.number] = field.value;
        }
    }
    uint64_t columns[LOCATION_COLUMNS] = {numbers[2], numbers[3], numbers[5] != 0};
    all->location_ids[row] = numbers[1];
    store(all->locations, all->counts[LOCATIONS], row, columns, LOCATION_COLUMNS);
    all->line_offsets[row + 1] = (int64_t)all->next[LINES];
    return true;
}

static bool read_string(Tables *all, Span in) {
    uint64_t row = next_row(all, STRINGS);
    int64_t offset = all->text_offsets[row];
    if (!row && left(in)) return fail(all->trouble, FIRST_STRING, OF_PROFILE, 0, 0);
    memcpy(all->text + offset, in.at, left(in));
    all->text_offsets[row + 1] = offset + (int64_t)left(in);
    return true;
}

static bool read_comments(Tables *all, const Field *field) {
    if (field->type == VARINT) {
        all->comments[next_row(all, COMMENTS)] = (int64_t)field->value;
        return check_texts(all, &field->value, 1, OF_COMMENT);
    }
    for (Span in = field->payload; in.at < in.end;) {
        uint64_t text;
        if (!read_varint(&in, &text))
            return fail(all->trouble, CUT, OF_PROFILE, (uint64_t)(in.at - all->body), 0);
        all->comments[next_row(all, COMMENTS)] = (int64_t)text;
        if (!check_texts(all, &text, 1, OF_COMMENT)) return false;
    }
    return true;
}

static bool read_table(Tables *all, const Field *field) {
    switch (field->number) {
    case SAMPLE_TYPE:
        return read_type(all, field->payload);
    case MAPPING:
        return read_mapping(all, field->payload);
    case LOCATION:
        return read_location(all, field->payload);
    case FUNCTION:
        return read_function(all, field->payload);
    case STRING_TABLE:
        return read_string(all, field->payload);
    default:
        return true;
    }
}

/* Whether ids are 1, 2, 3, as most producers write them. */
static bool counts_up(const uint64_t *ids, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (ids[i] != (uint64_t)i + 1) return false;
    return true;
}

/* Ids of a table whose ids count up, to rows; where there may be `none`, which is id 0, it becomes row -1. */
static bool to_rows(int64_t *ids, int64_t count, int64_t rows, bool none, int64_t user, int64_t what,
                    Trouble *trouble) {
    for (int64_t i = 0; i < count; i++) {
        uint64_t row = (uint64_t)ids[i] - 1;
        if (row >= (uint64_t)rows && !(none && !ids[i]))
            return fail(trouble, NO_ROW, user, (uint64_t)ids[i], (uint64_t)what);
        ids[i] = (int64_t)row;
    }
    return true;
}

/* Fills `columns` in the order of `lay_out`, `ids` of mappings, locations and functions, the texts, and the header.
 *
 * References to mappings and functions are rows if `dense`, which tells of mappings, locations and functions whether
 * their ids count up from 1; they are ids where not, for Python to look up.
 */
EXPORT int32_t leakdog_tables(const uint8_t *body, size_t size, const int64_t *counts, int64_t *columns, uint64_t *ids,
                              uint8_t *text, int64_t *header, int64_t *dense, Trouble *trouble) {
    if (!counts[STRINGS]) return fail(trouble, NO_STRINGS, OF_PROFILE, 0, 0);
    Tables all = lay_out(counts, columns, ids, text);
    all.body = body;
    all.trouble = trouble;
    Span in = {body, body + size};
    Field field;
    while (in.at < in.end && read_field(&in, &field)) {
        bool fine = is_table(&field)            ? read_table(&all, &field)
                    : field.number == COMMENT ? read_comments(&all, &field)
                                              : read_header(&field, (uint64_t)counts[STRINGS], header, body, trouble);
        if (!fine) return false;
    }
    dense[0] = counts_up(all.mapping_ids, counts[MAPPINGS]);
    dense[1] = counts_up(all.location_ids, counts[LOCATIONS]);
    dense[2] = counts_up(all.function_ids, counts[FUNCTIONS]);
    int64_t *mapping = all.locations, *function = all.lines;
    if (dense[0] && !to_rows(mapping, counts[LOCATIONS], counts[MAPPINGS], true, OF_LOCATION, OF_MAPPING, trouble))
        return false;
    return !dense[2] || to_rows(function, counts[LINES], counts[FUNCTIONS], false, OF_LINE, OF_FUNCTION, trouble);
}

/* The fields that are none of the repeated messages, as they are. There is room for as many bytes as were counted. */
EXPORT int32_t leakdog_rest(const uint8_t *body, size_t size, uint8_t *out) {
    Span in = {body, body + size};
    Field field;
    const uint8_t *start = in.at;
    while (in.at < in.end && read_field(&in, &field)) {
        if (!is_table(&field)) {
            memcpy(out, start, (size_t)(in.at - start));
            out += in.at - start;
        }
        start = in.at;
    }
    return true;
}
