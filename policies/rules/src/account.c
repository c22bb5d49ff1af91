/*
 * The account of one grant: its shares of the namespaces' budgets and what it has used of them and of its calls.
 * Every run moves it, so it has a row of its own, and the grant's stays as it is.
 * Invariants: an account begins with its grant and is never removed; what it has used never shrinks.
 */
#include "memo.h"
#include "method.h"
#include "state_internal.h"

struct sy_row_grant_share *grant_share(const struct sy_row_account *a, struct sy_view ns)
{
    for (size_t i = 0; i < a->n_shares; i++) {
        if (sy_view_eq(a->shares[i].ns, ns)) {
            return &a->shares[i];
        }
    }
    return NULL;
}

/* A copy whose shares are the caller's to change. */
static sy_status account_of(const struct sy_row_account *kept, struct sy_arena *arena,
                            struct sy_row_account *ret, struct sy_error *err)
{
    *ret = *kept;
    ret->shares = sy_arena_alloc(arena, kept->n_shares + 1, sizeof(*ret->shares));
    if (ret->shares == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    if (kept->n_shares > 0) {
        memcpy(ret->shares, kept->shares, kept->n_shares * sizeof(*ret->shares));
    }
    return SY_OK;
}

sy_status account_row(const struct rules_state *s, const uint8_t grant[32], struct sy_arena *arena,
                      struct sy_row_account *ret, struct sy_error *err)
{
    struct memo_account *kept = state_memo(s) == NULL ? NULL : memo_account(state_memo(s));
    if (kept != NULL && memo_same_state(&kept->at, state_generation(s)) &&
        memcmp(kept->grant, grant, 32) == 0) {
        return account_of(&kept->row, arena, ret, err);
    }
    struct rules_key key = rules_key_hash("account/", grant);
    const struct state_row *row = state_find(s, rules_key_view(&key));
    if (row == NULL) {
        return sy_fail(err, SY_E_GRANT, "header.grant", "there is no such grant");
    }
    if (kept == NULL || !memo_free_for(&kept->at, state_generation(s))) {
        return state_decode(s, row, &sy_row_account_desc, arena, ret, err);
    }
    memo_clear(&kept->at);
    SY_TRY(state_decode(s, row, &sy_row_account_desc, &kept->at.arena, &kept->row, err));
    memcpy(kept->grant, grant, 32);
    kept->at.valid = true;
    kept->at.used = state_generation(s);
    return account_of(&kept->row, arena, ret, err);
}

sy_status account_put(struct change *x, const uint8_t grant[32], const struct sy_row_account *a)
{
    struct rules_key key = rules_key_hash("account/", grant);
    return effect_put(x->effect, &key, &sy_row_account_desc, a, x->err);
}
