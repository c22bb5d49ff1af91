/*
 * A small catalogue and random data for the worker's tests: persons and events (protected, namespace
 * "person"), towns (public). Worlds are made from a seed; a world without one unit is its neighbour.
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

enum { WORLD_ROWS = 4096, WORLD_UNITS = 64, WORLD_DATASETS = 3 };

extern struct sy_dataset_def world_defs[WORLD_DATASETS];

/* One column of a world: values as int64, NULL as INT64_MIN. */
struct world_column {
    const char *field;
    int64_t v[WORLD_ROWS];
};

struct world {
    struct world_column person[6], event[5], town[3];
    size_t n_persons, n_events, n_towns;
    struct sy_view dict[8];
    size_t n_dict;
    uint64_t keys[WORLD_UNITS];
};

#define WORLD_NULL INT64_MIN

uint64_t world_random(uint64_t *state);
void world_fill(struct world *w, uint64_t seed, size_t n_units, size_t n_events);
/* Drop all rows of a unit from every table. */
void world_without(struct world *w, int64_t unit);
const struct sy_field_def *world_field(struct sy_view dataset, struct sy_view field);

/* --- a model on a world: 0 groups or rows = wide enough not to bind --------------------------------- */

struct world_model {
    const char *sql;
    const char *mechanism; /* NULL: gauss */
    uint64_t groups, rows;
    struct sy_plan_param *params;
    size_t n_params;
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
/* The job for a plan on a world, without running it. */
void world_job(struct world *w, struct sy_view plan, struct world_run *r, struct sy_arena *arena);
void world_run_job(struct world_run *r, const uint64_t *params, struct sy_arena *arena);
/* Lower and run; the model must be accepted. */
void world_ask(struct world *w, const struct world_model *m, const uint64_t *params,
               struct world_run *r, struct sy_arena *arena);

#endif
