/*
 * Where own data meets the rest: which proposal may name it, which grant it is bound to, when its rows may be published,
 * read, and computed with again. It lives under one grant: what was named once by a grant is never named by another, but
 * for the smaller one of the same scene that takes that grant's place (shrink.c).
 *
 * Source: scheme articles 17, 18, 22.
 */
#include "own.h"
#include "scene.h"

/* ---- may it be named? ---- */

/* The application names what the proposal's datasets name, and nothing else. A pack without a section for fusion
 * leaves it what it was: words for the reviewers. */
static sy_status same_names(struct ask *c, const struct sy_pack *pack, const struct sy_proposal *p)
{
    const struct sy_application *a = proposal_application(p);
    size_t n = 0;
    bool same = true;
    for (size_t i = 0; i < p->n_datasets; i++) {
        if (sy_is_own(p->datasets[i].dataset)) {
            n++;
            same = same && a != NULL && view_in(p->datasets[i].dataset, a->own_data, a->n_own_data);
        }
    }
    same = same && n == (a == NULL ? 0 : a->n_own_data);
    same = same || scheme_fusion(pack) == NULL;
    return control(RULES_CTL_FUSION_NAMED, same)
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "application.own_data",
                         "name each own dataset here and among the datasets, and no other");
}

/* How the proposal stands that names it now. */
struct bound {
    bool live; /* filed, or a grant that is not over */
    bool over; /* it was a grant, which is over */
};

static sy_status bound_read(struct ask *c, const uint8_t id[32], struct bound *ret)
{
    struct rules_key key = rules_key_hash("proposal/", id);
    struct sy_row_proposal row;
    struct sy_row_grant g;
    struct sy_proposal p;
    *ret = (struct bound){0};
    SY_TRY(rules_state_read(c->state, rules_key_view(&key), &sy_row_proposal_desc, c->arena, &row,
                            c->err));
    if (!sy_view_is(row.status, "granted")) {
        ret->live = sy_view_is(row.status, "filed") && !proposal_lapsed(&row, c->in->time);
        return SY_OK;
    }
    SY_TRY(grant_row(c->state, id, c->arena, &g, &p, c->err));
    ret->live = word_in(g.status, "active awaiting suspended");
    ret->over = !ret->live;
    return SY_OK;
}

static sy_status one_scene(struct ask *c, struct sy_view id, const struct sy_own_row *row,
                           const struct sy_proposal *p, const uint8_t proposal[32])
{
    const uint8_t *shrinks = proposal_shrinks(p);
    bool its = is_zero32(row->grant) || memcmp(row->grant, proposal, 32) == 0;
    struct bound bound = {0};
    if (!its) {
        SY_TRY(bound_read(c, row->grant, &bound));
    }
    bool over = bound.over || sy_view_is(row->status, "erased");
    if (!control(RULES_CTL_FUSION_ERASED, !over)) {
        return sy_fail(c->err, SY_E_STATE, "datasets",
                       "%.*s ended with its grant: define it anew, under another id", SY_PV(id));
    }
    bool passes = shrinks != NULL && memcmp(row->grant, shrinks, 32) == 0;
    return control(RULES_CTL_FUSION_SCENE, !bound.live || passes)
               ? SY_OK
               : sy_fail(c->err, SY_E_EXISTS, "datasets", "%.*s is in another scene", SY_PV(id));
}

static sy_status one_named(struct ask *c, const struct sy_pack *pack, struct sy_view id,
                           const struct sy_proposal *p, const uint8_t proposal[32])
{
    struct sy_own_row row;
    if (scheme_scene(pack) == NULL || scheme_fusion(pack) == NULL) {
        return sy_fail(c->err, SY_E_DENIED, "datasets", "the pack in force lets nothing be fused");
    }
    SY_TRY(own_read(c->state, id, c->arena, &row, c->err));
    SY_TRY(one_scene(c, id, &row, p, proposal));
    return sy_view_is(row.status, "rejected") ? sy_fail(c->err, SY_E_STATE, "datasets",
                                                        "the operator has rejected %.*s", SY_PV(id))
                                              : SY_OK;
}

sy_status own_named(struct ask *c, const struct sy_pack *pack, const struct sy_proposal *p,
                    const uint8_t id[32])
{
    SY_TRY(same_names(c, pack, p));
    for (size_t i = 0; i < p->n_datasets; i++) {
        if (sy_is_own(p->datasets[i].dataset)) {
            SY_TRY(one_named(c, pack, p->datasets[i].dataset, p, id));
        }
    }
    return SY_OK;
}

