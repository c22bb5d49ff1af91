/*
 * What buyers called, and what they are billed, month by month of the pack's clock.
 *
 * Invariants: a meter counts every accepted call once, in the month of its entry; what is billed for a call stands in
 * its event's verdict, is never more than the price that the buyer accepted there, and is taken back when the
 * call came to nothing; so a statement can be counted again from exported events.
 * Source: scheme articles 20, 21; docs/scheme/products.md.
 */
#include "product.h"

enum { PER_MILLE = 1000, MONTHS = 12, CENTURY = 100 };

uint64_t product_month(const struct sy_pack *p, int64_t now)
{
    const struct sy_pack_calendar *c = scheme_calendar(p);
    int64_t year = calendar_year(c, now);
    int64_t month = 1;
    while (month < MONTHS && calendar_date(c, year, month + 1, 1) <= now) {
        month++;
    }
    return year < 0 ? 0 : (uint64_t)(year * CENTURY + month);
}

static sy_status meter_read(const struct rules_state *s, const struct rules_key *key,
                            struct sy_arena *arena, struct sy_product_meter *ret,
                            struct sy_error *err)
{
    struct sy_view value;
    return rules_state_get(s, rules_key_view(key), &value)
               ? rules_state_read(s, rules_key_view(key), &sy_product_meter_desc, arena, ret, err)
               : SY_OK;
}

/* ---- a call ---- */

/* The price; nothing for the month's free calls of the public interest; no more than the cap leaves. */
static uint64_t bill(const struct sy_product *p, const struct sy_pack_product *section,
                     const struct sy_product_meter *so_far)
{
    bool free = sy_view_is(p->klass, "public") && so_far->calls < section->public_calls;
    uint64_t left = p->cap > so_far->fen ? p->cap - so_far->fen : 0;
    if (free) {
        return 0;
    }
    return p->cap == 0 ? p->price : sy_min_u64(p->price, left);
}

sy_status meter_next(const struct rules_state *s, const struct meter_case *k,
                     struct sy_arena *arena, struct sy_product_meter *ret, uint64_t *ret_fen,
                     struct sy_error *err)
{
    const struct sy_pack_product *section;
    struct sy_pack pack;
    SY_TRY(product_section(s, arena, &pack, &section, err));
    *ret = (struct sy_product_meter){.buyer = k->buyer, .month = product_month(&pack, k->now)};
    memcpy(ret->product, k->id, 32);
    struct rules_key key = rules_key_of_product("meter/", k->id, k->buyer, ret->month);
    SY_TRY(meter_read(s, &key, arena, ret, err));
    *ret_fen = bill(k->def, section, ret);
    ret->calls++;
    return sy_add_u64(ret->fen, *ret_fen, &ret->fen)
               ? SY_OK
               : sy_fail(err, SY_E_LIMIT, "price", "the month's bill is too large to count");
}

sy_status meter_put(struct change *x, const struct sy_product_meter *row)
{
    struct rules_key key = rules_key_of_product("meter/", row->product, row->buyer, row->month);
    return effect_put(x->effect, &key, &sy_product_meter_desc, row, x->err);
}

sy_status meter_answer(struct change *x, const struct sy_row_charge *charge)
{
    struct sy_product_meter row = {0};
    struct rules_key key =
        rules_key_of_product("meter/", charge->product, charge->party, charge->month);
    if (sy_view_is(x->in->outcome, "ok")) {
        return SY_OK;
    }
    SY_TRY(rules_state_read(x->state, rules_key_view(&key), &sy_product_meter_desc, x->arena, &row,
                            x->err));
    row.refused++;
    row.fen -= sy_min_u64(row.fen, charge->fen);
    return meter_put(x, &row);
}

/* ---- statements ---- */

static bool may_see(const struct sy_party *caller, const struct sy_product_meter *m)
{
    return !sy_view_is(caller->role, "buyer") || sy_view_eq(caller->party, m->buyer);
}

/* The operator's part: fen x permille / 1000, without overflow. */
static uint64_t part_of(uint64_t fen, uint64_t permille)
{
    return fen / PER_MILLE * permille + fen % PER_MILLE * permille / PER_MILLE;
}

static void add_line(struct sy_product_statement *to, const struct sy_product_meter *m)
{
    struct sy_product_line *line = &to->lines[to->n_lines++];
    *line = (struct sy_product_line){.buyer = m->buyer,
                                     .calls = m->calls,
                                     .fee = part_of(m->fen, to->fee_permille),
                                     .fen = m->fen,
                                     .refused = m->refused};
    to->calls += line->calls;
    to->fee += line->fee;
    to->fen += line->fen;
    to->refused += line->refused;
}

/* Each meter of the product and month that the caller may see; `to` NULL: only counted. */
static sy_status each_line(const struct rules_state *s, const struct sy_party *caller,
                           const uint8_t id[32], uint64_t month, struct sy_arena *arena,
                           struct sy_product_statement *to, size_t *ret_n, struct sy_error *err)
{
    struct rules_key prefix = rules_key_hash("meter/", id);
    struct sy_view key = {0};
    struct sy_view value;
    *ret_n = 0;
    while (rules_state_next(s, rules_key_view(&prefix), key, &key, &value)) {
        struct sy_product_meter m;
        SY_TRY(sy_record_decode(&sy_product_meter_desc, value, &SY_MP_LARGE, arena, &m, err));
        if (m.month != month || !may_see(caller, &m)) {
            continue;
        }
        (*ret_n)++;
        if (to != NULL) {
            add_line(to, &m);
        }
    }
    return SY_OK;
}

sy_status rules_product_statement(const struct rules_state *s, const struct sy_party *caller,
                                  const uint8_t id[32], uint64_t month, struct sy_arena *arena,
                                  struct sy_product_statement *ret, struct sy_error *reterr)
{
    struct rules_product p;
    size_t n;
    *ret = (struct sy_product_statement){0};
    SY_TRY(rules_product_read(s, id, arena, &p, reterr));
    SY_TRY(each_line(s, caller, id, month, arena, NULL, &n, reterr));
    struct sy_product_statement to = {.developer = p.row.developer,
                                      .fee_permille = p.def.fee_permille,
                                      .klass = p.def.klass,
                                      .month = month,
                                      .name = p.def.name,
                                      .price = p.def.price,
                                      .title = p.def.title};
    memcpy(to.product, id, 32);
    to.lines = sy_arena_alloc(arena, n + 1, sizeof(*to.lines));
    if (to.lines == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(each_line(s, caller, id, month, arena, &to, &n, reterr));
    *ret = to;
    return SY_OK;
}

/* A month of the calendar, by a party that the product concerns. */
sy_status decide_product_statement(struct ask *c)
{
    const struct sy_product_month *a = c->args;
    struct rules_product p;
    SY_TRY(rules_product_read(c->state, c->req->header.subject, c->arena, &p, c->err));
    bool developer = sy_view_is(c->party.role, "developer");
    if (developer && !sy_view_eq(c->party.party, p.row.developer)) {
        return sy_fail(c->err, SY_E_DENIED, "product", "the product is another developer's");
    }
    uint64_t month = a->month % CENTURY;
    return month >= 1 && month <= MONTHS && a->month / CENTURY <= 9999
               ? SY_OK
               : sy_fail(c->err, SY_E_FIELD, "month", "a month is YYYYMM, 202611 for instance");
}
