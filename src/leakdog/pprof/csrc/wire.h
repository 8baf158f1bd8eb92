/* Protobuf's wire format: numbers and fields, never read beyond the end of what holds them.
 *
 * Format: https://protobuf.dev/programming-guides/encoding/
 */
#ifndef LEAKDOG_WIRE_H
#define LEAKDOG_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { VARINT = 0, FIXED64 = 1, DELIMITED = 2, FIXED32 = 5 };
enum { LONGEST = 10 }; /* bytes of a number of 64 bits */

/* What is still to be read: `at <= end`, always. */
typedef struct {
    const uint8_t *at, *end;
} Span;

typedef struct {
    uint32_t number, type;
    uint64_t value; /* of a VARINT */
    Span payload;   /* of a DELIMITED */
} Field;

static inline size_t left(Span in) { return (size_t)(in.end - in.at); }

/* The next number; false where it is cut off or takes more than 10 bytes. Bits beyond 64 are dropped. */
static inline bool read_varint(Span *in, uint64_t *out) {
    const uint8_t *at = in->at;
    if (at < in->end && *at < 0x80) { /* most tags and lengths */
        *out = *in->at++;
        return true;
    }
    size_t most = left(*in) < LONGEST ? left(*in) : LONGEST;
    uint64_t n = 0;
    for (size_t i = 0; i < most; i++) {
        n |= (uint64_t)(at[i] & 0x7F) << (7 * i);
        if (at[i] < 0x80) {
            in->at = at + i + 1;
            *out = n;
            return true;
        }
    }
    return false;
}

/* The same for numbers that may be of any length, without a jump for each byte. Bytes may be looked at up to
 * `readable`: beyond the end of a short field there are others, mostly. */
static inline bool read_any_varint(Span *in, const uint8_t *readable, uint64_t *out) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (readable - in->at >= 8) {
        uint64_t n, last;
        memcpy(&n, in->at, 8);
        last = ~n & UINT64_C(0x8080808080808080);
        last &= 0 - last; /* the highest bit of the first byte that ends a number; none if it is longer than eight */
        if (last) {
            size_t bytes = ((size_t)__builtin_ctzll(last) >> 3) + 1;
            if (bytes > left(*in)) return false;
            /* Seven bits of each byte, which are then put together pair by pair. */
            n &= (last - 1) & UINT64_C(0x7F7F7F7F7F7F7F7F);
            n = (n & UINT64_C(0x007F007F007F007F)) | (n & UINT64_C(0x7F007F007F007F00)) >> 1;
            n = (n & UINT64_C(0x00003FFF00003FFF)) | (n & UINT64_C(0x3FFF00003FFF0000)) >> 2;
            *out = (n & UINT64_C(0x000000000FFFFFFF)) | (n & UINT64_C(0x0FFFFFFF00000000)) >> 4;
            in->at += bytes;
            return true;
        }
    }
#endif
    (void)readable;
    return read_varint(in, out);
}

/* The same for numbers of one or two bytes, mostly. */
static inline bool read_short_varint(Span *in, const uint8_t *readable, uint64_t *out) {
    const uint8_t *at = in->at;
    if (readable - at < 2 || (at[0] & at[1]) >= 0x80) return read_any_varint(in, readable, out);
    uint64_t two = at[0] >> 7;
    if (two + 1 > left(*in)) return false;
    *out = (at[0] & 0x7F) | (uint64_t)(at[1] & (0 - two)) << 7;
    in->at = at + two + 1;
    return true;
}

/* Write a number, which takes LONGEST bytes at most; where it ends. */
static inline uint8_t *write_varint(uint64_t number, uint8_t *out) {
    for (; number >= 0x80; number >>= 7) *out++ = (uint8_t)(number | 0x80);
    *out++ = (uint8_t)number;
    return out;
}

static inline bool skip(Span *in, uint64_t bytes) {
    if (bytes > left(*in)) return false;
    in->at += bytes;
    return true;
}

/* The next field. False where it is cut off, or is a group or anything else that profiles do not have. */
static inline bool read_field(Span *in, Field *out) {
    uint64_t tag;
    if (!read_varint(in, &tag) || tag < 1 << 3 || tag > UINT32_MAX) return false;
    out->number = (uint32_t)(tag >> 3);
    out->type = (uint32_t)(tag & 7);
    out->value = 0;
    out->payload.at = out->payload.end = in->at;
    switch (out->type) {
    case VARINT:
        return read_varint(in, &out->value);
    case DELIMITED:
        if (!read_varint(in, &out->value)) return false;
        out->payload.at = in->at;
        if (!skip(in, out->value)) return false;
        out->payload.end = in->at;
        return true;
    case FIXED64:
        return skip(in, 8);
    case FIXED32:
        return skip(in, 4);
    default:
        return false;
    }
}

/* How many numbers a packed field has: as many as bytes that end one. Eight bytes at once. */
static inline uint64_t count_varints(Span in) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t n = 0;
    while (left(in) >= 8) {
        uint64_t eight;
        memcpy(&eight, in.at, 8);
        n += ((~eight >> 7 & ones) * ones) >> 56;
        in.at += 8;
    }
    while (in.at < in.end) n += *in.at++ < 0x80;
    return n;
}

#endif
