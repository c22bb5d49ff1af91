/*
 * What a checked plan costs and how large anything it makes can be: noise scales and thresholds by
 * the accountant, the range of each bounded figure (the warden compares the worker's cells with
 * it), the slot and caps of the size class, the length of the answer. All of it is fixed before the
 * run by plan, catalogue and pack, which is why none of it can tell about data.
 */
#include "plan_internal.h"

enum {
    ROW_BYTES = 4 * 9,  /* value, lo, hi, withheld position of one figure */
    COLUMN_BYTES = 384, /* keys, kind, mechanism, noise, scale, list headers */
    SOURCE_BYTES = 160, /* a data_ref: identifier, header, version */
    ANSWER_BYTES = 512, /* the rest of an answer */
    PARAM_BYTES = 32,   /* a run_param beside its texts */
    ANSWER_MAX = 32 << 20
};

static sy_status too_large(struct plan_work *w, const char *field)
{
    return sy_fail(w->err, SY_E_LIMIT, field, "it could leave the range of 62 bits");
}

/* a x b x c when it stays below 2^62. */
static bool product(uint64_t a, uint64_t b, uint64_t c, uint64_t *ret)
{
    uint64_t r;
    if (!sy_mul_u64(a, b, &r) || !sy_mul_u64(r, c, &r) || r >= (uint64_t)SY_PLAN_VALUE_MAX) {
        return false;
    }
    *ret = r;
    return true;
}

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? (uint64_t)0 - (uint64_t)v : (uint64_t)v;
}

/* ---- one figure ---- */

/* What one row may count for, downwards and upwards. */
static void row_range(const struct sy_plan_figure *f, uint64_t *ret_down, uint64_t *ret_up)
{
    bool sum = sy_view_is(f->fn, "sum");
    *ret_down = sum && f->lo < 0 ? magnitude(f->lo) : 0;
    *ret_up = !sum ? 1 : f->hi > 0 ? magnitude(f->hi) : 0;
}

/* Range of the whole cell: as many units as there can be, each with all it may contribute. */
static sy_status cell_range(struct plan_work *w, const struct sy_plan_block *b,
                            const struct sy_plan_figure *f, struct rules_figure_facts *ret)
{
    bool units = sy_view_is(f->fn, "units");
    bool protected = b->ns.n > 0;
    uint64_t n_units = protected ? w->units[b->rel].units_max : 1;
    uint64_t rows = units ? 1 : protected ? b->rows : w->types.rels[b->rel].rows;
    uint64_t down;
    uint64_t up;
    row_range(f, &down, &up);
    if (!product(n_units, rows, down, &down) || !product(n_units, rows, up, &up)) {
        return too_large(w, "blocks[0].f");
    }
    ret->lo = -(int64_t)down;
    ret->hi = (int64_t)up;
    return SY_OK;
}

static sy_status one_figure(struct plan_work *w, const struct sy_plan_block *b, size_t j,
                            struct rules_block_facts *k)
{
    const struct sy_plan_figure *f = &b->figures[j];
    struct rules_figure_facts *ret = &k->figures[j];
    bool sum = sy_view_is(f->fn, "sum");
    uint64_t worst;
    ret->reach =
        (struct rules_reach){.groups = b->groups,
                             .rows = sy_view_is(f->fn, "units") ? 1 : b->rows,
                             .bound = sum ? sy_max_u64(magnitude(f->lo), magnitude(f->hi)) : 1};
    ret->scale = (uint32_t)f->scale;
    ret->grade = w->types.blocks[0].figures[j].grade;
    SY_TRY(cell_range(w, b, f, ret));
    if (k->kind == RULES_NOISE_NONE) {
        return SY_OK;
    }
    if (!product(w->units[b->rel].units_max, ret->reach.rows, ret->reach.bound, &worst)) {
        return too_large(w, "blocks[0].f");
    }
    ret->rho = rules_rho_share(b->rho, b->n_figures, k->open);
    return rules_noise_scale(k->kind, &ret->reach, ret->rho, &ret->noise, w->err);
}

/* ---- the block ---- */

static sy_status threshold(struct plan_work *w, const struct sy_plan_block *b,
                           struct rules_block_facts *k)
{
    struct rules_reach one = {.groups = b->groups, .rows = 1, .bound = 1};
    uint64_t share = rules_rho_share(b->rho, b->n_figures, true);
    SY_TRY(rules_noise_scale(k->kind, &one, share, &k->units_noise, w->err));
    return rules_tau(k->kind, k->units_noise, b->groups, b->delta, &k->tau, w->err);
}

static void key_facts(const struct sy_plan_block *b, struct rules_block_facts *k)
{
    for (size_t i = 0; i < b->n_keys; i++) {
        const struct sy_plan_key *key = &b->keys[i];
        k->keys[i].open = key->open;
        k->keys[i].n_cells = key->open ? 0 : key->n_labels + (key->nullable ? 1 : 0);
    }
}

