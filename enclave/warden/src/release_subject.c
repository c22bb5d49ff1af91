/*
 * What: the answer about one consenting subject: the label of the cell it is in, or "unknown". Invariants:
 * there is one row in every case, whatever the worker found; the label is one that the plan declares; the
 * row NULL (not known there) and no cell at all (not in the data) are the same answer.
 */
#include "release_table.h"
#include "wire/consent.h"

/* BOUNDARY: of one subject there is one cell at most, with one unit in it, at a declared position. */
static sy_status check(const struct release_table *t, const struct sy_run_block *in,
                       struct sy_error *err)
{
    if (in->n_cells > 1 || t->facts->n_keys != 1) {
        return warden_release_misfit(err, "more than one cell of one subject");
    }
    if (in->n_cells == 0) {
        return SY_OK;
    }
    const struct sy_run_cell *cell = &in->cells[0];
    SY_TRY(warden_release_check_cell(t, cell, err));
    return cell->units == 1 && cell->key[0] < t->facts->keys[0].n_cells
               ? SY_OK
               : warden_release_misfit(err, "a cell that no subject can be in");
}

sy_status warden_release_subject(struct release_table *t, const struct sy_run_block *in,
                                 struct sy_error *err)
{
    const struct sy_plan_key *key = &t->block->keys[0];
    SY_TRY(check(t, in, err));
    SY_TRY(warden_release_rows(t, 1, err));
    bool known = in->n_cells == 1 && in->cells[0].key[0] < key->n_labels;
    t->labels[0][0] = known ? key->labels[in->cells[0].key[0]] : sy_view_str(SY_SUBJECT_UNKNOWN);
    return SY_OK;
}
