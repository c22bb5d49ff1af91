/*
 * From a worker's bounded aggregates to an answer: re-check against the plan, fill declared cells
 * with zero, add noise, compute the post stage, put intervals beside every figure. Nothing of the worker's bytes leaves but
 * through here (DESIGN section 6, rules 1 and 2).
 */
#ifndef WARDEN_RELEASE_H
#define WARDEN_RELEASE_H

#include "rules/model.h"
#include "wire/job.h"

/* What a namespace's cell-key noise is drawn under: vault_cellkey. */
struct warden_cellkey {
    struct sy_view ns;
    const uint8_t *key; /* 32 bytes */
};

/* What to release; all borrowed. */
struct warden_release {
    const struct rules_model *model;
    const struct sy_run_result *result;
    const struct sy_run_column *columns; /* as sent to the worker: open keys' dictionaries */
    size_t n_columns;
    const uint8_t *seed;    /* 32 bytes, of the charge */
    const uint64_t *params; /* of the charge: position of each parameter's value */
    const struct warden_cellkey
        *cellkeys; /* one for each namespace that a cellkey block protects */
    size_t n_cellkeys;
};

/* Fill ret->columns and ret->rows (lists in the arena). The worker's result is untrusted: SY_E_FIELD
 * when shape, keys, counts or ranges do not fit the plan; *ret is untouched then, and the run is
 * answered as a crash. Its figures are noised or wiped where they are: a result is released once.
 * A ratio whose released denominator is not positive is withheld, and so is a figure of the post stage
 * that is NULL, or of whose lanes too many are for an interval; as documented beforehand. So is, of a
 * cellkey block, every figure of a cell that has too few units, is dominated, or hides such a cell. */
SY_MUST sy_status warden_release(const struct warden_release *c, struct sy_arena *arena,
                                 struct sy_answer *ret, struct sy_error *reterr);

#endif
