/*
 * Lowering from end to end: parse and lower each block, prune, name the sources, lower the post stage,
 * and type the finished plan once more as policies/rules will, before it leaves.
 */
#include "lower_post.h"

static sy_status open_builder(struct builder *b)
{
    const struct sy_lower_job *job = b->job;
    struct sy_error err = {0};
    sy_status st = sy_typer_init(&b->typer, job->model.params, job->model.n_params, job->datasets,
                                 job->n_datasets, b->arena, &err);
    if (st.code == SY_E_PLAN) {
        return lower_refuse_named(b, REFUSE_PARAM_BAD, 0, sy_view_str(err.field), err.reason);
    }
    SY_TRY(st);
    b->param_used = sy_arena_alloc(b->arena, job->model.n_params + 1, sizeof *b->param_used);
    b->plan.v = SY_PLAN_SCHEMA;
    b->plan.params = job->model.params;
    b->plan.n_params = job->model.n_params;
    b->plan.blocks = sy_arena_alloc(b->arena, job->model.n_blocks + 1, sizeof *b->plan.blocks);
    b->plan.outs = sy_arena_alloc(b->arena, SY_PLAN_OUTS_MAX, sizeof *b->plan.outs);
    b->plan.post = sy_arena_alloc(b->arena, 1, sizeof *b->plan.post); /* filled last */
    b->plan.n_post = job->model.post.n == 0 ? 0 : 1;
    b->implicit = sy_arena_alloc(b->arena, job->model.n_blocks + 1, sizeof *b->implicit);
    bool full = b->param_used == NULL || b->implicit == NULL || b->plan.blocks == NULL ||
                b->plan.outs == NULL || b->plan.post == NULL;
    return full ? lower_no_memory(b) : SY_OK;
}

static sy_status check_params_used(struct builder *b)
{
    for (size_t i = 0; i < b->job->model.n_params; i++) {
        if (!b->param_used[i]) {
            return lower_refuse_named(b, REFUSE_PARAM_UNUSED, 0, b->job->model.params[i].name,
                                      NULL);
        }
    }
    return SY_OK;
}

static size_t dataset_position(const struct sy_lower_job *job, struct sy_view id)
{
    size_t i = 0;
    while (i < job->n_datasets && !sy_view_eq(job->datasets[i].id, id)) {
        i++;
    }
    return i;
}

static bool has_source(const struct sy_plan *p, struct sy_view id)
{
    for (size_t i = 0; i < p->n_sources; i++) {
        if (sy_view_eq(p->sources[i].dataset, id)) {
            return true;
        }
    }
    return false;
}

static sy_status name_sources(struct builder *b)
{
    struct sy_plan *p = &b->plan;
    p->sources = sy_arena_alloc(b->arena, p->n_rels, sizeof *p->sources);
    if (p->sources == NULL) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < p->n_rels; i++) {
        const struct sy_plan_rel *r = &p->rels[i];
        if (!sy_view_is(r->op, "scan") || has_source(p, r->source)) {
            continue;
        }
        size_t at = dataset_position(b->job, r->source);
        if (at >= b->job->n_defs || b->job->defs[at].n != 32) {
            return sy_status_of(SY_E_FIELD);
        }
        struct sy_plan_source *s = &p->sources[p->n_sources++];
        s->dataset = r->source;
        memcpy(s->def, b->job->defs[at].p, sizeof s->def);
    }
    return SY_OK;
}

/* The plan as it stands, typed as policies/rules will. */
static sy_status type_plan(struct builder *b, struct sy_plan_types *ret)
{
    struct sy_error err = {0};
    sy_status st =
        sy_plan_type(&b->plan, b->job->datasets, b->job->n_datasets, b->arena, ret, &err);
    return st.code == SY_E_PLAN
               ? lower_refuse_named(b, REFUSE_PLAN, 0, (struct sy_view){0}, err.reason)
               : st;
}

static sy_status type_post(struct builder *b, const struct sy_plan_types *types)
{
    struct sy_post_types post;
    struct sy_error err = {0};
    sy_status st =
        b->plan.n_post == 0 ? SY_OK : sy_post_type(&b->plan, types, b->arena, &post, &err);
    return st.code == SY_E_PLAN
               ? lower_refuse_named(b, REFUSE_PLAN, 0, sy_view_str("post"), err.reason)
               : st;
}

