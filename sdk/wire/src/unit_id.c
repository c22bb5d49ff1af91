/* Normal form of unit identifiers. Most are normal already, and are not copied. */
#include "wire/unit_id.h"

#include <string.h>

#include "wire/identity.h"

#include "base/weak.h"

static const uint8_t WIDE_BLANK[] = {0xE3, 0x80, 0x80}; /* U+3000 */

static bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_wide_blank(const uint8_t *p)
{
    return memcmp(p, WIDE_BLANK, sizeof(WIDE_BLANK)) == 0;
}

static size_t blank_in_front(struct sy_view v)
{
    if (v.n > 0 && is_blank(v.p[0])) {
        return 1;
    }
    return v.n >= 3 && is_wide_blank(v.p) ? 3 : 0;
}

static size_t blank_behind(struct sy_view v)
{
    if (v.n > 0 && is_blank(v.p[v.n - 1])) {
        return 1;
    }
    return v.n >= 3 && is_wide_blank(v.p + v.n - 3) ? 3 : 0;
}

struct sy_view sy_unit_id_trim(struct sy_view v)
{
    size_t n;
    while ((n = blank_in_front(v)) > 0) {
        v = sy_view(v.p + n, v.n - n);
    }
    while ((n = blank_behind(v)) > 0) {
        v.n -= n;
    }
    return v;
}

/* Digits, capitals and signs only: normal already. */
static bool is_normal(struct sy_view text)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c <= ' ' || c >= 0x7F || (c >= 'a' && c <= 'z')) {
            return false;
        }
    }
    return text.n <= SY_UNIT_ID_BYTES;
}

/* U+FF01..U+FF5E are EF BC 81..BF and EF BD 80..9E: the ASCII forms, 0xFEE0 higher. Returns the
 * ASCII form of the character at p, 0 when it is no such character. */
static uint8_t narrow(const uint8_t *p, size_t n)
{
    if (n < 3) {
        return 0;
    }
    if (p[0] == 0xEF && p[1] == 0xBC && p[2] >= 0x81 && p[2] <= 0xBF) {
        return (uint8_t)(p[2] - 0x60);
    }
    if (p[0] == 0xEF && p[1] == 0xBD && p[2] >= 0x80 && p[2] <= 0x9E) {
        return (uint8_t)(p[2] - 0x20);
    }
    return is_wide_blank(p) ? ' ' : 0;
}

static struct sy_view rewrite(struct sy_view text, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; n++) {
        uint8_t ascii = narrow(text.p + i, text.n - i);
        uint8_t c = ascii != 0 ? ascii : text.p[i];
        out[n] = c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
        i += ascii != 0 ? 3 : 1;
    }
    return sy_view(out, n);
}

/* One that is longer than the scratch bytes cannot shrink to an identifier's length. */
sy_status sy_unit_id_normalise(struct sy_view text, uint8_t scratch[SY_UNIT_ID_SCRATCH],
                               struct sy_view *ret)
{
    *ret = text;
    if (is_normal(text) || sy_weak(SY_WEAK_IDS_AS_WRITTEN)) {
        return SY_OK;
    }
    if (text.n > SY_UNIT_ID_SCRATCH) {
        return sy_status_of(SY_E_LIMIT);
    }
    *ret = rewrite(text, scratch);
    if (!sy_view_is_utf8(*ret)) {
        return sy_status_of(SY_E_FIELD);
    }
    return ret->n > SY_UNIT_ID_BYTES ? sy_status_of(SY_E_LIMIT) : SY_OK;
}

/* Part i behind what is there. */
static sy_status add_part(struct sy_view written, bool several, uint8_t *ret, size_t *n)
{
    uint8_t scratch[SY_UNIT_ID_SCRATCH];
    struct sy_view part;
    SY_TRY(sy_unit_id_normalise(sy_unit_id_trim(written), scratch, &part));
    if (part.n == 0 || (several && memchr(part.p, SY_UNIT_ID_BREAK, part.n) != NULL)) {
        return sy_status_of(SY_E_FIELD);
    }
    size_t gap = *n == 0 ? 0 : 1;
    if (*n + gap + part.n > SY_UNIT_ID_BYTES) {
        return sy_status_of(SY_E_LIMIT);
    }
    if (gap != 0) {
        ret[(*n)++] = SY_UNIT_ID_BREAK;
    }
    memcpy(ret + *n, part.p, part.n);
    *n += part.n;
    return SY_OK;
}

sy_status sy_unit_id_join(const struct sy_view *parts, size_t n, uint8_t ret[SY_UNIT_ID_BYTES],
                          size_t *ret_n)
{
    size_t used = 0;
    *ret_n = 0;
    if (n == 0 || n > SY_UNIT_ID_PARTS_MAX) {
        return sy_status_of(SY_E_FIELD);
    }
    for (size_t i = 0; i < n; i++) {
        SY_TRY(add_part(parts[i], n > 1, ret, &used));
    }
    *ret_n = used;
    return SY_OK;
}

void sy_unit_id_stored(struct sy_view klass, struct sy_view id, uint8_t ret[SY_UNIT_ID_BYTES],
                       size_t *ret_n)
{
    enum sy_klass kind = sy_klass_of(klass);
    struct sy_idno number;
    char digits[SY_PHONE_CHARS];
    struct sy_view form = id;
    if (kind == SY_KLASS_IDNO && sy_idno_parse(id, &number) == SY_IDNO_FINE) {
        form = sy_view(number.text, sizeof(number.text));
    } else if (kind == SY_KLASS_PHONE) {
        size_t n = sy_phone_digits(id, digits);
        form = n > 0 ? sy_view(digits, n) : id;
    }
    memcpy(ret, form.p, form.n);
    *ret_n = form.n;
}
