/*
 * Who holds a suspended grant: one party stops, all must start. A hold is its party's own: only that party lifts it
 * (scene.lift), and the grant goes on when the agency resumes it and nobody else holds it (grant.c).
 *
 * Invariant: each party holds a grant at most once; the first act stands, but that an act of its own takes over the hold
 * of an order to correct, which would go with the order.
 * Source: scheme articles 15, 28, 32.
 */
#include "scene.h"

bool hold_of(const struct sy_row_grant *g, struct sy_view party)
{
    for (size_t i = 0; i < g->n_holds; i++) {
        if (sy_view_eq(g->holds[i].party, party)) {
            return true;
        }
    }
    return false;
}

bool hold_only_of(const struct sy_row_grant *g, struct sy_view party)
{
    return g->n_holds == 0 || (g->n_holds == 1 && hold_of(g, party));
}

sy_status hold_drop(struct change *x, struct sy_row_grant *g, struct sy_view party)
{
    struct sy_row_hold *kept = sy_arena_alloc(x->arena, g->n_holds + 1, sizeof(*kept));
    size_t n = 0;
    if (kept == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < g->n_holds; i++) {
        if (!sy_view_eq(g->holds[i].party, party)) {
            kept[n++] = g->holds[i];
        }
    }
    g->holds = kept;
    g->n_holds = n;
    return SY_OK;
}

/* Did an order leave this hold, and is this act none? */
static bool outlasts(const struct change *x, const struct sy_row_hold *h)
{
    struct rules_key order = rules_key_number("correction/", h->entry);
    struct sy_view value;
    return rules_state_get(x->state, rules_key_view(&order), &value) &&
           !sy_view_is(x->req->header.method, "order.correct");
}

sy_status grant_hold(struct change *x, struct sy_row_grant *g, struct sy_view ground)
{
    const struct sy_row_hold own = {
        .entry = x->entry, .ground = ground, .party = x->req->header.party};
    if (sy_view_is(own.party, "warden")) {
        return SY_OK; /* the warden's own acts hold nothing: it could not lift it */
    }
    SY_TRY(hold_drop(x, g, (struct sy_view){0})); /* of nobody: a list of its own, with room */
    for (size_t i = 0; i < g->n_holds; i++) {
        if (sy_view_eq(g->holds[i].party, own.party)) {
            g->holds[i] = outlasts(x, &g->holds[i]) ? own : g->holds[i];
            return SY_OK;
        }
    }
    g->holds[g->n_holds++] = own;
    return SY_OK;
}
