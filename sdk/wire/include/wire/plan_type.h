/*
 * Typing of a plan from the catalogue alone (wire/plan.h). The worker's binder types what it lowers;
 * policies/rules runs the same functions again over the finished plan and trusts nothing else.
 *
 * A type says, before any row is read, what a value can be: its kind, the interval of its scaled
 * integers or its set of labels, whether it may be NULL, the unit namespace when it names a unit, and
 * the grade: the maximum over everything that shaped it (field, filters, join conditions, group keys,
 * membership of every dataset on the way). Everything here is a loop over bounded lists: no recursion,
 * no data, no clock; the same plan and catalogue give the same types on every machine.
 *
 * What sy_plan_type refuses (SY_E_PLAN; field = path such as "rels[2].e[4]", reason = what is wrong):
 *   structure  unknown operators, arity, arguments that are not earlier positions, ordinals out of
 *              range, fields of a record that its operator does not use, more than the SY_PLAN_* limits
 *   names      scans of datasets that are not in plan.sources or `defs`, unknown or repeated fields
 *   types      operands whose kinds or scales differ (the binder inserts `rescale`), text ordered,
 *              units used for anything but equality, NULL tests and counting
 *   totality   an interval that leaves +-2^62, a date outside years 1..9999, a sum whose worst case
 *              over the declared rows leaves +-2^62: so no operator can ever overflow
 *   blocks     keys whose labels are not exactly the type's (sy_type_labels), more than
 *              SY_PLAN_CELLS_MAX declared cells (through thresholds: 2^62), wrong clamps, figures,
 *              units, outs (names are unique in a block), several blocks without a post stage; a `subject`
 *              block has one key and no figure, every other block a figure
 * What it does not judge (policies/rules does): whether the fields are granted, whether the unit is
 * tracked soundly through joins, whether mechanism and grade fit, what a run costs.
 *
 * Operators, beyond wire/plan.h:
 *   sub of two dates is int (days); add, sub of date and int is date; other arithmetic is int only
 *   mul adds scales (at most SY_PLAN_SCALE_MAX); div: result scale `k`, truncated toward zero, NULL for
 *   0 divisors; mod: equal scales, sign of the dividend, NULL for 0; rescale: to scale `i`, down truncates
 *   least, greatest ignore NULLs (NULL only if all are); and, or take two or more arguments
 *   lt, le, gt, ge of labels: declared sets whose order in the catalogue is bytewise ascending (codes of
 *   a classification: "A00" < "A01"); both sides the same set, or one side a text literal or parameter
 *   like, prefix: declared labels only (the public value set is matched, never a stored text); prefix's
 *   label set is the distinct prefixes in order of appearance (i from 1; pattern and i at most
 *   SY_LABEL_BYTES_MAX)
 *   years, months, trunc, quarter, isodow, add_months, pstart, pend: dates; pstart, pend of a parameter of
 *   kind period only, which `param` itself refuses
 *   in(x, v...): each v a literal or a parameter; literals outside a declared set are simply never equal
 *   case, coalesce of labels: the label set is the union in order of appearance
 *   open text (undeclared): only copied, counted, tested for NULL, used as a key, or compared by eq, ne,
 *   in with text literals and parameters
 *   reduce count: over outs; a `str` literal argument is not allowed; count(*) is count over `bool 1`.
 *   count_distinct: anything but units of another row's choosing: int, date, bool, declared labels, unit
 *   arg_max, arg_min: value int, date, bool or declared labels; by int or date
 *   window lag, lead, first: as arg_max's value; sum, count, min, max as reduce's; NULL where there is no row
 *   window orders by int, date, bool or labels in bytewise order; names: none, or one per function. The
 *   grade of a function holds partition and order, and, where ties are broken by the whole row, every column
 *   union: columns of one kind, scale and namespace; intervals hulled, label sets united in order; open text
 *   is refused (its codes belong to one dataset)
 *   open text of a protected dataset is compared with nothing but NULL: it may be counted or be a key
 *
 * Memory: everything in *ret lives in the arena or points into the plan and the catalogue.
 */
