/*
 * Where noise comes from: one deterministic random stream per cell of a release.
 *
 * A stream is the ChaCha20 keystream of a 32-byte seed and a 96-bit nonce, read from its first
 * byte. The seed belongs to one charge (its salt is random, its digest names plan, parameters and
 * data versions), the nonce to one cell, so no two questions and no two cells share noise, and the
 * same charge can be re-run bit for bit by an auditor inside the domain.
 *
 * What is read depends only on seed, nonce and how much was read before; how the library buffers
 * is not observable. Whoever holds a seed can subtract the noise: it is as secret as the data.
 *
 * Runs in: warden. Trusts: its caller for the seed. Holds: noise seeds, wiped on close.
 * May block/alloc: never. Threads: a stream belongs to one thread. Call sodium_init() first.
 * Source: DESIGN section 3; RFC 8439 section 2.4 (ChaCha20); RFC 5869 (HKDF).
 */
#ifndef MECHANISMS_STREAM_H
#define MECHANISMS_STREAM_H

#include "base/arith.h"
#include "base/status.h"
#include "base/view.h"

#define MECH_SEED_BYTES         32
#define MECH_NONCE_BYTES        12
#define MECH_KEY_BYTES          32 /* noise key of an epoch */
#define MECH_SALT_BYTES         32 /* random salt of a charge */
#define MECH_DIGEST_BYTES       32 /* SHA-256 of plan, parameters and data versions */
#define MECH_HKDF_BYTES_MAX     (255 * (size_t)32)
#define MECH_STREAM_CHUNK_BYTES 64 /* keystream made at a time (not observable) */

/* Never copy one: two copies would repeat noise. */
struct mech_stream {
    uint8_t seed[MECH_SEED_BYTES];
    uint8_t nonce[MECH_NONCE_BYTES];
    uint8_t chunk[MECH_STREAM_CHUNK_BYTES]; /* keystream; the bytes from `used` on are unread */
    size_t used;                            /* 0..MECH_STREAM_CHUNK_BYTES */
    uint64_t next_block;                    /* 64-byte block the next chunk starts with; <= 2^32 */
};

/* HKDF-SHA-256: extract with `salt` (may be empty), expand with `info` (may be empty) into
 * ret[n_bytes]. `ikm` is the secret input. SY_E_USAGE when n_bytes is 0 or above
 * MECH_HKDF_BYTES_MAX, ret untouched. Source: RFC 5869 sections 2.2, 2.3. */
SY_MUST sy_status mech_hkdf(struct sy_view salt, struct sy_view ikm, struct sy_view info,
                            uint8_t *ret, size_t n_bytes);

/* The seed of one charge: HKDF-SHA-256 with IKM = noise_key, salt = salt || digest (64 bytes),
 * info = "shuyu-noise-1". `noise_key` is the epoch's, `salt` the fresh random salt recorded with
 * the charge, `digest` that of plan, parameters and data versions. Nothing may be NULL; cannot
 * fail. The caller wipes ret_seed after the release. */
void mech_seed(const uint8_t noise_key[MECH_KEY_BYTES], const uint8_t salt[MECH_SALT_BYTES],
               const uint8_t digest[MECH_DIGEST_BYTES], uint8_t ret_seed[MECH_SEED_BYTES]);

/* The nonce of declared cell `cell` of block number `block` of a plan: the 96-bit little-endian
 * number block x 2^64 + cell. For block 0 that is the cell index itself. */
void mech_cell_nonce(uint32_t block, uint64_t cell, uint8_t ret[MECH_NONCE_BYTES]);

/* Begin the stream at its first byte. Seed and nonce are copied. Nothing may be NULL. */
void mech_stream_open(struct mech_stream *ret, const uint8_t seed[MECH_SEED_BYTES],
                      const uint8_t nonce[MECH_NONCE_BYTES]);

/* The next n_bytes of keystream into ret (NULL allowed for 0 bytes). A stream has 2^38 bytes, the
 * most that one ChaCha20 nonce gives; asking for more ends the process (sodium_misuse), because
 * going on would repeat noise. A figure reads 6 to 51 bytes on average, by kind and scale. */
void mech_stream_read(struct mech_stream *s, uint8_t *ret, size_t n_bytes);

/* The next n_bytes (0..16) of keystream as a little-endian number; 0 bytes give 0. */
sy_u128 mech_stream_uint(struct mech_stream *s, size_t n_bytes);

/* Wipe seed and keystream. NULL-safe, and harmless when repeated. */
void mech_stream_close(struct mech_stream *s);

#define MECH_STREAM_CLEANUP __attribute__((cleanup(mech_stream_close)))

#endif
