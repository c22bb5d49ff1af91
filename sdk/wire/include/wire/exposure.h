/*
 * Exposure figures: how closely a grant's masked columns describe single units, for reviewers only
 * (scene.exposure). Records of the request, of the job that counts in a sealed worker, and of the answer.
 *
 * For each protected dataset of a grant, rows are put into classes that agree in every quasi-identifier (as
 * the masks leave it; NULL is a value). k of a class is the number of different units in it; l of a class,
 * for one sensitive field, is the number of different values there. A unit's k (or l) is the least of
 * the classes that its rows are in. Rows without a unit do not count.
 *
 * The figures are exact: sealed to the operator or the agency, never part of an answer, never an input of
 * a decision.
 * Source: Samarati & Sweeney 1998 (k-anonymity); Machanavajjhala et al. 2007 (distinct l-diversity).
 */
#ifndef WIRE_EXPOSURE_H
#define WIRE_EXPOSURE_H

#include "wire/job.h"

/* below[i] counts the units whose k (or l) is less than the i-th of these. */
#define SY_EXPOSURE_STEPS                                                                          \
    {                                                                                              \
        2, 3, 5, 10, 20, 50                                                                        \
    }
enum { SY_EXPOSURE_N_STEPS = 6 };

enum { SY_JOB_EXPOSURE = 'e' };

/* What each column of the job is. */
enum sy_exposure_role { SY_EXPOSURE_UNIT = 0, SY_EXPOSURE_QUASI, SY_EXPOSURE_SECRET };

/* Arguments. quasi: the quasi-identifiers, DATASET.FIELD with the dataset's whole id; none: every granted field
 * of grade 1 or 2. Sensitive are the granted fields of grade 3 and 4 that are not among them. */
#define SY_EXPOSURE_ASK_FIELDS(F, S, L) F(strs, quasi, "quasi", SY_OPT)
SY_RECORD(exposure_ask, SY_EXPOSURE_ASK_FIELDS)

/* k, or l of a field. fewest: of the smallest class, 0 when there is none. */
#define SY_EXPOSURE_FIGURE_FIELDS(F, S, L)                                                         \
    F(u64s, below, "below", SY_OPT)                                                                \
    F(u64, fewest, "fewest", SY_OPT)                                                               \
    F(str, field, "field", SY_OPT)
SY_RECORD(exposure_figure, SY_EXPOSURE_FIGURE_FIELDS)

#define SY_EXPOSURE_TABLE_FIELDS(F, S, L)                                                          \
    F(u64, classes, "classes", SY_OPT)                                                             \
    F(str, dataset, "dataset", SY_OPT)                                                             \
    S(exposure_figure, k, "k", SY_OPT)                                                             \
    L(exposure_figure, l, "l", SY_OPT)                                                             \
    F(strs, quasi, "quasi", SY_OPT)                                                                \
    F(u64, units, "units", SY_OPT)
SY_RECORD(exposure_table, SY_EXPOSURE_TABLE_FIELDS)

/* The answer: one table for each protected dataset. */
#define SY_EXPOSURE_FIELDS(F, S, L)                                                                \
    L(data_ref, data, "data", SY_OPT)                                                              \
    F(b32, grant, "grant", 0)                                                                      \
    L(exposure_table, tables, "tables", SY_OPT)                                                    \
    F(i64, time, "time", 0)
SY_RECORD(exposure, SY_EXPOSURE_FIELDS)

/* warden -> worker, with one memfd a column: table by table (scan), each with exactly one unit. roles: of
 * the columns. worker -> warden: the tables, without names. */
#define SY_EXPOSURE_JOB_FIELDS(F, S, L)                                                            \
    L(run_column, columns, "columns", 0)                                                           \
    F(u64s, roles, "roles", 0)                                                                     \
    F(u64, tables, "tables", 0)
SY_RECORD(exposure_job, SY_EXPOSURE_JOB_FIELDS)
#define SY_EXPOSURE_RESULT_FIELDS(F, S, L)                                                         \
    F(bool, ok, "ok", SY_OPT)                                                                      \
    L(exposure_table, tables, "tables", SY_OPT)
SY_RECORD(exposure_result, SY_EXPOSURE_RESULT_FIELDS)

#endif
