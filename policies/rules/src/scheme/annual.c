/*
 * The operator's yearly report, and public disclosure (article 31). The report's figures are counted from the state, and
 * refused when the state counts others. Runs go on while it is counted and signed, so their number may be that of any moment
 * among the last entries. Disclosure is a folder made from the log, whose digest the event carries
 * (audit/disclose.h).
 *
 * Invariant: `late` is of the first report or disclosure for that year; what comes later takes its place, not its date.
 * Source: scheme article 31.
 */
#include "supervise.h"

#include <stdio.h>

#include "wire/product.h"

/* ---- years ---- */

sy_status year_check(struct ask *c, const struct sy_pack *pack, uint64_t year)
{
    int64_t now = calendar_year(scheme_calendar(pack), c->in->time);
    return year >= SY_SUPERVISE_YEAR_MIN && now > 0 && year < (uint64_t)now
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "year", "a year that is over");
}

int64_t due_after_year(const struct sy_pack *pack, uint64_t year, uint64_t month, uint64_t day)
{
    const struct sy_pack_calendar *c = scheme_calendar(pack);
    return calendar_date(c, (int64_t)year + 1, (int64_t)month, (int64_t)day) + 86400 - 1;
}

struct rules_key annual_key(const char *prefix, uint64_t year)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "%04u", (unsigned)(year % 10000));
    return rules_key_id(prefix, sy_view_str(text));
}

struct rules_key disclosure_key(uint64_t year, struct sy_view party)
{
    char prefix[32];
    (void)snprintf(prefix, sizeof(prefix), "disclosure/%04u/", (unsigned)(year % 10000));
    return rules_key_id(prefix, party);
}

/* ---- the figures ---- */

struct tally {
    const struct sy_pack_calendar *calendar;
    uint64_t year;
    struct sy_annual_figures *f;
    struct sy_error *err;
};

static uint64_t in_year(const struct tally *t, int64_t time)
{
    int64_t year = calendar_year(t->calendar, time);
    return year > 0 && (uint64_t)year == t->year ? 1 : 0;
}

static sy_status tally_correction(struct tally *t, struct sy_view value, struct sy_arena *arena)
{
    struct sy_correction row;
    SY_TRY(sy_record_decode(&sy_correction_desc, value, &SY_MP_LARGE, arena, &row, t->err));
    t->f->corrections += in_year(t, row.issued);
    return SY_OK;
}

static sy_status tally_evaluation(struct tally *t, struct sy_view value, struct sy_arena *arena)
{
    struct sy_evaluation row;
    SY_TRY(sy_record_decode(&sy_evaluation_desc, value, &SY_MP_LARGE, arena, &row, t->err));
    t->f->evaluations += in_year(t, row.time);
    return SY_OK;
}

static sy_status tally_incident(struct tally *t, struct sy_view value, struct sy_arena *arena)
{
    struct sy_incident row;
    SY_TRY(sy_record_decode(&sy_incident_desc, value, &SY_MP_LARGE, arena, &row, t->err));
    t->f->incidents += in_year(t, row.reported);
    return SY_OK;
}

static sy_status tally_inspection(struct tally *t, struct sy_view value, struct sy_arena *arena)
{
    struct sy_inspection row;
    SY_TRY(sy_record_decode(&sy_inspection_desc, value, &SY_MP_LARGE, arena, &row, t->err));
    t->f->inspections += in_year(t, row.opened);
    return SY_OK;
}

static sy_status tally_party(struct tally *t, struct sy_view value, struct sy_arena *arena)
{
    struct sy_party row;
    SY_TRY(sy_record_decode(&sy_party_desc, value, &SY_MP_LARGE, arena, &row, t->err));
    t->f->developers += sy_view_is(row.role, "developer") && sy_view_is(row.status, "active");
    return SY_OK;
}

static sy_status tally_dataset(struct tally *t, struct sy_view value, struct sy_arena *arena)
{
    (void)value;
    (void)arena;
    t->f->datasets++;
    return SY_OK;
}

