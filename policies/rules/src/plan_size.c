/*
 * How large everything that a checked plan makes can be: the slot and caps of its size class, the
 * post stage, the length of the answer. Fixed before the run, so that neither time nor
 * length can tell about data.
 */
#include "plan_internal.h"
#include "wire/post_shape.h"

enum {
    ROW_BYTES = 4 * 9,  /* value, lo, hi, withheld position of one figure */
    COLUMN_BYTES = 384, /* keys, kind, mechanism, noise, scale, list headers */
    SOURCE_BYTES = 160, /* a data_ref: identifier, header, version */
    SPEND_BYTES = 224,  /* a spend: namespace, seven numbers */
    ANSWER_BYTES = 512, /* the rest of an answer */
    PARAM_BYTES = 32,   /* a run_param beside its texts */
    TOKEN_BYTES = 1024, /* a consent token, its signature, what the secret opened */
    CELL_VALUES = 8, /* msgpack values of a cell of a worker's result beside its keys and figures */
    RESULT_VALUES =
        (1 << 23) - 4096, /* that a message may have (SY_MP_LARGE), a few for the rest */
    NULL_BYTES = 8,       /* the NULL mark */
    TEXT_BYTES = 5,       /* the header of a text */
    ANSWER_MAX = 32 << 20
};

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

/* ---- work ---- */

static bool is_protected(const struct plan_work *w, uint64_t rel)
{
    return w->units[rel].is_protected;
}

static uint64_t times(uint64_t a, uint64_t b)
{
    uint64_t r;
    return sy_mul_u64(a, b, &r) ? r : UINT64_MAX;
}

/* Rows of relation i that one protected row can become by meeting public ones. */
static uint64_t fan_of(const struct plan_work *w, size_t i, const uint64_t *fan)
{
    const struct sy_plan_rel *r = &w->c->plan->rels[i];
    uint64_t most = 1;
    for (size_t k = 0; k < r->n_in; k++) {
        most = sy_max_u64(most, fan[r->in[k]]);
    }
    if (!sy_view_is(r->op, "join")) {
        return most;
    }
    bool left = is_protected(w, r->in[0]);
    if (left == is_protected(w, r->in[1])) {
        return left ? times(fan[r->in[0]], fan[r->in[1]]) : 1;
    }
    uint64_t own = sy_max_u64(w->types.rels[r->in[left ? 0 : 1]].rows, 1);
    return times(most, (w->types.rels[i].rows - 1) / own + 1);
}

/* A row that a public range join multiplies without end would be seen in the time of the run. */
static sy_status fan_check(struct plan_work *w)
{
    const struct sy_plan *plan = w->c->plan;
    uint64_t *fan = sy_arena_alloc(w->arena, plan->n_rels + 1, sizeof(*fan));
    if (fan == NULL) {
        return sy_fail(w->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < plan->n_rels; i++) {
        fan[i] = fan_of(w, i, fan);
        if (fan[i] > RULES_FAN_MAX) {
            return sy_fail(w->err, SY_E_LIMIT, check_path(w, "rels", i, "k"),
                           "one protected row could meet %llu public ones, at most %d; join public "
                           "tables by their key, or filter them first",
                           (unsigned long long)fan[i], RULES_FAN_MAX);
        }
    }
    return SY_OK;
}

/* Cells that can occur in a block's data, whatever the data: each unit has at most `groups`. */
static uint64_t cells_of(const struct plan_work *w, size_t i)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[i];
    const struct sy_block_types *t = &w->types.blocks[i];
    bool undeclared = false;
    for (size_t k = 0; k < b->n_keys; k++) {
        undeclared = undeclared || b->keys[k].open;
    }
    uint64_t rows = w->types.rels[b->rel].rows;
    uint64_t occur = w->tracks[i] == NULL ? rows : times(w->tracks[i]->units_max, b->groups);
    return undeclared ? sy_min_u64(occur, rows) : sy_min_u64(t->n_cells, sy_min_u64(occur, rows));
}

/* Were the worker's result cut off at some number of cells, one row more or less could decide whether
 * there is an answer: so it must have room for all that can occur. */
static sy_status cells_fit(struct plan_work *w, struct rules_plan_facts *ret)
{
    const struct sy_plan *plan = w->c->plan;
    uint64_t values = 0;
    for (size_t i = 0; i < plan->n_blocks; i++) {
        const struct sy_plan_block *b = &plan->blocks[i];
        uint64_t cells = w->types.blocks[i].open ? cells_of(w, i) : w->types.blocks[i].n_cells;
        bool fits =
            sy_add_u64(values, times(cells, CELL_VALUES + b->n_keys + b->n_figures), &values) &&
            values <= RESULT_VALUES;
        if (!fits) {
            return sy_fail(w->err, SY_E_LIMIT, check_path(w, "blocks", i, "g"),
                           "%llu cells could occur, more than a result carries; lower groups, or "
                           "use keys of fewer values",
                           (unsigned long long)cells);
        }
        ret->worker_cells = sy_max_u64(ret->worker_cells, cells);
    }
    return SY_OK;
}

/* ---- the post stage ---- */

