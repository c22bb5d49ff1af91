/*
 * The plan: what a reviewed query does, as data (schema 1 of DESIGN section 4).
 *
 * The worker lowers SQL to a plan; policies/rules checks it; the plan, not the text, is hashed,
 * reviewed, signed and run. A plan is a list of relations in topological order (each reads only
 * earlier ones), blocks that aggregate one relation each under a mechanism, the columns that a block
 * releases, and perhaps a post stage: arithmetic over released figures only (wire/post.h). There
 * is no recursion: expressions are flat lists whose arguments are earlier positions, so every check
 * is a loop. Names of columns are for people; columns are addressed by ordinal.
 *
 * Relations (sy_plan_rel.op):
 *   scan     dataset `source`, fields `names`                  -> one column per name
 *   filter   in[0], predicate outs[0]                          -> columns of in[0]
 *   project  in[0], outs[i] named names[i]                     -> one column per out
 *   join     in[0], in[1], kind inner|left|semi|anti, predicate outs[0] over left ++ right columns
 *                                                              -> left ++ right; semi, anti: left
 *   union    in[0..n), all rows of each; columns by position   -> columns of in[0]
 *   reduce   in[0], group by outs[0..n_keys), then the arguments of fns, in order. Functions of one
 *            argument: count sum min max count_distinct; of two: arg_max arg_min (value, by)
 *                                                              -> keys ++ one per function
 *            (row level: over protected rows the keys must contain the unit)
 *   window   in[0], partition by outs[0..n_keys), order by the next n_order (desc[i] 1: descending),
 *            then the arguments of fns, in order. No argument: row_number rank dense_rank; one:
 *            lag lead first sum count min max        -> columns of in[0] ++ one per function
 *            kind = frame of sum count min max: "all" the partition (also of row_number, ... without
 *            meaning), "range" to the current row and its peers, "rows" to the current row
 *            (over protected rows the partition must contain the unit)
 * Ties. What SQL leaves open is fixed, so that a run can be repeated bit for bit: arg_max, arg_min
 * skip rows where value or `by` is NULL and take the greatest (least) value among equal `by`;
 * row_number, lag, lead, first and the frame "rows" order by the given keys and then by every
 * column of in[0]; NULLs come last.
 *
 * Expressions (sy_plan_expr.op; a = arguments, earlier positions in the same list):
 *   col i     column ordinal of the relation's input(s)    param i   parameter ordinal
 *   int i,k   the integer i with k decimal digits          str s     a text label
 *   date i    days since 1970-01-01                        bool i    0 or 1      null s  NULL of kind s
 *   pstart i, pend i   first day and last day of the period that parameter i (kind period) names
 *   add sub mul neg abs least greatest div mod rescale(i)  eq ne lt le gt ge  and or not  is_null
 *   in(x, lit...)  case(c1, v1, ..., else)  coalesce  bool_int
 *   year quarter month day isodow     of a date; isodow: Monday 1 .. Sunday 7
 *   trunc(d) s         first day of the date's year | quarter | month | week (Monday)
 *   months(a, b)       whole months from date a to date b: the greatest n with add_months(a, n) <= b;
 *                      if a > b, -months(b, a).   years(a, b): months(a, b) / 12 truncated toward zero
 *   add_months(d, n)   the same day n months on, or that month's last day
 *   like(x) s          does the declared label match the SQL pattern s (% and _, by character)
 *   prefix(x) i        the label's first i characters
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
    SY_PLAN_CELLS_MAX = 65536,
    SY_PLAN_TREE_SCALE = 3 /* decimal digits of the cells of a tree */
};

#define SY_PLAN_EXPR_FIELDS(F, S, L)                                                               \
    F(u64s, args, "a", SY_OPT)                                                                     \
    F(i64, i, "i", SY_OPT)                                                                         \
    F(u64, scale, "k", SY_OPT)                                                                     \
    F(str, op, "o", 0)                                                                             \
    F(str, s, "s", SY_OPT)
SY_RECORD(plan_expr, SY_PLAN_EXPR_FIELDS)

#define SY_PLAN_REL_FIELDS(F, S, L)                                                                \
    F(u64s, desc, "d", SY_OPT)                                                                     \
    L(plan_expr, exprs, "e", SY_OPT)                                                               \
    F(strs, fns, "f", SY_OPT)                                                                      \
    F(u64s, in, "in", SY_OPT)                                                                      \
    F(str, kind, "k", SY_OPT)                                                                      \
    F(strs, names, "n", SY_OPT)                                                                    \
    F(u64, n_keys, "nk", SY_OPT)                                                                   \
    F(u64, n_order, "no", SY_OPT)                                                                  \
    F(str, op, "o", 0)                                                                             \
    F(u64, limit, "q", SY_OPT)                                                                     \
    F(str, source, "s", SY_OPT)                                                                    \
    F(u64s, outs, "x", SY_OPT)
SY_RECORD(plan_rel, SY_PLAN_REL_FIELDS)
/* limit: rows of a `sort`, an operator of the post stage only. */

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

