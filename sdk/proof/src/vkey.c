/*
 * Verifier keys and key names. A name is what people see beside a signature and what splits a
 * signature line, so it holds neither spaces nor '+'; the key id binds name, type and key.
 */
#include <sodium.h>

#include "note_name.h"
#include "text.h"

enum { ID_HEX = 8 };

/* Source: Unicode White_Space, the characters outside ASCII and below the surrogates. */
static bool is_wide_space(uint32_t c)
{
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Code point of the two or three bytes at p; 0 for lengths that hold no white space. */
static uint32_t wide_char(const uint8_t *p, size_t n_left)
{
    if (n_left >= 2 && p[0] >= 0xc2 && p[0] <= 0xdf) {
        return (uint32_t)(p[0] & 0x1f) << 6 | (uint32_t)(p[1] & 0x3f);
    }
    if (n_left >= 3 && p[0] >= 0xe0 && p[0] <= 0xef) {
        return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 |
               (uint32_t)(p[2] & 0x3f);
    }
    return 0;
}

bool note_is_name(struct sy_view v)
{
    if (v.n == 0 || v.n > PROOF_NAME_MAX || !sy_view_is_utf8(v)) {
        return false;
    }
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] <= ' ' || v.p[i] == 0x7f || v.p[i] == '+' ||
            is_wide_space(wide_char(v.p + i, v.n - i))) {
            return false;
        }
    }
    return true;
}

static uint32_t key_id(struct sy_view name, uint8_t type, const uint8_t *key)
{
    const uint8_t mid[2] = {'\n', type};
    uint8_t h[PROOF_HASH_BYTES];
    proof_sha256(h, (const struct sy_view[]){name, sy_view(mid, 2), sy_view(key, PROOF_KEY_BYTES)},
                 3);
    return note_load_be32(h);
}

sy_status proof_vkey_make(struct sy_view name, enum proof_sig_type type,
                          const uint8_t key[PROOF_KEY_BYTES], struct proof_vkey *ret)
{
    if (type != PROOF_SIG_ED25519 && type != PROOF_SIG_COSIGNATURE) {
        return sy_status_of(SY_E_SUITE);
    }
    if (!note_is_name(name)) {
        return sy_status_of(SY_E_FIELD);
    }
    *ret = (struct proof_vkey){.type = type, .id = key_id(name, (uint8_t)type, key)};
    memcpy(ret->name, name.p, name.n);
    memcpy(ret->key, key, PROOF_KEY_BYTES);
    return SY_OK;
}

static bool hex_digit(uint8_t c, uint32_t *ret)
{
    if (c >= '0' && c <= '9') {
        *ret = (uint32_t)c - '0';
    } else if (c >= 'a' && c <= 'f') {
        *ret = (uint32_t)c - 'a' + 10;
    } else {
        return false;
    }
    return true;
}

/* Exactly eight lower-case digits. */
static bool parse_id(struct sy_view v, uint32_t *ret)
{
    uint32_t id = 0;
    for (size_t i = 0; i < v.n; i++) {
        uint32_t digit = 0;
        if (!hex_digit(v.p[i], &digit)) {
            return false;
        }
        id = id << 4 | digit;
    }
    *ret = id;
    return v.n == ID_HEX;
}

/* Split off what stands before the first '+' (base64 may hold more of them). */
static bool until_plus(struct sy_view *rest, struct sy_view *ret)
{
    const uint8_t *plus = rest->n == 0 ? NULL : memchr(rest->p, '+', rest->n);
    if (plus == NULL) {
        return false;
    }
    size_t n = (size_t)(plus - rest->p);
    *ret = sy_view(rest->p, n);
    *rest = sy_view(plus + 1, rest->n - n - 1);
    return true;
}

sy_status proof_vkey_parse(struct sy_view text, struct proof_vkey *ret, struct sy_error *reterr)
{
    struct sy_view rest = text;
    struct sy_view name = {0};
    struct sy_view id_text = {0};
    uint32_t id = 0;
    uint8_t typed[1 + PROOF_KEY_BYTES];
    struct proof_vkey k;
    if (!until_plus(&rest, &name) || !until_plus(&rest, &id_text) || !parse_id(id_text, &id)) {
        return sy_fail(reterr, SY_E_FIELD, "vkey", "a log key reads name+8 hex digits+base64");
    }
    if (!text_base64_exact(rest, typed, sizeof(typed))) {
        return sy_fail(reterr, SY_E_FIELD, "vkey", "the key is not base64 of a type and 32 bytes");
    }
    sy_status s = proof_vkey_make(name, (enum proof_sig_type)typed[0], typed + 1, &k);
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, "vkey", "the log key's name or type is not usable");
    }
    if (k.id != id) {
        return sy_fail(reterr, SY_E_FIELD, "vkey", "the key id does not belong to name and key");
    }
    *ret = k;
    return SY_OK;
}

sy_status proof_vkey_format(const struct proof_vkey *k, struct sy_buf *b)
{
    size_t before = b->n;
    uint8_t typed[1 + PROOF_KEY_BYTES];
    typed[0] = (uint8_t)k->type;
    memcpy(typed + 1, k->key, PROOF_KEY_BYTES);
    sy_status s = sy_buf_printf(b, "%s+%08x+", k->name, k->id);
    if (sy_ok(s)) {
        s = text_add_base64(b, sy_view(typed, sizeof(typed)));
    }
    if (!sy_ok(s)) {
        b->n = before;
    }
    return s;
}
