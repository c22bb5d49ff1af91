/*
 * A policy pack, compiled from YAML by `shuyu pack compile` to this canonical record: levels,
 * mechanisms and scheme parameters are data, never code (DESIGN section 4).
 */
#ifndef WIRE_PACK_H
#define WIRE_PACK_H

#include "wire/scheme_pack.h"

/* How many levels a pack may have: the first is public, the last core data; how many lie between them differs by
 * province. Fixed by a domain's first pack. */
enum { SY_LEVELS_MIN = 3, SY_LEVELS_MAX = 5 };

/* What may leave for a grade (from 1): mechanisms the table allows, e.g. exact | gauss laplace | cellkey | subject. */
#define SY_PACK_GRADE_FIELDS(F, S, L)                                                              \
    F(u64, grade, "grade", 0)                                                                      \
    F(strs, mechanisms, "mechanisms", SY_OPT)                                                      \
    F(str, title, "title", SY_OPT)
SY_RECORD(pack_grade, SY_PACK_GRADE_FIELDS)

/* Lifetime caps of a unit namespace. cells: of g2 figures, cells that may ever be asked for. recover_rho,
 * recover_delta: how much of what was spent the agency may give back within 365 days (budget.recover);
 * without them nothing is ever given back. */
#define SY_PACK_BUDGET_FIELDS(F, S, L)                                                             \
    F(u64, cells, "cells", SY_OPT)                                                                 \
    F(u64, delta, "delta", 0)                                                                      \
    F(str, ns, "ns", 0)                                                                            \
    F(u64, recover_delta, "recover_delta", SY_OPT)                                                 \
    F(u64, recover_rho, "recover_rho", SY_OPT)                                                     \
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

/* The perturbation of counts of n units (n = 0, 1, ...; the last row: of all larger n): `noise` ascending,
 * cum[i] = 2^32 x P(noise <= noise[i]), the last one 2^32. Made by policies/packs/ptable, which shows its
 * mean (0) and variance. */
#define SY_PACK_PTABLE_FIELDS(F, S, L)                                                             \
    F(u64s, cum, "cum", 0)                                                                         \
    F(i64s, noise, "noise", 0)
SY_RECORD(pack_ptable, SY_PACK_PTABLE_FIELDS)

/* The cell-key method (docs/privacy/cellkey.md). units_min: fewest distinct units of a cell that is
 * shown; a sum is withheld when its largest nk_n (1 or 2) contributors hold more than nk_permille of it, or
 * when all but the two largest hold less than p_permille of the largest (0: rule off); round: released
 * counts are multiples of it (1: no rounding); table: rows by number of units; sum_sigma: standard deviation
 * of a sum's noise, in 1/256 of its largest contribution; protect: narrowest interval, in units, that
 * anybody may compute for a withheld cell from all margins. */
#define SY_PACK_CELLKEY_FIELDS(F, S, L)                                                            \
    F(u64, nk_n, "nk_n", SY_OPT)                                                                   \
    F(u64, nk_permille, "nk_permille", SY_OPT)                                                     \
    F(u64, p_permille, "p_permille", SY_OPT)                                                       \
    F(u64, protect, "protect", 0)                                                                  \
    F(u64, round, "round", 0)                                                                      \
    F(u64, sum_sigma, "sum_sigma", 0)                                                              \
    L(pack_ptable, table, "table", 0)                                                              \
    F(u64, units_min, "units_min", 0)
SY_RECORD(pack_cellkey, SY_PACK_CELLKEY_FIELDS)

/* g4: how often one subject may be asked about in one namespace within `window_s`, over all developers;
 * and how often by one developer. token_max_s: longest life of a consent token. */
#define SY_PACK_SUBJECT_FIELDS(F, S, L)                                                            \
    F(u64, developer_max, "developer_max", 0)                                                      \
    F(u64, subject_max, "subject_max", 0)                                                          \
    F(u64, token_max_s, "token_max_s", 0)                                                          \
    F(u64, window_s, "window_s", 0)
SY_RECORD(pack_subject, SY_PACK_SUBJECT_FIELDS)

/* support_min: a model's parameter must declare at least this support (wire/plan.h) when its plan
 * reads protected data. cellkey, subject: none or one; without it nothing leaves that way. scheme: none or one
 * (wire/scheme_pack.h). quorum_from:
 * answers of this grade and above are told only when a quorum of the witnesses has cosigned a
 * checkpoint that covers them (docs/witness.md); 0: none waits. custody: who holds the shares of datasets'
 * keys beside the platform, agency (also when not given) | department | both (wire/custody.h); the last two need
 * consent. consent_of: custodians: of the departments only those that hold a share consent; not given: all. */
#define SY_PACK_FIELDS(F, S, L)                                                                    \
    L(pack_budget, budgets, "budgets", SY_OPT)                                                     \
    L(pack_cellkey, cellkey, "cellkey", SY_OPT)                                                    \
    F(u64, cells_max, "cells_max", 0)                                                              \
    F(bool, consent, "consent", SY_OPT)                                                            \
    F(str, consent_of, "consent_of", SY_OPT)                                                       \
    F(str, custody, "custody", SY_OPT)                                                             \
    L(pack_grade, grades, "grades", 0)                                                             \
    L(pack_ground, grounds, "grounds", SY_OPT)                                                     \
    F(u64, groups_max, "groups_max", 0)                                                            \
    F(str, id, "id", 0)                                                                            \
    F(u64, quorum_from, "quorum_from", SY_OPT)                                                     \
    F(u64, rho_run_max, "rho_run_max", 0)                                                          \
    F(u64, rows_max, "rows_max", 0)                                                                \
    L(pack_scheme, scheme, "scheme", SY_OPT)                                                       \
    L(pack_size, sizes, "sizes", 0)                                                                \
    L(pack_subject, subject, "subject", SY_OPT)                                                    \
    F(u64, support_min, "support_min", SY_OPT)                                                     \
    F(u64, term_max_s, "term_max_s", 0)                                                            \
    F(str, title, "title", SY_OPT)                                                                 \
    F(u64, version, "version", 0)
SY_RECORD(pack, SY_PACK_FIELDS)

#endif
