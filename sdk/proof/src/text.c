/*
 * Readers of line-based text. What is signed must have one form only, so each reader accepts
 * exactly what its writer makes: no leading zeros, no other alphabet, no missing padding.
 */
#include "text.h"

#include <sodium.h>

#include "base/arith.h"

enum { BASE64 = sodium_base64_VARIANT_ORIGINAL };

bool text_line(struct sy_view *rest, struct sy_view *ret_line)
{
    const uint8_t *end = rest->n == 0 ? NULL : memchr(rest->p, '\n', rest->n);
    if (end == NULL) {
        return false;
    }
    size_t n = (size_t)(end - rest->p);
    *ret_line = sy_view(rest->p, n);
    *rest = sy_view(end + 1, rest->n - n - 1);
    return true;
}

bool text_after(struct sy_view line, const char *word, struct sy_view *ret)
{
    struct sy_view w = sy_view_str(word);
    if (!sy_view_starts(line, w)) {
        return false;
    }
    *ret = sy_view(line.p + w.n, line.n - w.n);
    return true;
}

bool text_u64(struct sy_view v, uint64_t *ret)
{
    if (v.n == 0 || (v.n > 1 && v.p[0] == '0')) {
        return false;
    }
    uint64_t r = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9' || !sy_mul_u64(r, 10, &r) ||
            !sy_add_u64(r, (uint64_t)(v.p[i] - '0'), &r)) {
            return false;
        }
    }
    *ret = r;
    return true;
}

/* libsodium 1.0.18 compares characters as signed numbers and takes byte 0xaf for '/' (found by the
 * tests that flip every bit): only ASCII may reach it. */
static bool is_ascii(struct sy_view v)
{
    uint8_t all = 0;
    for (size_t i = 0; i < v.n; i++) {
        all |= v.p[i];
    }
    return all < 0x80;
}

bool text_base64(struct sy_view v, uint8_t *ret, size_t cap, size_t *ret_n)
{
    return v.n > 0 && v.n % 4 == 0 && is_ascii(v) &&
           sodium_base642bin(ret, cap, (const char *)v.p, v.n, NULL, ret_n, NULL, BASE64) == 0 &&
           *ret_n > 0;
}

bool text_base64_exact(struct sy_view v, uint8_t *ret, size_t n)
{
    size_t got = 0;
    return text_base64(v, ret, n, &got) && got == n;
}

/* libsodium writes a NUL behind the text, for which room is reserved but not kept. */
sy_status text_add_base64(struct sy_buf *b, struct sy_view bytes)
{
    size_t n = sodium_base64_ENCODED_LEN(bytes.n, BASE64);
    uint8_t *at = sy_buf_reserve(b, n);
    if (at == NULL) {
        return sy_status_of(n > b->ceiling - b->n ? SY_E_LIMIT : SY_E_NO_MEMORY);
    }
    (void)sodium_bin2base64((char *)at, n, bytes.p, bytes.n, BASE64);
    b->n += n - 1;
    return SY_OK;
}

bool text_path(struct sy_view *rest, size_t most, struct proof_path *ret)
{
    struct sy_view line = {0};
    for (ret->n = 0; text_line(rest, &line); ret->n++) {
        if (line.n == 0) {
            return true;
        }
        if (ret->n == most || !text_base64_exact(line, ret->hash[ret->n], PROOF_HASH_BYTES)) {
            return false;
        }
    }
    return false;
}

sy_status text_add_path(struct sy_buf *b, const struct proof_path *path)
{
    for (size_t i = 0; i < path->n; i++) {
        SY_TRY(text_add_base64(b, sy_view(path->hash[i], PROOF_HASH_BYTES)));
        SY_TRY(sy_buf_add_str(b, "\n"));
    }
    return sy_buf_add_str(b, "\n");
}
