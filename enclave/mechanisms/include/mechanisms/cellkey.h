/*
 * Noise of the cell-key method (docs/privacy/cellkey.md): a function of who is in a cell and of what is
 * measured about them, of nothing else. The same contributors with the same exact figure get the same noise
 * in every query, under every alias, for every developer, in every epoch, so that asking again tells
 * nothing new; any other contributors, measure or figure get noise that is independent of it.
 *
 * Each unit has a secret record key (vault/units.h); a cell's key is the sum of the record keys of its
 * distinct units modulo 2^64, which says who is in it up to a chance of 2^-64. Noise is drawn from the
 * ChaCha20 stream under HMAC-SHA-256(key of the namespace, cell). The exact figure is a part of the cell:
 * otherwise one set of contributors under two row filters would have one noise, and the difference of the
 * two answers would be exact.
 *
 * This is statistical disclosure control, not differential privacy: noise is bounded (counts), it does
 * not come afresh, and nothing is charged against a privacy budget but the number of cells.
 *
 * Runs in: warden. Trusts: its caller for keys, table and figures. Holds: the key during a call.
 * May block/alloc: never. Threads: pure.
 * Source: Fraser, Wooton, "A proposed method for confidentialising tabular output to protect against
 * differencing", UNECE 2005; Marley, Leaver, "A method for confidentialising user-defined tables", ISI 2011.
 */
#ifndef MECHANISMS_CELLKEY_H
#define MECHANISMS_CELLKEY_H

#include "mechanisms/sampler.h"

#define MECH_MEASURE_BYTES 16

/* What the noise of one figure of one cell depends on. */
struct mech_cell {
    uint64_t ck;            /* sum of the record keys of its units */
    uint64_t units;         /* how many */
    const uint8_t *measure; /* MECH_MEASURE_BYTES; borrowed */
    int64_t value;          /* exact */
};

/* The distribution of the noise of a count: P(noise <= noise[i]) = cum[i] / 2^32; noise ascends, cum too,
 * the last is 2^32. Borrowed. */
struct mech_row {
    const int64_t *noise;
    const uint64_t *cum;
    size_t n;
};

/* Is it such a row? One that is not must not be drawn from. */
bool mech_row_ok(const struct mech_row *row);

/* The stream of a cell under `key` (MECH_KEY_BYTES, of the namespace, permanent). */
void mech_cellkey_stream(const uint8_t key[MECH_KEY_BYTES], const struct mech_cell *cell,
                         struct mech_stream *ret);

/* One draw of a row: 4 bytes of the stream. mech_row_ok(row) must hold. */
int64_t mech_cellkey_draw(struct mech_stream *s, const struct mech_row *row);

/* One draw for a sum whose largest contribution is `top` (>= 1): a discrete Gaussian of scale
 * ceil(top x sigma256 / 256), at least 1 and at most MECH_SCALE_MAX. */
int64_t mech_cellkey_gauss(struct mech_stream *s, int64_t top, uint64_t sigma256);

/* The multiple of `step` (>= 1) nearest to v; halfway, the greater. Saturates at the ends of int64. */
int64_t mech_round(int64_t v, uint64_t step);

#endif
