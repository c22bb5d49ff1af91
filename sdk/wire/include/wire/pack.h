/*
 * A policy pack, compiled from YAML by `shuyu pack compile` to this canonical record: levels,
 * mechanisms and scheme parameters are data, never code (DESIGN section 4).
 */
#ifndef WIRE_PACK_H
#define WIRE_PACK_H

#include "wire/schema.h"

/* What may leave for a grade 1..4: mechanisms the table allows, e.g. exact | gauss laplace. */
#define SY_PACK_GRADE_FIELDS(F, S, L)                                                              \
    F(u64, grade, "grade", 0)                                                                      \
    F(strs, mechanisms, "mechanisms", SY_OPT)                                                      \
    F(str, title, "title", SY_OPT)
SY_RECORD(pack_grade, SY_PACK_GRADE_FIELDS)

/* Lifetime caps of a unit namespace. */
#define SY_PACK_BUDGET_FIELDS(F, S, L)                                                             \
    F(u64, delta, "delta", 0)                                                                      \
    F(str, ns, "ns", 0)                                                                            \
    F(u64, rho, "rho", 0)
SY_RECORD(pack_budget, SY_PACK_BUDGET_FIELDS)

/* Size classes: datasets up to max_rows answer in a slot of slot_ms, within these caps. */
#define SY_PACK_SIZE_FIELDS(F, S, L)                                                               \
    F(u64, cpu_s, "cpu_s", 0)                                                                      \
    F(u64, max_rows, "max_rows", 0)                                                                \
    F(u64, memory_mib, "memory_mib", 0)                                                            \
    F(u64, slot_ms, "slot_ms", 0)                                                                  \
    F(u64, wall_ms, "wall_ms", 0)
SY_RECORD(pack_size, SY_PACK_SIZE_FIELDS)

/* A ground for suspension or revocation, and who may use it. */
#define SY_PACK_GROUND_FIELDS(F, S, L)                                                             \
    F(str, code, "code", 0)                                                                        \
    F(strs, roles, "roles", 0)                                                                     \
    F(str, title, "title", SY_OPT)
SY_RECORD(pack_ground, SY_PACK_GROUND_FIELDS)

/* support_min: a model's parameter must declare at least this support (wire/plan.h) when its plan
 * reads protected data. */
#define SY_PACK_FIELDS(F, S, L)                                                                    \
    L(pack_budget, budgets, "budgets", SY_OPT)                                                     \
    F(u64, cells_max, "cells_max", 0)                                                              \
    F(bool, consent, "consent", SY_OPT)                                                            \
    L(pack_grade, grades, "grades", 0)                                                             \
    L(pack_ground, grounds, "grounds", SY_OPT)                                                     \
    F(u64, groups_max, "groups_max", 0)                                                            \
    F(str, id, "id", 0)                                                                            \
    F(u64, rho_run_max, "rho_run_max", 0)                                                          \
    F(u64, rows_max, "rows_max", 0)                                                                \
    L(pack_size, sizes, "sizes", 0)                                                                \
    F(u64, support_min, "support_min", SY_OPT)                                                     \
    F(u64, term_max_s, "term_max_s", 0)                                                            \
    F(str, title, "title", SY_OPT)                                                                 \
    F(u64, version, "version", 0)
SY_RECORD(pack, SY_PACK_FIELDS)

#endif
