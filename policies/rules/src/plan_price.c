/*
 * What a run costs each namespace (rules/plan_check.h, "Price"). The block's own rho is for one unit
 * of its track. Whoever owns rows through other columns pays by the square of how far one of them
 * moves the release: F x D, with F = 2 t, because each of the t units of the track that it reaches
 * may go from one bounded contribution to another; and one more for a unit of the track's own
 * namespace, which takes its own contribution out as well.
 *
 * Invariant: a price is exact or refused; nothing wraps and nothing is rounded.
 */
#include "base/weak.h"
#include "plan_internal.h"

static sy_status above(struct plan_work *w, size_t i, struct sy_view ns)
{
    return sy_fail(w->err, SY_E_BUDGET, check_path(w, "blocks", i, "rho"),
                   "a run would cost a %.*s more than the pack's limit for one run", SY_PV(ns));
}

/* The row of a namespace, made in its place when it is new; the list has room. */
static struct sy_spend *spend_of(struct rules_plan_facts *f, struct sy_view ns)
{
    size_t at = 0;
    while (at < f->n_spends && sy_view_cmp(f->spends[at].ns, ns) < 0) {
        at++;
    }
    if (at < f->n_spends && sy_view_eq(f->spends[at].ns, ns)) {
        return &f->spends[at];
    }
    memmove(&f->spends[at + 1], &f->spends[at], (f->n_spends - at) * sizeof(*f->spends));
    f->n_spends++;
    f->spends[at] = (struct sy_spend){.ns = ns};
    return &f->spends[at];
}

/* Add rho x factor^2 and delta, or cells, to what block i costs a namespace. Each figure of a cell is an
 * equation about the people in it, so it counts as a cell of its own. */
static sy_status charge(struct plan_work *w, size_t i, struct sy_view ns, uint64_t factor,
                        struct rules_plan_facts *f)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[i];
    struct sy_spend *s = spend_of(f, ns);
    uint64_t rho;
    bool cells = plan_is_cellkey(w, i) && !sy_weak(SY_WEAK_NO_CELLS_BUDGET);
    s->cells +=
        cells ? w->types.blocks[i].n_cells * b->n_figures : 0; /* at most cells_max x figures */
    bool fits = sy_mul_u64(factor, factor, &rho) && sy_mul_u64(rho, b->rho, &rho) &&
                sy_add_u64(s->rho, rho, &s->rho) && s->rho <= w->c->pack->rho_run_max &&
                sy_add_u64(s->delta, b->delta, &s->delta) && s->delta < RULES_DELTA_ONE;
    return fits ? SY_OK : above(w, i, ns);
}

/* 2 t, and one more in the track's own namespace. */
static bool factor_of(uint64_t t, bool own, uint64_t *ret)
{
    return sy_mul_u64(t, 2, ret) && sy_add_u64(*ret, own ? 1 : 0, ret);
}

static sy_status block_price(struct plan_work *w, size_t i, struct rules_plan_facts *f)
{
    const struct sy_track *t = w->tracks[i];
    bool own = false;
    for (size_t k = 0; k < t->n_others; k++) {
        const struct sy_track_other *o = &t->others[k];
        bool same = sy_view_eq(o->ns, t->ns);
        uint64_t factor;
        if (!factor_of(o->units, same, &factor)) {
            return above(w, i, o->ns);
        }
        SY_TRY(charge(w, i, o->ns, factor, f));
        own = own || same;
    }
    return own ? SY_OK : charge(w, i, t->ns, 1, f);
}

sy_status plan_price(struct plan_work *w, struct rules_plan_facts *ret)
{
    const struct sy_plan *plan = w->c->plan;
    ret->spends = sy_arena_alloc(w->arena, plan->n_blocks * (SY_TRACK_OTHERS_MAX + 1) + 1,
                                 sizeof(*ret->spends));
    if (ret->spends == NULL) {
        return sy_fail(w->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < plan->n_blocks; i++) {
        if (w->tracks[i] != NULL) {
            SY_TRY(block_price(w, i, ret));
        }
    }
    return SY_OK;
}
