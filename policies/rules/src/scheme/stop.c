/*
 * Stopping many grants in one event: whoever loses the ground under a grant (a party, a dataset, the agreement above)
 * takes its grants along, in the same entry of the log.
 * Invariant: a grant that is over (revoked, expired) is never written again.
 * Source: scheme articles 15, 22, 28, 32.
 */
#include "proof/ids.h"
#include "scheme.h"

static bool reads(const struct sy_proposal *p, struct sy_view dataset)
{
    return dataset.n == 0 || proposal_dataset(p, dataset) != NULL;
}

static bool concerns(const struct stop *which, const uint8_t id[32], const struct sy_row_grant *g,
                     const struct sy_proposal *p)
{
    return word_in(g->status, "active awaiting suspended") &&
           (which->developer.n == 0 || sy_view_eq(which->developer, g->developer)) &&
           (which->grant == NULL || memcmp(which->grant, id, 32) == 0) && reads(p, which->dataset);
}

static sy_status stop_one(struct change *x, const struct stop *which, const uint8_t id[32],
                          struct sy_row_grant *g)
{
    struct rules_key key = rules_key_hash("grant/", id);
    SY_TRY(which->for_good ? budget_release(x, g) : grant_hold(x, g, which->ground));
    g->status = sy_view_str(which->for_good ? "revoked" : "suspended");
    g->ground = which->ground;
    return effect_put(x->effect, &key, &sy_row_grant_desc, g, x->err);
}

sy_status grants_stop(struct change *x, const struct stop *which)
{
    struct sy_view key = {0};
    struct sy_view value;
    while (rules_state_next(x->state, sy_view_str("grant/"), key, &key, &value)) {
        struct sy_row_grant g;
        struct sy_proposal p;
        uint8_t id[32];
        SY_TRY(sy_record_decode(&sy_row_grant_desc, value, &SY_MP_LARGE, x->arena, &g, x->err));
        SY_TRY(
            sy_record_decode(&sy_proposal_desc, g.proposal, &SY_MP_REQUEST, x->arena, &p, x->err));
        proof_grant_id(id, g.proposal);
        if (concerns(which, id, &g, &p)) {
            SY_TRY(stop_one(x, which, id, &g));
        }
    }
    return SY_OK;
}
