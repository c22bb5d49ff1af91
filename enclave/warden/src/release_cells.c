/*
 * What: the cells of one block, from the worker's word to noised figures. Invariants: which cells are there
 * depends on the plan (declared keys) or on noised counts (open and sparse keys), never on what the worker
 * chose to send; exact figures live in `values` only until noise has been added in place, and the
 * worker's own copy is wiped.
 */
#include <sodium.h>
#include <string.h>

#include "base/weak.h"
#include "release_table.h"
#include "release_tree.h"

static sy_status bad(struct sy_error *err, const char *what)
{
    return warden_release_misfit(err, what);
}

static sy_status no_memory(struct sy_error *err)
{
    return warden_release_no_memory(err);
}

/* BOUNDARY: ranges and counts are fixed by the plan; the worker's word is held against them. */
sy_status warden_release_check_cell(const struct release_table *t, const struct sy_run_cell *cell,
                                    struct sy_error *err)
{
    const struct rules_block_facts *f = t->facts;
    if (cell->n_figures != f->n_figures || cell->n_key != f->n_keys) {
        return bad(err, "shape");
    }
    if (f->ns.n > 0 && (cell->units < 1 || cell->units > f->units_max)) {
        return bad(err, "units");
    }
    for (size_t i = 0; i < f->n_figures; i++) {
        if (cell->figures[i] < f->figures[i].lo || cell->figures[i] > f->figures[i].hi) {
            return bad(err, "range");
        }
    }
    return SY_OK;
}

static sy_status set_noise(struct release_table *t, struct sy_error *err)
{
    const struct rules_block_facts *f = t->facts;
    if (f->kind == RULES_NOISE_NONE) {
        return SY_OK;
    }
    enum mech_kind kind = f->kind == RULES_NOISE_GAUSS ? MECH_GAUSS : MECH_LAPLACE;
    t->noise = sy_arena_alloc(t->arena, f->n_figures, sizeof(*t->noise));
    if (t->noise == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < f->n_figures; i++) {
        t->noise[i] = (struct mech_figure){.kind = kind, .scale = f->figures[i].noise};
    }
    return SY_OK;
}

static struct mech_block mech_block_of(const struct release_table *t)
{
    return (struct mech_block){.seed = t->release->seed,
                               .block = (uint32_t)t->ordinal,
                               .figures = t->noise,
                               .n_figures = t->facts->n_figures};
}

/* --- declared keys: every cell, in mixed-radix order ---------------------------------------------- */

static struct sy_view key_text(const struct sy_plan_key *key, uint64_t position)
{
    return position < key->n_labels ? key->labels[position] : (struct sy_view){0};
}

static sy_status cell_position(const struct release_table *t, const struct sy_run_cell *cell,
                               size_t *ret, struct sy_error *err)
{
    size_t at = 0;
    for (size_t k = 0; k < t->facts->n_keys; k++) {
        if (cell->key[k] >= t->facts->keys[k].n_cells) {
            return bad(err, "key");
        }
        at = at * t->facts->keys[k].n_cells + cell->key[k];
    }
    *ret = at;
    return SY_OK;
}

static void fill_labels(struct release_table *t)
{
    for (size_t row = 0; row < t->n_rows; row++) {
        size_t rest = row;
        for (size_t k = t->facts->n_keys; k-- > 0;) {
            size_t n = t->facts->keys[k].n_cells;
            t->labels[k][row] = key_text(&t->block->keys[k], rest % n);
            rest /= n;
        }
    }
}

sy_status warden_release_rows(struct release_table *t, size_t n_rows, struct sy_error *err)
{
    size_t n_keys = t->facts->n_keys;
    t->n_rows = n_rows;
    t->values = sy_arena_alloc(t->arena, n_rows * t->facts->n_figures + 1, sizeof(*t->values));
    t->labels = sy_arena_alloc(t->arena, n_keys + 1, sizeof(*t->labels));
    if (t->values == NULL || t->labels == NULL) {
        return no_memory(err);
    }
    for (size_t k = 0; k < n_keys; k++) {
        t->labels[k] = sy_arena_alloc(t->arena, n_rows + 1, sizeof(**t->labels));
        if (t->labels[k] == NULL) {
            return no_memory(err);
        }
    }
    return SY_OK;
}

/* Declared cells without a row are dropped: a weak build only. */
static void weak_found_only(struct release_table *t, const uint8_t *seen)
{
    size_t n = 0, width = t->facts->n_figures;
    for (size_t row = 0; row < t->n_rows; row++) {
        for (size_t k = 0; seen[row] && k < t->facts->n_keys; k++) {
            t->labels[k][n] = t->labels[k][row];
        }
        if (seen[row]) {
            memmove(&t->values[n++ * width], &t->values[row * width], width * sizeof(*t->values));
        }
    }
    t->n_rows = n;
}

static sy_status fill_cells(struct release_table *t, const struct sy_run_block *in,
                            struct sy_error *err)
{
    size_t n = t->facts->n_figures;
    uint8_t *seen = sy_arena_alloc(t->arena, t->n_rows + 1, 1);
    if (seen == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < in->n_cells; i++) {
        size_t at = 0;
        SY_TRY(warden_release_check_cell(t, &in->cells[i], err));
        SY_TRY(cell_position(t, &in->cells[i], &at, err));
        if (seen[at]) {
            return bad(err, "a cell comes twice");
        }
        seen[at] = 1;
        memcpy(&t->values[at * n], in->cells[i].figures, n * sizeof(*t->values));
    }
    if (sy_weak(SY_WEAK_KEYS_AS_FOUND)) {
        weak_found_only(t, seen);
    }
    return SY_OK;
}

