/*
 * The scheme's sections of a policy pack: which there are, and whether each is sound by itself.
 * Source: scheme articles 9-15, 17-19, 25, 31, 32 (what has to be said), wire/scheme_pack.h (how).
 */
#include "staff.h"
#include "wire/supervise.h"
#include "wire/url.h"

enum { TRAINING_DAYS_MAX = 3660, URL_MAX = 300, PLATFORMS_MAX = 8 };
enum {
    CODES_MAX = 64,
    DAYS_MAX = 4096,
    NUMBER_MAX = 1000000,
    OFFSET_MAX = 14 * 3600,
    TEST_MS_MAX = 600000,
    TESTS_MAX = 100,
    REASON_MAX = 1000
};

#define OWN_BYTES_MAX (UINT64_C(1) << 30)

static const struct sy_pack_scheme *scheme_of(const struct sy_pack *p)
{
    return p->n_scheme == 1 ? &p->scheme[0] : NULL;
}

#define SECTION(name)                                                                              \
    const struct sy_pack_##name *scheme_##name(const struct sy_pack *p)                            \
    {                                                                                              \
        const struct sy_pack_scheme *s = scheme_of(p);                                             \
        return s != NULL && s->n_##name == 1 ? &s->name[0] : NULL;                                 \
    }
SECTION(calendar)
SECTION(staff)
SECTION(qualify)
SECTION(catalogue)
SECTION(scene)
SECTION(fusion)
SECTION(product)
SECTION(supervise)
SECTION(sync)
#undef SECTION

static sy_status bad(struct sy_error *err, const char *field, const char *why)
{
    return sy_fail(err, SY_E_FIELD, field, "%s", why);
}

/* ---- parts that sections have in common ---- */

static bool counts(uint64_t n)
{
    return n >= 1 && n <= NUMBER_MAX;
}

static bool ascending(const int64_t *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (v[i - 1] >= v[i]) {
            return false;
        }
    }
    return n <= DAYS_MAX;
}

static bool codes_sound(const struct sy_pack_code *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool fresh = is_id(v[i].code);
        for (size_t k = 0; k < i; k++) {
            fresh = fresh && !sy_view_eq(v[i].code, v[k].code);
        }
        if (!fresh) {
            return false;
        }
    }
    return n >= 1 && n <= CODES_MAX;
}

