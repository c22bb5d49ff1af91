/*
 * The post stage of a whole plan: what its blocks show, its relations, the columns of the answer, and
 * the bounds on what a run of it stores and computes (wire/post.h).
 */
#include "post_internal.h"

/* --- blocks ----------------------------------------------------------------------------------------------- */

/* Do the columns of block b show its key k? */
static bool shows_key(const struct sy_plan *p, size_t b, size_t k)
{
    for (size_t i = 0; i < p->n_outs; i++) {
        if (p->outs[i].block == b && p->outs[i].a == k && sy_view_is(p->outs[i].op, "key")) {
            return true;
        }
    }
    return false;
}

static bool shows_all_keys(const struct sy_plan *p, size_t b)
{
    for (size_t k = 0; k < p->blocks[b].n_keys; k++) {
        if (!shows_key(p, b, k)) {
            return false;
        }
    }
    return true;
}

static struct sy_post_col column(const struct sy_plan_out *o, const struct sy_plan_block *b,
                                 const struct sy_block_types *t, bool keyed)
{
    if (!sy_view_is(o->op, "key")) {
        return (struct sy_post_col){SY_POST_NUMBER, false, b->ns.n != 0};
    }
    bool number = t->keys[o->a].kind == SY_TYPE_INT;
    return (struct sy_post_col){number ? SY_POST_NUMBER : SY_POST_LABEL, keyed, false};
}

static sy_status block_of(const struct sy_plan *p, const struct sy_plan_types *types, size_t b,
                          struct sy_arena *arena, struct sy_post_block *ret)
{
    struct sy_post_col *cols = sy_arena_alloc(arena, p->n_outs + 1, sizeof *cols);
    if (cols == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    const struct sy_block_types *t = &types->blocks[b];
    bool keyed = shows_all_keys(p, b);
    *ret = (struct sy_post_block){.name = p->blocks[b].name, .cols = cols};
    for (size_t i = 0; i < p->n_outs; i++) {
        if (p->outs[i].block == b) {
            cols[ret->n_cols++] = column(&p->outs[i], &p->blocks[b], t, keyed);
        }
    }
    ret->rows = t->open ? SY_POST_ROWS_MAX : sy_min_u64(t->n_cells, SY_POST_ROWS_MAX);
    return SY_OK;
}

sy_status sy_post_blocks(const struct sy_plan *plan, const struct sy_plan_types *types,
                         struct sy_arena *arena, struct sy_post_block **ret, size_t *ret_n,
                         struct sy_error *reterr)
{
    struct sy_post_block *blocks = sy_arena_alloc(arena, plan->n_blocks + 1, sizeof *blocks);
    *ret = NULL;
    *ret_n = 0;
    if (blocks == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t b = 0; b < plan->n_blocks; b++) {
        if (!sy_ok(block_of(plan, types, b, arena, &blocks[b]))) {
            return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
        }
    }
    *ret = blocks;
    *ret_n = plan->n_blocks;
    return SY_OK;
}

/* --- all of it ------------------------------------------------------------------------------------------------ */

/* Rows that relation i goes through, of its input or its own. */
static uint64_t rows_of(const struct sy_plan_rel *rels, size_t i,
                        const struct sy_post_rel_types *types)
{
    uint64_t in = rels[i].n_in == 0 ? 0 : types[rels[i].in[0]].rows;
    return sy_max_u64(in, types[i].rows);
}

static void add_work(const struct sy_plan_rel *rels, size_t i, struct sy_post_types *ret)
{
    uint64_t rows = rows_of(rels, i, ret->rels);
    uint64_t n_cols = ret->rels[i].n_cols;
    uint64_t per_row = n_cols + rels[i].n_exprs;
    for (size_t e = 0; e < rels[i].n_exprs; e++) {
        per_row += rels[i].exprs[e].n_args;
    }
    ret->values += plan_rows_mul(rows, n_cols + rels[i].n_outs);
    ret->work += plan_rows_mul(rows, per_row);
}

static sy_status check_out(const struct sy_plan_post *post, size_t i,
                           const struct sy_post_rel_types *last, struct sy_error *err)
{
    const struct sy_plan_post_out *o = &post->outs[i];
    if (o->name.n == 0 || o->col >= last->n_cols) {
        return PLAN_FAIL(err, "c",
                         "a column of the answer has a name and is one of the last relation");
    }
    if (o->scale > SY_PLAN_SCALE_MAX ||
        (o->scale != 0 && last->cols[o->col].kind != SY_POST_NUMBER)) {
        return PLAN_FAIL(err, "s", "0 to %d decimal digits, of numbers only", SY_PLAN_SCALE_MAX);
    }
    for (size_t j = 0; j < i; j++) {
        if (sy_view_eq(o->name, post->outs[j].name)) {
            return PLAN_FAIL(err, "n", "two columns are called %.*s", SY_PV(o->name));
        }
    }
    return SY_OK;
}

static sy_status check_outs(const struct sy_plan_post *post, const struct sy_post_rel_types *last,
                            struct sy_error *err)
{
    if (post->n_outs == 0 || post->n_outs > SY_PLAN_OUTS_MAX) {
        return PLAN_FAIL(err, "post.outs", "1 to %d columns", SY_PLAN_OUTS_MAX);
    }
    for (size_t i = 0; i < post->n_outs; i++) {
        SY_TRY(plan_path(check_out(post, i, last, err), err, "post.outs", i));
    }
    return SY_OK;
}

static sy_status type_rels(const struct sy_post_typer *t, const struct sy_plan_post *post,
                           struct sy_post_types *ret, struct sy_error *err)
{
    if (post->n_rels == 0 || post->n_rels > SY_POST_RELS_MAX) {
        return PLAN_FAIL(err, "post.rels", "1 to %d relations", SY_POST_RELS_MAX);
    }
    ret->rels = sy_arena_alloc(t->arena, post->n_rels, sizeof *ret->rels);
    ret->n_rels = post->n_rels;
    if (ret->rels == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < post->n_rels; i++) {
        SY_TRY(sy_post_rel(t, post->rels, i, ret->rels, err));
        add_work(post->rels, i, ret);
        if (ret->values > SY_POST_VALUES_MAX || ret->work > SY_POST_WORK_MAX) {
            return PLAN_FAIL(err, "post.rels",
                             "too many rows x columns or expressions up to relation %zu", i);
        }
    }
    return SY_OK;
}

static sy_status type_post(const struct sy_plan *plan, const struct sy_plan_types *types,
                           struct sy_arena *arena, struct sy_post_types *ret, struct sy_error *err)
{
    if (plan->n_post != 1) {
        return PLAN_FAIL(err, "post", "a plan has one post stage or none");
    }
    struct sy_post_typer t = {.params = plan->params, .n_params = plan->n_params, .arena = arena};
    struct sy_post_block *blocks;
    SY_TRY(sy_post_blocks(plan, types, arena, &blocks, &t.n_blocks, err));
    t.blocks = blocks;
    SY_TRY(type_rels(&t, &plan->post[0], ret, err));
    return check_outs(&plan->post[0], &ret->rels[ret->n_rels - 1], err);
}

sy_status sy_post_type(const struct sy_plan *plan, const struct sy_plan_types *types,
                       struct sy_arena *arena, struct sy_post_types *ret, struct sy_error *reterr)
{
    *ret = (struct sy_post_types){0};
    sy_status st = type_post(plan, types, arena, ret, reterr);
    if (!sy_ok(st)) {
        *ret = (struct sy_post_types){0};
    }
    return st;
}
