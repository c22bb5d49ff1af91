/*
 * One block's table on its way out, shared by the files of the release: release_cells.c puts the worker's
 * exact figures in and noise on them, release_columns.c makes columns of an answer of it, release_post.c
 * lets the post stage compute with it.
 */
#ifndef WARDEN_RELEASE_TABLE_H
#define WARDEN_RELEASE_TABLE_H

#include "base/arith.h"
#include "mechanisms/calibrate.h"
#include "mechanisms/release.h"
#include "warden/release.h"
#include "wire/plan_type.h"

struct release_table {
    const struct warden_release *release;
    const struct sy_plan_block *block;
    const struct rules_block_facts *facts;
    const struct sy_type *key_types;
    size_t ordinal; /* of the block in its plan: no two blocks share noise */
    struct sy_arena *arena;
    struct mech_figure *noise; /* per figure; NULL when exact, or by cell keys */
    struct mech_figure
        *worst;        /* cellkey: per figure, noise at least as wide as what is on any cell; else
                                * NULL */
    uint8_t *withheld; /* cellkey: per row, 1 when its figures are withheld; else NULL */
    struct sy_view **labels; /* [key][row]: text of the key in that row; p NULL is the NULL key */
    int64_t *values;         /* rows x figures, row-major; noised in place */
    size_t n_rows;
};

static inline sy_status warden_release_misfit(struct sy_error *err, const char *what)
{
    return sy_fail(err, SY_E_FIELD, "result", "the worker's result does not fit the plan: %s",
                   what);
}

static inline sy_status warden_release_no_memory(struct sy_error *err)
{
    return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

/* Check the block's cells against the plan, make the table's rows of them, and add the noise. The fields
 * down to `arena` are set by the caller. When it returns OK, no exact figure of a protected block is left,
 * neither in the table nor in `in`. */
SY_MUST sy_status warden_release_cells(struct release_table *t, const struct sy_run_block *in,
                                       struct sy_error *err);

/* Room for n_rows rows, their labels unset and their figures zero; and the rows of all declared cells, in
 * mixed-radix order, labelled. */
SY_MUST sy_status warden_release_rows(struct release_table *t, size_t n_rows, struct sy_error *err);
SY_MUST sy_status warden_release_declared_rows(struct release_table *t, struct sy_error *err);

/* Check one cell of the worker's: shape, units and ranges as the plan fixes them. */
SY_MUST sy_status warden_release_check_cell(const struct release_table *t,
                                            const struct sy_run_cell *cell, struct sy_error *err);

/* The label of position `position` of key k, of an open block; {NULL, 0} for NULL. SY_E_FIELD when there is none. */
SY_MUST sy_status warden_release_label(const struct release_table *t, size_t k, uint64_t position,
                                       struct sy_view *ret, struct sy_error *err);

/* The same for a cellkey block (release_cellkey.c): noise by cell keys, withheld rows. */
SY_MUST sy_status warden_release_cellkey(struct release_table *t, const struct sy_run_block *in,
                                         struct sy_error *err);

/* The same for a block about one subject (release_subject.c): one row. */
SY_MUST sy_status warden_release_subject(struct release_table *t, const struct sy_run_block *in,
                                         struct sy_error *err);

/* Of a cellkey table, the half-width at a level for figure f, worst cell. */
uint64_t warden_cellkey_width(const struct release_table *t, size_t f, enum mech_level level);

/* Fill column `ret` of an answer that shows `o` of the table. */
SY_MUST sy_status warden_release_column(struct release_table *t, const struct sy_plan_out *o,
                                        struct sy_answer_column *ret, struct sy_error *err);

/* Lists of a figure column: value, lo and hi for n_rows rows, and room for as many withheld ones. */
SY_MUST sy_status warden_release_figures(struct sy_arena *arena, size_t n_rows,
                                         struct sy_answer_column *ret, struct sy_error *err);

/* A ratio column's quotient, in units of its scale. False: withheld, the divisor is not positive. */
struct release_ratio {
    const struct sy_plan_out *out;
    sy_i128 factor; /* 10^(out scale - numerator's scale + denominator's scale) */
};
SY_MUST sy_status warden_release_ratio(const struct release_table *t, const struct sy_plan_out *o,
                                       struct release_ratio *ret, struct sy_error *err);
bool warden_release_quotient(const struct release_ratio *r, int64_t a, int64_t b, int64_t *ret);

/* The answer of a plan with a post stage. tables: the plan's blocks, released. */
SY_MUST sy_status warden_release_post(const struct release_table *tables,
                                      const struct sy_plan_types *types, struct sy_answer *ret,
                                      struct sy_error *err);

/* The mark of a NULL key. */
#define RELEASE_NULL_TEXT "∅"

#endif