static sy_status one_block(struct plan_work *w, struct rules_block_facts *k)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[0];
    const struct sy_block_types *t = &w->types.blocks[0];
    k->ns = b->ns;
    k->kind = plan_noise(b->mechanism);
    k->open = t->open;
    k->n_cells = t->open ? w->c->pack->cells_max : t->n_cells;
    k->units_max = b->ns.n > 0 ? w->units[b->rel].units_max : 0;
    k->rho = b->rho;
    k->delta = b->delta;
    k->grade = sy_max_u64(t->grade, 1);
    k->n_keys = b->n_keys;
    k->n_figures = b->n_figures;
    k->keys = sy_arena_alloc(w->arena, b->n_keys + 1, sizeof(*k->keys));
    k->figures = sy_arena_alloc(w->arena, b->n_figures + 1, sizeof(*k->figures));
    if (k->keys == NULL || k->figures == NULL) {
        return sy_fail(w->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    key_facts(b, k);
    for (size_t j = 0; j < b->n_figures; j++) {
        SY_TRY(one_figure(w, b, j, k));
    }
    return k->open && k->kind != RULES_NOISE_NONE ? threshold(w, b, k) : SY_OK;
}

/* ---- slot and lengths ---- */

static sy_status size_class(struct plan_work *w, struct rules_plan_facts *ret)
{
    const struct sy_plan *plan = w->c->plan;
    const struct sy_pack *pack = w->c->pack;
    for (size_t i = 0; i < plan->n_rels; i++) {
        const struct sy_dataset_def *d = w->types.rels[i].def;
        ret->rows_max = d == NULL ? ret->rows_max : sy_max_u64(ret->rows_max, d->max_rows);
    }
    size_t at = 0;
    while (at < pack->n_sizes && pack->sizes[at].max_rows < ret->rows_max) {
        at++;
    }
    if (at == pack->n_sizes) {
        return sy_fail(w->err, SY_E_LIMIT, "rels", "a dataset is larger than every size class");
    }
    ret->size_class = at;
    ret->size = pack->sizes[at];
    bool named = plan->size_class != 0 || plan->slot_ms != 0;
    if (named && (plan->size_class != at || plan->slot_ms != ret->size.slot_ms)) {
        return sy_fail(w->err, SY_E_PLAN, "sc", "size class and slot are the pack's to say");
    }
    return SY_OK;
}

/* Bytes of the longest text of a key column. */
static uint64_t label_bytes(const struct sy_plan_key *key)
{
    uint64_t longest = key->open ? RULES_LABEL_BYTES_MAX : 8; /* the NULL mark */
    for (size_t i = 0; i < key->n_labels; i++) {
        longest = sy_max_u64(longest, key->labels[i].n);
    }
    return longest + 5;
}

/* What an entry of a run's request holds because of the plan: data versions, the parameters' values. */
static uint64_t logged_bytes(const struct sy_plan *plan)
{
    uint64_t bytes = plan->n_sources * (uint64_t)SOURCE_BYTES;
    for (size_t i = 0; i < plan->n_params; i++) {
        const struct sy_plan_param *p = &plan->params[i];
        uint64_t longest = 0;
        for (size_t k = 0; k < p->n_values; k++) {
            longest = sy_max_u64(longest, p->values[k].n);
        }
        bytes += PARAM_BYTES + p->name.n + longest;
    }
    return bytes;
}

/* Rounded up to the block that replies are padded to. */
static size_t blocks_up(uint64_t bytes)
{
    const uint64_t block = SY_REPLY_BLOCK;
    return (size_t)((bytes + block - 1) / block * block);
}

static sy_status lengths(struct plan_work *w, struct rules_plan_facts *ret)
{
    const struct sy_plan *plan = w->c->plan;
    uint64_t row = 0;
    uint64_t fixed = ANSWER_BYTES + plan->n_sources * (uint64_t)SOURCE_BYTES;
    for (size_t i = 0; i < plan->n_outs; i++) {
        const struct sy_plan_out *o = &plan->outs[i];
        bool key = sy_view_is(o->op, "key");
        row += key ? label_bytes(&plan->blocks[0].keys[o->a]) : ROW_BYTES;
        fixed += COLUMN_BYTES + o->name.n;
    }
    uint64_t bytes;
    if (!sy_mul_u64(row, ret->cells_max, &bytes) || !sy_add_u64(bytes, fixed, &bytes) ||
        bytes > ANSWER_MAX) {
        return sy_fail(w->err, SY_E_LIMIT, "outs", "the answer would be too large");
    }
    ret->answer_bytes = blocks_up(bytes);
    /* Twice: an answer given again comes with the charge and with the request's own entry. */
    ret->reply_bytes = blocks_up(ret->answer_bytes + RULES_PROOF_BYTES + 2 * logged_bytes(plan));
    return SY_OK;
}

sy_status plan_cost(struct plan_work *w, struct rules_plan_facts *ret)
{
    ret->n_blocks = 1;
    ret->blocks = sy_arena_alloc(w->arena, 1, sizeof(*ret->blocks));
    if (ret->blocks == NULL) {
        return sy_fail(w->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(one_block(w, &ret->blocks[0]));
    SY_TRY(size_class(w, ret));
    ret->ns = ret->blocks[0].ns;
    ret->rho = ret->blocks[0].rho;
    ret->delta = ret->blocks[0].delta;
    ret->grade = ret->blocks[0].grade;
    ret->cells_max = ret->blocks[0].n_cells;
    return lengths(w, ret);
}
