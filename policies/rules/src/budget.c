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
#include "state_internal.h"

#include <stddef.h>

sy_status budget_read(const struct rules_state *s, struct sy_view ns, struct sy_arena *arena,
                      struct sy_row_budget *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_id("budget/", ns);
    const struct state_row *row = state_find(s, rules_key_view(&key));
    if (row == NULL) {
        return sy_fail(err, SY_E_BUDGET, "budget", "the pack gives the namespace %.*s no budget",
                       SY_PV(ns));
    }
    return state_decode(s, row, &sy_row_budget_desc, arena, ret, err);
}

/* What an account counts, and where: cap, held and spent of a namespace, share and spent of a grant, the
 * price of a run. */
static const struct kind {
    const char *name;
    size_t cap, held, spent;
    size_t share, share_spent;
    size_t price;
} KINDS[] = {
#define KIND(what)                                                                                 \
    {                                                                                              \
#what, offsetof(struct sy_row_budget, cap_##what),                                         \
            offsetof(struct sy_row_budget, held_##what),                                           \
            offsetof(struct sy_row_budget, spent_##what),                                          \
            offsetof(struct sy_row_grant_share, what),                                             \
            offsetof(struct sy_row_grant_share, what##_spent), offsetof(struct sy_spend, what)     \
    }
    KIND(rho),
    KIND(delta),
    KIND(cells),
#undef KIND
};

enum { N_KINDS = sizeof(KINDS) / sizeof(KINDS[0]) };

static uint64_t get(const void *record, size_t offset)
{
    uint64_t v;
    memcpy(&v, (const uint8_t *)record + offset, sizeof(v));
    return v;
}

static void set(void *record, size_t offset, uint64_t v)
{
    memcpy((uint8_t *)record + offset, &v, sizeof(v));
}

/* a + b + c <= cap, without overflow. */
static bool within(uint64_t a, uint64_t b, uint64_t c, uint64_t cap)
{
    uint64_t sum;
    return sy_add_u64(a, b, &sum) && sy_add_u64(sum, c, &sum) && sum <= cap;
}

sy_status budget_fits(const struct sy_row_budget *b, const struct sy_spend *want,
                      struct sy_error *err)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        const struct kind *k = &KINDS[i];
        bool fits = within(get(b, k->spent), get(b, k->held), get(want, k->price), get(b, k->cap));
        if (!control(RULES_CTL_BUDGET_HELD, fits)) {
            return sy_fail(err, SY_E_BUDGET, k->name,
                           "what is left of the lifetime budget of %.*s is less", SY_PV(want->ns));
        }
    }
    return SY_OK;
}

sy_status budget_pays(const struct sy_row_budget *b, const struct sy_row_grant_share *share,
                      const struct sy_spend *price, struct sy_error *err)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        const struct kind *k = &KINDS[i];
        uint64_t want = get(price, k->price);
        bool left =
            share != NULL && within(get(share, k->share_spent), want, 0, get(share, k->share));
        if (!control(RULES_CTL_BUDGET_SHARE, left)) {
            return sy_fail(err, SY_E_BUDGET, k->name,
                           "what is left of the grant's share of %.*s is less than the run's price",
                           SY_PV(price->ns));
        }
    }
    for (size_t i = 0; i < N_KINDS; i++) {
        const struct kind *k = &KINDS[i];
        if (!within(get(b, k->spent), get(price, k->price), 0, get(b, k->cap))) {
            return sy_fail(err, SY_E_BUDGET, k->name, "the lifetime budget of %.*s is used up",
                           SY_PV(price->ns));
        }
    }
    return SY_OK;
}

sy_status budget_cap(const struct sy_row_budget *b, const struct sy_pack_budget *want,
                     struct sy_error *err)
{
    const struct sy_spend caps = {.cells = want->cells, .delta = want->delta, .rho = want->rho};
    for (size_t i = 0; i < N_KINDS; i++) {
        const struct kind *k = &KINDS[i];
        uint64_t cap = get(&caps, k->price);
        if (!control(RULES_CTL_BUDGET_FOR_LIFE, cap <= get(b, k->cap))) {
            return sy_fail(err, SY_E_BUDGET, "pack.budgets",
                           "the cap of %.*s is for its lifetime and can't be raised (%s)",
                           SY_PV(want->ns), k->name);
        }
        if (!within(get(b, k->spent), get(b, k->held), 0, cap)) {
            return sy_fail(err, SY_E_BUDGET, "pack.budgets",
                           "the cap of %.*s is below what is spent and reserved (%s)",
                           SY_PV(want->ns), k->name);
        }
    }
    return SY_OK;
}

