/*
 * The post stage as a whole: its relations as they are added and typed, what a block shows it, and the
 * columns of the answer with the digits they are shown with.
 */
#include "lower_quantile.h"

/* --- relations ------------------------------------------------------------------------------------ */

sy_status post_rel_add(struct post *p, const struct sy_plan_rel *r, struct post_hint *hints,
                       uint64_t pos, size_t *ret)
{
    struct builder *b = p->b;
    size_t n = p->n_rels;
    p->rels = lower_grow(b, p->rels, n, &p->cap_rels, sizeof *p->rels);
    p->types = lower_grow(b, p->types, n, &p->cap_types, sizeof *p->types);
    p->hints = lower_grow(b, p->hints, n, &p->cap_hints, sizeof *p->hints);
    if (p->rels == NULL || p->types == NULL || p->hints == NULL) {
        return lower_no_memory(b);
    }
    if (n >= SY_POST_RELS_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, pos);
    }
    p->rels[n] = *r;
    p->hints[n] = hints;
    struct sy_error err = {0};
    sy_status st = sy_post_rel(&p->typer, p->rels, n, p->types, &err);
    if (st.code == SY_E_PLAN) {
        return lower_refuse_named(b, REFUSE_POST_TYPE, pos, (struct sy_view){0}, err.reason);
    }
    SY_TRY(st);
    p->n_rels = n + 1;
    *ret = n;
    return SY_OK;
}

sy_status post_rel_over(struct post *p, const char *op, const struct relval *v,
                        const struct post_list *list, size_t n_outs, struct sy_plan_rel *r)
{
    uint64_t *in = sy_arena_alloc(p->b->arena, 1, sizeof *in);
    uint64_t *outs = sy_arena_alloc(p->b->arena, n_outs + 1, sizeof *outs);
    if (in == NULL || outs == NULL) {
        return lower_no_memory(p->b);
    }
    *in = v->rel;
    *r = (struct sy_plan_rel){.op = sy_view_str(op),
                              .in = in,
                              .n_in = 1,
                              .exprs = list->e,
                              .n_exprs = list->n,
                              .outs = outs,
                              .n_outs = n_outs};
    return SY_OK;
}

struct post_ctx post_ctx_of(struct post *p, const struct relval *v, struct post_list *list)
{
    return (struct post_ctx){.p = p,
                             .names = {.b = p->b, .names = v->names, .n_names = v->n_names},
                             .cols = p->types[v->rel].cols,
                             .hints = p->hints[v->rel],
                             .n_cols = p->types[v->rel].n_cols,
                             .list = list};
}

static size_t find_block(const struct post *p, struct sy_view name)
{
    size_t i = 0;
    while (i < p->typer.n_blocks && !view_ieq(p->typer.blocks[i].name, name)) {
        i++;
    }
    return i;
}

/* A block's released columns, by the names of its outs. */
static sy_status add_block(struct post *p, size_t at, uint64_t pos, struct relval *ret)
{
    const struct sy_plan *plan = &p->b->plan;
    const struct sy_post_block *block = &p->typer.blocks[at];
    struct sy_plan_rel r = {.op = sy_view_str("block"), .source = block->name};
    *ret = (struct relval){0};
    ret->names = sy_arena_alloc(p->b->arena, block->n_cols + 1, sizeof *ret->names);
    if (ret->names == NULL) {
        return lower_no_memory(p->b);
    }
    for (size_t i = 0; i < plan->n_outs; i++) {
        if (plan->outs[i].block == at) {
            ret->names[ret->n_names] =
                (struct name){.name = plan->outs[i].name, .ord = ret->n_names};
            ret->n_names++;
        }
    }
    p->block_used[at] = true;
    SY_TRY(post_rel_add(p, &r, p->block_hints[at], pos, &ret->rel));
    SY_TRY(post_shape(p, at, pos, ret));
    return post_quantiles(p, at, pos, ret);
}

/* Two items of a block that post reads need two names. */
static sy_status check_names(struct post *p, const struct relval *v)
{
    for (size_t i = 0; i < v->n_names; i++) {
        for (size_t j = 0; j < i; j++) {
            if (view_ieq(v->names[i].name, v->names[j].name)) {
                return lower_refuse_named(p->b, REFUSE_DUPLICATE_NAME, 0, v->names[i].name, NULL);
            }
        }
    }
    return SY_OK;
}

/* What the block's SELECT makes of its columns; *ret becomes its items. The text at hand is the block's
 * meanwhile. A block may be read twice: each reading lifts the windows anew. */
static sy_status add_select(struct post *p, size_t at, struct relval *ret)
{
    struct builder *b = p->b;
    const struct implicit *m = &b->implicit[at];
    struct sy_view block = b->block, sql = b->sql;
    uint64_t pos = b->pos;
    struct knowns known = {.n = m->known.n, .cap = m->known.n};
    known.v = sy_arena_alloc(b->arena, known.n + 1, sizeof *known.v);
    if (known.v == NULL) {
        return lower_no_memory(b);
    }
    if (known.n != 0) {
        memcpy(known.v, m->known.v, known.n * sizeof *known.v);
    }
    b->block = b->job->model.blocks[at].name;
    b->sql = b->job->model.blocks[at].sql;
    SY_TRY(post_tail(p, m->select, &known, ret));
    SY_TRY(check_names(p, ret));
    b->block = block;
    b->sql = sql;
    b->pos = pos;
    return SY_OK;
}

