/*
 * The plan: what a reviewed query does, as data (schema 1 of DESIGN section 4).
 *
 * The worker lowers SQL to a plan; policies/rules checks it; the plan, not the text, is hashed,
 * reviewed, signed and run. A plan is a list of relations in topological order (each reads only
 * earlier ones), blocks that aggregate one relation under one mechanism, and output columns. There
 * is no recursion: expressions are flat lists whose arguments are earlier positions, so every check
 * is a loop. Names of columns are for people; columns are addressed by ordinal.
 *
 * Relations (sy_plan_rel.op):
 *   scan     dataset `source`, fields `names`                  -> one column per name
 *   filter   in[0], predicate outs[0]                          -> columns of in[0]
 *   project  in[0], outs[i] named names[i]                     -> one column per out
 *   join     in[0], in[1], kind inner|left|semi|anti, predicate outs[0] over left ++ right columns
 *                                                              -> left ++ right; semi, anti: left
 *   reduce   in[0], group by outs[0..n_keys), fns[j] over outs[n_keys + j]: count sum min max
 *                                                              -> keys ++ aggregates (row level: the
 *                                                                 keys must contain the unit)
 * Expressions (sy_plan_expr.op; a = arguments, earlier positions in the same list):
 *   col i     column ordinal of the relation's input(s)    param i   parameter ordinal
 *   int i,k   the integer i with k decimal digits          str s     a text label
 *   date i    days since 1970-01-01                        bool i    0 or 1      null s  NULL of kind s
 *   add sub mul neg abs least greatest div mod rescale(i)  eq ne lt le gt ge  and or not  is_null
 *   in(x, lit...)  case(c1, v1, ..., else)  coalesce  year month day  bool_int
 * Every operator is total: division by zero and a failed cast give NULL; NULL follows SQL's
 * three-valued logic; overflow cannot happen because intervals are checked (wire/plan_type.h).
 *
 * Units of measure: rho in 1e-9 zCDP, delta in 1e-15.
 */
#ifndef WIRE_PLAN_H
#define WIRE_PLAN_H

#include "wire/schema.h"

enum {
    SY_PLAN_SCHEMA = 1,
    SY_PLAN_RELS_MAX = 256,
    SY_PLAN_EXPRS_MAX = 4096,
    SY_PLAN_CELLS_MAX = 65536
};

#define SY_PLAN_EXPR_FIELDS(F, S, L)                                                               \
    F(u64s, args, "a", SY_OPT)                                                                     \
    F(i64, i, "i", SY_OPT)                                                                         \
    F(u64, scale, "k", SY_OPT)                                                                     \
    F(str, op, "o", 0)                                                                             \
    F(str, s, "s", SY_OPT)
SY_RECORD(plan_expr, SY_PLAN_EXPR_FIELDS)

#define SY_PLAN_REL_FIELDS(F, S, L)                                                                \
    L(plan_expr, exprs, "e", SY_OPT)                                                               \
    F(strs, fns, "f", SY_OPT)                                                                      \
    F(u64s, in, "in", SY_OPT)                                                                      \
    F(str, kind, "k", SY_OPT)                                                                      \
    F(strs, names, "n", SY_OPT)                                                                    \
    F(u64, n_keys, "nk", SY_OPT)                                                                   \
    F(str, op, "o", 0)                                                                             \
    F(str, source, "s", SY_OPT)                                                                    \
    F(u64s, outs, "x", SY_OPT)
SY_RECORD(plan_rel, SY_PLAN_REL_FIELDS)

/* A group key. Declared keys list every label in cell order (text labels; decimal for integers,
 * "false"/"true" for booleans); when `nullable`, one further cell after them stands for NULL.
 * Open keys (undeclared dictionary) have no labels and leave only through noisy thresholds. */
#define SY_PLAN_KEY_FIELDS(F, S, L)                                                                \
    F(u64, expr, "e", SY_OPT)                                                                      \
    F(strs, labels, "l", SY_OPT)                                                                   \
    F(str, name, "n", 0)                                                                           \
    F(bool, nullable, "nu", SY_OPT)                                                                \
    F(bool, open, "op", SY_OPT)
SY_RECORD(plan_key, SY_PLAN_KEY_FIELDS)

/* One bounded figure: fn = count (rows) | units (distinct units) | sum. For sum: each row's value
 * is clamped to [lo, hi] (in units of 10^-scale) before anything else; NULL rows count as absent. A
 * figure over an argument `count(x)` counts rows where it is not NULL. */
