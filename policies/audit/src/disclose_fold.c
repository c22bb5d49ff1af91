/*
 * What: the log up to a year's end, and what was used in that year. Invariant: an entry is counted when this program has
 * decided it as the log says it was decided.
 */
#include "disclose.h"

#include <string.h>

#include "audit/record.h"
#include "base/time.h"
#include "rules/decide.h"
#include "rules/product.h"

enum { DAY_S = 86400, UTC8_S = 28800, ENDED_MAX = 32 << 20 };

void *disclose_grow(struct sy_arena *a, void *list, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) {
        return list;
    }
    size_t want = *cap == 0 ? 16 : 2 * *cap;
    void *all = sy_arena_alloc(a, want, size);
    if (all != NULL && n > 0) {
        memcpy(all, list, n * size);
    }
    *cap = all != NULL ? want : *cap;
    return all;
}

/* ---- local time ---- */

static int32_t day_of(const struct disclose_fold *f, int64_t t)
{
    int64_t local = t + f->offset;
    return (int32_t)(local >= 0 ? local / DAY_S : -((DAY_S - 1 - local) / DAY_S));
}

int64_t disclose_year(const struct disclose_fold *f, int64_t t)
{
    int y, m, d;
    sy_date_of_days(day_of(f, t), &y, &m, &d);
    return y;
}

struct sy_view disclose_date(const struct disclose_fold *f, int64_t t)
{
    int y, m, d;
    if (t == 0) {
        return sy_view_str("");
    }
    sy_date_of_days(day_of(f, t), &y, &m, &d);
    const char *text = sy_arena_printf(f->arena, "%04d-%02d-%02d", y, m, d);
    return sy_view_str(text == NULL ? "" : text);
}

/* The clock of the pack in force; UTC+8 where it says nothing. */
static void read_clock(struct disclose_fold *f)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_row_pack row;
    struct sy_pack pack;
    f->offset = UTC8_S;
    if (sy_ok(rules_state_read(f->state, sy_view_str("pack"), &sy_row_pack_desc, &arena, &row,
                               NULL)) &&
        sy_ok(sy_record_decode(&sy_pack_desc, row.pack, &SY_MP_REQUEST, &arena, &pack, NULL)) &&
        pack.n_scheme == 1 && pack.scheme[0].n_calendar == 1) {
        f->offset = pack.scheme[0].calendar[0].utc_offset_s;
    }
}

/* ---- what is counted ---- */

