/*
 * What happens after the release, as formulas over the blocks' columns: nothing here sees an exact
 * figure of protected data, so nothing here costs privacy; it is shown because it is the answer.
 */
#include "render_internal.h"

static sy_status put_out(struct renderer *r, const struct render_rels *s, size_t i)
{
    const struct sy_plan_post_out *o = &r->c->plan->post[0].outs[i];
    struct sy_view shaped = r->facts->shaped[i];
    const char *name = render_name(r->arena, o->name);
    struct sy_view col = s->cols[s->n - 1][o->col];
    if (name == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    bool number = r->facts->post.rels[s->n - 1].cols[o->col].kind == SY_POST_NUMBER;
    SY_TRY(sy_buf_printf(r->b, "    column %s = %.*s", name, SY_PV(col)));
    if (number) {
        SY_TRY(sy_buf_printf(r->b, ", %llu decimals", (unsigned long long)o->scale));
    }
    return shaped.n == 0 ? sy_buf_add_str(r->b, "\n")
                         : sy_buf_printf(r->b, "; shaped after the release: %.*s\n", SY_PV(shaped));
}

sy_status render_post(struct renderer *r)
{
    const struct sy_plan *plan = r->c->plan;
    struct render_rels s;
    if (plan->n_post == 0) {
        return SY_OK;
    }
    const struct sy_plan_post *post = &plan->post[0];
    SY_TRY(render_rels_new(r, post->rels, post->n_rels, 'p', &s));
    SY_TRY(sy_buf_add_str(r->b, "After the release\n"));
    for (size_t i = 0; i < post->n_rels; i++) {
        s.n_cols[i] = r->facts->post.rels[i].n_cols;
        SY_TRY(render_rel(&s, i));
    }
    SY_TRY(sy_buf_add_str(r->b, "Answer\n"));
    for (size_t i = 0; i < post->n_outs; i++) {
        SY_TRY(put_out(r, &s, i));
    }
    return SY_OK;
}
