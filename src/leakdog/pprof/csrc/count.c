/* The first pass: how much there is of everything, before anybody makes room for it. */
#include "kernel.h"

typedef struct {
    const uint8_t *body;
    const int64_t *limits;
    int64_t *counts;
    Trouble *trouble;
} Counting;

static bool add(const Counting *all, int what, uint64_t n) {
    all->counts[what] += (int64_t)n; /* each is at most the number of bytes */
    return all->counts[what] <= all->limits[what] || fail(all->trouble, OVER_LIMIT, OF_PROFILE, (uint64_t)what, 0);
}

static bool check_fields(const Counting *all, uint64_t n, int64_t message) {
    return n <= (uint64_t)all->limits[FIELDS] || fail(all->trouble, OVER_LIMIT, message, FIELDS, 0);
}

static bool broken(const Counting *all, int64_t message, const uint8_t *at) {
    return fail(all->trouble, BROKEN, message, (uint64_t)(at - all->body), 0);
}

static bool count_sample(const Counting *all, Span in) {
    uint64_t depth = (uint64_t)all->limits[DEPTH], frames = 0, labels = 0;
    while (in.at < in.end) {
        Field field;
        const uint8_t *start = in.at;
        if (!read_field(&in, &field)) return broken(all, OF_SAMPLE, start);
        if (field.number > 3) continue;
        if (field.type != DELIMITED && (field.number == 3 || field.type != VARINT))
            return fail(all->trouble, MISTYPED, OF_SAMPLE, field.number, field.type);
        if (field.number == 1) frames += field.type == VARINT ? 1 : count_varints(field.payload);
        if (field.number == 3) labels++;
    }
    return check_fields(all, labels, OF_SAMPLE) && add(all, LABELS, labels) &&
           add(all, FRAMES, frames < depth ? frames : depth);
}

static bool count_location(const Counting *all, Span in) {
    uint64_t lines = 0;
    while (in.at < in.end) {
        Field field;
        const uint8_t *start = in.at;
        if (!read_field(&in, &field)) return broken(all, OF_LOCATION, start);
        if (field.number > 5) continue;
        if (field.type != (field.number == 4 ? DELIMITED : VARINT))
            return fail(all->trouble, MISTYPED, OF_LOCATION, field.number, field.type);
        if (field.number == 4) lines++;
    }
    return check_fields(all, lines, OF_LOCATION) && add(all, LINES, lines);
}

static bool count_comments(const Counting *all, const Field *field) {
    if (field->type == VARINT) all->counts[COMMENTS]++;
    else if (field->type == DELIMITED) all->counts[COMMENTS] += (int64_t)count_varints(field->payload);
    else return fail(all->trouble, MISTYPED, OF_PROFILE, field->number, field->type);
    return true;
}

/* What is none of the repeated messages; all of it together is bounded like one message. */
static bool count_rest(const Counting *all, const Field *field, size_t bytes) {
    all->counts[REST_BYTES] += (int64_t)bytes;
    if (all->counts[REST_BYTES] > all->limits[MESSAGE_BYTES])
        return fail(all->trouble, OVER_LIMIT, OF_PROFILE, MESSAGE_BYTES, 0);
    return field->number != COMMENT || count_comments(all, field);
}

static bool count_message(const Counting *all, const Field *field) {
    size_t bytes = left(field->payload);
    if (field->type != DELIMITED) return fail(all->trouble, MISTYPED, OF_PROFILE, field->number, field->type);
    if (!add(all, (int)field->number - 1, 1)) return false;
    if (field->number == STRING_TABLE) {
        all->counts[TEXT_BYTES] += (int64_t)bytes;
        return true;
    }
    if (bytes > (uint64_t)all->limits[MESSAGE_BYTES])
        return fail(all->trouble, OVER_LIMIT, OF_PROFILE, MESSAGE_BYTES, 0);
    if (field->number == SAMPLE) return count_sample(all, field->payload);
    if (field->number == LOCATION) return count_location(all, field->payload);
    return true;
}

/* Counts, which are to be 0 before, up to the first thing that is wrong or too much. */
EXPORT int32_t leakdog_count(const uint8_t *body, size_t size, const int64_t *limits, int64_t *counts,
                             Trouble *trouble) {
    Counting all = {body, limits, counts, trouble};
    Span in = {body, body + size};
    while (in.at < in.end) {
        Field field;
        const uint8_t *start = in.at;
        if (!read_field(&in, &field)) return fail(trouble, CUT, OF_PROFILE, (uint64_t)(start - body), 0);
        if (!(is_table(&field) ? count_message(&all, &field) : count_rest(&all, &field, (size_t)(in.at - start))))
            return false;
    }
    return true;
}

EXPORT int32_t leakdog_version(void) { return VERSION; }