/* month 1..12, day 1..31: of every year. */
static bool month_day(uint64_t month, uint64_t day)
{
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* ---- one check a section ---- */

static sy_status calendar_check(const struct sy_pack *p, struct sy_error *err)
{
    const struct sy_pack_calendar *c = scheme_calendar(p);
    bool fine = c == NULL ||
                (ascending(c->holidays, c->n_holidays) && ascending(c->workdays, c->n_workdays) &&
                 c->utc_offset_s >= -OFFSET_MAX && c->utc_offset_s <= OFFSET_MAX);
    return fine
               ? SY_OK
               : bad(err, "pack.scheme.calendar", "days ascend, and the offset is within 14 hours");
}

static sy_status staff_check(const struct sy_pack *p, struct sy_error *err)
{
    const struct sy_pack_staff *s = scheme_staff(p);
    for (size_t i = 0; s != NULL && i < s->n_two_person; i++) {
        const struct method *m = method_find(s->two_person[i]);
        if (m == NULL || !duty_may_need_two(m)) {
            return bad(err, "pack.scheme.staff.two_person", "a logged act that members sign");
        }
    }
    return s == NULL || s->training_days <= TRAINING_DAYS_MAX
               ? SY_OK
               : bad(err, "pack.scheme.staff.training_days", "at most ten years");
}

static sy_status qualify_check(const struct sy_pack *p, struct sy_error *err)
{
    const struct sy_pack_qualify *q = scheme_qualify(p);
    if (q == NULL) {
        return SY_OK;
    }
    if (!counts(q->term_years) || q->term_years > 100 || q->ban_years > 100 ||
        q->incident_years > 100 || q->renew_months > 1200 || q->notice_days > NUMBER_MAX) {
        return bad(err, "pack.scheme.qualify", "years, months and days within reason");
    }
    if (!codes_sound(q->clauses, q->n_clauses)) {
        return bad(err, "pack.scheme.qualify.clauses", "clauses, each once");
    }
    if (!codes_sound(q->lists, q->n_lists)) {
        return bad(err, "pack.scheme.qualify.lists", "negative lists, each once");
    }
    if (q->n_aspects > 0 && !codes_sound(q->aspects, q->n_aspects)) {
        return bad(err, "pack.scheme.qualify.aspects", "aspects, each once");
    }
    for (size_t i = 0; i < q->n_endings; i++) {
        for (size_t k = 0; k < i; k++) {
            if (sy_view_eq(q->endings[i].code, q->endings[k].code)) {
                return bad(err, "pack.scheme.qualify.endings", "each ground once");
            }
        }
        if (!is_id(q->endings[i].code)) {
            return bad(err, "pack.scheme.qualify.endings", "a ground has a code");
        }
    }
    return q->n_endings >= 1 && q->n_endings <= CODES_MAX
               ? SY_OK
               : bad(err, "pack.scheme.qualify.endings", "there is no ground to end an agreement");
}

static sy_status catalogue_check(const struct sy_pack *p, struct sy_error *err)
{
    const struct sy_pack_catalogue *c = scheme_catalogue(p);
    if (c == NULL) {
        return SY_OK;
    }
    for (size_t i = 0; i < c->n_cycles; i++) {
        bool fine = is_id(c->cycles[i].code) && c->cycles[i].days <= NUMBER_MAX;
        for (size_t k = 0; k < i; k++) {
            fine = fine && !sy_view_eq(c->cycles[i].code, c->cycles[k].code);
        }
        if (!fine) {
            return bad(err, "pack.scheme.catalogue.cycles", "cycles, each once");
        }
    }
    return c->n_cycles >= 1 && c->n_cycles <= CODES_MAX && counts(c->ticket_days)
               ? SY_OK
               : bad(err, "pack.scheme.catalogue", "cycles, and days to mend data in");
}

static sy_status scene_check(const struct sy_pack *p, struct sy_error *err)
{
    const struct sy_pack_scene *s = scheme_scene(p);
    bool fine = s == NULL ||
                (counts(s->review_days) && counts(s->rounds_max) && s->reason_min <= REASON_MAX);
    return fine ? SY_OK
                : bad(err, "pack.scheme.scene",
                      "days and rounds are positive, and no reason needs more than 1000");
}

/* Own data is read only where an application has named it. */
static sy_status fusion_check(const struct sy_pack *p, struct sy_error *err)
{
    const struct sy_pack_fusion *f = scheme_fusion(p);
    bool fine =
        f == NULL || (scheme_scene(p) != NULL && f->bytes >= 1 && f->bytes <= OWN_BYTES_MAX &&
                      f->grade >= 2 && f->grade <= p->n_grades);
    return fine ? SY_OK
                : bad(err, "pack.scheme.fusion",
                      "beside a section for scenes: bytes of a file, at most 2^30, and a grade "
                      "from 2");
}

static sy_status product_check(const struct sy_pack *p, struct sy_error *err)
{
    const struct sy_pack_product *q = scheme_product(p);
    if (q == NULL) {
        return SY_OK;
    }
    for (size_t i = 0; i < q->n_reviewers; i++) {
        if (!word_in(q->reviewers[i], "agency security") ||
            view_in(q->reviewers[i], q->reviewers, i)) {
            return bad(err, "pack.scheme.product.reviewers", "agency, security, each once");
        }
    }
    if (q->n_reviewers < 1 || !counts(q->reports_max) || q->fee_permille_max > 1000 ||
        q->advantage_max > 1000) { /* in the words that logs have */
        return bad(err, "pack.scheme.product", "reviewers, reports, and a fee of at most 1000");
    }
    return q->tests_max <= TESTS_MAX && q->test_ms <= TEST_MS_MAX
               ? SY_OK
               : bad(err, "pack.scheme.product", "at most 100 tests, each of at most ten minutes");
}

/* A sector has one department in charge of it, and each sector one code. */
static sy_status sectors_check(const struct sy_pack_supervise *s, struct sy_error *err)
{
    for (size_t i = 0; s != NULL && i < s->n_sectors; i++) {
        const struct sy_pack_sector *v = &s->sectors[i];
        bool fine = is_id(v->code) && is_id(v->department) && v->n_departments <= CODES_MAX;
        for (size_t k = 0; k < i; k++) {
            fine = fine && !sy_view_eq(v->code, s->sectors[k].code);
        }
        for (size_t k = 0; fine && k < v->n_departments; k++) {
            fine = is_id(v->departments[k]);
        }
        if (!fine || i >= CODES_MAX) {
            return bad(err, "pack.scheme.supervise.sectors",
                       "sectors with a department, each once");
        }
    }
    return SY_OK;
}

static bool months_sound(const struct sy_pack_supervise *s)
{
    const uint64_t most = 120;
    return s->drill_months <= most && s->evaluate_months <= most && s->inspect_months <= most &&
           s->incident_days <= SY_SUPERVISE_DAYS_MAX;
}

static sy_status supervise_check(const struct sy_pack *p, struct sy_error *err)
{
    const struct sy_pack_supervise *s = scheme_supervise(p);
    bool fine = s == NULL || (codes_sound(s->grounds, s->n_grounds) && counts(s->report_hours) &&
                              month_day(s->disclosure_month, s->disclosure_day) &&
                              month_day(s->report_month, s->report_day) && months_sound(s));
    return fine ? sectors_check(s, err)
                : bad(err, "pack.scheme.supervise", "grounds, hours, and days of the year");
}

static bool platform_sound(const struct sy_pack_platform *v)
{
    for (size_t i = 0; i < v->n_push; i++) {
        if (!word_in(v->push[i], "catalogue registration product withdrawal") ||
            view_in(v->push[i], v->push, i)) {
            return false;
        }
    }
    return is_id(v->code) && !is_zero32(v->key) &&
           sy_ok(sy_url_base_check(v->url, URL_MAX, NULL)) && v->pull == (v->every_s > 0) &&
           v->every_s <= NUMBER_MAX;
}

static sy_status sync_check(const struct sy_pack *p, struct sy_error *err)
{
    const struct sy_pack_sync *s = scheme_sync(p);
    for (size_t i = 0; s != NULL && i < s->n_platforms; i++) {
        bool fine = platform_sound(&s->platforms[i]);
        for (size_t k = 0; k < i; k++) {
            fine = fine && !sy_view_eq(s->platforms[i].code, s->platforms[k].code);
        }
        if (!fine) {
            return bad(
                err, "pack.scheme.sync",
                "platforms, each once: code, key, URL, what it is told, how often it is read");
        }
    }
    return s == NULL || s->n_platforms <= PLATFORMS_MAX
               ? SY_OK
               : bad(err, "pack.scheme.sync", "at most 8 platforms");
}

sy_status scheme_pack_check(const struct sy_pack *p, struct sy_error *err)
{
    static sy_status (*const CHECKS[])(const struct sy_pack *, struct sy_error *) = {
        calendar_check, staff_check,   qualify_check,   catalogue_check, scene_check,
        fusion_check,   product_check, supervise_check, sync_check};
    if (p->n_scheme > 1) {
        return bad(err, "pack.scheme", "at most once");
    }
    const struct sy_pack_scheme *s = scheme_of(p);
    if (s != NULL && (s->n_calendar > 1 || s->n_staff > 1 || s->n_qualify > 1 ||
                      s->n_catalogue > 1 || s->n_scene > 1 || s->n_fusion > 1 || s->n_product > 1 ||
                      s->n_supervise > 1 || s->n_sync > 1)) {
        return bad(err, "pack.scheme", "each section at most once");
    }
    for (size_t i = 0; i < sizeof(CHECKS) / sizeof(CHECKS[0]); i++) {
        SY_TRY(CHECKS[i](p, err));
    }
    return SY_OK;
}