static sy_status tally_grant(struct tally *t, struct sy_view value, struct sy_arena *arena)
{
    struct sy_row_grant row;
    SY_TRY(sy_record_decode(&sy_row_grant_desc, value, &SY_MP_LARGE, arena, &row, t->err));
    bool lives = word_in(row.status, "active awaiting suspended");
    t->f->scenes += lives;
    t->f->ended += !lives;
    return SY_OK;
}

static sy_status tally_account(struct tally *t, struct sy_view value, struct sy_arena *arena)
{
    struct sy_row_account row;
    SY_TRY(sy_record_decode(&sy_row_account_desc, value, &SY_MP_LARGE, arena, &row, t->err));
    t->f->runs += row.calls;
    return SY_OK;
}

static sy_status tally_product(struct tally *t, struct sy_view value, struct sy_arena *arena)
{
    struct sy_product_row row;
    SY_TRY(sy_record_decode(&sy_product_row_desc, value, &SY_MP_LARGE, arena, &row, t->err));
    t->f->products += sy_view_is(row.status, "published");
    return SY_OK;
}

sy_status rules_annual_figures(const struct rules_state *s, uint64_t year, struct sy_arena *arena,
                               struct sy_annual_figures *ret, struct sy_error *reterr)
{
    static const struct {
        const char *prefix;
        sy_status (*count)(struct tally *, struct sy_view, struct sy_arena *);
    } KINDS[] = {{"correction/", tally_correction}, {"evaluation/", tally_evaluation},
                 {"incident/", tally_incident},     {"inspection/", tally_inspection},
                 {"party/", tally_party},           {"dataset/", tally_dataset},
                 {"grant/", tally_grant},           {"account/", tally_account},
                 {"product/", tally_product}};
    struct sy_pack pack;
    *ret = (struct sy_annual_figures){0};
    SY_TRY(pack_read(s, arena, &pack, reterr));
    struct tally t = {scheme_calendar(&pack), year, ret, reterr};
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        struct sy_view key = {0};
        struct sy_view value;
        while (rules_state_next(s, sy_view_str(KINDS[i].prefix), key, &key, &value)) {
            SY_ARENA_CLEANUP struct sy_arena scratch = {0};
            SY_TRY(KINDS[i].count(&t, value, &scratch));
        }
    }
    return SY_OK;
}

/* Do both say the same, figure by figure? *ret_key: the first that differs. */
static bool figures_agree(const struct sy_annual_figures *a, const struct sy_annual_figures *b,
                          const char **ret_key)
{
    const struct sy_desc *d = &sy_annual_figures_desc;
    for (size_t i = 0; i < d->n_fields; i++) {
        if (memcmp((const uint8_t *)a + d->fields[i].offset,
                   (const uint8_t *)b + d->fields[i].offset, sizeof(uint64_t)) != 0) {
            *ret_key = d->fields[i].key;
            return false;
        }
    }
    return true;
}

/* ---- report.annual ---- */

enum { COUNTED_WITHIN = 256 }; /* entries: between the counting of the runs and the report */

/* Was this the number of runs at a moment not long ago? Each run is one charge, and a charge's key is its entry. */
static sy_status runs_counted(struct ask *c, uint64_t runs, uint64_t now, bool *ret)
{
    struct sy_row_clock clock;
    SY_TRY(rules_state_read(c->state, sy_view_str("clock"), &sy_row_clock_desc, c->arena, &clock,
                            c->err));
    struct rules_key from = rules_key_charge(
        clock.entry - (clock.entry < COUNTED_WITHIN ? clock.entry : COUNTED_WITHIN));
    struct sy_view key = rules_key_view(&from);
    struct sy_view value;
    uint64_t since = 0;
    while (rules_state_next(c->state, sy_view_str("charge/"), key, &key, &value)) {
        since++;
    }
    *ret = runs <= now && now - runs <= since;
    return SY_OK;
}

