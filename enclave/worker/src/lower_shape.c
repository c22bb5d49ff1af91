/* A block's figures as its manifest shapes them (wire/post_shape.h): one project behind the block. */
#include "lower_post.h"
#include "wire/post_shape.h"

/* Digits that show the shaped column exactly: those of the step, else of the figure. */
static struct post_hint hint_of(const struct sy_plan *plan, const struct sy_plan_out *o,
                                const struct sy_shape *s, struct post_hint before)
{
    bool rounds = s->round > 0 && sy_shape_acts(plan, o);
    return rounds ? (struct post_hint){(uint8_t)s->scale, false} : before;
}

static bool acts(const struct sy_plan *plan, size_t block)
{
    bool any = false;
    for (size_t i = 0; i < plan->n_outs; i++) {
        any = any || (plan->outs[i].block == block && sy_shape_acts(plan, &plan->outs[i]));
    }
    return any;
}

static sy_status read_shape(struct post *p, size_t at, struct sy_shape *ret)
{
    const struct sy_model_block *m = &p->b->job->model.blocks[at];
    struct sy_error err = {0};
    sy_status st = sy_shape_parse(m->shape, m->n_shape, ret, &err);
    if (st.code == SY_E_FIELD) {
        return lower_refuse_named(p->b, REFUSE_SHAPE, 0, m->name, err.reason);
    }
    SY_TRY(st);
    if (!sy_shape_is_none(ret) && p->b->plan.blocks[at].tree.n != 0) {
        return lower_refuse_named(p->b, REFUSE_SHAPE, 0, m->name,
                                  "cells of a tree add up to totals and quantiles as they are: "
                                  "shaped, each by itself, they would not");
    }
    return sy_shape_is_none(ret) || acts(&p->b->plan, at)
               ? SY_OK
               : lower_refuse_named(p->b, REFUSE_SHAPE, 0, m->name, NULL);
}

sy_status post_shape(struct post *p, size_t at, uint64_t pos, struct relval *v)
{
    struct builder *b = p->b;
    struct sy_shape s;
    struct sy_plan_rel r;
    size_t n = 0;
    SY_TRY(read_shape(p, at, &s));
    if (sy_shape_is_none(&s)) {
        return SY_OK;
    }
    struct post_hint *hints = sy_arena_alloc(b->arena, p->types[v->rel].n_cols + 1, sizeof *hints);
    if (hints == NULL || !sy_shape_project(&b->plan, at, &s, v->rel, b->arena, &r)) {
        return lower_no_memory(b);
    }
    for (size_t i = 0; i < b->plan.n_outs; i++) {
        const struct sy_plan_out *o = &b->plan.outs[i];
        if (o->block == at) {
            hints[n] = hint_of(&b->plan, o, &s, p->hints[v->rel][n]);
            n++;
        }
    }
    return post_rel_add(p, &r, hints, pos, &v->rel);
}
