/*
 * The post stage: relations over what the blocks of a plan have released, and over nothing else
 * (DESIGN section 4.1). Ratios across blocks, running sums and products (life tables), weights,
 * changes from year to year. It costs no privacy, because it never sees an exact figure.
 *
 * A post relation is a sy_plan_rel with these operators:
 *   block    source = the block's name       -> the block's columns (plan.outs of it), in order
 *   filter   in[0], predicate outs[0]        project  in[0], outs[i] named names[i]
 *   join     in[0], in[1], kind inner|left, predicate outs[0]: a conjunction of equalities, each of a
 *            left with a right column, that together name all of the right side's key columns (so a
 *            left row finds at most one right row). A right side that has at most one row by its bound
 *            (sy_post_rel_types.rows) need not be named: then the predicate may be `bool 1`.
 *            A NULL finds nothing, as in SQL
 *   reduce   in[0], group by outs[0..n_keys), then the arguments of fns; names: keys ++ one per
 *            function. fns: count sum avg min max product, of what is not NULL (count 0, others
 *            NULL, when nothing is). Without keys: one row, always. quantile(value, weight, q), q a literal
 *            between 0 and 1: the value at which the weights of values up to it reach q of all, which is
 *            one of the values; NULL when the weights add up to 0 or less. Values have no noise. Sums of
 *            noised weights are made to ascend first: src/post_run_quantile.c
 *   window   in[0], partition by outs[0..n_keys), order by the next n_order (desc[i] 1: descending),
 *            then the arguments of fns. fns: sum product min max count avg first last over the frame
 *            (kind "all" the partition, "rows" to the current row, "before" to the row before it);
 *            lag lead row_number, which have no frame; names: none, or one per function -> columns of in[0] ++ one per function
 *   union    in[0..n), rows of each; same kinds by position
 *   sort     in[0], order by outs[0..n_order) with desc; limit n rows (0: all)
 * Key columns of a relation: no two rows agree in all of them. A block's keys when plan.outs shows all
 * of them (else none); filter, sort, window keep them; project those it copies (all, else none); reduce
 * its group keys; join the left's; union none.
 *
 * Order. Rows of a block as its table has them; filter, project, window, join (the left's) keep the
 * order; groups come in the order of their first rows; sorts are stable. Numbers ascend; labels come
 * as they were declared, so that '5-9' is before '10-14': first the labels of declared keys, block by
 * block as the plan's relations read them and column by column, then text literals and parameters'
 * values as the plan has them, then all others bytewise. NULL is last, also when descending.
 *
 * Values: numbers (double, IEEE 754 round to nearest, no contraction), labels (text), conditions; each
 * may be NULL. A block's key column is a label, or a number when the key's type is an integer. There is
 * no negative zero, no infinity and only one NaN, NULL. Expressions are those of wire/plan.h over these
 * kinds: col, param (period, date, str: a label), int (i / 10^k), str, bool, null (s = int, str, bool),
 * add sub mul div neg abs least greatest mod round(i: decimal digits -9..9, halves away from zero),
 * eq ne (any kind) lt le gt ge (numbers), and or not, is_null, in, case, coalesce, sqrt, exp, ln. div
 * and mod by zero, ln and sqrt of what they are not defined for, and anything that is not finite give
 * NULL. exp and ln are computed by our own fixed series of basic operations, so that every machine
 * gets the same bits; results of exp below 2^-1022 are 0.
 *
 * Intervals. A table carries `n_lanes` values per number: lane 0 is the released figure, the others are
 * that figure with fresh noise of the known distribution added. Everything that decides *which* rows
 * there are, in which order, and which label a row has (filters, joins, groups, partitions, sorting,
 * CASE over labels) is decided by lane 0 alone; group keys have lane 0's value in every lane.
 * abs(x) is 0 in lanes where x has the other sign than in lane 0: so an interval of |x| ends at 0 where x
 * may be on either side of it. (x times x has no such lane; write abs(x) times abs(x), or power(x, 2).) The
 * 2.5 % and 97.5 % points of the lanes are the interval, given those rows. So runs with the same lane 0
 * and other simulated lanes have the same rows, and lanes may be computed a few at a time.
 *
 * Threads: pure. Memory: everything in the arena.
 */
#ifndef WIRE_POST_H
#define WIRE_POST_H

#include "wire/plan_type.h"

enum {
    SY_POST_RELS_MAX = 128,
    SY_POST_ROWS_MAX = SY_PLAN_CELLS_MAX,
    SY_POST_LANES_MAX = 1024,
    SY_POST_VALUES_MAX = 1 << 22, /* sy_post_types.values */
    SY_POST_WORK_MAX = 1 << 23    /* sy_post_types.work */
};

enum sy_post_kind { SY_POST_NONE = 0, SY_POST_NUMBER, SY_POST_LABEL, SY_POST_BOOL };

struct sy_post_col {
    enum sy_post_kind kind;
    bool key;   /* among the key columns of its relation */
    bool noisy; /* a number or condition that depends on a noised figure: lanes may differ */
};

struct sy_post_rel_types {
    struct sy_post_col *cols;
    size_t n_cols;
    uint64_t rows;             /* bound, saturating */
    struct sy_post_col *exprs; /* one per expression */
};

