/* What: the few forms of JSON that jansson cannot write (exact decimals), and its documents into a buffer. */
#include "bridge/json.h"

#include <inttypes.h>
#include <stdlib.h>

enum { SCALE_MAX = 18, HASH_BYTES = 32 };

/* Bytes up to the next that needs an escape. */
static size_t plain_run(struct sy_view v)
{
    size_t n = 0;
    while (n < v.n && v.p[n] >= 0x20 && v.p[n] != '"' && v.p[n] != '\\' && v.p[n] != 0x7F) {
        n++;
    }
    return n;
}

sy_status bridge_put_text(struct sy_buf *b, struct sy_view text)
{
    SY_TRY(sy_buf_add_str(b, "\""));
    while (text.n > 0) {
        size_t n = plain_run(text);
        if (n > 0) {
            SY_TRY(sy_buf_add(b, text.p, n));
        }
        if (n < text.n) {
            SY_TRY(sy_buf_printf(b, "\\u%04x", text.p[n]));
            n++;
        }
        text = sy_view(text.p + n, text.n - n);
    }
    return sy_buf_add_str(b, "\"");
}

sy_status bridge_put_decimal(struct sy_buf *b, int64_t value, uint64_t scale)
{
    uint64_t unit = 1;
    uint64_t n = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    if (scale > SCALE_MAX) {
        return sy_status_of(SY_E_FIELD);
    }
    for (uint64_t i = 0; i < scale; i++) {
        unit *= 10;
    }
    SY_TRY(sy_buf_printf(b, "%s%" PRIu64, value < 0 ? "-" : "", n / unit));
    return scale == 0 ? SY_OK : sy_buf_printf(b, ".%0*" PRIu64, (int)scale, n % unit);
}

sy_status bridge_put_hash(struct sy_buf *b, const uint8_t hash[32])
{
    SY_TRY(sy_buf_add_str(b, "\""));
    for (size_t i = 0; i < HASH_BYTES; i++) {
        SY_TRY(sy_buf_printf(b, "%02x", hash[i]));
    }
    return sy_buf_add_str(b, "\"");
}

static int add_piece(const char *p, size_t n, void *b)
{
    return n == 0 || sy_ok(sy_buf_add(b, p, n)) ? 0 : -1;
}

sy_status bridge_put_json(struct sy_buf *b, json_t *document)
{
    if (document == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    int failed = json_dump_callback(document, add_piece, b, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(document);
    return failed == 0 ? SY_OK : sy_status_of(SY_E_LIMIT);
}

json_t *bridge_text(struct sy_view text)
{
    return json_stringn((const char *)(text.p != NULL ? text.p : (const uint8_t *)""), text.n);
}
