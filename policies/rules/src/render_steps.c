/*
 * Long formulas in steps. Written out, an elimination would repeat what it has computed at every place
 * that uses it, and be cut. So where the text of a column would be cut, what is used more than once gets a
 * name and a line of its own first: "p2.e17 := ...", and everything after calls it by that name.
 */
#include "render_internal.h"

enum { STEPS_MAX = 512 }; /* of a relation; what is beyond is written out, and cut */

struct steps {
    struct render_rels *s;
    size_t i;
    struct render_scope scope;
    struct sy_view *given; /* names; empty: written out */
};

/* Would any column of the relation be cut? */
static sy_status is_cut(struct steps *t, bool *ret)
{
    const struct sy_plan_rel *rel = &t->s->list[t->i];
    bool cut = false;
    t->scope.cut = &cut;
    for (size_t k = 0; k < rel->n_outs && !cut; k++) {
        if (render_expr(&t->scope, rel->outs[k]).p == NULL) {
            return sy_status_of(SY_E_NO_MEMORY);
        }
    }
    t->scope.cut = NULL;
    *ret = cut;
    return SY_OK;
}

/* How often each expression is an argument. */
static size_t *uses(const struct steps *t)
{
    const struct sy_plan_rel *rel = &t->s->list[t->i];
    size_t *ret = sy_arena_alloc(t->s->arena, rel->n_exprs + 1, sizeof(*ret));
    for (size_t i = 0; ret != NULL && i < rel->n_exprs; i++) {
        for (size_t k = 0; k < rel->exprs[i].n_args; k++) {
            ret[rel->exprs[i].args[k]]++;
        }
    }
    return ret;
}

static sy_status put_step(struct steps *t, size_t e)
{
    struct sy_view text = render_expr(&t->scope, e);
    char *name = sy_arena_printf(t->s->arena, "%c%zu.e%zu", t->s->letter, t->i, e);
    if (text.p == NULL || name == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    t->given[e] = sy_view_str(name);
    return sy_buf_printf(t->s->b, "        %s := %.*s\n", name, SY_PV(text));
}

sy_status render_steps(struct render_rels *s, size_t i, const struct sy_view **ret)
{
    const struct sy_plan_rel *rel = &s->list[i];
    size_t in = (size_t)rel->in[0];
    bool cut = false;
    struct steps t = {.s = s,
                      .i = i,
                      .scope = {.plan = s->plan,
                                .exprs = rel->exprs,
                                .n_exprs = rel->n_exprs,
                                .cols = s->cols[in],
                                .n_cols = s->n_cols[in],
                                .arena = s->arena}};
    *ret = NULL;
    SY_TRY(is_cut(&t, &cut));
    size_t *n = uses(&t);
    t.given = sy_arena_alloc(s->arena, rel->n_exprs + 1, sizeof(*t.given));
    if (n == NULL || t.given == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    t.scope.given = t.given;
    size_t left = cut ? STEPS_MAX : 0;
    for (size_t e = 0; left > 0 && e < rel->n_exprs; e++) {
        if (n[e] > 1 && rel->exprs[e].n_args > 0) {
            SY_TRY(put_step(&t, e));
            left--;
        }
    }
    *ret = cut ? t.given : NULL;
    return SY_OK;
}
