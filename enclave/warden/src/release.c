/*
 * What: the release of one run. Invariants: every block is checked against the plan and noised before
 * anything is made of any of them; after that nothing exact is left, and all arithmetic is post-processing
 * of released figures.
 */
#include "warden/release.h"

#include "release_table.h"

/* BOUNDARY: the worker's result enters here, block by block; what it says is held against the plan before
 * it counts. */
static sy_status release_blocks(const struct warden_release *c, const struct sy_plan_types *types,
                                struct sy_arena *arena, struct release_table *tables,
                                struct sy_error *err)
{
    for (size_t i = 0; i < c->model->plan.n_blocks; i++) {
        tables[i] = (struct release_table){.release = c,
                                           .block = &c->model->plan.blocks[i],
                                           .facts = &c->model->facts.blocks[i],
                                           .key_types = types->blocks[i].keys,
                                           .ordinal = i,
                                           .arena = arena};
        SY_TRY(warden_release_cells(&tables[i], &c->result->blocks[i], err));
    }
    return SY_OK;
}

/* Without a post stage the answer is the one block. */
static sy_status show_block(const struct sy_plan *plan, struct release_table *t,
                            struct sy_answer *ret, struct sy_error *err)
{
    ret->columns = sy_arena_alloc(t->arena, plan->n_outs + 1, sizeof(*ret->columns));
    if (ret->columns == NULL) {
        return warden_release_no_memory(err);
    }
    for (size_t i = 0; i < plan->n_outs; i++) {
        SY_TRY(warden_release_column(t, &plan->outs[i], &ret->columns[i], err));
    }
    ret->n_columns = plan->n_outs;
    ret->rows = t->n_rows;
    return SY_OK;
}

sy_status warden_release(const struct warden_release *c, struct sy_arena *arena,
                         struct sy_answer *ret, struct sy_error *reterr)
{
    const struct sy_plan *plan = &c->model->plan;
    const struct rules_defs *defs = &c->model->grant.defs;
    struct sy_plan_types types;
    struct sy_answer answer = *ret;
    if (!c->result->ok || plan->n_blocks < 1 || c->result->n_blocks != plan->n_blocks ||
        (plan->n_post == 0 && plan->n_blocks != 1)) {
        return warden_release_misfit(reterr, "blocks");
    }
    SY_TRY(sy_plan_type(plan, defs->defs, defs->n, arena, &types, reterr));
    struct release_table *tables = sy_arena_alloc(arena, plan->n_blocks, sizeof(*tables));
    if (tables == NULL) {
        return warden_release_no_memory(reterr);
    }
    SY_TRY(release_blocks(c, &types, arena, tables, reterr));
    SY_TRY(plan->n_post > 0 ? warden_release_post(tables, &types, &answer, reterr)
                            : show_block(plan, tables, &answer, reterr));
    *ret = answer;
    return SY_OK;
}
