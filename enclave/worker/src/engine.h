/*
 * Engines: what turns a checked plan and mapped columns into bounded aggregates. DuckDB is the embedded
 * one (engine_duckdb); the interface leaves room for one that runs elsewhere.
 *
 *   open      in the zygote, before any fork: single-threaded, warm, no file, no network
 *   prepare   in the forked worker before seccomp: threads, memory, then no setting can change
 *   parse     model text -> syntax tree as JSON; binds and runs nothing
 *   run       one job: at most one per process when sealed; several in tests
 *
 * Bounding is as documented at sy_plan_block (wire/plan.h). Every operator is total, so a run fails
 * only for lack of memory or a bug; why it failed stays inside (an engine's messages quote raw cells).
 */
#ifndef WORKER_ENGINE_H
#define WORKER_ENGINE_H

#include "base/arena.h"
#include "wire/job.h"
#include "wire/plan_type.h"

struct engine;

/* One column as mapped memory, in the layout of wire/job.h. */
struct engine_column {
    const struct sy_run_column *def;
    const uint8_t *values; /* width x rows bytes; 8-byte aligned */
    const uint8_t *nulls;  /* bit = 1 for NULL; NULL when there are none */
};

struct engine_job {
    const struct sy_run_job *def;
    const struct sy_plan_types *types; /* of def->plan */
    struct engine_column *columns;     /* one per def->columns */
    uint64_t worlds_units;             /* 0; tests run many worlds at once (engine_internal.h) */
};

struct engine_ops {
    const char *name;
    SY_MUST sy_status (*open)(struct engine **ret);
    SY_MUST sy_status (*prepare)(struct engine *e, uint64_t threads, uint64_t memory_bytes);
    bool (*parse)(void *engine, struct sy_view sql, struct sy_arena *arena,
                  struct sy_view *ret_json);
    /* ret->blocks in the arena; ok is left to the caller. */
    SY_MUST sy_status (*run)(struct engine *e, const struct engine_job *job, struct sy_arena *arena,
                             struct sy_run_result *ret);
    void (*close)(struct engine *e);
};

extern const struct engine_ops engine_duckdb;

/* Fill values and nulls of job->columns[i] from `bytes`, the whole memfd of that column. BOUNDARY: type
 * and width must be those of the catalogue's field, and the size must be exactly that of the layout.
 * SY_E_FIELD if not. */
SY_MUST sy_status engine_column_bytes(const struct sy_run_job *job, size_t i, struct sy_view bytes,
                                      struct engine_column *ret);

/* Bytes that column i must have; SY_E_FIELD when its description does not fit the plan. */
SY_MUST sy_status engine_column_size(const struct sy_run_job *job, size_t i, uint64_t *ret_bytes);

/* Are there exactly the columns that the plan reads, with equal rows per scan, selection keys at most
 * once for a namespace and only for those that blocks protect or count, and valid parameters? SY_E_FIELD if not. */
SY_MUST sy_status engine_check_job(const struct sy_run_job *job);

#endif