#define SY_PLAN_FIGURE_FIELDS(F, S, L)                                                             \
    F(u64, expr, "e", SY_OPT)                                                                      \
    F(str, fn, "f", 0)                                                                             \
    F(bool, has_arg, "g", SY_OPT)                                                                  \
    F(i64, hi, "hi", SY_OPT)                                                                       \
    F(i64, lo, "lo", SY_OPT)                                                                       \
    F(str, name, "n", 0)                                                                           \
    F(u64, scale, "s", SY_OPT)
SY_RECORD(plan_figure, SY_PLAN_FIGURE_FIELDS)

/* Bounding (DESIGN section 4.3): a unit contributes to at most `groups` cells, chosen by a keyed
 * hash over that unit's rows only, and to each with at most `rows` rows: with n > rows rows its
 * count is `rows` and its sum is sum * rows / n truncated toward zero, so |sum| <= rows * max|bound|.
 * namespace "" = unprotected data only: mechanism must be "exact". */
#define SY_PLAN_BLOCK_FIELDS(F, S, L)                                                              \
    F(u64, delta, "d", SY_OPT)                                                                     \
    L(plan_expr, exprs, "e", SY_OPT)                                                               \
    L(plan_figure, figures, "f", 0)                                                                \
    F(u64, groups, "g", SY_OPT)                                                                    \
    L(plan_key, keys, "k", SY_OPT)                                                                 \
    F(str, mechanism, "m", 0)                                                                      \
    F(str, name, "n", 0)                                                                           \
    F(str, ns, "ns", SY_OPT)                                                                       \
    F(u64, rel, "r", SY_OPT)                                                                       \
    F(u64, rho, "rho", SY_OPT)                                                                     \
    F(u64, rows, "ro", SY_OPT)                                                                     \
    F(u64, unit, "u", SY_OPT)
SY_RECORD(plan_block, SY_PLAN_BLOCK_FIELDS)

/* An output column, in SELECT order: op = key (a = key of the block) | figure (a = figure) | ratio
 * (figure a / figure b, scale digits, clamped to [lo, hi]: an average stays within its bounds). */
#define SY_PLAN_OUT_FIELDS(F, S, L)                                                                \
    F(u64, a, "a", SY_OPT)                                                                         \
    F(u64, b, "b", SY_OPT)                                                                         \
    F(u64, block, "bl", SY_OPT)                                                                    \
    F(i64, hi, "hi", SY_OPT)                                                                       \
    F(i64, lo, "lo", SY_OPT)                                                                       \
    F(str, name, "n", 0)                                                                           \
    F(str, op, "o", 0)                                                                             \
    F(u64, scale, "s", SY_OPT)
SY_RECORD(plan_out, SY_PLAN_OUT_FIELDS)

/* A parameter: kind int | date | bool | str; its value is always one of `values` (text forms:
 * decimal with `scale` digits, RFC 3339 date, true/false, text). A run names a position in it. */
#define SY_PLAN_PARAM_FIELDS(F, S, L)                                                              \
    F(str, kind, "k", 0)                                                                           \
    F(str, name, "n", 0)                                                                           \
    F(u64, scale, "s", SY_OPT)                                                                     \
    F(strs, values, "v", 0)
SY_RECORD(plan_param, SY_PLAN_PARAM_FIELDS)

/* Which catalogue entry a scan was bound against. */
#define SY_PLAN_SOURCE_FIELDS(F, S, L)                                                             \
    F(b32, def, "d", 0)                                                                            \
    F(str, dataset, "s", 0)
SY_RECORD(plan_source, SY_PLAN_SOURCE_FIELDS)

/* `post` (canonical msgpack) and `program` are reserved for the post stage and for programs; the
 * rules refuse plans that carry them until their schema is adopted. */
#define SY_PLAN_FIELDS(F, S, L)                                                                    \
    L(plan_block, blocks, "b", 0)                                                                  \
    L(plan_out, outs, "o", 0)                                                                      \
    L(plan_param, params, "p", SY_OPT)                                                             \
    F(raw, post, "post", SY_OPT)                                                                   \
    F(bin, program, "prog", SY_OPT)                                                                \
    L(plan_rel, rels, "r", 0)                                                                      \
    F(u64, size_class, "sc", SY_OPT)                                                               \
    F(u64, slot_ms, "sl", SY_OPT)                                                                  \
    L(plan_source, sources, "so", 0)                                                               \
    F(u64, v, "v", 0)
SY_RECORD(plan, SY_PLAN_FIELDS)

#endif