/* One bounded figure: fn = count (rows) | units (distinct units; with an argument, those that have a row
 * where it is not NULL) | sum. For sum: each row's value
 * is clamped to [lo, hi] (in units of 10^-scale) before anything else; NULL rows count as absent. A
 * figure over an argument `count(x)` counts rows where it is not NULL. distinct: different values of the
 * argument among the rows of a cell, of which each unit gives at most `rows` to a cell, chosen by a keyed
 * hash over its own values: one unit moves it by at most `rows`, like a count. */
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
 * namespace "" = unprotected data only: mechanism must be "exact". sparse: cells leave only through
 * noisy thresholds even though every key is declared (too many to fill with zeros).
 * mechanism: exact | gauss | laplace | cellkey (g2: docs/privacy/cellkey.md) | subject (g4: the cell that
 * one consenting subject is in: docs/privacy/subject.md).
 * tree: gauss and laplace only, "" = each cell is noised by itself. Else the block has one figure, count
 * or units, and its last key is summed over: "bins" (an integer key: noise on every node of a binary tree
 * over its values, for quantiles) or "total" (on the cells and on their sum). The noised nodes are made to
 * agree (least squares), and the cells leave as that says (docs/privacy/trees.md). */
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
    F(bool, sparse, "sp", SY_OPT)                                                                  \
    F(str, tree, "t", SY_OPT)                                                                      \
    F(u64, unit, "u", SY_OPT)
SY_RECORD(plan_block, SY_PLAN_BLOCK_FIELDS)

#define SY_PLAN_SUBJECT "subject" /* the mechanism; such a block has one key and no figure */

/* A column that a block releases, in SELECT order (without a post stage: of the one block, and of the
 * answer): op = key (a = key of the block) | figure (a = figure) | ratio
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

/* A parameter: kind int | date | bool | str | period; its value is always one of `values` (text
 * forms: decimal with `scale` digits, RFC 3339 date, true/false, text; a period: "2020", "2020-Q3"
 * or "2020-03"). A run names a position in it. calendar: of periods, "MM-DD" on which the year of the
 * calendar begins, "" for 01-01; a year that begins later than 01-01 is named by the year it ends in
 * (2020 with 10-01: 2019-10-01 .. 2020-09-30), its quarters and months count from its begin.
 * support: every value selects at least so many units, by public knowledge; what the developer
 * declares and the reviewer signs.
 * asserted: `subject` blocks only: no declared values; the value comes with the request and is what the
 * subject's consent token commits to (int and date within [values[0], values[1]]; str: one of values). */
#define SY_PLAN_PARAM_FIELDS(F, S, L)                                                              \
    F(bool, asserted, "a", SY_OPT)                                                                 \
    F(str, calendar, "c", SY_OPT)                                                                  \
    F(str, kind, "k", 0)                                                                           \
    F(str, name, "n", 0)                                                                           \
    F(u64, scale, "s", SY_OPT)                                                                     \
    F(u64, support, "sup", SY_OPT)                                                                 \
    F(strs, values, "v", 0)
SY_RECORD(plan_param, SY_PLAN_PARAM_FIELDS)

/* Which catalogue entry a scan was bound against. */
#define SY_PLAN_SOURCE_FIELDS(F, S, L)                                                             \
    F(b32, def, "d", 0)                                                                            \
    F(str, dataset, "s", 0)
SY_RECORD(plan_source, SY_PLAN_SOURCE_FIELDS)

/* A column of the answer: column `col` of the last post relation; scale: decimal digits shown. */
#define SY_PLAN_POST_OUT_FIELDS(F, S, L)                                                           \
    F(u64, col, "c", SY_OPT)                                                                       \
    F(str, name, "n", 0)                                                                           \
    F(u64, scale, "s", SY_OPT)
SY_RECORD(plan_post_out, SY_PLAN_POST_OUT_FIELDS)

/* The post stage: relations over the blocks' released columns (wire/post.h), the last one is the
 * answer. */
#define SY_PLAN_POST_FIELDS(F, S, L)                                                               \
    L(plan_post_out, outs, "o", 0)                                                                 \
    L(plan_rel, rels, "r", 0)
SY_RECORD(plan_post, SY_PLAN_POST_FIELDS)

/* post: none or one; a plan of several blocks has one. `program` is reserved: the rules refuse plans
 * that carry one until its schema is adopted. */
#define SY_PLAN_FIELDS(F, S, L)                                                                    \
    L(plan_block, blocks, "b", 0)                                                                  \
    L(plan_out, outs, "o", 0)                                                                      \
    L(plan_param, params, "p", SY_OPT)                                                             \
    L(plan_post, post, "post", SY_OPT)                                                             \
    F(bin, program, "prog", SY_OPT)                                                                \
    L(plan_rel, rels, "r", 0)                                                                      \
    F(u64, size_class, "sc", SY_OPT)                                                               \
    F(u64, slot_ms, "sl", SY_OPT)                                                                  \
    L(plan_source, sources, "so", 0)                                                               \
    F(u64, v, "v", 0)
SY_RECORD(plan, SY_PLAN_FIELDS)

#endif
