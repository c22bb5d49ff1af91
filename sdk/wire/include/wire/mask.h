/*
 * Field masks of a grant: what a worker sees instead of a column's true values. Pure functions,
 * shared by the vault (which applies them to values) and the rules (which check a plan against the
 * catalogue entry as it is after the mask), so that both always mean the same.
 *
 *   ""           none
 *   drop         the field is not granted at all; it has no masked form
 *   pseudonym    enum, text: every label becomes "P" and 16 base32 digits, keyed by scene, so an
 *                enum becomes text (its labels are no longer declared); codes are re-numbered in
 *                the order of the pseudonyms. unit: no change, a unit's code is a keyed
 *                pseudonym already and must stay the same in every dataset for joins. Other types:
 *                refused.
 *   band:W       int32, int64, decimal (W in stored units): lo + floor((v - lo) / W) * W
 *   date:month   date: first day of the month
 *   date:year    date: first day of the year
 *   date:years:N date: first day of the first year of N, counted from year 0 (2 to 100): 1987-05-17
 *                under date:years:5 is 1985-01-01. Bands of age, of a birth date
 *   prefix:N     enum, text: the first N characters (UTF-8); labels that become equal are one
 *
 * A date's mask may lead below lo, the first day of a year that lo is within; bounds follow it.
 * Every mask but pseudonym maps [lo, hi] monotonically, so bounds map by the same function. Values
 * outside [lo, hi] are clamped first. NULL stays NULL.
 * Threads: pure.
 */
#ifndef WIRE_MASK_H
#define WIRE_MASK_H

#include "wire/catalog.h"

enum sy_mask_kind {
    SY_MASK_INVALID = 0,
    SY_MASK_NONE,
    SY_MASK_DROP,
    SY_MASK_PSEUDONYM,
    SY_MASK_BAND,
    SY_MASK_MONTH,
    SY_MASK_YEAR,
    SY_MASK_YEARS,
    SY_MASK_PREFIX,
    SY_MASK_N
};

enum { SY_MASK_PREFIX_MAX = 64, SY_MASK_YEARS_MAX = 100 };

struct sy_mask {
    enum sy_mask_kind kind;
    int64_t n; /* band: W, 1..INT64_MAX; prefix: N, 1..SY_MASK_PREFIX_MAX; years: N,
                  1..SY_MASK_YEARS_MAX; else 0 */
};

/* Read a mask. SY_E_FIELD (field "mask") for an unknown word, a missing, zero, signed, leading-zero
 * or too large number, or anything behind it; *ret untouched then. */
SY_MUST sy_status sy_mask_parse(struct sy_view text, struct sy_mask *ret, struct sy_error *reterr);

/* The catalogue entry as it is after the mask: type, bounds, value set; grade and the rest as they
 * were. *ret borrows from *def; merged values are in `arena`. SY_E_FIELD (field = the field's name)
 * when the mask does not fit the type or the bounds are not declared; SY_E_FIELD_DENIED for drop;
 * SY_E_NO_MEMORY. *ret untouched on error. */
SY_MUST sy_status sy_mask_def(const struct sy_field_def *def, const struct sy_mask *mask,
                              struct sy_arena *arena, struct sy_field_def *ret,
                              struct sy_error *reterr);

/* A masked number or date: band, month, year and years as above with `def` the entry *before* the mask;
 * every other kind returns v. The pair must have passed sy_mask_def. */
int64_t sy_mask_i64(const struct sy_field_def *def, const struct sy_mask *mask, int64_t v);

/* The first n_chars characters of a label. */
struct sy_view sy_mask_prefix(struct sy_view label, int64_t n_chars);

/* Merge equal labels, in order of first occurrence: ret_labels[0 .. *ret_n_labels) in `arena` (the
 * bytes borrowed from `labels`), ret_map[i] = new code of labels[i]. SY_E_NO_MEMORY. */
SY_MUST sy_status sy_mask_merge(const struct sy_view *labels, size_t n_labels,
                                struct sy_arena *arena, struct sy_view **ret_labels,
                                size_t *ret_n_labels, uint32_t *ret_map);

/* Bytes of one value in a column of this type (wire/job.h): 1, 2, 4 or 8; 0 for an unknown type.
 * enum: 1 up to 255 values, 2 up to 65,535, else 4: the widths of DuckDB's ENUM codes, so that the
 * engine copies a column as it is. */
uint64_t sy_field_width(const struct sy_field_def *def);

#endif
