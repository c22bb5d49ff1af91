/*
 * Incidents (article 28). One signed call does all that has to be done at once: it stops what is affected in the same
 * event, its entry in the log is the evidence of when (everything before it is under the same tree), and it is the
 * report to the agency, whose time is judged by when the reporter says that the incident was found.
 *
 * Whoever finds one reports it; what a report stops is what the reporter may stop anyway: agency, operator and security
 * authority everything, a department what reads its datasets, a developer its own grants. A report by others stops
 * nothing by itself, so that nobody can switch a competitor off.
 *
 * Invariants: a late report is recorded like any other, and marked; a closed incident is never written again.
 * Source: scheme article 28; reference: fields of the national incident report (found, kind, affected, stopped, reported, measures).
 */
#include "supervise.h"

enum {
    SECONDS_AN_HOUR = 3600,
    QUIET_MAX = 64 /* open incidents of one reporter that stopped nothing */
};

static sy_status incident_read(const struct rules_state *s, uint64_t entry, struct sy_arena *arena,
                               struct sy_incident *ret, struct sy_error *err)
{
    struct rules_key key = rules_key_number("incident/", entry);
    return rules_state_read(s, rules_key_view(&key), &sy_incident_desc, arena, ret, err);
}

static sy_status incident_put(struct change *x, uint64_t entry, const struct sy_incident *row)
{
    struct rules_key key = rules_key_number("incident/", entry);
    return effect_put(x->effect, &key, &sy_incident_desc, row, x->err);
}

static bool names_something(const struct sy_affected *a)
{
    return a->all || a->n_datasets > 0 || a->n_grants > 0;
}

/* ---- what may be stopped, and by whom ---- */

static bool owns_dataset(struct ask *c, struct sy_view id)
{
    struct dataset d;
    return sy_ok(dataset_read(c->state, id, c->arena, &d, NULL)) &&
           sy_view_eq(d.def.department, c->party.party);
}

static bool reads_own(struct ask *c, const struct sy_proposal *p)
{
    for (size_t i = 0; i < p->n_datasets; i++) {
        if (owns_dataset(c, p->datasets[i].dataset)) {
            return true;
        }
    }
    return false;
}

/* May the asker stop this grant, or what reads this dataset? */
static bool may_stop_grant(struct ask *c, const struct sy_row_grant *g, const struct sy_proposal *p)
{
    return word_in(c->party.role, "agency operator security") ||
           (sy_view_is(c->party.role, "department") && reads_own(c, p)) ||
           (sy_view_is(c->party.role, "developer") && sy_view_eq(g->developer, c->party.party));
}

static bool may_stop_dataset(struct ask *c, struct sy_view id)
{
    return word_in(c->party.role, "agency operator security") ||
           (sy_view_is(c->party.role, "department") && owns_dataset(c, id));
}

static sy_status scope(struct ask *c, bool may, const char *field)
{
    return control(RULES_CTL_INCIDENT_SCOPE, may)
               ? SY_OK
               : sy_fail(c->err, SY_E_DENIED, field, "this is not the reporter's to stop");
}

/* Each name once. Names are judged in memory of their own, for an act may give hundreds; running out of it is no
 * verdict. */
static sy_status each_known(struct ask *c, const struct sy_view *names, size_t n,
                            sy_status (*known)(struct ask *, struct sy_view), const char *field)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = EFFECT_WORK_BYTES};
    struct ask of_name = *c;
    of_name.arena = &arena;
    for (size_t i = 0; i < n; i++) {
        if (view_in(names[i], names, i)) {
            return sy_fail(c->err, SY_E_FIELD, field, "each name once");
        }
        sy_arena_clear(&arena);
        sy_status s = known(&of_name, names[i]);
        if (arena.failed) {
            return sy_fail(c->err, SY_E_NO_MEMORY, NULL, NULL);
        }
        SY_TRY(s);
    }
    return SY_OK;
}

