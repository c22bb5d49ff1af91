/*
 * One model on coded tables, by the code that production runs: lowered by the worker's lowering,
 * checked by the rules, computed by the worker's engine. No process, no noise: bounded aggregates.
 */
#ifndef DIALECT_ASKING_H
#define DIALECT_ASKING_H

#include "rules/plan_check.h"
#include "src/lower.h"
#include "tables.h"

/* The pack, a grant of every field, and one engine. */
struct bench {
    struct sy_arena arena;
    struct tables *ts;
    struct sy_pack pack;
    struct sy_proposal proposal;
    struct rules_defs defs;
    struct engine *engine;
    uint64_t seed; /* of selection keys */
};

void bench_open(struct bench *b, struct tables *ts, const char *pack);
void bench_close(struct bench *b);

/* A model under test. */
struct asking {
    struct sy_arena arena;
    struct sy_lower_result lowered; /* plan empty: refused, code and reason say why */
    struct sy_error refused;        /* by the rules; code 0: accepted */
    struct sy_plan plan;
    struct rules_plan_facts facts;
    struct sy_plan_types types;
    struct sy_run_job job;
    struct engine_column *columns;
    struct sy_run_result result;
};

/* Lower and check. True: accepted, and plan, facts and types are there. */
bool ask_check(struct bench *b, const struct sy_model_def *model, struct asking *a);

/* The name of the code it was refused with. */
const char *ask_code(const struct asking *a);

/* Columns for every scan of the plan, and selection keys for every namespace. */
void ask_feed(struct bench *b, struct asking *a);

/* Compute with these parameter positions; a->result. */
void ask_run(struct bench *b, struct asking *a, const uint64_t *params);

/* The selection key of a unit: a function of the bench's seed, the namespace and the unit. */
uint64_t ask_key(const struct bench *b, struct sy_view ns, uint64_t unit);

void ask_end(struct asking *a);

#endif
