/*
 * budget.recover: the agency gives back part of what a namespace has spent, because releases of long ago
 * are no longer of use to an attacker, say. It is a decision of people, signed and public, and no outcome of
 * a run leads here: a run that was refused, cut off or never read stays charged.
 *
 * What it costs: the lifetime guarantee is weaker by what is given back. So it is capped twice: within 365
 * days from its first use by what the pack allowed when it first named the namespace (a later pack may
 * lower that, never raise it), and in all by what was spent. After n years at most n + 1 times the yearly
 * cap was given back, which is what docs/privacy/budget.md states as the guarantee.
 *
 * Invariants: cap = the pack's cap + recovered; recovered <= spent; spent never shrinks.
 * Source: DESIGN section 4.5.
 */
#include "method.h"

enum { YEAR_S = 365 * 86400, TEXT_MAX = 2000 };

sy_status recover_grow(const struct sy_row_budget *b, struct sy_pack_budget *want,
                       struct sy_error *err)
{
    if (!sy_add_u64(want->rho, b->recovered_rho, &want->rho) ||
        !sy_add_u64(want->delta, b->recovered_delta, &want->delta)) {
        return sy_fail(err, SY_E_FIELD, "pack.budgets", "a namespace and caps within range");
    }
    return SY_OK;
}

sy_status recover_caps(const struct sy_row_budget *b, const struct sy_pack_budget *want,
                       struct sy_error *err)
{
    if (want->recover_rho > b->recover_rho || want->recover_delta > b->recover_delta) {
        return sy_fail(err, SY_E_BUDGET, "pack.budgets",
                       "what a year may give back to %.*s can't be raised", SY_PV(want->ns));
    }
    return SY_OK;
}

/* The account as it is at `now`: a year that is over has used nothing of the next one's. */
static void begin_year(struct sy_row_budget *b, int64_t now)
{
    bool used = b->year_rho > 0 || b->year_delta > 0;
    if (!used || now - b->recover_since >= YEAR_S) {
        b->recover_since = now;
        b->year_rho = 0;
        b->year_delta = 0;
    }
}

/* used + want <= cap, without overflow. */
static bool fits(uint64_t used, uint64_t want, uint64_t cap)
{
    return used <= cap && want <= cap - used;
}

static sy_status amounts_check(struct ask *c, const struct sy_recover *a)
{
    struct sy_row_budget b;
    SY_TRY(budget_read(c->state, a->ns, c->arena, &b, c->err));
    begin_year(&b, c->in->time);
    bool rho = fits(b.year_rho, a->rho, b.recover_rho);
    if (!rho || !fits(b.year_delta, a->delta, b.recover_delta)) {
        return sy_fail(c->err, SY_E_BUDGET, rho ? "delta" : "rho",
                       "more than the pack lets a year give back to %.*s", SY_PV(a->ns));
    }
    if (!fits(b.recovered_rho, a->rho, b.spent_rho) ||
        !fits(b.recovered_delta, a->delta, b.spent_delta)) {
        return sy_fail(c->err, SY_E_BUDGET, "ns", "more than %.*s has spent", SY_PV(a->ns));
    }
    return SY_OK;
}

sy_status decide_recover(struct ask *c)
{
    const struct sy_recover *a = c->args;
    struct sy_pack pack;
    SY_TRY(pack_read(c->state, c->arena, &pack, c->err));
    SY_TRY(ground_check(c, &pack, a->ground));
    if (!is_id(a->ns) || (a->rho == 0 && a->delta == 0)) {
        return sy_fail(c->err, SY_E_FIELD, "ns", "a namespace, and an amount");
    }
    if (a->text.n > 0 && !is_text(a->text, TEXT_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "text", "at most %d bytes of text", TEXT_MAX);
    }
    return amounts_check(c, a);
}

sy_status apply_recover(struct change *x)
{
    const struct sy_recover *a = x->args;
    struct rules_key key = rules_key_id("budget/", a->ns);
    struct sy_row_budget b;
    SY_TRY(budget_read(x->state, a->ns, x->arena, &b, x->err));
    begin_year(&b, x->in->time);
    b.year_rho += a->rho;
    b.year_delta += a->delta;
    b.recovered_rho += a->rho;
    b.recovered_delta += a->delta;
    if (!sy_add_u64(b.cap_rho, a->rho, &b.cap_rho) ||
        !sy_add_u64(b.cap_delta, a->delta, &b.cap_delta)) {
        return sy_fail(x->err, SY_E_INTERNAL, "budget", "the account does not add up");
    }
    return effect_put(x->effect, &key, &sy_row_budget_desc, &b, x->err);
}
