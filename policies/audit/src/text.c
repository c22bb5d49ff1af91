/*
 * What: hiding of what is not printable. Invariant: every byte that is appended is part of a printable
 * character or of an escape in ASCII.
 */
#include "audit/text.h"

#include "base/time.h"

/* Not shown as they are: ranges of code points, ascending. */
static const struct range {
    uint32_t lo, hi;
} HIDDEN[] = {
    {0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x0600, 0x0605},
    {0x061c, 0x061c},   {0x06dd, 0x06dd},   {0x070f, 0x070f},   {0x0890, 0x0891},
    {0x08e2, 0x08e2},   {0x180e, 0x180e},   {0x200b, 0x200f},   {0x2028, 0x202e},
    {0x2060, 0x206f},   {0xfeff, 0xfeff},   {0xfff9, 0xfffb},   {0x110bd, 0x110bd},
    {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0xe0000, 0xe0fff},
};

static bool hidden(uint32_t c)
{
    for (size_t i = 0; i < sizeof(HIDDEN) / sizeof(HIDDEN[0]); i++) {
        if (c >= HIDDEN[i].lo && c <= HIDDEN[i].hi) {
            return true;
        }
    }
    return false;
}

/* Length and code point of the character at p; 0 for a byte that begins none. */
static size_t next_char(const uint8_t *p, size_t left, uint32_t *ret)
{
    if (p[0] == 0) {
        *ret = 0;
        return 1;
    }
    for (size_t n = 1; n <= 4 && n <= left; n++) {
        if (sy_view_is_utf8(sy_view(p, n))) {
            *ret = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
            for (size_t i = 1; i < n; i++) {
                *ret = *ret << 6 | (p[i] & 0x3fu);
            }
            return n;
        }
    }
    return 0;
}

/* How one context writes what is not plain. */
struct style {
    const char *quoted; /* gets a backslash before it */
    const char *slash;  /* that begins an escape of ours */
};

static sy_status add_char(struct sy_buf *b, const struct style *s, const uint8_t *p, size_t n,
                          uint32_t c)
{
    if (n == 0) {
        return sy_buf_printf(b, "%sx{%02x}", s->slash, p[0]);
    }
    if (hidden(c)) {
        return sy_buf_printf(b, "%su{%x}", s->slash, c);
    }
    if (c == '\\') { /* so that an escape can only be ours */
        SY_TRY(sy_buf_add_str(b, s->slash));
        return sy_buf_add_str(b, s->slash);
    }
    if (c < 0x80 && strchr(s->quoted, (int)c) != NULL) {
        SY_TRY(sy_buf_add_str(b, "\\"));
    }
    return sy_buf_add(b, p, n);
}

static sy_status add_styled(struct sy_buf *b, const struct style *s, struct sy_view v)
{
    for (size_t i = 0; i < v.n;) {
        uint32_t c = 0;
        size_t n = next_char(v.p + i, v.n - i, &c);
        SY_TRY(add_char(b, s, v.p + i, n, c));
        i += n == 0 ? 1 : n;
    }
    return SY_OK;
}

sy_status audit_text(struct sy_buf *b, struct sy_view v)
{
    return add_styled(b, &(const struct style){"", "\\"}, v);
}

sy_status audit_text_param(struct sy_buf *b, struct sy_view v)
{
    return add_styled(b, &(const struct style){"\"]", "\\\\"}, v);
}

sy_status audit_text_dot(struct sy_buf *b, struct sy_view v)
{
    return add_styled(b, &(const struct style){"\"", "\\\\"}, v);
}

static sy_status add_json_char(struct sy_buf *b, const uint8_t *p, size_t n, uint32_t c)
{
    if (n == 0 || !hidden(c)) {
        return sy_buf_add(b, p, n == 0 ? 1 : n);
    }
    if (c < 0x10000) {
        return sy_buf_printf(b, "\\u%04x", c);
    }
    uint32_t pair = c - 0x10000;
    return sy_buf_printf(b, "\\u%04x\\u%04x", 0xd800 + (pair >> 10), 0xdc00 + (pair & 0x3ff));
}

sy_status audit_text_json(struct sy_buf *b, struct sy_view json)
{
    for (size_t i = 0; i < json.n;) {
        uint32_t c = 0;
        size_t n = next_char(json.p + i, json.n - i, &c);
        SY_TRY(add_json_char(b, json.p + i, n, c));
        i += n == 0 ? 1 : n;
    }
    return SY_OK;
}

bool audit_time_is_civil(int64_t utc_s)
{
    int64_t first = -62135596800; /* 0001-01-01T00:00:00Z */
    int64_t last = 253402300799;  /* 9999-12-31T23:59:59Z */
    return utc_s >= first && utc_s <= last;
}

sy_status audit_text_time(struct sy_buf *b, int64_t utc_s)
{
    char text[21];
    if (!audit_time_is_civil(utc_s)) {
        return sy_buf_printf(b, "%lld", (long long)utc_s);
    }
    sy_time_format(utc_s, text);
    return sy_buf_add_str(b, text);
}
