/*
 * The key file. The text form is the one that other implementations of signed notes write, with the
 * cosignature's type in it. Copies of the seed are wiped before a function returns.
 */
#include "store_key.h"

#include <sodium.h>

#define PREFIX "PRIVATE+KEY+"

enum {
    SEED_BYTES = crypto_sign_SEEDBYTES,
    TYPED_BYTES = 1 + SEED_BYTES,
    ID_HEX = 8,
    BASE64 = sodium_base64_VARIANT_ORIGINAL,
    BASE64_BYTES = sodium_base64_ENCODED_LEN(TYPED_BYTES, BASE64), /* with the NUL */
};

static sy_status from_seed(struct sy_view name, const uint8_t *seed, uint8_t *secret,
                           struct proof_vkey *ret)
{
    uint8_t pub[PROOF_KEY_BYTES];
    (void)crypto_sign_seed_keypair(pub, secret, seed);
    return proof_vkey_make(name, PROOF_SIG_COSIGNATURE, pub, ret);
}

static sy_status format(const struct proof_vkey *key, const uint8_t *typed, struct sy_buf *b)
{
    char text[BASE64_BYTES];
    (void)sodium_bin2base64(text, sizeof(text), typed, TYPED_BYTES, BASE64);
    sy_status s = sy_buf_printf(b, PREFIX "%s+%08x+%s\n", key->name, key->id, text);
    sodium_memzero(text, sizeof(text));
    return s;
}

sy_status store_key_make(struct sy_view name, uint8_t *secret, struct proof_vkey *ret,
                         struct sy_buf *b)
{
    uint8_t typed[TYPED_BYTES] = {PROOF_SIG_COSIGNATURE};
    randombytes_buf(typed + 1, SEED_BYTES);
    sy_status s = from_seed(name, typed + 1, secret, ret);
    if (sy_ok(s)) {
        s = format(ret, typed, b);
    }
    sodium_memzero(typed, sizeof(typed));
    return s;
}

static bool decode(struct sy_view b64, uint8_t typed[TYPED_BYTES])
{
    size_t n = 0;
    return sodium_base642bin(typed, TYPED_BYTES, (const char *)b64.p, b64.n, NULL, &n, NULL,
                             BASE64) == 0 &&
           n == TYPED_BYTES && typed[0] == PROOF_SIG_COSIGNATURE;
}

/* Is this, but for its base64, what format() writes for the key? */
static bool has_head(struct sy_view text, const struct proof_vkey *key)
{
    SY_BUF_CLEANUP struct sy_buf head = sy_buf(PROOF_NAME_MAX + 64);
    return sy_ok(sy_buf_printf(&head, PREFIX "%s+%08x+", key->name, key->id)) &&
           sy_view_starts(text, sy_buf_view(&head)) && text.n - head.n == BASE64_BYTES;
}

sy_status store_key_parse(struct sy_view text, uint8_t *secret, struct proof_vkey *ret)
{
    struct sy_view prefix = sy_view_str(PREFIX);
    uint8_t typed[TYPED_BYTES] = {0};
    /* From the end, each part has one length: line end, base64, '+', id, '+'. */
    size_t n_tail = 1 + (BASE64_BYTES - 1) + 1 + ID_HEX + 1;
    if (!sy_view_starts(text, prefix) || text.n <= prefix.n + n_tail ||
        text.p[text.n - 1] != '\n') {
        return sy_status_of(SY_E_FIELD);
    }
    struct sy_view name = sy_view(text.p + prefix.n, text.n - prefix.n - n_tail);
    struct sy_view b64 = sy_view(text.p + text.n - BASE64_BYTES, BASE64_BYTES - 1);
    sy_status s = sy_status_of(SY_E_FIELD);
    if (decode(b64, typed) && sy_ok(from_seed(name, typed + 1, secret, ret)) &&
        has_head(text, ret)) {
        s = SY_OK;
    }
    sodium_memzero(typed, sizeof(typed));
    return s;
}
