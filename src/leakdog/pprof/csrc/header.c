/* Messages of numbers, and the fields that a profile has once. */
#include "kernel.h"

bool read_numbers(Span in, uint64_t *out, uint32_t most, int64_t message, const uint8_t *body, Trouble *trouble) {
    memset(out, 0, most * sizeof *out);
    while (in.at < in.end) {
        Field field;
        const uint8_t *start = in.at;
        if (!read_field(&in, &field)) return fail(trouble, BROKEN, message, (uint64_t)(start - body), 0);
        if (field.number > most) continue;
        if (field.type != VARINT) return fail(trouble, MISTYPED, message, field.number, field.type);
        out[field.number - 1] = field.value;
    }
    return true;
}

bool read_header(const Field *field, uint64_t strings, int64_t *header, const uint8_t *body, Trouble *trouble) {
    uint32_t number = field->number;
    if (number < DROP_FRAMES || number > DOC_URL || number == COMMENT) return true;
    if (field->type != (number == PERIOD_TYPE ? DELIMITED : VARINT))
        return fail(trouble, MISTYPED, OF_PROFILE, number, field->type);
    if (number == PERIOD_TYPE) {
        uint64_t kind[2];
        if (!read_numbers(field->payload, kind, 2, OF_SAMPLE_TYPE, body, trouble)) return false;
        for (int i = 0; i < 2; i++) {
            if (!check_text(kind[i], strings, OF_SAMPLE_TYPE, trouble)) return false;
            header[i] = (int64_t)kind[i];
        }
        return true;
    }
    if (number == TIME_NANOS && header[number]) return fail(trouble, TWO_PROFILES, OF_PROFILE, 0, 0);
    bool text = number == DROP_FRAMES || number == KEEP_FRAMES || number >= DEFAULT_SAMPLE_TYPE;
    if (text && !check_text(field->value, strings, OF_PROFILE, trouble)) return false;
    header[number] = (int64_t)field->value;
    return true;
}

/* The numbers of a packed field; there is room for as many as bytes that end one. */
EXPORT int32_t leakdog_varints(const uint8_t *data, size_t size, uint64_t *out) {
    for (Span in = {data, data + size}; in.at < in.end;)
        if (!read_varint(&in, out++)) return false;
    return true;
}
