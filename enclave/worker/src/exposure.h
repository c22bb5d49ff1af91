/*
 * Exposure figures of one table, counted in a sealed worker (wire/exposure.h): k and l of classes of rows that
 * agree in every quasi-identifier. Values are compared as they lie in the columns, so nothing here knows
 * types; NULL is a value of its own.
 *
 * Threads: no shared state. Allocates: in the arena. Time: rows x log(rows) x columns.
 */
#ifndef WORKER_EXPOSURE_H
#define WORKER_EXPOSURE_H

#include "wire/exposure.h"

struct exposure_column {
    const uint8_t *values; /* width bytes a row */
    const uint8_t *nulls;  /* bitmap; NULL = no row is NULL */
    uint64_t width;        /* 1, 2, 4 or 8 */
};

/* Columns of `rows` rows, borrowed. */
struct exposure_input {
    uint64_t rows;
    struct exposure_column unit; /* width 4 */
    const struct exposure_column *quasi;
    size_t n_quasi;
    const struct exposure_column *secrets;
    size_t n_secrets;
};

/* Counts into *ret: classes, units, k, and l for each secret in order; no names. Lists are in the arena.
 * SY_E_LIMIT: more than UINT32_MAX rows; SY_E_NO_MEMORY. */
SY_MUST sy_status worker_exposure(const struct exposure_input *in, struct sy_arena *arena,
                                  struct sy_exposure_table *ret);

/* The job of kind 'e' over its socket; a process's exit status. */
int worker_exposure_job(int job_sock);

#endif