static sy_status no_memory(struct sy_error *err)
{
    return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

static sy_status use_of(struct disclose_fold *f, struct sy_view developer, size_t *ret,
                        struct sy_error *err)
{
    size_t i = 0;
    while (i < f->n_uses && !sy_view_eq(f->uses[i].developer, developer)) {
        i++;
    }
    if (i == f->n_uses) {
        f->uses = disclose_grow(f->arena, f->uses, i, &f->cap_uses, sizeof(*f->uses));
        struct sy_view copy = sy_arena_copy(f->arena, developer);
        if (f->uses == NULL || copy.p == NULL) {
            return no_memory(err);
        }
        f->uses[f->n_uses++] = (struct disclose_use){.developer = copy};
    }
    *ret = i;
    return SY_OK;
}

static sy_status sold(struct disclose_fold *f, const uint8_t product[32], struct sy_error *err)
{
    size_t i = 0;
    while (i < f->n_sales && memcmp(f->sales[i].product, product, 32) != 0) {
        i++;
    }
    if (i == f->n_sales) {
        f->sales = disclose_grow(f->arena, f->sales, i, &f->cap_sales, sizeof(*f->sales));
        if (f->sales == NULL) {
            return no_memory(err);
        }
        f->sales[f->n_sales] = (struct disclose_sales){0};
        memcpy(f->sales[f->n_sales++].product, product, 32);
    }
    f->sales[i].calls++;
    return SY_OK;
}

/* Whoever asked, if it is a developer. */
static bool asker(const struct disclose_fold *f, const struct audit_record *r,
                  struct sy_arena *arena, struct sy_view *ret)
{
    struct rules_key key = rules_key_id("party/", r->header.party);
    struct sy_party p;
    if (!sy_ok(rules_state_read(f->state, rules_key_view(&key), &sy_party_desc, arena, &p, NULL)) ||
        !sy_view_is(p.role, "developer")) {
        return false;
    }
    *ret = p.party;
    return true;
}

/* Whose product was called, if by somebody who has bought it and under the product's own grant. */
static bool seller(const struct disclose_fold *f, const struct audit_record *r,
                   struct sy_arena *arena, struct sy_view *ret)
{
    const struct sy_header *h = &r->header;
    struct rules_key bought = rules_key_of_product("subscription/", h->subject, h->party, 0);
    struct rules_key key = rules_key_hash("grant/", h->grant);
    struct rules_product p;
    struct sy_row_grant g;
    struct sy_view row;
    if (!rules_state_get(f->state, rules_key_view(&bought), &row) ||
        !sy_ok(rules_product_read(f->state, h->subject, arena, &p, NULL)) ||
        memcmp(p.def.grant, h->grant, 32) != 0 ||
        !sy_ok(rules_state_read(f->state, rules_key_view(&key), &sy_row_grant_desc, arena, &g,
                                NULL))) {
        return false;
    }
    *ret = g.developer;
    return true;
}

/* Most rows that the asked model's answer has. */
static uint64_t rows_of(const struct disclose_fold *f, const struct audit_record *r,
                        struct sy_arena *arena)
{
    uint8_t model[32];
    struct rules_model m;
    return sy_ok(rules_asked_model(f->state, &r->header, arena, model, NULL)) &&
                   sy_ok(rules_model_read(f->state, model, arena, &m, NULL))
               ? m.facts.rows_out
               : 0;
}

static bool asks(const struct audit_record *r, const char *method)
{
    return sy_view_is(r->header.method, method);
}

/* Count an entry of the year, on the state before it. */
static sy_status count(struct disclose_fold *f, const struct audit_record *r,
                       struct sy_arena *arena, struct sy_error *err)
{
    struct sy_view developer; /* nobody is counted for what others send in its name */
    size_t use;
    bool bought = asks(r, "product.call");
    if (!bought && !asks(r, "model.run") && !asks(r, "subject.ask")) {
        return SY_OK;
    }
    if (!(bought ? seller : asker)(f, r, arena, &developer)) {
        return SY_OK;
    }
    SY_TRY(use_of(f, developer, &use, err));
    if (r->event.verdict.code != 0) {
        f->uses[use].denials++;
        return SY_OK;
    }
    f->uses[use].calls += bought ? 1 : 0;
    f->uses[use].jobs += bought ? 0 : 1;
    /* an answer given again lets nothing new out */
    f->uses[use].rows += sy_view_is(r->event.type, "charge") ? rows_of(f, r, arena) : 0;
    return bought ? sold(f, r->header.subject, err) : SY_OK;
}

/* ---- entries ---- */

/* Grants that are over when the year begins are none of its. */
static sy_status note_ended(struct disclose_fold *f, struct sy_error *err)
{
    struct sy_view key = {0};
    struct sy_view value;
    while (rules_state_next(f->state, sy_view_str("grant/"), key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_row_grant g;
        uint8_t id[32];
        SY_TRY(sy_record_decode(&sy_row_grant_desc, value, &SY_MP_LARGE, &arena, &g, err));
        bool over = sy_view_is(g.status, "revoked") || sy_view_is(g.status, "expired");
        if (over && audit_unhex32(sy_view(key.p + 6, key.n - 6), id) &&
            !sy_ok(sy_buf_add(&f->ended, id, sizeof(id)))) {
            return no_memory(err);
        }
    }
    f->began = true;
    return SY_OK;
}

static sy_status take(struct disclose_fold *f, const struct audit_record *r, uint64_t entry,
                      struct sy_arena *arena, struct sy_error *err)
{
    struct sy_error what = {0};
    int64_t year = disclose_year(f, r->event.inputs.time);
    if (year > (int64_t)f->year) {
        f->over = true;
        return SY_OK;
    }
    if (year == (int64_t)f->year) {
        SY_TRY(f->began ? SY_OK : note_ended(f, err));
        SY_TRY(count(f, r, arena, err));
    }
    sy_status s = rules_replay(f->state, &r->event, entry, &what);
    if (!sy_ok(s)) {
        return sy_fail(err, s.code, what.field, "entry %llu does not replay: %.150s",
                       (unsigned long long)entry, what.reason);
    }
    if (sy_view_is(r->event.type, "pack")) {
        read_clock(f);
    }
    f->entries = entry + 1;
    return SY_OK;
}

sy_status disclose_fold(struct disclose_fold *f, struct sy_error *err)
{
    f->state = rules_state_new();
    f->ended = sy_buf(ENDED_MAX);
    f->offset = UTC8_S;
    if (f->state == NULL) {
        return no_memory(err);
    }
    for (uint64_t i = 0; i < audit_size(f->x) && !f->over; i++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct audit_record r;
        SY_TRY(audit_record_read(f->x, i, &arena, &r, err));
        if (!r.open) {
            return sy_fail(err, SY_E_DENIED, "entries",
                           "entry %llu has no body: this needs an auditor's or the agency's export",
                           (unsigned long long)i);
        }
        SY_TRY(take(f, &r, i, &arena, err));
    }
    if (!f->over) {
        return sy_fail(err, SY_E_STATE, "year",
                       "the log has no entry after %llu: that year may not be over",
                       (unsigned long long)f->year);
    }
    if (f->entries == 0) {
        return sy_fail(err, SY_E_NOT_FOUND, "year", "the log began after %llu",
                       (unsigned long long)f->year);
    }
    return f->began ? SY_OK : note_ended(f, err);
}