static sy_status grant_known(struct ask *c, struct sy_view id)
{
    struct sy_row_grant g;
    struct sy_proposal p;
    if (id.n != 32) {
        return sy_fail(c->err, SY_E_FIELD, "affected.grants", "a grant's id has 32 bytes");
    }
    if (!sy_ok(grant_row(c->state, id.p, c->arena, &g, &p, c->err))) {
        return sy_fail(c->err, SY_E_NOT_FOUND, "affected.grants", "there is no such grant");
    }
    return scope(c, may_stop_grant(c, &g, &p), "affected.grants");
}

static sy_status dataset_known(struct ask *c, struct sy_view id)
{
    struct dataset d;
    if (!sy_ok(dataset_read(c->state, id, c->arena, &d, c->err))) {
        return sy_fail(c->err, SY_E_NOT_FOUND, "affected.datasets", "there is no such dataset");
    }
    return scope(c, may_stop_dataset(c, id), "affected.datasets");
}

static sy_status affected_check(struct ask *c, const struct sy_affected *a)
{
    if (a->all) {
        if (a->n_datasets > 0 || a->n_grants > 0) {
            return sy_fail(c->err, SY_E_FIELD, "affected", "all, or what is named");
        }
        return scope(c, word_in(c->party.role, "agency operator security"), "affected.all");
    }
    if (a->n_datasets > SY_SUPERVISE_LIST_MAX || a->n_grants > SY_SUPERVISE_LIST_MAX) {
        return sy_fail(c->err, SY_E_LIMIT, "affected", "name at most %d, or all",
                       SY_SUPERVISE_LIST_MAX);
    }
    SY_TRY(each_known(c, a->grants, a->n_grants, grant_known, "affected.grants"));
    return each_known(c, a->datasets, a->n_datasets, dataset_known, "affected.datasets");
}

/* Stop what is named; what is suspended already stays so. */
static sy_status freeze(struct change *x, const struct sy_affected *a, struct sy_view ground)
{
    if (control(RULES_CTL_INCIDENT_FREEZES, false)) {
        return SY_OK; /* the control is off: reported, and nothing stops */
    }
    const struct stop which = {.datasets = a->datasets,
                               .n_datasets = a->n_datasets,
                               .grants = a->grants,
                               .n_grants = a->n_grants,
                               .ground = ground};
    return names_something(a) ? grants_stop(x, &which) : SY_OK;
}

/* ---- incident.report ---- */

/* Nobody fills the register by reports alone: what a party says that may not stop everything stops something, or waits
 * until the agency has closed some of what it said before; more about one of those is an incident.update. */
static sy_status quiet_few(struct ask *c, const struct sy_affected *a)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_view key = {0}, value;
    size_t n = 0;
    if (names_something(a) || word_in(c->party.role, "agency operator security")) {
        return SY_OK;
    }
    while (rules_state_next(c->state, sy_view_str("incident/"), key, &key, &value)) {
        struct sy_incident row;
        sy_arena_clear(&arena);
        SY_TRY(sy_record_decode(&sy_incident_desc, value, &SY_MP_LARGE, &arena, &row, c->err));
        n += sy_view_eq(row.by, c->party.party) && row.closed == 0 && row.stopped == 0;
    }
    return n < QUIET_MAX ? SY_OK
                         : sy_fail(c->err, SY_E_LIMIT, "incident",
                                   "at most %d open reports that stopped nothing", QUIET_MAX);
}

sy_status decide_incident_report(struct ask *c)
{
    const struct sy_incident_report *a = c->args;
    struct sy_pack pack;
    SY_TRY(pack_read(c->state, c->arena, &pack, c->err));
    if (!word_in(a->kind, "leak tamper misuse linkage availability")) {
        return sy_fail(c->err, SY_E_FIELD, "kind", "leak, tamper, misuse, linkage, availability");
    }
    if (a->found < 0 || a->found > c->in->time) {
        return sy_fail(c->err, SY_E_FIELD, "found", "found at a time that has been");
    }
    SY_TRY(text_check(a->text, "text", c->err));
    SY_TRY(affected_check(c, &a->affected));
    return quiet_few(c, &a->affected);
}

