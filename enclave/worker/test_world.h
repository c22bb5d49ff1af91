/*
 * A small catalogue and random data for the worker's tests: persons and events (protected, namespace
 * "person"), births (owned by the child and by the mother), stays (owned by a person and by an
 * institution of namespace "org"), towns (public). Worlds are made from a seed; a world without one unit
 * is its neighbour.
 */
#ifndef WORKER_TEST_WORLD_H
#define WORKER_TEST_WORLD_H

#include "check.h"
#include "src/engine.h"
#include "src/lower.h"

#define V(s)                                                                                       \
    {                                                                                              \
        (const uint8_t *)(s), sizeof(s) - 1                                                        \
    }

enum { WORLD_ROWS = 8192, WORLD_UNITS = 64, WORLD_DATASETS = 5 };

extern struct sy_dataset_def world_defs[WORLD_DATASETS];

/* One column of a world: values as int64, NULL as INT64_MIN. */
struct world_column {
    const char *field;
    int64_t v[WORLD_ROWS];
};

struct world {
    struct world_column person[6], event[6], town[4], birth[4], stay[4];
    size_t n_persons, n_events, n_towns, n_births, n_stays;
    struct sy_view dict[8];
    size_t n_dict;
    uint64_t keys[WORLD_UNITS]; /* selection keys, the same in both namespaces */
};

/* One table of a world. */
struct world_table {
    const char *dataset;
    struct world_column *c;
    size_t n_columns;
    size_t *n;
};

#define WORLD_NULL INT64_MIN

uint64_t world_random(uint64_t *state);
void world_fill(struct world *w, uint64_t seed, size_t n_units, size_t n_events);
/* The tables, in the order of world_defs. */
void world_tables(struct world *w, struct world_table ret[WORLD_DATASETS]);
/* Drop all rows that a unit of a namespace owns, by whichever column, from every table. */
void world_without(struct world *w, const char *ns, int64_t unit);
/* Put the rows of `w` behind those of *all, as world number `k`: unit codes + k x WORLD_UNITS. Public
 * tables, labels and keys are copied by the first. */
void world_append(struct world *all, const struct world *w, uint64_t k);
const struct sy_field_def *world_field(struct sy_view dataset, struct sy_view field);

/* --- a model on a world: 0 groups or rows = wide enough not to bind --------------------------------- */

struct world_model {
    const char *sql;
    const char *mechanism; /* NULL: gauss */
    uint64_t groups, rows;
    struct sy_plan_param *params;
    size_t n_params;
    const struct sy_model_block
        *blocks; /* instead of sql, mechanism and bounds; unset ones filled */
    size_t n_blocks;
    const char *post; /* NULL: none */
};

struct world_run {
    struct sy_run_job def;
    struct sy_plan_types types;
    struct engine_column *columns;
    struct sy_run_result result;
};

/* One engine for all tests of a process, open and warm. */
struct engine *world_engine(void);
struct sy_lower_result world_lower(const struct world_model *m, struct sy_arena *arena);
/* The job's columns, one for each field of each scan, and the keys of the blocks' namespaces. */
void world_columns(struct world *w, const struct sy_plan *plan, struct world_run *r,
                   struct sy_arena *arena);
/* The job for a plan on a world, without running it. */
void world_job(struct world *w, struct sy_view plan, struct world_run *r, struct sy_arena *arena);
void world_run_job(struct world_run *r, const uint64_t *params, struct sy_arena *arena);
/* Run a job on a world made by world_append of n_worlds: ret[block x n_worlds + world]. */
void world_run_many(struct world_run *r, const uint64_t *params, size_t n_worlds,
                    struct sy_run_block **ret, struct sy_arena *arena);
/* Lower and run; the model must be accepted. */
void world_ask(struct world *w, const struct world_model *m, const uint64_t *params,
               struct world_run *r, struct sy_arena *arena);

#endif