sy_status decide_annual(struct ask *c)
{
    const struct sy_annual_report *a = c->args;
    struct sy_annual_figures counted;
    struct sy_pack pack;
    const char *key = "";
    SY_TRY(supervise_pack(c->state, c->arena, &pack, c->err));
    SY_TRY(year_check(c, &pack, a->year));
    SY_TRY(digest_check(a->digest, c->err));
    SY_TRY(a->text.n == 0 ? SY_OK : text_check(a->text, "text", c->err));
    SY_TRY(rules_annual_figures(c->state, a->year, c->arena, &counted, c->err));
    bool lately;
    SY_TRY(runs_counted(c, a->figures.runs, counted.runs, &lately));
    counted.runs = lately ? a->figures.runs : counted.runs;
    if (!control(RULES_CTL_ANNUAL_FIGURES, figures_agree(&a->figures, &counted, &key))) {
        return sy_fail(c->err, SY_E_FIELD, "figures", "%s is not what the ledger counts", key);
    }
    return SY_OK;
}

sy_status apply_annual(struct change *x)
{
    const struct sy_annual_report *a = x->args;
    struct rules_key key = annual_key("annual/", a->year);
    struct sy_view value;
    struct sy_pack pack;
    struct sy_annual row = {.entry = x->entry, .report = *a, .time = x->in->time};
    SY_TRY(supervise_pack(x->state, x->arena, &pack, x->err));
    const struct sy_pack_supervise *v = scheme_supervise(&pack);
    row.first = x->in->time;
    row.late =
        !control(RULES_CTL_ANNUAL_REPORT,
                 row.first <= due_after_year(&pack, a->year, v->report_month, v->report_day));
    if (rules_state_get(x->state, rules_key_view(&key), &value)) {
        struct sy_annual last;
        SY_TRY(sy_record_decode(&sy_annual_desc, value, &SY_MP_LARGE, x->arena, &last, x->err));
        row.first = last.first;
        row.late = last.late;
    }
    return effect_put(x->effect, &key, &sy_annual_desc, &row, x->err);
}

/* ---- disclose.publish ---- */

sy_status decide_disclose(struct ask *c)
{
    const struct sy_disclose_publish *a = c->args;
    struct sy_row_clock clock;
    struct sy_pack pack;
    SY_TRY(supervise_pack(c->state, c->arena, &pack, c->err));
    SY_TRY(year_check(c, &pack, a->year));
    SY_TRY(digest_check(a->digest, c->err));
    SY_TRY(rules_state_read(c->state, sy_view_str("clock"), &sy_row_clock_desc, c->arena, &clock,
                            c->err));
    return a->entries >= 1 && a->entries - 1 <= clock.entry
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "entries", "the log has not so many entries");
}

sy_status apply_disclose(struct change *x)
{
    const struct sy_disclose_publish *a = x->args;
    struct rules_key key = disclosure_key(a->year, x->req->header.party);
    struct sy_view value;
    struct sy_pack pack;
    struct sy_disclosure row = {.disclose = *a, .entry = x->entry, .time = x->in->time};
    SY_TRY(supervise_pack(x->state, x->arena, &pack, x->err));
    const struct sy_pack_supervise *v = scheme_supervise(&pack);
    row.first = x->in->time;
    row.late = !control(RULES_CTL_DISCLOSURE_DUE,
                        row.first <=
                            due_after_year(&pack, a->year, v->disclosure_month, v->disclosure_day));
    if (rules_state_get(x->state, rules_key_view(&key), &value)) {
        struct sy_disclosure last;
        SY_TRY(sy_record_decode(&sy_disclosure_desc, value, &SY_MP_LARGE, x->arena, &last, x->err));
        row.first = last.first;
        row.late = last.late;
    }
    return effect_put(x->effect, &key, &sy_disclosure_desc, &row, x->err);
}
