/*
 * UTF-8 over borrowed bytes. The well-formed sequences are the rows of a table (Unicode 15, table
 * 3-7, less NUL): the range of the first and second byte decides overlongs, surrogates and the end
 * of the code space; later bytes are plain continuations.
 */
#include "base/view.h"

static const struct form {
    uint8_t first_lo, first_hi;
    uint8_t second_lo, second_hi;
    uint8_t n; /* bytes of the sequence */
} FORMS[] = {
    {0x01, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

static bool fits(const struct form *f, const uint8_t *p, size_t left)
{
    if (p[0] < f->first_lo || p[0] > f->first_hi || f->n > left) {
        return false;
    }
    if (f->n > 1 && (p[1] < f->second_lo || p[1] > f->second_hi)) {
        return false;
    }
    for (size_t i = 2; i < f->n; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return false;
        }
    }
    return true;
}

/* Bytes of the character at p, or 0 when there is no well-formed one. */
static size_t char_bytes(const uint8_t *p, size_t left)
{
    for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++) {
        if (fits(&FORMS[i], p, left)) {
            return FORMS[i].n;
        }
    }
    return 0;
}

#define EACH_BYTE(x) (UINT64_C(0x0101010101010101) * (x))

/* A word has a byte outside 0x01..0x7F exactly when a high bit is set in it, or borrowed by taking one from each
 * byte. */
static inline bool is_ascii_word(uint64_t w)
{
    return ((w | (w - EACH_BYTE(1))) & EACH_BYTE(0x80)) == 0;
}

static inline uint64_t load_word(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof(w));
    return w;
}

/* Fewer bytes than a word, in one all the same: bytes of it may be there twice, or be plain ones. */
static inline uint64_t load_short(const uint8_t *p, size_t n)
{
    uint32_t front, back;
    if (n < sizeof(front)) {
        return n == 0
                   ? EACH_BYTE(1)
                   : EACH_BYTE(1) << 24 | (uint64_t)p[n - 1] << 16 | (uint64_t)p[n / 2] << 8 | p[0];
    }
    memcpy(&front, p, sizeof(front));
    memcpy(&back, p + n - sizeof(back), sizeof(back));
    return (uint64_t)back << 32 | front;
}

/* Plain ASCII and not NUL? Eight bytes at a time, of which the last may overlap those before. */
static inline bool is_ascii(struct sy_view v)
{
    size_t i = 0;
    if (v.n < sizeof(uint64_t)) {
        return is_ascii_word(load_short(v.p, v.n));
    }
    while (v.n - i > sizeof(uint64_t)) {
        if (!is_ascii_word(load_word(v.p + i))) {
            return false;
        }
        i += sizeof(uint64_t);
    }
    return is_ascii_word(load_word(v.p + v.n - sizeof(uint64_t)));
}

bool sy_view_is_utf8(struct sy_view v)
{
    if (is_ascii(v)) { /* most of it */
        return true;
    }
    for (size_t i = 0; i < v.n;) {
        size_t n = char_bytes(v.p + i, v.n - i);
        if (n == 0) {
            return false;
        }
        i += n;
    }
    return true;
}

bool sy_view_is_text(struct sy_view v, size_t max)
{
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < 0x20 || v.p[i] == 0x7f) {
            return false;
        }
    }
    return v.n >= 1 && v.n <= max && sy_view_is_utf8(v);
}

void sy_view_to_cstr(struct sy_view v, char *ret, size_t cap)
{
    size_t n = v.n;
    if (n > cap - 1) {
        n = cap - 1;
        /* Back over at most three continuation bytes: more is not UTF-8 and has no boundary. */
        size_t floor = n > 3 ? n - 3 : 0;
        while (n > floor && (v.p[n] & 0xC0) == 0x80) {
            n--;
        }
    }
    if (n > 0) {
        memmove(ret, v.p, n);
    }
    ret[n] = '\0';
}
