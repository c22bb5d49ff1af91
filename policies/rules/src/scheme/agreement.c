/*
 * Agreements as they stand: what a party may develop, under which, until when. The agency's whole grant to the
 * operator is the parent of every developer's agreement; an agreement counts while it is on file and its time runs,
 * and a developer's only while its parent does. Expiry needs no event: it follows from the logged time.
 *
 * A party that renews has two agreements for a while, linked by `prev`, the newer one in its standing; whichever is
 * in force and covers what is asked for is enough.
 *
 * Source: scheme articles 9, 13 (6), 15, 31, 36.
 */
#include "qualify.h"
#include "wire/own.h"

/* A party has had no more agreements than this that could still run: terms are years long. */
enum { CHAIN_MAX = 8 };

sy_status agreement_read(const struct rules_state *s, const uint8_t id[32], struct sy_arena *arena,
                         struct agreement *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_hash("agreement/", id);
    struct sy_view value;
    if (!rules_state_get(s, rules_key_view(&key), &value)) {
        return sy_fail(err, SY_E_NOT_FOUND, "agreement", "there is no such agreement");
    }
    memcpy(ret->id, id, 32);
    SY_TRY(
        rules_state_read(s, rules_key_view(&key), &sy_row_agreement_desc, arena, &ret->row, err));
    return sy_record_decode(&sy_agreement_desc, ret->row.agreement, &SY_MP_REQUEST, arena,
                            &ret->said, err);
}

sy_status agreement_put(struct change *x, const struct agreement *a)
{
    struct rules_key key = rules_key_hash("agreement/", a->id);
    return effect_put(x->effect, &key, &sy_row_agreement_desc, &a->row, x->err);
}

bool agreement_holds(const struct sy_agreement *a, struct sy_view dataset)
{
    return view_in(dataset, a->datasets, a->n_datasets) ||
           view_in(sy_view_str(SY_AGREEMENT_ALL), a->datasets, a->n_datasets);
}

/* The party's agreements from the newest back: *id is the next one's, all zero behind the last. */
static sy_status chain_first(const struct rules_state *s, struct sy_view party,
                             struct sy_arena *arena, uint8_t id[32], struct sy_error *err)
{
    struct sy_row_standing standing;
    SY_TRY(standing_read(s, party, arena, &standing, err));
    memcpy(id, standing.agreement, 32);
    return SY_OK;
}

sy_status agreement_runs(const struct rules_state *s, struct sy_view party, int64_t now,
                         struct sy_arena *arena, int64_t *ret_until, struct sy_error *err)
{
    uint8_t id[32];
    *ret_until = 0;
    SY_TRY(chain_first(s, party, arena, id, err));
    for (size_t i = 0; i < CHAIN_MAX && !is_zero32(id); i++) {
        struct agreement a;
        SY_TRY(agreement_read(s, id, arena, &a, err));
        bool runs = word_in(a.row.status, "accepted filed") && now <= a.said.not_after;
        *ret_until = runs && a.said.not_after > *ret_until ? a.said.not_after : *ret_until;
        memcpy(id, a.said.prev, 32);
    }
    return SY_OK;
}

sy_status agreement_in_force(struct ask *c, const struct agreement *a, const char *field)
{
    if (sy_view_is(a->row.status, "terminated")) {
        return sy_fail(c->err, SY_E_GRANT, field, "the agreement was terminated");
    }
    if (!control(RULES_CTL_FILED, sy_view_is(a->row.status, "filed"))) {
        return sy_fail(c->err, SY_E_GRANT, field, "the agreement is %.*s, and not on file yet",
                       SY_PV(a->row.status));
    }
    return c->in->time >= a->said.not_before && c->in->time <= a->said.not_after
               ? SY_OK
               : sy_fail(c->err, SY_E_EXPIRED, field, "the agreement's term is not running");
}

/* Scope and time of one agreement, the developer's own or the one above it. */
static sy_status covers(struct ask *c, const struct sy_agreement *a, const struct sy_proposal *p,
                        enum rules_control scope, enum rules_control term, const char *field)
{
    for (size_t i = 0; i < p->n_datasets; i++) {
        bool own = sy_is_own(p->datasets[i].dataset); /* agreements are about public data */
        if (!own && !control(scope, agreement_holds(a, p->datasets[i].dataset))) {
            return sy_fail(c->err, SY_E_GRANT, field, "the dataset %.*s is outside the agreement",
                           SY_PV(p->datasets[i].dataset));
        }
    }
    return control(term, p->not_before >= a->not_before && p->not_after <= a->not_after)
               ? SY_OK
               : sy_fail(c->err, SY_E_GRANT, field,
                         "no grant begins before its agreement, or "
                         "outlives it");
}

static sy_status one_covers(struct ask *c, const struct agreement *a, const struct sy_proposal *p)
{
    struct agreement parent;
    SY_TRY(agreement_in_force(c, a, "agreement"));
    SY_TRY(
        covers(c, &a->said, p, RULES_CTL_AGREEMENT_SCOPE, RULES_CTL_AGREEMENT_TERM, "agreement"));
    SY_TRY(agreement_read(c->state, a->said.parent, c->arena, &parent, c->err));
    sy_status s = agreement_in_force(c, &parent, "parent");
    if (!control(RULES_CTL_PARENT_IN_FORCE, sy_ok(s))) {
        return s;
    }
    return covers(c, &parent.said, p, RULES_CTL_PARENT_SCOPE, RULES_CTL_PARENT_TERM, "parent");
}

/* Does any of the developer's agreements cover it? The newest says why not. */
static sy_status any_covers(struct ask *c, const struct sy_proposal *p)
{
    uint8_t id[32];
    sy_status s = sy_fail(c->err, SY_E_GRANT, "agreement", "the developer has no agreement");
    struct sy_error newest = *c->err;
    SY_TRY(chain_first(c->state, p->developer, c->arena, id, c->err));
    for (size_t i = 0; i < CHAIN_MAX && !is_zero32(id); i++) {
        struct agreement a;
        SY_TRY(agreement_read(c->state, id, c->arena, &a, c->err));
        sy_status one = one_covers(c, &a, p);
        if (sy_ok(one)) {
            return SY_OK;
        }
        s = i == 0 ? one : s;
        newest = i == 0 ? *c->err : newest;
        memcpy(id, a.said.prev, 32);
    }
    *c->err = newest;
    return s;
}

sy_status agreement_covers(struct ask *c, const struct sy_proposal *p)
{
    struct sy_pack pack;
    SY_TRY(pack_read(c->state, c->arena, &pack, c->err));
    const struct sy_pack_qualify *q = scheme_qualify(&pack);
    if (q == NULL) {
        return SY_OK;
    }
    sy_status s = any_covers(c, p);
    if (!control(RULES_CTL_AGREEMENT_IN_FORCE, sy_ok(s))) {
        return s;
    }
    return control(RULES_CTL_TRIAL_END, p->not_after <= q->scheme_ends)
               ? SY_OK
               : sy_fail(c->err, SY_E_GRANT, "not_after", "the scheme's trial ends before it");
}