static sy_status encode(struct builder *b)
{
    SY_BUF_CLEANUP struct sy_buf buf = sy_buf(SY_MP_REQUEST.bytes);
    sy_status st = sy_record_encode(&sy_plan_desc, &b->plan, &buf);
    if (st.code == SY_E_LIMIT) {
        return lower_refuse(b, REFUSE_TOO_LARGE, 0);
    }
    SY_TRY(st);
    b->ret->plan = sy_arena_copy(b->arena, sy_buf_view(&buf));
    return b->ret->plan.n == 0 ? lower_no_memory(b) : SY_OK;
}

/* The tree of the text at hand, kept until the job ends. */
static sy_status parse_text(struct builder *b, worker_parse_fn *parse, void *parser, json_t **ret)
{
    SY_TRY(ast_parse(b, parse, parser, ret));
    return json_array_append_new(b->trees, *ret) == 0 ? SY_OK : lower_no_memory(b);
}

static sy_status build_block(struct builder *b, const struct sy_model_block *m,
                             worker_parse_fn *parse, void *parser)
{
    json_t *root = NULL;
    b->block = m->name;
    b->sql = m->sql;
    b->pos = 0;
    for (size_t i = 0; i < b->plan.n_blocks; i++) {
        if (view_ieq(b->plan.blocks[i].name, m->name)) {
            return lower_refuse_named(b, REFUSE_BLOCK_NAME, 0, m->name, NULL);
        }
    }
    SY_TRY(parse_text(b, parse, parser, &root));
    SY_TRY(lower_block(b, m, root));
    return ast_check_calls(b, root);
}

static sy_status check_blocks(struct builder *b)
{
    const struct sy_model_def *m = &b->job->model;
    if (m->n_blocks == 0 || m->n_blocks > SY_PLAN_BLOCKS_MAX) {
        return lower_refuse(b, REFUSE_BLOCKS, 0);
    }
    return m->n_blocks == 1 || m->post.n != 0 ? SY_OK : lower_refuse(b, REFUSE_BLOCKS_POST, 0);
}

static sy_status build_blocks(struct builder *b, worker_parse_fn *parse, void *parser)
{
    const struct sy_model_def *m = &b->job->model;
    for (size_t i = 0; i < m->n_blocks; i++) {
        SY_TRY(build_block(b, &m->blocks[i], parse, parser));
    }
    b->block = (struct sy_view){0};
    SY_TRY(lower_prune(b));
    return name_sources(b);
}

/* The model's post stage, or what its only block says beyond aggregates. */
static sy_status build_post(struct builder *b, const struct sy_plan_types *types,
                            worker_parse_fn *parse, void *parser)
{
    const struct sy_model_def *m = &b->job->model;
    json_t *root = NULL;
    if (m->post.n != 0) {
        b->block = sy_view_str("post");
        b->sql = m->post;
        b->pos = 0;
        SY_TRY(parse_text(b, parse, parser, &root));
        SY_TRY(lower_post_explicit(b, types, root));
        return ast_check_calls(b, root);
    }
    b->block = m->blocks[0].name;
    return b->implicit[0].select == NULL ? SY_OK : lower_post_implicit(b, types);
}

static sy_status build(struct builder *b, worker_parse_fn *parse, void *parser)
{
    struct sy_plan_types types;
    SY_TRY(open_builder(b));
    SY_TRY(check_blocks(b));
    SY_TRY(build_blocks(b, parse, parser));
    SY_TRY(type_plan(b, &types));
    SY_TRY(build_post(b, &types, parse, parser));
    b->block = (struct sy_view){0};
    SY_TRY(check_params_used(b));
    SY_TRY(type_post(b, &types));
    return encode(b);
}

sy_status worker_lower(const struct sy_lower_job *job, worker_parse_fn *parse, void *parser,
                       struct sy_arena *arena, struct sy_lower_result *ret)
{
    struct builder *b = sy_arena_alloc(arena, 1, sizeof *b);
    *ret = (struct sy_lower_result){0};
    if (b == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    b->job = job;
    b->arena = arena;
    b->ret = ret;
    b->trees = json_array();
    sy_status st = b->trees == NULL ? lower_no_memory(b) : build(b, parse, parser);
    json_decref(b->trees);
    return b->refused ? SY_OK : st;
}
