/*
 * What is due (rules/supervise.h): one pass over the rows that carry a deadline, and the duties that come back by the
 * calendar. Nothing here decides anything; a deadline that passed shows, and what follows from it is an act of people.
 *
 * Duties that come back count from the last act of their kind, or, when there was none, from the domain's founding.
 */
#include "supervise.h"

#include <stdio.h>
#include <stdlib.h>

#include "wire/qualify.h"

enum { WITHIN_S = 30 * 86400, WITHIN_MAX_S = 10 * 366 * 86400, FIRST_ITEMS = 32 };

struct looking {
    const struct rules_state *state;
    const struct sy_party *caller; /* NULL: sees everything */
    struct sy_pack pack;
    const struct sy_pack_supervise *pack_supervise; /* NULL: no yearly duties */
    int64_t now, until;
    struct sy_arena *arena; /* of the result */
    struct sy_due_list *ret;
    size_t cap;
    struct sy_error *err;
};

/* ---- the list ---- */

static sy_status no_memory(struct looking *l)
{
    return sy_fail(l->err, SY_E_NO_MEMORY, NULL, NULL);
}

static bool may_see(const struct looking *l, struct sy_view party)
{
    return l->caller == NULL || word_in(l->caller->role, "agency operator security auditor") ||
           sy_view_eq(l->caller->party, party);
}

static sy_status grow(struct looking *l)
{
    if (l->ret->n_items < l->cap) {
        return SY_OK;
    }
    size_t want = l->cap == 0 ? FIRST_ITEMS : 2 * l->cap;
    struct sy_due_item *all = sy_arena_alloc(l->arena, want, sizeof(*all));
    if (all == NULL) {
        return no_memory(l);
    }
    if (l->ret->n_items > 0) {
        memcpy(all, l->ret->items, l->ret->n_items * sizeof(*all));
    }
    l->ret->items = all;
    l->cap = want;
    return SY_OK;
}

static sy_status add(struct looking *l, const char *code, struct sy_view id, struct sy_view party,
                     int64_t due)
{
    if (due > l->until || !may_see(l, party)) {
        return SY_OK;
    }
    SY_TRY(grow(l));
    struct sy_due_item item = {.code = sy_view_str(code),
                               .due = due,
                               .id = sy_arena_copy(l->arena, id),
                               .over = l->now > due,
                               .party = sy_arena_copy(l->arena, party)};
    if (item.id.p == NULL || (party.n > 0 && item.party.p == NULL)) {
        return no_memory(l);
    }
    l->ret->items[l->ret->n_items++] = item;
    return SY_OK;
}

static sy_status add_number(struct looking *l, const char *code, uint64_t n, struct sy_view party,
                            int64_t due)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
    return add(l, code, sy_view_str(text), party, due);
}

/* ---- rows with a deadline ---- */

static sy_status look_inspection(struct looking *l, struct sy_view key, struct sy_view value,
                                 struct sy_arena *arena)
{
    struct sy_inspection row;
    char id[48];
    SY_TRY(sy_record_decode(&sy_inspection_desc, value, &SY_MP_LARGE, arena, &row, l->err));
    for (size_t i = 0; i < row.n_findings; i++) {
        if (row.findings[i].mended == 0) {
            (void)snprintf(id, sizeof(id), "%llu.%zu", (unsigned long long)rules_number_of_key(key),
                           i + 1);
            SY_TRY(add(l, "finding", sy_view_str(id), row.open.party, row.findings[i].due));
        }
    }
    return SY_OK;
}

static sy_status look_correction(struct looking *l, struct sy_view key, struct sy_view value,
                                 struct sy_arena *arena)
{
    struct sy_correction row;
    SY_TRY(sy_record_decode(&sy_correction_desc, value, &SY_MP_LARGE, arena, &row, l->err));
    return sy_view_is(row.status, "open")
               ? add_number(l, "correction", rules_number_of_key(key), row.order.party, row.due)
               : SY_OK;
}

static sy_status look_incident(struct looking *l, struct sy_view key, struct sy_view value,
                               struct sy_arena *arena)
{
    struct sy_incident row;
    SY_TRY(sy_record_decode(&sy_incident_desc, value, &SY_MP_LARGE, arena, &row, l->err));
    return row.closed == 0 && row.close_by != 0
               ? add_number(l, "incident", rules_number_of_key(key), row.by, row.close_by)
               : SY_OK;
}