sy_status warden_release_declared_rows(struct release_table *t, struct sy_error *err)
{
    SY_TRY(warden_release_rows(t, t->facts->n_cells, err));
    fill_labels(t);
    return SY_OK;
}

static sy_status release_declared(struct release_table *t, const struct sy_run_block *in,
                                  struct sy_error *err)
{
    SY_TRY(warden_release_declared_rows(t, err));
    SY_TRY(fill_cells(t, in, err));
    if (t->noise == NULL) {
        return SY_OK;
    }
    if (t->facts->tree.leaves > 0) {
        return release_tree(t, err);
    }
    struct mech_block b = mech_block_of(t);
    return mech_release_cells(&b, t->values, t->n_rows);
}

/* --- open and sparse keys: only cells whose noised count of units reaches the threshold ------------- */

static const struct sy_run_column *open_column(const struct release_table *t,
                                               const struct sy_type *type)
{
    const struct warden_release *r = t->release;
    for (size_t i = 0; i < r->n_columns; i++) {
        if (r->columns[i].scan == type->scan && type->field != NULL &&
            sy_view_eq(r->columns[i].field, type->field->name)) {
            return &r->columns[i];
        }
    }
    return NULL;
}

sy_status warden_release_label(const struct release_table *t, size_t k, uint64_t position,
                               struct sy_view *ret, struct sy_error *err)
{
    if (!t->facts->keys[k].open) {
        const struct sy_plan_key *key = &t->block->keys[k];
        *ret = key_text(key, position);
        return position < t->facts->keys[k].n_cells ? SY_OK : bad(err, "key");
    }
    const struct sy_run_column *column = open_column(t, &t->key_types[k]);
    if (column == NULL || position > column->n_dict) {
        return bad(err, "key");
    }
    *ret = position < column->n_dict ? column->dict[position] : (struct sy_view){0};
    return ret->n <= RULES_LABEL_BYTES_MAX ? SY_OK : bad(err, "label");
}

/* The canonical bytes of a cell's labels: what its noise depends on. */
static sy_status open_key_bytes(const struct release_table *t, const struct sy_run_cell *cell,
                                struct sy_view *ret, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    SY_TRY(sy_mp_put_array(&b, t->facts->n_keys));
    for (size_t k = 0; k < t->facts->n_keys; k++) {
        struct sy_view label;
        SY_TRY(warden_release_label(t, k, cell->key[k], &label, err));
        /* nil for NULL: no label that someone wrote into a table can pass for it */
        SY_TRY(label.p == NULL ? sy_mp_put_nil(&b) : sy_mp_put_str(&b, label));
    }
    *ret = sy_arena_copy(t->arena, sy_buf_view(&b));
    return ret->p != NULL ? SY_OK : no_memory(err);
}

static sy_status take_kept(struct release_table *t, const struct mech_open_cell *cells,
                           size_t n_kept, struct sy_error *err)
{
    size_t n = t->facts->n_figures;
    SY_TRY(warden_release_rows(t, n_kept, err));
    for (size_t row = 0; row < n_kept; row++) {
        struct sy_mp_doc doc;
        SY_TRY(sy_mp_open(cells[row].key, &SY_MP_LARGE, &doc, err));
        for (size_t k = 0; k < t->facts->n_keys; k++) {
            struct sy_view label;
            if (!sy_mp_str(&doc.root.via.array.ptr[k], &label)) {
                continue; /* nil: the NULL key */
            }
            t->labels[k][row] = sy_arena_copy(t->arena, label);
        }
        sy_mp_close(&doc);
        memcpy(&t->values[row * n], cells[row].values, n * sizeof(*t->values));
    }
    return SY_OK;
}

static sy_status release_open(struct release_table *t, const struct sy_run_block *in,
                              struct sy_error *err)
{
    struct mech_open_cell *cells = sy_arena_alloc(t->arena, in->n_cells + 1, sizeof(*cells));
    if (cells == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < in->n_cells; i++) {
        SY_TRY(warden_release_check_cell(t, &in->cells[i], err));
        SY_TRY(open_key_bytes(t, &in->cells[i], &cells[i].key, err));
        cells[i].n_units = (int64_t)in->cells[i].units;
        cells[i].values = in->cells[i].figures;
    }
    size_t n_kept = in->n_cells;
    if (t->noise != NULL) {
        struct mech_block b = mech_block_of(t);
        struct mech_open_rule rule = {.count = {t->noise[0].kind, t->facts->units_noise},
                                      .tau = t->facts->tau};
        SY_TRY(mech_release_open(&b, &rule, cells, in->n_cells, &n_kept));
    }
    if (n_kept > t->facts->n_cells) {
        n_kept = t->facts->n_cells; /* a cap of the pack, applied to released keys in key order */
    }
    return take_kept(t, cells, n_kept, err);
}

/* --- a block ------------------------------------------------------------------------------------------ */

/* Cells that were noised elsewhere, or fell under the threshold, left their exact figures here. */
static void wipe_cells(const struct sy_run_block *in)
{
    for (size_t i = 0; i < in->n_cells; i++) {
        if (in->cells[i].n_figures > 0) {
            sodium_memzero(in->cells[i].figures, in->cells[i].n_figures * sizeof(int64_t));
        }
    }
}

sy_status warden_release_cells(struct release_table *t, const struct sy_run_block *in,
                               struct sy_error *err)
{
    if (t->facts->cellkey) {
        return warden_release_cellkey(t, in, err);
    }
    if (t->facts->subject) {
        return warden_release_subject(t, in, err);
    }
    SY_TRY(set_noise(t, err));
    SY_TRY(t->facts->open ? release_open(t, in, err) : release_declared(t, in, err));
    wipe_cells(in);
    return SY_OK;
}
