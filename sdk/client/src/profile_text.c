/*
 * What: the file `profile`: lines "key = value", written in a fixed order, read strictly. It is
 * text so that a person can see whom the profile trusts. Invariant: format and parse are inverse; a
 * key without a value is not written.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "client/profile.h"

enum value_kind { TEXT, HEX32 };

/* One line: where its value lives in struct client_pins. */
struct line {
    const char *key;
    enum value_kind kind;
    size_t offset;
    size_t cap;      /* TEXT: bytes with the NUL */
    size_t known_at; /* HEX32: offset of its flag */
};

#define TEXT_LINE(key, member)                                                                     \
    {                                                                                              \
        key, TEXT, offsetof(struct client_pins, member),                                           \
            sizeof(((struct client_pins *)0)->member), 0                                           \
    }
#define HEX_LINE(key, member)                                                                      \
    {                                                                                              \
        key, HEX32, offsetof(struct client_pins, member), 32,                                      \
            offsetof(struct client_pins, has_##member)                                             \
    }

static const struct line LINES[] = {
    TEXT_LINE("party", party),       TEXT_LINE("staff", staff),
    TEXT_LINE("role", role),         TEXT_LINE("address", address),
    HEX_LINE("domain", domain),      HEX_LINE("box", box),
    TEXT_LINE("log", log),           TEXT_LINE("log_was", log_was),
    TEXT_LINE("log_base", log_base), TEXT_LINE("log_closed", log_closed),
    HEX_LINE("warden", warden),      HEX_LINE("gateway", gateway)};
enum { N_LINES = sizeof(LINES) / sizeof(LINES[0]) };

bool client_is_id(const char *s)
{
    size_t n = s == NULL ? 0 : strlen(s);
    return n >= 1 && n <= CLIENT_ID_MAX &&
           strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

bool client_log_base(const struct client_pins *pins, uint64_t *ret)
{
    *ret = strtoull(pins->log_base, NULL, 10); /* digits only, or nothing: as it was taken */
    return strcmp(pins->log_base, "?") != 0;
}

void client_log_base_set(struct client_pins *pins, uint64_t base)
{
    pins->log_base[0] = '\0';
    if (base > 0) {
        (void)snprintf(pins->log_base, sizeof(pins->log_base), "%" PRIu64, base);
    }
}

static sy_status format_line(const struct line *l, const struct client_pins *pins, struct sy_buf *b)
{
    const char *at = (const char *)pins + l->offset;
    if (l->kind == TEXT) {
        return at[0] == '\0' ? SY_OK : sy_buf_printf(b, "%s = %s\n", l->key, at);
    }
    if (!*((const bool *)((const char *)pins + l->known_at))) {
        return SY_OK;
    }
    char hex[65];
    sodium_bin2hex(hex, sizeof(hex), (const uint8_t *)at, 32);
    return sy_buf_printf(b, "%s = %s\n", l->key, hex);
}

sy_status client_pins_format(const struct client_pins *pins, struct sy_buf *b)
{
    SY_TRY(sy_buf_add_str(b, "# A Shuyu profile: who this is, and what it trusts.\n"));
    for (size_t i = 0; i < N_LINES; i++) {
        SY_TRY(format_line(&LINES[i], pins, b));
    }
    return SY_OK;
}

static bool take_hex(struct sy_view v, uint8_t *ret)
{
    size_t n = 0;
    return v.n == 64 && sodium_hex2bin(ret, 32, (const char *)v.p, v.n, NULL, &n, NULL) == 0 &&
           n == 32;
}

static sy_status take_value(const struct line *l, struct sy_view v, struct client_pins *pins,
                            struct sy_error *err)
{
    char *at = (char *)pins + l->offset;
    if (l->kind == HEX32) {
        bool *known = (bool *)((char *)pins + l->known_at);
        if (*known || !take_hex(v, (uint8_t *)at)) {
            return sy_fail(err, SY_E_FIELD, l->key, "profile: not 64 hexadecimal digits, or twice");
        }
        *known = true;
        return SY_OK;
    }
    if (at[0] != '\0' || v.n == 0 || v.n >= l->cap || !sy_view_is_utf8(v)) {
        return sy_fail(err, SY_E_FIELD, l->key, "profile: empty, too long, not UTF-8, or twice");
    }
    sy_view_to_cstr(v, at, l->cap);
    return SY_OK;
}

static sy_status take_line(struct sy_view line, struct client_pins *pins, struct sy_error *err)
{
    for (size_t i = 0; i < N_LINES; i++) {
        size_t n = strlen(LINES[i].key);
        struct sy_view start = sy_view(line.p, n);
        if (line.n > n + 3 && sy_view_is(start, LINES[i].key) &&
            memcmp(line.p + n, " = ", 3) == 0) {
            return take_value(&LINES[i], sy_view(line.p + n + 3, line.n - n - 3), pins, err);
        }
    }
    return sy_fail(err, SY_E_FIELD, "profile", "a line is not one of the known \"key = value\"");
}

sy_status client_pins_parse(struct sy_view text, struct client_pins *ret, struct sy_error *err)
{
    struct client_pins pins = {0};
    while (text.n > 0) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        size_t n = end == NULL ? text.n : (size_t)(end - text.p);
        if (n > 0 && text.p[0] != '#') {
            SY_TRY(take_line(sy_view(text.p, n), &pins, err));
        }
        n += end != NULL ? 1 : 0;
        text = sy_view(text.p + n, text.n - n);
    }
    if (!client_is_id(pins.party)) {
        return sy_fail(err, SY_E_FIELD, "party", "profile: the party's identifier is missing");
    }
    *ret = pins;
    return SY_OK;
}
