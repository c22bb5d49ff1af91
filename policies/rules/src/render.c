/*
 * The reviewer's text: what is read and who owns it, the parameters, the steps, the blocks, what
 * happens after the release, and the price.
 *
 * Invariants: the same plan gives the same bytes everywhere (integers only, catalogue order);
 * nothing of the developer's text is shown except labels, names of blocks, outputs and parameters,
 * stripped of what is not seen and quoted where they are no plain words; rho and delta are exact
 * decimals.
 */
#include "rules/render.h"

#include "method.h"
#include "render_internal.h"

enum { VALUES_SHOWN = 32 };

static sy_status no_memory(void)
{
    return sy_status_of(SY_E_NO_MEMORY);
}

static struct sy_view clean(struct renderer *r, struct sy_view v)
{
    return render_clean(r->arena, v, RENDER_NAME_MAX);
}

/* ---- what it reads ---- */

static sy_status put_owner(struct renderer *r, const struct sy_field_def *f)
{
    SY_TRY(sy_buf_printf(r->b, "  (unit of %.*s", SY_PV(f->ref)));
    return f->rows == 0
               ? sy_buf_add_str(r->b, ")")
               : sy_buf_printf(r->b, ", at most %llu rows each)", (unsigned long long)f->rows);
}

static sy_status put_field(struct renderer *r, const struct sy_prop_dataset *asked,
                           const struct sy_dataset_def *d, struct sy_view name)
{
    const struct sy_field_def *f = def_field(d, name);
    const struct sy_prop_field *p = asked == NULL ? NULL : proposal_field(asked, name);
    struct sy_view mask = p == NULL || p->mask.n == 0 ? sy_view_str("none") : p->mask;
    SY_TRY(sy_buf_printf(r->b, "    %.*s.%.*s  g%llu  mask %.*s", SY_PV(clean(r, d->id)),
                         SY_PV(clean(r, name)), f == NULL ? 0ULL : (unsigned long long)f->grade,
                         SY_PV(mask)));
    if (f != NULL && d->ns.n > 0 && sy_view_is(f->type, "unit")) {
        SY_TRY(put_owner(r, f));
    }
    return sy_buf_add_str(r->b, "\n");
}

/* Unit columns that are not read own the rows all the same. */
static sy_status put_unread(struct renderer *r, const struct sy_plan_rel *rel,
                            const struct sy_dataset_def *d)
{
    for (size_t i = 0; i < d->n_fields; i++) {
        const struct sy_field_def *f = &d->fields[i];
        if (!sy_view_is(f->type, "unit") || view_in(f->name, rel->names, rel->n_names)) {
            continue;
        }
        SY_TRY(sy_buf_printf(r->b, "    %.*s.%.*s  not read", SY_PV(clean(r, d->id)),
                             SY_PV(clean(r, f->name))));
        SY_TRY(put_owner(r, f));
        SY_TRY(sy_buf_add_str(r->b, "\n"));
    }
    return SY_OK;
}

static sy_status put_reads(struct renderer *r)
{
    const struct sy_plan *plan = r->c->plan;
    SY_TRY(sy_buf_add_str(r->b, "Reads\n"));
    for (size_t i = 0; i < plan->n_rels; i++) {
        const struct sy_dataset_def *d = r->types.rels[i].def;
        if (d == NULL) {
            continue;
        }
        const struct sy_prop_dataset *asked = proposal_dataset(r->c->proposal, d->id);
        struct sy_view ns = d->ns.n > 0 ? d->ns : sy_view_str("nobody (public)");
        SY_TRY(sy_buf_printf(r->b, "  r%zu  dataset %.*s  protects %.*s  membership g%llu\n", i,
                             SY_PV(clean(r, d->id)), SY_PV(ns), (unsigned long long)d->membership));
        for (size_t k = 0; k < plan->rels[i].n_names; k++) {
            SY_TRY(put_field(r, asked, d, plan->rels[i].names[k]));
        }
        SY_TRY(put_unread(r, &plan->rels[i], d));
    }
    return SY_OK;
}

/* ---- parameters ---- */

