/*
 * demand.file, review: data that a scene needs and the operation catalogue has not. The operator files what a
 * developer asks for; it is approved when both the agency and the department in charge of the sector approve, and
 * over when one of them rejects. The entry that meets an approved demand names it.
 *
 * Invariants: a demand has at most one opinion of each reviewer; met only after approved.
 * Source: scheme article 18, third paragraph.
 */
#include "catalogue.h"

static sy_status demand_read(const struct rules_state *s, uint64_t demand, struct sy_arena *arena,
                             struct sy_demand_row *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_number("demand/", demand);
    struct sy_view value;
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_NOT_FOUND, "demand", "there is no demand %llu",
                       (unsigned long long)demand);
    }
    return rules_state_read(s, rules_key_view(&key), &sy_demand_row_desc, arena, ret, err);
}

static sy_status demand_put(struct change *x, uint64_t demand, const struct sy_demand_row *row)
{
    struct rules_key key = rules_key_number("demand/", demand);
    return effect_put(x->effect, &key, &sy_demand_row_desc, row, x->err);
}

sy_status demand_meets(struct ask *c, uint64_t demand, struct sy_view dataset)
{
    struct sy_demand_row row;
    SY_TRY(demand_read(c->state, demand, c->arena, &row, c->err));
    bool fine = sy_view_is(row.status, "approved") ||
                (sy_view_is(row.status, "met") && sy_view_eq(row.met, dataset));
    return fine ? SY_OK
                : sy_fail(c->err, SY_E_STATE, "demands", "demand %llu is %.*s",
                          (unsigned long long)demand, SY_PV(row.status));
}

sy_status demand_put_met(struct change *x, uint64_t demand, struct sy_view dataset)
{
    struct sy_demand_row row;
    SY_TRY(demand_read(x->state, demand, x->arena, &row, x->err));
    row.met = dataset;
    row.status = sy_view_str("met");
    return demand_put(x, demand, &row);
}

/* ---- file ---- */

static sy_status with_role(struct ask *c, struct sy_view party, const char *role, const char *field)
{
    struct sy_party p;
    SY_TRY(party_active(c->state, party, c->arena, &p, c->err));
    return sy_view_is(p.role, role)
               ? SY_OK
               : sy_fail(c->err, SY_E_ROLE, field, "%.*s is no %s", SY_PV(party), role);
}

sy_status decide_demand(struct ask *c)
{
    const struct sy_demand *d = c->args;
    struct sy_pack pack;
    const struct sy_pack_catalogue *terms;
    SY_TRY(catalogue_terms(c->state, c->arena, &pack, &terms, c->err));
    SY_TRY(with_role(c, d->developer, "developer", "developer"));
    SY_TRY(with_role(c, d->sector, "department", "sector"));
    if (!is_text(d->title, SY_ENTRY_LABEL_MAX) || !is_text(d->items, SY_ENTRY_TEXT_MAX) ||
        !is_text(d->scene, SY_ENTRY_TEXT_MAX)) {
        return sy_fail(c->err, SY_E_FIELD, "items", "a title, what data, and for which scene");
    }
    return SY_OK;
}

sy_status apply_demand(struct change *x)
{
    const struct sy_demand_row row = {
        .demand = x->req->args, .status = sy_view_str("filed"), .time = x->in->time};
    return demand_put(x, x->entry, &row);
}

/* ---- review ---- */

static bool has_opinion(const struct sy_demand_row *row, struct sy_view party)
{
    for (size_t i = 0; i < row->n_opinions; i++) {
        if (sy_view_eq(row->opinions[i].party, party)) {
            return true;
        }
    }
    return false;
}

sy_status decide_demand_review(struct ask *c)
{
    const struct sy_demand_review *a = c->args;
    struct sy_demand_row row;
    struct sy_demand d;
    SY_TRY(demand_read(c->state, a->demand, c->arena, &row, c->err));
    SY_TRY(sy_record_decode(&sy_demand_desc, row.demand, &SY_MP_REQUEST, c->arena, &d, c->err));
    if (sy_view_is(c->party.role, "department") && !sy_view_eq(d.sector, c->party.party)) {
        return sy_fail(c->err, SY_E_DENIED, "demand", "another department is in charge");
    }
    if (!sy_view_is(row.status, "filed")) {
        return sy_fail(c->err, SY_E_STATE, "demand", "the demand is %.*s", SY_PV(row.status));
    }
    if (has_opinion(&row, c->party.party)) {
        return sy_fail(c->err, SY_E_EXISTS, "demand", "this party has reviewed it");
    }
    bool fine = word_in(a->decision, "approve reject") &&
                (a->opinion.n == 0 || is_text(a->opinion, SY_ENTRY_TEXT_MAX));
    return fine ? SY_OK : sy_fail(c->err, SY_E_FIELD, "decision", "approve or reject, and a text");
}

/* Its status after one more opinion: over with the first that rejects, approved with the second that approves. */
static const char *outcome(const struct sy_demand_row *row, bool approve)
{
    if (!approve) {
        return "rejected";
    }
    return control(RULES_CTL_DEMAND_BOTH, row->n_opinions == 2) ? "approved" : "filed";
}

sy_status apply_demand_review(struct change *x)
{
    const struct sy_demand_review *a = x->args;
    struct sy_demand_row row;
    SY_TRY(demand_read(x->state, a->demand, x->arena, &row, x->err));
    struct sy_demand_opinion *all = sy_arena_alloc(x->arena, row.n_opinions + 1, sizeof(*all));
    if (all == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < row.n_opinions; i++) {
        all[i] = row.opinions[i];
    }
    all[row.n_opinions] = (struct sy_demand_opinion){.decision = a->decision,
                                                     .entry = x->entry,
                                                     .opinion = a->opinion,
                                                     .party = x->req->header.party};
    row.opinions = all;
    row.n_opinions++;
    row.status = sy_view_str(outcome(&row, sy_view_is(a->decision, "approve")));
    return demand_put(x, a->demand, &row);
}
