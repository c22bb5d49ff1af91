/*
 * Noise by cell keys. Invariant: the stream is a function of key and cell alone, and each field of the cell
 * has its own place in the input of the HMAC, so that no two different cells have the same input.
 */
#include "mechanisms/cellkey.h"

#include "require.h"

#include <sodium.h>

#define CELLKEY_INFO "shuyu-cellkey-1"
#define CUM_ONE      ((uint64_t)1 << 32)

_Static_assert(crypto_auth_hmacsha256_BYTES == MECH_SEED_BYTES, "a MAC is a seed");
_Static_assert(crypto_auth_hmacsha256_KEYBYTES == MECH_KEY_BYTES, "a key is a MAC key");

bool mech_row_ok(const struct mech_row *row)
{
    bool ok = row->n > 0 && row->noise != NULL && row->cum != NULL && row->cum[0] > 0 &&
              row->cum[row->n - 1] == CUM_ONE;
    for (size_t i = 1; ok && i < row->n; i++) {
        ok = row->noise[i - 1] < row->noise[i] && row->cum[i - 1] < row->cum[i];
    }
    return ok;
}

void mech_cellkey_stream(const uint8_t key[MECH_KEY_BYTES], const struct mech_cell *cell,
                         struct mech_stream *ret)
{
    static const uint8_t NONCE[MECH_NONCE_BYTES];
    uint8_t numbers[24];
    uint8_t seed[MECH_SEED_BYTES];
    crypto_auth_hmacsha256_state st;
    sy_store_le64(numbers, cell->ck);
    sy_store_le64(numbers + 8, cell->units);
    sy_store_le64(numbers + 16, (uint64_t)cell->value);
    crypto_auth_hmacsha256_init(&st, key, MECH_KEY_BYTES);
    crypto_auth_hmacsha256_update(&st, (const uint8_t *)CELLKEY_INFO, sizeof(CELLKEY_INFO));
    crypto_auth_hmacsha256_update(&st, cell->measure, MECH_MEASURE_BYTES);
    crypto_auth_hmacsha256_update(&st, numbers, sizeof(numbers));
    crypto_auth_hmacsha256_final(&st, seed);
    mech_stream_open(ret, seed, NONCE);
    sodium_memzero(&st, sizeof(st));
    sodium_memzero(seed, sizeof(seed));
    sodium_memzero(numbers, sizeof(numbers));
}

int64_t mech_cellkey_draw(struct mech_stream *s, const struct mech_row *row)
{
    uint64_t u = (uint64_t)mech_stream_uint(s, 4);
    size_t i = 0;
    while (i + 1 < row->n && u >= row->cum[i]) {
        i++;
    }
    return row->noise[i];
}

int64_t mech_cellkey_gauss(struct mech_stream *s, int64_t top, uint64_t sigma256)
{
    mech_require(top >= 1);
    sy_u128 scale = ((sy_u128)(uint64_t)top * sigma256 + 255) / 256;
    scale = scale < 1 ? 1 : scale;
    return mech_draw(s, MECH_GAUSS, scale > MECH_SCALE_MAX ? MECH_SCALE_MAX : (uint64_t)scale);
}

int64_t mech_round(int64_t v, uint64_t step)
{
    mech_require(step >= 1);
    sy_i128 d = (sy_i128)step;
    sy_i128 twice = 2 * (sy_i128)v + d;
    sy_i128 n = twice / (2 * d) - (twice % (2 * d) < 0 ? 1 : 0);
    sy_i128 ret = n * d;
    return ret > INT64_MAX ? INT64_MAX : ret < INT64_MIN ? INT64_MIN : (int64_t)ret;
}
