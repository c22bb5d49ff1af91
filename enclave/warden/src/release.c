/*
 * What: the release of one run. Invariants: exact figures live only in `table.values` until noise has
 * been added in place; which cells are there depends on the plan (declared keys) or on noised counts
 * (open keys), never on what the worker chose to send; all arithmetic after the noise is
 * post-processing of released figures.
 */
#include "warden/release.h"

#include <string.h>

#include "base/arith.h"
#include "mechanisms/calibrate.h"
#include "mechanisms/release.h"
#include "wire/plan_type.h"

struct table {
    const struct sy_plan_block *block;
    const struct rules_block_facts *facts;
    const struct warden_release *release;
    struct sy_arena *arena;
    struct sy_view **labels; /* [key][row]: text of the key in that row */
    int64_t *values;         /* rows x figures, row-major */
    size_t n_rows;
    struct mech_figure *noise; /* per figure; NULL when exact */
};

static sy_status bad(struct sy_error *err, const char *what)
{
    return sy_fail(err, SY_E_FIELD, "result", "the worker's result does not fit the plan: %s",
                   what);
}

static sy_status no_memory(struct sy_error *err)
{
    return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

/* BOUNDARY: ranges and counts are fixed by the plan; the worker's word is held against them. */
static sy_status check_cell(const struct table *t, const struct sy_run_cell *cell,
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

static sy_status set_noise(struct table *t, struct sy_error *err)
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

static struct mech_block mech_block_of(const struct table *t, size_t ordinal)
{
    return (struct mech_block){.seed = t->release->seed,
                               .block = (uint32_t)ordinal,
                               .figures = t->noise,
                               .n_figures = t->facts->n_figures};
}

/* --- declared keys: every cell, in mixed-radix order ---------------------------------------------- */

static struct sy_view key_text(const struct sy_plan_key *key, uint64_t position)
{
    return position < key->n_labels ? key->labels[position] : sy_view_str("∅");
}

static sy_status cell_position(const struct table *t, const struct sy_run_cell *cell, size_t *ret,
                               struct sy_error *err)
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

static void fill_labels(struct table *t)
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

static sy_status alloc_rows(struct table *t, size_t n_rows, struct sy_error *err)
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

static sy_status fill_cells(struct table *t, const struct sy_run_block *in, struct sy_error *err)
{
    size_t n = t->facts->n_figures;
    uint8_t *seen = sy_arena_alloc(t->arena, t->n_rows + 1, 1);
    if (seen == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < in->n_cells; i++) {
        size_t at = 0;
        SY_TRY(check_cell(t, &in->cells[i], err));
        SY_TRY(cell_position(t, &in->cells[i], &at, err));
        if (seen[at]) {
            return bad(err, "a cell comes twice");
        }
        seen[at] = 1;
        memcpy(&t->values[at * n], in->cells[i].figures, n * sizeof(*t->values));
    }
    return SY_OK;
}

static sy_status release_declared(struct table *t, const struct sy_run_block *in, size_t ordinal,
                                  struct sy_error *err)
{
    SY_TRY(alloc_rows(t, t->facts->n_cells, err));
    fill_labels(t);
    SY_TRY(fill_cells(t, in, err));
    if (t->noise == NULL) {
        return SY_OK;
    }
    struct mech_block b = mech_block_of(t, ordinal);
    return mech_release_cells(&b, t->values, t->n_rows);
}

/* --- open keys: only cells whose noised count of units reaches the threshold ----------------------- */

static const struct sy_run_column *open_column(const struct table *t, const struct sy_type *type)
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

/* The label of a key's position; {NULL, 0} for NULL. */
static sy_status open_label(const struct table *t, const struct sy_type *types, size_t k,
                            uint64_t position, struct sy_view *ret, struct sy_error *err)
{
    if (!t->facts->keys[k].open) {
        const struct sy_plan_key *key = &t->block->keys[k];
        *ret = position < key->n_labels ? key->labels[position] : (struct sy_view){0};
        return position < t->facts->keys[k].n_cells ? SY_OK : bad(err, "key");
    }
    const struct sy_run_column *column = open_column(t, &types[k]);
    if (column == NULL || position > column->n_dict) {
        return bad(err, "key");
    }
    *ret = position < column->n_dict ? column->dict[position] : (struct sy_view){0};
    return ret->n <= RULES_LABEL_BYTES_MAX ? SY_OK : bad(err, "label");
}

/* The canonical bytes of a cell's labels: what its noise depends on. */
static sy_status open_key_bytes(const struct table *t, const struct sy_type *types,
                                const struct sy_run_cell *cell, struct sy_view *ret,
                                struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    SY_TRY(sy_mp_put_array(&b, t->facts->n_keys));
    for (size_t k = 0; k < t->facts->n_keys; k++) {
        struct sy_view label;
        SY_TRY(open_label(t, types, k, cell->key[k], &label, err));
        /* nil for NULL: no label that someone wrote into a table can pass for it */
        SY_TRY(label.p == NULL ? sy_mp_put_nil(&b) : sy_mp_put_str(&b, label));
    }
    *ret = sy_arena_copy(t->arena, sy_buf_view(&b));
    return ret->p != NULL ? SY_OK : no_memory(err);
}

static sy_status take_kept(struct table *t, const struct mech_open_cell *cells, size_t n_kept,
                           struct sy_error *err)
{
    size_t n = t->facts->n_figures;
    SY_TRY(alloc_rows(t, n_kept, err));
    for (size_t row = 0; row < n_kept; row++) {
        struct sy_mp_doc doc;
        SY_TRY(sy_mp_open(cells[row].key, &SY_MP_LARGE, &doc, err));
        for (size_t k = 0; k < t->facts->n_keys; k++) {
            struct sy_view label = sy_view_str("∅");
            (void)sy_mp_str(&doc.root.via.array.ptr[k], &label);
            t->labels[k][row] = sy_arena_copy(t->arena, label);
        }
        sy_mp_close(&doc);
        memcpy(&t->values[row * n], cells[row].values, n * sizeof(*t->values));
    }
    return SY_OK;
}

static sy_status release_open(struct table *t, const struct sy_run_block *in, size_t ordinal,
                              const struct sy_type *types, struct sy_error *err)
{
    struct mech_open_cell *cells = sy_arena_alloc(t->arena, in->n_cells + 1, sizeof(*cells));
    if (cells == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < in->n_cells; i++) {
        SY_TRY(check_cell(t, &in->cells[i], err));
        SY_TRY(open_key_bytes(t, types, &in->cells[i], &cells[i].key, err));
        cells[i].n_units = (int64_t)in->cells[i].units;
        cells[i].values = in->cells[i].figures;
    }
    size_t n_kept = in->n_cells;
    if (t->noise != NULL) {
        struct mech_block b = mech_block_of(t, ordinal);
        struct mech_open_rule rule = {.count = {t->noise[0].kind, t->facts->units_noise},
                                      .tau = t->facts->tau};
        SY_TRY(mech_release_open(&b, &rule, cells, in->n_cells, &n_kept));
    }
    if (n_kept > t->facts->n_cells) {
        n_kept = t->facts->n_cells; /* a cap of the pack, applied to released keys in key order */
    }
    return take_kept(t, cells, n_kept, err);
}

/* --- columns of the answer -------------------------------------------------------------------------- */

static sy_status alloc_figures(struct table *t, struct sy_answer_column *out, struct sy_error *err)
{
    int64_t **lists[] = {&out->values, &out->lo, &out->hi};
    size_t *counts[] = {&out->n_values, &out->n_lo, &out->n_hi};
    for (size_t i = 0; i < 3; i++) {
        *lists[i] = sy_arena_alloc(t->arena, t->n_rows + 1, sizeof(int64_t));
        if (*lists[i] == NULL) {
            return no_memory(err);
        }
        *counts[i] = t->n_rows;
    }
    return SY_OK;
}

static int64_t saturate(sy_i128 v)
{
    return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

static uint64_t half_width(const struct table *t, size_t figure, enum mech_level level)
{
    uint64_t w = 0;
    if (t->noise != NULL &&
        !sy_ok(mech_half_width(t->noise[figure].kind, t->noise[figure].scale, level, &w))) {
        return UINT64_C(1) << 62; /* never narrower than the truth */
    }
    return w;
}

static sy_status key_column(struct table *t, const struct sy_plan_out *o,
                            struct sy_answer_column *out, struct sy_error *err)
{
    (void)err;
    out->kind = sy_view_str("key");
    out->texts = t->labels[o->a];
    out->n_texts = t->n_rows;
    return SY_OK;
}

static sy_status figure_column(struct table *t, const struct sy_plan_out *o,
                               struct sy_answer_column *out, struct sy_error *err)
{
    out->kind = sy_view_str("figure");
    out->mechanism = t->block->mechanism;
    out->noise = t->noise == NULL ? 0 : t->noise[o->a].scale;
    out->scale = t->facts->figures[o->a].scale;
    SY_TRY(alloc_figures(t, out, err));
    sy_i128 w = (sy_i128)half_width(t, o->a, MECH_LEVEL_950);
    for (size_t row = 0; row < t->n_rows; row++) {
        int64_t v = t->values[row * t->facts->n_figures + o->a];
        out->values[row] = v;
        out->lo[row] = saturate((sy_i128)v - w);
        out->hi[row] = saturate((sy_i128)v + w);
    }
    return SY_OK;
}

struct span {
    sy_i128 lo, hi;
};

static sy_i128 clamp128(sy_i128 v, sy_i128 lo, sy_i128 hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static sy_i128 floor_div(sy_i128 a, sy_i128 b) /* b > 0 */
{
    return a / b - (a % b != 0 && a < 0);
}

static sy_i128 ceil_div(sy_i128 a, sy_i128 b)
{
    return -floor_div(-a, b);
}

static sy_i128 round_div(sy_i128 a, sy_i128 b)
{
    return floor_div(2 * a + b, 2 * b);
}

/* All quotients of a box with a positive divisor lie between those of its corners. */
static struct span quotient_span(struct span a, struct span b)
{
    sy_i128 low = a.lo < 0 ? floor_div(a.lo, b.lo) : floor_div(a.lo, b.hi);
    sy_i128 high = a.hi < 0 ? ceil_div(a.hi, b.hi) : ceil_div(a.hi, b.lo);
    return (struct span){low, high};
}

struct ratio {
    sy_i128 factor; /* 10^(out scale - numerator's scale + denominator's scale) */
    sy_i128 wa, wb; /* half widths at 97.5 %: both hold together at 95 % (Bonferroni) */
    const struct sy_plan_out *out;
};

static bool ratio_row(const struct ratio *r, int64_t a, int64_t b, struct sy_answer_column *out,
                      size_t row)
{
    sy_i128 lo = r->out->lo, hi = r->out->hi;
    struct span all = {lo, hi};
    if ((sy_i128)b - r->wb > 0) {
        struct span num = {((sy_i128)a - r->wa) * r->factor, ((sy_i128)a + r->wa) * r->factor};
        struct span den = {(sy_i128)b - r->wb, (sy_i128)b + r->wb};
        struct span q = quotient_span(num, den);
        all = (struct span){clamp128(q.lo, lo, hi), clamp128(q.hi, lo, hi)};
    }
    out->lo[row] = (int64_t)all.lo;
    out->hi[row] = (int64_t)all.hi;
    if (b <= 0) {
        return false;
    }
    out->values[row] = (int64_t)clamp128(round_div((sy_i128)a * r->factor, b), lo, hi);
    return true;
}

static sy_i128 power10(uint64_t n)
{
    sy_i128 p = 1;
    for (uint64_t i = 0; i < n; i++) {
        p *= 10;
    }
    return p;
}

static sy_status ratio_column(struct table *t, const struct sy_plan_out *o,
                              struct sy_answer_column *out, struct sy_error *err)
{
    const struct rules_figure_facts *f = t->facts->figures;
    size_t n = t->facts->n_figures;
    out->kind = sy_view_str("figure");
    out->mechanism = t->block->mechanism;
    out->scale = o->scale;
    if (o->scale + f[o->b].scale < f[o->a].scale) {
        return bad(err, "scale");
    }
    struct ratio r = {.factor = power10(o->scale + f[o->b].scale - f[o->a].scale),
                      .wa = (sy_i128)half_width(t, o->a, MECH_LEVEL_975),
                      .wb = (sy_i128)half_width(t, o->b, MECH_LEVEL_975),
                      .out = o};
    SY_TRY(alloc_figures(t, out, err));
    out->withheld = sy_arena_alloc(t->arena, t->n_rows + 1, sizeof(*out->withheld));
    if (out->withheld == NULL) {
        return no_memory(err);
    }
    for (size_t row = 0; row < t->n_rows; row++) {
        if (!ratio_row(&r, t->values[row * n + o->a], t->values[row * n + o->b], out, row)) {
            out->withheld[out->n_withheld++] = row;
        }
    }
    return SY_OK;
}

typedef sy_status column_fn(struct table *t, const struct sy_plan_out *o,
                            struct sy_answer_column *out, struct sy_error *err);

static const struct {
    const char *op;
    column_fn *make;
} columns[] = {{"key", key_column}, {"figure", figure_column}, {"ratio", ratio_column}};

static sy_status answer_column(struct table *t, const struct sy_plan_out *o,
                               struct sy_answer_column *out, struct sy_error *err)
{
    out->name = o->name;
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        if (sy_view_is(o->op, columns[i].op)) {
            return columns[i].make(t, o, out, err);
        }
    }
    return bad(err, "output");
}

static sy_status release_block(struct table *t, const struct sy_type *types, struct sy_error *err)
{
    const struct sy_run_block *in = &t->release->result->blocks[0];
    SY_TRY(set_noise(t, err));
    return t->facts->open ? release_open(t, in, 0, types, err) : release_declared(t, in, 0, err);
}

sy_status warden_release(const struct warden_release *c, struct sy_arena *arena,
                         struct sy_answer *ret, struct sy_error *reterr)
{
    const struct sy_plan *plan = &c->model->plan;
    const struct rules_defs *defs = &c->model->grant.defs;
    struct sy_plan_types types;
    if (!c->result->ok || plan->n_blocks != 1 || c->result->n_blocks != 1) {
        return bad(reterr, "blocks");
    }
    SY_TRY(sy_plan_type(plan, defs->defs, defs->n, arena, &types, reterr));
    struct table t = {.block = &plan->blocks[0],
                      .facts = &c->model->facts.blocks[0],
                      .release = c,
                      .arena = arena};
    SY_TRY(release_block(&t, types.blocks[0].keys, reterr));
    struct sy_answer_column *out = sy_arena_alloc(arena, plan->n_outs + 1, sizeof(*out));
    if (out == NULL) {
        return no_memory(reterr);
    }
    for (size_t i = 0; i < plan->n_outs; i++) {
        SY_TRY(answer_column(&t, &plan->outs[i], &out[i], reterr));
    }
    ret->columns = out;
    ret->n_columns = plan->n_outs;
    ret->rows = t.n_rows;
    return SY_OK;
}
