/*
 * The accounts of the unit namespaces. A grant's share is held when it is signed; a charge moves
 * its price from held to spent, before the run; expiry and revocation give back what is still held.
 *
 * Invariants, after every event: spent + held <= cap; held = sum over live grants of share - spent;
 * spent never shrinks. All additions are checked: an account that would overflow is refused, and
 * one that does not add up is an internal error, never a smaller figure.
 * Source: DESIGN section 4.5.
 */
#include "method.h"

sy_status budget_read(const struct rules_state *s, struct sy_view ns, struct sy_arena *arena,
                      struct sy_row_budget *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_id("budget/", ns);
    struct sy_view value;
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_BUDGET, "budget", "the pack gives the namespace %.*s no budget",
                       SY_PV(ns));
    }
    return rules_state_read(s, rules_key_view(&key), &sy_row_budget_desc, arena, ret, err);
}

/* a + b + c <= cap, without overflow. */
static bool within(uint64_t a, uint64_t b, uint64_t c, uint64_t cap)
{
    uint64_t sum;
    return sy_add_u64(a, b, &sum) && sy_add_u64(sum, c, &sum) && sum <= cap;
}

sy_status budget_fits(const struct sy_row_budget *b, uint64_t rho, uint64_t delta,
                      struct sy_view ns, struct sy_error *err)
{
    if (!within(b->spent_rho, b->held_rho, rho, b->cap_rho)) {
        return sy_fail(err, SY_E_BUDGET, "rho",
                       "what is left of the lifetime budget of %.*s is less", SY_PV(ns));
    }
    if (!within(b->spent_delta, b->held_delta, delta, b->cap_delta)) {
        return sy_fail(err, SY_E_BUDGET, "delta",
                       "what is left of the lifetime budget of %.*s is less", SY_PV(ns));
    }
    return SY_OK;
}

struct sy_row_grant_share *grant_share(const struct sy_row_grant *g, struct sy_view ns)
{
    for (size_t i = 0; i < g->n_shares; i++) {
        if (sy_view_eq(g->shares[i].ns, ns)) {
            return &g->shares[i];
        }
    }
    return NULL;
}

static sy_status put_budget(struct change *x, struct sy_view ns, const struct sy_row_budget *b)
{
    struct rules_key key = rules_key_id("budget/", ns);
    return effect_put(x->effect, &key, &sy_row_budget_desc, b, x->err);
}

static sy_status unbalanced(struct change *x)
{
    return sy_fail(x->err, SY_E_INTERNAL, "budget", "the account does not add up");
}

sy_status budget_hold(struct change *x, const struct sy_row_grant *g)
{
    for (size_t i = 0; i < g->n_shares; i++) {
        const struct sy_row_grant_share *h = &g->shares[i];
        struct sy_row_budget b;
        SY_TRY(budget_read(x->state, h->ns, x->arena, &b, x->err));
        SY_TRY(budget_fits(&b, h->rho, h->delta, h->ns, x->err));
        b.held_rho += h->rho;
        b.held_delta += h->delta;
        SY_TRY(put_budget(x, h->ns, &b));
    }
    return SY_OK;
}

sy_status budget_release(struct change *x, const struct sy_row_grant *g)
{
    for (size_t i = 0; i < g->n_shares; i++) {
        const struct sy_row_grant_share *h = &g->shares[i];
        struct sy_row_budget b;
        SY_TRY(budget_read(x->state, h->ns, x->arena, &b, x->err));
        if (!sy_sub_u64(b.held_rho, h->rho - h->rho_spent, &b.held_rho) ||
            !sy_sub_u64(b.held_delta, h->delta - h->delta_spent, &b.held_delta)) {
            return unbalanced(x);
        }
        SY_TRY(put_budget(x, h->ns, &b));
    }
    return SY_OK;
}

static sy_status spend_one(struct change *x, struct sy_row_grant *g, const struct sy_spend *p)
{
    struct sy_row_grant_share *h = grant_share(g, p->ns);
    struct sy_row_budget b;
    if (h == NULL) {
        return unbalanced(x);
    }
    SY_TRY(budget_read(x->state, p->ns, x->arena, &b, x->err));
    if (!within(h->rho_spent, p->rho, 0, h->rho) ||
        !within(h->delta_spent, p->delta, 0, h->delta) ||
        !sy_sub_u64(b.held_rho, p->rho, &b.held_rho) ||
        !sy_sub_u64(b.held_delta, p->delta, &b.held_delta) ||
        !sy_add_u64(b.spent_rho, p->rho, &b.spent_rho) ||
        !sy_add_u64(b.spent_delta, p->delta, &b.spent_delta)) {
        return unbalanced(x);
    }
    h->rho_spent += p->rho;
    h->delta_spent += p->delta;
    return put_budget(x, p->ns, &b);
}

sy_status budget_spend(struct change *x, struct sy_row_grant *g, const struct sy_spend *spends,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        SY_TRY(spend_one(x, g, &spends[i]));
    }
    return SY_OK;
}
