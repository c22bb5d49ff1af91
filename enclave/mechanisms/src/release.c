/*
 * The release of one block: noise on declared cells; noise, threshold and order for found keys.
 *
 * Invariants: every check comes before the first change of a figure, and no check looks at a
 * figure's value but n_units >= 1; each cell has a stream of its own, and its draws come in a
 * fixed order, so that noise is a function of (seed, block, cell or key, figure) only; a figure is
 * overwritten by its noised value or wiped.
 *
 * Found keys use keys of their own, derived from seed and block: one for ChaCha20, one for the
 * HMAC that makes a nonce of the key bytes. So no closed cell can meet an open cell's stream, and
 * who does not know the seed cannot choose key bytes whose nonces collide. Two of n honest keys
 * share a 96-bit nonce with probability below n^2 / 2^97: 2^-57 for a million keys.
 */
#include "mechanisms/release.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/weak.h"

#define OPEN_INFO "shuyu-open-cells-1"

/* Keys of a block's open cells; wiped by open_keys_wipe. */
struct open_keys {
    uint8_t stream[MECH_SEED_BYTES];
    crypto_auth_hmacsha256_state nonce; /* keyed, before any input */
};

static bool block_ok(const struct mech_block *b)
{
    if (b->seed == NULL || b->figures == NULL || b->n_figures < 1 ||
        b->n_figures > MECH_FIGURES_MAX) {
        return false;
    }
    for (size_t f = 0; f < b->n_figures; f++) {
        if (!mech_noise_ok(b->figures[f].kind, b->figures[f].scale)) {
            return false;
        }
    }
    return true;
}

static int64_t noised(struct mech_stream *s, const struct mech_figure *f, int64_t exact)
{
    int64_t noise = mech_draw(s, f->kind, f->scale);
    int64_t sum = noise < 0 ? INT64_MIN : INT64_MAX; /* where it saturates */
    (void)sy_add_i64(exact, noise, &sum);
    return sum;
}

static void noise_values(const struct mech_block *b, struct mech_stream *s, int64_t *values)
{
    for (size_t f = 0; f < b->n_figures; f++) {
        values[f] = noised(s, &b->figures[f], values[f]);
    }
}

/* How many cells this process has noised; counted in a weak build only, where noise then depends on it. */
static size_t weak_state(void)
{
    static size_t n;
    return sy_weak(SY_WEAK_NOISE_STATE) ? n++ : 0;
}

sy_status mech_release_cells(const struct mech_block *b, int64_t *values, size_t n_cells)
{
    size_t n_values;
    if (!block_ok(b) || (values == NULL && n_cells > 0)) {
        return sy_status_of(SY_E_FIELD);
    }
    if (!sy_mul_size(n_cells, b->n_figures, &n_values)) {
        return sy_status_of(SY_E_OVERFLOW);
    }
    MECH_STREAM_CLEANUP struct mech_stream s;
    for (size_t i = 0; i < n_cells; i++) {
        uint8_t nonce[MECH_NONCE_BYTES];
        mech_cell_nonce(b->block, i + weak_state(), nonce);
        mech_stream_open(&s, b->seed, nonce);
        noise_values(b, &s, values + i * b->n_figures);
    }
    return SY_OK;
}

static int by_key(const void *a, const void *b)
{
    return sy_view_cmp(((const struct mech_open_cell *)a)->key,
                       ((const struct mech_open_cell *)b)->key);
}

/* BOUNDARY: the worker promised distinct keys and occupied cells; check, and sort by key. */
static bool open_cells_ok(struct mech_open_cell *cells, size_t n_cells)
{
    for (size_t i = 0; i < n_cells; i++) {
        if (cells[i].n_units < 1 || cells[i].values == NULL) {
            return false;
        }
    }
    if (n_cells > 1 && !sy_weak(SY_WEAK_RAW_ORDER)) {
        qsort(cells, n_cells, sizeof(cells[0]), by_key);
    }
    for (size_t i = 1; i < n_cells; i++) {
        if (sy_view_eq(cells[i - 1].key, cells[i].key)) {
            return false;
        }
    }
    return true;
}

static void open_keys_wipe(struct open_keys *k)
{
    sodium_memzero(k, sizeof(*k));
}

static sy_status open_keys_derive(const struct mech_block *b, struct open_keys *ret)
{
    uint8_t info[sizeof(OPEN_INFO) - 1 + 4];
    uint8_t okm[2 * 32];
    memcpy(info, OPEN_INFO, sizeof(OPEN_INFO) - 1);
    sy_store_le32(info + sizeof(OPEN_INFO) - 1, b->block);
    SY_TRY(mech_hkdf((struct sy_view){0}, sy_view(b->seed, MECH_SEED_BYTES),
                     sy_view(info, sizeof(info)), okm, sizeof(okm)));
    memcpy(ret->stream, okm, MECH_SEED_BYTES);
    crypto_auth_hmacsha256_init(&ret->nonce, okm + 32, 32);
    sodium_memzero(okm, sizeof(okm));
    return SY_OK;
}

/* The stream of a key: nonce = first 96 bits of HMAC-SHA-256(block's key, key bytes). */
static void open_stream(const struct open_keys *k, struct sy_view key, struct mech_stream *ret)
{
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state st = k->nonce;
    if (key.n > 0) {
        crypto_auth_hmacsha256_update(&st, key.p, key.n);
    }
    crypto_auth_hmacsha256_final(&st, mac);
    mech_stream_open(ret, k->stream, mac);
    sodium_memzero(&st, sizeof(st));
    sodium_memzero(mac, sizeof(mac));
}

/* Noise the cell and say whether it stays; what does not stay is wiped. */
static bool release_open_cell(const struct mech_block *b, const struct mech_open_rule *rule,
                              const struct open_keys *keys, struct mech_open_cell *c)
{
    MECH_STREAM_CLEANUP struct mech_stream s;
    open_stream(keys, c->key, &s);
    c->n_units = noised(&s, &rule->count, c->n_units);
    bool stays = c->n_units >= rule->tau || sy_weak(SY_WEAK_THRESHOLD_OFF);
    if (stays) {
        noise_values(b, &s, c->values);
    } else {
        sodium_memzero(c->values, b->n_figures * sizeof(c->values[0]));
    }
    return stays;
}

sy_status mech_release_open(const struct mech_block *b, const struct mech_open_rule *rule,
                            struct mech_open_cell *cells, size_t n_cells, size_t *ret_n_kept)
{
    if (!block_ok(b) || !mech_noise_ok(rule->count.kind, rule->count.scale) ||
        (cells == NULL && n_cells > 0) || !open_cells_ok(cells, n_cells)) {
        return sy_status_of(SY_E_FIELD);
    }
    __attribute__((cleanup(open_keys_wipe))) struct open_keys keys;
    SY_TRY(open_keys_derive(b, &keys));
    size_t n_kept = 0;
    for (size_t i = 0; i < n_cells; i++) {
        if (release_open_cell(b, rule, &keys, &cells[i])) {
            cells[n_kept++] = cells[i];
        }
    }
    if (n_kept < n_cells) {
        sodium_memzero(&cells[n_kept], (n_cells - n_kept) * sizeof(cells[0]));
    }
    *ret_n_kept = n_kept;
    return SY_OK;
}