/* A block by its name: its columns by the names it gave them. */
sy_status post_block(struct post *p, struct sy_view name, uint64_t pos, struct relval *ret,
                     bool *found)
{
    size_t at = find_block(p, name);
    *found = at < p->typer.n_blocks;
    if (!*found) {
        return SY_OK;
    }
    SY_TRY(add_block(p, at, pos, ret));
    return p->b->implicit[at].select == NULL ? SY_OK : add_select(p, at, ret);
}

/* --- blocks --------------------------------------------------------------------------------------- */

static struct post_hint out_hint(const struct sy_plan *plan, const struct sy_plan_types *types,
                                 const struct sy_plan_out *o)
{
    const struct sy_plan_block *b = &plan->blocks[o->block];
    if (sy_view_is(o->op, "ratio")) {
        return (struct post_hint){(uint8_t)o->scale, false};
    }
    if (sy_view_is(o->op, "figure")) {
        return (struct post_hint){
            (uint8_t)(b->tree.n != 0 ? SY_PLAN_TREE_SCALE : b->figures[o->a].scale), false};
    }
    enum sy_type_kind kind = types->blocks[o->block].keys[o->a].kind;
    return (struct post_hint){0, kind == SY_TYPE_BOOL};
}

static sy_status hint_blocks(struct post *p, const struct sy_plan_types *types)
{
    const struct sy_plan *plan = &p->b->plan;
    for (size_t b = 0; b < plan->n_blocks; b++) {
        struct post_hint *h = sy_arena_alloc(p->b->arena, p->typer.blocks[b].n_cols + 1, sizeof *h);
        if (h == NULL) {
            return lower_no_memory(p->b);
        }
        p->block_hints[b] = h;
        for (size_t i = 0; i < plan->n_outs; i++) {
            if (plan->outs[i].block == b) {
                *h++ = out_hint(plan, types, &plan->outs[i]);
            }
        }
    }
    return SY_OK;
}

static sy_status open_post(struct builder *b, const struct sy_plan_types *types, struct post **ret)
{
    struct post *p = sy_arena_alloc(b->arena, 1, sizeof *p);
    struct sy_post_block *blocks;
    size_t n = b->plan.n_blocks;
    struct sy_error err = {0};
    if (p == NULL) {
        return lower_no_memory(b);
    }
    p->b = b;
    p->typer = (struct sy_post_typer){
        .params = b->plan.params, .n_params = b->plan.n_params, .n_blocks = n, .arena = b->arena};
    SY_TRY(sy_post_blocks(&b->plan, types, b->arena, &blocks, &n, &err));
    p->typer.blocks = blocks;
    p->block_used = sy_arena_alloc(b->arena, n + 1, sizeof *p->block_used);
    p->block_hints = sy_arena_alloc(b->arena, n + 1, sizeof *p->block_hints);
    if (p->block_used == NULL || p->block_hints == NULL) {
        return lower_no_memory(b);
    }
    *ret = p;
    return hint_blocks(p, types);
}

/* --- the answer ----------------------------------------------------------------------------------- */

static sy_status add_out(struct post *p, struct sy_plan_post *post, const struct name *name,
                         size_t last)
{
    uint8_t digits = p->hints[last][name->ord].digits;
    bool number = p->types[last].cols[name->ord].kind == SY_POST_NUMBER;
    for (size_t i = 0; i < post->n_outs; i++) {
        if (view_ieq(post->outs[i].name, name->name)) {
            return lower_refuse_named(p->b, REFUSE_DUPLICATE_NAME, 0, name->name, NULL);
        }
    }
    uint64_t shown = digits <= SY_PLAN_SCALE_MAX ? digits : POST_DIGITS;
    post->outs[post->n_outs++] = (struct sy_plan_post_out){
        .name = name->name, .col = name->ord, .scale = number ? shown : 0};
    return SY_OK;
}

static sy_status close_post(struct post *p, const struct relval *v)
{
    struct builder *b = p->b;
    struct sy_plan_post *post = b->plan.post;
    size_t last = p->n_rels - 1;
    if (v->n_names > SY_PLAN_OUTS_MAX) {
        return lower_refuse(b, REFUSE_TOO_LARGE, 0);
    }
    post->outs = sy_arena_alloc(b->arena, v->n_names + 1, sizeof *post->outs);
    if (post->outs == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < v->n_names; i++) {
        SY_TRY(add_out(p, post, &v->names[i], last));
    }
    post->rels = p->rels;
    post->n_rels = p->n_rels;
    b->plan.n_post = 1;
    return SY_OK;
}

static sy_status check_blocks_used(struct post *p)
{
    for (size_t i = 0; i < p->typer.n_blocks; i++) {
        if (!p->block_used[i]) {
            return lower_refuse_named(p->b, REFUSE_BLOCK_UNUSED, 0, p->typer.blocks[i].name, NULL);
        }
    }
    return SY_OK;
}

sy_status lower_post_explicit(struct builder *b, const struct sy_plan_types *types,
                              const json_t *root)
{
    struct post *p;
    struct relval v = {0};
    SY_TRY(open_post(b, types, &p));
    b->ctes = NULL;
    SY_TRY(post_query(p, root, &v));
    SY_TRY(check_blocks_used(p));
    return close_post(p, &v);
}

sy_status lower_post_implicit(struct builder *b, const struct sy_plan_types *types)
{
    struct post *p;
    struct relval v = {0};
    SY_TRY(open_post(b, types, &p));
    SY_TRY(add_block(p, 0, 0, &v));
    SY_TRY(post_tail(p, b->implicit[0].select, &b->implicit[0].known, &v));
    return close_post(p, &v);
}