#ifndef WIRE_PLAN_TYPE_H
#define WIRE_PLAN_TYPE_H

#include "base/arena.h"
#include "wire/catalog.h"
#include "wire/plan.h"

enum {
    SY_PLAN_SCALE_MAX = 9,  /* decimal digits of any value */
    SY_PLAN_COLS_MAX = 512, /* columns of a relation */
    SY_PLAN_BLOCKS_MAX = 64,
    SY_PLAN_KEYS_MAX = 16,
    SY_PLAN_FIGURES_MAX = 256, /* of a block */
    SY_PLAN_OUTS_MAX = 512,
    SY_PLAN_PARAMS_MAX = 64,
    SY_PLAN_PARAM_VALUES_MAX = 4096,
    SY_PLAN_INT_LABELS_MAX = 4096,  /* an integer key may take at most so many values */
    SY_PLAN_LABELS_TOTAL = 1 << 18, /* labels that all unions and prefixes of a plan may make */
    SY_PLAN_LABELS_READ = 1 << 24   /* labels that all ordered comparisons of a plan may look at */
};

#define SY_PLAN_VALUE_MAX ((int64_t)1 << 62) /* |value| of any integer is at most this */
#define SY_PLAN_DATE_MIN  (-719162)          /* 0001-01-01 */
#define SY_PLAN_DATE_MAX  2932896            /* 9999-12-31 */

enum sy_type_kind {
    SY_TYPE_NONE = 0,
    SY_TYPE_INT,  /* value x 10^scale in [lo, hi] */
    SY_TYPE_DATE, /* days since 1970-01-01 in [lo, hi] */
    SY_TYPE_BOOL,
    SY_TYPE_STR,  /* one of `labels`, or any text when `open` */
    SY_TYPE_UNIT, /* identifier of a unit of namespace `ns` */
    SY_TYPE_N
};

struct sy_type {
    enum sy_type_kind kind;
    uint32_t scale; /* INT: decimal digits */
    bool nullable;
    bool nothing;                 /* never anything but NULL: the interval and labels are empty */
    bool open;                    /* STR: undeclared text */
    int64_t lo, hi;               /* INT, DATE, BOOL */
    const struct sy_view *labels; /* STR, not open: the declared set, in order */
    size_t n_labels;
    struct sy_view ns; /* UNIT */
    uint64_t grade;    /* 0 for literals and parameters, else 1..4 */

    /* When the value is a plain copy of a catalogued column (through filters, joins, projections and
     * group keys), where from; else def and field are NULL. */
    const struct sy_dataset_def *def;
    const struct sy_field_def *field;
    uint32_t scan;     /* ordinal of the scan relation */
    uint32_t scan_col; /* and of the column in it */
};

struct sy_rel_types {
    const struct sy_dataset_def *def; /* scans: the dataset; else NULL */
    struct sy_type *cols;             /* the relation's columns; grades include the rows' grade */
    size_t n_cols;
    struct sy_type *exprs; /* one per plan_rel.exprs */
    uint64_t grade;        /* of everything that decided which rows there are */
    uint64_t rows;         /* bound on the number of rows, saturating at 2^62 */
    bool *unique; /* per column: no two rows agree in all those marked (group keys, and what
                            * keeps them); a join that fixes them finds one row. NULL: not known */
};

struct sy_block_types {
    struct sy_type *exprs;   /* one per plan_block.exprs */
    struct sy_type *keys;    /* one per key; grade includes rows and all other keys */
    struct sy_type *figures; /* one per figure: the interval of one unit's contribution to one cell
                              * (of the whole cell when ns = ""), scale, grade of everything */
    uint64_t n_cells;        /* product over declared keys; open keys count as 1 */
    bool open;               /* cells leave through thresholds: some key is open, or sparse */
    uint64_t grade;          /* of everything in the block, the unit column included */
};

struct sy_plan_types {
    struct sy_type *params;    /* hull of each parameter's declared values */
    struct sy_rel_types *rels; /* one per plan.rels */
    struct sy_block_types *blocks;
};