/* ---- whose it is ---- */

static sy_status put(struct change *x, struct sy_view id, const struct sy_own_row *row)
{
    struct rules_key key = rules_key_id("own/", id);
    return effect_put(x->effect, &key, &sy_own_row_desc, row, x->err);
}

sy_status own_bind(struct change *x, const struct sy_proposal *p, const uint8_t id[32],
                   bool granted)
{
    const uint8_t *shrinks = proposal_shrinks(p);
    for (size_t i = 0; i < p->n_datasets; i++) {
        struct sy_own_row row;
        if (!sy_is_own(p->datasets[i].dataset)) {
            continue;
        }
        SY_TRY(own_read(x->state, p->datasets[i].dataset, x->arena, &row, x->err));
        bool larger = shrinks != NULL && memcmp(row.grant, shrinks, 32) == 0;
        if (granted || !larger) {
            memcpy(row.grant, id, 32);
            SY_TRY(put(x, p->datasets[i].dataset, &row));
        }
    }
    return SY_OK;
}

/* ---- its rows ---- */

static sy_status one_runnable(const struct rules_state *s, struct sy_view id,
                              const uint8_t grant[32], struct sy_arena *arena, struct sy_error *err)
{
    struct sy_own_row row;
    SY_TRY(own_read(s, id, arena, &row, err));
    if (!control(RULES_CTL_FUSION_SCENE, memcmp(row.grant, grant, 32) == 0)) {
        return sy_fail(err, SY_E_GRANT, "data", "%.*s is another grant's", SY_PV(id));
    }
    return sy_view_is(row.status, "loaded")
               ? SY_OK
               : sy_fail(err, SY_E_STATE, "data", "%.*s is %.*s: its rows are not here", SY_PV(id),
                         SY_PV(row.status));
}

sy_status own_runnable(const struct rules_state *s, const struct sy_plan *plan,
                       const uint8_t grant[32], struct sy_arena *arena, struct sy_error *err)
{
    for (size_t i = 0; i < plan->n_sources; i++) {
        if (sy_is_own(plan->sources[i].dataset)) {
            SY_TRY(one_runnable(s, plan->sources[i].dataset, grant, arena, err));
        }
    }
    return SY_OK;
}

sy_status own_left(const struct rules_state *s, const struct sy_row_charge *charge,
                   struct sy_arena *arena, struct sy_error *err)
{
    for (size_t i = 0; i < charge->n_data; i++) {
        struct sy_own_row row;
        if (!sy_is_own(charge->data[i].dataset)) {
            continue;
        }
        SY_TRY(own_read(s, charge->data[i].dataset, arena, &row, err));
        if (!control(RULES_CTL_FUSION_ERASED, !sy_view_is(row.status, "erased"))) {
            return sy_fail(err, SY_E_STATE, "charge",
                           "it cannot be run again: the own data %.*s is erased",
                           SY_PV(charge->data[i].dataset));
        }
    }
    return SY_OK;
}

sy_status own_publishable(struct ask *c, struct sy_view dataset)
{
    struct sy_own_row row;
    struct sy_row_grant g;
    struct sy_proposal p;
    if (!sy_is_own(dataset)) {
        return SY_OK;
    }
    SY_TRY(own_read(c->state, dataset, c->arena, &row, c->err));
    if (!sy_view_is(row.status, "confirmed") || row.parts == 0 || row.next != row.parts) {
        return sy_fail(c->err, SY_E_STATE, "version", "it is %.*s, and not all of it is in",
                       SY_PV(row.status));
    }
    SY_TRY(grant_row(c->state, row.grant, c->arena, &g, &p, c->err));
    sy_status s = rules_grant_in_force(&g, &p, c->in->time, c->err);
    return control(RULES_CTL_FUSION_ERASED, sy_ok(s)) ? SY_OK : s;
}

sy_status own_loaded(struct change *x, struct sy_view dataset)
{
    struct sy_own_row row;
    if (!sy_is_own(dataset)) {
        return SY_OK;
    }
    SY_TRY(own_read(x->state, dataset, x->arena, &row, x->err));
    row.loaded = x->entry;
    row.status = sy_view_str("loaded");
    return put(x, dataset, &row);
}
