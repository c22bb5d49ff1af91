/*
 * Lowering from end to end: parse, lower the outermost SELECT, prune, name the sources, and type the
 * finished plan once more as policies/rules will, before it leaves.
 */
#include "lower_internal.h"

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
    return b->param_used == NULL ? lower_no_memory(b) : SY_OK;
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

static sy_status encode(struct builder *b)
{
    struct sy_plan_types types;
    struct sy_error err = {0};
    sy_status st =
        sy_plan_type(&b->plan, b->job->datasets, b->job->n_datasets, b->arena, &types, &err);
    if (st.code == SY_E_PLAN) {
        return lower_refuse_named(b, REFUSE_PLAN, 0, (struct sy_view){0}, err.reason);
    }
    SY_TRY(st);
    SY_BUF_CLEANUP struct sy_buf buf = sy_buf(SY_MP_REQUEST.bytes);
    st = sy_record_encode(&sy_plan_desc, &b->plan, &buf);
    if (st.code == SY_E_LIMIT) {
        return lower_refuse(b, REFUSE_TOO_LARGE, 0);
    }
    SY_TRY(st);
    b->ret->plan = sy_arena_copy(b->arena, sy_buf_view(&buf));
    return b->ret->plan.n == 0 ? lower_no_memory(b) : SY_OK;
}

static sy_status build(struct builder *b, worker_parse_fn *parse, void *parser)
{
    json_t *root = NULL;
    SY_TRY(open_builder(b));
    SY_TRY(ast_parse(b, parse, parser, &root));
    sy_status st = lower_block(b, root);
    json_decref(root);
    SY_TRY(st);
    SY_TRY(check_params_used(b));
    SY_TRY(lower_prune(b));
    SY_TRY(name_sources(b));
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
    sy_status st = build(b, parse, parser);
    return b->refused ? SY_OK : st;
}