static sy_status put_budget(struct change *x, struct sy_view ns, const struct sy_row_budget *b)
{
    struct rules_key key = rules_key_id("budget/", ns);
    return effect_put(x->effect, &key, &sy_row_budget_desc, b, x->err);
}

static sy_status unbalanced(struct sy_error *err)
{
    return sy_fail(err, SY_E_INTERNAL, "budget", "the account does not add up");
}

/* The account as this event leaves it so far: an event that ends several grants moves it several times. */
static sy_status budget_now(struct change *x, struct sy_view ns, struct sy_row_budget *ret)
{
    struct rules_key key = rules_key_id("budget/", ns);
    struct sy_view bytes;
    if (!effect_pending(x->effect, &key, &bytes)) {
        return budget_read(x->state, ns, x->arena, ret, x->err);
    }
    bytes = sy_arena_copy(x->arena, bytes); /* the next put replaces it */
    return sy_record_decode(&sy_row_budget_desc, bytes, &SY_MP_REQUEST, x->arena, ret, x->err);
}

sy_status budget_hold(struct change *x, const struct sy_row_account *a)
{
    for (size_t i = 0; i < a->n_shares; i++) {
        const struct sy_row_grant_share *h = &a->shares[i];
        const struct sy_spend want = {
            .cells = h->cells, .delta = h->delta, .ns = h->ns, .rho = h->rho};
        struct sy_row_budget b;
        SY_TRY(budget_now(x, h->ns, &b));
        SY_TRY(budget_fits(&b, &want, x->err));
        for (size_t j = 0; j < N_KINDS; j++) {
            set(&b, KINDS[j].held, get(&b, KINDS[j].held) + get(h, KINDS[j].share));
        }
        SY_TRY(put_budget(x, h->ns, &b));
    }
    return SY_OK;
}

sy_status budget_without(struct sy_row_budget *b, const struct sy_row_grant_share *share,
                         struct sy_error *err)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        const struct kind *k = &KINDS[i];
        uint64_t held;
        if (!sy_sub_u64(get(b, k->held), get(share, k->share) - get(share, k->share_spent),
                        &held)) {
            return unbalanced(err);
        }
        set(b, k->held, held);
    }
    return SY_OK;
}

sy_status budget_release(struct change *x, const struct sy_row_account *a)
{
    for (size_t i = 0; i < a->n_shares; i++) {
        const struct sy_row_grant_share *h = &a->shares[i];
        struct sy_row_budget b;
        SY_TRY(budget_now(x, h->ns, &b));
        SY_TRY(budget_without(&b, h, x->err));
        SY_TRY(put_budget(x, h->ns, &b));
    }
    return SY_OK;
}

/* One kind's price, from held to spent and into the grant's share; false: it does not add up. */
static bool move(const struct kind *k, const struct sy_spend *p, struct sy_row_grant_share *h,
                 struct sy_row_budget *b)
{
    uint64_t price = get(p, k->price);
    uint64_t held;
    uint64_t spent;
    if (!within(get(h, k->share_spent), price, 0, get(h, k->share)) ||
        !sy_sub_u64(get(b, k->held), price, &held) ||
        !sy_add_u64(get(b, k->spent), price, &spent)) {
        return false;
    }
    set(b, k->held, held);
    set(b, k->spent, spent);
    set(h, k->share_spent, get(h, k->share_spent) + price);
    return true;
}

static sy_status spend_one(struct change *x, struct sy_row_account *a, const struct sy_spend *p)
{
    struct sy_row_grant_share *h = grant_share(a, p->ns);
    struct sy_row_budget b;
    if (h == NULL) {
        return unbalanced(x->err);
    }
    SY_TRY(budget_now(x, p->ns, &b));
    for (size_t i = 0; i < N_KINDS; i++) {
        if (!move(&KINDS[i], p, h, &b)) {
            return unbalanced(x->err);
        }
    }
    return put_budget(x, p->ns, &b);
}

sy_status budget_spend(struct change *x, struct sy_row_account *a, const struct sy_spend *spends,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        SY_TRY(spend_one(x, a, &spends[i]));
    }
    return SY_OK;
}