struct sy_post_types {
    struct sy_post_rel_types *rels; /* one per post.rels */
    size_t n_rels;
    /* Sums over the relations, `rows` being the bound on those each reads or makes, the larger. Beside
     * what the plan's own size takes, a run stores less than 16 x n_lanes + 128 bytes for each of values
     * and computes less than n_lanes results for each of work. */
    uint64_t values; /* rows x (columns + outs) */
    uint64_t work;   /* rows x (columns + expressions + their arguments) */
};

/* --- Typing as one builds (the binder), and the whole (rules, warden, SDK) -------------------------- */

/* What a block shows the post stage. */
struct sy_post_block {
    struct sy_view name;
    const struct sy_post_col *cols;
    size_t n_cols;
    uint64_t rows; /* declared cells; open or sparse: SY_POST_ROWS_MAX */
};

struct sy_post_typer {
    const struct sy_plan_param *params;
    size_t n_params;
    const struct sy_post_block *blocks;
    size_t n_blocks;
    struct sy_arena *arena;
};

/* The blocks of a typed plan, as the post stage sees them. */
SY_MUST sy_status sy_post_blocks(const struct sy_plan *plan, const struct sy_plan_types *types,
                                 struct sy_arena *arena, struct sy_post_block **ret, size_t *ret_n,
                                 struct sy_error *reterr);

/* The errors below are SY_E_PLAN with the path of what is wrong ("e[1]"; "post.rels[2].e[1]"), or
 * SY_E_NO_MEMORY. */

/* Type expression i of a list over columns `cols` (types of earlier ones in `types`, written at i). */
SY_MUST sy_status sy_post_expr(const struct sy_post_typer *t, const struct sy_post_col *cols,
                               size_t n_cols, const struct sy_plan_expr *exprs, size_t i,
                               struct sy_post_col *types, struct sy_error *reterr);

/* Type relation i, those before it typed. */
SY_MUST sy_status sy_post_rel(const struct sy_post_typer *t, const struct sy_plan_rel *rels,
                              size_t i, struct sy_post_rel_types *types, struct sy_error *reterr);

/* Check and type plan.post[0]; also its outs and the bounds above. On error *ret is zeroed. */
SY_MUST sy_status sy_post_type(const struct sy_plan *plan, const struct sy_plan_types *types,
                               struct sy_arena *arena, struct sy_post_types *ret,
                               struct sy_error *reterr);

/* --- Running ------------------------------------------------------------------------------------------ */

/* One column of a table. Numbers and conditions: lanes[row x n_lanes + lane], NaN is NULL (conditions
 * 0, 1). Labels: texts[row], p NULL is NULL (so an empty text has a p). */
struct sy_post_column {
    enum sy_post_kind kind;
    double *lanes;
    struct sy_view *texts;
};

struct sy_post_table {
    size_t n_rows, n_cols;
    struct sy_post_column *cols;
};

/* Run the stage on the blocks' tables (in plan order, columns as sy_post_blocks says). `plan` and `types`
 * as sy_post_type checked and made them. params: the position of each parameter's value. 1 <= n_lanes <=
 * SY_POST_LANES_MAX; every table has as many. *ret: one column per post.outs; texts point into the plan
 * and the tables. SY_E_FIELD when a table does not fit its block (columns, kinds, number of rows, labels
 * that nothing declares, two rows with the same keys) or a position is not one of the parameter's,
 * SY_E_LIMIT when a relation would exceed SY_POST_ROWS_MAX rows, SY_E_NO_MEMORY. */
SY_MUST sy_status sy_post_run(const struct sy_plan *plan, const struct sy_post_types *types,
                              const uint64_t *params, const struct sy_post_table *blocks,
                              size_t n_lanes, struct sy_arena *arena, struct sy_post_table *ret,
                              struct sy_error *reterr);

/* --- Intervals ---------------------------------------------------------------------------------------- */

/*
 * The 95 % interval of one cell from n simulated values (lane 0 is not one of them), in any order; they
 * may be reordered. With k = floor((n + 1) / 40), the k-th lowest and the k-th highest value: for
 * exchangeable values a further one lies between them with probability (n + 1 - 2k) / (n + 1) >= 95 %,
 * so that coverage is never below nominal by rounding. A NULL could have been anything: it counts as
 * lower than all for the lower end and as higher than all for the upper. False, and nothing written,
 * when k = 0 (n < 39) or there are k or more NULLs (2.5 %).
 */
bool sy_post_interval(double *lanes, size_t n, double *ret_lo, double *ret_hi);

/*
 * The same for many cells, filled some lanes at a time: keeps only the k lowest and k highest values
 * of each cell, so that a table of SY_POST_ROWS_MAX rows needs not all of its lanes at once. For every
 * split of the same values the result equals that of sy_post_interval.
 */
struct sy_post_tails {
    size_t n_cells, n_lanes, k;
    struct sy_post_tail *cells;
};

/* n_lanes: simulated values that each cell will get in all. SY_E_NO_MEMORY. */
SY_MUST sy_status sy_post_tails_new(size_t n_cells, size_t n_lanes, struct sy_arena *arena,
                                    struct sy_post_tails *ret, struct sy_error *reterr);

/* Add simulated values of a cell < n_cells. False, and nothing is added, past n_lanes. */
SY_MUST bool sy_post_tails_add(struct sy_post_tails *t, size_t cell, const double *lanes, size_t n);

/* The interval of a cell; false as sy_post_interval, or when fewer than n_lanes values were added. */
bool sy_post_tails_interval(const struct sy_post_tails *t, size_t cell, double *ret_lo,
                            double *ret_hi);

#endif