static sy_status look_ticket(struct looking *l, struct sy_view key, struct sy_view value,
                             struct sy_arena *arena)
{
    struct sy_ticket_row row;
    SY_TRY(sy_record_decode(&sy_ticket_row_desc, value, &SY_MP_LARGE, arena, &row, l->err));
    return sy_view_is(row.status, "open")
               ? add_number(l, "ticket", rules_number_of_key(key), row.department, row.deadline)
               : SY_OK;
}

/* Public notices that are still open: whoever objects has until then. */
static sy_status look_notice(struct looking *l, struct sy_view key, struct sy_view value,
                             struct sy_arena *arena)
{
    struct sy_row_notice row;
    (void)key;
    SY_TRY(sy_record_decode(&sy_row_notice_desc, value, &SY_MP_LARGE, arena, &row, l->err));
    return row.until >= l->now ? add(l, "notice", row.party, row.party, row.until) : SY_OK;
}

/* A party's agreement, from the day on that its renewal may be applied for. */
static sy_status look_standing(struct looking *l, struct sy_view key, struct sy_view value,
                               struct sy_arena *arena)
{
    struct sy_row_standing standing;
    struct sy_row_agreement row;
    struct sy_agreement a;
    const size_t n = strlen("standing/");
    const struct sy_pack_qualify *q = scheme_qualify(&l->pack);
    SY_TRY(sy_record_decode(&sy_row_standing_desc, value, &SY_MP_LARGE, arena, &standing, l->err));
    struct rules_key at = rules_key_hash("agreement/", standing.agreement);
    struct sy_view bytes;
    if (!rules_state_get(l->state, rules_key_view(&at), &bytes)) {
        return SY_OK;
    }
    SY_TRY(sy_record_decode(&sy_row_agreement_desc, bytes, &SY_MP_LARGE, arena, &row, l->err));
    SY_TRY(sy_record_decode(&sy_agreement_desc, row.agreement, &SY_MP_REQUEST, arena, &a, l->err));
    if (sy_view_is(row.status, "terminated")) {
        return SY_OK;
    }
    int64_t opens = q == NULL ? a.not_after
                              : calendar_months(scheme_calendar(&l->pack), a.not_after,
                                                -(int64_t)q->renew_months);
    int64_t until = l->until;
    if (l->now >= opens) {
        l->until = INT64_MAX; /* the whole window is near enough */
    }
    sy_status s = add(l, "agreement", sy_view(key.p + n, key.n - n), a.grantee, a.not_after);
    l->until = until;
    return s;
}

static sy_status look_rows(struct looking *l)
{
    static const struct {
        const char *prefix;
        sy_status (*look)(struct looking *, struct sy_view, struct sy_view, struct sy_arena *);
    } KINDS[] = {{"inspection/", look_inspection}, {"correction/", look_correction},
                 {"incident/", look_incident},     {"ticket/", look_ticket},
                 {"notice/", look_notice},         {"standing/", look_standing}};
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        struct sy_view key = {0};
        struct sy_view value;
        while (rules_state_next(l->state, sy_view_str(KINDS[i].prefix), key, &key, &value)) {
            SY_ARENA_CLEANUP struct sy_arena scratch = {0};
            SY_TRY(KINDS[i].look(l, key, value, &scratch));
        }
    }
    return SY_OK;
}

/* ---- what comes back by the calendar ---- */

/* Years that were over since the domain was founded, and whose report or disclosure is missing. */
static sy_status look_years(struct looking *l, const struct sy_genesis *g)
{
    const struct sy_pack_calendar *c = scheme_calendar(&l->pack);
    const struct sy_pack_supervise *v = l->pack_supervise;
    const struct sy_view parties[] = {g->agency.party, g->operator_.party};
    int64_t first = calendar_year(c, g->time);
    int64_t this_year = calendar_year(c, l->now);
    for (int64_t y = first < SY_SUPERVISE_YEAR_MIN ? SY_SUPERVISE_YEAR_MIN : first; y < this_year;
         y++) {
        uint64_t year = (uint64_t)y;
        struct rules_key at = annual_key("annual/", year);
        struct sy_view value;
        if (!rules_state_get(l->state, rules_key_view(&at), &value)) {
            SY_TRY(add_number(l, "annual_report", year, g->operator_.party,
                              due_after_year(&l->pack, year, v->report_month, v->report_day)));
        }
        for (size_t i = 0; i < sizeof(parties) / sizeof(parties[0]); i++) {
            at = disclosure_key(year, parties[i]);
            if (!rules_state_get(l->state, rules_key_view(&at), &value)) {
                SY_TRY(add_number(
                    l, "disclosure", year, parties[i],
                    due_after_year(&l->pack, year, v->disclosure_month, v->disclosure_day)));
            }
        }
    }
    return SY_OK;
}