static sy_status post_check(struct plan_work *w, struct rules_plan_facts *ret)
{
    const struct sy_plan *plan = w->c->plan;
    if (plan->n_post == 0) {
        ret->rows_out = ret->blocks[0].subject ? 1 : ret->blocks[0].n_cells;
        return SY_OK;
    }
    SY_TRY(sy_post_type(plan, &w->types, w->arena, &ret->post, w->err));
    ret->shaped = sy_arena_alloc(w->arena, plan->post[0].n_outs + 1, sizeof(*ret->shaped));
    if (ret->shaped == NULL) {
        return sy_fail(w->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(sy_shape_labels(plan, &ret->post, w->arena, ret->shaped, w->err));
    ret->rows_out = ret->post.rels[ret->post.n_rels - 1].rows;
    return SY_OK;
}

/* ---- lengths ---- */

static uint64_t longest_of(const struct sy_view *texts, size_t n, uint64_t longest)
{
    for (size_t i = 0; i < n; i++) {
        longest = sy_max_u64(longest, texts[i].n);
    }
    return longest;
}

/* Bytes of the longest text of a key column. */
static uint64_t key_bytes(const struct sy_plan_key *key)
{
    return longest_of(key->labels, key->n_labels, key->open ? RULES_LABEL_BYTES_MAX : NULL_BYTES);
}

/* Bytes of the longest text that a post stage can show: a label of any key, a parameter's value, a
 * literal of its own. */
static uint64_t post_text_bytes(const struct sy_plan *plan)
{
    uint64_t longest = NULL_BYTES;
    for (size_t i = 0; i < plan->n_blocks; i++) {
        for (size_t k = 0; k < plan->blocks[i].n_keys; k++) {
            longest = sy_max_u64(longest, key_bytes(&plan->blocks[i].keys[k]));
        }
    }
    for (size_t i = 0; i < plan->n_params; i++) {
        longest = longest_of(plan->params[i].values, plan->params[i].n_values, longest);
    }
    for (size_t i = 0; i < plan->post[0].n_rels; i++) {
        const struct sy_plan_rel *r = &plan->post[0].rels[i];
        for (size_t k = 0; k < r->n_exprs; k++) {
            longest = sy_max_u64(longest, r->exprs[k].s.n);
        }
    }
    return longest;
}

/* Bytes of one row of the answer, and of its columns' descriptions. */
static void block_columns(const struct sy_plan *plan, uint64_t *row, uint64_t *fixed)
{
    for (size_t i = 0; i < plan->n_outs; i++) {
        const struct sy_plan_out *o = &plan->outs[i];
        bool key = sy_view_is(o->op, "key");
        *row += key ? key_bytes(&plan->blocks[0].keys[o->a]) + TEXT_BYTES : ROW_BYTES;
        *fixed += COLUMN_BYTES + o->name.n;
    }
}

/* A label, or a number among the keys, is a text; the latter no longer than a figure. */
static void post_columns(const struct sy_plan *plan, const struct rules_plan_facts *f,
                         uint64_t *row, uint64_t *fixed)
{
    const struct sy_post_rel_types *last = &f->post.rels[f->post.n_rels - 1];
    uint64_t text = post_text_bytes(plan) + TEXT_BYTES;
    for (size_t i = 0; i < plan->post[0].n_outs; i++) {
        const struct sy_plan_post_out *o = &plan->post[0].outs[i];
        *row += last->cols[o->col].kind == SY_POST_LABEL ? text : ROW_BYTES;
        *fixed += COLUMN_BYTES + o->name.n + f->shaped[i].n;
    }
}

/* What an entry of a run's request holds because of the plan: data versions, the parameters' values,
 * what each namespace is charged. */
static uint64_t logged_bytes(const struct sy_plan *plan, const struct rules_plan_facts *f)
{
    uint64_t bytes = plan->n_sources * (uint64_t)SOURCE_BYTES + f->n_spends * (uint64_t)SPEND_BYTES;
    bytes += f->blocks[0].subject ? TOKEN_BYTES : 0;
    for (size_t i = 0; i < plan->n_params; i++) {
        const struct sy_plan_param *p = &plan->params[i];
        bytes += PARAM_BYTES + p->name.n + longest_of(p->values, p->n_values, 0);
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
    uint64_t fixed = ANSWER_BYTES + plan->n_sources * (uint64_t)SOURCE_BYTES +
                     ret->n_spends * (uint64_t)SPEND_BYTES;
    if (plan->n_post == 0) {
        block_columns(plan, &row, &fixed);
    } else {
        post_columns(plan, ret, &row, &fixed);
    }
    uint64_t bytes;
    if (!sy_mul_u64(row, ret->rows_out, &bytes) || !sy_add_u64(bytes, fixed, &bytes) ||
        bytes > ANSWER_MAX) {
        return sy_fail(w->err, SY_E_LIMIT, "outs", "the answer would be too large");
    }
    ret->answer_bytes = blocks_up(bytes);
    /* Twice: an answer given again comes with the charge and with the request's own entry. */
    ret->reply_bytes =
        blocks_up(ret->answer_bytes + RULES_PROOF_BYTES + 2 * logged_bytes(plan, ret));
    return SY_OK;
}

sy_status plan_sizes(struct plan_work *w, struct rules_plan_facts *ret)
{
    SY_TRY(size_class(w, ret));
    SY_TRY(fan_check(w));
    SY_TRY(cells_fit(w, ret));
    SY_TRY(post_check(w, ret));
    return lengths(w, ret);
}
