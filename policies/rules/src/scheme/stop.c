/*
 * Stopping many grants in one event: whoever loses the ground under a grant (a party, a dataset, the agreement above)
 * takes its grants along, in the same entry of the log.
 * Invariants: a grant that is over (revoked, expired) is never written again. All grants ever made are looked at once,
 * each in memory of its own that is given back: an act that stops everything fits however many there were.
 * Source: scheme articles 15, 22, 28, 32.
 */
#include "proof/ids.h"
#include "scheme.h"

static bool is_live(const struct stop *which, const struct sy_row_grant *g)
{
    return word_in(g->status, "active awaiting suspended") &&
           (which->developer.n == 0 || sy_view_eq(which->developer, g->developer));
}

static bool is_named(const struct stop *which, const uint8_t id[32], const struct sy_proposal *p)
{
    bool named = which->n_grants == 0 && which->n_datasets == 0;
    for (size_t i = 0; !named && i < which->n_grants; i++) {
        named = sy_view_eq(which->grants[i], sy_view(id, 32));
    }
    for (size_t i = 0; !named && i < which->n_datasets; i++) {
        named = proposal_dataset(p, which->datasets[i]) != NULL;
    }
    return named;
}

static sy_status stop_one(struct change *x, const struct stop *which, const uint8_t id[32],
                          struct sy_row_grant *g)
{
    struct rules_key key = rules_key_hash("grant/", id);
    if (which->for_good) {
        struct sy_row_account a;
        SY_TRY(account_row(x->state, id, x->arena, &a, x->err));
        SY_TRY(budget_release(x, &a));
        g->n_holds = 0; /* nobody holds what is over */
    } else {
        SY_TRY(grant_hold(x, g, which->ground));
    }
    g->status = sy_view_str(which->for_good ? "revoked" : "suspended");
    g->ground = which->ground;
    SY_TRY(deposits_drop(x, id));
    return effect_put(x->effect, &key, &sy_row_grant_desc, g, x->err);
}

static sy_status stop_row(struct change *x, const struct stop *which, struct sy_view row)
{
    struct sy_row_grant g;
    struct sy_proposal p;
    uint8_t id[32];
    SY_TRY(sy_record_decode(&sy_row_grant_desc, row, &SY_MP_LARGE, x->arena, &g, x->err));
    if (!is_live(which, &g)) {
        return SY_OK;
    }
    SY_TRY(sy_record_decode(&sy_proposal_desc, g.proposal, &SY_MP_REQUEST, x->arena, &p, x->err));
    proof_grant_id(id, g.proposal);
    return is_named(which, id, &p) ? stop_one(x, which, id, &g) : SY_OK;
}

sy_status grants_stop(struct change *x, const struct stop *which)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = EFFECT_WORK_BYTES};
    struct change of_row = *x;
    struct sy_view key = {0};
    struct sy_view value;
    of_row.arena = &arena;
    while (rules_state_next(x->state, sy_view_str("grant/"), key, &key, &value)) {
        sy_arena_clear(&arena);
        SY_TRY(stop_row(&of_row, which, value));
    }
    return SY_OK;
}
