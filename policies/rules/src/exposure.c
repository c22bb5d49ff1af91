/*
 * scene.exposure: reviewers ask how closely a grant's masked columns describe single units. Possible while
 * the grant is in force, because only then the custodians' shares lie with the warden. The figures are not
 * in the event, and nothing but a counter remembers them: no decision can depend on them.
 * Source: DESIGN section 4.7; issue: masked columns.
 */
#include "rules/exposure.h"

#include "method.h"

/* DATASET.FIELD, where both may have points. */
static bool names(struct sy_view text, struct sy_view dataset, struct sy_view field)
{
    return text.n == dataset.n + 1 + field.n && sy_view_starts(text, dataset) &&
           text.p[dataset.n] == '.' && sy_view_eq(sy_view(text.p + dataset.n + 1, field.n), field);
}

static bool is_named(const struct sy_exposure_ask *ask, struct sy_view dataset,
                     struct sy_view field)
{
    for (size_t i = 0; i < ask->n_quasi; i++) {
        if (names(ask->quasi[i], dataset, field)) {
            return true;
        }
    }
    return false;
}

static bool is_unit(const struct sy_field_def *f)
{
    return sy_view_is(f->type, "unit");
}

/* Of a granted field that is no unit. A field of grade 1 or 2 that is not named among others is neither
 * looked for nor protected: it is left out. Core data is never what classes are made by: sizes of such
 * classes would be exact counts of it. */
static bool role_of(const struct sy_exposure_ask *ask, uint64_t core, struct sy_view dataset,
                    const struct sy_field_def *f, enum sy_exposure_role *ret)
{
    bool quasi = ask->n_quasi > 0 ? f->grade < core && is_named(ask, dataset, f->name)
                                  : f->grade < sy_min_u64(3, core);
    *ret = quasi ? SY_EXPOSURE_QUASI : SY_EXPOSURE_SECRET;
    return quasi || f->grade >= sy_min_u64(3, core);
}

/* One dataset's scan: its unit, then its quasi-identifiers and sensitive fields as they come. */
static sy_status add_scan(const struct sy_exposure_ask *ask, uint64_t core,
                          const struct sy_dataset_def *def, size_t granted, struct sy_arena *arena,
                          struct rules_exposure *e)
{
    struct sy_plan_rel *rel = &e->plan.rels[e->plan.n_rels++];
    struct sy_view *list = sy_arena_alloc(arena, granted + 1, sizeof(*list));
    if (list == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    *rel = (struct sy_plan_rel){.op = sy_view_str("scan"), .source = def->id, .names = list};
    rel->names[rel->n_names++] = def->unit;
    e->roles[e->n_roles++] = SY_EXPOSURE_UNIT;
    for (size_t i = 0; i < granted; i++) {
        enum sy_exposure_role role;
        if (!is_unit(&def->fields[i]) && role_of(ask, core, def->id, &def->fields[i], &role)) {
            rel->names[rel->n_names++] = def->fields[i].name;
            e->roles[e->n_roles++] = role;
        }
    }
    e->plan.sources[e->plan.n_sources++].dataset = def->id;
    return SY_OK;
}

/* Every name that was given is one of the scans' quasi-identifiers. */
static bool all_found(const struct sy_exposure_ask *ask, const struct rules_exposure *e)
{
    for (size_t i = 0; i < ask->n_quasi; i++) {
        bool found = false;
        size_t at = 0;
        for (size_t r = 0; r < e->plan.n_rels; r++) {
            const struct sy_plan_rel *rel = &e->plan.rels[r];
            for (size_t k = 0; k < rel->n_names; k++, at++) {
                found = found || (e->roles[at] == SY_EXPOSURE_QUASI &&
                                  names(ask->quasi[i], rel->source, rel->names[k]));
            }
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static sy_status make_room(const struct rules_grant *g, struct sy_arena *arena,
                           struct rules_exposure *e)
{
    size_t n = 0;
    for (size_t i = 0; i < g->defs.n; i++) {
        n += g->defs.defs[i].n_fields + 1;
    }
    e->roles = sy_arena_alloc(arena, n + 1, sizeof(*e->roles));
    e->plan.rels = sy_arena_alloc(arena, g->defs.n + 1, sizeof(*e->plan.rels));
    e->plan.sources = sy_arena_alloc(arena, g->defs.n + 1, sizeof(*e->plan.sources));
    bool full = e->roles == NULL || e->plan.rels == NULL || e->plan.sources == NULL;
    return full ? sy_status_of(SY_E_NO_MEMORY) : SY_OK;
}

sy_status rules_exposure_read(const struct rules_grant *grant, const struct sy_exposure_ask *ask,
                              struct sy_arena *arena, struct rules_exposure *ret,
                              struct sy_error *reterr)
{
    struct rules_exposure e = {0};
    sy_status s = make_room(grant, arena, &e);
    for (size_t i = 0; sy_ok(s) && i < grant->defs.n; i++) {
        const struct sy_dataset_def *def = &grant->defs.defs[i];
        s = is_protected(def)
                ? add_scan(ask, grant->pack.n_grades, def, grant->defs.granted[i], arena, &e)
                : SY_OK;
    }
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, NULL, NULL);
    }
    if (e.plan.n_rels == 0) {
        return sy_fail(reterr, SY_E_STATE, "header.grant", "it grants no protected dataset");
    }
    if (!all_found(ask, &e)) {
        return sy_fail(reterr, SY_E_FIELD, "quasi",
                       "name granted fields that are no core data and no units: DATASET.FIELD");
    }
    *ret = e;
    return SY_OK;
}

sy_status decide_exposure(struct ask *c)
{
    struct rules_grant g;
    struct rules_exposure e;
    SY_TRY(rules_grant_read(c->state, c->req->header.grant, c->arena, &g, c->err));
    if (!sy_view_is(g.row.status, "active")) {
        return sy_fail(c->err, SY_E_STATE, "header.grant", "the grant is %.*s",
                       SY_PV(g.row.status));
    }
    if (c->in->time > g.proposal.not_after) { /* whoever asks may be faster than grant.expire */
        return sy_fail(c->err, SY_E_EXPIRED, "header.grant", "the grant's term is over");
    }
    if (g.row.exposures >= RULES_EXPOSURES_MAX) {
        return sy_fail(c->err, SY_E_LIMIT, "header.grant", "at most %d reports of one grant",
                       RULES_EXPOSURES_MAX);
    }
    SY_TRY(rules_exposure_read(&g, c->args, c->arena, &e, c->err));
    return run_same_data(c, &e.plan);
}

sy_status apply_exposure(struct change *x)
{
    struct sy_row_grant g;
    struct sy_proposal p;
    SY_TRY(grant_row(x->state, x->req->header.grant, x->arena, &g, &p, x->err));
    g.exposures++;
    struct rules_key key = rules_key_hash("grant/", x->req->header.grant);
    return effect_put(x->effect, &key, &sy_row_grant_desc, &g, x->err);
}