/* Check and type a whole plan against catalogue entries (matched to scans by id; more entries than
 * used are fine). On error *ret is zeroed. Errors: SY_E_PLAN, SY_E_NO_MEMORY (the arena is full). */
SY_MUST sy_status sy_plan_type(const struct sy_plan *plan, const struct sy_dataset_def *defs,
                               size_t n_defs, struct sy_arena *arena, struct sy_plan_types *ret,
                               struct sy_error *reterr);

/* The labels of a group key of this type, in cell order: the declared set, the decimals of an integer
 * (scale 0, at most SY_PLAN_INT_LABELS_MAX values), "false" and "true". Open text: n = 0. SY_E_PLAN for
 * types that cannot be keys (dates, scaled integers, units, too many values). */
SY_MUST sy_status sy_type_labels(const struct sy_type *t, struct sy_arena *arena,
                                 const struct sy_view **ret_labels, size_t *ret_n,
                                 struct sy_error *reterr);

/* The value of a parameter at a position of its declared list: the scaled integer, the day, 0 or 1;
 * for text and periods the position itself. False when the position or the text is not valid. */
bool sy_plan_param_value(const struct sy_plan_param *p, uint64_t position, int64_t *ret);

/* First and last day of the period at a position of a period parameter's declared list. False when it is
 * none, or leaves the years 1 to 9999; *ret_* untouched. */
bool sy_plan_period(const struct sy_plan_param *p, uint64_t position, int64_t *ret_first,
                    int64_t *ret_last);

/* Position of `text` in the parameter's declared values; false when it is not one of them. */
bool sy_plan_param_position(const struct sy_plan_param *p, struct sy_view text, uint64_t *ret);

/* The value of an asserted parameter that a request gives as `text`: as sy_plan_param_value, of a text the
 * position in the declared list. False when the parameter is not asserted, or the text is no value of
 * it: not its form, or outside what is declared. */
bool sy_plan_asserted_value(const struct sy_plan_param *p, struct sy_view text, int64_t *ret);

/* "12.50" with scale 3 -> 12500. Digits with an optional sign and at most `scale` decimals; exact or
 * false (also outside +-2^62). */
bool sy_decimal_parse(struct sy_view text, uint32_t scale, int64_t *ret);

/* --- Typing as one builds (the binder) ---------------------------------------------------------- */

/* What typing needs besides the list at hand. `params` are filled by sy_typer_init. */
struct sy_typer {
    const struct sy_plan_param *plan_params;
    size_t n_params;
    struct sy_type *params;
    const struct sy_dataset_def *defs;
    size_t n_defs;
    struct sy_arena *arena;
    size_t labels_made, labels_read;        /* what was spent of the two bounds above */
    struct sy_type *first_days, *last_days; /* per parameter: of a period, what pstart, pend give */
    const struct sy_view *ascending;        /* the last label set that was found in order */
    size_t n_ascending;
};

SY_MUST sy_status sy_typer_init(struct sy_typer *t, const struct sy_plan_param *params,
                                size_t n_params, const struct sy_dataset_def *defs, size_t n_defs,
                                struct sy_arena *arena, struct sy_error *reterr);

/* One list of expressions over the columns of its input(s); types has room for one per expression. */
struct sy_expr_scope {
    const struct sy_type *cols;
    size_t n_cols;
    const struct sy_plan_expr *exprs;
    struct sy_type *types;
};

/* Type scope->exprs[i], given the types of those before it; scope->types[i] is written. Errors name
 * "e[i]". */
SY_MUST sy_status sy_type_expr(struct sy_typer *t, const struct sy_expr_scope *scope, size_t i,
                               struct sy_error *reterr);

/* Type relation i of `rels` (rels[0..i) typed in `types`), with its expressions. Errors name
 * "rels[i]...". */
SY_MUST sy_status sy_type_rel(struct sy_typer *t, const struct sy_plan_rel *rels, size_t i,
                              struct sy_rel_types *types, struct sy_error *reterr);

#endif
