/*
 * Withholding of the cell-key method. Overflow: figures and contributions are below 2^62 and a permille
 * at most 2^64, so products and sums of two stay within 128 bits.
 */
#include "wire/cellkey.h"

#include "base/arith.h"
#include "base/weak.h"
#include "wire/pack.h"

enum { PERMILLE = 1000 };

struct sy_run_cellkey sy_cellkey_rules(const struct sy_pack_cellkey *pack)
{
    return (struct sy_run_cellkey){.nk_n = pack->nk_n,
                                   .nk_permille = pack->nk_permille,
                                   .p_permille = pack->p_permille,
                                   .protect = pack->protect,
                                   .units_min = pack->units_min};
}

/* --- tables --------------------------------------------------------------------------------------------- */

bool sy_cellkey_shape(const struct sy_plan_block *b, struct sy_cellkey_table *t)
{
    uint64_t n_cells = 1;
    t->block = b;
    t->n_keys = 0;
    for (size_t k = 0; k < b->n_keys; k++) {
        uint64_t cells = b->keys[k].n_labels + (b->keys[k].nullable ? 1 : 0);
        if (!sy_mul_u64(n_cells, cells, &n_cells) || n_cells > SY_PLAN_CELLS_MAX) {
            return false;
        }
        if (cells > 1) { /* so there are no more than 16 */
            t->cells[t->n_keys++] = cells;
        }
    }
    uint64_t stride = 1;
    for (size_t k = t->n_keys; k-- > 0;) {
        t->strides[k] = stride;
        stride *= t->cells[k];
    }
    t->n_cells = (size_t)n_cells;
    uint64_t work;
    return sy_mul_u64(n_cells << t->n_keys, b->n_figures + 1, &work) && work <= SY_CELLKEY_WORK_MAX;
}

sy_status sy_cellkey_table_new(const struct sy_plan_block *b, const struct sy_run_cellkey *rules,
                               struct sy_arena *arena, struct sy_cellkey_table *ret)
{
    *ret = (struct sy_cellkey_table){.rules = rules};
    if (!sy_cellkey_shape(b, ret)) {
        return sy_status_of(SY_E_FIELD);
    }
    size_t n = ret->n_cells * b->n_figures;
    ret->units = sy_arena_alloc(arena, ret->n_cells + 1, sizeof(*ret->units));
    ret->values = sy_arena_alloc(arena, n + 1, sizeof(*ret->values));
    ret->tops = sy_arena_alloc(arena, 2 * n + 1, sizeof(*ret->tops));
    bool made = ret->units != NULL && ret->values != NULL && ret->tops != NULL;
    return made ? SY_OK : sy_status_of(SY_E_NO_MEMORY);
}

bool sy_cellkey_put(struct sy_cellkey_table *t, const struct sy_run_cell *cell, size_t *ret)
{
    const struct sy_plan_block *b = t->block;
    size_t at = 0;
    size_t n = b->n_figures;
    bool ok = cell->n_key == b->n_keys && cell->n_figures == n && cell->n_tops == 2 * n;
    for (size_t k = 0; ok && k < b->n_keys; k++) {
        uint64_t cells = b->keys[k].n_labels + (b->keys[k].nullable ? 1 : 0);
        ok = cell->key[k] < cells;
        at = at * cells + (ok ? cell->key[k] : 0);
    }
    if (!ok || t->units[at] != 0) {
        return false;
    }
    t->units[at] = cell->units;
    for (size_t i = 0; i < n; i++) {
        t->values[at * n + i] = cell->figures[i];
        t->tops[2 * (at * n + i)] = cell->tops[2 * i];
        t->tops[2 * (at * n + i) + 1] = cell->tops[2 * i + 1];
    }
    *ret = at;
    return true;
}

/* --- primary -------------------------------------------------------------------------------------------- */

bool sy_cellkey_dominated(const struct sy_run_cellkey *rules, int64_t value, const int64_t top[2])
{
    if (sy_weak(SY_WEAK_NO_DOMINANCE)) {
        return false;
    }
    sy_i128 largest = (sy_i128)top[0] + (rules->nk_n > 1 ? top[1] : 0);
    sy_i128 rest = (sy_i128)value - top[0] - top[1];
    bool nk = rules->nk_n > 0 && largest * PERMILLE > (sy_i128)rules->nk_permille * value;
    bool p = rest * PERMILLE < (sy_i128)rules->p_permille * top[0];
    return nk || p || value == 0;
}