/* The clock: due so many hours after it was found; late says that the report came after that. */
static sy_status start_clock(struct change *x, struct sy_incident *row)
{
    struct sy_pack pack;
    SY_TRY(pack_read(x->state, x->arena, &pack, x->err));
    const struct sy_pack_supervise *v = scheme_supervise(&pack);
    if (v == NULL) {
        return SY_OK;
    }
    row->due = row->report.found + (int64_t)v->report_hours * SECONDS_AN_HOUR;
    row->late = !control(RULES_CTL_INCIDENT_CLOCK, row->reported <= row->due);
    if (v->incident_days > 0) {
        row->close_by = calendar_deadline(scheme_calendar(&pack), row->reported, v->incident_days);
    }
    return SY_OK;
}

sy_status apply_incident_report(struct change *x)
{
    struct sy_incident row = {.by = x->req->header.party,
                              .report = *(const struct sy_incident_report *)x->args,
                              .reported = x->in->time};
    if (row.report.found == 0) {
        row.report.found = x->in->time; /* just now: whoever reports may have another clock */
    }
    SY_TRY(start_clock(x, &row));
    row.stopped = names_something(&row.report.affected) ? x->in->time : 0;
    SY_TRY(incident_put(x, x->entry, &row));
    return freeze(x, &row.report.affected, row.report.kind);
}

/* ---- incident.update, incident.close ---- */

static sy_status open_incident(struct ask *c, uint64_t entry, struct sy_incident *ret)
{
    SY_TRY(incident_read(c->state, entry, c->arena, ret, c->err));
    return ret->closed == 0 ? SY_OK
                            : sy_fail(c->err, SY_E_STATE, "incident", "the incident is closed");
}

sy_status decide_incident_update(struct ask *c)
{
    const struct sy_incident_update *a = c->args;
    struct sy_incident row;
    SY_TRY(open_incident(c, a->incident, &row));
    if (!sy_view_eq(row.by, c->party.party) &&
        !word_in(c->party.role, "agency operator security")) {
        return sy_fail(c->err, SY_E_DENIED, "incident", "another party reported it");
    }
    if (row.n_notes >= SY_SUPERVISE_NOTES_MAX) {
        return sy_fail(c->err, SY_E_LIMIT, "incident", "at most %d notes", SY_SUPERVISE_NOTES_MAX);
    }
    SY_TRY(text_check(a->text, "text", c->err));
    return affected_check(c, &a->affected);
}

sy_status apply_incident_update(struct change *x)
{
    const struct sy_incident_update *a = x->args;
    struct sy_incident row;
    SY_TRY(incident_read(x->state, a->incident, x->arena, &row, x->err));
    struct sy_incident_note *all = sy_arena_alloc(x->arena, row.n_notes + 1, sizeof(*all));
    if (all == NULL) {
        return sy_fail(x->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < row.n_notes; i++) {
        all[i] = row.notes[i];
    }
    all[row.n_notes] = (struct sy_incident_note){.affected = a->affected,
                                                 .by = x->req->header.party,
                                                 .entry = x->entry,
                                                 .text = a->text,
                                                 .time = x->in->time};
    memcpy(all[row.n_notes].digest, a->digest, 32);
    row.notes = all;
    row.n_notes++;
    if (row.stopped == 0 && names_something(&a->affected)) {
        row.stopped = x->in->time;
    }
    SY_TRY(incident_put(x, a->incident, &row));
    return freeze(x, &a->affected, row.report.kind);
}

sy_status decide_incident_close(struct ask *c)
{
    const struct sy_incident_close *a = c->args;
    struct sy_incident row;
    SY_TRY(open_incident(c, a->incident, &row));
    return text_check(a->measures, "measures", c->err);
}

sy_status apply_incident_close(struct change *x)
{
    const struct sy_incident_close *a = x->args;
    struct sy_incident row;
    SY_TRY(incident_read(x->state, a->incident, x->arena, &row, x->err));
    row.closed = x->in->time;
    row.measures = a->measures;
    memcpy(row.closing, a->digest, 32);
    return incident_put(x, a->incident, &row);
}
