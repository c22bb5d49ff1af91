/*
 * Plans that read a developer's own data (scheme/own.h). Whoever chooses its rows chooses a subset of the people, any
 * subset, and no row of it is known to the rules: boxes (guard.h) can't see what two questions about such subsets
 * differ by, and an exact figure, of public rows too, would say which of the developer's rows meet another's. So blocks
 * that read it are noised, and nothing beside them is answered by cell keys or about one subject.
 *
 * The developer knows the rows it brought, so what is protected of a person is the rest: the departments' rows. A
 * block's rho is the price of a unit that is there or not. Where own rows of a unit count though no department's row of
 * it is there, the unit stays and changes, which is two steps and up to four times the price. So every row that a block
 * aggregates must need a department's row of its unit: then taking those out takes the unit out.
 *
 * Source: scheme articles 18, 22, 26; docs/scheme/fusion.md.
 */
#include "plan_internal.h"
#include "rules/control.h"
#include "wire/own.h"

/* What a relation has of own data. alone: rows of it may be there whose unit has rows in own tables only. */
struct own_part {
    bool reads, alone;
};

static struct own_part of_scan(const struct plan_work *w, size_t at)
{
    bool own = sy_is_own(w->c->plan->rels[at].source);
    return (struct own_part){own, own && w->units[at].is_protected};
}

/* Both protected: they meet on the unit (wire/plan_unit.h), so an inner or semi join leaves units that are in both. What
 * left and anti joins leave is the left side's, whatever the right one has. */
static bool join_alone(const struct plan_work *w, const struct sy_plan_rel *r,
                       const struct own_part *earlier)
{
    bool left = earlier[r->in[0]].alone;
    bool right = earlier[r->in[1]].alone;
    if (sy_view_is(r->kind, "left") || sy_view_is(r->kind, "anti")) {
        return left;
    }
    bool meet = w->units[r->in[0]].is_protected && w->units[r->in[1]].is_protected;
    return meet ? left && right : left || right;
}

/* Each relation reads only earlier ones, and a join two: sy_plan_type. */
static struct own_part of_rel(const struct plan_work *w, size_t at, const struct own_part *earlier)
{
    const struct sy_plan_rel *r = &w->c->plan->rels[at];
    struct own_part p = {false, false};
    if (sy_view_is(r->op, "scan")) {
        return of_scan(w, at);
    }
    for (size_t i = 0; i < r->n_in; i++) {
        p.reads = p.reads || earlier[r->in[i]].reads;
        p.alone = p.alone || earlier[r->in[i]].alone;
    }
    if (sy_view_is(r->op, "join")) {
        p.alone = join_alone(w, r, earlier);
    }
    return p;
}

static bool may_stay(const struct plan_work *w, size_t i, bool own)
{
    const struct sy_plan_block *b = &w->c->plan->blocks[i];
    bool noised = plan_noise(b->mechanism) != RULES_NOISE_NONE;
    return noised || (!own && sy_view_is(b->mechanism, "exact"));
}

static sy_status check_block(struct plan_work *w, size_t i, struct own_part p)
{
    if (!control(RULES_CTL_FUSION_NOISED, may_stay(w, i, p.reads))) {
        return sy_fail(w->err, SY_E_PRIVACY, check_path(w, "blocks", i, "m"),
                       "a plan that reads a developer's own data is answered by noise only");
    }
    if (!control(RULES_CTL_FUSION_MET, !p.alone)) {
        return sy_fail(w->err, SY_E_PRIVACY, check_path(w, "blocks", i, "r"),
                       "own data about people counts only where it meets a department's: inner "
                       "join it with a protected table of the scene on the unit");
    }
    return SY_OK;
}

sy_status plan_own_check(struct plan_work *w)
{
    const struct sy_plan *plan = w->c->plan;
    struct own_part parts[SY_PLAN_RELS_MAX] = {{false, false}};
    bool any = false;
    for (size_t i = 0; i < plan->n_rels && i < SY_PLAN_RELS_MAX; i++) {
        parts[i] = of_rel(w, i, parts);
        any = any || parts[i].reads;
    }
    for (size_t i = 0; any && i < plan->n_blocks; i++) {
        SY_TRY(check_block(w, i, parts[plan->blocks[i].rel]));
    }
    return SY_OK;
}