/* When something of the kind was done last; the founding when never. */
static sy_status last_drill(struct looking *l, struct sy_view value, struct sy_arena *arena,
                            int64_t *ret)
{
    struct sy_drill row;
    SY_TRY(sy_record_decode(&sy_drill_desc, value, &SY_MP_LARGE, arena, &row, l->err));
    *ret = row.drill.at > *ret ? row.drill.at : *ret;
    return SY_OK;
}

static sy_status last_inspection(struct looking *l, struct sy_view value, struct sy_arena *arena,
                                 int64_t *ret)
{
    struct sy_inspection row;
    SY_TRY(sy_record_decode(&sy_inspection_desc, value, &SY_MP_LARGE, arena, &row, l->err));
    *ret = row.opened > *ret ? row.opened : *ret;
    return SY_OK;
}

static sy_status last_evaluation(struct looking *l, struct sy_view value, struct sy_arena *arena,
                                 int64_t *ret)
{
    struct sy_evaluation row;
    SY_TRY(sy_record_decode(&sy_evaluation_desc, value, &SY_MP_LARGE, arena, &row, l->err));
    *ret = row.time > *ret ? row.time : *ret;
    return SY_OK;
}

static sy_status look_regular(struct looking *l, const struct sy_genesis *g)
{
    const struct sy_pack_supervise *v = l->pack_supervise;
    const struct {
        const char *code, *prefix;
        uint64_t months;
        sy_status (*last)(struct looking *, struct sy_view, struct sy_arena *, int64_t *);
    } KINDS[] = {{"drill", "drill/", v->drill_months, last_drill},
                 {"inspection", "inspection/", v->inspect_months, last_inspection},
                 {"evaluation", "evaluation/", v->evaluate_months, last_evaluation}};
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        struct sy_view key = {0};
        struct sy_view value;
        int64_t last = g->time;
        if (KINDS[i].months == 0) {
            continue;
        }
        while (rules_state_next(l->state, sy_view_str(KINDS[i].prefix), key, &key, &value)) {
            SY_ARENA_CLEANUP struct sy_arena scratch = {0};
            SY_TRY(KINDS[i].last(l, value, &scratch, &last));
        }
        int64_t due = calendar_months(scheme_calendar(&l->pack), last, (int64_t)KINDS[i].months);
        SY_TRY(add_number(l, KINDS[i].code, (uint64_t)calendar_year(scheme_calendar(&l->pack), due),
                          g->agency.party, due));
    }
    return SY_OK;
}

/* ---- all of it ---- */

/* By due time, then code, then identifier: the same list on every machine. */
static int by_due(const void *a, const void *b)
{
    const struct sy_due_item *x = a;
    const struct sy_due_item *y = b;
    if (x->due != y->due) {
        return x->due < y->due ? -1 : 1;
    }
    int c = sy_view_cmp(x->code, y->code);
    c = c != 0 ? c : sy_view_cmp(x->id, y->id);
    return c != 0 ? c : sy_view_cmp(x->party, y->party);
}

static sy_status look(struct looking *l)
{
    struct sy_view value;
    struct sy_genesis g;
    if (rules_state_get(l->state, sy_view_str("pack"), &value)) {
        SY_TRY(pack_read(l->state, l->arena, &l->pack, l->err));
        l->pack_supervise = scheme_supervise(&l->pack);
    }
    SY_TRY(look_rows(l));
    if (l->pack_supervise == NULL) {
        return SY_OK;
    }
    SY_TRY(genesis_read(l->state, l->arena, &g, l->err));
    SY_TRY(look_years(l, &g));
    return look_regular(l, &g);
}

sy_status rules_due(const struct rules_state *s, const struct sy_party *caller, int64_t now,
                    uint64_t within_s, struct sy_arena *arena, struct sy_due_list *ret,
                    struct sy_error *reterr)
{
    *ret = (struct sy_due_list){.time = now};
    uint64_t within = within_s == 0 ? WITHIN_S : within_s;
    within = within > WITHIN_MAX_S ? WITHIN_MAX_S : within;
    struct looking l = {.state = s,
                        .caller = caller,
                        .now = now,
                        .until = now + (int64_t)within,
                        .arena = arena,
                        .ret = ret,
                        .err = reterr};
    sy_status status = look(&l);
    if (!sy_ok(status)) {
        *ret = (struct sy_due_list){0};
        return status;
    }
    if (ret->n_items > 1) {
        qsort(ret->items, ret->n_items, sizeof(*ret->items), by_due);
    }
    return SY_OK;
}