static bool is_units(const struct sy_plan_figure *f)
{
    return sy_view_is(f->fn, "units");
}

bool sy_cellkey_primary(const struct sy_cellkey_table *t, size_t cell)
{
    if (t->units[cell] == 0) {
        return false;
    }
    bool hidden = t->units[cell] < t->rules->units_min && !sy_weak(SY_WEAK_NO_MIN_UNITS);
    for (size_t f = 0; !hidden && f < t->block->n_figures; f++) {
        size_t at = cell * t->block->n_figures + f;
        hidden = !is_units(&t->block->figures[f]) &&
                 sy_cellkey_dominated(t->rules, t->values[at], &t->tops[2 * at]);
    }
    return hidden;
}

bool sy_cellkey_hidden(const struct sy_cellkey_table *t, size_t cell)
{
    bool empty = t->units[cell] == 0 && !sy_weak(SY_WEAK_NO_MIN_UNITS);
    return empty || sy_cellkey_primary(t, cell);
}

/* --- boxes ---------------------------------------------------------------------------------------------- */

static uint64_t position(const struct sy_cellkey_table *t, uint64_t cell, size_t key)
{
    return cell / t->strides[key] % t->cells[key];
}

bool sy_cellkey_box(const struct sy_cellkey_table *t, uint64_t p, uint64_t q,
                    struct sy_cellkey_box *ret)
{
    bool differs = t->n_keys > 0 && p < t->n_cells && q < t->n_cells;
    *ret = (struct sy_cellkey_box){.p = (size_t)p, .n_keys = t->n_keys};
    for (size_t k = 0; differs && k < t->n_keys; k++) {
        int64_t positions = (int64_t)position(t, q, k) - (int64_t)position(t, p, k);
        ret->steps[k] = positions * (int64_t)t->strides[k];
        differs = positions != 0;
    }
    return differs;
}

size_t sy_cellkey_corner(const struct sy_cellkey_box *box, size_t i)
{
    int64_t cell = (int64_t)box->p;
    for (size_t bits = i; bits != 0; bits &= bits - 1) {
        cell += box->steps[__builtin_ctzll(bits)];
    }
    return (size_t)cell;
}

/* How wide the interval for a sum of p must be: the p% rule's share of the largest contribution, or what
 * the largest ones leave to others by the (n,k) rule when there is no p% rule. */
static sy_i128 width_wanted(const struct sy_run_cellkey *r, int64_t top)
{
    uint64_t left = r->nk_n > 0 && r->nk_permille < PERMILLE ? PERMILLE - r->nk_permille : 0;
    uint64_t permille = r->p_permille > 0 ? r->p_permille : left;
    sy_i128 width = ((sy_i128)top * permille + PERMILLE - 1) / PERMILLE;
    return width < 1 ? 1 : width;
}

/* The least of the even corners and the least of the odd ones, together, of one figure (SIZE_MAX: units). */
static sy_i128 room(const struct sy_cellkey_table *t, const struct sy_cellkey_box *box,
                    size_t figure)
{
    sy_i128 least[2] = {-1, -1};
    for (size_t i = 0; i < (size_t)1 << box->n_keys; i++) {
        size_t c = sy_cellkey_corner(box, i);
        sy_i128 v =
            figure == SIZE_MAX ? (sy_i128)t->units[c] : t->values[c * t->block->n_figures + figure];
        sy_i128 *of = &least[__builtin_popcountll(i) & 1];
        *of = *of < 0 || v < *of ? v : *of;
    }
    return least[0] + least[1];
}

bool sy_cellkey_protects(const struct sy_cellkey_table *t, const struct sy_cellkey_box *box)
{
    bool ok = room(t, box, SIZE_MAX) >= (sy_i128)t->rules->protect;
    for (size_t f = 0; ok && f < t->block->n_figures; f++) {
        size_t at = box->p * t->block->n_figures + f;
        ok = is_units(&t->block->figures[f]) ||
             room(t, box, f) >= width_wanted(t->rules, t->tops[2 * at]);
    }
    return ok;
}
