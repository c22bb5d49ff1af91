/*
 * Random streams and their seeds.
 *
 * ChaCha20 and HMAC-SHA-256 are libsodium's; what is ours is the framing: HKDF over HMAC (libsodium
 * 1.0.18 has none), the nonce layout, and reading the keystream in chunks.
 *
 * Invariants: bytes of a chunk before `used` are never given out again; next_block counts the
 * blocks made so far, is a multiple of the chunk, and never passes 2^32, where the 32-bit block
 * counter of ChaCha20 would wrap and the keystream would repeat. Keystream that was read is
 * overwritten by the next chunk or by close.
 *
 * What could go wrong: a copied stream repeats noise (the header forbids it); a seed used for two
 * blocks of a plan would repeat noise if the block number were not in the nonce.
 */
#include "mechanisms/stream.h"

#include "base/weak.h"
#include "require.h"

#include <sodium.h>

#define CHACHA_BLOCK_BYTES 64
#define CHACHA_BLOCKS_MAX  ((uint64_t)1 << 32)
#define SHA_BYTES          crypto_auth_hmacsha256_BYTES

_Static_assert(MECH_SEED_BYTES == crypto_stream_chacha20_ietf_KEYBYTES, "seed = ChaCha20 key");
_Static_assert(MECH_NONCE_BYTES == crypto_stream_chacha20_ietf_NONCEBYTES, "96-bit nonce");
_Static_assert(MECH_STREAM_CHUNK_BYTES % CHACHA_BLOCK_BYTES == 0, "whole blocks");

static void hmac_add(crypto_auth_hmacsha256_state *st, struct sy_view v)
{
    if (v.n > 0) {
        crypto_auth_hmacsha256_update(st, v.p, v.n);
    }
}

/* RFC 5869 section 2.2. An empty salt is a string of zeros, which HMAC's padding makes the same. */
static void hkdf_extract(struct sy_view salt, struct sy_view ikm, uint8_t ret_prk[SHA_BYTES])
{
    static const uint8_t zeros[SHA_BYTES];
    crypto_auth_hmacsha256_state st;
    if (salt.n == 0) {
        salt = sy_view(zeros, sizeof(zeros));
    }
    crypto_auth_hmacsha256_init(&st, salt.p, salt.n);
    hmac_add(&st, ikm);
    crypto_auth_hmacsha256_final(&st, ret_prk);
    sodium_memzero(&st, sizeof(st));
}

/* One step of RFC 5869 section 2.3: T(i) = HMAC(PRK, T(i-1) | info | i). */
static void hkdf_block(const uint8_t prk[SHA_BYTES], struct sy_view previous, struct sy_view info,
                       uint8_t counter, uint8_t ret[SHA_BYTES])
{
    crypto_auth_hmacsha256_state st;
    crypto_auth_hmacsha256_init(&st, prk, SHA_BYTES);
    hmac_add(&st, previous);
    hmac_add(&st, info);
    hmac_add(&st, sy_view(&counter, 1));
    crypto_auth_hmacsha256_final(&st, ret);
    sodium_memzero(&st, sizeof(st));
}

sy_status mech_hkdf(struct sy_view salt, struct sy_view ikm, struct sy_view info, uint8_t *ret,
                    size_t n_bytes)
{
    if (n_bytes == 0 || n_bytes > MECH_HKDF_BYTES_MAX) {
        return sy_status_of(SY_E_USAGE);
    }
    uint8_t prk[SHA_BYTES];
    uint8_t t[SHA_BYTES];
    struct sy_view previous = {0};
    hkdf_extract(salt, ikm, prk);
    for (size_t done = 0, i = 1; done < n_bytes; i++) {
        hkdf_block(prk, previous, info, (uint8_t)i, t);
        previous = sy_view(t, sizeof(t));
        size_t n = n_bytes - done < sizeof(t) ? n_bytes - done : sizeof(t);
        memcpy(ret + done, t, n);
        done += n;
    }
    sodium_memzero(prk, sizeof(prk));
    sodium_memzero(t, sizeof(t));
    return SY_OK;
}

void mech_seed(const uint8_t noise_key[MECH_KEY_BYTES], const uint8_t salt[MECH_SALT_BYTES],
               const uint8_t digest[MECH_DIGEST_BYTES], uint8_t ret_seed[MECH_SEED_BYTES])
{
    uint8_t both[MECH_SALT_BYTES + MECH_DIGEST_BYTES];
    memcpy(both, salt, MECH_SALT_BYTES);
    memcpy(both + MECH_SALT_BYTES, digest, MECH_DIGEST_BYTES);
    if (sy_weak(SY_WEAK_SHARED_NOISE)) {
        memset(both, 0, sizeof(both));
    }
    mech_require(sy_ok(mech_hkdf(sy_view(both, sizeof(both)), sy_view(noise_key, MECH_KEY_BYTES),
                                 sy_view_str("shuyu-noise-1"), ret_seed, MECH_SEED_BYTES)));
    sodium_memzero(both, sizeof(both));
}

void mech_cell_nonce(uint32_t block, uint64_t cell, uint8_t ret[MECH_NONCE_BYTES])
{
    sy_store_le64(ret, sy_weak(SY_WEAK_CELL_NOISE) ? 0 : cell);
    sy_store_le32(ret + 8, block);
}

void mech_stream_open(struct mech_stream *ret, const uint8_t seed[MECH_SEED_BYTES],
                      const uint8_t nonce[MECH_NONCE_BYTES])
{
    memcpy(ret->seed, seed, MECH_SEED_BYTES);
    memcpy(ret->nonce, nonce, MECH_NONCE_BYTES);
    ret->used = MECH_STREAM_CHUNK_BYTES; /* nothing made yet */
    ret->next_block = 0;
}

/* Make the next chunk of keystream: zeros xor keystream. Fails closed at the end of the nonce. */
static void make_chunk(struct mech_stream *s)
{
    mech_require(s->next_block < CHACHA_BLOCKS_MAX);
    memset(s->chunk, 0, sizeof(s->chunk));
    crypto_stream_chacha20_ietf_xor_ic(s->chunk, s->chunk, sizeof(s->chunk), s->nonce,
                                       (uint32_t)s->next_block, s->seed);
    s->next_block += MECH_STREAM_CHUNK_BYTES / CHACHA_BLOCK_BYTES;
    s->used = 0;
}

void mech_stream_read(struct mech_stream *s, uint8_t *ret, size_t n_bytes)
{
    while (n_bytes > 0) {
        if (s->used == MECH_STREAM_CHUNK_BYTES) {
            make_chunk(s);
        }
        size_t left = MECH_STREAM_CHUNK_BYTES - s->used;
        size_t n = n_bytes < left ? n_bytes : left;
        memcpy(ret, s->chunk + s->used, n);
        s->used += n;
        ret += n;
        n_bytes -= n;
    }
}

sy_u128 mech_stream_uint(struct mech_stream *s, size_t n_bytes)
{
    uint8_t le[16] = {0};
    mech_require(n_bytes <= sizeof(le));
    mech_stream_read(s, le, n_bytes);
    return sy_load_le64(le) | (sy_u128)sy_load_le64(le + 8) << 64;
}

void mech_stream_close(struct mech_stream *s)
{
    if (s != NULL) {
        sodium_memzero(s, sizeof(*s));
        s->used = MECH_STREAM_CHUNK_BYTES;
    }
}