static sy_status put_param(struct renderer *r, const struct sy_plan_param *p)
{
    SY_TRY(sy_buf_printf(r->b, "  $%.*s (%.*s", SY_PV(clean(r, p->name)), SY_PV(p->kind)));
    if (p->calendar.n > 0) {
        SY_TRY(sy_buf_printf(r->b, ", years beginning %.*s", SY_PV(clean(r, p->calendar))));
    }
    if (p->asserted && p->n_values == 2 && !sy_view_is(p->kind, "str")) {
        return sy_buf_printf(r->b, ") asserted by the consent token, from %.*s to %.*s\n",
                             SY_PV(clean(r, p->values[0])), SY_PV(clean(r, p->values[1])));
    }
    SY_TRY(
        sy_buf_add_str(r->b, p->asserted ? ") asserted by the consent token, one of" : ") one of"));
    for (size_t k = 0; k < p->n_values && k < VALUES_SHOWN; k++) {
        SY_TRY(sy_buf_printf(r->b, "%s %.*s", k > 0 ? "," : "", SY_PV(clean(r, p->values[k]))));
    }
    if (p->n_values > VALUES_SHOWN) {
        SY_TRY(sy_buf_printf(r->b, ", ... %zu in all", p->n_values));
    }
    if (p->asserted) {
        return sy_buf_add_str(r->b, "\n");
    }
    return p->support == 0
               ? sy_buf_add_str(r->b, "; no declared support\n")
               : sy_buf_printf(r->b, "; each selects at least %llu units, says the developer\n",
                               (unsigned long long)p->support);
}

static sy_status put_params(struct renderer *r)
{
    const struct sy_plan *plan = r->c->plan;
    SY_TRY(sy_buf_add_str(r->b, plan->n_params > 0 ? "Parameters\n" : ""));
    for (size_t i = 0; i < plan->n_params; i++) {
        SY_TRY(put_param(r, &plan->params[i]));
    }
    return SY_OK;
}

/* ---- how it gets there, and what it costs ---- */

static sy_status put_steps(struct renderer *r)
{
    const struct sy_plan *plan = r->c->plan;
    SY_TRY(render_rels_new(r, plan->rels, plan->n_rels, 'r', &r->rels));
    SY_TRY(sy_buf_add_str(r->b, "Steps\n"));
    for (size_t i = 0; i < plan->n_rels; i++) {
        r->rels.n_cols[i] = r->types.rels[i].n_cols;
        SY_TRY(render_rel(&r->rels, i));
    }
    return SY_OK;
}

static sy_status put_spend(struct renderer *r, const struct sy_spend *s)
{
    if (s->cells > 0) {
        SY_TRY(sy_buf_printf(r->b, "    %llu cells of the budget of %.*s\n",
                             (unsigned long long)s->cells, SY_PV(s->ns)));
    }
    if (s->cells > 0 && s->rho == 0) {
        return SY_OK;
    }
    char *rho = render_fixed(r->arena, s->rho, 9);
    char *delta = render_fixed(r->arena, s->delta, 15);
    return rho == NULL || delta == NULL
               ? no_memory()
               : sy_buf_printf(r->b, "    rho %s, delta %s of the budget of %.*s\n", rho, delta,
                               SY_PV(s->ns));
}

static sy_status put_cost(struct renderer *r)
{
    const struct rules_plan_facts *f = r->facts;
    SY_TRY(sy_buf_add_str(r->b, "Cost of a run\n"));
    if (f->n_spends == 0) {
        SY_TRY(sy_buf_add_str(r->b, "    nothing: public data only\n"));
    }
    for (size_t i = 0; i < f->n_spends; i++) {
        SY_TRY(put_spend(r, &f->spends[i]));
    }
    return sy_buf_printf(r->b, "    at most %llu cells, answered after %llu ms\n",
                         (unsigned long long)f->cells_max, (unsigned long long)f->size.slot_ms);
}

sy_status rules_plan_render(const struct rules_plan_case *c, const struct rules_plan_facts *facts,
                            struct sy_arena *arena, struct sy_buf *b)
{
    struct renderer r = {.c = c, .facts = facts, .arena = arena, .b = b};
    SY_TRY(sy_plan_type(c->plan, c->defs->defs, c->defs->n, arena, &r.types, NULL));
    SY_TRY(put_reads(&r));
    SY_TRY(put_params(&r));
    SY_TRY(put_steps(&r));
    for (size_t i = 0; i < c->plan->n_blocks; i++) {
        SY_TRY(render_block(&r, i));
    }
    SY_TRY(render_post(&r));
    return put_cost(&r);
}
