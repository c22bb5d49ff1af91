/*
 * Supervision: who may supervise whom, and what its acts have in common. The agency supervises everybody; the department
 * in charge of a sector supervises those who use the sector's data, and the operator, who serves all of them.
 *
 * A developer uses a sector's data while a grant of its that is not over reads a dataset of one of the sector's
 * departments. That is computed from the state at every act, so that nobody stays in a sector by an old list.
 * Source: scheme articles 5, 29.
 */
#include "supervise.h"

#include <stdio.h>

static bool in_sector(const struct sy_pack_sector *sector, struct sy_view department)
{
    return sy_view_eq(sector->department, department) ||
           view_in(department, sector->departments, sector->n_departments);
}

static bool reads_sector(const struct rules_state *s, const struct sy_proposal *p,
                         const struct sy_pack_sector *sector, struct sy_arena *arena)
{
    for (size_t i = 0; i < p->n_datasets; i++) {
        struct dataset d;
        if (sy_ok(dataset_read(s, p->datasets[i].dataset, arena, &d, NULL)) &&
            in_sector(sector, d.def.department)) {
            return true;
        }
    }
    return false;
}

/* Does a grant of the developer's that is not over read data of the sector? */
static sy_status uses_sector(const struct rules_state *s, struct sy_view developer,
                             const struct sy_pack_sector *sector, bool *ret, struct sy_error *err)
{
    struct sy_view key = {0};
    struct sy_view value;
    *ret = false;
    while (!*ret && rules_state_next(s, sy_view_str("grant/"), key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_row_grant g;
        struct sy_proposal p;
        SY_TRY(sy_record_decode(&sy_row_grant_desc, value, &SY_MP_LARGE, &arena, &g, err));
        if (!sy_view_eq(g.developer, developer) ||
            !word_in(g.status, "active awaiting suspended")) {
            continue;
        }
        SY_TRY(sy_record_decode(&sy_proposal_desc, g.proposal, &SY_MP_REQUEST, &arena, &p, err));
        *ret = reads_sector(s, &p, sector, &arena);
    }
    return SY_OK;
}

/* Is the asking department in charge of a sector that the party works in? */
static sy_status in_charge(struct ask *c, const struct sy_party *party, bool *ret)
{
    struct sy_pack pack;
    SY_TRY(pack_read(c->state, c->arena, &pack, c->err));
    const struct sy_pack_supervise *v = scheme_supervise(&pack);
    *ret = false;
    for (size_t i = 0; v != NULL && !*ret && i < v->n_sectors; i++) {
        if (!sy_view_eq(v->sectors[i].department, c->party.party)) {
            continue;
        }
        if (sy_view_is(party->role, "operator")) {
            *ret = true;
            return SY_OK;
        }
        SY_TRY(uses_sector(c->state, party->party, &v->sectors[i], ret, c->err));
    }
    return SY_OK;
}

sy_status supervised(struct ask *c, struct sy_view party)
{
    struct sy_party p;
    bool sector = false;
    if (!sy_ok(party_active(c->state, party, c->arena, &p, c->err))) {
        return sy_fail(c->err, SY_E_NOT_FOUND, "party", "no such party is enrolled");
    }
    if (!word_in(p.role, "operator developer")) {
        return sy_fail(c->err, SY_E_ROLE, "party", "operators and developers are supervised");
    }
    if (!sy_view_is(c->party.role, "department")) {
        return SY_OK;
    }
    SY_TRY(in_charge(c, &p, &sector));
    if (!control(RULES_CTL_SECTOR_DEPARTMENT, sector)) {
        return sy_fail(c->err, SY_E_DENIED, "party",
                       "the party uses no data of a sector that this department is in charge of");
    }
    return SY_OK;
}

sy_status supervise_pack(const struct rules_state *s, struct sy_arena *arena, struct sy_pack *ret,
                         struct sy_error *err)
{
    SY_TRY(pack_read(s, arena, ret, err));
    if (scheme_supervise(ret) == NULL) {
        return sy_fail(err, SY_E_STATE, "pack", "the pack says nothing about supervision");
    }
    return SY_OK;
}

/* ---- what acts have in common ---- */

sy_status text_check(struct sy_view text, const char *field, struct sy_error *err)
{
    return is_text(text, SY_SUPERVISE_TEXT_MAX)
               ? SY_OK
               : sy_fail(err, SY_E_FIELD, field, "a text of 1 to %d bytes", SY_SUPERVISE_TEXT_MAX);
}

sy_status days_check(uint64_t days, struct sy_error *err)
{
    return days >= 1 && days <= SY_SUPERVISE_DAYS_MAX
               ? SY_OK
               : sy_fail(err, SY_E_FIELD, "days", "1 to %d working days", SY_SUPERVISE_DAYS_MAX);
}

sy_status digest_check(const uint8_t digest[32], struct sy_error *err)
{
    return is_zero32(digest) ? sy_fail(err, SY_E_FIELD, "digest", "of which document?") : SY_OK;
}

sy_status deadline_of(struct change *x, uint64_t days, int64_t *ret)
{
    struct sy_pack pack;
    SY_TRY(pack_read(x->state, x->arena, &pack, x->err));
    *ret = calendar_deadline(scheme_calendar(&pack), x->in->time, days);
    return SY_OK;
}

/* ---- who sees what ---- */

static bool is_inspected(const struct sy_party *caller, struct sy_view value,
                         struct sy_arena *arena)
{
    struct sy_inspection row;
    return sy_ok(sy_record_decode(&sy_inspection_desc, value, &SY_MP_LARGE, arena, &row, NULL)) &&
           (sy_view_eq(row.open.party, caller->party) || sy_view_eq(row.by, caller->party));
}

static bool is_corrected(const struct sy_party *caller, struct sy_view value,
                         struct sy_arena *arena)
{
    struct sy_correction row;
    return sy_ok(sy_record_decode(&sy_correction_desc, value, &SY_MP_LARGE, arena, &row, NULL)) &&
           (sy_view_eq(row.order.party, caller->party) || sy_view_eq(row.by, caller->party));
}

static bool is_reporter(const struct sy_party *caller, struct sy_view value, struct sy_arena *arena)
{
    struct sy_incident row;
    return sy_ok(sy_record_decode(&sy_incident_desc, value, &SY_MP_LARGE, arena, &row, NULL)) &&
           sy_view_eq(row.by, caller->party);
}

static bool is_drilled(const struct sy_party *caller, struct sy_view value, struct sy_arena *arena)
{
    struct sy_drill row;
    return sy_ok(sy_record_decode(&sy_drill_desc, value, &SY_MP_LARGE, arena, &row, NULL)) &&
           view_in(caller->party, row.drill.participants, row.drill.n_participants);
}

static bool is_evaluated(const struct sy_party *caller, struct sy_view value,
                         struct sy_arena *arena)
{
    struct sy_evaluation row;
    return sy_ok(sy_record_decode(&sy_evaluation_desc, value, &SY_MP_LARGE, arena, &row, NULL)) &&
           (sy_view_eq(row.evaluate.party, caller->party) ||
            view_in(caller->party, row.evaluate.departments, row.evaluate.n_departments));
}

bool supervise_concerns(const struct sy_party *caller, struct sy_view key, struct sy_view value,
                        struct sy_arena *arena)
{
    static const struct {
        const char *prefix;
        bool (*concerns)(const struct sy_party *, struct sy_view, struct sy_arena *);
    } KINDS[] = {{"inspection/", is_inspected},
                 {"correction/", is_corrected},
                 {"incident/", is_reporter},
                 {"drill/", is_drilled},
                 {"evaluation/", is_evaluated}};
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        if (sy_view_starts(key, sy_view_str(KINDS[i].prefix))) {
            return KINDS[i].concerns(caller, value, arena);
        }
    }
    return false;
}
